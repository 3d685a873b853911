use super::StateReason;

/// What happened so far, under the names of RFC 8347; those below `events_lost` are ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Counters {
    /// Times the router became Active.
    pub master_transitions: u64,
    /// Why it last became Active.
    pub new_master_reason: NewMasterReason,
    /// Valid advertisements received.
    pub advertisement_rcvd: u64,
    /// Advertisements handed out for sending.
    pub advertisement_sent: u64,
    /// Valid advertisements of priority 0 received.
    pub priority_zero_pkts_rcvd: u64,
    /// Advertisements of priority 0 handed out for sending.
    pub priority_zero_pkts_sent: u64,
    /// Packets with a wrong checksum.
    pub checksum_errors: u64,
    /// Packets of another version.
    pub version_errors: u64,
    /// Packets for another virtual router, or VRID 0.
    pub vrid_errors: u64,
    /// Packets with a TTL or hop limit other than 255.
    pub ip_ttl_errors: u64,
    /// Packets with an interval that is not ours (VRRPv2) or 0.
    pub interval_errors: u64,
    /// Packets with a type other than 1.
    pub invalid_type_pkts_rcvd: u64,
    /// Packets without an address, without the link-local one, or with addresses that are not
    /// ours, whether discarded or not.
    pub address_list_errors: u64,
    /// Packets shorter than their fields say.
    pub packet_length_errors: u64,
    /// Packets with an authentication type this crate does not know.
    pub invalid_auth_type: u64,
    /// Packets with an authentication type that is not ours.
    pub auth_type_mismatch: u64,
    /// Packets with a wrong password.
    pub auth_failures: u64,
    /// Packets of another address family.
    pub family_errors: u64,
    /// Own packets that came back.
    pub looped_back: u64,
    /// Advertisements that were due when there was no address to send them from.
    pub no_source_address: u64,
    /// Times the router was woken too late to trust what it had not heard.
    pub overslept: u64,
    /// Events dropped because nobody took them.
    pub events_lost: u64,
}

/// Why a router became Active (RFC 8347, `new-master-reason`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum NewMasterReason {
    /// It never did.
    #[default]
    NotMaster,
    /// It had the highest priority: as the owner, or when the Active router gave up.
    Priority,
    /// It preempted a router of lower priority.
    Preempted,
    /// It heard nothing of the Active router.
    NoResponse,
}

impl From<&StateReason> for NewMasterReason {
    fn from(reason: &StateReason) -> Self {
        match reason {
            StateReason::Silence { .. } => Self::NoResponse,
            StateReason::Preempted { .. } => Self::Preempted,
            _ => Self::Priority,
        }
    }
}
