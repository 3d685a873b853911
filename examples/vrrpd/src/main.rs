//! The smallest honest VRRP daemon.
fn main() {}
