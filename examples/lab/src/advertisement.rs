use std::net::IpAddr;
use std::time::Duration;

use crate::Frame;

/// VRRP's protocol number (RFC 9568 5.1.1.4).
const VRRP: u8 = 112;
/// An Authentication Header, and how long it is with HMAC-MD5-96 (RFC 2402, RFC 2403).
const AUTHENTICATION_HEADER: u8 = 51;
const AUTHENTICATION_HEADER_LEN: usize = 24;

/// A VRRP advertisement as it passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Advertisement {
    /// When it passed, since 1970.
    pub at: Duration,
    /// Who sent it.
    pub source: IpAddr,
    /// Of which virtual router.
    pub vrid: u8,
    /// Its priority; 0: its sender gives up.
    pub priority: u8,
}

impl Frame {
    /// The advertisement in it; `None` if it holds something else.
    #[must_use]
    pub fn advertisement(&self) -> Option<Advertisement> {
        let packet = self.packet()?;
        let message = match packet.protocol {
            VRRP => packet.payload,
            AUTHENTICATION_HEADER if packet.payload.first() == Some(&VRRP) => {
                packet.payload.get(AUTHENTICATION_HEADER_LEN..)?
            }
            _ => return None,
        };
        // RFC 9568 5.2: version and type come first.
        let [_, vrid, priority] = *message.first_chunk()?;
        Some(Advertisement { at: self.at, source: packet.source, vrid, priority })
    }
}

impl Advertisement {
    /// The longest time between two that follow each other; `None` if there are no two.
    #[must_use]
    pub fn longest_gap(in_order: &[Self]) -> Option<Duration> {
        let gaps = in_order.array_windows().map(|[first, next]| next.at.saturating_sub(first.at));
        gaps.max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(protocol: u8) -> Frame {
        let ethernet = [&[0; 12][..], &[0x08, 0x00]].concat();
        let ip = [0x45, 0, 0, 23, 0, 0, 0, 0, 255, protocol, 0, 0, 10, 0, 0, 1, 224, 0, 0, 18];
        let bytes = [&ethernet[..], &ip, &[0x31, 51, 100]].concat();
        Frame { at: Duration::from_secs(7), bytes }
    }

    #[test]
    fn an_advertisement_is_read() {
        let source = [10, 0, 0, 1].into();
        let expected =
            Advertisement { at: Duration::from_secs(7), source, vrid: 51, priority: 100 };
        assert_eq!(frame(VRRP).advertisement(), Some(expected));
    }

    #[test]
    fn another_packet_is_none() {
        assert_eq!(frame(17).advertisement(), None);
    }

    #[test]
    fn the_longest_gap_is_between_neighbours() {
        let read = frame(VRRP).advertisement().unwrap();
        let at = |seconds| Advertisement { at: Duration::from_secs(seconds), ..read };
        let gap = Advertisement::longest_gap(&[at(1), at(2), at(5), at(6)]);
        assert_eq!(gap, Some(Duration::from_secs(3)));
        assert_eq!(Advertisement::longest_gap(&[at(1)]), None);
    }
}
