//! Announcements as they passed.

use std::net::IpAddr;
use std::time::Duration;

use steadfast_lab::{Capture, Frame, wait_until};
use steadfast_vrrp::announce::{ALL_NODES, GratuitousArp, NeighborAdvertisement};

use crate::router::PATIENCE;

const ICMPV6: u8 = 58;

pub(crate) fn gratuitous_arp(frame: &Frame) -> Option<GratuitousArp> {
    GratuitousArp::decode(&frame.bytes)
}

pub(crate) fn neighbor_advertisement(frame: &Frame) -> Option<NeighborAdvertisement> {
    let packet = frame.packet().filter(|packet| packet.protocol == ICMPV6)?;
    let (IpAddr::V6(source), IpAddr::V6(ALL_NODES)) = (packet.source, packet.destination) else {
        return None;
    };
    NeighborAdvertisement::decode(source, packet.payload)
}

/// When gratuitous ARPs passed, in order.
pub(crate) fn announced_at(captures: &[&Capture<'_>]) -> Vec<Duration> {
    let frames = captures.iter().flat_map(|capture| capture.frames().unwrap());
    let announced = frames.filter(|frame| gratuitous_arp(frame).is_some());
    let mut times: Vec<_> = announced.map(|frame| frame.at).collect();
    times.sort();
    times
}

/// Waits until that many gratuitous ARPs have passed, and says how long it was between most of them
/// and the ones before: a frame that is held up comes closer to the next one, and only to that.
pub(crate) fn usual_gap(captures: &[&Capture<'_>], announcements: usize) -> Duration {
    let mut times = Vec::new();
    wait_until(PATIENCE, "all announcements have passed", || {
        times = announced_at(captures);
        times.len() >= announcements
    })
    .unwrap();
    let mut gaps: Vec<_> =
        times[..announcements].array_windows().map(|[first, next]| *next - *first).collect();
    gaps.sort();
    gaps[gaps.len() / 2]
}
