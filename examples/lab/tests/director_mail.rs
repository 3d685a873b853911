//! The director's mails, beside keepalived's.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use steadfast_lab::{
    Advertisement, Frame, Host, Network, Process, Topology, WebServer, binary, wait_until,
};

const PATIENCE: Duration = Duration::from_secs(60);
const INTERVAL: Duration = Duration::from_secs(3);
/// Three advertisements: a backup waits for longer, by a skew time (RFC 9568 section 6.1).
const DOWN: Duration = INTERVAL.saturating_mul(3);
const RECIPIENTS: [&str; 2] = ["admin@example.org", "duty@example.org"];
/// Whom the mail server does not know.
const UNKNOWN: &str = "nobody@example.org";
const FIRST_DOWN: &str =
    "Realserver [192.168.21.101]:tcp:80 of virtual server [192.168.21.155]:tcp:80 - DOWN";

fn network() -> Network {
    Topology::new()
        .bridge("lan")
        .host("a", |host| host.link("eth0", "lan", "192.168.21.11/24"))
        .host("mail", |host| host.link("eth0", "lan", "192.168.21.25/24"))
        .host("web1", |host| host.link("eth0", "lan", "192.168.21.101/24"))
        .host("web2", |host| host.link("eth0", "lan", "192.168.21.102/24"))
        .start()
        .unwrap()
}

/// A virtual server on both web servers, whose changes are mailed to these.
fn configuration(recipients: [&str; 2]) -> String {
    let recipients = recipients.join("\n  ");
    let server = |address| {
        format!(
            " real_server {address} 80 {{\n  smtp_alert\n  \
             TCP_CHECK {{\n   connect_timeout 1\n   retry 1\n   delay_before_retry 1\n  }}\n }}\n"
        )
    };
    let servers = ["192.168.21.101", "192.168.21.102"].map(server).concat();
    format!(
        "global_defs {{\n router_id LVS_01\n notification_email {{\n  {recipients}\n }}\n \
         notification_email_from lb@example.org\n smtp_server 192.168.21.25\n \
         smtp_connect_timeout 600\n}}\n\
         virtual_server 192.168.21.155 80 {{\n delay_loop 1\n lb_algo rr\n lb_kind NAT\n \
         protocol TCP\n{servers}}}\n"
    )
}

fn instance() -> String {
    format!(
        "vrrp_instance VI_1 {{\n interface eth0\n virtual_router_id 51\n version 3\n \
         advert_int {}\n virtual_ipaddress {{\n  192.168.21.155\n }}\n}}\n",
        INTERVAL.as_secs()
    )
}

fn start(host: &Host, configuration: &str) -> Process {
    host.spawn_keepalived("director", binary("director").unwrap(), configuration).unwrap()
}

/// What somebody got.
#[derive(Debug, PartialEq, Eq)]
struct Mail {
    recipients: Vec<String>,
    subject: String,
    text: String,
}

/// A mail server on port 25 of a host.
struct MailServer {
    mails: Receiver<Mail>,
    silent_to: Receiver<()>,
    speak: Sender<()>,
}

impl MailServer {
    /// Takes every mail.
    fn start(host: &Host) -> Self {
        Self::start_with(host, false)
    }

    /// Says nothing to its first client, until it hangs up on it and takes every mail.
    fn start_silent(host: &Host) -> Self {
        Self::start_with(host, true)
    }

    fn start_with(host: &Host, is_silent: bool) -> Self {
        let listener = host.enter(|| TcpListener::bind("192.168.21.25:25")).unwrap().unwrap();
        let (give, mails) = channel();
        let (came, silent_to) = channel();
        let (speak, spoken) = channel::<()>();
        thread::spawn(move || {
            if is_silent {
                let client = listener.accept();
                // Without a test nobody wants to know.
                let _known = came.send(());
                let _told = spoken.recv();
                drop(client);
            }
            // Who goes in the middle of it will come again.
            while let Ok((client, _)) = listener.accept() {
                let mail = take_mail(client).ok().flatten();
                if mail.is_some_and(|mail| give.send(mail).is_err()) {
                    return;
                }
            }
        });
        Self { mails, silent_to, speak }
    }

    /// Waits until it is silent to somebody.
    fn wait_for_client(&self) {
        self.silent_to.recv_timeout(PATIENCE).unwrap();
    }

    fn speak(&self) {
        self.speak.send(()).unwrap();
    }

    fn next(&self) -> Mail {
        self.mails.recv_timeout(PATIENCE).unwrap()
    }
}

/// RFC 5321 as far as it takes to be given a mail.
fn take_mail(client: TcpStream) -> std::io::Result<Option<Mail>> {
    let mut lines = BufReader::new(client.try_clone()?).lines();
    let say = |answer: &str| write!(&client, "{answer}\r\n");
    let (mut recipients, mut mail) = (Vec::new(), None);
    say("220 mail")?;
    while let Some(line) = lines.next().transpose()? {
        let line = line.to_ascii_lowercase();
        if let Some(recipient) = line.strip_prefix("rcpt to:") {
            let recipient = recipient.trim().trim_matches(['<', '>']).to_owned();
            if recipient == UNKNOWN {
                say("550 who is that")?;
                continue;
            }
            recipients.push(recipient);
        } else if line == "data" {
            say("354 go on")?;
            let text = lines.by_ref().take_while(|line| !matches!(line.as_deref(), Ok(".")));
            let text: Vec<_> = text.collect::<Result<_, _>>()?;
            mail = Some(read_mail(std::mem::take(&mut recipients), &text));
        } else if line == "quit" {
            say("221 bye")?;
            break;
        }
        say("250 well")?;
    }
    Ok(mail)
}

fn read_mail(recipients: Vec<String>, lines: &[String]) -> Mail {
    let mut parts = lines.splitn(2, String::is_empty);
    let [header, text] = [(); 2].map(|()| parts.next().unwrap_or_default().join("\n"));
    // Of a long line the rest stands in the next ones, which begin with a space.
    let header = header.replace("\n ", " ");
    // Quoted-printable, as far as it comes (RFC 2045 section 6.7).
    let text = text.replace("=\n", "").replace("=3D", "=");
    let subject = header.lines().find_map(|line| line.strip_prefix("Subject: "));
    Mail {
        recipients,
        subject: subject.unwrap_or_default().to_owned(),
        text: text.trim_end().to_owned(),
    }
}

/// What a program mails when the first of the web servers is not there.
fn mail_of(program: &Path) -> Mail {
    let network = network();
    let mails = MailServer::start(network.host("mail").unwrap());
    let _second = WebServer::start(network.host("web2").unwrap()).unwrap();
    let configuration = configuration(RECIPIENTS);
    let host = network.host("a").unwrap();
    let _running = host.spawn_keepalived("program", program, &configuration).unwrap();
    mails.next()
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_server_that_goes_down_is_mailed_to_all_as_keepalived_does() {
    let expected = mail_of(Path::new("/usr/sbin/keepalived"));
    assert_eq!(expected.subject, format!("[LVS_01] {FIRST_DOWN}"));
    assert_eq!(expected.recipients, RECIPIENTS);
    assert_eq!(mail_of(&binary("director").unwrap()), expected);
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn whom_the_mail_server_does_not_know_keeps_a_mail_from_nobody_else() {
    let network = network();
    let mails = MailServer::start(network.host("mail").unwrap());
    let _second = WebServer::start(network.host("web2").unwrap()).unwrap();
    let configuration = configuration([UNKNOWN, "duty@example.org"]);
    let _director = start(network.host("a").unwrap(), &configuration);
    let mail = mails.next();
    assert_eq!(mail.recipients, ["duty@example.org"]);
    assert_eq!(mail.subject, format!("[LVS_01] {FIRST_DOWN}"));
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_mail_server_that_says_nothing_delays_nothing_and_gets_one_mail_of_all_that_happened() {
    let network = network();
    let a = network.host("a").unwrap();
    let mails = MailServer::start_silent(network.host("mail").unwrap());
    let second = WebServer::start(network.host("web2").unwrap()).unwrap();
    let director = start(a, &(instance() + &configuration(RECIPIENTS)));
    mails.wait_for_client();

    let capture = network.capture("lan").unwrap();
    let lists_second = || a.run("ipvsadm", ["-ln"]).unwrap().contains("192.168.21.102:80");
    drop(second);
    wait_until(PATIENCE, "the second server is out", || !lists_second()).unwrap();
    let _second = WebServer::start(network.host("web2").unwrap()).unwrap();
    wait_until(PATIENCE, "the second server is in", lists_second).unwrap();
    let advertisements =
        |frames: &[Frame]| -> Vec<_> { frames.iter().filter_map(Frame::advertisement).collect() };
    wait_until(PATIENCE, "the director has advertised for a while", || {
        advertisements(&capture.frames().unwrap()).len() > 3
    })
    .unwrap();
    let captured = capture.finish().unwrap();
    let gap = Advertisement::longest_gap(&advertisements(&captured.frames)).unwrap();
    assert!(gap < DOWN, "an advertisement came after {gap:?}");
    assert!(!director.log().contains("SMTP alert"), "it waits still: {}", director.log());

    mails.speak();
    let mail = mails.next();
    let second_up = FIRST_DOWN.replace(".101", ".102").replace("DOWN", "UP");
    assert_eq!(mail.subject, format!("[LVS_01] 3 changes, the last: {second_up}"));
    let second_down = second_up.replace("UP", "DOWN");
    for change in [FIRST_DOWN, &second_down, &second_up] {
        assert!(mail.text.contains(change), "{change} is not in: {}", mail.text);
    }
    assert!(director.log().contains("SMTP alert not sent, next attempt in"), "{}", director.log());
}
