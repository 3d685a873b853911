//! Names of hosts and ports.

use std::net::{IpAddr, ToSocketAddrs};

use steadfast_ipvs::{Family, Protocol};

const SERVICES: &str = "/etc/services";

/// Turns names into numbers and back.
pub(crate) trait Names {
    fn port(&self, service: &str, protocol: Protocol) -> Option<u16>;
    fn service(&self, port: u16, protocol: Protocol) -> Option<String>;
    fn address(&self, host: &str, family: Family) -> Option<IpAddr>;
    fn host(&self, address: IpAddr) -> Option<String>;
}

/// The names of this machine: /etc/services and the system's resolver.
pub(crate) struct SystemNames {
    services: String,
}

impl SystemNames {
    /// Without /etc/services ports have no names, as with getservbyname(3).
    pub(crate) fn new() -> Self {
        Self { services: std::fs::read_to_string(SERVICES).unwrap_or_default() }
    }
}

impl Names for SystemNames {
    fn port(&self, service: &str, protocol: Protocol) -> Option<u16> {
        entries(&self.services)
            .find(|entry| entry.is(protocol) && entry.names().any(|name| name == service))
            .map(|entry| entry.port)
    }

    fn service(&self, port: u16, protocol: Protocol) -> Option<String> {
        entries(&self.services)
            .find(|entry| entry.is(protocol) && entry.port == port)
            .map(|entry| entry.name.to_owned())
    }

    fn address(&self, host: &str, family: Family) -> Option<IpAddr> {
        // An address with a scope would be found, and its scope be lost.
        if host.contains('%') {
            return None;
        }
        let mut found = (host, 0).to_socket_addrs().ok()?.map(|found| found.ip());
        found.find(|address| Family::of(*address) == family)
    }

    fn host(&self, address: IpAddr) -> Option<String> {
        dns_lookup::lookup_addr(&address).ok()
    }
}

/// A line of services(5): `NAME PORT/PROTOCOL ALIASES...`.
struct Entry<'a> {
    name: &'a str,
    port: u16,
    protocol: &'a str,
    aliases: &'a str,
}

impl<'a> Entry<'a> {
    fn is(&self, protocol: Protocol) -> bool {
        self.protocol == protocol.to_string()
    }

    fn names(&self) -> impl Iterator<Item = &'a str> {
        std::iter::once(self.name).chain(self.aliases.split_whitespace())
    }
}

fn entries(services: &str) -> impl Iterator<Item = Entry<'_>> {
    services.lines().filter_map(|line| {
        let line = line.split('#').next()?.trim();
        let (name, rest) = line.split_once(char::is_whitespace)?;
        let rest = rest.trim_start();
        let (number, aliases) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let (port, protocol) = number.split_once('/')?;
        Some(Entry { name, port: port.parse().ok()?, protocol, aliases })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> SystemNames {
        let services = "# local\n\
                        http\t\t80/tcp\t\twww  # WorldWideWeb\n\
                        domain 53/tcp\ndomain 53/udp\n\
                        broken\nbroken x/tcp\n\
                        http-alt 8080/tcp webcache";
        SystemNames { services: services.to_owned() }
    }

    #[test]
    fn a_port_is_found_by_name_and_alias_of_its_protocol() {
        assert_eq!(names().port("http", Protocol::Tcp), Some(80));
        assert_eq!(names().port("www", Protocol::Tcp), Some(80));
        assert_eq!(names().port("webcache", Protocol::Tcp), Some(8080));
        assert_eq!(names().port("http", Protocol::Udp), None);
        assert_eq!(names().port("domain", Protocol::Udp), Some(53));
        assert_eq!(names().port("broken", Protocol::Tcp), None);
    }

    #[test]
    fn a_port_has_the_first_name_of_its_protocol() {
        assert_eq!(names().service(80, Protocol::Tcp).as_deref(), Some("http"));
        assert_eq!(names().service(53, Protocol::Udp).as_deref(), Some("domain"));
        assert_eq!(names().service(80, Protocol::Sctp), None);
    }

    #[test]
    fn an_address_is_one_of_the_family_asked_for() {
        assert_eq!(names().address("127.0.0.1", Family::Ipv4), Some(IpAddr::from([127, 0, 0, 1])));
        assert_eq!(names().address("127.0.0.1", Family::Ipv6), None);
        assert_eq!(names().address("fe80::1%lo", Family::Ipv6), None);
    }
}
