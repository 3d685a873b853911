//! Health checks against the servers that people run: each good case and each bad one.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that panics has failed")]

mod bed;
mod mail;
mod names;
mod origin;
mod ping;
mod route;
mod scripted;
mod sequence;
mod tls;
mod web;
