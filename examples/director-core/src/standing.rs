//! What a daemon keeps from its start to its end, whatever its configuration says later.

use std::path::{Path, PathBuf};

use steadfast_conf::model::{Dumps, Process};

/// keepalived's own folder, for those that are not alone.
const FOLDER: &str = "/run/keepalived";

/// Which process a daemon is, one file for each part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PidFiles {
    /// The daemon as a whole; its control socket is beside it.
    pub main: PathBuf,
    /// What speaks VRRP.
    pub vrrp: PathBuf,
    /// What checks real servers.
    pub checkers: PathBuf,
}

impl PidFiles {
    /// Where keepalived has them.
    pub fn of(process: &Process) -> Self {
        let Some(folder) = folder(process) else {
            return Self {
                main: "/run/keepalived.pid".into(),
                vrrp: "/run/keepalived_vrrp.pid".into(),
                checkers: "/run/keepalived_checkers.pid".into(),
            };
        };
        let instance = process.instance.as_ref();
        let instance = instance.map(|name| format!("_{name}")).unwrap_or_default();
        let file = |part: &str| folder.join(format!("{part}{instance}.pid"));
        Self { main: file("keepalived"), vrrp: file("vrrp"), checkers: file("checkers") }
    }
}

/// What tells a daemon from the others of its machine, where it says who it is.
pub fn own_name(process: &Process) -> Option<String> {
    let Process { net_namespace, instance, .. } = process;
    let names: Vec<_> = [net_namespace, instance].into_iter().flatten().cloned().collect();
    (!names.is_empty()).then(|| names.join("_"))
}

/// The file that says how everything stands: `/tmp/keepalived.NAME.data` if it is to be named after
/// the daemon, as keepalived does with this one alone.
pub fn state_file(dumps: &Dumps, process: &Process) -> PathBuf {
    let name = own_name(process).filter(|_| dumps.use_instance);
    let Some(name) = name else { return dumps.state.clone() };
    let mut file = dumps.state.file_stem().unwrap_or_default().to_owned();
    file.push(".");
    file.push(name);
    if let Some(extension) = dumps.state.extension() {
        file.push(".");
        file.push(extension);
    }
    dumps.state.with_file_name(file)
}

/// The folder of their own that the files of a daemon are in, if they are in one.
pub fn folder(process: &Process) -> Option<PathBuf> {
    let Process { net_namespace, net_namespace_ipvs: _, instance, use_pid_dir } = process;
    match net_namespace {
        Some(name) => Some(Path::new(FOLDER).join(name)),
        None => (instance.is_some() || *use_pid_dir).then(|| FOLDER.into()),
    }
}

/// The keyword by which a later configuration would have a daemon be another one, if it does. Where
/// files are is not asked again.
pub fn change(settled: &Process, later: &Process) -> Option<&'static str> {
    let Process { net_namespace, net_namespace_ipvs, instance, use_pid_dir: _ } = settled;
    let changes = [
        ("net_namespace", *net_namespace != later.net_namespace),
        ("net_namespace_ipvs", *net_namespace_ipvs != later.net_namespace_ipvs),
        ("instance", *instance != later.instance),
    ];
    changes.into_iter().find_map(|(keyword, changes)| changes.then_some(keyword))
}

#[cfg(test)]
mod tests;
