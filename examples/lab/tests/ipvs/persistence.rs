//! Clients stay with their server.

use std::net::Ipv4Addr;
use std::time::Duration;

use steadfast_ipvs::{
    Connection, ConnectionTable, Netmask, Persistence, PersistenceEngine, Protocol, Scheduler,
    Service, ServiceKey,
};

use crate::lan::{Lan, VIRTUAL, all_by_nat, at, plain, service};

const V4: &str = VIRTUAL[0];

fn persistence(netmask: Netmask) -> Persistence {
    Persistence::new(Duration::from_secs(60), netmask).unwrap()
}

fn persistent(netmask: Ipv4Addr) -> Service {
    with(persistence(Netmask::V4(netmask)))
}

fn with(persistence: Persistence) -> Service {
    Service { persistence: Some(persistence), ..plain(Scheduler::RR) }
}

fn web(port: u16) -> ServiceKey {
    service(Protocol::Tcp, V4, port)
}

fn connections(lan: &Lan) -> Vec<Connection> {
    let table = ConnectionTable::in_netns(lan.host("d1").namespace_path()).unwrap();
    table.map(Result::unwrap).collect()
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn persistence_keeps_a_client_and_a_netmask_keeps_its_network() {
    let lan = Lan::start();
    let servers = all_by_nat("10.2.0.");
    lan.balance(web(1000), persistent(Ipv4Addr::BROADCAST), &servers);
    let ask = |from: &str, port| lan.ask_from(from, at(V4, port));
    let first = ask("10.1.1.5", 1000);
    for _ in 0..3 {
        assert_eq!(ask("10.1.1.5", 1000), first);
    }
    assert_ne!(ask("10.1.1.6", 1000), first, "another client");

    lan.balance(web(1001), persistent(Ipv4Addr::new(255, 255, 255, 0)), &servers);
    let first = ask("10.1.1.5", 1001);
    for neighbour in ["10.1.1.6", "10.1.1.77", "10.1.1.5"] {
        assert_eq!(ask(neighbour, 1001), first, "{neighbour}");
    }
    assert_ne!(ask("10.1.2.5", 1001), first, "another network");

    let connections = connections(&lan);
    let of_network = connections
        .iter()
        .filter(|found| found.client == at("10.1.1.0", 0) && found.virtual_address == at(V4, 1001));
    let templates: Vec<_> = of_network.collect();
    assert_eq!(templates.len(), 1, "{connections:#?}");
    assert_eq!(templates[0].protocol.protocol(), Some(Protocol::Tcp));
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_prefix_keeps_a_network_over_ipv6() {
    let lan = Lan::start();
    let key = service(Protocol::Tcp, VIRTUAL[1], 1000);
    lan.balance(key, with(persistence(Netmask::V6(64))), &all_by_nat("fd02::"));
    let ask = |from: &str| lan.ask_from(from, at(VIRTUAL[1], 1000));
    let first = ask("fd11:1::5");
    for neighbour in ["fd11:1::6", "fd11:1::7:7", "fd11:1::5"] {
        assert_eq!(ask(neighbour), first, "{neighbour}");
    }
    assert_ne!(ask("fd11:2::5"), first, "another network");
    let templates =
        connections(&lan).into_iter().filter(|found| found.client == at("fd11:1::", 0)).count();
    assert_eq!(templates, 1);
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn an_engine_keeps_a_call_of_a_network_on_its_server_and_tells_it_from_others() {
    let lan = Lan::start();
    let network = persistence(Netmask::V4(Ipv4Addr::new(255, 255, 0, 0)));
    let key = service(Protocol::Udp, V4, 5060);
    let by_call = Service { engine: Some(PersistenceEngine::SIP), ..with(network) };
    lan.balance(key, by_call, &all_by_nat("10.2.0."));
    let call = |id: &str, from: &str| {
        let request = format!("INVITE sip:b@example.com SIP/2.0\r\nCall-ID: {id}\r\n\r\n");
        lan.ask_with(request.as_bytes(), from, at(V4, 5060))
    };
    let first = call("one@example.com", "10.1.1.5");
    for from in ["10.1.1.6", "10.1.2.7", "10.1.1.5"] {
        assert_eq!(call("one@example.com", from), first, "{from}");
    }
    assert_ne!(call("two@example.com", "10.1.1.5"), first, "another call");

    let of_first = connections(&lan)
        .into_iter()
        .filter_map(|found| found.engine)
        .find(|found| found.engine == PersistenceEngine::SIP && found.data == b"one@example.com");
    assert!(of_first.is_some(), "{:#?}", connections(&lan));
}
