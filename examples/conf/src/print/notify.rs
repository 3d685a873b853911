use std::fmt;

use crate::model::{
    Fifo, Fifos, GroupNotify, InstanceNotify, LifecycleScript, Mail, OnDeletion, SmtpServer,
};

use super::Print;
use super::page::{Page, Seconds, Word};

impl Print for InstanceNotify {
    fn print(&self, page: &mut Page<'_>) {
        let Self {
            master,
            backup,
            fault,
            stop,
            any,
            deleted,
            master_rx_lower_pri,
            priority_changes,
            smtp_alert,
        } = self;
        page.optional("notify_master", master.as_ref());
        page.optional("notify_backup", backup.as_ref());
        page.optional("notify_fault", fault.as_ref());
        page.optional("notify_stop", stop.as_ref());
        page.optional("notify", any.as_ref());
        match deleted {
            OnDeletion::Fault => {}
            OnDeletion::Deleted(None) => page.alone("notify_deleted", true),
            OnDeletion::Deleted(Some(script)) => page.value("notify_deleted", script),
        }
        page.optional("notify_master_rx_lower_pri", master_rx_lower_pri.as_ref());
        page.switch("notify_priority_changes", *priority_changes);
        page.switch("smtp_alert", *smtp_alert);
    }
}

impl Print for GroupNotify {
    fn print(&self, page: &mut Page<'_>) {
        let Self { master, backup, fault, stop, any, smtp_alert } = self;
        page.optional("notify_master", master.as_ref());
        page.optional("notify_backup", backup.as_ref());
        page.optional("notify_fault", fault.as_ref());
        page.optional("notify_stop", stop.as_ref());
        page.optional("notify", any.as_ref());
        page.switch("smtp_alert", *smtp_alert);
    }
}

pub(super) fn lifecycle_script(page: &mut Page<'_>, name: &str, script: Option<&LifecycleScript>) {
    let Some(LifecycleScript { script, timeout }) = script else { return };
    page.value(name, script);
    page.value(&format!("{name}_timeout"), Seconds(*timeout));
}

impl Print for Mail {
    fn print(&self, page: &mut Page<'_>) {
        let Self { server, recipients, from, helo_name, timeout, faults, checks } = self;
        if !recipients.is_empty() {
            page.block("notification_email", |page| {
                for address in recipients {
                    page.line(Word(address));
                }
            });
        }
        page.optional("notification_email_from", from.as_deref().map(Word));
        page.optional("smtp_server", server.as_ref());
        page.optional("smtp_helo_name", helo_name.as_deref().map(Word));
        page.value("smtp_connect_timeout", Seconds(*timeout));
        page.alone("no_email_faults", !faults);
        page.alone("no_checker_emails", !checks);
    }
}

/// `HOST PORT`.
impl fmt::Display for SmtpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        write!(f, "{} {port}", Word(host))
    }
}

impl Print for Fifos {
    fn print(&self, page: &mut Page<'_>) {
        let Self { all, vrrp, lvs, states_on_reload } = self;
        fifo(page, "notify_fifo", all.as_ref());
        fifo(page, "vrrp_notify_fifo", vrrp.as_ref());
        fifo(page, "lvs_notify_fifo", lvs.as_ref());
        page.alone("fifo_write_vrrp_states_on_reload", *states_on_reload);
    }
}

fn fifo(page: &mut Page<'_>, name: &str, fifo: Option<&Fifo>) {
    let Some(Fifo { path, user, group, reader, span: _ }) = fifo else { return };
    let words = [Some(path), user.as_ref(), group.as_ref()];
    let words: Vec<_> = words.into_iter().flatten().map(|word| Word(word).to_string()).collect();
    page.value(name, words.join(" "));
    page.optional(&format!("{name}_script"), reader.as_ref());
}
