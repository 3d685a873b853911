//! C: what can be configured, and changed while the router runs.

use std::time::Duration;

use steadfast_vrrp::packet::{Authentication, Password};
use steadfast_vrrp::router::{
    AnnounceSettings, ConfigBuilder, ConfigError, Destination, Event, InvalidAddresses,
    OwnerPriority, ReconfigureError, State, Timer, VirtualAddresses,
};
use steadfast_vrrp::{Priority, Version};

use crate::support::*;

#[test]
fn c1_priority_0_does_not_exist() {
    assert!(Priority::new(0).is_err());
}

#[test]
fn c1_the_owner_always_preempts() {
    let config = config().priority(prio(255)).preempt(false).build();
    assert_eq!(config.unwrap_err(), ConfigError::OwnerMustPreempt);
}

#[test]
fn c1_tracking_makes_no_owner_and_unmakes_none() {
    let mut backup = Router::backup(config());
    let error = OwnerPriority { current: prio(100), requested: prio(255) };
    assert_eq!(backup.router.set_priority(at(ms(20)), prio(255)), Err(error));

    let mut owner = Router::new(config().priority(prio(255)));
    let error = OwnerPriority { current: prio(255), requested: prio(254) };
    assert_eq!(owner.router.set_priority(at(ms(20)), prio(254)), Err(error));
    assert_eq!(owner.router.effective_priority(), prio(255));
}

#[test]
fn c2_an_interval_the_version_cannot_express_is_refused() {
    for (version, interval) in [(Version::V2, 50), (Version::V3, 4096)] {
        let interval = centis(interval);
        let config = config().version(version).interval(interval).build();
        assert_eq!(config.unwrap_err(), ConfigError::Interval { version, interval });
    }
}

#[test]
fn c3_v3_has_no_authentication() {
    let password = Authentication::SimplePassword(Password::new(b"secret12").unwrap());
    let config = config().authentication(password).build();
    assert_eq!(config.unwrap_err(), ConfigError::AuthenticationInVersion3);
}

#[test]
fn c3_an_authentication_that_could_not_be_checked_is_refused() {
    for (authentication, number) in
        [(Authentication::AuthenticationHeader, 2), (Authentication::Other(254), 254)]
    {
        let config = config().version(Version::V2).authentication(authentication).build();
        assert_eq!(config.unwrap_err(), ConfigError::AuthenticationType { number });
    }
}

#[test]
fn c4_an_active_router_stays_active_and_advertises_the_new_priority() {
    let mut router = Router::active(config());
    router.router.set_priority(at(ms(20)), prio(50)).unwrap();
    assert_eq!(router.deadline(), at(ms(1000)));
    assert_eq!(router.events(), [Event::PriorityChange { from: prio(100), to: prio(50) }]);
    router.wake_when_due();
    assert_eq!(router.state(), State::Active);
    assert_eq!(router.sent()[0].0, 50);
}

#[test]
fn c4_a_backup_rebases_its_timer() {
    let mut router = Router::backup(config());
    router.hear(ms(10), &Advert::new(HIGHER_ADDRESS, 150)).unwrap();
    router.router.set_priority(at(ms(20)), prio(228)).unwrap();
    assert_eq!(router.deadline(), at(ms(10) + us(3_109_375)));
    router.router.set_priority(at(ms(20)), prio(100)).unwrap();
    assert_eq!(router.deadline(), at(ms(10) + us(3_609_375)));
}

#[test]
fn c4_a_timer_that_a_change_makes_due_was_not_missed() {
    let mut router = Router::backup(config());
    router.router.set_priority(at(ms(3500)), prio(254)).unwrap();
    assert_eq!(router.deadline(), at(ms(3500)), "not 3.0078125 s");
    router.wake_when_due();
    assert_eq!(router.state(), State::Active);

    let mut overslept = Router::backup(config());
    overslept.router.set_priority(at(ms(9000)), prio(254)).unwrap();
    overslept.wake(ms(9000));
    assert_eq!(overslept.state(), State::Backup);
}

#[test]
fn c4_a_backup_raised_above_the_active_router_preempts_it() {
    let mut router = Router::backup(config());
    router.hear(ms(10), &Advert::new(HIGHER_ADDRESS, 150)).unwrap();
    router.router.set_priority(at(ms(20)), prio(200)).unwrap();
    let due = router.deadline();
    router.hear(ms(1010), &Advert::new(HIGHER_ADDRESS, 150)).unwrap();
    assert_eq!(router.deadline(), due);
}

#[test]
fn c_addresses_are_of_one_family_distinct_and_at_least_one() {
    let new = |addresses: &[&str]| VirtualAddresses::new(addresses.iter().map(|it| ip(it)));
    assert_eq!(new(&[]).unwrap_err(), InvalidAddresses::Empty);
    let address = ip("fe80::1");
    let mixed = InvalidAddresses::MixedFamilies { address };
    assert_eq!(new(&["192.0.2.1", "fe80::1"]).unwrap_err(), mixed);
    let twice = InvalidAddresses::Duplicate { address };
    assert_eq!(new(&["fe80::1", "fe80::1"]).unwrap_err(), twice);
}

#[test]
fn c_no_more_addresses_than_an_advertisement_counts() {
    let new =
        |count: u32| VirtualAddresses::new((0..count).map(|i| std::net::Ipv4Addr::from(i).into()));
    assert!(new(255).is_ok());
    assert_eq!(new(256).unwrap_err(), InvalidAddresses::TooMany);
}

#[test]
fn c_ipv6_begins_with_a_link_local_address() {
    let config = config_of(&["2001:db8::1", "fe80::1"]).build();
    let address = ip("2001:db8::1");
    assert_eq!(config.unwrap_err(), ConfigError::FirstAddress { address });
}

#[test]
fn c_v2_has_no_ipv6() {
    let config = config_of(&VIRTUAL_IPV6).version(Version::V2).build();
    assert_eq!(config.unwrap_err(), ConfigError::Version2OverIpv6);
}

#[test]
fn c_an_address_is_not_both_advertised_and_not() {
    let address = ip(VIRTUAL[1]);
    let config = config().unadvertised_addresses([address]).build();
    assert_eq!(config.unwrap_err(), ConfigError::DuplicateAddress { address });
}

#[test]
fn c_reconfiguring_an_active_router_keeps_it_active() {
    let mut router = Router::active(config()).installed();
    let new = config_of(&["192.0.2.200"]).interval(centis(50)).build().unwrap();
    router.router.reconfigure(at(ms(100)), new).unwrap();
    assert_eq!(router.state(), State::Active);
    assert_eq!(router.deadline(), at(ms(600)), "the shorter interval holds from now on");
    assert_eq!(router.transmits(), []);
    router.router.handle_addresses_installed(at(ms(110)));
    assert!(router.announced().iter().all(|it| it.address == ip("192.0.2.200")));
}

#[test]
fn c_reconfiguring_with_the_same_addresses_announces_nothing() {
    let mut router = Router::active(config()).installed();
    router.router.reconfigure(at(ms(100)), config().priority(prio(90)).build().unwrap()).unwrap();
    router.router.handle_addresses_installed(at(ms(110)));
    assert_eq!(router.announced(), []);
    assert_eq!(router.router.effective_priority(), prio(90));
}

#[test]
fn c_reconfiguring_a_backup_moves_its_timer() {
    let mut router = Router::backup(config());
    let new = config().down_timer_adverts(5).build().unwrap();
    router.router.reconfigure(at(ms(100)), new).unwrap();
    assert_eq!(router.deadline(), at(us(5_609_375)));
}

#[test]
fn c_reconfiguring_does_not_unlearn_the_active_routers_interval() {
    let mut router = Router::backup(config());
    router.hear(ms(10), &Advert::new(HIGHER_ADDRESS, 150).every(200)).unwrap();
    let due = router.deadline();
    let new = config().interval(centis(50)).build().unwrap();
    router.router.reconfigure(at(ms(100)), new).unwrap();
    assert_eq!(router.deadline(), due);
}

#[test]
fn c_another_identity_is_another_router() {
    let mut router = Router::backup(config());
    let v2 = config().version(Version::V2).build().unwrap();
    assert_eq!(router.router.reconfigure(at(ms(1)), v2), Err(ReconfigureError::Identity));
    let owner = config().priority(prio(255)).build().unwrap();
    assert_eq!(router.router.reconfigure(at(ms(1)), owner), Err(ReconfigureError::Owner));
}

fn refreshing(refresh: Duration) -> ConfigBuilder {
    config().announce(AnnounceSettings { delay: Duration::ZERO, refresh, ..<_>::default() })
}

#[test]
fn c_a_refresh_that_is_configured_no_more_ceases() {
    let mut router = Router::active(refreshing(ms(300))).installed();
    router.router.reconfigure(at(ms(100)), refreshing(Duration::ZERO).build().unwrap()).unwrap();
    assert_eq!(router.timer(), Timer::Adver);
    router.wake(ms(1000));
    assert_eq!(router.deadline(), at(ms(2000)));
}

#[test]
fn c_a_refresh_that_is_configured_anew_counts_from_now() {
    let mut router = Router::active(refreshing(Duration::ZERO)).installed();
    router.router.reconfigure(at(ms(100)), refreshing(ms(300)).build().unwrap()).unwrap();
    assert_eq!((router.timer(), router.deadline()), (Timer::Refresh, at(ms(400))));
}

#[test]
fn c_a_refresh_configured_before_the_addresses_are_installed_waits_for_them() {
    let mut router = Router::active(refreshing(Duration::ZERO));
    router.router.reconfigure(at(ms(100)), refreshing(ms(300)).build().unwrap()).unwrap();
    assert_eq!(router.timer(), Timer::Adver);
}

#[test]
fn x3_strict_mode_refuses_what_the_standard_does_not_have() {
    let password = Authentication::SimplePassword(Password::new(b"secret12").unwrap());
    let strict = |config: ConfigBuilder| config.strict(true).build().map_err(|it| it.to_string());
    assert!(strict(config()).is_ok());
    for (config, option) in [
        (config().destination(Destination::unicast([ip(HIGHER_ADDRESS)])), "unicast"),
        (config().version(Version::V2).authentication(password), "authentication"),
        (config().preempt_delay(ms(1000)), "a preemption delay"),
        (config().down_timer_adverts(4), "another number of missed advertisements than 3"),
        (
            config_of(&["2001:db8::1"]).link_local_first(false),
            "IPv6 without a link-local address first",
        ),
    ] {
        assert!(config.clone().build().is_ok());
        assert_eq!(strict(config), Err(format!("strict mode does not allow {option}")));
    }
}

#[test]
fn x3_timer_expired_backup_is_for_routers_that_do_not_preempt() {
    let refused = config().timer_expired_backup(Some(prio(254))).build().unwrap_err();
    assert_eq!(refused, ConfigError::TimerExpiredWithPreempt);
}

#[test]
fn x3_owner_ignore_adverts_is_for_owners() {
    let refused = config().owner_ignore_adverts(true).build().unwrap_err();
    assert_eq!(refused, ConfigError::OnlyOwnerIgnores);
}
