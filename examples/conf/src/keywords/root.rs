use super::global::GLOBAL_DEFS;
use super::script::VRRP_SCRIPT;
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
    works("virtual_server", Arguments::Words("IP [PORT]")).each().block(&VIRTUAL_SERVER),
    works("include", FILE).each(),
    works("includer", FILE).each(),
    works("includem", FILE).each(),
    works("includew", FILE).each(),
    works("includeb", FILE).each(),
    works("includea", FILE).each(),
    refused("net_namespace", NAME, "everything would run in another network namespace"),
    refused("net_namespace_ipvs", NAME, "services would go into another network namespace"),
    accepted("namespace_with_ipsets", Arguments::None, "no firewall sets are used"),
    accepted("instance", NAME, "no files are named after it"),
    accepted("use_pid_dir", Arguments::None, "the pid file is chosen on the command line"),
    accepted("linkbeat_use_polling", Arguments::None, "the kernel reports the state of links"),
    accepted("linkbeat_interfaces", Arguments::None, "the kernel reports the state of links")
        .lines("IF [MII|ETHTOOL|IOCTL]"),
    accepted("child_wait_time", COUNT, "there are no child processes to wait for").or("5"),
    refused("interface_up_down_delays", Arguments::None, "links would be judged without delay")
        .lines("IF DOWN_DELAY [UP_DELAY]"),
    refused("track_group", NAME, "loss of its addresses would go unnoticed")
        .each()
        .lines("group { INSTANCE }"),
    refused("static_ipaddress", Arguments::None, "these addresses would be missing")
        .each()
        .lines("ADDRESS"),
    refused("static_routes", Arguments::None, "these routes would be missing")
        .each()
        .lines("ROUTE"),
    refused("static_rules", Arguments::None, "these rules would be missing").each().lines("RULE"),
    refused("garp_group", Arguments::None, "announcements would not be paced").each().lines("…"),
    refused("track_file", NAME, "what it watches would not be watched").each().lines("…"),
    refused("vrrp_track_file", NAME, "what it watches would not be watched").each().lines("…"),
    refused("vrrp_track_process", NAME, "what it watches would not be watched").each().lines("…"),
    refused("vrrp_sync_group", NAME, "its instances would fail over one without the other")
        .each()
        .lines("…"),
    refused("bfd_instance", NAME, "what it watches would not be watched").each().lines("…"),
    refused("SSL", Arguments::None, "SSL_GET could not use its certificates").lines("…"),
    refused("virtual_server_group", NAME, "these services would be missing").each().lines("…"),
];
