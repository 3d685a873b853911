//! G: announcing the addresses. The bytes are tested beside their encoders.

use std::time::Duration;

use steadfast_vrrp::announce::{ALL_NODES, NeighborAdvertisement, Pace, Pacer};
use steadfast_vrrp::router::{AnnounceReason, AnnounceSettings, Timer, Transmit};
use steadfast_vrrp::{Family, MacAddress};

use crate::support::*;

#[test]
fn g1_every_address_is_announced_in_rounds() {
    let mut router = Router::active(config().unadvertised_addresses([ip("2001:db8::5")]));
    router.router.handle_addresses_installed(at(ms(3)));
    let announced = router.announced();
    let round = [ip(VIRTUAL[0]), ip(VIRTUAL[1]), ip("2001:db8::5")];
    assert_eq!(announced.len(), 5 * round.len());
    for addresses in announced.chunks(round.len()) {
        assert_eq!(addresses.iter().map(|it| it.address).collect::<Vec<_>>(), round);
    }
}

#[test]
fn g2_ipv6_addresses_are_told_to_all_nodes_unasked_and_to_be_believed() {
    let [source, target] = ["fe80::a", "fe80::100"].map(|address| address.parse().unwrap());
    let mac = MacAddress([0x00, 0x00, 0x5e, 0x00, 0x02, 0x33]);
    let message = NeighborAdvertisement { source, target, mac }.encode();
    assert_eq!(ALL_NODES.to_string(), "ff02::1");
    assert_eq!(message[..2], [136, 0], "neighbour advertisement");
    assert_eq!(message[4] & 0xe0, 0xa0, "router and override, not solicited");
    assert_eq!(message[8..24], target.octets());
    assert_eq!(message[24..], [2, 1, 0x00, 0x00, 0x5e, 0x00, 0x02, 0x33], "target link layer");
}

#[test]
fn g3_nothing_is_announced_before_the_addresses_are_installed() {
    let mut router = Router::active(config());
    router.hear(ms(1), &Advert::new(HIGHER_ADDRESS, 50)).unwrap();
    assert_eq!(router.announced(), []);
    router.router.handle_addresses_installed(at(ms(3)));
    assert!(!router.announced().is_empty());
}

#[test]
fn g3_a_second_word_of_the_installation_is_without_effect() {
    let mut router = Router::active(config()).installed();
    router.router.handle_addresses_installed(at(ms(3)));
    assert_eq!(router.announced(), []);
}

#[test]
fn g3_nothing_is_announced_after_yielding() {
    let mut router = Router::active(config());
    router.router.handle_addresses_installed(at(ms(3)));
    router.hear(ms(4), &Advert::new(HIGHER_ADDRESS, 150)).unwrap();
    assert_eq!(router.announced(), []);
}

#[test]
fn g_addresses_are_announced_a_second_time_after_the_delay() {
    let settings = AnnounceSettings { delay: ms(700), repeat: 2, ..AnnounceSettings::default() };
    let mut router = Router::active(config().announce(settings)).installed();
    assert_eq!(router.timer(), Timer::SecondAnnouncement);
    assert_eq!(router.wake_when_due(), at(ms(700)));
    let announced = router.announced();
    assert_eq!(announced.len(), 2 * VIRTUAL.len());
    assert_eq!(announced[0].reason, AnnounceReason::Second);
    assert_eq!(router.timer(), Timer::Adver, "and not a third time");
}

#[test]
fn g_no_delay_means_no_second_time() {
    let settings = AnnounceSettings { delay: Duration::ZERO, ..AnnounceSettings::default() };
    let router = Router::active(config().announce(settings)).installed();
    assert_eq!(router.timer(), Timer::Adver);
}

#[test]
fn g_addresses_are_refreshed_for_ever_where_configured() {
    let settings =
        AnnounceSettings { delay: Duration::ZERO, refresh: ms(300), ..AnnounceSettings::default() };
    let mut router = Router::active(config().announce(settings)).installed();
    for round in 1..=3 {
        assert_eq!(router.timer(), Timer::Refresh);
        assert_eq!(router.wake_when_due(), at(ms(300 * round)));
        let announced = router.announced();
        assert_eq!(announced.len(), VIRTUAL.len());
        assert_eq!(announced[0].reason, AnnounceReason::Refresh);
    }
}

#[test]
fn g_announcements_that_may_not_go_yet_stay_owed() {
    let settings = AnnounceSettings { delay: Duration::ZERO, repeat: 2, ..<_>::default() };
    let mut router = Router::active(config().announce(settings));
    router.router.handle_addresses_installed(at(ms(3)));
    let garp_interval = ms(10);
    let mut pacer = Pacer::new(Pace { garp_interval, ..Pace::default() });
    let mut sent = Vec::new();
    for millis in 0..40 {
        let now = at(ms(3 + millis));
        let admit = |_: &Transmit| pacer.admit(now, Family::Ipv4).is_ok();
        if let Some(Transmit::Announce(announce)) = router.router.poll_transmit_if(admit) {
            sent.push((now, announce.address));
        }
    }
    let [first, second] = VIRTUAL.map(ip);
    let times = [3, 13, 23, 33].map(|millis| at(ms(millis)));
    assert_eq!(sent, times.into_iter().zip([first, second, first, second]).collect::<Vec<_>>());
}

#[test]
fn g_an_advertisement_does_not_wait_behind_announcements() {
    let mut router = Router::active(config());
    router.router.handle_addresses_installed(at(ms(3)));
    assert_eq!(router.router.poll_transmit_if(|_| false), None);
    router.wake(ms(1000));
    let next = router.router.poll_transmit_if(|it| matches!(it, Transmit::Advertisement(_)));
    assert!(next.is_some());
}

#[test]
fn g3_announcements_held_back_are_forgotten_after_yielding() {
    let mut router = Router::active(config());
    router.router.handle_addresses_installed(at(ms(3)));
    assert_eq!(router.router.poll_transmit_if(|_| false), None);
    router.hear(ms(4), &Advert::new(HIGHER_ADDRESS, 150)).unwrap();
    assert_eq!(router.announced(), []);
}
