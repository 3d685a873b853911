//! Addresses with ports.

use std::net::IpAddr;

use steadfast_ipvs::Protocol;

use crate::names::Names;

/// ipvsadm's buffer has 60 bytes, the last one a NUL.
const LONGEST: usize = 59;

/// Whether addresses and ports are shown by their names.
#[derive(Clone, Copy)]
pub(crate) enum Style<'a> {
    Numeric,
    Named(&'a dyn Names),
}

impl Style<'_> {
    /// `ADDRESS:PORT`, IPv6 in brackets. Only a port of a known protocol has a name.
    pub(super) fn endpoint(self, address: IpAddr, port: u16, protocol: Option<Protocol>) -> String {
        let (host, service) = match self {
            Self::Numeric => (None, None),
            Self::Named(names) => {
                (names.host(address), protocol.and_then(|protocol| names.service(port, protocol)))
            }
        };
        let host = host.unwrap_or_else(|| address.to_string());
        let service = service.unwrap_or_else(|| port.to_string());
        let text = match address {
            IpAddr::V4(_) => format!("{host}:{service}"),
            IpAddr::V6(_) => format!("[{host}]:{service}"),
        };
        text.chars().take(LONGEST).collect()
    }

    /// The same for a column of a listing, which cuts what is IPv4.
    pub(super) fn column(self, address: IpAddr, port: u16, protocol: Option<Protocol>) -> String {
        const WIDTH: usize = 28;
        let text = self.endpoint(address, port, protocol);
        match address {
            IpAddr::V4(_) => text.chars().take(WIDTH).collect(),
            IpAddr::V6(_) => text,
        }
    }
}
