//! Mails, sent one after the other by a task of its own.

mod connection;

use std::io;
use std::time::{Duration, SystemTime};

use lettre::address::Envelope;
use lettre::message::header::{ContentTransferEncoding, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, Message};
use lettre::transport::smtp;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::extension::ClientId;
use steadfast_conf::model::{Global, SmtpServer};
use steadfast_director_core::notify::Alert;
use steadfast_director_core::outbox::{Failure, Mail, Outbox};
use steadfast_vrrp::Instant as Moment;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinHandle, JoinSet};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tracing::{error, info, warn};

use self::connection::Connection;
use crate::or_never::or_never;

/// How long the last mail may take.
const LAST_MAIL: Duration = Duration::from_secs(5);
/// What is allowed for each step of the conversation; a mail has some four, and one for each
/// recipient.
const STEPS: u32 = 4;
/// Pauses before a mail is tried again for those who did not take it with the others; who puts off strangers
/// does so for some minutes.
const LATER: [Duration; 5] = [
    Duration::from_mins(1),
    Duration::from_mins(5),
    Duration::from_mins(15),
    Duration::from_hours(1),
    Duration::from_hours(4),
];
const MOST_LATE: usize = 100;
const SHORTEST_TIMEOUT: Duration = Duration::from_secs(1);
/// How long a server may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(1);
/// Without the end of the line.
const LONGEST_LINE: usize = 998;
/// keepalived's users sort their mail by it.
const MAILER: &str = "Keepalived";

/// Sends mails in the background.
#[derive(Debug)]
pub(super) struct Mailer {
    requests: mpsc::UnboundedSender<Request>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
enum Request {
    /// From now on mails go this way; `None`: nowhere.
    Way(Option<Box<Way>>),
    Alert(Alert),
}

/// To whom mails go, and how.
#[derive(Debug, Clone)]
struct Way {
    router_id: String,
    from: Mailbox,
    recipients: Vec<Mailbox>,
    server: SmtpServer,
    helo_name: String,
    timeout: Duration,
}

impl Mailer {
    /// Mails go nowhere.
    pub(super) fn new() -> Self {
        let (requests, waiting) = mpsc::unbounded_channel();
        Self { requests, task: tokio::spawn(run(waiting)) }
    }

    /// Sends mails from now on as these say, those that wait too.
    pub(super) fn reconcile(&self, global: &Global) {
        let way = Way::new(global).map(Box::new);
        self.request(Request::Way(way));
    }

    /// Something to be mailed.
    pub(super) fn send(&self, alert: Alert) {
        self.request(Request::Alert(alert));
    }

    fn request(&self, request: Request) {
        // Without the task it has been told that it broke.
        let _alive = self.requests.send(request);
    }

    /// Waits for the task to break: it does not end by itself.
    pub(super) async fn broken(&mut self) -> JoinError {
        if !self.task.is_finished()
            && let Err(error) = (&mut self.task).await
        {
            return error;
        }
        std::future::pending().await
    }

    /// Sends what waits, but does not wait for it for ever.
    pub(super) async fn stop(self) {
        drop(self.requests);
        let _ended = self.task.await;
    }
}

impl Way {
    fn new(global: &Global) -> Option<Self> {
        let server = global.mail.server.clone()?;
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let mailbox = |address: &str| {
            let parsed = mailbox(address, &host);
            if parsed.is_none() {
                error!("`{address}` is no address that mail can be sent to");
            }
            parsed
        };
        let recipients: Vec<_> =
            global.mail.recipients.iter().filter_map(|address| mailbox(address)).collect();
        if recipients.is_empty() {
            return None;
        }
        let from = global.mail.from.as_deref().unwrap_or("keepalived");
        Some(Self {
            router_id: global.router_id.clone().unwrap_or_else(|| host.clone()),
            from: mailbox(from)?,
            recipients,
            server,
            helo_name: global.mail.helo_name.clone().unwrap_or_else(|| host.clone()),
            timeout: global.mail.timeout.max(SHORTEST_TIMEOUT),
        })
    }

    /// Gives what is to be sent again later, to those only who have not taken it while others have.
    async fn send(self, mail: Mail) -> Sent {
        let message = self.message(&mail).map_err(|error| (Failure::Permanent, error))?;
        let (envelope, bytes) = (message.envelope().clone(), message.formatted());
        let Err(refused) = self.transmit(&envelope, &bytes).await else { return Ok(None) };
        let Refusal { failure, answered, error } = refused;
        if !answered || envelope.to().len() == 1 {
            return Err((failure, error));
        }
        // One whom the server does not want now, or does not know, must not keep it from the others.
        let (mut taken, mut later) = (false, Vec::new());
        for recipient in envelope.to() {
            let one = Envelope::new(envelope.from().cloned(), vec![recipient.clone()]);
            let one = one.map_err(|error| (Failure::Permanent, error.to_string()))?;
            match self.transmit(&one, &bytes).await {
                Ok(()) => taken = true,
                Err(Refusal { failure, error, .. }) => {
                    warn!("SMTP alert for {recipient} not sent: {error}");
                    later.extend((failure == Failure::Temporary).then_some(one));
                }
            }
        }
        match (taken, later.is_empty()) {
            (true, true) => Ok(None),
            (true, false) => Ok(Some(Late { way: self, envelopes: later, bytes })),
            (false, true) => Err((Failure::Permanent, error)),
            (false, false) => Err((Failure::Temporary, error)),
        }
    }

    fn message(&self, mail: &Mail) -> Result<Message, String> {
        let date = SystemTime::now().checked_sub(mail.age()).unwrap_or(SystemTime::UNIX_EPOCH);
        let mut message = Message::builder()
            .date(date)
            .from(self.from.clone())
            .subject(mail.subject(&self.router_id))
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("X-Mailer"),
                MAILER.to_owned(),
            ));
        for recipient in &self.recipients {
            message = message.to(recipient.clone());
        }
        message.body(body(&mail.text())).map_err(|error| error.to_string())
    }

    async fn transmit(&self, envelope: &Envelope, bytes: &[u8]) -> Result<(), Refusal> {
        let SmtpServer { host, port } = &self.server;
        let recipients = u32::try_from(self.recipients.len()).unwrap_or(u32::MAX);
        let limit = self.timeout.saturating_mul(STEPS.saturating_add(recipients));
        let refused = |failure, answered, error: String| {
            Err(Refusal { failure, answered, error: format!("[{host}]:{port}: {error}") })
        };
        match timeout(limit, self.converse(envelope, bytes)).await {
            Ok(Ok(mut connection)) => {
                // It has the mail: whether it says goodbye does not matter.
                let _in_time = timeout(GOODBYE, connection.abort()).await;
                Ok(())
            }
            Ok(Err(error @ TransmitError::Connect(_))) => {
                refused(Failure::Temporary, false, error.to_string())
            }
            Ok(Err(TransmitError::Smtp(error))) => {
                let answered = error.is_permanent() || error.is_transient();
                refused(failure(&error), answered, with_sources(&error))
            }
            Err(_) => refused(Failure::Temporary, false, format!("it took longer than {limit:?}")),
        }
    }

    /// Gives the connection to a server that has taken the mail.
    async fn converse(
        &self,
        envelope: &Envelope,
        bytes: &[u8],
    ) -> Result<AsyncSmtpConnection, TransmitError> {
        let SmtpServer { host, port } = &self.server;
        let stream = Connection::open(host, *port, self.timeout).await?;
        let name = ClientId::Domain(self.helo_name.clone());
        let stream = Box::new(stream);
        let mut connection = AsyncSmtpConnection::connect_with_transport(stream, &name).await?;
        connection.send(envelope, bytes).await?;
        Ok(connection)
    }
}

/// Why a server has not taken a mail.
#[derive(Debug, thiserror::Error)]
enum TransmitError {
    #[error("connecting: {0}")]
    Connect(#[from] io::Error),
    #[error(transparent)]
    Smtp(#[from] smtp::Error),
}

/// What became of a mail: not all may have taken it yet.
type Sent = Result<Option<Late>, (Failure, String)>;

/// Why a mail was not taken.
struct Refusal {
    failure: Failure,
    /// The server said so.
    answered: bool,
    error: String,
}

/// A mail that some have taken, and others may take later.
struct Late {
    way: Way,
    /// One for each of these.
    envelopes: Vec<Envelope>,
    bytes: Vec<u8>,
}

impl Late {
    async fn send(mut self) {
        for pause in LATER {
            sleep(pause).await;
            let mut left = Vec::new();
            for envelope in self.envelopes {
                match self.way.transmit(&envelope, &self.bytes).await {
                    Ok(()) => info!("SMTP alert successfully sent."),
                    Err(Refusal { failure: Failure::Temporary, .. }) => left.push(envelope),
                    Err(Refusal { error, .. }) => error!("SMTP alert given up: {error}"),
                }
            }
            if left.is_empty() {
                return;
            }
            self.envelopes = left;
        }
        error!("SMTP alert given up: it was not taken for {:?}", LATER.iter().sum::<Duration>());
    }
}

/// The text as it is, for programs that read such mails line by line, unless SMTP cannot carry it so
/// (RFC 5321, sections 2.3.1 and 4.5.3.1.6). lettre would fold each line of more than 76 characters.
fn body(text: &str) -> Body {
    let is_carried = |line: &str| line.len() <= LONGEST_LINE && line.is_ascii();
    if !text.lines().all(is_carried) {
        return Body::new(text.to_owned());
    }
    let lines = text.lines().flat_map(|line| [line.as_bytes(), b"\r\n"]).flatten();
    Body::dangerous_pre_encoded(lines.copied().collect(), ContentTransferEncoding::SevenBit)
}

/// An address as it is written, or, without a host, of this one.
fn mailbox(address: &str, host: &str) -> Option<Mailbox> {
    let at_host = || format!("{address}@{host}");
    address.parse().or_else(|_| at_host().parse()).ok()
}

fn failure(error: &smtp::Error) -> Failure {
    if error.is_permanent() { Failure::Permanent } else { Failure::Temporary }
}

fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text += &format!(": {error}");
        source = error.source();
    }
    text
}

async fn run(mut requests: mpsc::UnboundedReceiver<Request>) {
    let start = Instant::now();
    let now = || Moment::from_nanos(nanos(start.elapsed()));
    let (mut way, mut outbox) = (None::<Box<Way>>, Outbox::default());
    let mut sending: Option<JoinHandle<Sent>> = None;
    let mut later = JoinSet::new();
    let mut end: Option<Instant> = None;
    loop {
        let due = outbox.poll_timeout().map(|at| start + Duration::from_nanos(at.as_nanos()));
        if let Some(end) = end
            && sending.is_none()
            && due.is_none_or(|due| due >= end)
        {
            if due.is_some() {
                warn!("the last SMTP alerts are not sent: it cannot be tried again in time");
            }
            return;
        }
        tokio::select! {
            request = requests.recv(), if end.is_none() => match request {
                Some(Request::Way(new)) => {
                    if new.is_none() {
                        outbox = Outbox::default();
                    }
                    way = new;
                }
                Some(Request::Alert(alert)) => if way.is_some() {
                    outbox.handle_alert(now(), alert);
                },
                None => {
                    end = Some(Instant::now() + LAST_MAIL);
                    outbox.handle_end(now());
                }
            },
            () = or_never(due.map(sleep_until)), if sending.is_none() => {
                if let (Some(mail), Some(way)) = (outbox.poll_mail(now()), &way) {
                    sending = Some(tokio::spawn(way.clone().send(mail)));
                }
            }
            sent = or_never(sending.as_mut()) => {
                sending = None;
                let sent = sent.unwrap_or_else(|error| Err((Failure::Permanent, error.to_string())));
                let sent = sent.map(|late| match late {
                    Some(late) if later.len() < MOST_LATE => drop(later.spawn(late.send())),
                    Some(_) => error!("SMTP alert given up: {MOST_LATE} others wait to be tried again"),
                    None => {}
                });
                settle(&mut outbox, now(), sent);
            }
            Some(_sent) = later.join_next() => {}
            () = or_never(end.map(sleep_until)) => {
                if let Some(sending) = sending {
                    sending.abort();
                }
                return warn!("the last SMTP alerts are not sent: there is no time left");
            }
        }
    }
}

fn settle(outbox: &mut Outbox, now: Moment, sent: Result<(), (Failure, String)>) {
    match sent {
        Ok(()) => {
            outbox.handle_sent(now);
            info!("SMTP alert successfully sent.");
        }
        Err((failure, error)) => match outbox.handle_failure(now, failure) {
            Some(pause) => warn!("SMTP alert not sent, next attempt in {pause:?}: {error}"),
            None => error!("SMTP alert given up: {error}"),
        },
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

    use super::*;

    /// How a mail server behaves.
    #[derive(Clone, Copy)]
    struct Manners {
        puts_off: &'static str,
        says_goodbye: bool,
    }

    /// A mail server, and the recipients of each mail that it takes.
    async fn server(manners: Manners) -> (u16, mpsc::UnboundedReceiver<Vec<String>>) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (give, taken) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                // Who is refused goes in the middle of it.
                let _hung_up = take(client, manners, &give).await;
            }
        });
        (port, taken)
    }

    async fn take(
        client: tokio::net::TcpStream,
        manners: Manners,
        give: &mpsc::UnboundedSender<Vec<String>>,
    ) -> io::Result<()> {
        let (reading, mut writing) = client.into_split();
        let mut lines = BufReader::new(reading).lines();
        let mut recipients = Vec::new();
        writing.write_all(b"220 mail\r\n").await?;
        while let Some(line) = lines.next_line().await? {
            let answer = match line.split_at_checked(4) {
                Some(("RCPT", to)) if to.contains(manners.puts_off) => "450 later",
                Some(("RCPT", to)) => {
                    recipients.push(to.trim_start_matches(" TO:").to_owned());
                    "250 well"
                }
                Some(("DATA", _)) => "354 go on",
                _ if line == "." => {
                    let _tested = give.send(std::mem::take(&mut recipients));
                    "250 well"
                }
                Some(("EHLO" | "MAIL", _)) => "250 well",
                Some(("QUIT", _)) if manners.says_goodbye => "221 bye",
                _ => continue,
            };
            writing.write_all(format!("{answer}\r\n").as_bytes()).await?;
        }
        Ok(())
    }

    fn global(port: u16, recipients: &str) -> Global {
        let text = format!(
            "global_defs {{\nnotification_email {{\n{recipients}\n}}\nsmtp_connect_timeout 1\n\
             notification_email_from b@example.org\nsmtp_server 127.0.0.1 {port}\n}}\n"
        );
        steadfast_conf::parse("t.conf", &text).model.unwrap().global
    }

    fn an_alert() -> Alert {
        Alert { subject: "subject".to_owned(), text: "text".to_owned() }
    }

    #[tokio::test]
    async fn whom_the_server_puts_off_keeps_a_mail_from_nobody_else() {
        let manners = Manners { puts_off: "full@example.org", says_goodbye: true };
        let (port, mut taken) = server(manners).await;
        let mailer = Mailer::new();
        mailer.reconcile(&global(port, "full@example.org\na@example.org"));
        mailer.send(an_alert());
        mailer.stop().await;
        assert_eq!(taken.try_recv().unwrap(), ["<a@example.org>"]);
    }

    #[tokio::test]
    async fn a_server_that_refuses_the_last_mail_is_not_waited_for() {
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mailer = Mailer::new();
        mailer.reconcile(&global(nobody.port(), "a@example.org"));
        mailer.send(an_alert());
        let begin = Instant::now();
        mailer.stop().await;
        assert!(begin.elapsed() < LAST_MAIL, "{:?}", begin.elapsed());
    }

    #[tokio::test]
    async fn a_server_that_does_not_say_goodbye_has_taken_the_mail() {
        let (port, _taken) = server(Manners { puts_off: "nobody", says_goodbye: false }).await;
        let mut outbox = Outbox::default();
        outbox.handle_alert(Moment::from_nanos(0), an_alert());
        outbox.handle_end(Moment::from_nanos(0));
        let mail = outbox.poll_mail(Moment::from_nanos(0)).unwrap();
        let way = Way::new(&global(port, "a@example.org")).unwrap();
        assert!(matches!(way.send(mail).await, Ok(None)));
    }

    #[test]
    fn a_long_line_is_mailed_as_it_is() {
        let line = "VRRP Instance ".repeat(20);
        let body = body(&format!("{line}\nmore\n"));
        assert_eq!(body.encoding(), ContentTransferEncoding::SevenBit);
        assert_eq!(String::from_utf8(body.into_vec()).unwrap(), format!("{line}\r\nmore\r\n"));
    }

    #[test]
    fn what_smtp_cannot_carry_as_it_is_is_encoded() {
        for text in ["a".repeat(999), "état\n".to_owned()] {
            assert_ne!(body(&text).encoding(), ContentTransferEncoding::SevenBit, "{text}");
        }
    }
}
