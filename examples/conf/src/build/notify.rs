//! What is told to others: scripts, FIFOs, mails.

use crate::check::{Entries, Entry};
use crate::model::{
    Fifo, Fifos, GroupNotify, InstanceNotify, LifecycleScript, Mail, OnDeletion, SmtpServer,
};
use crate::tree::Word;
use crate::value::integer;

use super::Context;

const SMTP_PORT: u16 = 25;

/// `smtp_alert` of `global_defs` for each kind of object, where keepalived's own defaults differ.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Alerts {
    pub(super) vrrp: bool,
    pub(super) service: bool,
    pub(super) server: bool,
}

pub(super) fn alerts(global: &Entries<'_>) -> Alerts {
    let all = global.flag("smtp_alert");
    let checker = global.flag("smtp_alert_checker").or(all);
    Alerts {
        vrrp: global.flag("smtp_alert_vrrp").or(all).unwrap_or(false),
        service: checker.unwrap_or(false),
        server: checker.unwrap_or(true),
    }
}

pub(super) fn instance(
    inside: &Entries<'_>,
    priority_changes: bool,
    context: &Context<'_>,
) -> InstanceNotify {
    let script = |name| context.script(inside, name);
    InstanceNotify {
        master: script("notify_master"),
        backup: script("notify_backup"),
        fault: script("notify_fault"),
        stop: script("notify_stop"),
        any: script("notify"),
        deleted: if inside.has("notify_deleted") {
            OnDeletion::Deleted(script("notify_deleted"))
        } else {
            OnDeletion::Fault
        },
        master_rx_lower_pri: script("notify_master_rx_lower_pri"),
        priority_changes: inside.flag("notify_priority_changes").unwrap_or(priority_changes),
        smtp_alert: inside.flag("smtp_alert").unwrap_or(context.alerts.vrrp),
    }
}

pub(super) fn group(inside: &Entries<'_>, context: &Context<'_>) -> GroupNotify {
    let script = |name| context.script(inside, name);
    GroupNotify {
        master: script("notify_master"),
        backup: script("notify_backup"),
        fault: script("notify_fault"),
        stop: script("notify_stop"),
        any: script("notify"),
        smtp_alert: inside.flag("smtp_alert").unwrap_or(context.alerts.vrrp),
    }
}

pub(super) fn lifecycle_script(
    global: &Entries<'_>,
    name: &str,
    timeout: &str,
    context: &Context<'_>,
) -> Option<LifecycleScript> {
    let script = context.script(global, name)?;
    Some(LifecycleScript { script, timeout: global.seconds(timeout).unwrap_or_default() })
}

pub(super) fn mail(global: &Entries<'_>, context: &mut Context<'_>) -> Mail {
    let recipients = recipients(global, context);
    let from = global.get("notification_email_from");
    let from = from.and_then(|entry| entry.statement.arguments.first());
    let mail = Mail {
        server: global.get("smtp_server").and_then(|entry| server(entry, context)),
        recipients,
        from: from.map(|word| word.text.to_owned()),
        helo_name: global.text("smtp_helo_name"),
        timeout: global.seconds("smtp_connect_timeout").unwrap_or_default(),
        faults: !global.has("no_email_faults"),
        checks: !global.has("no_checker_emails"),
    };
    for (is_missing, present, missing) in [
        (mail.server.is_none(), "notification_email", "smtp_server"),
        (mail.recipients.is_empty(), "smtp_server", "notification_email"),
    ] {
        if is_missing && let Some(entry) = global.get(present) {
            context
                .warning(entry.span(), format!("no mail is sent: `{missing}` is missing"))
                .help(format!("add `{missing}` to `global_defs`"));
        }
    }
    mail
}

fn recipients(global: &Entries<'_>, context: &mut Context<'_>) -> Vec<String> {
    let lines = global.all("notification_email").flat_map(Entry::lines);
    let words = lines.flat_map(|line| std::iter::once(&line.keyword).chain(&line.arguments));
    let mut recipients = Vec::new();
    for word in words {
        if !word.text.contains('@') {
            context
                .warning(word.span, format!("`{}` is an address without a host", word.text))
                .label("this host's name is added")
                .help("a name goes into quotes together with its address: \"Name <user@host>\"");
        }
        recipients.push(word.text.to_owned());
    }
    recipients
}

fn server(entry: &Entry<'_>, context: &mut Context<'_>) -> Option<SmtpServer> {
    let (host, rest) = entry.statement.arguments.split_first()?;
    let port = match rest.first() {
        None => Some(SMTP_PORT),
        Some(word) => port(word, context),
    };
    too_much(rest.get(1), context);
    Some(SmtpServer { host: host.text.to_owned(), port: port? })
}

fn port(word: &Word<'_>, context: &mut Context<'_>) -> Option<u16> {
    let port = integer(word.text).and_then(|port| u16::try_from(port).ok());
    if port.is_none() {
        context
            .error(word.span, format!("`{}` is not a port", word.text))
            .label("expected a number from 1 to 65535");
    }
    port
}

fn too_much(word: Option<&Word<'_>>, context: &mut Context<'_>) {
    if let Some(extra) = word {
        context
            .warning(extra.span, format!("`{}` is too much here", extra.text))
            .label("ignored, as keepalived does");
    }
}

pub(super) fn fifos(global: &Entries<'_>, context: &mut Context<'_>) -> Fifos {
    let fifos = Fifos {
        all: fifo(global, "notify_fifo", "notify_fifo_script", context),
        vrrp: fifo(global, "vrrp_notify_fifo", "vrrp_notify_fifo_script", context),
        lvs: fifo(global, "lvs_notify_fifo", "lvs_notify_fifo_script", context),
        states_on_reload: global.has("fifo_write_vrrp_states_on_reload"),
    };
    let all: Vec<_> = [&fifos.all, &fifos.vrrp, &fifos.lvs].into_iter().flatten().collect();
    for (position, fifo) in all.iter().enumerate() {
        let earlier = all.iter().take(position).find(|earlier| earlier.path == fifo.path);
        if let Some(earlier) = earlier {
            context
                .error(fifo.span, "each FIFO needs a path of its own")
                .related(earlier.span, "the other one");
        }
    }
    fifos
}

fn fifo(
    global: &Entries<'_>,
    name: &str,
    reader_name: &str,
    context: &mut Context<'_>,
) -> Option<Fifo> {
    let reader = context.script(global, reader_name);
    let Some(entry) = global.get(name) else {
        if let Some(reader) = reader {
            context
                .error(reader.span, format!("`{reader_name}` has nothing to read"))
                .help(format!("add `{name} PATH`"));
        }
        return None;
    };
    let (path, owner) = entry.statement.arguments.split_first()?;
    if !path.text.starts_with('/') {
        context.error(path.span, format!("`{name}` must be an absolute path"));
    }
    too_much(owner.get(2), context);
    let word = |position: usize| owner.get(position).map(|word| word.text.to_owned());
    Some(Fifo {
        path: path.text.to_owned(),
        user: word(0),
        group: word(1),
        reader,
        span: path.span.into(),
    })
}
