//! The options of tunnels.

use std::num::NonZeroU16;

use steadfast_ipvs::{Tunnel, TunnelChecksum};

use super::UsageError;
use super::options::Opt;

const CHECKSUMS: [(Opt, TunnelChecksum); 3] = [
    (Opt::TunnelNoChecksum, TunnelChecksum::None),
    (Opt::TunnelChecksum, TunnelChecksum::Computed),
    (Opt::TunnelRemoteChecksum, TunnelChecksum::Remote),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Kind {
    #[default]
    Ipip,
    Gue,
    Gre,
}

impl Kind {
    pub(super) fn from_name(name: &str) -> Option<Self> {
        match name {
            "ipip" => Some(Self::Ipip),
            "gue" => Some(Self::Gue),
            "gre" => Some(Self::Gre),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Ipip => "ipip",
            Self::Gue => "gue",
            Self::Gre => "gre",
        }
    }

    fn illegal(self) -> &'static [Opt] {
        match self {
            Self::Ipip => &[
                Opt::TunnelPort,
                Opt::TunnelNoChecksum,
                Opt::TunnelChecksum,
                Opt::TunnelRemoteChecksum,
            ],
            Self::Gue => &[],
            Self::Gre => &[Opt::TunnelPort, Opt::TunnelRemoteChecksum],
        }
    }
}

pub(super) fn is_option(option: Opt) -> bool {
    matches!(
        option,
        Opt::TunnelType
            | Opt::TunnelPort
            | Opt::TunnelNoChecksum
            | Opt::TunnelChecksum
            | Opt::TunnelRemoteChecksum
    )
}

/// The tunnel that these options describe.
pub(super) fn tunnel(
    kind: Kind,
    port: Option<NonZeroU16>,
    given: &[Opt],
) -> Result<Tunnel, UsageError> {
    if let Some(option) = kind.illegal().iter().find(|it| given.contains(it)) {
        return Err(UsageError::IllegalInTunnel { option: *option, kind: kind.name() });
    }
    let mut checksums = CHECKSUMS.into_iter().filter(|(option, _)| given.contains(option));
    let chosen = checksums.next();
    if let (Some((first, _)), Some((second, _))) = (chosen, checksums.next()) {
        return Err(UsageError::Conflict(first, second));
    }
    let checksum = chosen.map_or(TunnelChecksum::None, |(_, checksum)| checksum);
    match (kind, port) {
        (Kind::Ipip, _) => Ok(Tunnel::Ipip),
        (Kind::Gre, _) => Ok(Tunnel::Gre { checksum }),
        (Kind::Gue, Some(port)) => Ok(Tunnel::Gue { port, checksum }),
        (Kind::Gue, None) => Err(UsageError::TunnelPortMissing),
    }
}
