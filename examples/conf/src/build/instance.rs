mod destination;
mod interface;
mod traps;
mod virtual_mac;

use std::collections::HashMap;
use std::time::Duration;

use crate::Span;
use crate::check::{Entries, Entry};
use crate::model::{
    AuthPass, Authentication, Destination, Family, Garp, InitialState, Priority, VirtualAddress,
    VrrpInstance, VrrpVersion,
};

use super::global::{self, Defaults};
use super::routing::{self, Preferences};
use super::track::{self, Trackable};
use super::{Context, address, garp_extra, notify};

/// The `vrrp_instance` blocks.
pub(super) fn build(
    root: &Entries<'_>,
    defaults: &Defaults,
    trackable: &Trackable,
    preferences: &mut Preferences,
    context: &mut Context<'_>,
) -> Vec<VrrpInstance> {
    let mut instances: Vec<VrrpInstance> = Vec::new();
    let mut names = HashMap::new();
    let mut silent: Vec<(Span, Span)> = Vec::new();
    for entry in root.all("vrrp_instance") {
        let Some(name) = entry.statement.arguments.first() else { continue };
        if let Some(earlier) = names.insert(&name.text, name.span) {
            context
                .error(name.span, format!("there is another vrrp_instance `{}`", name.text))
                .related(earlier, "the other one");
        }
        let reader = Reader { entry, name: name.span, defaults, trackable };
        if let Some(strict) = reader.strict()
            && reader.accepts().is_none()
        {
            silent.push((strict, name.span));
        }
        match reader.read(name.text, preferences, context) {
            Some(instance) => instances.push(instance),
            None => drop(context.broken_instances.insert(name.text.to_owned())),
        }
    }
    virtual_mac::name_interfaces(&mut instances, defaults);
    warn_of_silence(silent, context);
    instances
}

/// What surprises most in strict mode; said once for each place that asks for it.
fn warn_of_silence(mut silent: Vec<(Span, Span)>, context: &mut Context<'_>) {
    silent.dedup_by_key(|(strict, _)| *strict);
    for (strict, instance) in silent {
        context
            .warning(strict, "packets to the virtual addresses are dropped in strict mode")
            .label("nobody can reach a service on them, or ping them")
            .related(instance, "no `accept` here")
            .help("write `accept` in each instance whose addresses are to answer");
    }
}

struct Reader<'r, 't> {
    entry: &'r Entry<'t>,
    name: Span,
    defaults: &'r Defaults,
    trackable: &'r Trackable,
}

impl<'t> Reader<'_, 't> {
    fn inside(&self) -> &Entries<'t> {
        &self.entry.inside
    }

    /// Says all there is to say, even if something required is missing.
    fn read(
        &self,
        name: &str,
        preferences: &mut Preferences,
        context: &mut Context<'_>,
    ) -> Option<VrrpInstance> {
        let inside = self.inside();
        let strict = self.strict();
        let addresses = address::list(inside.lines("virtual_ipaddress"), &[], context);
        address::refuse_twice(&addresses, context);
        let family = self.family(&addresses);
        let mut addresses = self.of_family(family, addresses, context);
        let version = self.version(family, context);
        let priority = inside.integer::<Priority>("priority");
        let state = self.state(priority, strict, context);
        let auth = self.auth(version, strict, context);
        let state = self.state_with(auth, state, priority, context);
        let advert_interval = self.advert_interval(version, context);
        let (preempt, preempt_delay) = self.preempt(state, priority, strict, context);
        let mut excluded =
            address::list(inside.lines("virtual_ipaddress_excluded"), &addresses, context);
        self.limit(&mut addresses, &mut excluded, context);
        self.warn_of_no_address(addresses.is_empty(), excluded.is_empty(), strict, context);
        let source_address = self.source(family, context);
        let destination = self.destination(family, source_address, strict, context);
        let unicast = matches!(destination, Destination::Unicast { .. });
        let interface = self.interface(unicast && source_address.is_some(), context);
        self.warn_of_addresses_on_vrf([&addresses, &excluded], context);
        let own_interface = interface.as_ref().and_then(Option::as_deref);
        let mut tracking = track::build(inside, own_interface, self.trackable, context);
        if priority == Some(Priority::OWNER) {
            track::drop_weights(&mut tracking, "priority 255 never changes", context);
        }
        self.warn_of_idle_weights(preempt, &tracking, context);
        let vrid = inside.integer("virtual_router_id");
        let virtual_mac = self.virtual_mac(family, vrid, unicast, context);
        for address in addresses.iter_mut().chain(&mut excluded) {
            self.ask_for_virtual_interface(address, family, own_interface, context);
        }
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
            family,
            vrid: vrid?,
            version,
            state,
            priority: priority?,
            advert_interval,
            auth,
            addresses,
            excluded_addresses: excluded,
            routes: routing::routes(inside.lines("virtual_routes"), context),
            rules: routing::rules(inside.lines("virtual_rules"), preferences, context),
            source_address,
            track_source: inside.has("track_src_ip"),
            destination,
            virtual_mac,
            virtual_interfaces: Vec::new(),
            promote_secondaries: inside.has("promote_secondaries"),
            preempt,
            preempt_delay,
            strict: strict.is_some(),
            accept: self.accepts().unwrap_or(strict.is_none()),
            garp: self.garp(strict, context),
            down_timer_adverts: self.down_timer_adverts(strict, context),
            lower_prio_no_advert: strict.is_some()
                || flag("lower_prio_no_advert", self.defaults.lower_prio_no_advert),
            higher_prio_send_advert: flag(
                "higher_prio_send_advert",
                self.defaults.higher_prio_send_advert,
            ),
            skip_check_adv_addr: flag("skip_check_adv_addr", self.defaults.skip_check_adv_addr),
            owner_ignore_adverts: self.owner_ignores(priority, context),
            v3_checksum_as_v2: flag("v3_checksum_as_v2", self.defaults.v3_checksum_as_v2),
            track_primary: !inside.has("dont_track_primary"),
            tracking,
            notify: notify::instance(inside, self.defaults.notify_priority_changes, context),
            span: self.name.into(),
        })
    }

    fn version(&self, family: Family, context: &mut Context<'_>) -> VrrpVersion {
        let inside = self.inside();
        let written = inside.text("version").map(|version| global::version(&version));
        if family == Family::Ipv4 {
            return written.unwrap_or(self.defaults.version);
        }
        if written == Some(VrrpVersion::V2)
            && let Some(entry) = inside.get("version")
        {
            context
                .warning(entry.span(), "version 2 is for IPv4 only")
                .label("version 3 is used, as keepalived does");
        }
        VrrpVersion::V3
    }

    /// Whether packets to the addresses are accepted, if that is said.
    fn accepts(&self) -> Option<bool> {
        let said = self.inside().either("accept", "no_accept");
        said.map(|entry| entry.row.name == "accept")
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
    ) -> Option<Authentication> {
        let entry = self.inside().get("authentication")?;
        let kind = entry.inside.text("auth_type")?;
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
        let password = AuthPass::new(word.text);
        Some(match kind.as_ref() {
            "AH" => Authentication::Header(password),
            _ => Authentication::Password(password),
        })
    }

    /// With an Authentication Header a router has to hear the others before it sends, since all number
    /// their packets in one row; keepalived insists on that.
    fn state_with(
        &self,
        auth: Option<Authentication>,
        state: InitialState,
        priority: Option<Priority>,
        context: &mut Context<'_>,
    ) -> InitialState {
        let must_listen = matches!(auth, Some(Authentication::Header(_)))
            && priority != Some(Priority::OWNER)
            && state == InitialState::Master;
        if !must_listen {
            return state;
        }
        if let Some(entry) = self.inside().get("state") {
            context
                .warning(entry.span(), "`state MASTER` becomes BACKUP")
                .label("only priority 255 starts as MASTER with `auth_type AH`")
                .help("this changes nothing: the router of highest priority becomes MASTER");
        }
        InitialState::Backup
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

    fn owner_ignores(&self, priority: Option<Priority>, context: &mut Context<'_>) -> bool {
        let owner = priority == Some(Priority::OWNER);
        let written = self.inside().flag("owner_ignore_adverts");
        if written == Some(true)
            && !owner
            && let Some(entry) = self.inside().get("owner_ignore_adverts")
        {
            context
                .warning(entry.span(), "`owner_ignore_adverts` is for priority 255 only")
                .label("ignored: without priority 255 this is no owner");
        }
        owner && written.unwrap_or(self.defaults.owner_ignore_adverts)
    }

    fn garp(&self, strict: Option<Span>, context: &mut Context<'_>) -> Garp {
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
            extra: garp_extra::of_instance(inside, global.extra, context),
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
