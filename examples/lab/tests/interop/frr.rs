//! With the vrrpd of FRR, which knows neither passwords nor owners.

use crate::peer::Implementation::Frr;
use crate::scenario::{hand_over, message_only_checksum, no_preemption, our_owner, tie};
use crate::variant::{OVER_IPV6, Side, VERSION_2, VERSION_3, Variant};

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn version_2() {
    hand_over(Frr, VERSION_2);
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn version_3() {
    hand_over(Frr, VERSION_3);
}

// Often enough to be told from whole seconds, and rarely enough for a loaded machine to be judged.
#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn version_3_twice_a_second() {
    hand_over(Frr, VERSION_3.every(50));
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn over_ipv6_twice_a_second() {
    hand_over(Frr, OVER_IPV6.every(50));
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn version_3_ten_times_a_second() {
    hand_over(Frr, VERSION_3.every(10));
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn over_ipv6() {
    hand_over(Frr, OVER_IPV6.quick());
}

// The other way it yields too: the addresses of its macvlan, and with them the one that it compares,
// are gone at that moment ("Failed to find address to bind").
#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn over_ipv6_a_tie_that_ours_wins() {
    tie(Frr, OVER_IPV6.quick(), Side::Ours);
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn version_3_with_the_checksum_of_the_message_alone() {
    message_only_checksum(Frr, VERSION_3.quick(), "Bad VRRP checksum");
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn version_3_with_virtual_macs() {
    hand_over(Frr, Variant { virtual_mac: true, ..VERSION_3.quick() });
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn over_ipv6_with_virtual_macs() {
    hand_over(Frr, Variant { virtual_mac: true, ..OVER_IPV6.quick() });
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn without_preemption() {
    no_preemption(Frr, VERSION_3.quick());
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn ours_is_the_owner() {
    our_owner(Frr, VERSION_3.quick());
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn a_tie_that_ours_wins() {
    tie(Frr, VERSION_3.quick(), Side::Ours);
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn a_tie_that_theirs_wins() {
    tie(Frr, VERSION_3.quick(), Side::Peer);
}
