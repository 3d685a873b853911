//! The kernel's netlink messages: requests as bytes, replies from bytes, without any I/O.

mod attribute;
mod destination;
mod reply;
mod request;
mod service;
#[cfg(test)]
mod tests;

pub use reply::{Reply, replies};
pub use request::{Request, family_request};
