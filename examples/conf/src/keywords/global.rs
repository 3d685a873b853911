use super::{
    Arguments, Block, COUNT, Keyword, NAME, NO_SNMP, PACING, POSITIVE, TIMER_MAX, accepted, works,
};

pub(super) static GLOBAL_DEFS: Block =
    Block { name: "global_defs", keywords: &[&IDENTITY, &SCRIPTS, &VRRP, &LVS, &PROCESS] };

const FILE: Arguments = Arguments::Word("FILE");
const FOLDER: Arguments = Arguments::Word("FOLDER");
const INTERFACE: Arguments = Arguments::Word("IF");

static IDENTITY: [Keyword; 11] = [
    works("router_id", NAME),
    works("notification_email", Arguments::None).each().lines("ADDRESS"),
    works("notification_email_from", Arguments::Word("ADDRESS")),
    works("smtp_server", Arguments::Words("HOST [PORT]")),
    works("smtp_helo_name", NAME),
    works("smtp_connect_timeout", COUNT).or("30"),
    works("smtp_alert", Arguments::Flag),
    works("smtp_alert_vrrp", Arguments::Flag),
    works("smtp_alert_checker", Arguments::Flag),
    works("no_email_faults", Arguments::None),
    works("no_checker_emails", Arguments::None),
];

/// Seconds.
const SCRIPT_TIMEOUT: Arguments = Arguments::Integer { min: 1, max: 1000 };
const FIFO: Arguments = Arguments::Words("PATH [USER [GROUP]]");
const WORDS: Arguments = Arguments::Words("…");

static SCRIPTS: [Keyword; 18] = [
    works("script_user", Arguments::User),
    works("enable_script_security", Arguments::None),
    accepted("use_symlink_paths", Arguments::Flag, "paths of scripts are kept as they are written"),
    works("set_supplementary_groups", Arguments::None),
    works("startup_script", Arguments::CommandAndUser),
    works("startup_script_timeout", SCRIPT_TIMEOUT).or("10"),
    works("shutdown_script", Arguments::CommandAndUser),
    works("shutdown_script_timeout", SCRIPT_TIMEOUT).or("10"),
    works("notify_fifo", FIFO),
    works("vrrp_notify_fifo", FIFO),
    works("lvs_notify_fifo", FIFO),
    works("notify_fifo_script", Arguments::CommandAndUser),
    works("vrrp_notify_fifo_script", Arguments::CommandAndUser),
    works("lvs_notify_fifo_script", Arguments::CommandAndUser),
    works("vrrp_notify_priority_changes", Arguments::Flag),
    works("fifo_write_vrrp_states_on_reload", Arguments::None),
    works("rs_init_notifies", Arguments::None),
    works("checker_log_all_failures", Arguments::Flag),
];

const NO_FIREWALL: &str = "the firewall's own table is all that is touched";

const DELAY: Arguments = Arguments::Seconds { min: 1_000, max: TIMER_MAX };

static VRRP: [Keyword; 43] = [
    works("vrrp_version", Arguments::Choice(&["2", "3"])).or("2"),
    works("vrrp_mcast_group4", Arguments::Ipv4Address).or("224.0.0.18"),
    works("vrrp_mcast_group6", Arguments::Ipv6Address).or("ff02::12"),
    works("vrrp_garp_master_delay", COUNT).or("5"),
    works("vrrp_garp_master_repeat", POSITIVE).or("5"),
    works("vrrp_garp_lower_prio_delay", COUNT),
    works("vrrp_garp_lower_prio_repeat", COUNT),
    works("vrrp_garp_master_refresh", COUNT).or("0"),
    works("vrrp_garp_master_refresh_repeat", POSITIVE).or("1"),
    works("vrrp_garp_interval", PACING).or("0"),
    works("vrrp_gna_interval", PACING).or("0"),
    works("vrrp_min_garp", Arguments::Flag).or("off"),
    works("vrrp_garp_extra_if", Arguments::Words("[all] SECONDS")),
    works("vrrp_vmac_garp_intvl", Arguments::Words("[all] SECONDS")),
    works("vrrp_down_timer_adverts", Arguments::Integer { min: 1, max: 100 }).or("3"),
    works("vrrp_lower_prio_no_advert", Arguments::Flag).or("off"),
    works("vrrp_higher_prio_send_advert", Arguments::Flag).or("off"),
    works("v3_checksum_as_v2", Arguments::Flag).or("off"),
    works("vrrp_check_unicast_src", Arguments::None),
    works("vrrp_skip_check_adv_addr", Arguments::Flag).or("off"),
    works("vrrp_strict", Arguments::Flag).or("off"),
    works("vrrp_owner_ignore_adverts", Arguments::Flag).or("off"),
    works("vrrp_startup_delay", DELAY),
    works("vrrp_delay_after_boot", DELAY),
    works("default_interface", INTERFACE).or("eth0"),
    works("dynamic_interfaces", Arguments::OptionalWord("allow_if_changes")),
    accepted("log_unknown_vrids", Arguments::None, "unknown virtual routers are not logged"),
    works("vmac_prefix", NAME).or("vrrp"),
    works("vmac_addr_prefix", NAME),
    accepted("disable_local_igmp", Arguments::None, "groups are joined on the interface itself"),
    accepted("vrrp_rx_bufs_policy", Arguments::Word("MTU|ADVERT|N"), "buffers are the kernel's"),
    accepted("vrrp_rx_bufs_multiplier", POSITIVE, "buffers are the kernel's").or("3"),
    works("nftables", Arguments::OptionalWord("TABLE")),
    works("nftables_priority", Arguments::Integer { min: i32::MIN as i64, max: i32::MAX as i64 }),
    accepted("nftables_counters", Arguments::None, NO_FIREWALL),
    accepted("nftables_ifindex", Arguments::None, NO_FIREWALL),
    accepted("nftables_ipvs", Arguments::OptionalWord("TABLE"), "services are not grouped by mark"),
    accepted("nftables_ipvs_priority", Arguments::Word("N"), "services are not grouped by mark"),
    accepted("nftables_ipvs_start_fwmark", POSITIVE, "services are not grouped by mark"),
    accepted("vrrp_iptables", Arguments::OptionalWords("IN [OUT]"), NO_FIREWALL),
    accepted("vrrp_ipsets", Arguments::OptionalWords("SET…"), NO_FIREWALL),
    accepted("process_monitor_rcv_bufs", COUNT, "buffers are the kernel's"),
    accepted("process_monitor_rcv_bufs_force", Arguments::Flag, "buffers are the kernel's"),
];

static LVS: [Keyword; 5] = [
    works(
        "lvs_sync_daemon",
        Arguments::Words("IF [[inst] INSTANCE] [id N] [maxlen N] [port N] [ttl N] [group ADDRESS]"),
    ),
    works("lvs_timeouts", Arguments::Words("[tcp N] [tcpfin N] [udp N]")),
    works("lvs_flush", Arguments::None),
    works("lvs_flush_on_stop", Arguments::OptionalWord("VS")),
    works("lvs_flush_onstop", Arguments::OptionalWord("VS")),
];

const ONE_PROCESS: &str = "there is one process, whose priority whoever starts it decides";
const ONE_MEMORY: &str = "there is one process, which `vrrp_no_swap` keeps in memory";
const ONLY_VRRP: &str = "only VRRP has a thread with a priority of its own";
const NO_LIMIT: &str = "nothing is killed for the time that it takes";
const ANY_PROCESSOR: &str = "the kernel chooses the processors";
const NO_NAMES: &str = "there is one process, with one name";
const ONE_JSON: &str = "the JSON is the director's own";
const NO_DBUS: &str = "there is no D-Bus service";
const BUFFERS: &str = "buffers are the kernel's";
const N: Arguments = Arguments::Word("N");

static PROCESS: [Keyword; 58] = [
    accepted("process_names", Arguments::None, NO_NAMES),
    accepted("process_name", NAME, NO_NAMES),
    accepted("vrrp_process_name", NAME, NO_NAMES),
    accepted("checker_process_name", NAME, NO_NAMES),
    accepted("bfd_process_name", NAME, NO_NAMES),
    works("max_auto_priority", Arguments::OptionalInteger { min: -1, max: 99, alone: 99 }),
    accepted(
        "min_auto_priority_delay",
        COUNT,
        "VRRP has its priority from the start, not only after a delay",
    ),
    accepted("vrrp_priority", N, ONE_PROCESS),
    accepted("checker_priority", N, ONE_PROCESS),
    accepted("bfd_priority", N, ONE_PROCESS),
    works("vrrp_no_swap", Arguments::None),
    accepted("checker_no_swap", Arguments::None, ONE_MEMORY),
    accepted("bfd_no_swap", Arguments::None, ONE_MEMORY),
    works("vrrp_rt_priority", Arguments::Integer { min: 1, max: 99 }),
    accepted("checker_rt_priority", N, ONLY_VRRP),
    accepted("bfd_rt_priority", N, ONLY_VRRP),
    accepted("vrrp_rlimit_rttime", N, NO_LIMIT),
    accepted("checker_rlimit_rttime", N, NO_LIMIT),
    accepted("bfd_rlimit_rttime", N, NO_LIMIT),
    accepted("vrrp_cpu_affinity", WORDS, ANY_PROCESSOR),
    accepted("checker_cpu_affinity", WORDS, ANY_PROCESSOR),
    accepted("bfd_cpu_affinity", WORDS, ANY_PROCESSOR),
    accepted("snmp_socket", NAME, NO_SNMP),
    accepted("enable_snmp_vrrp", Arguments::None, NO_SNMP),
    accepted("enable_snmp_checker", Arguments::None, NO_SNMP),
    accepted("enable_snmp_rfc", Arguments::None, NO_SNMP),
    accepted("enable_snmp_rfcv2", Arguments::None, NO_SNMP),
    accepted("enable_snmp_rfcv3", Arguments::None, NO_SNMP),
    accepted("enable_traps", Arguments::None, NO_SNMP),
    accepted("snmp_vs_stats_update_interval", N, NO_SNMP),
    accepted("snmp_rs_stats_update_interval", N, NO_SNMP),
    accepted("enable_dbus", Arguments::None, NO_DBUS),
    accepted("dbus_service_name", NAME, NO_DBUS),
    accepted("dbus_no_interface_name", NAME, NO_DBUS),
    accepted("vrrp_netlink_cmd_rcv_bufs", N, BUFFERS),
    accepted("vrrp_netlink_cmd_rcv_bufs_force", Arguments::Flag, BUFFERS),
    accepted("vrrp_netlink_monitor_rcv_bufs", N, BUFFERS),
    accepted("vrrp_netlink_monitor_rcv_bufs_force", Arguments::Flag, BUFFERS),
    accepted("lvs_netlink_cmd_rcv_bufs", N, BUFFERS),
    accepted("lvs_netlink_cmd_rcv_bufs_force", Arguments::Flag, BUFFERS),
    accepted("lvs_netlink_monitor_rcv_bufs", N, BUFFERS),
    accepted("lvs_netlink_monitor_rcv_bufs_force", Arguments::Flag, BUFFERS),
    accepted("umask", WORDS, "no files are created for others to read"),
    accepted("random_seed", N, "nothing here needs to be repeatable"),
    accepted("tmp_config_directory", FILE, "no copy of the configuration is kept"),
    accepted("config_save_dir", FILE, "no copy of the configuration is kept"),
    works("data_use_instance", Arguments::Flag),
    accepted("json_version", Arguments::Choice(&["1", "2"]), ONE_JSON),
    works("state_dump_file", FILE).or("/tmp/keepalived.data"),
    works("stats_dump_file", FILE).or("/tmp/keepalived.stats"),
    works("json_dump_file", FILE).or("/tmp/keepalived.json"),
    works("iproute_usr_dir", FOLDER).or("/usr/share/iproute2"),
    works("iproute_etc_dir", FOLDER).or("/etc/iproute2"),
    accepted(
        "reload_check_config",
        Arguments::OptionalWord("LOG"),
        "a configuration with errors is never run",
    ),
    works("reload_time_file", FILE),
    works("reload_repeat", Arguments::None),
    accepted("reload_file", Arguments::OptionalWord("FILE"), "reload is a command"),
    accepted("include_check", WORDS, "`include` and its kin say themselves how strict they are"),
];
