use std::path::PathBuf;
use std::time::Duration;

use super::{Fifos, LifecycleScript, Lvs, Mail, RealtimePriority, ScriptUser};

/// `global_defs { }`, as far as it is not already filled in elsewhere in the model.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Global {
    /// `router_id`: the name of this machine in messages. `None`: its host name.
    pub router_id: Option<String>,
    /// `script_user`: who runs scripts that name nobody. `None`: the user `keepalived_script` if it
    /// exists, otherwise the user who runs the program.
    pub script_user: Option<ScriptUser>,
    /// `enable_script_security`: a script run by root is refused if others than root could change it.
    pub enable_script_security: bool,
    /// `vrrp_garp_interval`: the least time between two gratuitous ARPs on one interface; zero for none.
    pub garp_interval: Duration,
    /// `vrrp_gna_interval`: the same for unsolicited neighbour advertisements.
    pub gna_interval: Duration,
    /// `vrrp_startup_delay`: how long after the start of the program VRRP starts.
    pub startup_delay: Duration,
    /// `vrrp_delay_after_boot`: how long after the start of the machine at least.
    pub delay_after_boot: Duration,
    /// `dynamic_interfaces`: whether an interface that is not there at the start is waited for in
    /// FAULT; otherwise it is an error. It may appear as one of any type: `allow_if_changes` adds
    /// nothing.
    pub dynamic_interfaces: bool,
    /// `vrrp_rt_priority`, or `max_auto_priority 0`: whether other programs may delay VRRP.
    pub scheduling: Scheduling,
    /// `vrrp_no_swap`: the memory of the program is never swapped out.
    pub lock_memory: bool,
    /// `vmac_addr_prefix`, or `vmac_prefix`: what the names of
    /// [interfaces made for addresses](super::VirtualInterface) begin with. `None`: `vrrp`.
    pub vmac_addr_prefix: Option<String>,
    /// `nftables` and `nftables_priority`: where packets to addresses that accept none are dropped.
    pub nftables: Nftables,
    /// `set_supplementary_groups`: scripts get the further groups of whoever runs them, even where no
    /// colon asks for it.
    pub supplementary_groups: bool,
    /// `startup_script`: run once before anything else starts.
    pub startup_script: Option<LifecycleScript>,
    /// `shutdown_script`: run once when everything else has ended.
    pub shutdown_script: Option<LifecycleScript>,
    /// Who is told of changes by mail, and how.
    pub mail: Mail,
    /// The FIFOs that changes are written to.
    pub fifos: Fifos,
    /// `rs_init_notifies`: real servers that count as up from the start run `notify_up` then.
    pub rs_init_notifies: bool,
    /// `lvs_…`: what holds for the kernel's load balancer as a whole.
    pub lvs: Lvs,
    /// Where the program writes how things stand when it is asked to.
    pub dumps: Dumps,
    /// `reload_time_file`: where it stands when the configuration is to be read again.
    pub reload_time: Option<ReloadTimeFile>,
}

/// A file with a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReloadTimeFile {
    /// Where it is.
    pub path: PathBuf,
    /// `reload_repeat`: it stays when that time has come, and one without a date comes every day.
    pub repeat: bool,
}

/// How the kernel schedules the thread that advertises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheduling {
    /// As any program: one of many that want to run.
    Ordinary,
    /// Before all programs that have no real-time priority, or a lower one.
    Realtime(RealtimePriority),
}

/// An advertisement that is late costs a failover, and VRRP takes next to no time.
impl Default for Scheduling {
    fn default() -> Self {
        Self::Realtime(RealtimePriority::LEAST)
    }
}

/// Files that a signal has written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dumps {
    /// `state_dump_file`: how everything stands.
    pub state: PathBuf,
    /// `json_dump_file`: the same for programs.
    pub json: PathBuf,
    /// `stats_dump_file`: what was counted.
    pub statistics: PathBuf,
    /// `data_use_instance`: the first is named after which of several programs it is, too.
    pub use_instance: bool,
}

/// What keepalived has.
impl Default for Dumps {
    fn default() -> Self {
        Self {
            state: "/tmp/keepalived.data".into(),
            json: "/tmp/keepalived.json".into(),
            statistics: "/tmp/keepalived.stats".into(),
            use_instance: false,
        }
    }
}

/// `garp_group { }`: interfaces on which announcements follow each other as if they were one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GarpGroup {
    /// `interface` and `interfaces`: their names; at least one.
    pub interfaces: Vec<String>,
    /// `garp_interval`: the least time between two gratuitous ARPs; zero for none.
    pub garp_interval: Duration,
    /// `gna_interval`: the same for unsolicited neighbour advertisements.
    pub gna_interval: Duration,
}

/// A table of nf_tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nftables {
    /// Its name.
    pub table: String,
    /// The priority of its chain at the input hook.
    pub priority: i32,
}

/// What keepalived has.
impl Default for Nftables {
    fn default() -> Self {
        Self { table: "keepalived".to_owned(), priority: -1 }
    }
}
