//! The table as rules, as `-S` shows it and `-R` reads it.

use steadfast_ipvs::{
    Destination, ForwardMethod, Protocol, Service, ServiceKey, ServiceStatus, Tunnel,
    TunnelChecksum,
};

use super::Style;
use super::listing::{NO_WORD, flags, partial, signed};

pub(crate) fn save(services: &[ServiceStatus], style: Style<'_>) -> String {
    let mut text = String::new();
    for ServiceStatus { key, service, destinations, .. } in services {
        let name = name(key, style);
        text += &format!("-A {name} -s {}{}\n", service.scheduler, settings(service));
        for (server, status) in destinations {
            let server = style.endpoint(server.address, server.port, super::protocol(key));
            let (weight, forward) = (status.destination.weight, forward(&status.destination));
            let tunnel = tunnel(&status.destination);
            text += &format!("-a {name} -r {server} {forward} -w {weight}{tunnel}\n");
        }
    }
    text
}

fn name(key: &ServiceKey, style: Style<'_>) -> String {
    match key {
        ServiceKey::Address { protocol, address, port } => {
            let option = match protocol {
                Protocol::Tcp => "-t",
                Protocol::Udp => "-u",
                Protocol::Sctp => "--sctp-service",
            };
            format!("{option} {}", style.endpoint(*address, *port, Some(*protocol)))
        }
        ServiceKey::FirewallMark { mark, family } => {
            format!("-f {}{}", signed(mark.get()), super::ipv6(*family, " -6"))
        }
    }
}

fn settings(service: &Service) -> String {
    let mut text = String::new();
    if let Some(persistence) = &service.persistence {
        text += &format!(" -p {}", persistence.timeout().as_secs());
        if let Some(netmask) = partial(persistence.netmask()) {
            text += &format!(" -M {netmask}");
        }
    }
    if let Some(engine) = service.engine {
        text += &format!(" --pe {engine}");
    }
    if service.flags.one_packet {
        text += " -o";
    }
    if let Some(flags) = flags(service) {
        text += &format!(" -b {flags}");
    }
    text
}

fn forward(destination: &Destination) -> &'static str {
    match destination.forward {
        ForwardMethod::Masquerade => "-m",
        ForwardMethod::LocalNode | ForwardMethod::DirectRoute => "-g",
        ForwardMethod::Tunnel(_) => "-i",
        ForwardMethod::Unknown(method) if method.is_tunnel() => "-i",
        ForwardMethod::Bypass | ForwardMethod::Unknown(_) => NO_WORD,
    }
}

fn tunnel(destination: &Destination) -> String {
    let option = |checksum| match checksum {
        TunnelChecksum::None => "--tun-nocsum",
        TunnelChecksum::Computed => "--tun-csum",
        TunnelChecksum::Remote => "--tun-remcsum",
    };
    match destination.forward {
        ForwardMethod::Tunnel(Tunnel::Ipip) => " --tun-type ipip".to_owned(),
        ForwardMethod::Tunnel(Tunnel::Gue { port, checksum }) => {
            format!(" --tun-type gue --tun-port {port} {}", option(checksum))
        }
        ForwardMethod::Tunnel(Tunnel::Gre { checksum }) => {
            format!(" --tun-type gre {}", option(checksum))
        }
        _ => String::new(),
    }
}
