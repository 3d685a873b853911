//! What others are told when something changes: by scripts, by lines for the FIFOs, by mail. Names,
//! arguments, lines, subjects and texts are keepalived's.
//!
//! ```
//! use steadfast_conf::parse;
//! use steadfast_director_core::notify::{InstanceState, Told, instance_entered};
//!
//! let model = parse("keepalived.conf", r#"
//! vrrp_instance WEB {
//!     interface eth0
//!     virtual_router_id 51
//!     virtual_ipaddress { 192.0.2.10/24 }
//!     notify /etc/keepalived/notify.sh
//! }
//! "#).model.ok_or("it has errors")?;
//!
//! let Told { scripts, lines, .. } =
//!     instance_entered(&model.global, &model.instances[0], InstanceState::Master, 100);
//! assert_eq!(scripts[0].to_string(), "/etc/keepalived/notify.sh INSTANCE WEB MASTER 100");
//! assert_eq!(lines[0].text, "INSTANCE \"WEB\" MASTER 100");
//! # Ok::<(), &str>(())
//! ```

use std::fmt;

use steadfast_conf::model::{Global, Mail, OnDeletion, Probe, Script, SyncGroup, VrrpInstance};

use crate::services::Occurrence;

/// What is told because of one change of one object.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Told {
    /// What changed. Its scripts run one at a time, in the order in which they are told.
    pub object: String,
    /// What is run.
    pub scripts: Vec<Command>,
    /// What is written to the FIFOs.
    pub lines: Vec<Line>,
    /// What is mailed.
    pub alert: Option<Alert>,
}

/// A script to be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The script of the configuration.
    pub script: Script,
    /// Arguments after those of the configuration.
    pub arguments: Vec<String>,
}

impl From<Script> for Command {
    fn from(script: Script) -> Self {
        Self { script, arguments: Vec::new() }
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.script.argv.iter().chain(&self.arguments).cloned().collect();
        f.write_str(&words.join(" "))
    }
}

/// A line for the FIFOs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Which FIFOs get it besides the one for everything.
    pub side: Side,
    /// The line, without its end.
    pub text: String,
}

/// The half of a configuration that something belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Instances and synchronisation groups.
    Vrrp,
    /// Virtual and real servers.
    Lvs,
}

/// A change that is mailed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// The subject, without the name of this machine.
    pub subject: String,
    /// The text.
    pub text: String,
}

/// The state of an instance in keepalived's words, which its users and their scripts know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InstanceState {
    /// RFC 9568's Active.
    Master,
    /// RFC 9568's Backup.
    Backup,
    /// It may not take part.
    Fault,
    /// It has been stopped.
    Stop,
}

impl fmt::Display for InstanceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Master => "MASTER",
            Self::Backup => "BACKUP",
            Self::Fault => "FAULT",
            Self::Stop => "STOP",
        })
    }
}

/// An instance entered a state with that effective priority: its own script for the state first, then
/// the one for all states.
///
/// The end of the program is not mailed: keepalived does not live to do it.
pub fn instance_entered(
    global: &Global,
    instance: &VrrpInstance,
    state: InstanceState,
    priority: u8,
) -> Told {
    let notify = &instance.notify;
    let (own, text) = match state {
        InstanceState::Master => (&notify.master, Some("VRRP Instance is now owning VRRP VIPs")),
        InstanceState::Backup => (&notify.backup, Some(NO_LONGER_OWNING)),
        InstanceState::Fault => (&notify.fault, global.mail.faults.then_some(NO_LONGER_OWNING)),
        InstanceState::Stop => (&notify.stop, None),
    };
    let text = text.filter(|_| notify.smtp_alert);
    let subject = format!("VRRP Instance {} - Entering {state} state", instance.name);
    Told {
        alert: text.map(|text| Alert { subject, text: framed(text) }),
        ..instance_told(instance, own.as_ref(), &state.to_string(), priority)
    }
}

const NO_LONGER_OWNING: &str = "VRRP Instance is no longer owning VRRP VIPs";

/// A synchronisation group entered a state: its own script for the state first, then the one for all
/// states. A group has no priority, which is told as 0.
pub fn group_entered(global: &Global, group: &SyncGroup, state: InstanceState) -> Told {
    let notify = &group.notify;
    let (own, mailed) = match state {
        InstanceState::Master => (&notify.master, true),
        InstanceState::Backup => (&notify.backup, true),
        InstanceState::Fault => (&notify.fault, global.mail.faults),
        InstanceState::Stop => (&notify.stop, false),
    };
    let any = notify.any.iter().map(|script| Command {
        script: script.clone(),
        arguments: ["GROUP", &group.name, &state.to_string(), "0"].map(str::to_owned).into(),
    });
    let alert = (mailed && notify.smtp_alert).then(|| Alert {
        subject: format!("VRRP Group {} - Entering {state} state", group.name),
        text: framed(&format!("All VRRP group instances are now in {state} state")),
    });
    Told {
        scripts: own.iter().cloned().map(Command::from).chain(any).collect(),
        alert,
        ..group_state(group, state)
    }
}

/// In which state a synchronisation group is, for the FIFOs alone.
pub fn group_state(group: &SyncGroup, state: InstanceState) -> Told {
    let text = format!("GROUP \"{}\" {state} 0", group.name);
    Told {
        object: group.name.clone(),
        lines: vec![Line { side: Side::Vrrp, text }],
        ..Told::default()
    }
}

/// A reload removed an instance.
pub fn instance_deleted(instance: &VrrpInstance, priority: u8) -> Told {
    match &instance.notify.deleted {
        OnDeletion::Deleted(own) => instance_told(instance, own.as_ref(), "DELETED", priority),
        // keepalived does not run `notify_fault` for it either.
        OnDeletion::Fault => instance_told(instance, None, "FAULT", priority),
    }
}

/// As MASTER an instance heard somebody of lower priority advertise.
pub fn instance_heard_lower_priority(instance: &VrrpInstance, priority: u8) -> Told {
    let own = instance.notify.master_rx_lower_pri.iter().cloned();
    Told {
        object: instance.name.clone(),
        scripts: own.map(Command::from).collect(),
        lines: vec![instance_line(instance, "MASTER_RX_LOWER_PRI", priority)],
        alert: None,
    }
}

/// The effective priority of an instance changed while it was in that state.
pub fn instance_priority_changed(
    instance: &VrrpInstance,
    state: InstanceState,
    priority: u8,
) -> Told {
    let word = match state {
        InstanceState::Master => Some("MASTER_PRIORITY"),
        InstanceState::Backup => Some("BACKUP_PRIORITY"),
        InstanceState::Fault | InstanceState::Stop => None,
    };
    let word = word.filter(|_| instance.notify.priority_changes);
    Told {
        object: instance.name.clone(),
        lines: word.map(|word| instance_line(instance, word, priority)).into_iter().collect(),
        ..Told::default()
    }
}

/// In which state an instance is, for the FIFOs alone.
pub fn instance_state(instance: &VrrpInstance, state: InstanceState, priority: u8) -> Told {
    Told {
        object: instance.name.clone(),
        lines: vec![instance_line(instance, &state.to_string(), priority)],
        ..Told::default()
    }
}

fn instance_told(instance: &VrrpInstance, own: Option<&Script>, state: &str, priority: u8) -> Told {
    let any = instance.notify.any.iter().map(|script| Command {
        script: script.clone(),
        arguments: ["INSTANCE", &instance.name, state, &priority.to_string()]
            .map(str::to_owned)
            .into(),
    });
    Told {
        object: instance.name.clone(),
        scripts: own.cloned().map(Command::from).into_iter().chain(any).collect(),
        lines: vec![instance_line(instance, state, priority)],
        alert: None,
    }
}

fn instance_line(instance: &VrrpInstance, word: &str, priority: u8) -> Line {
    let text = format!("INSTANCE \"{}\" {word} {priority}", instance.name);
    Line { side: Side::Vrrp, text }
}

/// Something happened to a service or one of its servers.
pub fn occurred(mail: &Mail, occurrence: &Occurrence) -> Told {
    match occurrence {
        Occurrence::Server { server, service, up, script } => Told {
            object: format!("{server} of {service}"),
            scripts: script.iter().cloned().map(Command::from).collect(),
            lines: vec![lvs_line(format!("RS {server} {service} {}", up_or_down(*up)))],
            alert: None,
        },
        Occurrence::Check { server, service, text, up, changed, alert } => {
            let alert = (*alert && (mail.checks || *changed)).then(|| Alert {
                subject: format!(
                    "Realserver {server} of virtual server {service} - {}",
                    up_or_down(*up)
                ),
                text: framed(text),
            });
            Told { object: format!("{server} of {service}"), alert, ..Told::default() }
        }
        Occurrence::Quorum { service, change, quorum, hysteresis, at_start, script, alert } => {
            let text = || {
                let verb = match (at_start, change.has_quorum) {
                    (true, true) => "Starting with quorum up",
                    (true, false) => "Starting with quorum down",
                    (false, true) => "Gained quorum",
                    (false, false) => "Lost quorum",
                };
                let needed = if change.has_quorum {
                    i64::from(*quorum) + i64::from(*hysteresis)
                } else {
                    i64::from(*quorum) - i64::from(*hysteresis)
                };
                format!("{verb} {quorum}+{hysteresis}={needed} <= {}", change.weight)
            };
            let word = up_or_down(change.has_quorum);
            Told {
                object: service.clone(),
                scripts: script.iter().cloned().map(Command::from).collect(),
                lines: vec![lvs_line(format!("VS {service} {word}"))],
                alert: alert.then(|| Alert {
                    subject: format!("Virtualserver {service} - {word}"),
                    text: framed(&text()),
                }),
            }
        }
    }
}

fn up_or_down(up: bool) -> &'static str {
    if up { "UP" } else { "DOWN" }
}

fn lvs_line(text: String) -> Line {
    Line { side: Side::Lvs, text }
}

/// What keepalived says in the mail about a check: each kind has a sentence of its own.
pub(crate) fn check_text(probe: &Probe, passed: bool) -> &'static str {
    match (probe, passed) {
        (Probe::Tcp(_), true) => "TCP CHECK succeed on service",
        (Probe::Tcp(_), false) => "TCP CHECK failed on service",
        (Probe::Misc(_), true) => "MISC CHECK succeeded on service",
        (Probe::Misc(_), false) => "MISC CHECK failed on service",
        (Probe::Dns(_), true) => "DNS_CHECK: succeed on service",
        (Probe::Dns(_), false) => "DNS_CHECK: failed on service",
        (Probe::Udp(_), true) => "UDP CHECK succeed on service",
        (Probe::Udp(_), false) => "UDP CHECK failed on service",
        (Probe::Ping(_), true) => "ICMP CHECK succeed on service",
        (Probe::Ping(_), false) => "ICMP CHECK failed on service",
        (_, true) => "CHECK succeed on service",
        (_, false) => "CHECK failed on service",
    }
}

/// A text as keepalived's mails have it.
fn framed(text: &str) -> String {
    format!("=> {text} <=")
}

#[cfg(test)]
mod tests;
