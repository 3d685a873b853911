//! Connections, as `-L -c` shows them.

use std::net::SocketAddr;

use steadfast_ipvs::Connection;

use super::Style;

/// The first two lines; with what persistence engines know or without.
pub(crate) fn connections_title(engine: bool) -> &'static str {
    match engine {
        false => {
            "IPVS connection entries\n\
             pro expire state       source             virtual            destination\n"
        }
        true => {
            "IPVS connection entries\n\
             pro expire state       source             virtual            destination        \
             pe name          pe_data\n"
        }
    }
}

pub(crate) fn connection(connection: &Connection, engine: bool, style: Style<'_>) -> String {
    let protocol = connection.protocol.protocol();
    let endpoint = |at: SocketAddr| style.endpoint(at.ip(), at.port(), protocol);
    let (client, virtual_address, server) = (
        endpoint(connection.client),
        endpoint(connection.virtual_address),
        endpoint(connection.server),
    );
    let (name, state) = (connection.protocol.name(), connection.state.name());
    let seconds = connection.expires.as_secs();
    let expires = format!("{:02}:{:02}", seconds / 60, seconds % 60);
    let text = format!("{name:<3} {expires:<6} {state:<11} {client:<18} {virtual_address:<18}");
    match &connection.engine {
        Some(known) if engine => {
            let data = String::from_utf8_lossy(&known.data);
            // Only up to a blank, as scanf(3) reads it.
            let data = data.split_ascii_whitespace().next().unwrap_or_default();
            format!("{text} {server:<16} {:<18} {data}\n", known.engine.name())
        }
        _ => format!("{text} {server}\n"),
    }
}
