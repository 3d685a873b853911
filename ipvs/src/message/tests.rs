use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU32;

use proptest::prelude::*;

use super::*;
use crate::model::arbitrary::{address, destination, service, service_key, sync_daemon};
use crate::model::*;

mod captured;

const HEADER: Header = Header { family: 34, sequence: 1, acknowledge: true };

fn encoded(request: &Request<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    request.encode(HEADER, &mut bytes);
    bytes
}

fn read(bytes: &[u8]) -> Vec<Reply> {
    replies(bytes).map(|message| message.reply).collect()
}

/// What the kernel sends back of a service or destination has the command and the attributes of the
/// request.
fn echoed(request: &Request<'_>) -> Vec<Reply> {
    read(&encoded(request))
}

proptest! {
    #[test]
    fn a_service_is_read_as_it_was_written(
        (key, service) in service_key().prop_flat_map(|key| (Just(key), service(key.family())))
    ) {
        let read = echoed(&Request::NewService(&key, &service));
        prop_assert_eq!(read, [Reply::Service(key, service, Stats::default())]);
    }

    #[test]
    fn a_destination_is_read_as_it_was_written(
        key in service_key(), address in address(), port in any::<u16>(), destination in destination()
    ) {
        let server = DestinationKey { address, port };
        let read = echoed(&Request::NewDestination(&key, &server, &destination));
        let (connections, stats) = (Connections::default(), Stats::default());
        let status = DestinationStatus { destination, connections, stats };
        prop_assert_eq!(read, [Reply::Destination(server, status)]);
    }

    #[test]
    fn a_sync_daemon_is_read_as_it_was_written(daemon in sync_daemon()) {
        let read = echoed(&Request::NewSyncDaemon(&daemon));
        prop_assert_eq!(read, [Reply::SyncDaemon(daemon)]);
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _replies: Vec<_> = replies(&bytes).collect();
    }

    #[test]
    fn a_reply_with_one_byte_changed_is_read_without_a_panic(
        key in service_key(), destination in destination(), position in any::<prop::sample::Index>(), to in any::<u8>()
    ) {
        let server = DestinationKey { address: Ipv4Addr::LOCALHOST.into(), port: 80 };
        let mut bytes = encoded(&Request::NewDestination(&key, &server, &destination));
        let position = position.index(bytes.len());
        bytes[position] = to;
        let _replies: Vec<_> = replies(&bytes).collect();
    }
}

/// Of a message with a nest after its generic header: without the attributes of these types in the
/// nest, and with one that nobody knows.
fn of_another_kernel(message: &[u8], without: &[u8]) -> Vec<u8> {
    let (head, mut attributes) = message.split_at(24);
    let mut kept = vec![8, 0, 77, 0, 1, 2, 3, 4];
    while let [length, _, kind, ..] = *attributes {
        let (attribute, rest) = attributes.split_at(usize::from(length).next_multiple_of(4));
        if !without.contains(&kind) {
            kept.extend(attribute);
        }
        attributes = rest;
    }
    let mut bytes = [head, &kept].concat();
    let (whole, nest) = (u32::try_from(bytes.len()), u16::try_from(kept.len() + 4));
    bytes[..4].copy_from_slice(&whole.unwrap().to_ne_bytes());
    bytes[20..22].copy_from_slice(&nest.unwrap().to_ne_bytes());
    bytes
}

/// The service or destination of a captured reply as it was, and as a kernel tells it that knows
/// nothing of these attributes, but of another one.
fn by_both_kernels(reply: fn(&Reply) -> bool, without: &[u8]) -> [Vec<Reply>; 2] {
    let messages = captured::listed();
    let message = messages.iter().find(|message| read(message).iter().all(reply)).unwrap();
    [read(message), read(&of_another_kernel(message, without))]
}

#[test]
fn what_an_older_kernel_does_not_tell_of_a_service_and_what_a_newer_one_adds_is_tolerated() {
    const PE_NAME_AND_STATS: [u8; 3] = [10, 11, 12];
    let is_service = |reply: &Reply| matches!(reply, Reply::Service(..));
    let [now, then] = by_both_kernels(is_service, &PE_NAME_AND_STATS);
    assert_eq!(then, now);
}

#[test]
fn what_an_older_kernel_does_not_tell_of_a_destination_and_what_a_newer_one_adds_is_tolerated() {
    const TUNNEL_AND_STATS: [u8; 5] = [10, 12, 13, 14, 15];
    let is_destination = |reply: &Reply| {
        let Reply::Destination(_, status) = reply else { return false };
        status.destination.forward == ForwardMethod::Masquerade
    };
    let [now, then] = by_both_kernels(is_destination, &TUNNEL_AND_STATS);
    assert_eq!(then, now);
}

#[test]
fn a_refusal_carries_the_request_and_the_error_number() {
    let mut bytes = Vec::new();
    bytes.extend(36u32.to_ne_bytes());
    bytes.extend(2u16.to_ne_bytes());
    bytes.extend(0u16.to_ne_bytes());
    bytes.extend(7u32.to_ne_bytes());
    bytes.extend(0u32.to_ne_bytes());
    bytes.extend((-17i32).to_ne_bytes());
    bytes.extend([0; 16]);
    let read: Vec<_> = replies(&bytes).collect();
    assert_eq!(read, [Message { sequence: 7, reply: Reply::Result(17) }]);
}
