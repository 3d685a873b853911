use super::garp_group::GARP_GROUP;
use super::global::GLOBAL_DEFS;
use super::http::SSL;
use super::script::VRRP_SCRIPT;
use super::sync_group::VRRP_SYNC_GROUP;
use super::track::{TRACK_FILE, TRACK_GROUP, TRACK_PROCESS};
use super::virtual_server::VIRTUAL_SERVER;
use super::vrrp_instance::VRRP_INSTANCE;
use super::{Arguments, Block, COUNT, Keyword, NAME, accepted, refused, works};

/// What may stand outside any block.
pub static ROOT: Block = Block { name: "", keywords: &[&KEYWORDS] };

const FILE: Arguments = Arguments::Word("FILE");

static KEYWORDS: [Keyword; 31] = [
    works("global_defs", Arguments::None).each().block(&GLOBAL_DEFS),
    works("vrrp_script", NAME).each().block(&VRRP_SCRIPT),
    works("vrrp_instance", NAME).each().block(&VRRP_INSTANCE),
    works("virtual_server", Arguments::Words("IP [PORT]|fwmark N|group NAME"))
        .each()
        .block(&VIRTUAL_SERVER),
    works("include", FILE).each(),
    works("includer", FILE).each(),
    works("includem", FILE).each(),
    works("includew", FILE).each(),
    works("includeb", FILE).each(),
    works("includea", FILE).each(),
    works("net_namespace", NAME).first(),
    works("net_namespace_ipvs", Arguments::OptionalWord("NAME")).first(),
    accepted("namespace_with_ipsets", Arguments::None, "no firewall sets are used"),
    works("instance", NAME).first(),
    works("use_pid_dir", Arguments::None),
    accepted("linkbeat_use_polling", Arguments::None, "the kernel reports the state of links"),
    accepted("linkbeat_interfaces", Arguments::None, "the kernel reports the state of links")
        .lines("IF [MII|ETHTOOL|IOCTL]"),
    accepted("child_wait_time", COUNT, "there are no child processes to wait for").or("5"),
    works("interface_up_down_delays", Arguments::None).each().lines("IF DOWN_DELAY [UP_DELAY]"),
    works("track_group", NAME).each().block(&TRACK_GROUP),
    works("static_ipaddress", Arguments::None).each().lines("ADDRESS"),
    works("static_routes", Arguments::None).each().lines("ROUTE"),
    works("static_rules", Arguments::None).each().lines("RULE"),
    works("garp_group", Arguments::None).each().block(&GARP_GROUP),
    works("track_file", NAME).each().block(&TRACK_FILE),
    works("vrrp_track_file", NAME).each().block(&TRACK_FILE),
    works("vrrp_track_process", NAME).each().block(&TRACK_PROCESS),
    works("vrrp_sync_group", NAME).each().block(&VRRP_SYNC_GROUP),
    refused("bfd_instance", NAME, "what it watches would not be watched").each().lines("…"),
    works("SSL", Arguments::None).block(&SSL),
    works("virtual_server_group", NAME)
        .each()
        .lines("IP[-IP|-LAST_PART|/LENGTH] [PORT]|fwmark N [inet|inet6]"),
];
