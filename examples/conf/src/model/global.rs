use std::time::Duration;

use super::ScriptUser;

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
}
