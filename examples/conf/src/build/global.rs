use std::net::{IpAddr, Ipv4Addr};

use crate::Span;
use crate::check::Entries;
use crate::model::{Garp, Global, VrrpVersion};

use super::Context;

/// What instances take from `global_defs` if they do not say otherwise.
pub(super) struct Defaults {
    pub(super) version: VrrpVersion,
    pub(super) multicast_group: Ipv4Addr,
    pub(super) garp: Garp,
    pub(super) down_timer_adverts: u8,
    pub(super) lower_prio_no_advert: bool,
    pub(super) higher_prio_send_advert: bool,
    pub(super) skip_check_adv_addr: bool,
    pub(super) v3_checksum_as_v2: bool,
    /// Where `vrrp_strict` stands, if it holds.
    pub(super) strict: Option<Span>,
}

/// Defaults stand in the keyword table: `unwrap_or_default` is for rows that have one.
pub(super) fn build(root: &Entries<'_>, context: &mut Context<'_>) -> (Global, Defaults) {
    let entries = root.merged("global_defs");
    note_zero_pacing(&entries, context);
    let global = Global {
        router_id: entries.text("router_id"),
        script_user: entries.user("script_user"),
        enable_script_security: entries.has("enable_script_security"),
        garp_interval: entries.seconds("vrrp_garp_interval").unwrap_or_default(),
        gna_interval: entries.seconds("vrrp_gna_interval").unwrap_or_default(),
    };
    let flag = |name| entries.flag(name).unwrap_or_default();
    let strict = entries.get("vrrp_strict").filter(|_| flag("vrrp_strict"));
    let defaults = Defaults {
        version: entries.text("vrrp_version").map(|text| version(&text)).unwrap_or_default(),
        multicast_group: multicast_group(&entries, "vrrp_mcast_group4", context)
            .unwrap_or(Ipv4Addr::new(224, 0, 0, 18)),
        garp: garp(&entries),
        down_timer_adverts: entries.integer("vrrp_down_timer_adverts").unwrap_or_default(),
        lower_prio_no_advert: flag("vrrp_lower_prio_no_advert"),
        higher_prio_send_advert: flag("vrrp_higher_prio_send_advert"),
        skip_check_adv_addr: flag("vrrp_skip_check_adv_addr"),
        v3_checksum_as_v2: flag("v3_checksum_as_v2"),
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
) -> Option<Ipv4Addr> {
    let Some(IpAddr::V4(group)) = entries.address(name) else { return None };
    if !group.is_multicast()
        && let Some(entry) = entries.get(name)
    {
        context
            .error(entry.span(), format!("{group} is no multicast address"))
            .help("choose one of 224.0.0.0 to 239.255.255.255");
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
    }
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
