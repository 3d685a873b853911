use std::net::UdpSocket;

use steadfast_vrrp::Family;

use super::*;
use crate::guard::inheritance;
use crate::guard::message::{Destination, Identity, Message, Packet, Will};
use crate::guard::wire::send;

/// A driver that is Active, and then dead.
fn die_active(executor: &mut Executor) -> UdpSocket {
    let driver = executor.channel().unwrap();
    bequeath(&driver)
}

/// Leaves a will whose packet goes to that socket.
fn bequeath(driver: &OwnedFd) -> UdpSocket {
    let [from, to] = [(); 2].map(|()| UdpSocket::bind("127.0.0.1:0").unwrap());
    to.set_nonblocking(true).unwrap();
    let destination = Destination::Ip(to.local_addr().unwrap());
    let identity = Identity { interface: "eth0".to_owned(), family: Family::Ipv4, vrid: 51 };
    let will = Will {
        instance: "VI_1".to_owned(),
        packets: vec![Packet { destination, bytes: b"priority 0".to_vec() }],
        addresses: Vec::new(),
        identity: Some(identity),
        sequence: None,
    };
    send(driver.as_fd(), &Message::Will(will), &[to.as_fd(), from.as_fd()]).unwrap();
    to
}

fn gave_up(executor: &mut Executor) -> String {
    executor.give_up().to_string()
}

#[test]
fn the_next_driver_inherits_from_one_that_died() {
    let mut executor = Executor::default();
    die_active(&mut executor);
    let heir = executor.channel().unwrap();
    let inherited = inheritance::ask(heir.as_fd()).unwrap();
    assert_eq!(inherited.len(), 1);
    assert_eq!(inherited[0].instance, "VI_1");
}

#[test]
fn the_first_driver_inherits_nothing() {
    let mut executor = Executor::default();
    let first = executor.channel().unwrap();
    assert!(inheritance::ask(first.as_fd()).unwrap().is_empty());
}

#[test]
fn for_a_driver_without_an_heir_it_gives_up_once() {
    let mut executor = Executor::default();
    let to = die_active(&mut executor);
    assert_eq!(gave_up(&mut executor), "sent priority 0 for VI_1");
    let mut buffer = [0; 64];
    assert_eq!(to.recv(&mut buffer).unwrap(), b"priority 0".len());
    assert_eq!(gave_up(&mut executor), "nothing was left to be done");
}

#[test]
fn what_an_heir_left_that_did_not_start_is_still_there() {
    let mut executor = Executor::default();
    die_active(&mut executor);
    let heir = executor.channel().unwrap();
    inheritance::ask(heir.as_fd()).unwrap();
    drop(heir);
    assert_eq!(gave_up(&mut executor), "sent priority 0 for VI_1");
}

#[test]
fn what_an_heir_took_over_and_does_not_have_any_more_is_forgotten() {
    let mut executor = Executor::default();
    die_active(&mut executor);
    let heir = executor.channel().unwrap();
    inheritance::ask(heir.as_fd()).unwrap();
    send(heir.as_fd(), &Message::Accepted, &[]).unwrap();
    drop(heir);
    assert_eq!(gave_up(&mut executor), "nothing was left to be done");
}

#[test]
fn for_a_driver_that_said_goodbye_nothing_is_done() {
    let mut executor = Executor::default();
    let driver = executor.channel().unwrap();
    bequeath(&driver);
    send(driver.as_fd(), &Message::Goodbye, &[]).unwrap();
    assert_eq!(gave_up(&mut executor), "nothing was left to be done");
}

#[test]
fn it_does_not_wait_for_whoever_has_the_channel_of_a_dead_process_open() {
    let mut executor = Executor::default();
    let _left_open = executor.channel().unwrap();
    assert_eq!(gave_up(&mut executor), "nothing was left to be done");
}
