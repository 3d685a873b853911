/// What happened since the router was made, under the names of RFC 8347; those from
/// `invalid_auth_type` on are RFC 2787's and ours.
///
/// None is ever reset. Those that RFC 8347 has but once for all virtual routers (`checksum_errors`,
/// `version_errors`, `vrid_errors`, `ip_ttl_errors`) are the sums over all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Counters {
    /// Times the router became Active.
    pub master_transitions: u64,
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
    /// Packets with a TTL or hop limit other than 255, or than configured for a unicast peer.
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
    /// Packets with a wrong password, or an Authentication Header that is wrong or was seen before.
    pub auth_failures: u64,
    /// Packets of another address family.
    pub family_errors: u64,
    /// Packets sent to us alone where a group is configured, or the other way round.
    pub destination_errors: u64,
    /// Packets from none of the unicast peers.
    pub unknown_peers: u64,
    /// Valid advertisements that the owner of the addresses ignored, as configured.
    pub owner_ignored: u64,
    /// Own packets that came back.
    pub looped_back: u64,
    /// Advertisements that were due when there was no address to send them from.
    pub no_source_address: u64,
    /// Times the router was woken too late to trust what it had not heard.
    pub overslept: u64,
    /// Events dropped because nobody took them.
    pub events_lost: u64,
}
