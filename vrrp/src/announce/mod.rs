//! Telling the neighbours where a virtual address now lives: gratuitous ARP and unsolicited
//! neighbour advertisements, as bytes.

mod arp;
mod neighbor;

pub use arp::GratuitousArp;
pub use neighbor::{ALL_NODES, NeighborAdvertisement};
