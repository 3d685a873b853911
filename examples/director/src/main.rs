//! A keepalived-style director that runs keepalived.conf.
fn main() {}
