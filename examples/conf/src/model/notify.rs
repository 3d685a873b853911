use std::time::Duration;

use super::{Place, Script};

/// What an instance tells others about itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InstanceNotify {
    /// `notify_master`.
    pub master: Option<Script>,
    /// `notify_backup`.
    pub backup: Option<Script>,
    /// `notify_fault`.
    pub fault: Option<Script>,
    /// `notify_stop`.
    pub stop: Option<Script>,
    /// `notify`: run for every state, with `INSTANCE`, the name, the state and the priority as further
    /// arguments.
    pub any: Option<Script>,
    /// `notify_deleted`: as what it is told that a reload has removed the instance.
    pub deleted: OnDeletion,
    /// `notify_master_rx_lower_pri`: run when it hears, as MASTER, somebody of lower priority advertise.
    pub master_rx_lower_pri: Option<Script>,
    /// `notify_priority_changes`, or `vrrp_notify_priority_changes`: whether changes of its priority are
    /// written to the FIFOs.
    pub priority_changes: bool,
    /// `smtp_alert` here, or of `global_defs`: whether changes of its state are mailed.
    pub smtp_alert: bool,
}

impl InstanceNotify {
    /// Every script in here.
    pub(super) fn scripts(&self) -> impl Iterator<Item = &Script> {
        let Self { master, backup, fault, stop, any, deleted, master_rx_lower_pri, .. } = self;
        let deleted = match deleted {
            OnDeletion::Deleted(script) => script,
            OnDeletion::Fault => &None,
        };
        [master, backup, fault, stop, any, deleted, master_rx_lower_pri].into_iter().flatten()
    }

    pub(super) fn scripts_mut(&mut self) -> impl Iterator<Item = &mut Option<Script>> {
        let Self { master, backup, fault, stop, any, deleted, master_rx_lower_pri, .. } = self;
        let deleted = match deleted {
            OnDeletion::Deleted(script) => Some(script),
            OnDeletion::Fault => None,
        };
        [master, backup, fault, stop, any, master_rx_lower_pri].into_iter().chain(deleted)
    }
}

/// What a synchronisation group tells others about itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GroupNotify {
    /// `notify_master`.
    pub master: Option<Script>,
    /// `notify_backup`.
    pub backup: Option<Script>,
    /// `notify_fault`.
    pub fault: Option<Script>,
    /// `notify_stop`.
    pub stop: Option<Script>,
    /// `notify`: run for every state, with `GROUP`, the name, the state and 0 as further arguments.
    pub any: Option<Script>,
    /// `smtp_alert` here, or of `global_defs`: whether changes of its state are mailed.
    pub smtp_alert: bool,
}

impl GroupNotify {
    /// Every script in here.
    pub(super) fn scripts(&self) -> impl Iterator<Item = &Script> {
        let Self { master, backup, fault, stop, any, .. } = self;
        [master, backup, fault, stop, any].into_iter().flatten()
    }

    /// Every place for a script in here.
    pub(super) fn scripts_mut(&mut self) -> impl Iterator<Item = &mut Option<Script>> {
        let Self { master, backup, fault, stop, any, .. } = self;
        [master, backup, fault, stop, any].into_iter()
    }
}

/// As what it is told that an instance has been removed by a reload.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum OnDeletion {
    /// Without `notify_deleted`: as FAULT.
    #[default]
    Fault,
    /// With `notify_deleted`: as DELETED, and its own script is run if it has one.
    Deleted(Option<Script>),
}

/// The mails of `global_defs`. By default what holds for a file that says nothing of mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// `smtp_server`: who takes them. `None`: no mail is sent.
    pub server: Option<SmtpServer>,
    /// `notification_email`: to whom, as `user@host` or `Name <user@host>`. None: no mail is sent.
    pub recipients: Vec<String>,
    /// `notification_email_from`. `None`: `keepalived` at this host.
    pub from: Option<String>,
    /// `smtp_helo_name`: how the program introduces itself. `None`: as this host.
    pub helo_name: Option<String>,
    /// `smtp_connect_timeout`: how long each step with the server may take.
    pub timeout: Duration,
    /// Whether FAULT is mailed (no `no_email_faults`).
    pub faults: bool,
    /// Whether each change of a check is mailed, not only those that bring its server up or down (no
    /// `no_checker_emails`).
    pub checks: bool,
}

impl Default for Mail {
    fn default() -> Self {
        Self {
            server: None,
            recipients: Vec::new(),
            from: None,
            helo_name: None,
            timeout: Duration::from_secs(30),
            faults: true,
            checks: true,
        }
    }
}

impl Mail {
    /// Whether there is somebody to write to, and somebody who takes it there.
    #[must_use]
    pub fn is_sent(&self) -> bool {
        self.server.is_some() && !self.recipients.is_empty()
    }
}

/// `smtp_server HOST [PORT]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmtpServer {
    /// An address, or a name that is looked up for each mail.
    pub host: String,
    /// Its port; 25 if none was given.
    pub port: u16,
}

/// The FIFOs of `global_defs`, each of another path.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fifos {
    /// `notify_fifo`: told of everything.
    pub all: Option<Fifo>,
    /// `vrrp_notify_fifo`: told of instances and groups.
    pub vrrp: Option<Fifo>,
    /// `lvs_notify_fifo`: told of virtual and real servers.
    pub lvs: Option<Fifo>,
    /// `fifo_write_vrrp_states_on_reload`: whether a reload tells the states again.
    pub states_on_reload: bool,
}

/// `notify_fifo PATH [USER [GROUP]]` and its script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fifo {
    /// Where it is. Made if it does not exist.
    pub path: String,
    /// Name or number of the user whose it becomes. `None`: as for a script that names nobody.
    pub user: Option<String>,
    /// Name or number of its group. `None`: the user's own.
    pub group: Option<String>,
    /// `notify_fifo_script`: started to read it, with its path as last argument.
    pub reader: Option<Script>,
    /// Where its path was written.
    pub span: Place,
}

/// `startup_script` or `shutdown_script`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LifecycleScript {
    /// What is run.
    pub script: Script,
    /// How long it may take; then it is killed. 1 s to 1000 s.
    pub timeout: Duration,
}
