//! The model and plans as JSON and the like: numbers in full, every attribute always there.

use serde::Serialize;
use serde::ser::{SerializeMap, SerializeStruct, Serializer};

use crate::model::{
    Destination, DestinationKey, Family, ForwardMethod, Netmask, Persistence, Scheduler, Service,
    ServiceFlags, ServiceKey, Tunnel, TunnelChecksum,
};
use crate::plan::{Change, Plan};

impl Serialize for ServiceKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Address { protocol, address, port } => {
                let mut key = serializer.serialize_struct("ServiceKey", 3)?;
                key.serialize_field("protocol", &protocol.to_string())?;
                key.serialize_field("address", address)?;
                key.serialize_field("port", port)?;
                key.end()
            }
            Self::FirewallMark { mark, family } => {
                let mut key = serializer.serialize_struct("ServiceKey", 2)?;
                key.serialize_field("fwmark", mark)?;
                key.serialize_field("family", family_name(*family))?;
                key.end()
            }
        }
    }
}

const fn family_name(family: Family) -> &'static str {
    match family {
        Family::Ipv4 => "ipv4",
        Family::Ipv6 => "ipv6",
    }
}

impl Serialize for Scheduler {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl Serialize for ServiceFlags {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.names())
    }
}

impl Serialize for Persistence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut persistence = serializer.serialize_struct("Persistence", 2)?;
        persistence.serialize_field("timeout", &self.timeout().as_secs())?;
        match self.netmask() {
            Netmask::V4(mask) => persistence.serialize_field("netmask", &mask)?,
            Netmask::V6(prefix) => persistence.serialize_field("netmask", &prefix)?,
        }
        persistence.end()
    }
}

impl Serialize for Service {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut service = serializer.serialize_struct("Service", 4)?;
        service.serialize_field("scheduler", &self.scheduler)?;
        service.serialize_field("flags", &self.flags)?;
        service.serialize_field("persistence", &self.persistence)?;
        service.serialize_field("engine", &self.engine.map(|engine| engine.to_string()))?;
        service.end()
    }
}

impl Serialize for DestinationKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut key = serializer.serialize_struct("DestinationKey", 2)?;
        key.serialize_field("address", &self.address)?;
        key.serialize_field("port", &self.port)?;
        key.end()
    }
}

impl Serialize for Destination {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut destination = serializer.serialize_struct("Destination", 5)?;
        destination.serialize_field("forward", &forward_name(self.forward))?;
        destination.serialize_field("tunnel", &tunnel(self.forward))?;
        destination.serialize_field("weight", &self.weight.get())?;
        destination.serialize_field("upper_threshold", &self.thresholds.upper())?;
        destination.serialize_field("lower_threshold", &self.thresholds.lower())?;
        destination.end()
    }
}

fn forward_name(method: ForwardMethod) -> String {
    match method {
        ForwardMethod::Masquerade => "masquerade".to_owned(),
        ForwardMethod::LocalNode => "local".to_owned(),
        ForwardMethod::Tunnel(_) => "tunnel".to_owned(),
        ForwardMethod::DirectRoute => "route".to_owned(),
        ForwardMethod::Bypass => "bypass".to_owned(),
        ForwardMethod::Unknown(_) => method.to_string(),
    }
}

fn tunnel(method: ForwardMethod) -> Option<TunnelFields> {
    let ForwardMethod::Tunnel(tunnel) = method else { return None };
    Some(match tunnel {
        Tunnel::Ipip => TunnelFields { r#type: "ipip", port: None, checksum: None },
        Tunnel::Gue { port, checksum } => TunnelFields {
            r#type: "gue",
            port: Some(port.get()),
            checksum: Some(checksum_name(checksum)),
        },
        Tunnel::Gre { checksum } => {
            TunnelFields { r#type: "gre", port: None, checksum: Some(checksum_name(checksum)) }
        }
    })
}

#[derive(Serialize)]
struct TunnelFields {
    r#type: &'static str,
    port: Option<u16>,
    checksum: Option<&'static str>,
}

const fn checksum_name(checksum: TunnelChecksum) -> &'static str {
    match checksum {
        TunnelChecksum::None => "none",
        TunnelChecksum::Computed => "computed",
        TunnelChecksum::Remote => "remote",
    }
}

impl Serialize for Plan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.changes())
    }
}

impl Serialize for Change {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut change = serializer.serialize_map(None)?;
        let action = match self {
            Self::AddService(..) => "add_service",
            Self::EditService(..) => "edit_service",
            Self::AddDestination(..) => "add_destination",
            Self::EditDestination(..) => "edit_destination",
            Self::DeleteDestination(..) => "delete_destination",
            Self::DeleteService(_) => "delete_service",
        };
        change.serialize_entry("action", action)?;
        change.serialize_entry("service", self.service())?;
        match self {
            Self::AddService(_, new) | Self::EditService(_, new) => {
                change.serialize_entry("to", new)?;
            }
            Self::AddDestination(_, server, new) | Self::EditDestination(_, server, new) => {
                change.serialize_entry("destination", server)?;
                change.serialize_entry("to", new)?;
            }
            Self::DeleteDestination(_, server) => change.serialize_entry("destination", server)?,
            Self::DeleteService(_) => {}
        }
        change.end()
    }
}

#[cfg(test)]
mod tests;
