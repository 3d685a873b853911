/// What holds for a process from its start to its end, whatever it reads later.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Process {
    /// `net_namespace`: the network namespace in which everything is, one of `ip netns`. It can be part
    /// of the name of a file. `None`: where the process was started.
    pub net_namespace: Option<String>,
    /// `net_namespace_ipvs`: the one that virtual servers are in. `None`: the same as everything else.
    pub net_namespace_ipvs: Option<IpvsNamespace>,
    /// `instance`: which of several on one machine it is, in the names of its files. It can be part of
    /// one.
    pub instance: Option<String>,
    /// `use_pid_dir`: its files are in a folder of their own.
    pub use_pid_dir: bool,
}

impl Process {
    pub(crate) const KEYWORDS: [&str; 4] =
        ["net_namespace", "net_namespace_ipvs", "instance", "use_pid_dir"];
}

/// A network namespace of virtual servers alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IpvsNamespace {
    /// That of the first process of the machine.
    Initial,
    /// One of `ip netns`. Its name can be part of the name of a file.
    Named(String),
}
