//! `virtual_server` and `real_server`.

use std::time::Duration;

use steadfast_conf::model::{
    Forward, PersistenceMask, Protocol, Scheduler, ServiceFlags, Tunnel, TunnelChecksum,
};
use steadfast_conf::parse;

use super::{instance, model, said, server, service};

#[test]
fn a_service_has_defaults() {
    let text = service("");
    assert_eq!(said(&text), [""; 0]);
    let model = model(&text);
    let service = &model.virtual_servers[0];
    assert_eq!(service.frontend.to_string(), "192.0.2.10 80");
    assert_eq!((service.protocol, service.scheduler), (Protocol::Tcp, Scheduler::RoundRobin));
    assert_eq!((service.quorum.get(), service.hysteresis), (1, 0));
    assert_eq!((service.persistence, service.flags), (None, ServiceFlags::default()));
    assert!(!service.alpha && !service.omega && service.sorry_server.is_none());
    let server = &service.real_servers[0];
    assert_eq!((server.weight, server.forward), (1, Forward::DirectRouting));
    assert_eq!((server.upper_threshold, server.lower_threshold), (0, 0));
    assert!(!server.inhibit_on_failure);
}

#[test]
fn ha_suspend_is_for_services_with_an_address() {
    let suspends = |text: &str| model(text).virtual_servers[0].ha_suspend;
    assert!(!suspends(&service("")));
    assert!(suspends(&service("ha_suspend")));
    assert_eq!(said(&service("ha_suspend")), [""; 0]);
    let of_group = "virtual_server_group G {\n192.0.2.10 80\n}\n".to_owned()
        + &service("ha_suspend").replace("192.0.2.10 80", "group G");
    assert!(suspends(&of_group));
    assert_eq!(said(&of_group), ["note: checks pause while none of the group's addresses is here"]);
    let marked = service("ha_suspend").replace("192.0.2.10 80", "fwmark 7");
    assert!(!suspends(&marked));
    let without_effect = "warning: `ha_suspend` has no effect: a mark has no address";
    assert!(said(&marked).iter().any(|line| line == without_effect));
}

#[test]
fn what_keepalived_assumes_is_said() {
    let text = "virtual_server 192.0.2.10 53 {\nreal_server 192.0.2.21 53 { }\n}";
    assert_eq!(
        said(text),
        [
            "warning: `lb_algo` is missing",
            "warning: `lb_kind` is missing",
            "warning: `protocol` is missing",
            "note: 192.0.2.21 is never checked",
        ]
    );
    let service = &model(text).virtual_servers[0];
    assert_eq!(service.scheduler, Scheduler::WeightedLeastConnection);
    assert_eq!((service.protocol, service.real_servers[0].forward), (Protocol::Udp, Forward::Nat));
}

#[test]
fn udp_by_omission_with_a_tcp_check_is_an_error() {
    let text = service("").replace("protocol TCP\n", "");
    assert_eq!(said(&text), ["error: `protocol` is missing"]);
    let meant = service("").replace("TCP\n", "udp\n");
    assert_eq!(model(&meant).virtual_servers[0].protocol, Protocol::Udp);
}

#[test]
fn a_service_needs_a_server() {
    let text = "virtual_server 192.0.2.10 80 {\nlb_algo rr\nlb_kind NAT\nprotocol TCP\n}";
    assert_eq!(said(text), ["error: this service has no real_server"]);
}

#[test]
fn a_service_is_an_address_and_a_port_or_a_mark_or_a_group() {
    for (header, error) in [
        ("192.0.2.300 80", "`192.0.2.300` is not an IP address"),
        ("192.0.2.10 http", "`http` is not a port"),
        ("192.0.2.10 65536", "`65536` is not a port"),
        ("fwmark 0", "`fwmark` needs a mark"),
        ("fwmark", "`fwmark` needs a mark"),
        ("group web", "there is no virtual_server_group `web`"),
        ("group", "`virtual_server group` needs the name of a group"),
    ] {
        let text = service("").replace("192.0.2.10 80", header);
        assert_eq!(said(&text), [format!("error: {error}")]);
    }
}

#[test]
fn a_service_of_all_ports_is_persistent() {
    let text = service("").replace("192.0.2.10 80", "192.0.2.10").replace(".21 80", ".21");
    assert_eq!(said(&text), ["warning: a service of all ports must be persistent"]);
    let service = &model(&text).virtual_servers[0];
    assert_eq!(service.frontend.to_string(), "192.0.2.10 0");
    assert_eq!(service.real_servers[0].port, 0);
    assert_eq!(service.persistence.unwrap().timeout, Duration::from_secs(360));
}

#[test]
fn every_scheduler_has_its_name() {
    for (name, scheduler) in Scheduler::ALL {
        let text = service("").replace("lb_algo rr", &format!("lvs_sched {name}"));
        assert_eq!(model(&text).virtual_servers[0].scheduler, scheduler);
        assert_eq!(scheduler.name(), name);
    }
}

fn forward(method: &str) -> Forward {
    let text = service("").replace("lb_kind DR", &format!("lb_kind {method}"));
    model(&text).virtual_servers[0].real_servers[0].forward
}

#[test]
fn forwarding_has_tunnels_of_three_kinds() {
    let checksum = TunnelChecksum::Remote;
    assert_eq!(forward("NAT"), Forward::Nat);
    assert_eq!(forward("TUN"), Forward::Tunnel(Tunnel::Ipip));
    assert_eq!(
        forward("TUN type gue port 6080 remcsum"),
        Forward::Tunnel(Tunnel::Gue { port: 6080, checksum })
    );
    assert_eq!(
        forward("TUN type gre csum"),
        Forward::Tunnel(Tunnel::Gre { checksum: TunnelChecksum::Computed })
    );
}

#[test]
fn wrong_forwarding_is_an_error() {
    for (method, error) in [
        ("dr", "`lb_kind` cannot be `dr`"),
        ("TUN type gue", "a gue tunnel needs `port N`"),
        ("TUN port 5", "only a gue tunnel has a port"),
        ("TUN csum", "an ipip tunnel has no checksum"),
        ("TUN type gre remcsum", "a gre tunnel cannot have `remcsum`"),
        ("TUN type foo", "a tunnel's `type` is ipip, gue or gre"),
        ("TUN type", "a tunnel's `type` is ipip, gue or gre"),
    ] {
        let text = service("").replace("lb_kind DR", &format!("lb_kind {method}"));
        assert_eq!(said(&text), [format!("error: {error}")]);
    }
}

#[test]
fn direct_routing_keeps_the_port_of_packets_but_not_of_checks() {
    let text = server("TCP_CHECK { }").replace("NAT", "DR");
    assert_eq!(said(&text), ["warning: DR cannot change the port of a packet"]);
    let server = &model(&text).virtual_servers[0].real_servers[0];
    let target = server.target(server.checkers[0].probe.connection().unwrap());
    assert_eq!((server.port, target.port()), (80, 8080));
}

#[test]
fn persistence_of_zero_is_none_and_said() {
    let text = service("persistence_timeout 0");
    assert_eq!(said(&text), ["warning: `persistence_timeout 0` means no persistence"]);
    assert_eq!(model(&text).virtual_servers[0].persistence, None);
}

#[test]
fn persistence_has_a_time_and_a_mask() {
    let persistence = |lines: &str| model(&service(lines)).virtual_servers[0].persistence.unwrap();
    assert_eq!(persistence("persistence_timeout").timeout, Duration::from_secs(360));
    let both = persistence("persistence_timeout 60\npersistence_granularity 255.255.255.0");
    assert_eq!(both.timeout, Duration::from_secs(60));
    assert_eq!(both.granularity, PersistenceMask::V4("255.255.255.0".parse().unwrap()));
    let alone = persistence("persistence_granularity 255.255.0.0");
    assert_eq!(alone.timeout, Duration::from_secs(360));
    assert_eq!(
        said(&service("persistence_granularity 24")),
        ["error: `persistence_granularity` cannot be `24`"]
    );
}

#[test]
fn flags_belong_to_their_scheduler() {
    let text = service("sh-port\nsh-fallback");
    assert_eq!(
        said(&text),
        ["warning: `sh-port` has no effect", "warning: `sh-fallback` has no effect",]
    );
    let flags = model(&text.replace("rr", "sh")).virtual_servers[0].flags;
    assert_eq!((flags.flag_1, flags.flag_2, flags.flag_3), (true, true, false));
}

#[test]
fn one_packet_scheduling_is_for_udp() {
    let text = service("ops");
    assert_eq!(said(&text), ["warning: `ops` has no effect: it is for UDP"]);
    assert!(!model(&text).virtual_servers[0].flags.one_packet);
    assert!(model(&text.replace("TCP\n", "UDP\n")).virtual_servers[0].flags.one_packet);
}

#[test]
fn a_quorum_is_lowered_to_what_can_be_reached() {
    let text = service("quorum 9\nhysteresis 4");
    assert_eq!(
        said(&text),
        [
            "warning: all servers together weigh 1, less than the quorum",
            "warning: a hysteresis must be less than the quorum of 1",
        ]
    );
    let service = &model(&text).virtual_servers[0];
    assert_eq!((service.quorum.get(), service.hysteresis), (1, 0));
}

#[test]
fn a_quorum_that_could_never_be_gained_is_warned_of() {
    let rules = |hysteresis| format!("weight 4\nquorum 3\nhysteresis {hysteresis}");
    let said = |hysteresis: u32| said(&service(&rules(hysteresis)));
    assert_eq!(said(1), [""; 0]);
    let warning = "warning: all servers together weigh 4, and the quorum is gained at 5 only";
    assert_eq!(said(2), [warning]);
}

#[test]
fn a_sorry_server_takes_port_and_method_of_the_service() {
    let text = service("sorry_server 192.0.2.99\nsorry_server_inhibit");
    let model = model(&text);
    let sorry = model.virtual_servers[0].sorry_server.as_ref().unwrap();
    assert_eq!((sorry.port, sorry.forward, sorry.inhibit), (80, Forward::DirectRouting, true));
    assert_eq!(
        said(&service("sorry_server_inhibit")),
        ["warning: `sorry_server_inhibit` has no effect: there is no sorry_server"]
    );
}

#[test]
fn a_server_says_what_it_says() {
    let text = server(
        "weight 7\nlvs_method DR\nuthreshold 10\nlthreshold 5\ninhibit_on_failure\n\
         notify_up \"/bin/a up\"\nnotify_down /bin/a nobody\nTCP_CHECK { }",
    );
    let text = text.replace("8080", "80");
    let model = model(&text);
    let server = &model.virtual_servers[0].real_servers[0];
    assert_eq!((server.weight, server.forward), (7, Forward::DirectRouting));
    assert_eq!((server.upper_threshold, server.lower_threshold), (10, 5));
    assert!(server.inhibit_on_failure);
    assert_eq!(server.notify_up.as_ref().unwrap().argv, ["/bin/a", "up"]);
    assert_eq!(server.notify_down.as_ref().unwrap().user.as_ref().unwrap().user, "nobody");
}

#[test]
fn a_server_takes_weight_and_inhibition_of_its_service() {
    let text = service("weight 4\ninhibit_on_failure");
    let server = &model(&text).virtual_servers[0].real_servers[0];
    assert_eq!((server.weight, server.inhibit_on_failure), (4, true));
}

#[test]
fn a_server_of_weight_zero_is_noted() {
    let text = server("weight 0\nTCP_CHECK { }");
    assert_eq!(said(&text), ["note: a server of weight 0 gets no new connections"]);
}

#[test]
fn thresholds_out_of_order_are_an_error() {
    let text = server("uthreshold 5\nlthreshold 10\nTCP_CHECK { }");
    assert_eq!(said(&text), ["error: its `lthreshold` 10 is above its `uthreshold` 5"]);
}

#[test]
fn a_server_listed_twice_counts_once() {
    let twice = "real_server 192.0.2.21 80 {\nweight 9\nTCP_CHECK { }\n}";
    let text = service(twice);
    assert_eq!(said(&text), ["warning: 192.0.2.21 is listed twice"]);
    let servers = &model(&text).virtual_servers[0].real_servers;
    assert_eq!((servers.len(), servers[0].weight), (1, 9));
}

#[test]
fn a_group_of_several_ports_warns_of_a_port_that_only_nat_could_give() {
    let group = "virtual_server_group web {\n192.0.2.10 80\n192.0.2.10 443\nfwmark 7\n}\n";
    let text = |method: &str| {
        let service = service("").replace("192.0.2.10 80", "group web").replace("DR", method);
        format!("{group}{service}")
    };
    for method in ["DR", "TUN"] {
        let expected = format!("warning: {method} cannot change the port of a packet");
        assert_eq!(said(&text(method)), [expected]);
    }
    assert_eq!(said(&text("NAT")), [""; 0]);
}

#[test]
fn servers_that_differ_in_a_port_that_does_not_matter_are_one() {
    let other = "real_server 192.0.2.21 443 {\nTCP_CHECK { }\n}\n";
    let text = service(other).replace("192.0.2.10 80", "fwmark 7").replace("protocol TCP\n", "");
    let loaded = parse("t.conf", &text);
    let twice = loaded.diagnostics.iter().next().unwrap();
    assert_eq!(twice.label, "this one is ignored: packets keep their port on the way to it");
    assert_eq!(loaded.model.unwrap().virtual_servers[0].real_servers.len(), 1);
}

#[test]
fn the_length_of_a_prefix_after_the_address_of_a_service_or_server_is_left_out() {
    let text = service("").replace("192.0.2.10", "192.0.2.10/24").replace(".21 80", ".21/24 80");
    let warning = "warning: `/24` is no part of an address alone";
    assert_eq!(said(&text), [warning, warning]);
    let service = &model(&text).virtual_servers[0];
    let server = &service.real_servers[0];
    assert_eq!(service.frontend.to_string(), "192.0.2.10 80");
    assert_eq!((server.address.to_string().as_str(), server.port), ("192.0.2.21", 80));
}

#[test]
fn what_old_files_have_for_nat_has_no_effect() {
    let text = service("nat_mask 255.255.255.0");
    let expected = "warning: `nat_mask` has no effect: keepalived knows it no more";
    assert_eq!(said(&text), [expected]);
}

#[test]
fn only_tunnels_mix_address_families() {
    let text = service("").replace("192.0.2.21", "2001:db8::21");
    assert_eq!(said(&text), ["error: 2001:db8::21 cannot serve 192.0.2.10"]);
    assert_eq!(said(&text.replace("DR", "TUN")), [""; 0]);
}

#[test]
fn two_services_of_one_address_port_and_protocol_that_differ_are_an_error() {
    let text = service("") + &service("alpha");
    assert_eq!(said(&text), ["error: there is another service 192.0.2.10 80"]);
    assert_eq!(said(&(service("") + &service("").replace("TCP\n", "UDP\n"))), [""; 0]);
}

#[test]
fn the_same_service_again_is_a_warning_and_is_there_once() {
    let text = service("") + &service("");
    assert_eq!(said(&text), ["warning: service 192.0.2.10 80 is there twice"]);
    assert_eq!(parse("t.conf", &text).model.unwrap().virtual_servers.len(), 1);
}

#[test]
fn a_service_on_the_broadcast_address_of_a_virtual_network_is_an_error() {
    let text = instance("") + &service("").replace(".10 80", ".255 80");
    assert_eq!(said(&text), ["error: 192.0.2.255 is not a host address"]);
    assert_eq!(said(&service("").replace(".10 80", ".255 80")), [""; 0]);
}
