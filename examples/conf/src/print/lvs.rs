use std::fmt;

use crate::model::{Lvs, LvsSyncDaemon, LvsTimeouts};

use super::Print;
use super::page::{Page, Word};

impl Print for Lvs {
    fn print(&self, page: &mut Page<'_>) {
        let Self { timeouts, sync_daemon, flush, flush_on_stop } = self;
        if *timeouts != LvsTimeouts::default() {
            page.value("lvs_timeouts", timeouts);
        }
        page.optional("lvs_sync_daemon", sync_daemon.as_ref());
        page.alone("lvs_flush", *flush);
        page.alone("lvs_flush_on_stop", *flush_on_stop);
    }
}

impl fmt::Display for LvsTimeouts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tcp, tcp_fin, udp } = self;
        let seconds = |timeout: &Option<std::num::NonZeroU32>| timeout.map_or(0, Into::into);
        write!(f, "tcp {} tcpfin {} udp {}", seconds(tcp), seconds(tcp_fin), seconds(udp))
    }
}

impl fmt::Display for LvsSyncDaemon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { interface, instance, id, max_length, port, ttl, group } = self;
        write!(f, "{}", Word(interface))?;
        if let Some(instance) = instance {
            write!(f, " inst {}", Word(instance))?;
        }
        write!(f, " id {id}")?;
        for (word, number) in [("maxlen", max_length), ("port", port)] {
            if let Some(number) = number {
                write!(f, " {word} {number}")?;
            }
        }
        if let Some(ttl) = ttl {
            write!(f, " ttl {ttl}")?;
        }
        group.map_or(Ok(()), |group| write!(f, " group {group}"))
    }
}
