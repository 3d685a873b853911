use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use crate::Span;
use crate::check::Entries;
use crate::model::{Dumps, Garp, Global, Lvs, Nftables, ReloadTimeFile, Scheduling, VrrpVersion};

use super::{Context, garp_extra, notify};

/// What instances and checkers take from `global_defs` if they do not say otherwise.
pub(super) struct Defaults {
    pub(super) version: VrrpVersion,
    pub(super) multicast_group4: Ipv4Addr,
    pub(super) multicast_group6: Ipv6Addr,
    pub(super) check_unicast_src: bool,
    /// `default_interface`: of static addresses.
    pub(super) interface: String,
    /// What the names of the interfaces of virtual MACs begin with.
    pub(super) vmac_prefix: String,
    /// The same of those made for addresses.
    pub(super) vmac_addr_prefix: String,
    pub(super) garp: Garp,
    pub(super) down_timer_adverts: u8,
    pub(super) lower_prio_no_advert: bool,
    pub(super) higher_prio_send_advert: bool,
    pub(super) skip_check_adv_addr: bool,
    pub(super) owner_ignore_adverts: bool,
    pub(super) v3_checksum_as_v2: bool,
    pub(super) notify_priority_changes: bool,
    pub(super) checker_log_all_failures: bool,
    /// Where `vrrp_strict` stands, if it holds.
    pub(super) strict: Option<Span>,
}

/// Defaults stand in the keyword table: `unwrap_or_default` is for rows that have one.
pub(super) fn build(entries: &Entries<'_>, context: &mut Context<'_>) -> (Global, Defaults) {
    note_zero_pacing(entries, context);
    let global = Global {
        router_id: entries.text("router_id"),
        script_user: entries.user("script_user"),
        enable_script_security: entries.has("enable_script_security"),
        garp_interval: entries.seconds("vrrp_garp_interval").unwrap_or_default(),
        gna_interval: entries.seconds("vrrp_gna_interval").unwrap_or_default(),
        startup_delay: entries.seconds("vrrp_startup_delay").unwrap_or_default(),
        delay_after_boot: entries.seconds("vrrp_delay_after_boot").unwrap_or_default(),
        dynamic_interfaces: dynamic_interfaces(entries, context),
        scheduling: match entries.integer("vrrp_rt_priority") {
            Some(priority) => Scheduling::Realtime(priority),
            None if entries.integer("max_auto_priority").is_some_and(|most: i64| most <= 0) => {
                Scheduling::Ordinary
            }
            None => Scheduling::default(),
        },
        lock_memory: entries.has("vrrp_no_swap"),
        vmac_addr_prefix: ["vmac_addr_prefix", "vmac_prefix"]
            .into_iter()
            .find(|name| entries.has(name))
            .and_then(|name| entries.text(name)),
        nftables: nftables(entries),
        supplementary_groups: entries.has("set_supplementary_groups"),
        startup_script: notify::lifecycle_script(
            entries,
            "startup_script",
            "startup_script_timeout",
            context,
        ),
        shutdown_script: notify::lifecycle_script(
            entries,
            "shutdown_script",
            "shutdown_script_timeout",
            context,
        ),
        mail: notify::mail(entries, context),
        fifos: notify::fifos(entries, context),
        rs_init_notifies: entries.has("rs_init_notifies"),
        lvs: Lvs::default(),
        dumps: dumps(entries, context),
        reload_time: reload_time(entries, context),
    };
    let flag = |name| entries.flag(name).unwrap_or_default();
    let strict = entries.get("vrrp_strict").filter(|_| flag("vrrp_strict"));
    let vmac_prefix = entries.text("vmac_prefix").unwrap_or_default();
    let defaults = Defaults {
        version: entries.text("vrrp_version").map(|text| version(&text)).unwrap_or_default(),
        multicast_group4: match multicast_group(entries, "vrrp_mcast_group4", context) {
            Some(IpAddr::V4(group)) => group,
            _ => Ipv4Addr::new(224, 0, 0, 18),
        },
        multicast_group6: match multicast_group(entries, "vrrp_mcast_group6", context) {
            Some(IpAddr::V6(group)) => group,
            _ => Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12),
        },
        check_unicast_src: entries.has("vrrp_check_unicast_src"),
        interface: entries.text("default_interface").unwrap_or_default(),
        vmac_addr_prefix: global.vmac_addr_prefix.clone().unwrap_or_else(|| vmac_prefix.clone()),
        vmac_prefix,
        garp: Garp { extra: garp_extra::global(entries, context), ..garp(entries) },
        down_timer_adverts: entries.integer("vrrp_down_timer_adverts").unwrap_or_default(),
        lower_prio_no_advert: flag("vrrp_lower_prio_no_advert"),
        higher_prio_send_advert: flag("vrrp_higher_prio_send_advert"),
        skip_check_adv_addr: flag("vrrp_skip_check_adv_addr"),
        owner_ignore_adverts: flag("vrrp_owner_ignore_adverts"),
        v3_checksum_as_v2: flag("v3_checksum_as_v2"),
        notify_priority_changes: flag("vrrp_notify_priority_changes"),
        checker_log_all_failures: flag("checker_log_all_failures"),
        strict: strict.map(|entry| entry.span()),
    };
    (global, defaults)
}

pub(super) fn version(text: &str) -> VrrpVersion {
    if text == "3" { VrrpVersion::V3 } else { VrrpVersion::V2 }
}

/// The group of a keyword, if it is one.
pub(super) fn multicast_group(
    entries: &Entries<'_>,
    name: &str,
    context: &mut Context<'_>,
) -> Option<IpAddr> {
    let group = entries.address(name)?;
    if !group.is_multicast()
        && let Some(entry) = entries.get(name)
    {
        context
            .error(entry.span(), format!("{group} is no multicast address"))
            .help("choose one of 224.0.0.0 to 239.255.255.255, or of ff00::/8");
    }
    Some(group)
}

fn garp(entries: &Entries<'_>) -> Garp {
    let seconds = |name| entries.seconds(name);
    let count = |name| entries.integer::<u32>(name);
    if entries.flag("vrrp_min_garp").unwrap_or_default() {
        return Garp {
            master_delay: std::time::Duration::ZERO,
            master_repeat: 1,
            master_refresh: seconds("vrrp_garp_master_refresh").unwrap_or_default(),
            master_refresh_repeat: 1,
            lower_prio_delay: std::time::Duration::ZERO,
            lower_prio_repeat: 1,
            extra: None,
        };
    }
    let master_delay = seconds("vrrp_garp_master_delay").unwrap_or_default();
    let master_repeat = count("vrrp_garp_master_repeat").unwrap_or_default();
    Garp {
        master_delay,
        master_repeat,
        master_refresh: seconds("vrrp_garp_master_refresh").unwrap_or_default(),
        master_refresh_repeat: count("vrrp_garp_master_refresh_repeat").unwrap_or_default(),
        lower_prio_delay: seconds("vrrp_garp_lower_prio_delay").unwrap_or(master_delay),
        lower_prio_repeat: count("vrrp_garp_lower_prio_repeat").unwrap_or(master_repeat),
        extra: None,
    }
}

fn dynamic_interfaces(entries: &Entries<'_>, context: &mut Context<'_>) -> bool {
    let Some(entry) = entries.get("dynamic_interfaces") else { return false };
    if let Some(word) = entry.statement.arguments.first()
        && word.text != "allow_if_changes"
    {
        context
            .error(word.span, format!("`dynamic_interfaces` cannot be `{}`", word.text))
            .label("expected allow_if_changes or nothing");
    }
    true
}

fn nftables(entries: &Entries<'_>) -> Nftables {
    let default = Nftables::default();
    Nftables {
        table: entries.text("nftables").unwrap_or(default.table),
        priority: entries.integer("nftables_priority").unwrap_or(default.priority),
    }
}

fn dumps(entries: &Entries<'_>, context: &mut Context<'_>) -> Dumps {
    let mut path = |name| absolute_path(entries, name, context).unwrap_or_default();
    Dumps {
        state: path("state_dump_file"),
        json: path("json_dump_file"),
        statistics: path("stats_dump_file"),
        use_instance: entries.flag("data_use_instance").unwrap_or_default(),
    }
}

fn reload_time(entries: &Entries<'_>, context: &mut Context<'_>) -> Option<ReloadTimeFile> {
    let path = absolute_path(entries, "reload_time_file", context)?;
    Some(ReloadTimeFile { path, repeat: entries.has("reload_repeat") })
}

fn absolute_path(entries: &Entries<'_>, name: &str, context: &mut Context<'_>) -> Option<PathBuf> {
    if let Some(word) = entries.get(name).and_then(|entry| entry.statement.arguments.first())
        && !word.text.starts_with('/')
    {
        context
            .error(word.span, format!("`{name}` needs an absolute path"))
            .help("the program has no working folder of its own");
    }
    entries.text(name).map(PathBuf::from)
}

fn note_zero_pacing(entries: &Entries<'_>, context: &mut Context<'_>) {
    for name in ["vrrp_garp_interval", "vrrp_gna_interval"] {
        if let Some(entry) = entries.get(name)
            && entries.seconds(name).is_some_and(|interval| interval.is_zero())
        {
            context
                .note(entry.span(), format!("`{name} 0` means no pacing"))
                .label("keepalived calls this out of range, and does the same");
        }
    }
}
