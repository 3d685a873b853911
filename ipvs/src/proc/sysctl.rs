use std::fs;
use std::io;
use std::path::Path;

mod value;

use value::Value;
pub use value::{Defence, SyncThreshold};

use crate::netns;

const FOLDER: &str = "/proc/sys/net/ipv4/vs";

/// Why a setting could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SysctlError {
    /// The kernel has no IPVS, or its module is not loaded.
    #[error("there are no settings of IPVS: load its module with `modprobe ip_vs`")]
    NoIpvs,
    /// The kernel is older than the setting, or was built without it.
    #[error("this kernel has no net.ipv4.vs.{0}")]
    Unsupported(&'static str),
    /// A setting has a value that is not understood.
    #[error("net.ipv4.vs.{name} is {value:?}")]
    Value {
        /// Which.
        name: &'static str,
        /// Its value.
        value: String,
    },
    /// A setting cannot be read.
    #[error("cannot read net.ipv4.vs.{name}: {source}")]
    Read {
        /// Which.
        name: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// A setting cannot be written.
    #[error("cannot set net.ipv4.vs.{name} to {value}: {source}")]
    Write {
        /// Which.
        name: &'static str,
        /// To what.
        value: String,
        /// Why not.
        source: io::Error,
    },
    /// A network namespace cannot be entered.
    #[error(
        "cannot enter the network namespace {path}: {source}. Is it still there? `ip netns list` \
         shows those that have a name"
    )]
    Namespace {
        /// Its file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
}

macro_rules! sysctls {
    ($($(#[$documentation:meta])+ $name:ident: $kind:ty,)+) => {
        /// The settings `net.ipv4.vs.*` of a network namespace.
        ///
        /// Read, `None` is what this kernel does not have; written, what is to stay as it is.
        ///
        /// ```no_run
        /// use steadfast_ipvs::Sysctls;
        ///
        /// let wanted = Sysctls { expire_nodest_conn: Some(true), ..Sysctls::default() };
        /// wanted.write()?;
        /// # Ok::<(), steadfast_ipvs::SysctlError>(())
        /// ```
        #[derive(Debug, Clone, PartialEq, Eq, Default)]
        pub struct Sysctls {
            $($(#[$documentation])+ pub $name: Option<$kind>,)+
        }

        impl Sysctls {
            fn read_from(folder: &Path) -> Result<Self, SysctlError> {
                if !folder.exists() {
                    return Err(SysctlError::NoIpvs);
                }
                Ok(Self { $($name: read(folder, stringify!($name))?,)+ })
            }

            fn write_to(&self, folder: &Path) -> Result<(), SysctlError> {
                if !folder.exists() {
                    return Err(SysctlError::NoIpvs);
                }
                $(if let Some(value) = &self.$name {
                    write(folder, stringify!($name), value)?;
                })+
                Ok(())
            }
        }
    };
}

sysctls! {
    /// Give the firewall's connection tracking the connections too: needed to masquerade them.
    conntrack: bool,
    /// End a connection with its next packet when its server is no longer listed.
    expire_nodest_conn: bool,
    /// End persistence when its server has weight 0.
    expire_quiescent_template: bool,
    /// What a new connection with a port used before does: 1 schedules it anew.
    conn_reuse_mode: u32,
    /// Take over a TCP connection in its middle, which another director has begun.
    sloppy_tcp: bool,
    /// The same for SCTP.
    sloppy_sctp: bool,
    /// Do not balance while a sync daemon is a backup: keeps two directors that are each other's
    /// servers from sending packets in a circle.
    backup_only: bool,
    /// Schedule ICMP errors for connections that are not known.
    schedule_icmp: bool,
    /// Leave tunnelled packets to the tunnels of this machine.
    ignore_tunneled: bool,
    /// Tell clients when packets are too big for a tunnel.
    pmtu_disc: bool,
    /// Say "unreachable" when no server of a NAT service can be reached.
    nat_icmp_send: bool,
    /// Forward to the original destination when a transparent cache has no server.
    cache_bypass: bool,
    /// Route NAT's answers anew, by their new source.
    snat_reroute: bool,
    /// Forget connections at random.
    drop_entry: Defence,
    /// Drop packets, at the rate `am_droprate`.
    drop_packet: Defence,
    /// Shorter timeouts of TCP.
    secure_tcp: Defence,
    /// Drop every so many-th packet when `drop_packet` is on always.
    am_droprate: u32,
    /// Memory is short below this many pages.
    amemthresh: u32,
    /// Estimate rates; without it they stay 0. Since Linux 5.17.
    run_estimation: bool,
    /// On which processors rates are estimated; since Linux 6.2.
    est_cpulist: String,
    /// The niceness of doing so; since Linux 6.2.
    est_nice: i32,
    /// For how many seconds lblc keeps what it does not use; only while it is loaded.
    lblc_expiration: u32,
    /// The same for lblcr.
    lblcr_expiration: u32,
    /// The version of the messages between sync daemons.
    sync_version: u32,
    /// When the other director is told of a connection.
    sync_threshold: SyncThreshold,
    /// At least so many seconds between two messages of one state; 0 for by count only.
    sync_refresh_period: u32,
    /// How often such a message is repeated: up to 3.
    sync_retries: u32,
    /// How many threads, each with a port, a sync daemon has.
    sync_ports: u32,
    /// Tell of persistence, not of the connections under it.
    sync_persist_mode: bool,
    /// How much may wait to be sent, in pieces of memory.
    sync_qlen_max: u64,
    /// The socket buffers of sync daemons in bytes; 0 for the system's.
    sync_sock_size: u32,
    /// The load of the table of connections, as a power of two; since Linux 7.1.
    conn_lfactor: i32,
    /// The load of the table of services, as a power of two; since Linux 7.1.
    svc_lfactor: i32,
}

impl Sysctls {
    /// Reads the settings of the calling thread's network namespace.
    ///
    /// # Errors
    ///
    /// [`SysctlError`].
    pub fn read() -> Result<Self, SysctlError> {
        Self::read_from(Path::new(FOLDER))
    }

    /// Reads the settings of another network namespace.
    ///
    /// # Errors
    ///
    /// [`SysctlError`].
    pub fn read_in_netns(path: impl AsRef<Path>) -> Result<Self, SysctlError> {
        in_netns(path.as_ref(), Self::read)
    }

    /// Sets what is `Some` in the calling thread's network namespace, one after the other up to the
    /// first that cannot be set.
    ///
    /// # Errors
    ///
    /// [`SysctlError`].
    pub fn write(&self) -> Result<(), SysctlError> {
        self.write_to(Path::new(FOLDER))
    }

    /// The same in another network namespace.
    ///
    /// # Errors
    ///
    /// [`SysctlError`].
    pub fn write_in_netns(&self, path: impl AsRef<Path>) -> Result<(), SysctlError> {
        in_netns(path.as_ref(), || self.write())
    }
}

fn in_netns<T: Send>(
    path: &Path,
    action: impl FnOnce() -> Result<T, SysctlError> + Send,
) -> Result<T, SysctlError> {
    netns::inside(path, || Ok(action())).unwrap_or_else(|source| {
        Err(SysctlError::Namespace { path: path.display().to_string(), source })
    })
}

fn read<T: Value>(folder: &Path, name: &'static str) -> Result<Option<T>, SysctlError> {
    match fs::read_to_string(folder.join(name)) {
        Ok(text) => {
            let value = text.trim();
            let unknown = || SysctlError::Value { name, value: value.to_owned() };
            T::parse(value).map(Some).ok_or_else(unknown)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(SysctlError::Read { name, source }),
    }
}

fn write<T: Value>(folder: &Path, name: &'static str, value: &T) -> Result<(), SysctlError> {
    let path = folder.join(name);
    if !path.exists() {
        return Err(SysctlError::Unsupported(name));
    }
    let value = value.text();
    fs::write(path, &value).map_err(|source| SysctlError::Write { name, value, source })
}

#[cfg(test)]
mod tests;
