//! Received packets: the checks of RFC 9568 section 7.1, in its order, and what each failure is
//! called and counted as.

use core::net::IpAddr;

use thiserror::Error;

use super::transitions::{Heard, Input};
use super::{AddressListCheck, Counters, Event, Peer, State, Timer, VirtualRouter};
use crate::packet::ah::{self, Opened, SequenceNumber};
use crate::packet::{
    self, Advertisement, Authentication, Carrier, ChecksumForm, DecodeError, Decoded, Format,
    Verified,
};
use crate::{AdverInterval, Family, Instant, Priority, Version, Vrid};

/// What the IP layer knows about a received packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    /// When it arrived, by the clock of the router's other times; the kernel's receive
    /// timestamp is best, the time it was read will do.
    pub arrival: Instant,
    /// Source address.
    pub source: IpAddr,
    /// Destination address.
    pub destination: IpAddr,
    /// TTL or hop limit.
    pub hop_limit: u8,
}

/// What became of a packet that was not refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The router took note of it.
    Accepted {
        /// The checksum form of VRRPv3; `None` in VRRPv2, which has but one.
        checksum: Option<ChecksumForm>,
        /// Bytes after the end of the message: padding, or a trailer not known here.
        trailing: usize,
    },
    /// It was our own.
    LoopedBack,
    /// The router is not started, or in Fault.
    NotListening,
    /// The router owns the addresses, and is configured to ignore what others advertise.
    OwnerIgnores,
}

/// Why a packet was discarded. Worth a log line with a rate limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReceiveError {
    /// It was forwarded by a router, or forged from afar (RFC 9568 section 5.1.1.3).
    #[error("TTL or hop limit is {found}: only 255 proves that the sender is on this link")]
    HopLimit {
        /// The TTL or hop limit.
        found: u8,
    },
    /// It was sent to an address that this router does not listen at: to us alone where a group is
    /// configured, to a group where unicast peers are, or to another group.
    #[error("packet was sent to {found}, where this router does not listen")]
    Destination {
        /// The destination address.
        found: IpAddr,
    },
    /// Its source is none of the unicast peers.
    #[error("sender is none of the configured unicast peers")]
    UnknownPeer,
    /// It came from a unicast peer that is nearer or farther than configured.
    #[error("TTL or hop limit is {found}: {min_ttl} to {max_ttl} is configured for this peer")]
    PeerHopLimit {
        /// The TTL or hop limit.
        found: u8,
        /// The least that is configured.
        min_ttl: u8,
        /// The greatest that is configured.
        max_ttl: u8,
    },
    /// It came over the other IP version.
    #[error("packet came over {found}: the virtual router is one of {expected}")]
    Family {
        /// The packet's family.
        found: Family,
        /// The router's family.
        expected: Family,
    },
    /// Another version than configured.
    #[error("version is {found}: {expected} is configured")]
    Version {
        /// The version field.
        found: u8,
        /// The configured version.
        expected: Version,
    },
    /// It is no valid advertisement.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// It is for another virtual router.
    #[error("VRID is {found}: {expected} is configured")]
    Vrid {
        /// The VRID field.
        found: u8,
        /// The configured VRID.
        expected: Vrid,
    },
    /// VRRPv2: another authentication type than configured.
    #[error("authentication type is {found}: {expected} is configured")]
    AuthenticationType {
        /// The type field.
        found: u8,
        /// The configured type.
        expected: u8,
    },
    /// VRRPv2: an Authentication Header is configured, and it came without.
    #[error("packet has no Authentication Header: one is configured")]
    NoAuthenticationHeader,
    /// VRRPv2: its Authentication Header does not prove that it comes from one of us.
    #[error(transparent)]
    AuthenticationHeader(#[from] ah::OpenError),
    /// VRRPv2: its number in the Authentication Header is not a new one: it is sent again by
    /// somebody else, or comes from a router that has not heard the others.
    #[error("sequence number is {found}: {last} was seen already")]
    Replayed {
        /// The number in the packet.
        found: SequenceNumber,
        /// The last one that was sent or received.
        last: SequenceNumber,
    },
    /// VRRPv2: the password is wrong.
    #[error("password does not match")]
    Password,
    /// VRRPv2: another interval than configured.
    #[error("advertisement interval is {found}: {expected} is configured")]
    Interval {
        /// The interval in the packet.
        found: AdverInterval,
        /// The configured interval.
        expected: AdverInterval,
    },
    /// VRRPv2, where configured: other addresses, and not from their owner.
    #[error("addresses differ from the configured ones")]
    AddressList,
}

impl VirtualRouter {
    /// Takes in a packet of protocol 112: `bytes` is its payload without the IP header.
    ///
    /// Call it for every packet that may be for this router, and before
    /// [`handle_timeout`](Self::handle_timeout): silence counts only once everything received
    /// has been looked at.
    pub fn handle_packet(
        &mut self,
        now: Instant,
        received: &Received,
        bytes: &[u8],
    ) -> Result<Outcome, ReceiveError> {
        if matches!(self.state, State::Initialize | State::Fault) {
            return Ok(Outcome::NotListening);
        }
        let checked = match self.check(received, bytes) {
            Ok(_) if self.config.authentication_header().is_some() => {
                Err(ReceiveError::NoAuthenticationHeader)
            }
            checked => checked,
        };
        let decoded = checked.inspect_err(|error| self.counters.count(error))?;
        if self.is_own(received) {
            return Ok(Outcome::LoopedBack);
        }
        Ok(self.accept(now, received, &decoded))
    }

    /// Takes in a packet of protocol [51](ah::PROTOCOL), whole, from its IPv4 header on, that arrived
    /// at `arrival`. Otherwise as [`handle_packet`](Self::handle_packet).
    ///
    /// As keepalived does, it is discarded unless its number is greater than any that this router has
    /// sent or taken in, whoever sent that.
    pub fn handle_authenticated_packet(
        &mut self,
        now: Instant,
        arrival: Instant,
        packet: &[u8],
    ) -> Result<Outcome, ReceiveError> {
        if matches!(self.state, State::Initialize | State::Fault) {
            return Ok(Outcome::NotListening);
        }
        let opened = self.open(packet).inspect_err(|error| self.counters.count(error))?;
        let Opened { envelope, message } = opened;
        let received = Received {
            arrival,
            source: envelope.source.into(),
            destination: envelope.destination.into(),
            hop_limit: envelope.ttl,
        };
        let decoded =
            self.check(&received, message).inspect_err(|error| self.counters.count(error))?;
        if self.is_own(&received) {
            return Ok(Outcome::LoopedBack);
        }
        let found = envelope.sequence;
        self.numbering
            .take_in(found)
            .map_err(|replayed| ReceiveError::Replayed { found, last: replayed.last })
            .inspect_err(|error| self.counters.count(error))?;
        Ok(self.accept(now, &received, &decoded))
    }

    fn open<'a>(&self, packet: &'a [u8]) -> Result<Opened<'a>, ReceiveError> {
        let Some(key) = self.config.authentication_header() else {
            return Err(ReceiveError::AuthenticationType {
                found: Authentication::AuthenticationHeader.type_number(),
                expected: self.config.authentication().type_number(),
            });
        };
        Ok(ah::open(packet, &key)?)
    }

    fn is_own(&mut self, received: &Received) -> bool {
        let is_own = self.source == Some(received.source);
        self.counters.looped_back += u64::from(is_own);
        is_own
    }

    fn accept(&mut self, now: Instant, received: &Received, decoded: &Decoded<'_>) -> Outcome {
        let Decoded { advertisement, trailing } = decoded;

        if self.config.owner_ignore_adverts() {
            self.counters.owner_ignored += 1;
            return Outcome::OwnerIgnores;
        }

        let peer = Peer { address: received.source, priority: advertisement.priority };
        self.counters.advertisement_rcvd += 1;
        self.counters.priority_zero_pkts_rcvd += u64::from(peer.priority.is_none());
        let source_before = self.last_adv_source.replace(peer.address);
        self.note_differences(peer, source_before, advertisement);
        let at = received.arrival.min(now);
        let due = self.timers.get(Timer::Adver);
        let heard = Heard {
            peer,
            interval: advertisement.interval,
            while_asleep: self.overslept_as_active(now) && due.is_some_and(|due| due <= at),
            before_resumption: self.resumed.is_some_and(|resumed| at < resumed),
        };
        self.transition(at, Input::Heard(heard));

        let checksum = match advertisement.format {
            Format::V2 { .. } => None,
            Format::V3 { checksum } => Some(checksum),
        };
        if self.state == State::Backup {
            self.heard_checksum = checksum;
        }
        Outcome::Accepted { checksum, trailing: trailing.len() }
    }

    fn check<'a>(&self, received: &Received, bytes: &'a [u8]) -> Result<Decoded<'a>, ReceiveError> {
        let expected = self.config.family();
        let carrier = Carrier::new(received.source, received.destination)
            .filter(|carrier| carrier.family() == expected)
            .ok_or(ReceiveError::Family { found: Family::of(received.source), expected })?;
        self.config.destination().check(received)?;

        let expected = self.config.version();
        if let Some(found) = packet::peek_version(bytes)
            && Version::from_number(found).is_some_and(|found| found != expected)
        {
            return Err(ReceiveError::Version { found, expected });
        }
        let policy = self.config.decode_policy();
        let message = Verified::new(bytes, carrier, policy)?;

        let expected = self.config.vrid();
        if message.vrid() != expected.get() {
            return Err(ReceiveError::Vrid { found: message.vrid(), expected });
        }
        let decoded = message.interpret(policy)?;
        if let Format::V2 { authentication } = decoded.advertisement.format {
            self.check_v2(&decoded.advertisement, authentication)?;
        }
        Ok(decoded)
    }

    /// What only RFC 2338 and RFC 3768 (section 7.1) ask for.
    fn check_v2(
        &self,
        advertisement: &Advertisement<'_>,
        found: Authentication,
    ) -> Result<(), ReceiveError> {
        let expected = self.config.authentication();
        if found.type_number() != expected.type_number() {
            return Err(ReceiveError::AuthenticationType {
                found: found.type_number(),
                expected: expected.type_number(),
            });
        }
        if found != expected {
            return Err(ReceiveError::Password);
        }
        if advertisement.interval != self.config.interval() {
            return Err(ReceiveError::Interval {
                found: advertisement.interval,
                expected: self.config.interval(),
            });
        }
        if self.config.address_list_check() == AddressListCheck::Discard
            && advertisement.priority != Some(Priority::OWNER)
            && !advertisement.addresses.same_set(&self.config.advertised())
        {
            return Err(ReceiveError::AddressList);
        }
        Ok(())
    }

    /// What is odd but no reason to discard (RFC 9568 section 7.1, erratum 8298).
    fn note_differences(
        &mut self,
        peer: Peer,
        source_before: Option<IpAddr>,
        advertisement: &Advertisement<'_>,
    ) {
        if self.config.is_owner() && !core::mem::replace(&mut self.noted.owner_conflict, true) {
            self.event(Event::OwnerConflict { peer });
        }
        let (theirs, ours) = (advertisement.interval, self.config.interval());
        if theirs != ours && !core::mem::replace(&mut self.noted.interval, true) {
            self.event(Event::IntervalDiffers { peer, theirs, ours });
        }
        let looked_at = source_before == Some(peer.address)
            && self.config.address_list_check() == AddressListCheck::OncePerRouter;
        if !looked_at && !advertisement.addresses.same_set(&self.config.advertised()) {
            self.counters.address_list_errors += 1;
            if !core::mem::replace(&mut self.noted.address_list, true) {
                self.event(Event::AddressListDiffers { peer });
            }
        }
    }
}

/// What was reported already, so that it is not repeated with every advertisement.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Noted {
    owner_conflict: bool,
    interval: bool,
    address_list: bool,
}

impl Counters {
    fn count(&mut self, error: &ReceiveError) {
        let counter = match error {
            ReceiveError::HopLimit { .. } | ReceiveError::PeerHopLimit { .. } => {
                &mut self.ip_ttl_errors
            }
            ReceiveError::Destination { .. } => &mut self.destination_errors,
            ReceiveError::UnknownPeer => &mut self.unknown_peers,
            ReceiveError::Family { .. } => &mut self.family_errors,
            ReceiveError::Version { .. } => &mut self.version_errors,
            ReceiveError::Decode(error) => match error {
                DecodeError::Version { .. } | DecodeError::Version2OverIpv6 => {
                    &mut self.version_errors
                }
                DecodeError::AuthenticationHeader => &mut self.auth_type_mismatch,
                DecodeError::Type { .. } => &mut self.invalid_type_pkts_rcvd,
                DecodeError::Truncated { .. } => &mut self.packet_length_errors,
                DecodeError::Checksum { .. } => &mut self.checksum_errors,
                DecodeError::Vrid => &mut self.vrid_errors,
                DecodeError::Interval => &mut self.interval_errors,
                DecodeError::NoAddresses | DecodeError::FirstAddress { .. } => {
                    &mut self.address_list_errors
                }
            },
            ReceiveError::Vrid { .. } => &mut self.vrid_errors,
            ReceiveError::AuthenticationType { found, .. } if *found > 2 => {
                &mut self.invalid_auth_type
            }
            ReceiveError::AuthenticationType { .. } => &mut self.auth_type_mismatch,
            ReceiveError::NoAuthenticationHeader => &mut self.auth_type_mismatch,
            ReceiveError::AuthenticationHeader(ah::OpenError::Truncated { .. }) => {
                &mut self.packet_length_errors
            }
            ReceiveError::AuthenticationHeader(_)
            | ReceiveError::Replayed { .. }
            | ReceiveError::Password => &mut self.auth_failures,
            ReceiveError::Interval { .. } => &mut self.interval_errors,
            ReceiveError::AddressList => &mut self.address_list_errors,
        };
        *counter += 1;
    }
}
