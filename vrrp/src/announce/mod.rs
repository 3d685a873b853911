//! Telling the neighbours where a virtual address now lives: gratuitous ARP and unsolicited
//! neighbour advertisements, as bytes, and how fast they may follow each other.

mod arp;
mod neighbor;
mod pacer;

pub use arp::GratuitousArp;
pub use neighbor::{ALL_NODES, NeighborAdvertisement};
pub use pacer::{Pace, Pacer};
