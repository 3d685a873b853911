//! unbound.

use steadfast_checkers::Failure;
use steadfast_checkers::dns::{DnsCheck, RecordType, ResponseCode};
use steadfast_checkers::udp::UdpCheck;

use crate::bed::{Bed, options};

fn unbound(access: &str) -> Bed {
    let mut bed = Bed::new();
    let folder = bed.host().folder().display().to_string();
    let configuration = format!(
        "server:\n interface: 192.168.21.108\n access-control: 0.0.0.0/0 {access}\n chroot: \"\"\n \
         username: \"\"\n directory: {folder}\n pidfile: {folder}/unbound.pid\n use-syslog: no\n \
         local-zone: example.org static\n \
         local-data: \"www.example.org A 192.0.2.1\"\n \
         local-data: \"www.example.org AAAA 2001:db8::1\"\n \
         local-data: \"example.org SOA ns.example.org admin.example.org 1 2 3 4 5\"\n\
         remote-control:\n control-enable: no\n"
    );
    let file = bed.host().write("unbound.conf", &configuration).unwrap();
    bed.program(&[53], "/usr/sbin/unbound", &["-d", "-c", file.to_str().unwrap()]);
    bed
}

fn ask(name: &str, kind: RecordType) -> DnsCheck {
    DnsCheck::new(options(53)).question(name.parse().unwrap(), kind)
}

fn code(failure: Failure) -> ResponseCode {
    match failure {
        Failure::Dns(_, failure) => failure.code,
        other => panic!("{other}"),
    }
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_name_server_answers_or_says_why_not() {
    let bed = unbound("allow");
    for kind in [RecordType::A, RecordType::AAAA, RecordType::MX] {
        bed.passes(&ask("www.example.org", kind));
    }
    bed.passes(&ask("example.org", RecordType::SOA));
    assert_eq!(code(bed.fails(&ask("absent.example.org", RecordType::A))).to_string(), "NXDOMAIN");
    // Over UDP_CHECK it is any reply that matters.
    let query = "12340100000100000000000003777777076578616d706c65036f72670000010001";
    let any = UdpCheck::new(options(53)).payload(query.parse().unwrap());
    bed.passes(&any.reply("12348xxx".parse().unwrap(), 12..=512));
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_name_server_that_refuses_us_fails() {
    let bed = unbound("refuse");
    let refused = code(bed.fails(&ask("www.example.org", RecordType::A)));
    assert_eq!(refused.to_string(), "REFUSED");
}
