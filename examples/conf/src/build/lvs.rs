//! The `lvs_…` of `global_defs`.

use std::net::IpAddr;

use crate::check::{Entries, Entry};
use crate::model::{Lvs, LvsSyncDaemon, LvsTimeouts, VrrpInstance};
use crate::tree::Word;
use crate::value::integer;

use super::Context;

pub(super) fn build(
    global: &Entries<'_>,
    root: &Entries<'_>,
    instances: &[VrrpInstance],
    context: &mut Context<'_>,
) -> Lvs {
    Lvs {
        timeouts: timeouts(global, context).unwrap_or_default(),
        sync_daemon: sync_daemon_of_instance(root, global, instances, context)
            .or_else(|| sync_daemon(global, instances, context)),
        flush: global.has("lvs_flush"),
        flush_on_stop: flush_on_stop(global, context),
    }
}

/// `VS` means that servers are not removed one by one before their service, which they never are.
fn flush_on_stop(global: &Entries<'_>, context: &mut Context<'_>) -> bool {
    let Some(entry) = global.either("lvs_flush_on_stop", "lvs_flush_onstop") else { return false };
    match entry.statement.arguments.first() {
        None => true,
        Some(word) if word.text == "VS" => false,
        Some(word) => {
            context
                .error(word.span, format!("`{}` cannot be `{}`", entry.row.name, word.text))
                .label("expected VS or nothing");
            false
        }
    }
}

/// What a word is followed by, within bounds.
fn number<T: TryFrom<i64>>(
    word: &Word<'_>,
    value: Option<&Word<'_>>,
    (min, max): (i64, i64),
    context: &mut Context<'_>,
) -> Option<T> {
    let number = value.and_then(|value| integer(value.text));
    let number = number.filter(|number| (min..=max).contains(number));
    if number.is_none() {
        let span = value.map_or(word.span, |value| value.span);
        context
            .error(span, format!("`{}` needs a number from {min} to {max}", word.text))
            .label("expected here");
    }
    number.and_then(|number| number.try_into().ok())
}

fn timeouts(global: &Entries<'_>, context: &mut Context<'_>) -> Option<LvsTimeouts> {
    /// The kernel takes no more (ip_vs_set_timeout).
    const LONGEST: i64 = 2_147_483;
    let entry = global.get("lvs_timeouts")?;
    let mut timeouts = LvsTimeouts::default();
    let mut words = entry.statement.arguments.iter();
    while let Some(word) = words.next() {
        let place = match word.text {
            "tcp" => &mut timeouts.tcp,
            "tcpfin" => &mut timeouts.tcp_fin,
            "udp" => &mut timeouts.udp,
            text => {
                context
                    .error(word.span, format!("`{text}` is no timeout"))
                    .label("expected tcp N, tcpfin N or udp N");
                return None;
            }
        };
        // Zero leaves it as it is.
        *place = number::<u32>(word, words.next(), (0, LONGEST), context)?.try_into().ok();
    }
    Some(timeouts)
}

/// What was written before there was `lvs_sync_daemon`.
fn sync_daemon_of_instance(
    root: &Entries<'_>,
    global: &Entries<'_>,
    instances: &[VrrpInstance],
    context: &mut Context<'_>,
) -> Option<LvsSyncDaemon> {
    const KEYWORD: &str = "lvs_sync_daemon_interface";
    let mut earlier = global.get("lvs_sync_daemon").map(Entry::span);
    let mut daemon = None;
    for instance in root.all("vrrp_instance") {
        let Some(entry) = instance.inside.get(KEYWORD) else { continue };
        if let Some(earlier) = earlier {
            context
                .warning(
                    entry.span(),
                    format!("`{KEYWORD}` has no effect: there is one sync daemon"),
                )
                .label("ignored")
                .related(earlier, "this one counts");
            continue;
        }
        earlier = Some(entry.span());
        let name = instance.statement.arguments.first().map(|name| name.text);
        let interface = instance.inside.text(KEYWORD);
        let (Some(name), Some(interface)) = (name, interface) else { continue };
        context
            .warning(entry.span(), format!("`{KEYWORD}` is of old"))
            .help(format!("write `lvs_sync_daemon {interface} {name}` into `global_defs`"));
        daemon = instances.iter().find(|it| it.name == name).map(|it| LvsSyncDaemon {
            instance: Some(it.name.clone()),
            id: it.vrid.get(),
            ..LvsSyncDaemon::on(&interface)
        });
    }
    daemon
}

fn sync_daemon(
    global: &Entries<'_>,
    instances: &[VrrpInstance],
    context: &mut Context<'_>,
) -> Option<LvsSyncDaemon> {
    let (interface, rest) = global.get("lvs_sync_daemon")?.statement.arguments.split_first()?;
    let mut daemon = LvsSyncDaemon::on(interface.text);
    let (mut id, mut named) = (None, None);
    let mut words = rest.iter();
    while let Some(word) = words.next() {
        match word.text {
            "id" => id = Some(number(word, words.next(), (0, 255), context)?),
            "maxlen" => {
                daemon.max_length =
                    number::<u16>(word, words.next(), (1, 65_507), context)?.try_into().ok();
            }
            "port" => {
                daemon.port =
                    number::<u16>(word, words.next(), (1, 65_535), context)?.try_into().ok();
            }
            "ttl" => {
                daemon.ttl = number::<u8>(word, words.next(), (1, 255), context)?.try_into().ok();
            }
            "group" => daemon.group = Some(group(word, words.next(), context)?),
            "inst" => named = words.next(),
            _ => named = Some(word),
        }
    }
    if let Some(name) = named {
        let Some(instance) = instances.iter().find(|instance| instance.name == name.text) else {
            if context.broken_instances.contains(name.text) {
                return None;
            }
            context
                .error(name.span, format!("there is no vrrp_instance `{}`", name.text))
                .help("name the instance whose state the sync daemon follows");
            return None;
        };
        daemon.instance = Some(instance.name.clone());
        daemon.id = instance.vrid.get();
    }
    daemon.id = id.unwrap_or(daemon.id);
    Some(daemon)
}

fn group(word: &Word<'_>, value: Option<&Word<'_>>, context: &mut Context<'_>) -> Option<IpAddr> {
    let group = value.and_then(|value| value.text.parse().ok()).filter(IpAddr::is_multicast);
    if group.is_none() {
        let span = value.map_or(word.span, |value| value.span);
        context.error(span, "`group` needs a multicast address");
    }
    group
}
