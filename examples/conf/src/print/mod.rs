//! The model as the text of a configuration, with every default written out.
//!
//! One file per subject, as in `model`. Each [`Print`] takes its struct apart field by field, so that a
//! field which is added to the model and not printed does not compile. What is printed parses to the
//! same model; the tests hold every model they make to that.

mod checker;
mod global;
mod http;
mod lvs;
mod notify;
mod page;
mod process;
mod routing;
mod script;
mod tracking;
mod virtual_server;
mod vrrp;

use std::fmt;

use crate::model::{Model, VirtualServer};
use page::Page;

trait Print {
    fn print(&self, page: &mut Page<'_>);
}

/// The effective configuration: a keepalived.conf in which nothing is left to a default.
///
/// It parses to the same model. Passwords are in it.
impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(self, f)
    }
}

/// As in the effective configuration, with the group that it is of.
impl fmt::Display for VirtualServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(self, f)
    }
}

fn write(thing: &impl Print, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut page = Page::new(f);
    thing.print(&mut page);
    page.end()
}

impl Print for Model {
    fn print(&self, page: &mut Page<'_>) {
        let Self {
            process,
            global,
            garp_groups,
            link_delays,
            scripts,
            track_files,
            track_processes,
            static_addresses,
            static_routes,
            static_rules,
            sync_groups,
            instances,
            virtual_servers,
        } = self;
        process.print(page);
        global.print(page);
        page.each(garp_groups);
        page.lines("interface_up_down_delays", link_delays);
        page.each(scripts);
        page.each(track_files);
        page.each(track_processes);
        page.lines("static_ipaddress", static_addresses);
        page.lines("static_routes", static_routes);
        page.lines("static_rules", static_rules);
        page.each(sync_groups);
        page.each(instances);
        http::print_ssl(self, page);
        for service in virtual_servers {
            service.print(page);
        }
    }
}
