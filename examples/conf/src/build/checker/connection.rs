use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;
use std::time::Duration;

use crate::build::Context;
use crate::check::Entries;
use crate::model::{Connection, Origin};

use super::Inherited;

/// keepalived's own.
const TIMEOUT: Duration = Duration::from_secs(5);

/// What a checker, or a `host` of it, says of how to reach the server at `address`.
pub(super) fn build(
    entries: &Entries<'_>,
    address: SocketAddr,
    around: &Inherited<'_>,
    context: &mut Context<'_>,
) -> Connection {
    let target = SocketAddr::new(
        entries.address("connect_ip").unwrap_or(address.ip()),
        entries.integer("connect_port").unwrap_or(address.port()),
    );
    let timeout = entries.seconds("connect_timeout").or(around.connect_timeout);
    let origin = Origin {
        bind: bind(entries, target, context),
        interface: entries.text("bind_if"),
        mark: entries.integer("fwmark").and_then(NonZeroU32::new),
    };
    let from_anywhere = origin == Origin::default();
    Connection {
        target,
        origin: (!from_anywhere).then(|| Box::new(origin)),
        timeout: timeout.unwrap_or(TIMEOUT),
    }
}

fn bind(
    entries: &Entries<'_>,
    target: SocketAddr,
    context: &mut Context<'_>,
) -> Option<SocketAddr> {
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
            .error(bindto.span(), format!("{} cannot reach {}", bind.ip(), target.ip()))
            .label("an address of the other family");
    }
    Some(bind)
}
