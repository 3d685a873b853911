//! The pure half of the director: what the kernel should hold, decided without I/O.

pub mod instances;
pub mod pool;
pub mod script;
pub mod services;
pub mod table;
pub mod tracking;
pub mod vrrp;
