//! What is played with every implementation.

use std::net::SocketAddrV4;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use steadfast_lab::{Capture, Frame, Host, Network, Topology, despite_standstills, wait_until};
use steadfast_vrrp::Priority;
use steadfast_vrrp::packet::{ChecksumForm, MULTICAST_IPV4, ah};
use steadfast_vrrp::router::{State, StateReason};

use crate::ours::Ours;
use crate::peer::{Implementation, Peer};
use crate::variant::{INTERFACE, Role, Side, Variant};
use crate::wire::{Wire, advertisements, ip_packet, successor_spoke_after};

pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// More than are in any down interval.
const MANY: u64 = 5;

/// Where it is played.
pub(crate) struct Stage<'a> {
    pub(crate) network: &'a Network,
    capture: &'a Capture<'a>,
    pub(crate) variant: Variant,
    pub(crate) peer: Peer<'a>,
    host: &'a Host,
}

impl Stage<'_> {
    pub(crate) fn start_ours(&self, role: Role) -> Ours {
        Ours::start(self.host, self.variant.instance(role))
    }

    /// Waits until somebody has spoken after that side's goodbye.
    fn is_succeeded(&self, side: Side) {
        let what = format!("somebody speaks after {side:?}");
        let spoken = || {
            let frames = self.capture.frames().unwrap();
            successor_spoke_after(side, &advertisements(&frames, self.variant)).is_some()
        };
        wait_until(PATIENCE, what, spoken).unwrap();
    }
}

/// Plays a scene on a LAN of two.
fn play(implementation: Implementation, variant: Variant, scene: impl Fn(&mut Stage<'_>)) {
    despite_standstills(variant.interval.as_duration(), || {
        play_once(implementation, variant, &scene);
    });
}

/// Plays a scene in which each takes over from the other, and looks at what passed the LAN.
fn play_succession(
    implementation: Implementation,
    variant: Variant,
    scene: impl Fn(&mut Stage<'_>),
) {
    despite_standstills(variant.interval.as_duration(), || {
        let wire = play_once(implementation, variant, &scene);
        wire.assert_quick_succession(variant);
        wire.assert_announced_by_both();
    });
}

fn play_once(
    implementation: Implementation,
    variant: Variant,
    scene: impl Fn(&mut Stage<'_>),
) -> Wire {
    let network = lan(variant);
    let capture = network.capture("lan").unwrap();
    let peer = Peer::new(&network, Side::Peer, implementation, variant);
    let host = network.host(Side::Ours.host()).unwrap();
    let mut stage = Stage { network: &network, capture: &capture, variant, peer, host };
    scene(&mut stage);
    Wire::read(&capture.finish().unwrap(), variant)
}

fn lan(variant: Variant) -> Network {
    let side = |topology: Topology, side: Side| {
        topology.host(side.host(), |host| {
            let [ipv4, ipv6] = variant.addresses_of(side);
            host.sysctl("net.ipv6.conf.eth0.accept_dad", "0")
                .sysctl("net.ipv6.conf.default.accept_dad", "0")
                // Otherwise keepalived does not say that it is a router.
                .sysctl("net.ipv6.conf.all.forwarding", "1")
                // The only link-local addresses are those that are given.
                .sysctl("net.ipv6.conf.all.addr_gen_mode", "1")
                .link(INTERFACE, "lan", &format!("{ipv4}/24"))
                .ip(&format!("addr add {ipv6}/64 dev {INTERFACE}"))
        })
    };
    let topology = Topology::new().bridge("lan");
    side(side(topology, Side::Ours), Side::Peer).start().unwrap()
}

fn priority(priority: u8) -> Priority {
    Priority::new(priority).unwrap()
}

/// Both directions: by an orderly stop, which priority 0 makes quick, and by preemption.
pub(crate) fn hand_over(implementation: Implementation, variant: Variant) {
    let peers_address = variant.address_of(Side::Peer);
    play_succession(implementation, variant, |stage| {
        stage.peer.start(Role::new(100));
        stage.peer.becomes(State::Active);
        let mut ours = stage.start_ours(Role::new(50));
        assert_eq!(ours.becomes(State::Backup), StateReason::Startup);
        ours.hears(2);

        stage.peer.stop();
        let reason = ours.becomes(State::Active);
        assert_eq!(reason, StateReason::PeerResigned { peer: peers_address });

        stage.peer.start(Role::new(100));
        let reason = ours.becomes(State::Backup);
        let StateReason::HigherPriority { peer, .. } = reason else { panic!("{reason}") };
        assert_eq!((peer.address, peer.priority), (peers_address, Some(priority(100))));
        stage.peer.becomes(State::Active);

        ours.set_priority(150);
        let reason = ours.becomes(State::Active);
        let StateReason::Preempted { peer, ours: raised } = reason else { panic!("{reason}") };
        assert_eq!((peer.address, raised), (peers_address, priority(150)));
        stage.peer.becomes(State::Backup);

        ours.stop();
        stage.peer.becomes(State::Active);
        // FRR says so before its macvlan can send.
        stage.is_succeeded(Side::Ours);
        stage.peer.stop();
    });
}

/// The director in place of the driver alone, with the file that keepalived has: both directions,
/// by an orderly stop and by preemption.
pub(crate) fn same_file(variant: Variant) {
    play_succession(Implementation::Keepalived, variant, |stage| {
        let mut director =
            Peer::new(stage.network, Side::Ours, Implementation::Director, stage.variant);
        stage.peer.start(Role::new(100));
        stage.peer.becomes(State::Active);
        director.start(Role::new(50));
        director.becomes(State::Backup);

        stage.peer.stop();
        director.becomes(State::Active);
        stage.peer.start(Role::new(100));
        stage.peer.becomes(State::Active);
        director.becomes(State::Backup);

        director.stop();
        director.start(Role::new(150));
        director.becomes(State::Active);
        stage.peer.becomes(State::Backup);

        director.stop();
        stage.is_succeeded(Side::Ours);
        stage.peer.becomes(State::Active);
        stage.peer.stop();
    });
}

/// Ours sends the checksum of the message alone, which none of the others understands: it hears
/// them and is not heard. Hand-over goes both ways all the same, where the other has the higher
/// priority.
pub(crate) fn message_only_checksum(
    implementation: Implementation,
    variant: Variant,
    complaint: &str,
) {
    let peers_address = variant.address_of(Side::Peer);
    let variant = Variant { checksum: ChecksumForm::MessageOnly, ..variant };
    play(implementation, variant, |stage| {
        stage.peer.start(Role::new(100));
        stage.peer.becomes(State::Active);
        let mut ours = stage.start_ours(Role::new(50));
        assert_eq!(ours.becomes(State::Backup), StateReason::Startup);
        ours.hears(MANY);

        stage.peer.stop();
        let reason = ours.becomes(State::Active);
        assert_eq!(reason, StateReason::PeerResigned { peer: peers_address });

        stage.peer.start(Role::new(100));
        let reason = ours.becomes(State::Backup);
        assert!(matches!(reason, StateReason::HigherPriority { .. }), "{reason}");
        stage.peer.says(complaint);
        ours.stop();
        stage.peer.stop();
    });
}

/// A router without preemption lets one of lower priority be, whichever it is.
pub(crate) fn no_preemption(implementation: Implementation, variant: Variant) {
    let peers_address = variant.address_of(Side::Peer);
    play(implementation, variant, |stage| {
        stage.peer.start(Role::new(50));
        stage.peer.becomes(State::Active);
        let mut ours = stage.start_ours(Role::nopreempt(150));
        assert_eq!(ours.becomes(State::Backup), StateReason::Startup);
        ours.hears(MANY);

        stage.peer.stop();
        let reason = ours.becomes(State::Active);
        assert_eq!(reason, StateReason::PeerResigned { peer: peers_address });
        stage.peer.start(Role::nopreempt(200));
        stage.peer.becomes(State::Backup);
        ours.sends(MANY);
        assert_eq!(stage.peer.state(), Some(State::Backup));

        ours.stop();
        stage.peer.becomes(State::Active);
        stage.peer.stop();
    });
}

/// What the peer said while it was Active is said again once ours is: whoever does that has not the
/// key, and is not believed.
pub(crate) fn replay(implementation: Implementation, variant: Variant) {
    play(implementation, variant, |stage| {
        stage.peer.start(Role::new(100));
        stage.peer.becomes(State::Active);
        let mut ours = stage.start_ours(Role::new(50));
        assert_eq!(ours.becomes(State::Backup), StateReason::Startup);
        ours.hears(2);
        let recorded = stage.capture.frames().unwrap();
        stage.peer.stop();
        ours.becomes(State::Active);

        let before = ours.snapshot().counters.auth_failures;
        let said = recorded.iter().filter(|frame| is_authenticated(frame)).collect::<Vec<_>>();
        assert!(said.len() >= 2);
        let socket = stage.network.host(Side::Peer.host()).unwrap().enter(replaying_socket);
        let socket = socket.unwrap();
        for frame in &said {
            let to = SocketAddrV4::new(MULTICAST_IPV4, 0).into();
            socket.send_to(ip_packet(frame), &to).unwrap();
        }
        let refused = before + u64::try_from(said.len()).unwrap();
        wait_until(PATIENCE, "the replayed packets are refused", || {
            ours.snapshot().counters.auth_failures >= refused
        })
        .unwrap();
        assert_eq!(ours.snapshot().state, State::Active);
        ours.stop_after_complaints_of("was seen already");
    });
}

fn is_authenticated(frame: &Frame) -> bool {
    frame.packet().is_some_and(|packet| packet.protocol == ah::PROTOCOL)
}

fn replaying_socket() -> Socket {
    let protocol = Protocol::from(i32::from(ah::PROTOCOL));
    let socket = Socket::new(Domain::IPV4, Type::RAW, Some(protocol)).unwrap();
    socket.set_header_included_v4(true).unwrap();
    socket.bind_device(Some(INTERFACE.as_bytes())).unwrap();
    socket
}

/// Ours is the owner: it takes over at once from the highest priority that others can have.
pub(crate) fn our_owner(implementation: Implementation, variant: Variant) {
    play(implementation, variant, |stage| {
        stage.peer.start(Role::new(254));
        stage.peer.becomes(State::Active);
        let mut ours = stage.start_ours(Role::OWNER);
        assert_eq!(ours.becomes(State::Active), StateReason::Startup);
        stage.peer.becomes(State::Backup);
        ours.stop();
        stage.peer.becomes(State::Active);
        stage.peer.stop();
    });
}

/// The peer is the owner: it takes over at once from the highest priority that others can have.
pub(crate) fn their_owner(implementation: Implementation, variant: Variant) {
    let peers_address = variant.address_of(Side::Peer);
    play(implementation, variant, |stage| {
        let mut ours = stage.start_ours(Role::new(254));
        assert_eq!(ours.becomes(State::Backup), StateReason::Startup);
        ours.becomes(State::Active);
        stage.peer.start(Role::OWNER);
        let reason = ours.becomes(State::Backup);
        let StateReason::HigherPriority { peer, .. } = reason else { panic!("{reason}") };
        assert_eq!(peer.priority, Some(Priority::OWNER));
        stage.peer.becomes(State::Active);
        stage.peer.stop();
        let reason = ours.becomes(State::Active);
        assert_eq!(reason, StateReason::PeerResigned { peer: peers_address });
        ours.stop();
    });
}

/// Two Active routers of one priority meet: that with the greater address stays.
pub(crate) fn tie(implementation: Implementation, variant: Variant, greater: Side) {
    let variant = Variant { greater, ..variant };
    play(implementation, variant, |stage| {
        stage.network.isolate(Side::Ours.host(), INTERFACE).unwrap();
        stage.peer.start(Role::new(100));
        let mut ours = stage.start_ours(Role::new(100));
        assert_eq!(ours.becomes(State::Backup), StateReason::Startup);
        ours.becomes(State::Active);
        stage.peer.becomes(State::Active);
        stage.network.reunite(Side::Ours.host(), INTERFACE).unwrap();
        match greater {
            Side::Ours => {
                stage.peer.becomes(State::Backup);
                ours.sends(MANY);
                ours.stop();
                stage.peer.becomes(State::Active);
                stage.peer.stop();
            }
            Side::Peer => {
                let reason = ours.becomes(State::Backup);
                assert!(matches!(reason, StateReason::GreaterAddress { .. }), "{reason}");
                ours.hears(MANY);
                assert_eq!(stage.peer.state(), Some(State::Active));
                stage.peer.stop();
                ours.becomes(State::Active);
                ours.stop();
            }
        }
    });
}
