//! What configurations mean, and what is said about wrong ones.

#![cfg(test)]

mod check_rules;
mod definitions;
mod files;
mod frontends;
mod garp;
mod generated;
mod global;
mod json;
mod language;
mod link_delays;
mod lvs;
mod practice;
mod printed;
mod probes;
mod process;
mod rendered;
mod robust;
mod routing;
mod services;
mod track_group;
mod tracking;
mod traps;
mod vrrp;
mod vrrp_transport;

use steadfast_conf::{Model, Severity, Style, parse};

/// The model of a text without errors. What is printed of it must mean the same.
fn model(text: &str) -> Model {
    let model = parsed("t.conf", text);
    let printed = model.to_string();
    assert_eq!(parsed("printed.conf", &printed), model, "\n{printed}");
    model
}

fn parsed(name: &str, text: &str) -> Model {
    let loaded = parse(name, text);
    loaded.model.clone().unwrap_or_else(|| panic!("{}", loaded.render(Style::Plain)))
}

/// What is said about a text: `error: …`, one line each.
fn said(text: &str) -> Vec<String> {
    let loaded = parse("t.conf", text);
    assert_eq!(loaded.model.is_none(), loaded.diagnostics.has_errors());
    let line = |diagnostic: &steadfast_conf::Diagnostic| {
        let severity = match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        format!("{severity}: {}", diagnostic.message)
    };
    loaded.diagnostics.iter().map(line).collect()
}

/// An instance that is right, with further lines.
fn instance(lines: &str) -> String {
    format!(
        "vrrp_instance A {{\ninterface eth0\nvirtual_router_id 5\n\
         virtual_ipaddress {{ 192.0.2.10/24 }}\n{lines}\n}}\n"
    )
}

/// A service that is right, with further lines.
fn service(lines: &str) -> String {
    format!(
        "virtual_server 192.0.2.10 80 {{\nlb_algo rr\nlb_kind DR\nprotocol TCP\n{lines}\n\
         real_server 192.0.2.21 80 {{\nTCP_CHECK {{ }}\n}}\n}}\n"
    )
}

/// A service with one server that is right, with further lines for that server.
fn server(lines: &str) -> String {
    format!(
        "virtual_server 192.0.2.10 80 {{\nlb_algo rr\nlb_kind NAT\nprotocol TCP\ndelay_loop 6\n\
         real_server 192.0.2.21 8080 {{\n{lines}\n}}\n}}\n"
    )
}
