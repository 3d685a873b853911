use super::{
    Arguments, Block, COUNT, Keyword, NAME, NO_MAIL, NO_SNMP, POSITIVE, TIMER, TIMER_MAX, accepted,
    refused, works,
};

pub(super) static GLOBAL_DEFS: Block =
    Block { name: "global_defs", keywords: &[&IDENTITY, &SCRIPTS, &VRRP, &LVS, &PROCESS] };

const FILE: Arguments = Arguments::Word("FILE");
const INTERFACE: Arguments = Arguments::Word("IF");

static IDENTITY: [Keyword; 11] = [
    works("router_id", NAME),
    accepted("notification_email", Arguments::None, NO_MAIL).each().lines("ADDRESS"),
    accepted("notification_email_from", Arguments::Words("ADDRESS"), NO_MAIL),
    accepted("smtp_server", Arguments::Words("HOST [PORT]"), NO_MAIL),
    accepted("smtp_helo_name", NAME, NO_MAIL),
    accepted("smtp_connect_timeout", COUNT, NO_MAIL).or("30"),
    accepted("smtp_alert", Arguments::Flag, NO_MAIL),
    accepted("smtp_alert_vrrp", Arguments::Flag, NO_MAIL),
    accepted("smtp_alert_checker", Arguments::Flag, NO_MAIL),
    accepted("no_email_faults", Arguments::None, NO_MAIL),
    accepted("no_checker_emails", Arguments::None, NO_MAIL),
];

const NO_FIFO: &str = "whoever reads the notify FIFO would wait in vain";
const WORDS: Arguments = Arguments::Words("…");

static SCRIPTS: [Keyword; 18] = [
    works("script_user", Arguments::User),
    works("enable_script_security", Arguments::None),
    accepted("use_symlink_paths", Arguments::Flag, "paths of scripts are kept as they are written"),
    refused("set_supplementary_groups", Arguments::None, "scripts would lack those groups"),
    refused("startup_script", Arguments::CommandAndUser, "the script would not run"),
    accepted("startup_script_timeout", COUNT, "no startup script runs").or("10"),
    refused("shutdown_script", Arguments::CommandAndUser, "the script would not run"),
    accepted("shutdown_script_timeout", COUNT, "no shutdown script runs").or("10"),
    refused("notify_fifo", WORDS, NO_FIFO),
    refused("vrrp_notify_fifo", WORDS, NO_FIFO),
    refused("lvs_notify_fifo", WORDS, NO_FIFO),
    refused("notify_fifo_script", WORDS, NO_FIFO),
    refused("vrrp_notify_fifo_script", WORDS, NO_FIFO),
    refused("lvs_notify_fifo_script", WORDS, NO_FIFO),
    accepted("vrrp_notify_priority_changes", Arguments::Flag, "there is no notify FIFO"),
    accepted("fifo_write_vrrp_states_on_reload", Arguments::None, "there is no notify FIFO"),
    refused("rs_init_notifies", Arguments::None, "notify_up would not run at the start"),
    accepted("checker_log_all_failures", Arguments::Flag, "every failed check is an event"),
];

const NO_FIREWALL: &str = "the firewall is not touched";
const NO_VMAC: &str = "virtual MAC addresses are not supported yet";
/// keepalived calls zero out of range, yet its own sample file has it.
const PACING: Arguments = Arguments::Seconds { min: 0, max: TIMER_MAX };

static VRRP: [Keyword; 43] = [
    works("vrrp_version", Arguments::Choice(&["2", "3"])).or("2"),
    works("vrrp_mcast_group4", Arguments::Ipv4Address).or("224.0.0.18"),
    accepted("vrrp_mcast_group6", Arguments::Address, "IPv6 instances are not supported yet"),
    works("vrrp_garp_master_delay", COUNT).or("5"),
    works("vrrp_garp_master_repeat", POSITIVE).or("5"),
    works("vrrp_garp_lower_prio_delay", COUNT),
    works("vrrp_garp_lower_prio_repeat", COUNT),
    works("vrrp_garp_master_refresh", COUNT).or("0"),
    works("vrrp_garp_master_refresh_repeat", POSITIVE).or("1"),
    works("vrrp_garp_interval", PACING).or("0"),
    works("vrrp_gna_interval", PACING).or("0"),
    works("vrrp_min_garp", Arguments::Flag).or("off"),
    refused("vrrp_garp_extra_if", WORDS, "neighbours on other interfaces would forget addresses"),
    refused("vrrp_vmac_garp_intvl", WORDS, "neighbours on other interfaces would forget addresses"),
    works("vrrp_down_timer_adverts", Arguments::Integer { min: 1, max: 100 }).or("3"),
    works("vrrp_lower_prio_no_advert", Arguments::Flag).or("off"),
    works("vrrp_higher_prio_send_advert", Arguments::Flag).or("off"),
    works("v3_checksum_as_v2", Arguments::Flag).or("off"),
    accepted("vrrp_check_unicast_src", Arguments::None, "unicast is not supported yet"),
    works("vrrp_skip_check_adv_addr", Arguments::Flag).or("off"),
    works("vrrp_strict", Arguments::Flag).or("off"),
    refused("vrrp_owner_ignore_adverts", Arguments::Flag, "owners would listen to others"),
    refused("vrrp_startup_delay", TIMER, "VRRP would start at once"),
    refused("vrrp_delay_after_boot", TIMER, "VRRP would start at once"),
    accepted("default_interface", INTERFACE, "there are no static addresses").or("eth0"),
    accepted(
        "dynamic_interfaces",
        Arguments::OptionalWord("allow_if_changes"),
        "one that is missing at the start is an error; one that goes later is waited for in FAULT",
    ),
    accepted("log_unknown_vrids", Arguments::None, "unknown virtual routers are not logged"),
    accepted("vmac_prefix", NAME, NO_VMAC),
    accepted("vmac_addr_prefix", NAME, NO_VMAC),
    accepted("disable_local_igmp", Arguments::None, NO_VMAC),
    accepted("vrrp_rx_bufs_policy", Arguments::Word("MTU|ADVERT|N"), "buffers are the kernel's"),
    accepted("vrrp_rx_bufs_multiplier", POSITIVE, "buffers are the kernel's").or("3"),
    accepted("nftables", Arguments::OptionalWord("TABLE"), NO_FIREWALL),
    accepted("nftables_priority", Arguments::Word("N"), NO_FIREWALL),
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
    refused("lvs_sync_daemon", WORDS, "connections would not survive a failover"),
    refused("lvs_timeouts", WORDS, "connections would time out differently"),
    refused("lvs_flush", Arguments::None, "services of others would stay"),
    refused("lvs_flush_on_stop", Arguments::OptionalWord("VS"), "services of others would stay"),
    refused("lvs_flush_onstop", Arguments::OptionalWord("VS"), "services of others would stay"),
];

const ONE_PROCESS: &str = "there is one process, whose priority whoever starts it decides";
const NO_NAMES: &str = "there is one process, with one name";
const NO_DUMP: &str = "no dump files are written";
const NO_DBUS: &str = "there is no D-Bus service";
const BUFFERS: &str = "buffers are the kernel's";
const NO_RELOAD_FILE: &str = "reload is a command";
const N: Arguments = Arguments::Word("N");

static PROCESS: [Keyword; 58] = [
    accepted("process_names", Arguments::None, NO_NAMES),
    accepted("process_name", NAME, NO_NAMES),
    accepted("vrrp_process_name", NAME, NO_NAMES),
    accepted("checker_process_name", NAME, NO_NAMES),
    accepted("bfd_process_name", NAME, NO_NAMES),
    accepted(
        "max_auto_priority",
        Arguments::OptionalInteger { min: -1, max: 99, alone: 99 },
        ONE_PROCESS,
    ),
    accepted("min_auto_priority_delay", COUNT, ONE_PROCESS),
    accepted("vrrp_priority", N, ONE_PROCESS),
    accepted("checker_priority", N, ONE_PROCESS),
    accepted("bfd_priority", N, ONE_PROCESS),
    accepted("vrrp_no_swap", Arguments::None, ONE_PROCESS),
    accepted("checker_no_swap", Arguments::None, ONE_PROCESS),
    accepted("bfd_no_swap", Arguments::None, ONE_PROCESS),
    accepted("vrrp_rt_priority", N, ONE_PROCESS),
    accepted("checker_rt_priority", N, ONE_PROCESS),
    accepted("bfd_rt_priority", N, ONE_PROCESS),
    accepted("vrrp_rlimit_rttime", N, ONE_PROCESS),
    accepted("checker_rlimit_rttime", N, ONE_PROCESS),
    accepted("bfd_rlimit_rttime", N, ONE_PROCESS),
    accepted("vrrp_cpu_affinity", WORDS, ONE_PROCESS),
    accepted("checker_cpu_affinity", WORDS, ONE_PROCESS),
    accepted("bfd_cpu_affinity", WORDS, ONE_PROCESS),
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
    accepted("data_use_instance", Arguments::Flag, NO_DUMP),
    accepted("json_version", Arguments::Choice(&["1", "2"]), NO_DUMP),
    accepted("state_dump_file", FILE, NO_DUMP),
    accepted("stats_dump_file", FILE, NO_DUMP),
    accepted("json_dump_file", FILE, NO_DUMP),
    accepted("iproute_usr_dir", FILE, "no routing tables are named"),
    accepted("iproute_etc_dir", FILE, "no routing tables are named"),
    accepted(
        "reload_check_config",
        Arguments::OptionalWord("LOG"),
        "there is no reload yet; a configuration with errors is never run",
    ),
    refused("reload_time_file", FILE, "the reload would not happen"),
    accepted("reload_repeat", Arguments::None, NO_RELOAD_FILE),
    accepted("reload_file", Arguments::OptionalWord("FILE"), NO_RELOAD_FILE),
    accepted("include_check", WORDS, "`include` and its kin say themselves how strict they are"),
];
