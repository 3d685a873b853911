use std::fmt;
use std::num::NonZeroU16;

/// How packets reach a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ForwardMethod {
    /// Network address translation: answers come back through the director.
    Masquerade,
    /// Delivered on this machine.
    LocalNode,
    /// In a tunnel.
    Tunnel(Tunnel),
    /// To the server's link-layer address: answers go straight to the client.
    DirectRoute,
    /// To where the packet was going anyway.
    Bypass,
    /// One that was read from the kernel and that this crate does not know.
    Unknown(UnknownForward),
}

impl fmt::Display for ForwardMethod {
    /// As `ipvsadm` calls it, with the kind of a tunnel.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Masquerade => f.write_str("Masq"),
            Self::LocalNode => f.write_str("Local"),
            Self::Tunnel(tunnel) => write!(f, "Tunnel {tunnel}"),
            Self::DirectRoute => f.write_str("Route"),
            Self::Bypass => f.write_str("Bypass"),
            Self::Unknown(UnknownForward { method, tunnel, .. }) => {
                write!(f, "method {method} tunnel {tunnel}")
            }
        }
    }
}

/// A way of forwarding outside the kernel's documentation: the kernel takes any number and lists it.
/// Only reading makes one, so that it can be seen, replaced and removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UnknownForward {
    pub(crate) method: u32,
    pub(crate) tunnel: u8,
    pub(crate) port: u16,
    pub(crate) flags: u16,
}

impl UnknownForward {
    /// `IP_VS_CONN_F_TUNNEL` of `linux/ip_vs.h`.
    pub(crate) const TUNNEL: u32 = 2;

    /// Whether it is a tunnel, of a kind or with flags that this crate does not know.
    pub const fn is_tunnel(&self) -> bool {
        self.method == Self::TUNNEL
    }
}

/// The kind of a tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tunnel {
    /// IP in IP.
    Ipip,
    /// Generic UDP encapsulation; since Linux 5.2.
    Gue {
        /// The UDP port that the server listens on.
        port: NonZeroU16,
        /// The checksum of the outer header.
        checksum: TunnelChecksum,
    },
    /// Generic routing encapsulation; since Linux 5.3.
    Gre {
        /// The checksum of the outer header.
        checksum: TunnelChecksum,
    },
}

impl fmt::Display for Tunnel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ipip => f.write_str("ipip"),
            Self::Gue { port, checksum } => write!(f, "gue:{port} {checksum}"),
            Self::Gre { checksum } => write!(f, "gre {checksum}"),
        }
    }
}

/// `IP_VS_TUNNEL_ENCAP_FLAG_*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum TunnelChecksum {
    /// None.
    #[default]
    None,
    /// Computed by the director.
    Computed,
    /// Offloaded to the receiver.
    Remote,
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
