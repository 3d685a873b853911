//! Routes, rules and addresses that are no virtual ones.

use steadfast_conf::model::{RouteKind, RuleAction};

use super::{instance, model, said};

fn printed_routes(lines: &str) -> Vec<String> {
    let model = model(&format!("static_routes {{\n{lines}\n}}\n"));
    model.static_routes.iter().map(ToString::to_string).collect()
}

fn printed_rules(lines: &str) -> Vec<String> {
    let model = model(&format!("static_rules {{\n{lines}\n}}\n"));
    model.static_rules.iter().map(ToString::to_string).collect()
}

#[test]
fn a_route_is_written_as_for_iproute2() {
    let lines = "192.0.2.0/24 via 198.51.100.1 dev eth0 src 198.51.100.9 metric 5 table 100\n\
                 default via 198.51.100.1 onlink dev eth0 mtu 1400\n\
                 blackhole 203.0.113.0/24\n2001:db8:1::/48 via fe80::1 dev eth0\n\
                 src 198.51.100.9 to 10.0.0.0/8 via 198.51.100.1";
    let expected = [
        "inet unicast 192.0.2.0/24 via 198.51.100.1 dev eth0 src 198.51.100.9 table 100 metric 5",
        "inet unicast 0.0.0.0/0 via 198.51.100.1 dev eth0 table 254 mtu 1400 onlink",
        "inet blackhole 203.0.113.0/24 table 254",
        "inet6 unicast 2001:db8:1::/48 via fe80::1 dev eth0 table 254",
        "inet unicast 10.0.0.0/8 via 198.51.100.1 src 198.51.100.9 table 254",
    ];
    assert_eq!(printed_routes(lines), expected);
}

#[test]
fn a_default_route_is_of_the_family_of_its_gateway() {
    let routes = model("static_routes {\ndefault via 2001:db8::1\n}\n").static_routes;
    assert_eq!(routes[0].destination.to_string(), "::/0");
    assert_eq!(routes[0].kind, RouteKind::Unicast);
}

#[test]
fn a_rule_is_written_as_for_iproute2() {
    let lines = "from 192.0.2.0/24 table 100 preference 5\n\
                 fwmark 0x10/0xff iif eth0 goto 200 priority 6\ninet6 to 2001:db8::/32 blackhole pref 7";
    let expected = [
        "inet from 192.0.2.0/24 preference 5 table 100",
        "inet iif eth0 fwmark 16/255 preference 6 goto 200",
        "inet6 to 2001:db8::/32 preference 7 blackhole",
    ];
    assert_eq!(printed_rules(lines), expected);
}

#[test]
fn rules_without_preference_get_those_before_16384() {
    let text = "static_rules {\nfrom 192.0.2.1 table 1\nfrom 192.0.2.2 table 2\n}\n";
    assert_eq!(said(text), ["warning: this rule has no preference"; 2]);
    let priorities: Vec<_> = model(text).static_rules.iter().map(|rule| rule.priority).collect();
    assert_eq!(priorities, [16_384, 16_383]);
    assert_eq!(model(text).static_rules[1].action, RuleAction::Table(2));
}

#[test]
fn what_a_route_says_of_connections_is_in_the_units_of_the_kernel() {
    let lines = "192.0.2.0/24 dev eth0 mtu lock 1400 initcwnd 20 quickack 1 window 9\n\
                 192.0.2.0/24 dev eth0 rtt 300ms rttvar 1.5s rto_min lock 3sec\n\
                 192.0.2.0/24 dev eth0 rtt 3000 rttvar 3000 rto_min 3000";
    let expected = [
        "inet unicast 192.0.2.0/24 dev eth0 table 254 mtu lock 1400 window 9 initcwnd 20 quickack 1",
        "inet unicast 192.0.2.0/24 dev eth0 table 254 rtt 2400 rttvar 6000 rto_min lock 3000",
        "inet unicast 192.0.2.0/24 dev eth0 table 254 rtt 3000 rttvar 3000 rto_min 3000",
    ];
    assert_eq!(printed_routes(lines), expected);
}

#[test]
fn a_time_of_a_route_is_at_least_that_of_keepalived() {
    let routes = |words: &str| format!("static_routes {{\n192.0.2.0/24 dev eth0 {words}\n}}\n");
    let printed = |words| model(&routes(words)).static_routes[0].to_string();
    assert_eq!(said(&routes("rtt 100ms")), ["warning: `rtt` is at least 200 ms"]);
    assert!(printed("rtt 100ms").ends_with(" rtt 1600"));
    assert!(printed("rttvar 3").ends_with(" rttvar 800"));
    assert!(printed("rto_min 3").ends_with(" rto_min 200"));
}

#[test]
fn a_value_that_the_kernel_would_not_keep_is_an_error() {
    for (words, what) in [
        ("mtu 70000", "`mtu` cannot be `70000`"),
        ("hoplimit 256", "`hoplimit` cannot be `256`"),
        ("rtt 1h", "`rtt` cannot be `1h`"),
        ("rtt 5000000s", "`rtt` cannot be `5000000s`"),
        ("rto_min .", "`rto_min` cannot be `.`"),
        ("cwnd lock", "`cwnd` needs a value"),
    ] {
        let text = format!("static_routes {{\n192.0.2.0/24 dev eth0 {words}\n}}\n");
        assert_eq!(said(&text), [format!("error: {what}")]);
    }
}

#[test]
fn what_would_be_another_route_is_an_error() {
    for (line, error) in [
        ("192.0.2.0/24 via 2001:db8::1", "the addresses of a route are of one family"),
        ("via 192.0.2.1", "this route has no destination"),
        ("192.0.2.0/24 via", "`via` needs a value"),
        ("192.0.2.0/24 table mine", "`table` cannot be `mine`"),
    ] {
        assert_eq!(said(&format!("static_routes {{\n{line}\n}}\n")), [format!("error: {error}")]);
    }
    let text = "static_rules {\nfrom 192.0.2.1\n}\n";
    assert_eq!(said(text), ["error: this rule does nothing with packets"]);
}

#[test]
fn what_packets_travel_in_is_kept() {
    let table = "inet unicast 192.0.2.0/24 dev eth0 table 254";
    for (words, expected) in [
        ("encap mpls 100/1048575", "encap mpls 100/1048575"),
        ("encap ip dst 198.51.100.1 ttl 7 onlink", "encap ip dst 198.51.100.1 ttl 7 onlink"),
        ("encap ip id 18446744073709551615", "encap ip id 18446744073709551615"),
        ("encap ip6 hoplimit 9 tc 6 src ::1 dst ::2", "encap ip6 dst ::2 src ::1 tc 6 hoplimit 9"),
        ("encap ip src 198.51.100.1 id 5 tos 4", "encap ip id 5 src 198.51.100.1 tos 4"),
    ] {
        assert_eq!(
            printed_routes(&format!("192.0.2.0/24 dev eth0 {words}")),
            [format!("{table} {expected}")]
        );
    }
    let of_route = "192.0.2.0/24 encap ip id 5 dev eth0 src 198.51.100.9 tos 8";
    let source =
        "inet unicast 192.0.2.0/24 dev eth0 src 198.51.100.9 table 254 tos 8 encap ip id 5";
    assert_eq!(printed_routes(of_route), [source]);
}

#[test]
fn what_packets_cannot_travel_in_is_said() {
    for (words, what) in [
        ("encap", "`encap` needs a value"),
        ("encap ila 1:2:3:4", "`encap` cannot be `ila`"),
        ("encap mpls", "`mpls` needs a value"),
        ("encap mpls 100/", "`mpls` cannot be `100/`"),
        ("encap mpls 3", "`mpls` cannot be `3`"),
        ("encap mpls 1048576", "`mpls` cannot be `1048576`"),
        ("encap ip tos 4", "`encap ip` needs `id` or `dst`"),
        ("encap ip dst ::1", "`dst` cannot be `::1`"),
        ("encap ip6 dst 192.0.2.1", "`dst` cannot be `192.0.2.1`"),
        ("encap ip id 5 ttl 256", "`ttl` cannot be `256`"),
        ("encap ip id 5 flags 1", "`flags` is not supported in a route"),
    ] {
        let text = format!("static_routes {{\n192.0.2.0/24 dev eth0 {words}\n}}\n");
        assert_eq!(said(&text), [format!("error: {what}")]);
    }
    let several =
        "static_routes {\n192.0.2.0/24 encap ip id 5 nexthop dev eth0 nexthop dev eth1\n}\n";
    assert_eq!(said(several), ["error: a route has one way, or several"]);
}

#[test]
fn a_route_may_have_several_ways() {
    let lines = "192.0.2.0/24 metric 7 nexthop via 198.51.100.1 dev eth0 onlink weight 256 nexthop dev eth1\n\
                 default nexthop via inet6 fe80::1 dev eth0 nexthop via fe80::2 dev eth1 weight 2\n\
                 192.0.2.0/24 nexthop via 198.51.100.1 dev eth0 weight 9";
    let expected = [
        "inet unicast 192.0.2.0/24 table 254 metric 7 \
         nexthop via 198.51.100.1 dev eth0 weight 256 onlink nexthop dev eth1 weight 1",
        "inet6 unicast ::/0 table 254 \
         nexthop via fe80::1 dev eth0 weight 1 nexthop via fe80::2 dev eth1 weight 2",
        "inet unicast 192.0.2.0/24 via 198.51.100.1 dev eth0 table 254",
    ];
    assert_eq!(printed_routes(lines), expected);
}

#[test]
fn or_is_an_older_word_for_a_second_way() {
    let older = printed_routes("192.0.2.0/24 via 198.51.100.1 or 198.51.100.2 metric 7");
    let newer = "192.0.2.0/24 metric 7 nexthop via 198.51.100.1 nexthop via 198.51.100.2";
    assert_eq!(older, printed_routes(newer));
}

#[test]
fn a_way_that_is_none_is_an_error() {
    for (words, error) in [
        ("nexthop weight 2", "`nexthop` needs `via` or `dev`"),
        ("nexthop dev eth0 weight 257", "`weight` cannot be `257`"),
        ("nexthop dev eth0 weight 0", "`weight` cannot be `0`"),
        ("nexthop dev eth0 mtu 1400", "`mtu` is not supported in a nexthop"),
        ("dev eth0 nexthop dev eth1", "a route has one way, or several"),
        ("or 192.0.2.1", "`or` comes once, after `via`"),
        ("via 192.0.2.1 or 192.0.2.2 or 192.0.2.3", "`or` comes once, after `via`"),
        ("via 192.0.2.1 or 192.0.2.2 dev eth0", "a route has one way, or several"),
        ("nexthop via 192.0.2.1 nexthop via fe80::1", "the addresses of a route are of one family"),
    ] {
        let text = format!("static_routes {{\n192.0.2.0/24 {words}\n}}\n");
        assert_eq!(said(&text), [format!("error: {error}")]);
    }
}

#[test]
fn three_tables_have_names_of_their_own() {
    let lines = "192.0.2.0/24 dev eth0 table local\n192.0.2.0/24 dev eth0 table default\n\
                 192.0.2.0/24 dev eth0 table main";
    let tables: Vec<_> = model(&format!("static_routes {{\n{lines}\n}}\n"))
        .static_routes
        .into_iter()
        .map(|route| route.table)
        .collect();
    assert_eq!(tables, [255, 253, 254]);
}

#[test]
fn routes_and_rules_may_follow_an_instance() {
    let text = instance(
        "virtual_routes {\n198.51.100.0/24 via 192.0.2.1\n}\n\
         virtual_rules {\nfrom 192.0.2.10 table 100 preference 5\n}",
    );
    let instance = &model(&text).instances[0];
    assert_eq!((instance.routes.len(), instance.rules.len()), (1, 1));
}

#[test]
fn a_static_address_is_on_the_default_interface_unless_told_otherwise() {
    let text = "global_defs {\ndefault_interface eth3\n}\n\
                static_ipaddress {\n192.0.2.1/24\n192.0.2.2/24 dev eth1\n}\n";
    let interfaces: Vec<_> =
        model(text).static_addresses.into_iter().filter_map(|it| it.interface).collect();
    assert_eq!(interfaces, ["eth3", "eth1"]);
}
