//! What a configuration means: typed, validated, with every default filled in.
//!
//! Nothing in here can be "unset, see elsewhere": inheritance (checker from real server from virtual
//! server, instance from `global_defs`) has already happened.

mod checker;
mod encapsulation;
mod frontend;
mod global;
mod lvs;
mod notify;
mod place;
mod process;
mod routing;
mod script;
mod tracking;
mod values;
mod virtual_server;
mod vrrp;

use std::sync::Arc;

pub(crate) use checker::server_name;
pub use checker::{
    CheckRules, Checker, Connection, DnsCheck, FileCheck, HttpCheck, HttpRegex, HttpUrl,
    HttpVersion, MiscCheck, Origin, Probe, SmtpCheck, Ssl, UdpCheck, UdpReply,
};
pub use encapsulation::{Encapsulation, MplsLabel, OuterHeader};
pub use frontend::{AddressRange, FirewallMark, Frontend, GroupMember};
pub use global::{Dumps, GarpGroup, Global, Nftables, ReloadTimeFile, Scheduling};
pub use lvs::{Lvs, LvsSyncDaemon, LvsTimeouts};
pub use notify::{
    Fifo, Fifos, GroupNotify, InstanceNotify, LifecycleScript, Mail, OnDeletion, SmtpServer,
};
pub use place::Place;
pub use process::{IpvsNamespace, Process};
pub use routing::{
    HopWeight, Metric, MetricValue, NextHop, Prefix, Route, RouteKind, Rule, RuleAction,
};
pub use script::{Script, ScriptUser, VrrpScript};
pub use tracking::{
    InitFile, LinkDelays, ParameterMatch, SyncGroup, Track, TrackFile, TrackProcess, Tracking,
};
pub use values::{Family, OutOfRange, Priority, RealtimePriority, TrackWeight, Vrid, VrrpVersion};
pub use virtual_server::{
    Forward, Persistence, PersistenceEngine, PersistenceMask, Protocol, RealServer, Scheduler,
    ServiceFlags, SorryServer, Tunnel, TunnelChecksum, VirtualServer,
};
pub use vrrp::{
    AuthPass, Authentication, Destination, ExtraGarp, Garp, InitialState, UnicastPeer,
    VirtualAddress, VirtualInterface, VirtualMac, VrrpInstance,
};

/// A whole configuration, ready to be acted upon.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Model {
    /// What holds for the process as long as it lives.
    pub process: Process,
    /// What holds for the whole program.
    pub global: Global,
    /// The `garp_group`s. No interface is in two.
    pub garp_groups: Vec<GarpGroup>,
    /// `interface_up_down_delays`. No interface is in two.
    pub link_delays: Vec<LinkDelays>,
    /// The tracked scripts that at least one instance refers to, in the order of the file.
    pub scripts: Vec<VrrpScript>,
    /// The tracked files, in the order of the file.
    pub track_files: Vec<TrackFile>,
    /// The tracked processes, in the order of the file.
    pub track_processes: Vec<TrackProcess>,
    /// `static_ipaddress`: addresses that are there whatever becomes of the instances. Each names its
    /// interface.
    pub static_addresses: Vec<VirtualAddress>,
    /// `static_routes`.
    pub static_routes: Vec<Route>,
    /// `static_rules`.
    pub static_rules: Vec<Rule>,
    /// The groups of instances, in the order of the file.
    pub sync_groups: Vec<SyncGroup>,
    /// The VRRP instances, in the order of the file.
    pub instances: Vec<VrrpInstance>,
    /// The load-balanced services, in the order of the file.
    pub virtual_servers: Vec<Arc<VirtualServer>>,
}

impl Model {
    /// The tracked script of that name.
    #[must_use]
    pub fn script(&self, name: &str) -> Option<&VrrpScript> {
        self.scripts.iter().find(|script| script.name == name)
    }

    /// Whether there is nothing to run: no instance, no service, and nothing static.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let Self { static_addresses, static_routes, static_rules, .. } = self;
        let Self { instances, virtual_servers, .. } = self;
        instances.is_empty()
            && virtual_servers.is_empty()
            && static_addresses.is_empty()
            && static_routes.is_empty()
            && static_rules.is_empty()
    }

    /// Every script that may be run, in no particular order.
    pub fn all_scripts(&self) -> impl Iterator<Item = &Script> {
        let Global { startup_script, shutdown_script, fifos, .. } = &self.global;
        let tracked = self.scripts.iter().map(|script| &script.script);
        let lifecycle = [startup_script, shutdown_script].into_iter().flatten();
        let fifos = [&fifos.all, &fifos.vrrp, &fifos.lvs].into_iter().flatten();
        let services = self.virtual_servers.iter().flat_map(|service| service.scripts());
        tracked
            .chain(lifecycle.map(|lifecycle| &lifecycle.script))
            .chain(fifos.filter_map(|fifo| fifo.reader.as_ref()))
            .chain(self.instances.iter().flat_map(|instance| instance.notify.scripts()))
            .chain(self.sync_groups.iter().flat_map(|group| group.notify.scripts()))
            .chain(services)
    }

    /// Takes out the scripts that are not to be run, and with a tracked one everything that tracks it:
    /// as keepalived does with those that it calls insecure.
    pub fn retain_scripts(&mut self, keep: impl Fn(&Script) -> bool) {
        self.scripts.retain(|tracked| keep(&tracked.script));
        let scripts = &self.scripts;
        let known = |name: &str| scripts.iter().any(|script| script.name == name);
        let instances = self.instances.iter_mut().map(|instance| &mut instance.tracking);
        let groups = self.sync_groups.iter_mut().map(|group| &mut group.tracking);
        for tracking in instances.chain(groups) {
            tracking.scripts.retain(|track| known(&track.name));
        }
        let Global { startup_script, shutdown_script, fifos, .. } = &mut self.global;
        for lifecycle in [startup_script, shutdown_script] {
            if lifecycle.as_ref().is_some_and(|lifecycle| !keep(&lifecycle.script)) {
                *lifecycle = None;
            }
        }
        for service in &mut self.virtual_servers {
            // What is kept as it is stays shared.
            if !service.scripts().all(&keep) {
                Arc::make_mut(service).retain_scripts(&keep);
            }
        }
        let Fifos { all, vrrp, lvs, .. } = fifos;
        let readers = [all, vrrp, lvs].into_iter().flatten().map(|fifo| &mut fifo.reader);
        let instances = self.instances.iter_mut();
        let notify = instances.flat_map(|instance| instance.notify.scripts_mut());
        let groups = self.sync_groups.iter_mut();
        let notify = notify.chain(groups.flat_map(|group| group.notify.scripts_mut()));
        for script in readers.chain(notify) {
            if script.as_ref().is_some_and(|script| !keep(script)) {
                *script = None;
            }
        }
    }
}
