use std::net::{IpAddr, Ipv4Addr};

use proptest::prelude::*;
use steadfast_ipvs::{
    Change, Connections, DestinationStatus, Family, Netmask, Persistence, Protocol, ServiceStatus,
    Stats,
};

use super::*;
use crate::text::{Style, save};

/// A few names, so that nothing depends on the machine.
struct FewNames;

impl Names for FewNames {
    fn port(&self, service: &str, protocol: Protocol) -> Option<u16> {
        match (service, protocol) {
            ("http", Protocol::Tcp) => Some(80),
            ("domain", _) => Some(53),
            _ => None,
        }
    }

    fn service(&self, _: u16, _: Protocol) -> Option<String> {
        None
    }

    fn address(&self, host: &str, family: Family) -> Option<IpAddr> {
        (host == "localhost" && family == Family::Ipv4).then(|| Ipv4Addr::LOCALHOST.into())
    }

    fn host(&self, _: IpAddr) -> Option<String> {
        None
    }
}

/// Where we refuse what ipvsadm takes: it drops the port after an IPv4 address in brackets.
fn refused_on_purpose(words: &[&str]) -> bool {
    words.iter().any(|word| word.starts_with("[10.0.0.1]:") || *word == "[localhost]:80")
}

/// What ipvsadm sends to the kernel although the kernel always refuses it.
fn left_to_the_kernel(error: &UsageError) -> bool {
    matches!(
        error,
        UsageError::Scheduler(_)
            | UsageError::Engine(_)
            | UsageError::Interface(_)
            | UsageError::Thresholds(_)
    )
}

#[test]
fn every_captured_command_line_has_ipvsadms_exit_status() {
    let mut wrong = Vec::new();
    for line in include_str!("../../tests/data/command-lines.tsv").lines() {
        let mut fields = line.split('\t');
        let expected: u8 = fields.next().unwrap().parse().unwrap();
        let words: Vec<_> = fields.collect();
        let parsed = parse(words.iter().map(|word| (*word).to_owned()), &FewNames);
        let status = match &parsed {
            Err(error) if !left_to_the_kernel(error) => error.status(),
            _ => 0,
        };
        if status != expected && !refused_on_purpose(&words) {
            wrong.push(format!("{words:?}: {status} instead of {expected}: {parsed:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// As `-S` writes them.
const RULES: &str = "\
-A -u 10.0.0.1:53 -s sh -p 60 -M 255.255.255.0 -b sh-fallback,sh-port
-a -u 10.0.0.1:53 -r 192.168.0.1:53 -g -w 70000
-a -u 10.0.0.1:53 -r 10.0.0.2:5353 -m -w 0
-A -t 192.168.0.1:80 -s rr -b flag-1,flag-2,flag-3
-a -t 192.168.0.1:80 -r 10.0.0.5:80 -i -w 1 --tun-type gre --tun-csum
-a -t 192.168.0.1:80 -r 10.0.0.6:80 -i -w 1 --tun-type gre --tun-nocsum
-a -t 192.168.0.1:80 -r 10.0.0.7:80 -i -w 1 --tun-type gue --tun-port 65535 --tun-remcsum
-a -t 192.168.0.1:80 -r [fd00::5]:80 -i -w 1 --tun-type ipip
-A -u 0.0.0.0:53 -s mh -o -b mh-port
-A --sctp-service [fd00::1]:0 -s sed -p 360
-A -u [fd00::1]:5060 -s wlc -p 300 -M 64 --pe sip
-a -u [fd00::1]:5060 -r [fd00::2]:65535 -m -w 2147483647
-A -f 7 -s lblcr -p 2678400 -M 0.0.0.0
-a -f 7 -r 10.0.0.1:0 -g -w 1
-A -f 7 -6 -s dh -p 1 -M 1 -o
-a -f 7 -6 -r [fd00::1]:0 -g -w 1
";

fn change(line: &str) -> Change {
    match parse(line.split(' ').map(ToOwned::to_owned), &FewNames) {
        Ok(Invocation::Obey(Command::Change(change))) => change,
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn saved_rules_are_read_as_what_was_saved() {
    let mut services: Vec<ServiceStatus> = Vec::new();
    for line in RULES.lines() {
        match change(line) {
            Change::AddService(key, service) => {
                let (stats, destinations) = (Stats::default(), Vec::new());
                services.push(ServiceStatus { key, service, stats, destinations });
            }
            Change::AddDestination(key, server, destination) => {
                let connections = Connections::default();
                let status =
                    DestinationStatus { destination, connections, stats: Stats::default() };
                let service = services.last_mut().unwrap();
                assert_eq!(service.key, key, "{line}");
                service.destinations.push((server, status));
            }
            other => panic!("{line}: {other}"),
        }
    }
    assert_eq!(save(&services, Style::Numeric), RULES);
}

#[test]
fn packets_that_are_not_translated_keep_their_port() {
    let port = |line| match change(line) {
        Change::AddDestination(_, server, _) | Change::DeleteDestination(_, server) => server.port,
        other => panic!("{other}"),
    };
    assert_eq!(port("-a -t 10.0.0.1:80 -r 10.0.0.2:8080 -m"), 8080);
    assert_eq!(port("-a -t 10.0.0.1:80 -r 10.0.0.2:8080 -g"), 80);
    assert_eq!(port("-a -t 10.0.0.1:80 -r 10.0.0.2:8080 -i"), 80);
    assert_eq!(port("-a -t 10.0.0.1:80 -r 10.0.0.2 -m"), 80);
    assert_eq!(port("-d -t 10.0.0.1:80 -r 10.0.0.2:8080"), 8080);
    assert_eq!(port("-a -f 1 -r 10.0.0.2:8080 -g"), 8080);
    assert_eq!(port("-a -f 1 -r 10.0.0.2:http -m"), 80);
}

#[test]
fn a_netmask_before_an_ipv6_service_is_forgotten() {
    let netmask = |line| match change(line) {
        Change::AddService(_, service) => service.persistence.unwrap().netmask(),
        other => panic!("{other}"),
    };
    let whole = Persistence::whole_address(Family::Ipv6);
    assert_eq!(netmask("-A -M 255.255.255.0 -p -t [::1]:80"), whole);
    assert_eq!(netmask("-A -f 5 -p -M 64 -6"), whole);
    assert_eq!(netmask("-A -f 5 -6 -p -M 64"), Netmask::V6(64));
    assert_eq!(
        netmask("-A -M 255.255.255.0 -p -t 10.0.0.1:80"),
        Netmask::V4([255, 255, 255, 0].into())
    );
}

#[test]
fn addresses_have_the_forms_of_inet_aton() {
    let address = |text: &str| address::inet_aton(text).map(|address| address.to_string());
    for text in ["10.0.0.1", "10.1", "10.0.1", "0xa000001", "167772161", "012.0.0.1", "10.0.0.1 x"]
    {
        assert_eq!(address(text).as_deref(), Some("10.0.0.1"), "{text}");
    }
    for text in ["", "256.0.0.1", "1.2.65536", "1.2.3.4.5", "08.1", "1..2", "0x", "-1", "+1"] {
        assert_eq!(address(text), None, "{text}");
    }
}

/// Words that mean something, and others.
fn word() -> impl Strategy<Value = String> {
    const KNOWN: [&str; 32] = [
        "-A",
        "-a",
        "-L",
        "-6",
        "-Ln",
        "-t",
        "-f",
        "-p",
        "-M",
        "-r",
        "-b",
        "-w",
        "-i",
        "--set",
        "--",
        "-",
        "--tun-type",
        "gue",
        "--tun-port=6080",
        "--start-daemon",
        "master",
        "--mcast-group",
        "ff02::1",
        "10.0.0.1:80",
        "[::1]:80",
        "7",
        "sh",
        "sh-port,flag-1",
        "255.255.0.0",
        "64",
        "",
        "=",
    ];
    prop_oneof![
        4 => prop::sample::select(&KNOWN[..]).prop_map(str::to_owned),
        1 => "\\PC{0,12}",
    ]
}

proptest! {
    #[test]
    fn no_command_line_is_too_strange_to_be_judged(words in prop::collection::vec(word(), 0..12)) {
        if let Err(error) = parse(words, &FewNames) {
            prop_assert!(matches!(error.status(), 2 | 255));
            prop_assert!(!error.to_string().is_empty());
        }
    }
}
