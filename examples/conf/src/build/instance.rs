mod track;

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use crate::Span;
use crate::check::{Entries, Entry};
use crate::model::{
    AuthPass, Garp, InitialState, InstanceNotify, Priority, VirtualAddress, VrrpInstance,
    VrrpScript, VrrpVersion,
};

use super::global::{self, Defaults};
use super::{Context, address};

/// The `vrrp_instance` blocks.
pub(super) fn build(
    root: &Entries<'_>,
    defaults: &Defaults,
    scripts: &[VrrpScript],
    context: &mut Context<'_>,
) -> Vec<VrrpInstance> {
    let script_names: Vec<&str> = root
        .all("vrrp_script")
        .filter_map(|entry| Some(entry.statement.arguments.first()?.text.as_str()))
        .collect();
    let mut instances: Vec<VrrpInstance> = Vec::new();
    let mut silent: Vec<(Span, Span)> = Vec::new();
    for entry in root.all("vrrp_instance") {
        let Some(name) = entry.statement.arguments.first() else { continue };
        if let Some(earlier) = instances.iter().find(|instance| instance.name == name.text) {
            context
                .error(name.span, format!("there is another vrrp_instance `{}`", name.text))
                .related(earlier.span, "the other one");
        }
        let reader =
            Reader { entry, name: name.span, defaults, scripts, script_names: &script_names };
        if let Some(strict) = reader.strict()
            && !entry.inside.has("accept")
        {
            silent.push((strict, name.span));
        }
        instances.extend(reader.read(&name.text, context));
    }
    warn_of_answers(silent, context);
    instances
}

/// The one consequence of strict mode that is not drawn here; once for each place that asks for it.
fn warn_of_answers(mut silent: Vec<(Span, Span)>, context: &mut Context<'_>) {
    silent.dedup_by_key(|(strict, _)| *strict);
    for (strict, instance) in silent {
        context
            .warning(strict, "virtual addresses are answered in spite of strict mode")
            .label("keepalived would drop all packets to them")
            .related(instance, "no `accept` here")
            .help("write `accept` in each instance, and keepalived answers too");
    }
}

struct Reader<'r, 't> {
    entry: &'r Entry<'t>,
    name: Span,
    defaults: &'r Defaults,
    scripts: &'r [VrrpScript],
    script_names: &'r [&'r str],
}

impl<'t> Reader<'_, 't> {
    fn inside(&self) -> &Entries<'t> {
        &self.entry.inside
    }

    /// Says all there is to say, even if something required is missing.
    fn read(&self, name: &str, context: &mut Context<'_>) -> Option<VrrpInstance> {
        let inside = self.inside();
        let interface = self.interface(context);
        let strict = self.strict();
        let version = inside.text("version").map_or(self.defaults.version, |v| global::version(&v));
        let priority = inside.integer::<Priority>("priority");
        let state = self.state(priority, strict, context);
        let auth = self.auth(version, strict, context);
        let advert_interval = self.advert_interval(version, context);
        let (preempt, preempt_delay) = self.preempt(state, priority, strict, context);
        let interface_name = interface.as_deref().unwrap_or_default();
        let mut addresses =
            address::list(inside, "virtual_ipaddress", interface_name, &[], context);
        let mut excluded = address::list(
            inside,
            "virtual_ipaddress_excluded",
            interface_name,
            &addresses,
            context,
        );
        self.limit(&mut addresses, &mut excluded, context);
        self.warn_of_no_address(addresses.is_empty(), excluded.is_empty(), strict, context);
        let track_scripts = self.track_scripts(priority, context);
        let multicast_group = global::multicast_group(inside, "mcast_dst_ip", context)
            .unwrap_or(self.defaults.multicast_group);
        let flag = |name, default| inside.flag(name).unwrap_or(default);
        if inside.get("skip_check_adv_addr").is_some_and(|_| !flag("skip_check_adv_addr", true))
            && let Some(entry) = inside.get("skip_check_adv_addr")
        {
            context
                .warning(entry.span(), "keepalived takes this for `skip_check_adv_addr yes`")
                .label("here it means what it says");
        }
        Some(VrrpInstance {
            name: name.to_owned(),
            interface: interface?,
            vrid: inside.integer("virtual_router_id")?,
            version,
            state,
            priority: priority?,
            advert_interval,
            auth,
            addresses,
            excluded_addresses: excluded,
            source_address: inside.address("mcast_src_ip").and_then(ipv4),
            multicast_group,
            preempt,
            preempt_delay,
            strict: strict.is_some(),
            garp: self.garp(strict),
            down_timer_adverts: self.down_timer_adverts(strict, context),
            lower_prio_no_advert: strict.is_some()
                || flag("lower_prio_no_advert", self.defaults.lower_prio_no_advert),
            higher_prio_send_advert: flag(
                "higher_prio_send_advert",
                self.defaults.higher_prio_send_advert,
            ),
            skip_check_adv_addr: flag("skip_check_adv_addr", self.defaults.skip_check_adv_addr),
            v3_checksum_as_v2: flag("v3_checksum_as_v2", self.defaults.v3_checksum_as_v2),
            track_primary: !inside.has("dont_track_primary"),
            track_scripts,
            notify: InstanceNotify {
                master: context.script(inside, "notify_master"),
                backup: context.script(inside, "notify_backup"),
                fault: context.script(inside, "notify_fault"),
                stop: context.script(inside, "notify_stop"),
                any: context.script(inside, "notify"),
            },
            span: self.name,
        })
    }

    fn interface(&self, context: &mut Context<'_>) -> Option<String> {
        let entry = self.inside().get("interface")?;
        let name = self.inside().text("interface")?;
        if name == "lo" {
            context
                .error(entry.span(), "VRRP cannot run on the loopback interface")
                .help("name the interface the other routers are reached through");
        } else if !address::is_interface(&name) {
            context
                .error(entry.span(), format!("`{name}` cannot be the name of an interface"))
                .label("expected at most 15 bytes without `/`");
        }
        Some(name)
    }

    /// Where it is said that the instance is strict, if it is.
    fn strict(&self) -> Option<Span> {
        match self.inside().flag("strict_mode") {
            Some(true) => self.inside().get("strict_mode").map(Entry::span),
            Some(false) => None,
            None => self.defaults.strict,
        }
    }

    /// Any MASTER beats any BACKUP, as in keepalived.
    fn state(
        &self,
        priority: Option<Priority>,
        strict: Option<Span>,
        context: &mut Context<'_>,
    ) -> InitialState {
        let inside = self.inside();
        let written = |state: &str| {
            inside.all("state").find(|entry| {
                entry.statement.arguments.first().is_some_and(|word| word.text == state)
            })
        };
        let owner = priority == Some(Priority::OWNER);
        match (written("MASTER"), written("BACKUP")) {
            (Some(master), Some(backup)) => {
                context
                    .warning(backup.span(), "`state` is given twice: MASTER wins, as in keepalived")
                    .label("this one is ignored")
                    .related(master.span(), "this one counts");
                InitialState::Master
            }
            (Some(master), None) => {
                match strict {
                    Some(strict) if !owner => {
                        context
                        .warning(master.span(), "`state MASTER` becomes BACKUP")
                        .label("only priority 255 starts as MASTER in strict mode")
                        .related(strict, "strict mode is asked for here")
                        .help("this changes nothing: the router of highest priority becomes MASTER");
                        InitialState::Backup
                    }
                    _ => InitialState::Master,
                }
            }
            (None, Some(backup)) => {
                if owner {
                    context
                        .warning(
                            backup.span(),
                            "priority 255 owns the addresses, yet starts as BACKUP",
                        )
                        .help("remove this line, or give another priority");
                }
                InitialState::Backup
            }
            (None, None) if owner => InitialState::Master,
            (None, None) => InitialState::Backup,
        }
    }

    fn auth(
        &self,
        version: VrrpVersion,
        strict: Option<Span>,
        context: &mut Context<'_>,
    ) -> Option<AuthPass> {
        let entry = self.inside().get("authentication")?;
        let kind = entry.inside.get("auth_type")?;
        if entry.inside.text("auth_type").as_deref() == Some("AH") {
            context
                .error(kind.span(), "`auth_type AH` is not supported yet")
                .label("without it, advertisements would not be authenticated")
                .help("use `auth_type PASS` on all routers, or no authentication");
            return None;
        }
        let span = entry.statement.keyword.span;
        if version == VrrpVersion::V3 {
            context
                .warning(span, "version 3 has no authentication")
                .label("dropped, as keepalived does")
                .help("remove it from all routers of this virtual_router_id");
            return None;
        }
        if let Some(strict) = strict {
            context
                .warning(span, "strict mode has no authentication")
                .label("dropped, as keepalived does")
                .related(strict, "strict mode is asked for here");
            return None;
        }
        let word = entry.inside.get("auth_pass")?.statement.arguments.first()?;
        if word.text.is_empty() {
            context
                .warning(word.span, "an empty password is none")
                .label("dropped, as keepalived does");
            return None;
        }
        if word.text.len() > 8 {
            context
                .warning(word.span, "only the first 8 bytes of a password count")
                .label("the rest is cut off, as keepalived does");
        }
        Some(AuthPass::new(&word.text))
    }

    fn advert_interval(&self, version: VrrpVersion, context: &mut Context<'_>) -> Duration {
        let inside = self.inside();
        let written = inside.seconds("advert_int").unwrap_or_default();
        let (unit, name, most) = match version {
            VrrpVersion::V2 => (1_000_000, "whole seconds", 255_000_000),
            VrrpVersion::V3 => (10_000, "hundredths of a second", 40_950_000),
        };
        let micros = u64::try_from(written.as_micros()).unwrap_or(u64::MAX).min(most);
        let rounded = (micros.saturating_add(unit / 2) / unit).max(1) * unit;
        let interval = Duration::from_micros(rounded);
        if interval != written
            && let Some(entry) = inside.get("advert_int")
        {
            let version = if version == VrrpVersion::V2 { 2 } else { 3 };
            context
                .warning(
                    entry.span(),
                    format!(
                        "version {version} advertises in {name}, at most {} s",
                        most as f64 / 1e6
                    ),
                )
                .label(format!("{} s is used, as keepalived does", interval.as_secs_f64()));
        }
        interval
    }

    fn preempt(
        &self,
        state: InitialState,
        priority: Option<Priority>,
        strict: Option<Span>,
        context: &mut Context<'_>,
    ) -> (bool, Duration) {
        let inside = self.inside();
        let nopreempt = inside.either("nopreempt", "preempt").filter(|e| e.row.name == "nopreempt");
        let because = if priority == Some(Priority::OWNER) {
            Some("priority 255 always preempts")
        } else if state == InitialState::Master {
            Some("`state MASTER` always preempts")
        } else {
            None
        };
        let preempt = match (nopreempt, because) {
            (Some(entry), Some(because)) => {
                context
                    .warning(entry.span(), format!("`nopreempt` has no effect: {because}"))
                    .label("dropped, as keepalived does")
                    .help("for `nopreempt`, write `state BACKUP` on all routers");
                true
            }
            (nopreempt, _) => nopreempt.is_none(),
        };
        let delay = inside.seconds("preempt_delay").unwrap_or_default();
        let because = if !preempt {
            Some("it never preempts")
        } else if state == InitialState::Master {
            Some("`state MASTER` does not wait")
        } else if strict.is_some() {
            Some("strict mode does not wait")
        } else {
            None
        };
        match (inside.get("preempt_delay"), because) {
            (Some(entry), Some(because)) if !delay.is_zero() => {
                context
                    .warning(entry.span(), format!("`preempt_delay` has no effect: {because}"))
                    .label("dropped, as keepalived does");
                (preempt, Duration::ZERO)
            }
            _ => (preempt, delay),
        }
    }

    fn garp(&self, strict: Option<Span>) -> Garp {
        let inside = self.inside();
        let global = self.defaults.garp;
        let seconds = |name, default| inside.seconds(name).unwrap_or(default);
        let count = |name, default| inside.integer(name).unwrap_or(default);
        let mut garp = Garp {
            master_delay: seconds("garp_master_delay", global.master_delay),
            master_repeat: count("garp_master_repeat", global.master_repeat),
            master_refresh: seconds("garp_master_refresh", global.master_refresh),
            master_refresh_repeat: count(
                "garp_master_refresh_repeat",
                global.master_refresh_repeat,
            ),
            lower_prio_delay: seconds("garp_lower_prio_delay", global.lower_prio_delay),
            lower_prio_repeat: count("garp_lower_prio_repeat", global.lower_prio_repeat),
        };
        if strict.is_some() {
            garp.lower_prio_delay = Duration::ZERO;
            garp.lower_prio_repeat = 0;
        }
        garp
    }

    fn down_timer_adverts(&self, strict: Option<Span>, context: &mut Context<'_>) -> u8 {
        const STANDARD: u8 = 3;
        let written =
            self.inside().integer("down_timer_adverts").unwrap_or(self.defaults.down_timer_adverts);
        match strict {
            Some(strict) if written != STANDARD => {
                context
                    .warning(self.name, "strict mode gives a MASTER three advertisements' time")
                    .label(format!("not the {written} of `down_timer_adverts`"))
                    .related(strict, "strict mode is asked for here");
                STANDARD
            }
            _ => written,
        }
    }

    /// The count of addresses is one byte of an advertisement.
    fn limit(
        &self,
        addresses: &mut Vec<VirtualAddress>,
        excluded: &mut Vec<VirtualAddress>,
        context: &mut Context<'_>,
    ) {
        const MOST: usize = 255;
        if addresses.len() > MOST {
            context
                .warning(self.name, "an instance advertises at most 255 addresses")
                .label("the further ones are held without being advertised");
            let surplus = addresses.split_off(MOST);
            excluded.splice(0..0, surplus);
        }
    }

    fn warn_of_no_address(
        &self,
        none_advertised: bool,
        none_excluded: bool,
        strict: Option<Span>,
        context: &mut Context<'_>,
    ) {
        let inside = self.inside();
        if !none_advertised {
            return;
        }
        if let Some(strict) = strict {
            context
                .error(self.name, "strict mode needs a virtual address")
                .related(strict, "strict mode is asked for here")
                .help("add `virtual_ipaddress { … }`");
        } else if none_excluded
            && !inside.has("virtual_ipaddress")
            && !inside.has("no_virtual_ipaddress")
        {
            context
                .warning(self.name, "this instance has no virtual address")
                .help("add `virtual_ipaddress { … }`, or `no_virtual_ipaddress` if that is meant");
        }
    }
}

fn ipv4(address: IpAddr) -> Option<Ipv4Addr> {
    match address {
        IpAddr::V4(address) => Some(address),
        IpAddr::V6(_) => None,
    }
}
