//! The kernel's netlink messages: requests as bytes, replies from bytes, without any I/O.

mod attribute;
mod daemon;
mod destination;
mod reply;
mod request;
mod service;
mod settings;
mod stats;
#[cfg(test)]
mod tests;

pub use reply::{Message, Reply, replies};
pub use request::{Header, Request, family_request};
