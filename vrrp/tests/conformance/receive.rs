//! R: the receive ladder. Each test spoils a packet in one way, and names the error and the
//! counter.

use steadfast_vrrp::packet::{
    Authentication, ChecksumForm, ChecksumPolicy, DecodeError, Format, Password,
};
use steadfast_vrrp::router::{
    AddressListCheck, Counters, Event, Outcome, Peer, ReceiveError, State,
};
use steadfast_vrrp::{Family, Version, Vrid};

use crate::support::*;

fn peer() -> Advert {
    Advert::new(HIGHER_ADDRESS, 150)
}

fn v2_config() -> steadfast_vrrp::router::ConfigBuilder {
    config().version(Version::V2)
}

fn password(password: &str) -> Authentication {
    Authentication::SimplePassword(Password::new(password.as_bytes()).unwrap())
}

/// What a Backup says to `bytes` in the IP packet of `advert`, and which counter it moved.
fn refusal(router: &mut Router, advert: &Advert, bytes: &[u8]) -> (ReceiveError, Counters) {
    let due = router.deadline();
    let received = advert.received(at(ms(10)));
    let error = router.router.handle_packet(at(ms(10)), &received, bytes).unwrap_err();
    assert_eq!(router.deadline(), due, "a discarded packet moves no timer");
    assert_eq!(router.state(), State::Backup);
    (error, *router.router.counters())
}

fn spoiled(spoil: impl FnOnce(&mut Vec<u8>)) -> (ReceiveError, Counters) {
    let mut bytes = peer().bytes();
    spoil(&mut bytes);
    seal(&mut bytes);
    refusal(&mut Router::backup(config()), &peer(), &bytes)
}

fn accepted(outcome: Result<Outcome, ReceiveError>) -> (Option<ChecksumForm>, usize) {
    match outcome {
        Ok(Outcome::Accepted { checksum, trailing }) => (checksum, trailing),
        other => panic!("not accepted: {other:?}"),
    }
}

#[test]
fn r1_ttl_other_than_255_is_discarded() {
    let advert = Advert { hop_limit: 254, ..peer() };
    let (error, counters) = refusal(&mut Router::backup(config()), &advert, &advert.bytes());
    assert_eq!(error, ReceiveError::HopLimit { found: 254 });
    assert_eq!(counters.ip_ttl_errors, 1);
}

#[test]
fn r2_another_version_is_discarded() {
    let advert = Advert::v2(HIGHER_ADDRESS, 150, Authentication::None);
    let (error, counters) = refusal(&mut Router::backup(config()), &advert, &advert.bytes());
    assert_eq!(error, ReceiveError::Version { found: 2, expected: Version::V3 });
    assert_eq!(counters.version_errors, 1);
}

#[test]
fn r3_another_type_is_discarded() {
    let (error, counters) = spoiled(|bytes| bytes[0] = 0x37);
    assert_eq!(error, ReceiveError::Decode(DecodeError::Type { found: 7 }));
    assert_eq!(counters.invalid_type_pkts_rcvd, 1);
}

#[test]
fn r4_every_truncated_packet_is_discarded() {
    for advert in
        [peer(), Advert::new("fe80::b", 150), Advert::v2(HIGHER_ADDRESS, 150, Authentication::None)]
    {
        let bytes = advert.bytes();
        for length in 0..bytes.len() {
            let mut router = Router::backup(match advert.format {
                Format::V2 { .. } => v2_config(),
                Format::V3 { .. } if advert.source.is_ipv6() => config_of(&VIRTUAL_IPV6),
                Format::V3 { .. } => config(),
            });
            let (error, counters) = refusal(&mut router, &advert, &bytes[..length]);
            let needed = if length < 8 { 8 } else { bytes.len() };
            let expected = DecodeError::Truncated { length, needed };
            assert_eq!(error, ReceiveError::Decode(expected));
            assert_eq!(counters.packet_length_errors, 1);
        }
    }
}

#[test]
fn r4_trailing_bytes_are_tolerated_and_reported() {
    let mut bytes = peer().bytes();
    bytes.extend([0xaa; 30]);
    let received = peer().received(at(ms(10)));
    let outcome = Router::backup(config()).router.handle_packet(at(ms(10)), &received, &bytes);
    assert_eq!(accepted(outcome).1, 30);
}

#[test]
fn r5_a_wrong_checksum_is_discarded() {
    let mut bytes = peer().bytes();
    bytes[7] ^= 1;
    let (error, counters) = refusal(&mut Router::backup(config()), &peer(), &bytes);
    assert!(matches!(error, ReceiveError::Decode(DecodeError::Checksum { .. })), "{error}");
    assert_eq!(counters.checksum_errors, 1);
}

#[test]
fn r5_either_checksum_of_v3_over_ipv4_is_accepted_and_reported() {
    for form in [ChecksumForm::PseudoHeader, ChecksumForm::MessageOnly] {
        let advert = Advert { format: Format::V3 { checksum: form }, ..peer() };
        let outcome = Router::backup(config()).hear(ms(10), &advert);
        assert_eq!(accepted(outcome).0, Some(form));
    }
}

#[test]
fn r5_only_the_checksum_of_a_strict_policy_is_accepted() {
    let (ours, other) = (ChecksumForm::MessageOnly, ChecksumForm::PseudoHeader);
    let strict = || config().checksum_policy(ChecksumPolicy::Only(ours));

    let advert = Advert { format: Format::V3 { checksum: ours }, ..peer() };
    accepted(Router::backup(strict()).hear(ms(10), &advert));

    let advert = Advert { format: Format::V3 { checksum: other }, ..peer() };
    let (error, _) = refusal(&mut Router::backup(strict()), &advert, &advert.bytes());
    assert!(matches!(error, ReceiveError::Decode(DecodeError::Checksum { .. })), "{error}");
}

#[test]
fn r6_another_vrid_is_discarded() {
    let advert = Advert { vrid: 52, ..peer() };
    let (error, counters) = refusal(&mut Router::backup(config()), &advert, &advert.bytes());
    let expected = Vrid::new(51).unwrap();
    assert_eq!(error, ReceiveError::Vrid { found: 52, expected });
    assert_eq!(counters.vrid_errors, 1);
}

#[test]
fn r6_another_family_is_discarded() {
    let advert = Advert::new("fe80::b", 150);
    let (error, counters) = refusal(&mut Router::backup(config()), &advert, &advert.bytes());
    let (found, expected) = (Family::Ipv6, Family::Ipv4);
    assert_eq!(error, ReceiveError::Family { found, expected });
    assert_eq!(counters.family_errors, 1);
}

#[test]
fn r7_a_count_of_0_is_discarded() {
    let (error, counters) = spoiled(|bytes| {
        bytes[3] = 0;
        bytes.truncate(8);
    });
    assert_eq!(error, ReceiveError::Decode(DecodeError::NoAddresses));
    assert_eq!(counters.address_list_errors, 1);
}

#[test]
fn r8_an_interval_of_0_is_discarded() {
    let (error, counters) = spoiled(|bytes| bytes[4..6].fill(0));
    assert_eq!(error, ReceiveError::Decode(DecodeError::Interval));
    assert_eq!(counters.interval_errors, 1);
}

#[test]
fn r9_ipv6_without_a_link_local_address_first_is_discarded() {
    let advert = Advert { addresses: vec![ip("2001:db8::100")], ..Advert::new("fe80::b", 150) };
    let mut router = Router::backup(config_of(&VIRTUAL_IPV6));
    let (error, counters) = refusal(&mut router, &advert, &advert.bytes());
    let address = ip("2001:db8::100");
    assert_eq!(error, ReceiveError::Decode(DecodeError::FirstAddress { address }));
    assert_eq!(counters.address_list_errors, 1);
}

#[test]
fn r9_is_not_asked_of_routers_configured_without_a_link_local_address() {
    let advert = Advert { addresses: vec![ip("2001:db8::100")], ..Advert::new("fe80::b", 150) };
    let config = config_of(&["2001:db8::100"]).link_local_first(false);
    accepted(Router::backup(config).hear(ms(10), &advert));
}

#[test]
fn r10_the_owner_reports_another_once_and_does_not_discard() {
    let mut owner = Router::new(config().priority(prio(255)));
    owner.router.handle_startup(at(START));
    owner.drain();
    let advert = Advert::new(HIGHER_ADDRESS, 255);
    accepted(owner.hear(ms(10), &advert));
    let peer = Peer { address: ip(HIGHER_ADDRESS), priority: Some(prio(255)) };
    let conflicts = |router: &mut Router| {
        let conflict = Event::OwnerConflict { peer };
        router.events().into_iter().filter(|event| *event == conflict).count()
    };
    assert_eq!(owner.state(), State::Backup, "the election settles it");
    assert_eq!(conflicts(&mut owner), 1);
}

#[test]
fn r11_another_authentication_type_is_discarded() {
    let advert = Advert::v2(HIGHER_ADDRESS, 150, password("secret12"));
    let mut router = Router::backup(v2_config());
    let (error, counters) = refusal(&mut router, &advert, &advert.bytes());
    let expected = ReceiveError::AuthenticationType { found: 1, expected: 0 };
    assert_eq!(error, expected);
    assert_eq!(counters.auth_type_mismatch, 1);
}

#[test]
fn r11_an_unknown_authentication_type_is_discarded() {
    let advert = Advert::v2(HIGHER_ADDRESS, 150, Authentication::None);
    let mut bytes = advert.bytes();
    bytes[4] = 254;
    seal(&mut bytes);
    let (error, counters) = refusal(&mut Router::backup(v2_config()), &advert, &bytes);
    let expected = ReceiveError::AuthenticationType { found: 254, expected: 0 };
    assert_eq!(error, expected);
    assert_eq!(counters.invalid_auth_type, 1);
}

#[test]
fn r11_an_ip_authentication_header_is_told_from_garbage() {
    let advert = Advert::v2(HIGHER_ADDRESS, 150, Authentication::AuthenticationHeader);
    // Next header VRRP, four words more follow; SPI, sequence, and 12 bytes of hash (RFC 2402).
    let mut bytes = vec![112, 4, 0, 0];
    bytes.extend([0; 20]);
    bytes.extend(advert.bytes());
    let (error, counters) = refusal(&mut Router::backup(v2_config()), &advert, &bytes);
    assert_eq!(error, DecodeError::AuthenticationHeader.into());
    assert_eq!(counters.auth_type_mismatch, 1);
}

#[test]
fn r11_a_wrong_password_is_discarded() {
    let advert = Advert::v2(HIGHER_ADDRESS, 150, password("secret13"));
    let mut router = Router::backup(v2_config().authentication(password("secret12")));
    let (error, counters) = refusal(&mut router, &advert, &advert.bytes());
    assert_eq!(error, ReceiveError::Password);
    assert_eq!(counters.auth_failures, 1);
}

#[test]
fn r11_the_right_password_is_accepted() {
    let advert = Advert::v2(HIGHER_ADDRESS, 150, password("secret12"));
    let mut router = Router::backup(v2_config().authentication(password("secret12")));
    accepted(router.hear(ms(10), &advert));
}

#[test]
fn r12_v2_discards_another_interval() {
    let advert = Advert::v2(HIGHER_ADDRESS, 150, Authentication::None).every(200);
    let mut router = Router::backup(v2_config());
    let (error, counters) = refusal(&mut router, &advert, &advert.bytes());
    let expected = ReceiveError::Interval { found: centis(200), expected: centis(100) };
    assert_eq!(error, expected);
    assert_eq!(counters.interval_errors, 1);
}

#[test]
fn r12_v3_reports_another_interval_once_and_goes_on() {
    let mut router = Router::backup(config());
    for _ in 0..3 {
        accepted(router.hear(ms(10), &peer().every(200)));
    }
    let differs = Event::IntervalDiffers {
        peer: Peer { address: ip(HIGHER_ADDRESS), priority: Some(prio(150)) },
        theirs: centis(200),
        ours: centis(100),
    };
    assert_eq!(router.events(), [differs]);
}

fn other_addresses(mut advert: Advert) -> Advert {
    advert.addresses = vec![ip("192.0.2.200")];
    advert
}

#[test]
fn r13_v3_reports_another_address_list_once_and_goes_on() {
    for check in [AddressListCheck::Report, AddressListCheck::Discard] {
        let mut router = Router::backup(config().address_list_check(check));
        for _ in 0..3 {
            accepted(router.hear(ms(10), &other_addresses(peer())));
        }
        let peer = Peer { address: ip(HIGHER_ADDRESS), priority: Some(prio(150)) };
        assert_eq!(router.events(), [Event::AddressListDiffers { peer }]);
        assert_eq!(router.router.counters().address_list_errors, 3);
    }
}

#[test]
fn r13_another_active_router_is_reported_again() {
    let mut router = Router::backup(config());
    for source in [HIGHER_ADDRESS, LOWER_ADDRESS, LOWER_ADDRESS] {
        accepted(router.hear(ms(10), &other_addresses(Advert::new(source, 150))));
    }
    // The change of router shows when its second advertisement is compared.
    let reported: Vec<_> = router
        .events()
        .into_iter()
        .map(|event| match event {
            Event::AddressListDiffers { peer } => peer.address,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(reported, [HIGHER_ADDRESS, LOWER_ADDRESS].map(ip));
}

#[test]
fn r13_the_order_of_the_addresses_does_not_matter() {
    let mut advert = peer();
    advert.addresses.reverse();
    let mut router = Router::backup(config());
    accepted(router.hear(ms(10), &advert));
    assert_eq!(router.events(), []);
}

#[test]
fn r13_v2_reports_another_address_list_by_default() {
    let advert = other_addresses(Advert::v2(HIGHER_ADDRESS, 150, Authentication::None));
    accepted(Router::backup(v2_config()).hear(ms(10), &advert));
}

#[test]
fn r13_v2_discards_another_address_list_where_configured() {
    let advert = other_addresses(Advert::v2(HIGHER_ADDRESS, 254, Authentication::None));
    let strict = v2_config().address_list_check(AddressListCheck::Discard);
    let (error, counters) = refusal(&mut Router::backup(strict), &advert, &advert.bytes());
    assert_eq!(error, ReceiveError::AddressList);
    assert_eq!(counters.address_list_errors, 1);
}

#[test]
fn r13_v2_believes_the_owner_whatever_the_addresses() {
    let advert = other_addresses(Advert::v2(HIGHER_ADDRESS, 255, Authentication::None));
    let strict = v2_config().address_list_check(AddressListCheck::Discard);
    accepted(Router::backup(strict).hear(ms(10), &advert));
}

#[test]
fn r13_is_looked_at_once_per_router_where_configured() {
    let check = AddressListCheck::OncePerRouter;
    let mut router = Router::backup(config().address_list_check(check));
    let [first, second] = [HIGHER_ADDRESS, LOWER_ADDRESS]
        .map(|source| other_addresses(Advert { source: ip(source), ..peer() }));
    let heard = [(&first, 1), (&first, 1), (&second, 2), (&second, 2), (&first, 3)];
    for (advert, errors) in heard {
        accepted(router.hear(ms(10), advert));
        assert_eq!(router.router.counters().address_list_errors, errors);
    }
}

#[test]
fn r14_own_packets_are_ignored_silently() {
    let mut router = Router::active(config());
    let due = router.deadline();
    let own = Advert::new(OUR_ADDRESS, 100);
    assert_eq!(router.hear(ms(10), &own), Ok(Outcome::LoopedBack));
    assert_eq!(router.state(), State::Active);
    assert_eq!(router.deadline(), due);
    assert_eq!(router.transmits(), []);
    assert_eq!(router.events(), []);
}

#[test]
fn r15_reserved_bits_are_ignored() {
    let mut bytes = peer().bytes();
    bytes[4] |= 0xf0;
    seal(&mut bytes);
    let received = peer().received(at(ms(10)));
    let outcome = Router::backup(config()).router.handle_packet(at(ms(10)), &received, &bytes);
    accepted(outcome);
}

/// Of two things wrong with a packet the earlier in the ladder is named.
#[test]
fn r_the_checks_are_made_in_order() {
    let truncate = |bytes: &mut Vec<u8>| bytes.truncate(10);
    type Spoil<'a> = &'a dyn Fn(&mut Vec<u8>);
    let steps: [(&str, Spoil<'_>); 6] = [
        ("version", &|bytes| bytes[0] = bytes[0] & 0x0f | 0x40),
        ("type", &|bytes| bytes[0] = bytes[0] & 0xf0 | 0x02),
        ("length", &truncate),
        ("checksum", &|bytes| bytes[6] ^= 0xff),
        ("vrid", &|bytes| bytes[1] = 9),
        ("interval", &|bytes| bytes[4..6].fill(0)),
    ];
    let name = |error| match error {
        ReceiveError::Version { .. } | ReceiveError::Decode(DecodeError::Version { .. }) => {
            "version"
        }
        ReceiveError::Decode(DecodeError::Type { .. }) => "type",
        ReceiveError::Decode(DecodeError::Truncated { .. }) => "length",
        ReceiveError::Decode(DecodeError::Checksum { .. }) => "checksum",
        ReceiveError::Vrid { .. } => "vrid",
        ReceiveError::Decode(DecodeError::Interval) => "interval",
        other => panic!("{other}"),
    };
    for (first, (expected, _)) in steps.iter().enumerate() {
        let mut bytes = peer().bytes();
        // The checksum is made right before it is spoilt, and cutting comes last.
        for (step, spoil) in &steps[first..] {
            if !matches!(*step, "length" | "checksum") {
                spoil(&mut bytes);
            }
        }
        seal(&mut bytes);
        for (step, spoil) in steps[first..].iter().rev() {
            if matches!(*step, "length" | "checksum") {
                spoil(&mut bytes);
            }
        }
        let (error, _) = refusal(&mut Router::backup(config()), &peer(), &bytes);
        assert_eq!(name(error), *expected, "{error}");
    }
    let advert = Advert { hop_limit: 1, ..peer() };
    let (error, _) = refusal(&mut Router::backup(config()), &advert, &[]);
    assert_eq!(error, ReceiveError::HopLimit { found: 1 });
}

#[test]
fn r10_owner_ignore_adverts_discards_what_another_owner_advertises() {
    let owner = config().priority(prio(255));
    for (ignore, heard, state) in [
        (true, Outcome::OwnerIgnores, State::Active),
        (
            false,
            Outcome::Accepted { checksum: Some(ChecksumForm::PseudoHeader), trailing: 0 },
            State::Backup,
        ),
    ] {
        let mut router = Router::new(owner.clone().owner_ignore_adverts(ignore));
        router.router.handle_startup(at(START));
        router.drain();
        assert_eq!(router.hear(ms(10), &Advert::new(HIGHER_ADDRESS, 255)), Ok(heard));
        assert_eq!(router.state(), state);
        assert_eq!(router.router.counters().owner_ignored, u64::from(ignore));
    }
}
