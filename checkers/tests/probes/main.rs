//! Every probe against servers and programs of our own, well and ill behaved.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]

mod conversations;
mod datagrams;
mod http;
mod http2;
mod script;
mod server;
mod tcp;
mod tls;
