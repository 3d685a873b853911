use super::track::TRACKED;
use super::{Arguments, Block, COUNT, Keyword, POSITIVE, accepted, refused, works};

pub(super) static VRRP_INSTANCE: Block =
    Block { name: "vrrp_instance", keywords: &[&ROUTER, &TRACKED, &TRACKING, &NOTIFY] };

static AUTHENTICATION: Block = Block {
    name: "authentication",
    keywords: &[&[
        works("auth_type", Arguments::Choice(&["PASS", "AH"])).required(),
        works("auth_pass", Arguments::Word("PASSWORD")).required(),
    ]],
};

const IF: Arguments = Arguments::Word("IF");
const OVERSLEPT: &str = "whoever was asleep for too long always listens before it speaks";
/// In keepalived 2.2.7 it is another interface for advertisements alone, with the same MAC address.
const NO_IPVLAN: &str = "advertisements come from another address: name that with `mcast_src_ip`, and in `static_ipaddress`";
const WORDS: Arguments = Arguments::OptionalWords("…");
const PEER: &str = "IP [min_ttl N] [max_ttl N]";
const ADDRESS: &str = "IP[/LENGTH] [brd IP|+|-] [dev IF] [scope S] [label L] [peer IP[/LENGTH]] \
     [preferred_lft N|forever] [home] [-nodad] [mngtmpaddr] [noprefixroute] [autojoin]";

static ROUTER: [Keyword; 44] = [
    works("state", Arguments::Choice(&["MASTER", "BACKUP"])).each(),
    works("interface", IF),
    works("virtual_router_id", Arguments::Integer { min: 1, max: 255 }).required(),
    works("priority", Arguments::Integer { min: 1, max: 255 }).or("100"),
    works("advert_int", Arguments::Seconds { min: 10_000, max: 255_000_000 }).or("1"),
    works("authentication", Arguments::None).block(&AUTHENTICATION),
    refused("auth_hmac", Arguments::None, "advertisements would not be authenticated").lines("…"),
    works("virtual_ipaddress", Arguments::None).each().lines(ADDRESS),
    works("virtual_ipaddress_excluded", Arguments::None).each().lines(ADDRESS),
    works("no_virtual_ipaddress", Arguments::None),
    works("mcast_src_ip", Arguments::Address),
    works("unicast_src_ip", Arguments::Address),
    works("unicast_peer", Arguments::None).each().lines(PEER),
    works("unicast_ttl", Arguments::Integer { min: 0, max: 255 }).or("255"),
    works("unicast_fault_no_peer", Arguments::None),
    works("check_unicast_src", Arguments::None),
    accepted("old_unicast_checksum", WORDS, "either checksum is understood, the right one is sent"),
    works("mcast_dst_ip", Arguments::Address),
    works("track_src_ip", Arguments::None),
    works("version", Arguments::Choice(&["2", "3"])),
    works("native_ipv6", Arguments::None),
    works("vrf", IF),
    works("use_vmac", Arguments::OptionalWords("[name] [IF] [MAC]")),
    works("use_vmac_addr", Arguments::None),
    works("vmac_xmit_base", Arguments::None),
    refused("use_ipvlan", WORDS, NO_IPVLAN),
    works("nopreempt", Arguments::None),
    works("preempt", Arguments::None),
    works("preempt_delay", Arguments::Seconds { min: 0, max: 1_000_000_000 }).or("0"),
    works("garp_master_delay", COUNT),
    works("garp_master_repeat", POSITIVE),
    works("garp_master_refresh", COUNT),
    works("garp_master_refresh_repeat", POSITIVE),
    works("garp_lower_prio_delay", COUNT),
    works("garp_lower_prio_repeat", COUNT),
    works("garp_extra_if", Arguments::Words("[all] SECONDS")),
    works("vmac_garp_intvl", Arguments::Words("[all] SECONDS")),
    works("down_timer_adverts", Arguments::Integer { min: 1, max: 100 }),
    works("lower_prio_no_advert", Arguments::Flag),
    works("higher_prio_send_advert", Arguments::Flag),
    works("skip_check_adv_addr", Arguments::Flag),
    works("v3_checksum_as_v2", Arguments::Flag),
    works("strict_mode", Arguments::Flag),
    works("accept", Arguments::None),
];

static TRACKING: [Keyword; 13] = [
    works("dont_track_primary", Arguments::None),
    works("no_accept", Arguments::None),
    refused("track_bfd", Arguments::None, "these sessions would not be watched").each().lines("…"),
    works("owner_ignore_adverts", Arguments::Flag),
    accepted("timer_expired_backup", WORDS, OVERSLEPT),
    accepted("thread_timer_expired", WORDS, OVERSLEPT),
    works("promote_secondaries", Arguments::None),
    works("virtual_routes", Arguments::None).each().lines("ROUTE"),
    works("virtual_rules", Arguments::None).each().lines("RULE"),
    accepted("linkbeat_use_polling", Arguments::None, "the kernel reports the state of links"),
    accepted("kernel_rx_buf_size", COUNT, "buffers are the kernel's"),
    accepted("debug", WORDS, "how much is logged is chosen on the command line"),
    works("lvs_sync_daemon_interface", IF),
];

static NOTIFY: [Keyword; 9] = [
    works("notify_master", Arguments::CommandAndUser).first(),
    works("notify_backup", Arguments::CommandAndUser).first(),
    works("notify_fault", Arguments::CommandAndUser).first(),
    works("notify_stop", Arguments::CommandAndUser).first(),
    works("notify", Arguments::CommandAndUser).first(),
    works("notify_deleted", Arguments::OptionalCommandAndUser).first(),
    works("notify_master_rx_lower_pri", Arguments::CommandAndUser).first(),
    works("notify_priority_changes", Arguments::Flag),
    works("smtp_alert", Arguments::Flag),
];
