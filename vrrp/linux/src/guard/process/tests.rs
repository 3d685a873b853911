use std::net::UdpSocket;
use std::os::fd::BorrowedFd;

use rustix::process::{PidfdFlags, pidfd_open};
use steadfast_vrrp::Family;

use super::*;
use crate::guard::inheritance::{self, Inherited};
use crate::guard::message::{Destination, Identity, Message, Packet, Will};
use crate::guard::rendezvous;
use crate::guard::wire::{pair as pair_of_sockets, send};

/// The driver's end and the guard's.
fn channel() -> (OwnedFd, OwnedFd) {
    pair_of_sockets().unwrap()
}

fn charge() -> Message {
    Message::Charge(Charge {
        process: 1,
        grace: Duration::ZERO,
        name: None,
        realtime: None,
        lock_memory: false,
    })
}

fn tell(driver: &OwnedFd, message: &Message, passed: Option<&dyn AsFd>) {
    tell_with(driver, message, &passed.map(AsFd::as_fd).into_iter().collect::<Vec<_>>());
}

fn tell_with(driver: &OwnedFd, message: &Message, passed: &[BorrowedFd<'_>]) {
    send(driver.as_fd(), message, passed).unwrap();
}

/// A will whose packet goes to that socket, and the socket to send it on.
fn will(payload: &[u8]) -> (Message, UdpSocket, UdpSocket) {
    let (from, to) =
        (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    to.set_nonblocking(true).unwrap();
    let packet =
        Packet { destination: Destination::Ip(to.local_addr().unwrap()), bytes: payload.to_vec() };
    let instance = "VI_1".to_owned();
    let will = Will {
        instance,
        packets: vec![packet],
        addresses: Vec::new(),
        identity: None,
        sequence: None,
    };
    (Message::Will(will), from, to)
}

fn received(socket: &UdpSocket) -> Vec<Vec<u8>> {
    let mut buffer = [0; 64];
    let next = || socket.recv(&mut buffer).ok().map(|length| buffer[..length].to_vec());
    std::iter::from_fn(next).collect()
}

/// What a guard does that was told all this and then sees the driver's end of the channel closed.
fn watched(driver: OwnedFd, channel: OwnedFd) -> (Guard, End) {
    drop(driver);
    let mut guard = Guard::default();
    let end = guard.watch(channel).unwrap();
    (guard, end)
}

#[test]
fn a_driver_that_is_gone_without_a_word_is_dead() {
    let (driver, channel) = channel();
    tell(&driver, &charge(), None);
    assert_eq!(watched(driver, channel).1, End::Death);
}

#[test]
fn a_driver_that_said_goodbye_is_not() {
    let (driver, channel) = channel();
    tell(&driver, &charge(), None);
    tell(&driver, &will(b"priority 0").0, None);
    tell(&driver, &Message::Goodbye, None);
    assert_eq!(watched(driver, channel).1, End::Goodbye);
}

#[test]
fn a_driver_whose_end_of_the_channel_outlives_it_is_dead() {
    let (driver, channel) = channel();
    let mut short_lived = std::process::Command::new("true").spawn().unwrap();
    let pid = rustix::process::Pid::from_child(&short_lived);
    let process = pidfd_open(pid, PidfdFlags::empty()).unwrap();
    short_lived.wait().unwrap();
    tell(&driver, &charge(), Some(&process));
    assert_eq!(Guard::default().watch(channel).unwrap(), End::Death);
}

#[test]
fn the_packet_of_a_dead_driver_is_sent_twice() {
    let (driver, channel) = channel();
    let (will, from, to) = will(b"priority 0");
    tell(&driver, &charge(), None);
    tell(&driver, &will, Some(&from));
    let (mut guard, _) = watched(driver, channel);
    assert_eq!(received(&to), [[0; 0]; 0]);
    guard.give_up();
    assert_eq!(received(&to), [b"priority 0", b"priority 0"]);
}

#[test]
fn a_later_will_counts_in_place_of_an_earlier_one() {
    let (driver, channel) = channel();
    let (earlier, from, before) = will(b"earlier");
    let (later, _, after) = will(b"later");
    tell(&driver, &charge(), None);
    tell(&driver, &earlier, Some(&from));
    tell(&driver, &later, Some(&from));
    watched(driver, channel).0.give_up();
    assert_eq!(received(&before), [[0; 0]; 0]);
    assert_eq!(received(&after), [b"later", b"later"]);
}

#[test]
fn nothing_is_done_for_a_virtual_router_that_is_no_more() {
    let (driver, channel) = channel();
    let (will, from, to) = will(b"priority 0");
    tell(&driver, &charge(), None);
    tell(&driver, &will, Some(&from));
    tell(&driver, &Message::Forget("VI_1".to_owned()), None);
    watched(driver, channel).0.give_up();
    assert_eq!(received(&to), [[0; 0]; 0]);
}

#[test]
fn a_guard_whose_driver_has_a_successor_sends_nothing() {
    let (driver, channel) = channel();
    let (will, from, to) = will(b"priority 0");
    let name = format!("a-guard-whose-driver-has-a-successor-{}", std::process::id());
    let Message::Charge(charge) = charge() else { panic!("no charge") };
    let charge = Charge { name: Some(name.clone()), ..charge };
    tell(&driver, &Message::Charge(charge), None);
    tell(&driver, &will, Some(&from));
    let (mut guard, _) = watched(driver, channel);
    let successor = Claim::take(&name).unwrap();
    guard.give_up();
    assert_eq!(received(&to), [[0; 0]; 0]);
    drop(successor);
    guard.give_up();
    assert_eq!(received(&to), [b"priority 0", b"priority 0"]);
}

#[test]
fn a_message_that_is_not_understood_changes_nothing() {
    let (driver, channel) = channel();
    let (will, from, to) = will(b"priority 0");
    tell(&driver, &charge(), None);
    tell(&driver, &will, Some(&from));
    rustix::io::write(&driver, b"nonsense").unwrap();
    let (mut guard, end) = watched(driver, channel);
    assert_eq!(end, End::Death);
    guard.give_up();
    assert_eq!(received(&to).len(), 2);
}

fn identity() -> Identity {
    Identity { interface: "eth0".to_owned(), family: Family::Ipv4, vrid: 51 }
}

/// A guard of that name whose driver was Active and is dead, what it would send goes to, and what
/// sends to the socket that received for it.
fn guard_with_bequest(name: &str, grace: Duration) -> (Guard, UdpSocket, UdpSocket) {
    let (driver, channel) = channel();
    let Message::Charge(charge) = charge() else { panic!("no charge") };
    tell(&driver, &Message::Charge(Charge { name: Some(name.to_owned()), grace, ..charge }), None);
    let (Message::Will(will), from, to) = will(b"priority 0") else { panic!("no will") };
    let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    peer.connect(receiver.local_addr().unwrap()).unwrap();
    let will = Message::Will(Will { identity: Some(identity()), ..will });
    tell_with(&driver, &will, &[receiver.as_fd(), from.as_fd()]);
    (watched(driver, channel).0, to, peer)
}

fn unique(what: &str) -> String {
    format!("{what}-{}", std::process::id())
}

/// What an heir is told by a guard that runs meanwhile, and that then hears what the heir has to say.
fn inherited(name: &str, guard: &mut Guard, say: impl FnOnce(OwnedFd) + Send) -> Vec<Inherited> {
    std::thread::scope(|scope| {
        let heir = rendezvous::come(name).unwrap().unwrap();
        let heir = scope.spawn(move || {
            let all = inheritance::ask(heir.as_fd()).unwrap();
            say(heir);
            all
        });
        guard.give_up();
        heir.join().unwrap()
    })
}

#[test]
fn an_heir_gets_what_was_active_and_what_arrived_for_it_meanwhile() {
    let name = unique("an-heir");
    let (mut guard, to, peer) = guard_with_bequest(&name, Duration::from_secs(5));
    let died = guard.ward.died.unwrap();
    peer.send(b"advertisement").unwrap();
    let all = inherited(&name, &mut guard, |heir| inheritance::accept(heir).unwrap());
    let [Inherited { instance, identity: theirs, active_until, receiver, .. }] =
        <[_; 1]>::try_from(all).unwrap();
    assert_eq!((instance.as_str(), theirs, active_until), ("VI_1", identity(), died));
    let receiver = UdpSocket::from(receiver);
    receiver.set_nonblocking(true).unwrap();
    assert_eq!(received(&receiver), [b"advertisement"]);
    assert_eq!(received(&to), [[0; 0]; 0], "nobody gave up");
}

#[test]
fn an_heir_that_ends_before_it_has_started_is_none() {
    let name = unique("an-heir-that-ends");
    let (mut guard, to, _peer) = guard_with_bequest(&name, Duration::from_millis(200));
    inherited(&name, &mut guard, drop);
    assert_eq!(received(&to), [b"priority 0", b"priority 0"]);
}

#[test]
fn an_heir_of_another_format_gets_nothing_and_stands_on_its_own() {
    let name = unique("an-heir-of-another-format");
    let (mut guard, _to, _peer) = guard_with_bequest(&name, Duration::from_secs(5));
    let heir = rendezvous::come(&name).unwrap().unwrap();
    send(heir.as_fd(), &Message::Heir(u8::MAX), &[]).unwrap();
    send(heir.as_fd(), &Message::Accepted, &[]).unwrap();
    guard.give_up();
    let mut buffer = [0; 64];
    let (length, passed) = crate::guard::wire::receive(&heir, &mut buffer).unwrap();
    assert_eq!(Message::decode(&buffer[..length]), Ok(Message::Complete));
    assert!(passed.is_empty());
}

#[test]
fn without_an_heir_the_guard_gives_up_after_the_grace() {
    let (mut guard, to, _peer) =
        guard_with_bequest(&unique("without-an-heir"), Duration::from_millis(1));
    guard.give_up();
    assert_eq!(received(&to), [b"priority 0", b"priority 0"]);
}
