use core::net::IpAddr;

use crate::Priority;
use crate::packet::ah::SequenceNumber;
use crate::packet::{Carrier, ChecksumForm};
#[cfg(doc)]
use crate::router::VirtualRouter;

/// Something to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transmit {
    /// An advertisement, to the group or to each unicast peer; [`VirtualRouter::encode`] makes
    /// the bytes.
    Advertisement(Advertise),
    /// A gratuitous ARP or unsolicited neighbour advertisement for one address.
    Announce(Announce),
}

/// An advertisement to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Advertise {
    /// The address to send from.
    pub source: IpAddr,
    /// The priority to advertise; `None`, on the wire 0, when giving up.
    pub priority: Option<Priority>,
    /// Its number, which matters only in an Authentication Header.
    pub sequence: SequenceNumber,
    /// Why it is sent.
    pub reason: AdvertiseReason,
}

impl Advertise {
    /// The packet from the router's address to `destination`; `None` if that is of another
    /// family.
    pub const fn carrier(&self, destination: IpAddr) -> Option<Carrier> {
        Carrier::new(self.source, destination)
    }
}

/// Why an advertisement is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AdvertiseReason {
    /// The router became Active.
    BecameActive,
    /// The Adver_Timer fired.
    Interval,
    /// Another router sent priority 0.
    PeerResigned,
    /// A router that must yield was heard.
    LowerPriorityPeer,
    /// A router of higher priority was heard; we yield to it.
    HigherPriorityPeer,
    /// The router gives up: shutdown or fault.
    Resign,
    /// The router overslept, listened, and heard nobody.
    ListenedAgain,
}

/// Which checksum to send in VRRPv3 over IPv4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SendChecksum {
    /// This one.
    Always(ChecksumForm),
    /// The one that the Active router last heard sends, as long as we are its Backup and after it;
    /// until one was heard, with pseudo-header.
    AsHeard,
}

impl SendChecksum {
    pub(super) fn form(self, heard: Option<ChecksumForm>) -> ChecksumForm {
        match self {
            Self::Always(form) => form,
            Self::AsHeard => heard.unwrap_or_default(),
        }
    }
}

impl Default for SendChecksum {
    fn default() -> Self {
        ChecksumForm::default().into()
    }
}

impl From<ChecksumForm> for SendChecksum {
    fn from(form: ChecksumForm) -> Self {
        Self::Always(form)
    }
}

/// An address to be announced to the neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Announce {
    /// The virtual address.
    pub address: IpAddr,
    /// Why it is announced.
    pub reason: AnnounceReason,
}

/// Why an address is announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AnnounceReason {
    /// The addresses were installed.
    Installed,
    /// The second time, for neighbours that missed the first.
    Second,
    /// As now and then.
    Refresh,
    /// A router that must yield was heard, and may have misled the neighbours.
    LowerPriorityPeer,
    /// The router overslept; another may have misled the neighbours meanwhile.
    ListenedAgain,
}

/// The announcements still to be handed out: some rounds over all held addresses.
#[derive(Debug, Clone, Copy)]
pub(super) struct Burst {
    rounds: u8,
    next: usize,
    reason: AnnounceReason,
}

impl Burst {
    pub(super) fn new(rounds: u8, reason: AnnounceReason) -> Option<Self> {
        (rounds > 0).then_some(Self { rounds, next: 0, reason })
    }

    /// The next announcement and what is left of the burst.
    pub(super) fn advance(
        self,
        mut held: impl Iterator<Item = IpAddr> + Clone,
    ) -> (Option<Announce>, Option<Self>) {
        let Self { rounds, next, reason } = self;
        let mut rest = held.clone().skip(next);
        let address = rest.next().or_else(|| held.next());
        let left = if rest.next().is_some() {
            Some(Self { next: next + 1, ..self })
        } else {
            Self::new(rounds.saturating_sub(1), reason)
        };
        (address.map(|address| Announce { address, reason }), left)
    }
}
