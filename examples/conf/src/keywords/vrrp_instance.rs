use super::{Arguments, Block, COUNT, Keyword, NO_MAIL, POSITIVE, accepted, refused, works};

pub(super) static VRRP_INSTANCE: Block =
    Block { name: "vrrp_instance", keywords: &[&ROUTER, &TRACKING, &NOTIFY] };

static AUTHENTICATION: Block = Block {
    name: "authentication",
    keywords: &[&[
        works("auth_type", Arguments::Choice(&["PASS", "AH"])).required(),
        works("auth_pass", Arguments::Word("PASSWORD")).required(),
    ]],
};

const IF: Arguments = Arguments::Word("IF");
const WORDS: Arguments = Arguments::OptionalWords("…");
const NO_UNICAST: &str = "advertisements would go to everybody";
const NO_VMAC: &str = "addresses would have the interface's own MAC address";
const OTHER_INTERFACES: &str = "neighbours on other interfaces would forget addresses";
/// `IP[/M] [brd IP|+|-] [dev IF] [scope S] [label L]`.
const ADDRESS: &str = "IP[/LENGTH] [brd IP|+|-] [dev IF] [scope S] [label L]";

static ROUTER: [Keyword; 44] = [
    works("state", Arguments::Choice(&["MASTER", "BACKUP"])).each(),
    works("interface", IF).required(),
    works("virtual_router_id", Arguments::Integer { min: 1, max: 255 }).required(),
    works("priority", Arguments::Integer { min: 1, max: 255 }).or("100"),
    works("advert_int", Arguments::Seconds { min: 10_000, max: 255_000_000 }).or("1"),
    works("authentication", Arguments::None).block(&AUTHENTICATION),
    refused("auth_hmac", Arguments::None, "advertisements would not be authenticated").lines("…"),
    works("virtual_ipaddress", Arguments::None).each().lines(ADDRESS),
    works("virtual_ipaddress_excluded", Arguments::None).each().lines(ADDRESS),
    works("no_virtual_ipaddress", Arguments::None),
    works("mcast_src_ip", Arguments::Ipv4Address),
    refused("unicast_src_ip", Arguments::Address, NO_UNICAST),
    refused("unicast_peer", Arguments::None, NO_UNICAST).each().lines("IP [min_ttl N] [max_ttl N]"),
    refused("unicast_ttl", COUNT, NO_UNICAST),
    refused("unicast_fault_no_peer", Arguments::None, NO_UNICAST),
    refused("check_unicast_src", Arguments::None, NO_UNICAST),
    accepted("old_unicast_checksum", WORDS, "unicast is not supported yet"),
    works("mcast_dst_ip", Arguments::Ipv4Address),
    refused("track_src_ip", Arguments::None, "loss of the source address would go unnoticed"),
    works("version", Arguments::Choice(&["2", "3"])),
    refused("native_ipv6", Arguments::None, "the instance would speak IPv4"),
    refused("vrf", IF, "the instance would run outside its VRF"),
    refused("use_vmac", WORDS, NO_VMAC),
    refused("use_vmac_addr", Arguments::None, NO_VMAC),
    refused("vmac_xmit_base", Arguments::None, NO_VMAC),
    refused("use_ipvlan", WORDS, "addresses would be on the interface itself"),
    works("nopreempt", Arguments::None),
    works("preempt", Arguments::None),
    works("preempt_delay", Arguments::Seconds { min: 0, max: 1_000_000_000 }).or("0"),
    works("garp_master_delay", COUNT),
    works("garp_master_repeat", POSITIVE),
    works("garp_master_refresh", COUNT),
    works("garp_master_refresh_repeat", POSITIVE),
    works("garp_lower_prio_delay", COUNT),
    works("garp_lower_prio_repeat", COUNT),
    refused("garp_extra_if", WORDS, OTHER_INTERFACES),
    refused("vmac_garp_intvl", WORDS, OTHER_INTERFACES),
    works("down_timer_adverts", Arguments::Integer { min: 1, max: 100 }),
    works("lower_prio_no_advert", Arguments::Flag),
    works("higher_prio_send_advert", Arguments::Flag),
    works("skip_check_adv_addr", Arguments::Flag),
    works("v3_checksum_as_v2", Arguments::Flag),
    works("strict_mode", Arguments::Flag),
    works("accept", Arguments::None),
];

static TRACKING: [Keyword; 17] = [
    works("track_script", Arguments::None).each().lines("NAME [weight N [reverse|noreverse]]"),
    works("dont_track_primary", Arguments::None),
    refused("no_accept", Arguments::None, "packets to its addresses would be answered"),
    refused("track_interface", Arguments::None, "loss of these interfaces would go unnoticed")
        .each()
        .lines("IF [weight N [reverse]]"),
    refused("track_file", Arguments::None, "these files would not be watched").each().lines("…"),
    refused("track_process", Arguments::None, "these processes would not be watched")
        .each()
        .lines("…"),
    refused("track_bfd", Arguments::None, "these sessions would not be watched").each().lines("…"),
    refused("owner_ignore_adverts", Arguments::Flag, "the owner would listen to others"),
    refused("timer_expired_backup", WORDS, "it would not step down after a long pause"),
    refused("thread_timer_expired", WORDS, "it would not step down after a long pause"),
    refused("promote_secondaries", Arguments::None, "removing one address could remove others"),
    refused("virtual_routes", Arguments::None, "these routes would be missing")
        .each()
        .lines("ROUTE"),
    refused("virtual_rules", Arguments::None, "these rules would be missing").each().lines("RULE"),
    accepted("linkbeat_use_polling", Arguments::None, "the kernel reports the state of links"),
    accepted("kernel_rx_buf_size", COUNT, "buffers are the kernel's"),
    accepted("debug", WORDS, "how much is logged is chosen on the command line"),
    refused("lvs_sync_daemon_interface", IF, "connections would not survive a failover"),
];

static NOTIFY: [Keyword; 9] = [
    works("notify_master", Arguments::CommandAndUser).first(),
    works("notify_backup", Arguments::CommandAndUser).first(),
    works("notify_fault", Arguments::CommandAndUser).first(),
    works("notify_stop", Arguments::CommandAndUser).first(),
    works("notify", Arguments::CommandAndUser).first(),
    refused("notify_deleted", WORDS, "the script would not run"),
    refused("notify_master_rx_lower_pri", Arguments::CommandAndUser, "the script would not run"),
    accepted("notify_priority_changes", Arguments::Flag, "there is no notify FIFO"),
    accepted("smtp_alert", Arguments::Flag, NO_MAIL),
];
