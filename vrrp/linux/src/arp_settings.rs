//! How an interface speaks ARP.

use std::fmt;
use std::str::FromStr;

use crate::{Error, sysctl};

/// `arp_ignore` and `arp_announce` of one interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ArpSettings {
    ignore: u8,
    announce: u8,
}

impl ArpSettings {
    /// It answers for its own addresses only, and asks with its own only: addresses of its neighbour
    /// with another MAC on the same LAN are not its business.
    pub(crate) const OWN_ADDRESSES: Self = Self { ignore: 1, announce: 2 };

    /// Those of an interface; of one that is not there, those that it will appear with
    /// (inetdev_init).
    pub(crate) fn of(interface: &str) -> Result<Self, Error> {
        match sysctl::exists(&format!("ipv4/conf/{interface}")) {
            true => Self::read(interface),
            false => Self::read("default"),
        }
    }

    fn read(interface: &str) -> Result<Self, Error> {
        Ok(Self {
            ignore: sysctl::read(&format!("ipv4/conf/{interface}/arp_ignore"))?,
            announce: sysctl::read(&format!("ipv4/conf/{interface}/arp_announce"))?,
        })
    }

    pub(crate) fn write(self, interface: &str) -> Result<(), Error> {
        sysctl::write(&format!("ipv4/conf/{interface}/arp_ignore"), self.ignore)?;
        sysctl::write(&format!("ipv4/conf/{interface}/arp_announce"), self.announce)
    }
}

impl fmt::Display for ArpSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "arp_ignore={} arp_announce={}", self.ignore, self.announce)
    }
}

impl FromStr for ArpSettings {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (ignore, announce) = text.split_once(' ').ok_or(())?;
        let number = |text: &str, name| text.strip_prefix(name)?.parse().ok();
        let ignore = number(ignore, "arp_ignore=").ok_or(())?;
        let announce = number(announce, "arp_announce=").ok_or(())?;
        Ok(Self { ignore, announce })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_down_is_read_again() {
        let settings = ArpSettings { ignore: 0, announce: 255 };
        assert_eq!(settings.to_string().parse(), Ok(settings));
    }

    #[test]
    fn what_somebody_else_wrote_is_not_understood() {
        for text in ["", "uplink", "arp_ignore=0", "arp_ignore=256 arp_announce=0", "a=0 b=0"] {
            assert_eq!(text.parse::<ArpSettings>(), Err(()), "{text}");
        }
    }
}
