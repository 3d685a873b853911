//! A keepalived-style director that runs keepalived.conf.
mod arguments;
mod script;
fn main() {}
