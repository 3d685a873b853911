//! Services by firewall mark and by group.

use steadfast_conf::model::{Family, Frontend, GroupMember, PersistenceEngine, Protocol};

use steadfast_conf::{Diagnostic, Style, parse};

use super::{model, said, service};

fn group(lines: &str) -> String {
    format!("virtual_server_group web {{\n{lines}\n}}\n{}", service(""))
        .replace("192.0.2.10 80", "group web")
}

fn members(lines: &str) -> Vec<GroupMember> {
    match model(&group(lines)).virtual_servers[0].frontend.clone() {
        Frontend::Group { name, members } => {
            assert_eq!(name, "web");
            members
        }
        other => panic!("{other}"),
    }
}

fn addresses(lines: &str) -> Vec<String> {
    let members = members(lines);
    let ranges = members.iter().map(|member| match member {
        GroupMember::Addresses(range) => range,
        other => panic!("{other:?}"),
    });
    ranges
        .flat_map(|range| {
            let port = range.port();
            range.addresses().map(move |address| format!("{address} {port}"))
        })
        .collect()
}

#[test]
fn marked_packets_are_a_service_of_any_protocol_that_keeps_its_port() {
    let text = service("").replace("192.0.2.10 80", "fwmark 7").replace("protocol TCP\n", "");
    assert_eq!(said(&text), [""; 0]);
    let model = model(&text);
    let service = &model.virtual_servers[0];
    let Frontend::FirewallMark(mark) = &service.frontend else { panic!("a mark") };
    assert_eq!((mark.mark.get(), mark.family), (7, Family::Ipv4));
    assert_eq!(service.protocol, Protocol::Tcp);
    let server = &service.real_servers[0];
    assert_eq!(server.port, 0);
    assert_eq!(server.target(server.checkers[0].probe.connection().unwrap()).port(), 80);
}

#[test]
fn the_family_of_a_mark_is_told_or_that_of_its_servers() {
    let family = |lines: &str, server: &str| {
        let text = service(lines)
            .replace("192.0.2.10 80", "fwmark 7")
            .replace("192.0.2.21", server)
            .replace("DR", "TUN");
        model(&text).virtual_servers[0].frontend.family()
    };
    assert_eq!(family("", "192.0.2.21"), Family::Ipv4);
    assert_eq!(family("", "2001:db8::21"), Family::Ipv6);
    assert_eq!(family("ip_family inet", "2001:db8::21"), Family::Ipv4);
}

#[test]
fn a_group_has_addresses_and_ranges_of_them() {
    assert_eq!(
        addresses("192.0.2.1 80\n192.0.2.4-5 81\n192.0.2.8-192.0.2.9 82\n192.0.2.12/31 83"),
        [
            "192.0.2.1 80",
            "192.0.2.4 81",
            "192.0.2.5 81",
            "192.0.2.8 82",
            "192.0.2.9 82",
            "192.0.2.12 83",
            "192.0.2.13 83",
        ]
    );
}

#[test]
fn a_range_of_ipv6_is_written_by_its_last_part() {
    let text = group("2001:db8::fe-100 80").replace("192.0.2.21", "2001:db8::21");
    let Frontend::Group { members, .. } = &model(&text).virtual_servers[0].frontend else {
        panic!("a group")
    };
    let GroupMember::Addresses(range) = &members[0] else { panic!("addresses") };
    let addresses: Vec<_> = range.addresses().map(|address| address.to_string()).collect();
    assert_eq!(addresses, ["2001:db8::fe", "2001:db8::ff", "2001:db8::100"]);
}

#[test]
fn a_mark_of_a_group_is_of_the_family_of_its_addresses() {
    let members = members("fwmark 9\n192.0.2.1 80");
    assert!(members.iter().all(|member| member.family() == Family::Ipv4));
    assert_eq!(members.len(), 2);
}

#[test]
fn wrong_lines_of_a_group_are_errors() {
    for (lines, error) in [
        ("", "the group `web` is empty"),
        ("192.0.2.9-8 80", "`192.0.2.9-8` is no range of at most 65536 addresses"),
        ("192.0.2.1/24 80", "`192.0.2.1/24` is no address and no range of addresses"),
        ("10.0.0.0/8 80", "`10.0.0.0/8` is no range of at most 65536 addresses"),
        ("192.0.2.1 80\n2001:db8::1 80", "a group is either of IPv4 or of IPv6"),
        ("fwmark 1 inet4", "`inet4` is no address family"),
    ] {
        assert_eq!(said(&group(lines)), [format!("error: {error}")], "{lines}");
    }
}

#[test]
fn lines_of_a_group_may_repeat_each_other_with_a_warning_at_the_later() {
    let places = |lines: &str| {
        let loaded = parse("t.conf", &group(lines).replace("DR", "NAT"));
        assert!(loaded.model.is_some(), "{}", loaded.render(Style::Plain));
        let line = |span| loaded.sources.location(span).unwrap().line - 1;
        let place = |diagnostic: &Diagnostic| {
            (line(diagnostic.span.unwrap()), line(diagnostic.related[0].0))
        };
        loaded.diagnostics.iter().map(place).collect::<Vec<_>>()
    };
    for (lines, expected) in [
        ("192.0.2.1 80\n192.0.2.1 80", vec![(2, 1)]),
        ("192.0.2.1 80\n192.0.2.1 81", vec![]),
        ("192.0.2.1-4 80\n192.0.2.5-8 80", vec![]),
        ("192.0.2.1-4 80\n192.0.2.4-8 80", vec![(2, 1)]),
        ("192.0.2.4-8 80\n192.0.2.1-4 80", vec![(2, 1)]),
        ("192.0.2.7 80\n192.0.2.0-3 80\n192.0.2.0/29 80", vec![(3, 2)]),
        ("192.0.2.0/29 80\n192.0.2.1 80\n192.0.2.3 80", vec![(2, 1), (3, 1)]),
        ("fwmark 1\nfwmark 2\n192.0.2.1 80\nfwmark 1 inet", vec![(4, 1)]),
    ] {
        assert_eq!(places(lines), expected, "{lines}");
    }
}

#[test]
fn of_groups_of_one_name_the_first_counts() {
    let lines = "192.0.2.1 80\n}\nvirtual_server_group web {\n192.0.2.2 80";
    assert_eq!(addresses(lines), ["192.0.2.1 80"]);
    let warning = "warning: there is another virtual_server_group `web`";
    assert_eq!(said(&group(lines)), [warning]);
    assert_eq!(said(&group(&lines.replace("192.0.2.2", "192.0.2.1"))), [""; 0], "it is the same");
}

#[test]
fn a_service_and_a_group_with_its_address_are_an_error() {
    let text = group("192.0.2.10-11 80") + &service("");
    assert_eq!(said(&text), ["error: there is another service 192.0.2.10 80"]);
}

#[test]
fn sip_is_an_engine_and_means_persistence() {
    let text = service("persistence_engine sip");
    let persistence = model(&text).virtual_servers[0].persistence.unwrap();
    assert_eq!(persistence.engine, Some(PersistenceEngine::Sip));
    assert_eq!(persistence.timeout.as_secs(), 360);
}
