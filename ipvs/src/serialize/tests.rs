use std::net::Ipv4Addr;
use std::num::{NonZeroU16, NonZeroU32};
use std::time::Duration;

use serde_json::json;

use super::*;
use crate::model::Weight;

#[test]
fn a_plan_is_a_list_of_changes() {
    let mark = NonZeroU32::new(7).unwrap();
    let service = ServiceKey::FirewallMark { mark, family: Family::Ipv6 };
    let netmask = Netmask::V6(64);
    let persistence = Persistence::new(Duration::from_secs(90), netmask).unwrap();
    let flags = ServiceFlags { one_packet: true, ..ServiceFlags::default() };
    let persistence = Some(persistence);
    let settings = Service { flags, persistence, ..Service::new(Scheduler::SH) };
    let server = DestinationKey { address: Ipv4Addr::new(192, 0, 2, 1).into(), port: 80 };
    let port = NonZeroU16::new(6080).unwrap();
    let gue = Tunnel::Gue { port, checksum: TunnelChecksum::Computed };
    let destination = Destination::new(ForwardMethod::Tunnel(gue), Weight::from(3));
    let web = ServiceKey::tcp(Ipv4Addr::new(192, 0, 2, 100), 80);
    let plan = Plan::from_iter([
        Change::AddService(service, settings),
        Change::AddDestination(service, server, destination),
        Change::DeleteDestination(service, server),
        Change::DeleteService(web),
    ]);
    let service = json!({ "fwmark": 7, "family": "ipv6" });
    let server = json!({ "address": "192.0.2.1", "port": 80 });
    assert_eq!(
        serde_json::to_value(&plan).unwrap(),
        json!([
            {
                "action": "add_service",
                "service": service,
                "to": {
                    "scheduler": "sh",
                    "flags": ["ops"],
                    "persistence": { "timeout": 90, "netmask": 64 },
                    "engine": null,
                },
            },
            {
                "action": "add_destination",
                "service": service,
                "destination": server,
                "to": {
                    "forward": "tunnel",
                    "tunnel": { "type": "gue", "port": 6080, "checksum": "computed" },
                    "weight": 3,
                    "upper_threshold": 0,
                    "lower_threshold": 0,
                },
            },
            { "action": "delete_destination", "service": service, "destination": server },
            {
                "action": "delete_service",
                "service": { "protocol": "tcp", "address": "192.0.2.100", "port": 80 },
            },
        ])
    );
}
