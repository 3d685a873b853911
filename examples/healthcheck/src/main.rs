//! Run one health check from the command line.
fn main() {}
