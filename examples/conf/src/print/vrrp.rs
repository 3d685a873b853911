use std::fmt;

use crate::model::{
    Authentication, Destination, ExtraGarp, Family, Garp, InitialState, UnicastPeer,
    VirtualAddress, VirtualMac, VrrpInstance, VrrpVersion,
};

use super::Print;
use super::page::{Page, Seconds, Word};

impl Print for VrrpInstance {
    fn print(&self, page: &mut Page<'_>) {
        let Self {
            name,
            interface,
            vrid,
            version,
            state,
            priority,
            advert_interval,
            auth,
            addresses,
            excluded_addresses,
            family,
            source_address,
            routes,
            rules,
            track_source,
            destination,
            virtual_mac,
            virtual_interfaces: _,
            promote_secondaries,
            preempt,
            preempt_delay,
            strict,
            accept,
            garp,
            down_timer_adverts,
            lower_prio_no_advert,
            higher_prio_send_advert,
            skip_check_adv_addr,
            owner_ignore_adverts,
            v3_checksum_as_v2,
            track_primary,
            tracking,
            notify,
            span: _,
        } = self;
        page.block(format_args!("vrrp_instance {}", Word(name)), |page| {
            page.optional("interface", interface.as_ref().map(|name| Word(name)));
            page.alone("native_ipv6", *family == Family::Ipv6);
            page.value("virtual_router_id", vrid);
            page.value("version", version);
            page.value("state", state);
            page.value("priority", priority);
            page.value("advert_int", Seconds(*advert_interval));
            if let Some(auth) = auth {
                auth.print(page);
            }
            page.optional("mcast_src_ip", source_address.as_ref());
            page.alone("track_src_ip", *track_source);
            destination.print(page);
            if let Some(virtual_mac) = virtual_mac {
                virtual_mac.print(page);
            }
            page.alone("promote_secondaries", *promote_secondaries);
            page.line(if *preempt { "preempt" } else { "nopreempt" });
            page.value("preempt_delay", Seconds(*preempt_delay));
            page.switch("strict_mode", *strict);
            page.line(if *accept { "accept" } else { "no_accept" });
            garp.print(page);
            page.value("down_timer_adverts", down_timer_adverts);
            page.switch("lower_prio_no_advert", *lower_prio_no_advert);
            page.switch("higher_prio_send_advert", *higher_prio_send_advert);
            page.switch("skip_check_adv_addr", *skip_check_adv_addr);
            page.alone("owner_ignore_adverts", *owner_ignore_adverts);
            page.switch("v3_checksum_as_v2", *v3_checksum_as_v2);
            page.alone("dont_track_primary", !track_primary);
            page.alone("no_virtual_ipaddress", addresses.is_empty());
            page.lines("virtual_ipaddress", addresses);
            page.lines("virtual_ipaddress_excluded", excluded_addresses);
            page.lines("virtual_routes", routes);
            page.lines("virtual_rules", rules);
            tracking.print(page);
            notify.print(page);
        });
    }
}

impl Print for Destination {
    fn print(&self, page: &mut Page<'_>) {
        match self {
            Self::Multicast(group) => page.value("mcast_dst_ip", group),
            Self::NoPeer(group) => {
                page.value("mcast_dst_ip", group);
                page.line("unicast_fault_no_peer");
            }
            Self::Unicast { peers, ttl, check_source } => {
                page.lines("unicast_peer", peers);
                page.value("unicast_ttl", ttl);
                page.alone("check_unicast_src", *check_source);
            }
        }
    }
}

impl Print for UnicastPeer {
    fn print(&self, page: &mut Page<'_>) {
        let Self { address, min_ttl, max_ttl } = self;
        page.line(format_args!("{address} min_ttl {min_ttl} max_ttl {max_ttl}"));
    }
}

impl Print for VirtualMac {
    fn print(&self, page: &mut Page<'_>) {
        let Self { interface, address, xmit_base } = self;
        let octets = address.map(|octet| format!("{octet:02x}"));
        page.line(format_args!("use_vmac name {} {}", Word(interface), octets.join(":")));
        page.alone("vmac_xmit_base", *xmit_base);
    }
}

impl fmt::Display for VrrpVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V2 => "2",
            Self::V3 => "3",
        })
    }
}

impl fmt::Display for InitialState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Master => "MASTER",
            Self::Backup => "BACKUP",
        })
    }
}

impl Print for Authentication {
    fn print(&self, page: &mut Page<'_>) {
        let (kind, pass) = match self {
            Self::Password(pass) => ("PASS", pass),
            Self::Header(pass) => ("AH", pass),
        };
        page.block("authentication", |page| {
            page.value("auth_type", kind);
            page.value("auth_pass", Word(&password(pass.bytes())));
        });
    }
}

/// A text of which these are the first bytes: the eighth may have cut a character.
fn password(bytes: [u8; 8]) -> String {
    let end = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    let written = bytes.get(..end).unwrap_or_default();
    let completed = (0..=3).flat_map(|missing| {
        [0x80, 0x90, 0xa0].map(|byte| [written, &vec![byte; missing]].concat())
    });
    completed
        .filter_map(|bytes| String::from_utf8(bytes).ok())
        .next()
        .unwrap_or_else(|| String::from_utf8_lossy(written).into_owned())
}

impl Print for Garp {
    fn print(&self, page: &mut Page<'_>) {
        let Self {
            master_delay,
            master_repeat,
            master_refresh,
            master_refresh_repeat,
            lower_prio_delay,
            lower_prio_repeat,
            extra,
        } = self;
        page.value("garp_master_delay", Seconds(*master_delay));
        page.value("garp_master_repeat", master_repeat);
        page.value("garp_master_refresh", Seconds(*master_refresh));
        page.value("garp_master_refresh_repeat", master_refresh_repeat);
        page.value("garp_lower_prio_delay", Seconds(*lower_prio_delay));
        page.value("garp_lower_prio_repeat", lower_prio_repeat);
        if let Some(ExtraGarp { interval, all }) = extra {
            let all = if *all { "all " } else { "" };
            page.value("garp_extra_if", format_args!("{all}{}", Seconds(*interval)));
        }
    }
}

impl Print for VirtualAddress {
    fn print(&self, page: &mut Page<'_>) {
        page.line(self);
    }
}

impl fmt::Display for VirtualAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            address,
            prefix_len,
            peer,
            broadcast,
            interface,
            virtual_interface,
            scope,
            label,
            preferred_lifetime,
            detect_duplicates,
            home,
            manage_temporary,
            autojoin,
            prefix_route,
            span: _,
        } = self;
        match peer {
            Some(peer) => write!(f, "{address} peer {peer}/{prefix_len}")?,
            None => write!(f, "{address}/{prefix_len}")?,
        }
        if let Some(broadcast) = broadcast {
            write!(f, " brd {broadcast}")?;
        }
        if let Some(interface) = interface {
            write!(f, " dev {}", Word(interface))?;
        }
        if address.is_ipv4() {
            write!(f, " scope {scope}")?;
        }
        if let Some(label) = label {
            write!(f, " label {}", Word(label))?;
        }
        match preferred_lifetime {
            Some(lifetime) => write!(f, " preferred_lft {}", lifetime.as_secs())?,
            None if address.is_ipv6() => f.write_str(" preferred_lft forever")?,
            None => {}
        }
        for (word, is_set) in [
            ("-nodad", *detect_duplicates),
            ("home", *home),
            ("mngtmpaddr", *manage_temporary),
            ("autojoin", *autojoin),
            ("noprefixroute", !prefix_route),
            ("use_vmac", virtual_interface.is_some()),
        ] {
            if is_set {
                write!(f, " {word}")?;
            }
        }
        Ok(())
    }
}
