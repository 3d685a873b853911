//! lvsadm on a real kernel, beside the real ipvsadm.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics has failed")]

mod generate;
mod manual;

use std::fs::File;
use std::net::UdpSocket;
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use steadfast_lab::{Host, Network, Topology, binary};

const TABLES: u64 = 300;
/// Every way of listing that shows different bytes.
const LISTINGS: [&str; 11] = [
    "-Ln",
    "-Ln --nosort",
    "-Ln --stats",
    "-Ln --stats --exact",
    "-Ln --rate",
    "-Ln --rate --exact",
    "-Ln --thresholds",
    "-Ln --persistent-conn",
    "-Ln --tun-info",
    "-Sn",
    "-L --timeout",
];

/// Two programs with the same command line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Program {
    Lvsadm,
    Ipvsadm,
}

impl Program {
    fn path(self) -> String {
        match self {
            Self::Lvsadm => binary("lvsadm").unwrap().display().to_string(),
            Self::Ipvsadm => "/sbin/ipvsadm".to_owned(),
        }
    }

    fn output(self, host: &Host, arguments: &[&str], input: &str) -> Output {
        let input = File::open(host.write("input", input).unwrap()).unwrap();
        let mut command = Command::new(self.path());
        command.args(arguments).stdin(input);
        host.enter(|| command.output()).unwrap().unwrap()
    }

    /// What it prints when all goes well.
    fn run(self, host: &Host, arguments: &[&str], input: &str) -> String {
        let output = self.output(host, arguments, input);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }
}

/// A kernel's listing leaves out entries, or doubles them, when somebody changes a table meanwhile,
/// be it that of another namespace; and ipvsadm takes it as it is.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// A host with routes to everything that [`generate`] thinks of, and to no name server.
fn one_host() -> (MutexGuard<'static, ()>, Network) {
    let alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let topology = Topology::new().bridge("lan").host("a", |host| {
        host.link("eth0", "lan", "10.0.0.1/16")
            .ip("route add 192.168.0.0/16 dev eth0")
            .ip("route add 198.18.0.0/16 dev eth0")
            .ip("route add 200.1.0.0/16 dev eth0")
            .ip("addr add fd00::ffff/16 dev eth0 nodad")
            .ip("route add 2001:db8::/32 dev eth0")
            .ip("route add 8000::/16 dev eth0")
    });
    (alone, topology.start().unwrap())
}

/// Says in which line two texts differ first.
fn assert_same(ours: &str, theirs: &str) {
    for (number, (ours, theirs)) in (1..).zip(ours.lines().zip(theirs.lines())) {
        assert_eq!(ours, theirs, "line {number}: lvsadm's is the first");
    }
    assert_eq!(ours.len(), theirs.len(), "one printed more");
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn generated_tables_are_listed_as_by_ipvsadm_in_every_way() {
    let (_alone, network) = one_host();
    let host = network.host("a").unwrap();
    // One process each: starting one takes longer than anything that it does here.
    let mut script = String::new();
    for number in 0..TABLES {
        script += &format!("-C\n{}{}\n", generate::table(number), LISTINGS.join("\n"));
    }
    let theirs = Program::Ipvsadm.run(host, &["-R"], &script);
    let ours = Program::Lvsadm.run(host, &["-R"], &script);
    assert!(theirs.lines().count() > 10_000, "nothing was listed: {theirs}");
    assert_same(&ours, &theirs);
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn what_one_saves_the_other_restores() {
    let (_alone, network) = one_host();
    let host = network.host("a").unwrap();
    for number in 1000..1004 {
        Program::Ipvsadm.run(host, &["-R"], &format!("-C\n{}", generate::table(number)));
        let saved = Program::Ipvsadm.run(host, &["-Sn"], "");
        let restored = Program::Lvsadm.run(host, &["-R"], &format!("-C\n{saved}-S -n\n"));
        assert_same_rules(&restored, &saved);
        let restored = Program::Ipvsadm.run(host, &["-R"], &format!("-C\n{restored}-S -n\n"));
        assert_same_rules(&saved, &restored);
    }
}

/// In any order: that of the servers of both families in one service depends on the order in which
/// they were added.
fn assert_same_rules(ours: &str, theirs: &str) {
    let sorted = |rules: &str| {
        let mut lines: Vec<_> = rules.lines().collect();
        lines.sort_unstable();
        lines.join("\n")
    };
    assert_same(&sorted(ours), &sorted(theirs));
}

/// Command lines that were captured, a few of each kind; those whose text is our own left out.
fn command_lines() -> Vec<Vec<&'static str>> {
    const EVERY: usize = 7;
    let captured = include_str!("../../../lvsadm/tests/data/command-lines.tsv");
    let lines = captured.lines().map(|line| line.split('\t').skip(1).collect::<Vec<_>>());
    let own = ["-h", "--help", "-v", "--version", "-add-service"];
    let ours_alone = |words: &[&str]| {
        words.iter().any(|word| own.contains(word) || word.starts_with("[10.0.0.1]:"))
    };
    lines.filter(|words| !ours_alone(words)).step_by(EVERY).collect()
}

/// What a program prints when it is given these command lines one after the other, and how it ends.
fn transcript(program: Program, host: &Host, lines: &[Vec<&str>]) -> String {
    let mut script = format!("program={}\n", program.path());
    // What the other program has left behind.
    script += "ipvsadm -C; ipvsadm --stop-daemon master; ipvsadm --stop-daemon backup\n\
               ipvsadm --set 900 120 300\n";
    for words in lines {
        let quoted: Vec<_> = words.iter().map(|word| format!("'{word}'")).collect();
        let line = quoted.join(" ");
        script += &format!(
            "echo \"$ {}\"\n$program {line} </dev/null 2>/dev/null\necho $?\n",
            words.join(" ")
        );
    }
    let script = host.write("script", &script).unwrap();
    host.run("sh", [script]).unwrap()
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn command_lines_have_ipvsadms_output_and_exit_status() {
    let (_alone, network) = one_host();
    let host = network.host("a").unwrap();
    let lines = command_lines();
    assert!(lines.len() > 200);
    assert_same_transcripts(host, &lines);
}

/// Gives back what was printed.
fn assert_same_transcripts(host: &Host, lines: &[Vec<&str>]) -> String {
    let theirs = transcript(Program::Ipvsadm, host, lines);
    let ours = transcript(Program::Lvsadm, host, lines);
    let commands = |text: &str| text.split("\n$ ").map(str::to_owned).collect::<Vec<_>>();
    let differing: Vec<_> =
        commands(&ours).into_iter().zip(commands(&theirs)).filter(|(a, b)| a != b).collect();
    assert!(differing.is_empty(), "lvsadm's and ipvsadm's: {differing:#?}");
    ours
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn daemons_are_started_listed_and_stopped_as_by_ipvsadm() {
    let (_alone, network) = one_host();
    let host = network.host("a").unwrap();
    // One process each: the kernel does not answer him who stops a daemon before it ran, and
    // `ipvsadm -R` waits for ever.
    let commands = [
        "--start-daemon master --mcast-interface eth0",
        "--start-daemon backup --mcast-interface eth0 --syncid 5 --sync-maxlen 1400 \
         --mcast-group 239.1.2.3 --mcast-port 9999 --mcast-ttl 7",
        "-L --daemon",
        "--stop-daemon master",
        "-L --daemon",
        "--stop-daemon backup",
    ];
    let printed = |program: Program| -> String {
        let printed = |line: &str| program.run(host, &line.split(' ').collect::<Vec<_>>(), "");
        commands.into_iter().map(printed).collect()
    };
    let (theirs, ours) = (printed(Program::Ipvsadm), printed(Program::Lvsadm));
    assert_eq!(ours.lines().count(), 3, "{ours}");
    assert_same(&ours, &theirs);
}

/// A director with connections of a client, and templates of its persistence.
fn network_with_traffic() -> Network {
    let network = Topology::new()
        .bridge("lan")
        .host("a", |host| {
            host.link("eth0", "lan", "10.0.0.1/16").sysctl("net.ipv4.ip_forward", "1")
        })
        .host("server", |host| host.link("eth0", "lan", "10.0.0.2/16"))
        .host("client", |host| host.link("eth0", "lan", "10.0.0.3/16"))
        .start()
        .unwrap();
    let rules = "-A -u 10.0.0.1:53 -s rr -p 300\n-a -u 10.0.0.1:53 -r 10.0.0.2:5353 -m\n";
    Program::Ipvsadm.run(network.host("a").unwrap(), &["-R"], rules);
    let client = network.host("client").unwrap();
    client
        .enter(|| {
            for _ in 0..5 {
                let socket = UdpSocket::bind("10.0.0.3:0").unwrap();
                socket.send_to(b"a question", "10.0.0.1:53").unwrap();
            }
        })
        .unwrap();
    network
}

/// Without the second column, in which time passes.
fn without_expiry(listing: &str) -> String {
    let line = |line: &str| {
        line.split_ascii_whitespace()
            .enumerate()
            .filter(|(at, _)| *at != 1)
            .map(|(_, word)| word.to_owned() + " ")
            .collect::<String>()
            + "\n"
    };
    listing.lines().map(line).collect()
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn connections_and_what_they_count_are_shown_as_by_ipvsadm() {
    let network = network_with_traffic();
    let host = network.host("a").unwrap();
    let connections = |program: Program| without_expiry(&program.run(host, &["-Lnc"], ""));
    let ours = connections(Program::Lvsadm);
    assert_eq!(ours.lines().count(), 2 + 5 + 1, "{ours}");
    assert_same(&ours, &connections(Program::Ipvsadm));
    let listings = "-Ln\n-Ln --stats\n-Ln --persistent-conn\n-Ln -u 10.0.0.1:53\n";
    let ours = Program::Lvsadm.run(host, &["-R"], listings);
    assert_same(&ours, &Program::Ipvsadm.run(host, &["-R"], listings));
    let listed: Value =
        serde_json::from_str(&Program::Lvsadm.run(host, &["-L", "-c", "--json"], "")).unwrap();
    assert_eq!(listed["connections"].as_array().unwrap().len(), 6);
    assert_eq!(listed["connections"][0]["server"]["port"], 5353);
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn names_are_shown_as_by_ipvsadm() {
    let (_alone, network) = one_host();
    let host = network.host("a").unwrap();
    let rules = "-A -t 127.0.0.1:http -s rr\n-a -t localhost:80 -r localhost:https -m\n\
                 -A -u 127.0.0.1:domain\n-a -u 127.0.0.1:53 -r 127.0.0.1 -m\n\
                 -A -t [::1]:http\n-a -t [::1]:http -r [::1]:http\n\
                 -A --sctp-service 127.0.0.1:80\n-A -f 7\n-a -f 7 -r 127.0.0.1:80\n";
    let listings = "-L\n-L --stats\n-S\n";
    let theirs = Program::Ipvsadm.run(host, &["-R"], &format!("{rules}{listings}"));
    let ours = Program::Lvsadm.run(host, &["-R"], &format!("-C\n{rules}{listings}"));
    assert!(ours.contains("localhost:http"), "{ours}");
    assert_same(&ours, &theirs);
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_refused_rule_is_named_and_the_others_are_obeyed() {
    let (_alone, network) = one_host();
    let host = network.host("a").unwrap();
    let rules = "-A -t 10.0.0.100:80 -s rr\n\
                 -A -t 10.0.0.100:80 -s rr\n\
                 -a -t 10.0.0.100:81 -r 10.0.0.10\n\
                 -A -t 10.0.0.100:82 -s nosuch\n\
                 -A -t 10.0.0.100:83 -s wrr\n";
    let output = Program::Lvsadm.output(host, &["-R"], rules);
    let said = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines.len(), 3, "{said}");
    assert_eq!(lines[0], "lvsadm: line 2: service 10.0.0.100:80/tcp already exists");
    assert_eq!(lines[1], "lvsadm: line 3: there is no service 10.0.0.100:81/tcp");
    assert!(lines[2].starts_with("lvsadm: line 4: "), "{said}");
    assert_eq!(output.status.code(), Some(255));
    let found = Program::Ipvsadm.run(host, &["-Sn"], "");
    assert_eq!(found, "-A -t 10.0.0.100:80 -s rr\n-A -t 10.0.0.100:83 -s wrr\n");
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn no_rule_is_obeyed_when_one_cannot_be_understood() {
    let (_alone, network) = one_host();
    let host = network.host("a").unwrap();
    Program::Ipvsadm.run(host, &["-A", "-t", "10.0.0.100:80"], "");
    let output = Program::Lvsadm.output(host, &["-R"], "-C\n-A -t nowhere\n-A -t 10.0.0.100:81\n");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("lvsadm: line 2: "), "{said}");
    assert!(said.ends_with("lvsadm: nothing was changed\n"), "{said}");
    assert_eq!(Program::Ipvsadm.run(host, &["-Sn"], ""), "-A -t 10.0.0.100:80 -s wlc\n");
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn the_table_is_listed_as_json() {
    let (_alone, network) = one_host();
    let host = network.host("a").unwrap();
    let rules = "-A -f 7 -6 -s sh -b sh-port\n\
                 -a -f 7 -6 -r 10.0.0.10 -i --tun-type gue --tun-port 6080 -w 3\n";
    Program::Ipvsadm.run(host, &["-R"], rules);
    let listed: Value =
        serde_json::from_str(&Program::Lvsadm.run(host, &["-L", "--json"], "")).unwrap();
    let service = &listed["services"][0];
    assert_eq!(service["fwmark"], 7);
    assert_eq!(service["flags"][0], "flag-2");
    assert_eq!(service["destinations"][0]["tunnel"]["port"], 6080);
    assert_eq!(service["destinations"][0]["weight"], 3);
}
