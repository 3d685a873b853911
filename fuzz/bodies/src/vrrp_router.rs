use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use steadfast_vrrp::group::{Member, SyncGroup};
use steadfast_vrrp::packet::{
    self, Advertisement, Carrier, ChecksumForm, Format, MAX_LEN, MULTICAST_IPV4,
};
use steadfast_vrrp::router::{
    AdvertiseReason, AnnounceSettings, ConfigBuilder, FaultReason, Received, State, Transmit,
    VirtualAddresses,
};
use steadfast_vrrp::{Config, Instant, Priority, Version, VirtualRouter, Vrid};

use crate::input::Input;

/// P6: tells one router, or a group of two, whatever the bytes say, at whatever times.
///
/// No panic, no growth, always a timer in Backup and Active and none elsewhere, nothing sent that
/// the state does not allow, and the members of a group in step.
pub fn vrrp_router(data: &[u8]) {
    let mut input = Input::new(data);
    let grouped = input.bool();
    let routers = if grouped { 2 } else { 1 };
    let mut machine = Machine {
        routers: (0..routers).map(|_| VirtualRouter::new(config(&mut input, grouped))).collect(),
        group: grouped.then(SyncGroup::default),
        now: Instant::from_nanos(input.u64() >> 1),
    };
    while !input.is_empty() {
        machine.step(&mut input);
        machine.check();
    }
}

struct Machine {
    routers: Vec<VirtualRouter>,
    group: Option<SyncGroup>,
    now: Instant,
}

impl Machine {
    fn step(&mut self, input: &mut Input<'_>) {
        let choice = input.u8();
        let which = usize::from(choice >> 7) % self.routers.len();
        let router = &mut self.routers[which];
        let due = router.poll_timeout().map(|timeout| timeout.at);
        self.now = match choice >> 5 & 3 {
            0 => self.now,
            1 => due.map_or(self.now, |due| due.max(self.now)),
            2 => self.now + Duration::from_millis(input.u16().into()),
            _ => self.now + Duration::from_nanos(input.u64()),
        };
        let now = self.now;
        match choice & 15 {
            0 => router.handle_startup(now),
            1 => router.handle_shutdown(now),
            2 => router.handle_fault(now, FaultReason::Tracked(Arc::from("script"))),
            3 => router.clear_fault(now),
            4 => {
                let requested = input.priority();
                let owner = router.effective_priority().is_owner();
                let refused = router.set_priority(now, requested).is_err();
                assert_eq!(refused, owner != requested.is_owner());
            }
            5 => router.set_source(input.bool().then(|| source(input.u8()))),
            6 => router.handle_addresses_installed(now),
            7 => hear_anything(router, now, input),
            8 => {
                let edited = config(input, router.config().sync_group());
                let owner = router.config().is_owner();
                let other =
                    edited.version() != router.config().version() || edited.is_owner() != owner;
                assert_eq!(router.reconfigure(now, edited).is_err(), other);
            }
            9..=12 => hear(router, now, input),
            13 => router.handle_resumption(now, now - Duration::from_millis(input.u16().into())),
            _ => {
                router.handle_timeout(now);
                let next = router.poll_timeout();
                assert!(next.is_none_or(|next| next.at > now || now == END), "{next:?} at {now:?}");
            }
        }
        if let Some(group) = &mut self.group
            && let [first, second] = &mut self.routers[..]
        {
            group.synchronise(
                now,
                &mut [Member::new("first", first), Member::new("second", second)],
            );
        }
    }

    fn check(&mut self) {
        for router in &mut self.routers {
            check(router);
        }
        if let [first, second] = &self.routers[..] {
            let started = [first, second].map(|router| router.state() != State::Initialize);
            let both = started == [true, true];
            assert!(
                !both || first.state() == second.state(),
                "{} {}",
                first.state(),
                second.state()
            );
        }
    }
}

/// Where time saturates, and deadlines with it.
const END: Instant = Instant::from_nanos(u64::MAX);

fn check(router: &mut VirtualRouter) {
    let state = router.state();
    let armed = router.poll_timeout().is_some();
    let waits = router.config().sync_group() && state == State::Backup;
    assert!(armed == matches!(state, State::Backup | State::Active) || waits, "{state}: {armed}");
    assert_eq!(router.holds_addresses(), state == State::Active);

    let most = 1 + usize::from(u8::MAX) * router.config().held_addresses().count();
    let mut count = 0;
    while let Some(transmit) = router.poll_transmit() {
        count += 1;
        assert!(count <= most, "{count} transmissions at once");
        match transmit {
            Transmit::Announce(_) => assert_eq!(state, State::Active),
            Transmit::Advertisement(advertise) => {
                let farewell = advertise.priority.is_none()
                    || advertise.reason == AdvertiseReason::HigherPriorityPeer;
                assert!(farewell || state == State::Active, "{advertise:?} in {state}");
                let carrier = advertise.carrier(MULTICAST_IPV4.into()).expect("IPv4");
                let written = router.encode(&advertise, carrier, &mut [0; MAX_LEN]);
                assert!(written.is_ok(), "{written:?}");
            }
        }
    }
    let events = std::iter::from_fn(|| router.poll_event()).count();
    assert!(events <= 32, "{events} events");
}

fn config(input: &mut Input<'_>, grouped: bool) -> Config {
    let choices = input.u8();
    let version = if choices & 1 == 0 { Version::V3 } else { Version::V2 };
    let priority = input.priority();
    let addresses = (0..1 + (choices >> 6)).map(|last| source(100 + last));
    let addresses = VirtualAddresses::new(addresses).expect("some addresses, none twice");
    let preempt = choices & 2 != 0 || priority.is_owner();
    let interval = input.interval();
    let common = |builder: ConfigBuilder| {
        builder
            .version(version)
            .priority(priority)
            .preempt(preempt)
            .lower_prio_no_advert(choices & 4 != 0)
            .higher_prio_send_advert(choices & 8 != 0)
            .sync_group(grouped)
    };
    let plain = common(Config::builder(vrid(), addresses.clone()));
    let announce = AnnounceSettings {
        repeat: input.u8(),
        delay: Duration::from_millis(input.u16().into()),
        refresh: Duration::from_millis(input.u16().into()),
        refresh_repeat: input.u8(),
        lower_prio_repeat: input.u8(),
        lower_prio_delay: Duration::from_millis(input.u16().into()),
    };
    common(Config::builder(vrid(), addresses))
        .interval(interval)
        .preempt_delay(Duration::from_millis(input.u16().into()))
        .down_timer_adverts(input.u8())
        .announce(announce)
        .build()
        .or_else(|_| plain.build())
        .expect("the defaults are valid")
}

/// A valid advertisement for the router, though perhaps not one that it must accept.
fn hear(router: &mut VirtualRouter, now: Instant, input: &mut Input<'_>) {
    let from = source(input.u8());
    let addresses = router.config().addresses().clone();
    let advertisement = Advertisement {
        vrid: vrid(),
        priority: Priority::new(input.u8()).ok(),
        interval: if input.bool() { input.interval() } else { router.config().interval() },
        addresses: addresses.as_addresses(),
        format: match router.config().version() {
            Version::V2 => Format::V2 { authentication: router.config().authentication() },
            Version::V3 => Format::V3 { checksum: ChecksumForm::PseudoHeader },
        },
    };
    let mut bytes = [0; MAX_LEN];
    let carrier = Carrier::new(from, MULTICAST_IPV4.into()).expect("IPv4");
    let Ok(length) = advertisement.encode(carrier, &mut bytes) else { return };
    let arrival = now - Duration::from_millis(input.u16().into());
    let result = router.handle_packet(now, &received(arrival, from), &bytes[..length]);
    assert!(
        result.is_ok() || router.config().version() == Version::V2,
        "{advertisement:?} is refused: {result:?}"
    );
}

fn hear_anything(router: &mut VirtualRouter, now: Instant, input: &mut Input<'_>) {
    let length = usize::from(input.u8());
    let bytes = input.slice(length);
    // Whatever it is, it must not harm.
    let _ = router.handle_packet(now, &received(now, source(input.u8())), bytes);
}

fn received(arrival: Instant, source: IpAddr) -> Received {
    Received { arrival, source, destination: MULTICAST_IPV4.into(), hop_limit: packet::TTL }
}

fn source(last: u8) -> IpAddr {
    Ipv4Addr::new(192, 0, 2, last).into()
}

fn vrid() -> Vrid {
    Vrid::new(51).expect("51 is a VRID")
}
