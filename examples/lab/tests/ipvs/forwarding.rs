//! Every way of forwarding carries traffic.

use std::num::{NonZeroU16, NonZeroU32};

use steadfast_ipvs::{
    Destination, DestinationKey, Family, ForwardMethod, Protocol, Scheduler, ServiceKey, Tunnel,
    TunnelChecksum, Weight,
};

use crate::lan::{DIRECT_PORT, Lan, VIRTUAL, at, nat, plain, service};

const PROTOCOLS: [Protocol; 2] = [Protocol::Tcp, Protocol::Udp];
const FIRST: [&str; 2] = ["10.2.0.11", "fd02::11"];

fn by(forward: ForwardMethod, address: &str) -> (DestinationKey, Destination) {
    let key = DestinationKey { address: address.parse().unwrap(), port: DIRECT_PORT };
    (key, Destination::new(forward, Weight::from(1)))
}

/// Over both protocols, by that way to a server of that address.
fn carries(lan: &Lan, virtual_address: &str, forward: ForwardMethod, server: &str, name: &str) {
    for protocol in PROTOCOLS {
        let key = service(protocol, virtual_address, DIRECT_PORT);
        lan.balance(key, plain(Scheduler::RR), &[by(forward, server)]);
        let answer = lan.ask(protocol, at(virtual_address, DIRECT_PORT));
        assert_eq!(
            answer.as_deref().ok(),
            Some(name),
            "{key} by {forward} to {server}: {answer:?}"
        );
        crate::run(async { lan.director("d1").await.delete_service(key).await.unwrap() });
    }
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn every_method_carries_tcp_and_udp_over_ipv4_and_ipv6() {
    let lan = Lan::start();
    for (virtual_address, server) in VIRTUAL.into_iter().zip(FIRST) {
        carries(&lan, virtual_address, ForwardMethod::Masquerade, server, "s1");
        carries(&lan, virtual_address, ForwardMethod::DirectRoute, server, "s1");
        carries(&lan, virtual_address, ForwardMethod::Tunnel(Tunnel::Ipip), server, "s1");
        carries(&lan, virtual_address, ForwardMethod::LocalNode, virtual_address, "d1");
    }
    let [v4, v6] = VIRTUAL;
    let [server_v4, server_v6] = FIRST;
    let checksum = TunnelChecksum::None;
    let port = NonZeroU16::new(6080).unwrap();
    for tunnel in [Tunnel::Gre { checksum }, Tunnel::Gue { port, checksum }] {
        carries(&lan, v4, ForwardMethod::Tunnel(tunnel), server_v4, "s1");
    }
    carries(&lan, v4, ForwardMethod::Tunnel(Tunnel::Ipip), server_v6, "s1");
    carries(&lan, v6, ForwardMethod::Tunnel(Tunnel::Ipip), server_v4, "s1");
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_firewall_mark_carries_all_that_is_marked() {
    let lan = Lan::start();
    for (iptables, virtual_address, server) in
        [("iptables-legacy", VIRTUAL[0], FIRST[0]), ("ip6tables-legacy", VIRTUAL[1], FIRST[1])]
    {
        let mark = [
            "-t",
            "mangle",
            "-A",
            "PREROUTING",
            "-d",
            virtual_address,
            "-j",
            "MARK",
            "--set-mark",
            "7",
        ];
        lan.host("d1").run(iptables, mark).unwrap();
        carries_what_is_marked(&lan, 7, virtual_address, server);
    }
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_mark_of_nftables_is_as_good_where_the_kernel_has_it() {
    let lan = Lan::start();
    let [v4, v6] = VIRTUAL;
    let rules = format!(
        "add table inet lab\n\
         add chain inet lab marks {{ type filter hook prerouting priority mangle; }}\n\
         add rule inet lab marks ip daddr {v4} meta mark set 8\n\
         add rule inet lab marks ip6 daddr {v6} meta mark set 8\n"
    );
    let director = lan.host("d1");
    let rules = director.write("rules.nft", &rules).unwrap();
    let marked = director.run("nft", [std::path::Path::new("-f"), &rules]);
    assert_eq!(marked.is_err(), crate::on_user_mode_linux(), "{marked:?}");
    if marked.is_ok() {
        carries_what_is_marked(&lan, 8, v4, FIRST[0]);
        carries_what_is_marked(&lan, 8, v6, FIRST[1]);
    }
}

fn carries_what_is_marked(lan: &Lan, mark: u32, virtual_address: &str, server: &str) {
    let family = Family::of(virtual_address.parse().unwrap());
    let key = ServiceKey::FirewallMark { mark: NonZeroU32::new(mark).unwrap(), family };
    lan.balance(key, plain(Scheduler::RR), &[nat(server, 1)]);
    for port in [90, 91] {
        for protocol in PROTOCOLS {
            let answer = lan.ask(protocol, at(virtual_address, port));
            assert_eq!(answer.as_deref().ok(), Some("s1"), "{key} {protocol} port {port}");
        }
    }
}
