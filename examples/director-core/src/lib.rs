//! The pure half of the director: what the kernel should hold, decided without I/O.

pub mod backlog;
pub mod herald;
pub mod names;
pub mod notify;
pub mod outbox;
pub mod plan;
pub mod pool;
pub mod process;
pub mod reload_time;
pub mod respawn;
pub mod routing;
pub mod said;
pub mod script;
pub mod services;
pub mod standing;
pub mod status;
pub mod sync;
pub mod table;
pub mod tracking;
pub mod vrrp;
