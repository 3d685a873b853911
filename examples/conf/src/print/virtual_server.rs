use std::fmt;

use crate::model::{
    Family, FirewallMark, Forward, Frontend, GroupMember, Persistence, PersistenceEngine,
    PersistenceMask, Protocol, RealServer, ServiceFlags, SorryServer, Tunnel, TunnelChecksum,
    VirtualServer,
};

use super::Print;
use super::checker::Checked;
use super::page::{Page, Seconds};

impl Print for VirtualServer {
    fn print(&self, page: &mut Page<'_>) {
        let Self {
            frontend,
            protocol,
            scheduler,
            flags,
            persistence,
            quorum,
            hysteresis,
            quorum_up,
            quorum_down,
            smtp_alert,
            alpha,
            omega,
            ha_suspend,
            sorry_server,
            real_servers,
            span: _,
        } = self;
        if let Frontend::Group { name, members } = frontend {
            page.block(format_args!("virtual_server_group {name}"), |page| page.each(members));
        }
        page.block(format_args!("virtual_server {frontend}"), |page| {
            page.value("ip_family", word(frontend.family()));
            page.value("protocol", protocol);
            page.value("lb_algo", scheduler.name());
            // Each real server says its own.
            page.value("lb_kind", "NAT");
            flags.print(page);
            if let Some(persistence) = persistence {
                persistence.print(page);
            }
            page.value("quorum", quorum);
            page.value("hysteresis", hysteresis);
            page.optional("quorum_up", quorum_up.as_ref());
            page.optional("quorum_down", quorum_down.as_ref());
            page.switch("smtp_alert", *smtp_alert);
            page.alone("alpha", *alpha);
            page.alone("omega", *omega);
            page.alone("ha_suspend", *ha_suspend);
            if let Some(sorry_server) = sorry_server {
                sorry_server.print(page);
            }
            page.each(real_servers);
        });
    }
}

/// As `ip_family` has it.
fn word(family: Family) -> &'static str {
    match family {
        Family::Ipv4 => "inet",
        Family::Ipv6 => "inet6",
    }
}

impl Print for GroupMember {
    fn print(&self, page: &mut Page<'_>) {
        match self {
            Self::Addresses(range) => page.line(range),
            Self::FirewallMark(FirewallMark { mark, family }) => {
                page.line(format_args!("fwmark {mark} {}", word(*family)));
            }
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
            Self::Sctp => "SCTP",
        })
    }
}

impl Print for ServiceFlags {
    fn print(&self, page: &mut Page<'_>) {
        let Self { one_packet, flag_1, flag_2, flag_3 } = self;
        page.alone("ops", *one_packet);
        page.alone("flag-1", *flag_1);
        page.alone("flag-2", *flag_2);
        page.alone("flag-3", *flag_3);
    }
}

impl Print for Persistence {
    fn print(&self, page: &mut Page<'_>) {
        let Self { timeout, granularity, engine } = self;
        page.value("persistence_timeout", Seconds(*timeout));
        page.value("persistence_granularity", granularity);
        page.optional("persistence_engine", engine.map(|PersistenceEngine::Sip| "sip"));
    }
}

impl fmt::Display for PersistenceMask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V4(mask) => mask.fmt(f),
            Self::V6(length) => length.fmt(f),
        }
    }
}

impl Print for SorryServer {
    fn print(&self, page: &mut Page<'_>) {
        let Self { address, port, forward, inhibit, span: _ } = self;
        page.value("sorry_server", format_args!("{address} {port}"));
        page.value("sorry_server_lvs_method", forward);
        page.alone("sorry_server_inhibit", *inhibit);
    }
}

impl Print for RealServer {
    fn print(&self, page: &mut Page<'_>) {
        let Self {
            address,
            port,
            weight,
            forward,
            upper_threshold,
            lower_threshold,
            inhibit_on_failure,
            notify_up,
            notify_down,
            smtp_alert,
            checkers,
            span: _,
        } = self;
        page.block(format_args!("real_server {address} {port}"), |page| {
            page.value("weight", weight);
            page.value("lvs_method", forward);
            page.value("uthreshold", upper_threshold);
            page.value("lthreshold", lower_threshold);
            page.switch("inhibit_on_failure", *inhibit_on_failure);
            page.optional("notify_up", notify_up.as_ref());
            page.optional("notify_down", notify_down.as_ref());
            page.switch("smtp_alert", *smtp_alert);
            for checker in checkers {
                Checked { server: self, checker }.print(page);
            }
        });
    }
}

impl fmt::Display for Forward {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nat => f.write_str("NAT"),
            Self::DirectRouting => f.write_str("DR"),
            Self::Tunnel(tunnel) => write!(f, "TUN {tunnel}"),
        }
    }
}

impl fmt::Display for Tunnel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ipip => f.write_str("type ipip"),
            Self::Gue { port, checksum } => write!(f, "type gue port {port} {checksum}"),
            Self::Gre { checksum } => write!(f, "type gre {checksum}"),
        }
    }
}

impl fmt::Display for TunnelChecksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "nocsum",
            Self::Computed => "csum",
            Self::Remote => "remcsum",
        })
    }
}
