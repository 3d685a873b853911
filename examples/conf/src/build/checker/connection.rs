use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;
use std::time::Duration;

use crate::build::Context;
use crate::check::Entries;
use crate::model::{Connection, Origin};

use super::{Inherited, Server};

/// keepalived's own.
const TIMEOUT: Duration = Duration::from_secs(5);

/// What a checker, or a `host` of it, says of how to reach its server.
pub(super) fn build(
    entries: &Entries<'_>,
    server: Server,
    around: &Inherited<'_>,
    context: &mut Context<'_>,
) -> Connection {
    let address = entries.address("connect_ip").unwrap_or(server.address);
    let port = entries.integer("connect_port").unwrap_or(server.written_port);
    let timeout = entries.seconds("connect_timeout").or(around.connect_timeout);
    let origin = Origin {
        bind: bind(entries, address, context),
        interface: entries.text("bind_if"),
        mark: entries.integer("fwmark").and_then(NonZeroU32::new),
    };
    let from_anywhere = origin == Origin::default();
    Connection {
        address: (address != server.address).then_some(address),
        port: (port != server.port).then_some(port),
        origin: (!from_anywhere).then(|| Box::new(origin)),
        timeout: timeout.unwrap_or(TIMEOUT),
    }
}

fn bind(entries: &Entries<'_>, target: IpAddr, context: &mut Context<'_>) -> Option<SocketAddr> {
    let address = entries.address("bindto");
    let port = entries.integer::<u16>("bind_port");
    if address.is_none() && port.is_none() {
        return None;
    }
    let any: IpAddr =
        if target.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let bind = SocketAddr::new(address.unwrap_or(any), port.unwrap_or(0));
    if bind.is_ipv4() != target.is_ipv4()
        && let Some(bindto) = entries.get("bindto")
    {
        context
            .error(bindto.span(), format!("{} cannot reach {}", bind.ip(), target))
            .label("an address of the other family");
    }
    Some(bind)
}
