//! With keepalived.

use crate::peer::Implementation::Keepalived;
use crate::scenario::{
    hand_over, message_only_checksum, no_preemption, our_owner, replay, same_file, their_owner, tie,
};
use crate::variant::{OVER_IPV6, Side, VERSION_2, VERSION_3, Variant};

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn version_2() {
    hand_over(Keepalived, VERSION_2);
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn version_2_with_a_password() {
    hand_over(Keepalived, Variant { password: Some("secret"), ..VERSION_2 });
}

const WITH_HEADER: Variant = Variant { password: Some("secret"), header: true, ..VERSION_2 };

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn with_an_authentication_header() {
    hand_over(Keepalived, WITH_HEADER);
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn unicast_with_an_authentication_header() {
    hand_over(Keepalived, Variant { unicast: true, ..WITH_HEADER });
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn from_virtual_macs_with_an_authentication_header() {
    hand_over(Keepalived, Variant { virtual_mac: true, ..WITH_HEADER });
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn a_replayed_packet_with_an_authentication_header_is_dropped() {
    replay(Keepalived, WITH_HEADER);
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn the_director_with_the_same_file_with_an_authentication_header() {
    same_file(WITH_HEADER);
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn version_3() {
    hand_over(Keepalived, VERSION_3);
}

// Often enough to be told from whole seconds, and rarely enough for a loaded machine to be judged.
#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn version_3_twice_a_second() {
    hand_over(Keepalived, VERSION_3.every(50));
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn over_ipv6_twice_a_second() {
    hand_over(Keepalived, OVER_IPV6.every(50));
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn version_3_ten_times_a_second() {
    hand_over(Keepalived, VERSION_3.every(10));
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn version_3_with_the_checksum_of_the_message_alone() {
    message_only_checksum(Keepalived, VERSION_3.quick(), "Invalid VRRPv3 checksum");
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn over_ipv6() {
    hand_over(Keepalived, OVER_IPV6.quick());
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn over_ipv6_unicast() {
    hand_over(Keepalived, Variant { unicast: true, ..OVER_IPV6.quick() });
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn over_ipv6_a_tie_that_ours_wins() {
    tie(Keepalived, OVER_IPV6.quick(), Side::Ours);
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn over_ipv6_a_tie_that_theirs_wins() {
    tie(Keepalived, OVER_IPV6.quick(), Side::Peer);
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn version_2_unicast() {
    hand_over(Keepalived, Variant { unicast: true, ..VERSION_2 });
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn version_3_unicast() {
    hand_over(Keepalived, Variant { unicast: true, ..VERSION_3.quick() });
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn version_3_with_virtual_macs() {
    hand_over(Keepalived, Variant { virtual_mac: true, ..VERSION_3.quick() });
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn over_ipv6_with_virtual_macs() {
    hand_over(Keepalived, Variant { virtual_mac: true, ..OVER_IPV6.quick() });
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn without_preemption() {
    no_preemption(Keepalived, VERSION_3.quick());
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn ours_is_the_owner() {
    our_owner(Keepalived, VERSION_3.quick());
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn theirs_is_the_owner() {
    their_owner(Keepalived, VERSION_3.quick());
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn a_tie_that_ours_wins() {
    tie(Keepalived, VERSION_3.quick(), Side::Ours);
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn a_tie_that_theirs_wins() {
    tie(Keepalived, VERSION_3.quick(), Side::Peer);
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn the_director_with_the_same_file() {
    same_file(VERSION_3.quick());
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn the_director_with_the_same_file_in_version_2_with_a_password() {
    same_file(Variant { password: Some("secret"), ..VERSION_2 });
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn the_director_with_the_same_file_unicast() {
    same_file(Variant { unicast: true, ..VERSION_3.quick() });
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn the_director_with_the_same_file_over_ipv6() {
    same_file(OVER_IPV6.quick());
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn the_director_with_the_same_file_and_virtual_macs() {
    same_file(Variant { virtual_mac: true, ..VERSION_3.quick() });
}
