//! A: what an Active router does.

use std::net::Ipv6Addr;
use std::time::Duration;

use steadfast_vrrp::announce::NeighborAdvertisement;
use steadfast_vrrp::router::{
    AdvertiseReason, AnnounceReason, AnnounceSettings, ConfigBuilder, Event, Peer, State,
    StateReason, Timer, Transmit,
};
use steadfast_vrrp::{Family, MacAddress, Priority, Vrid};

use crate::support::*;

#[test]
fn a1_advertises_every_interval() {
    let mut router = Router::active(config());
    for second in 1..=3 {
        assert_eq!(router.wake_when_due(), at(ms(second * 1000)));
        assert_eq!(router.sent(), [(100, AdvertiseReason::Interval)]);
    }
}

#[test]
fn a1_lateness_does_not_add_up() {
    let mut router = Router::active(config());
    router.wake(ms(1007));
    assert_eq!(router.deadline(), at(ms(2000)));
}

#[test]
fn a1_at_most_one_missed_advertisement_is_caught_up_with() {
    let mut router = Router::active(config());
    router.wake(ms(3100));
    assert_eq!(router.sent(), [(100, AdvertiseReason::Interval)]);
    assert_eq!(router.deadline(), at(ms(4100)));
}

#[test]
fn a2_priority_0_is_answered_at_once() {
    let mut router = Router::active(config());
    router.hear(ms(400), &Advert::new(HIGHER_ADDRESS, 0)).unwrap();
    assert_eq!(router.state(), State::Active);
    assert_eq!(router.sent(), [(100, AdvertiseReason::PeerResigned)]);
    assert_eq!(router.deadline(), at(ms(1400)));
}

#[test]
fn a3_yields_to_a_higher_priority_and_learns_its_interval() {
    let mut router = Router::active(config());
    router.hear(ms(400), &Advert::new(LOWER_ADDRESS, 101).every(10)).unwrap();
    assert_eq!(router.state(), State::Backup);
    assert!(!router.router.holds_addresses());
    assert_eq!(router.sent(), []);
    assert_eq!(router.timer(), Timer::ActiveDown);
    let down = us(360_937) + Duration::from_nanos(500);
    assert_eq!(router.deadline(), at(ms(400) + down));
}

#[test]
fn a3_yields_to_the_same_priority_from_a_greater_address() {
    let mut router = Router::active(config());
    router.hear(ms(400), &Advert::new(HIGHER_ADDRESS, 100)).unwrap();
    assert_eq!(router.state(), State::Backup);
    let peer = Peer { address: ip(HIGHER_ADDRESS), priority: Some(prio(100)) };
    let ours = Some(ip(OUR_ADDRESS));
    assert_eq!(router.reason(), StateReason::GreaterAddress { peer, ours });
}

#[test]
fn a3_addresses_are_compared_as_unsigned_numbers_in_network_order() {
    for (source, state) in [
        ("192.0.2.200", State::Backup),
        ("10.255.255.255", State::Active),
        ("203.0.113.1", State::Backup),
    ] {
        let mut router = Router::active(config());
        router.hear(ms(400), &Advert::new(source, 100)).unwrap();
        assert_eq!(router.state(), state, "{source}");
    }
}

#[test]
fn a3_without_an_address_of_its_own_every_tie_is_lost() {
    let mut router = Router::active(config());
    router.router.set_source(None);
    router.hear(ms(400), &Advert::new("10.0.0.1", 100)).unwrap();
    assert_eq!(router.state(), State::Backup);
}

#[test]
fn a3_says_a_last_word_where_configured() {
    let mut router = Router::active(config().higher_prio_send_advert(true));
    router.hear(ms(400), &Advert::new(HIGHER_ADDRESS, 101)).unwrap();
    assert_eq!(router.sent(), [(100, AdvertiseReason::HigherPriorityPeer)]);
}

#[test]
fn a4_any_other_router_is_put_right_at_once() {
    for (source, priority) in [(HIGHER_ADDRESS, 99), (LOWER_ADDRESS, 100)] {
        let mut router = Router::active(config()).installed();
        router.hear(ms(400), &Advert::new(source, priority)).unwrap();
        assert_eq!(router.state(), State::Active);
        assert_eq!(router.deadline(), at(ms(1000)), "no timer is reset");
        assert_eq!(router.sent(), [(100, AdvertiseReason::LowerPriorityPeer)]);
        let peer = Peer { address: ip(source), priority: Some(prio(priority)) };
        assert_eq!(router.events(), [Event::LowerPriorityPeer { peer }]);
    }
}

#[test]
fn a4_the_addresses_are_announced_again_but_once_per_interval() {
    let mut router = Router::active(config()).installed();
    let mut announced = |millis| {
        router.hear(ms(millis), &Advert::new(HIGHER_ADDRESS, 99)).unwrap();
        let announced = router.announced();
        assert!(announced.iter().all(|it| it.reason == AnnounceReason::LowerPriorityPeer));
        announced.len()
    };
    assert_eq!([400, 500, 1399, 1400].map(&mut announced), [10, 0, 0, 10]);
}

#[test]
fn a4_only_announces_where_configured() {
    let mut router = Router::active(config().lower_prio_no_advert(true)).installed();
    router.hear(ms(400), &Advert::new(HIGHER_ADDRESS, 99)).unwrap();
    let transmits = router.transmits();
    assert!(transmits.iter().all(|it| matches!(it, Transmit::Announce(_))), "{transmits:?}");
    assert_eq!(transmits.len(), 10);
}

#[test]
fn a4_is_silent_in_strict_mode() {
    let settings = AnnounceSettings { delay: Duration::ZERO, ..AnnounceSettings::default() };
    let mut router = Router::active(config().strict(true).announce(settings)).installed();
    router.hear(ms(400), &Advert::new(HIGHER_ADDRESS, 99)).unwrap();
    assert_eq!(router.transmits(), []);
    for second in 1..=6 {
        assert_eq!(router.timer(), Timer::Adver, "nor is anything announced later");
        assert_eq!(router.wake_when_due(), at(ms(second * 1000)));
    }
}

#[test]
fn a4_a_batch_of_stale_advertisements_is_answered_once() {
    let mut router = Router::active(config());
    for millis in 0..8 {
        router.hear(ms(millis), &Advert::new(HIGHER_ADDRESS, 99)).unwrap();
    }
    assert_eq!(router.sent().len(), 1);
}

#[test]
fn a5_shutdown_gives_up_with_priority_0() {
    let mut router = Router::active(config());
    router.router.handle_shutdown(at(ms(400)));
    assert_eq!(router.state(), State::Initialize);
    assert!(!router.router.holds_addresses());
    assert_eq!(router.sent(), [(0, AdvertiseReason::Resign)]);
    assert_eq!(router.router.poll_timeout(), None);
}

#[test]
fn a6_the_addresses_are_told_with_the_virtual_mac_and_as_a_routers() {
    let vrid = Vrid::new(51).unwrap();
    let mac = MacAddress::virtual_router(vrid, Family::Ipv4);
    assert_eq!(mac.to_string(), "00:00:5e:00:01:33");
    let mac = MacAddress::virtual_router(vrid, Family::Ipv6);
    assert_eq!(mac.to_string(), "00:00:5e:00:02:33");
    let [source, target] = [Ipv6Addr::LOCALHOST; 2];
    let router_flag = NeighborAdvertisement { source, target, mac }.encode()[4] & 0x80;
    assert_eq!(router_flag, 0x80);
}

#[test]
fn a7_packets_to_the_addresses_are_accepted_in_accept_mode_or_by_the_owner() {
    let owner = |config: ConfigBuilder| config.priority(Priority::OWNER);
    for (config, accepts) in [
        (config(), true),
        (config().accept(false), false),
        (owner(config().accept(false)), true),
        (config().strict(true), false),
        (config().strict(true).accept(true), true),
        (owner(config().strict(true)), true),
    ] {
        let mut router = Router::new(config);
        assert!(!router.router.accepts_packets());
        router.router.handle_startup(at(START));
        if router.state() == State::Backup {
            assert!(!router.router.accepts_packets());
            router.wake_when_due();
        }
        assert_eq!(router.state(), State::Active);
        assert_eq!(router.router.accepts_packets(), accepts);
    }
}
