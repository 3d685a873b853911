//! Which sync daemons the kernel should run.

use steadfast_conf::model::LvsSyncDaemon;
use steadfast_ipvs::{
    Interface, InvalidInterface, MulticastGroup, NotMulticast, SyncDaemon, SyncRole,
};

use crate::notify::InstanceState;

/// Why a sync daemon cannot be run.
#[derive(Debug, thiserror::Error)]
#[error("lvs_sync_daemon: {0}")]
pub enum SyncError {
    /// The interface.
    Interface(#[from] InvalidInterface),
    /// `group`.
    Group(#[from] NotMulticast),
}

/// The daemons of a configuration, while the instance that it names is in that state: one that tells
/// connections while it is MASTER, else one that listens; both if it names none.
///
/// # Errors
///
/// When the kernel's model has a rule that the configuration's own checks do not have.
pub fn daemons(
    config: &LvsSyncDaemon,
    state: Option<InstanceState>,
) -> Result<Vec<SyncDaemon>, SyncError> {
    let roles: &[SyncRole] = match (&config.instance, state) {
        (None, _) => &[SyncRole::Master, SyncRole::Backup],
        (Some(_), Some(InstanceState::Master)) => &[SyncRole::Master],
        (Some(_), _) => &[SyncRole::Backup],
    };
    let interface: Interface = config.interface.parse()?;
    let group = config.group.map(MulticastGroup::new).transpose()?;
    let daemon = |&role: &SyncRole| SyncDaemon {
        sync_id: config.id,
        max_length: config.max_length,
        port: config.port,
        ttl: config.ttl,
        group,
        ..SyncDaemon::new(role, interface)
    };
    Ok(roles.iter().map(daemon).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roles(instance: Option<&str>, state: Option<InstanceState>) -> Vec<SyncRole> {
        let config = LvsSyncDaemon {
            interface: "eth1".to_owned(),
            instance: instance.map(str::to_owned),
            id: 7,
            max_length: None,
            port: None,
            ttl: None,
            group: None,
        };
        let daemons = daemons(&config, state).unwrap();
        assert!(daemons.iter().all(|daemon| daemon.sync_id == 7));
        daemons.iter().map(|daemon| daemon.role).collect()
    }

    #[test]
    fn connections_are_told_while_the_instance_is_master() {
        assert_eq!(roles(Some("A"), Some(InstanceState::Master)), [SyncRole::Master]);
        assert_eq!(roles(Some("A"), Some(InstanceState::Fault)), [SyncRole::Backup]);
        assert_eq!(roles(Some("A"), None), [SyncRole::Backup]);
    }

    #[test]
    fn without_an_instance_both_daemons_run() {
        assert_eq!(roles(None, None), [SyncRole::Master, SyncRole::Backup]);
    }
}
