//! What a configuration means: typed, validated, with every default filled in.
//!
//! Nothing in here can be "unset, see elsewhere": inheritance (checker from real server from virtual
//! server, instance from `global_defs`) has already happened.

mod checker;
mod global;
mod script;
mod values;
mod virtual_server;
mod vrrp;

pub use checker::{Checker, HttpCheck, HttpUrl, HttpVersion, Probe};
pub use global::Global;
pub use script::{Script, ScriptUser, VrrpScript};
pub use values::{OutOfRange, Priority, TrackWeight, Vrid, VrrpVersion};
pub use virtual_server::{
    Forward, Persistence, PersistenceMask, Protocol, RealServer, Scheduler, ServiceFlags,
    SorryServer, Tunnel, TunnelChecksum, VirtualServer,
};
pub use vrrp::{
    AuthPass, Garp, InitialState, InstanceNotify, TrackScript, VirtualAddress, VrrpInstance,
};

/// A whole configuration, ready to be acted upon.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Model {
    /// What holds for the whole program.
    pub global: Global,
    /// The tracked scripts that at least one instance refers to, in the order of the file.
    pub scripts: Vec<VrrpScript>,
    /// The VRRP instances, in the order of the file.
    pub instances: Vec<VrrpInstance>,
    /// The load-balanced services, in the order of the file.
    pub virtual_servers: Vec<VirtualServer>,
}

impl Model {
    /// The tracked script of that name.
    #[must_use]
    pub fn script(&self, name: &str) -> Option<&VrrpScript> {
        self.scripts.iter().find(|script| script.name == name)
    }
}
