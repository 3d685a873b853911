//! What the kernel shows under `/proc`: connections and settings.

mod connection;
mod connection_table;
#[cfg(feature = "client")]
mod sysctl;

pub use connection::{Connection, ConnectionProtocol, ConnectionState, EngineData};
pub use connection_table::{ConnectionTable, ConnectionTableError};
#[cfg(feature = "client")]
pub use sysctl::{Defence, SyncThreshold, SysctlError, Sysctls};
