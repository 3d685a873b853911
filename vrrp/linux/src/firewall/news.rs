//! What others do to the table.

use std::io;

use netlink_packet_core::NetlinkBuffer;
use rustix::net::SocketFlags;
use socket2::SockRef;

use super::message::{INET, SUBSYSTEM};
use super::netfilter_socket;
use crate::filter;
use crate::watched::Watched;

/// NFNLGRP_NFTABLES as a bit.
const CHANGES: u32 = 1 << 6;
/// More than the kernel puts into one datagram (NLMSG_GOODSIZE).
const DATAGRAM: usize = 65_536;
/// struct nfgenmsg, and the attribute behind it by which all objects say whose they are: NFTA_*_TABLE.
const GENERIC: usize = 4;
const TABLE: u16 = 1;

/// Tells when the table, or anything in it, is changed by somebody else.
#[derive(Debug)]
pub(crate) struct TableNews {
    socket: Watched,
    buffer: Vec<u8>,
    table: String,
}

/// What has been heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Heard {
    /// Nothing about the table.
    Nothing,
    /// Some news did not fit into the socket's buffer.
    Lost,
    /// The table was changed.
    Change,
}

impl TableNews {
    /// What is done through the socket with the port `ours` is no news.
    pub(super) fn subscribe(table: &str, ours: u32) -> io::Result<Self> {
        let socket = netfilter_socket(SocketFlags::NONBLOCK, CHANGES)?;
        SockRef::from(&socket).attach_filter(&filter::not_of_port(ours))?;
        let socket = Watched::new(socket)?;
        Ok(Self { socket, buffer: vec![0; DATAGRAM], table: table.to_owned() })
    }

    /// The table's name.
    pub(crate) fn table(&self) -> &str {
        &self.table
    }

    /// Waits until there may be news; then read all of it.
    pub(crate) async fn readable(&self) {
        self.socket.readable().await;
    }

    /// Reads all news.
    pub(crate) fn hear(&mut self) -> Heard {
        let mut heard = Heard::Nothing;
        loop {
            match self.socket.read(&mut self.buffer) {
                Ok(Some(length)) => {
                    let datagram = self.buffer.get(..length).unwrap_or_default();
                    if concerns(&self.table, datagram) {
                        heard = Heard::Change;
                    }
                }
                Ok(None) => return heard,
                // ENOBUFS; whatever else it may be, the answer is to do it again.
                Err(_) => return heard.max(Heard::Lost),
            }
        }
    }
}

/// Whether any message of a datagram is about the table or what is in it.
fn concerns(table: &str, mut bytes: &[u8]) -> bool {
    while let Ok(message) = NetlinkBuffer::new_checked(bytes) {
        let of_tables = message.message_type() >> 8 == SUBSYSTEM;
        if of_tables && table_of(message.payload()).is_some_and(|name| name == table.as_bytes()) {
            return true;
        }
        let length = usize::try_from(message.length()).unwrap_or(usize::MAX);
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    false
}

/// The name of the table of the family `inet` that an object is in, which all begin with.
fn table_of(payload: &[u8]) -> Option<&[u8]> {
    let (generic, attributes) = payload.split_at_checked(GENERIC)?;
    let (header, values) = attributes.split_first_chunk::<4>()?;
    let [low, high, kind_low, kind_high] = *header;
    let length = usize::from(u16::from_ne_bytes([low, high]));
    let value = values.get(..length.checked_sub(header.len())?)?;
    let is_name =
        generic.first() == Some(&INET) && u16::from_ne_bytes([kind_low, kind_high]) == TABLE;
    is_name.then_some(value)?.strip_suffix(&[0])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::message::{Batch, Verb};
    use super::super::table;
    use super::*;
    use crate::Nftables;

    fn about(table: &str) -> Vec<u8> {
        let mut batch = Batch::begin();
        batch.request(Verb::DeleteTable, |it| it.text(1, table));
        batch.end().0
    }

    #[test]
    fn the_table_is_known_by_its_whole_name() {
        assert!(concerns("ours", &about("ours")));
        for other in ["our", "ourselves", ""] {
            assert!(!concerns("ours", &about(other)), "{other}");
        }
    }

    #[test]
    fn any_message_of_a_datagram_counts() {
        assert!(concerns("ours", &[about("theirs"), about("ours")].concat()));
    }

    #[test]
    fn each_object_of_the_table_says_whose_it_is() {
        let settings = Nftables { table: "ours".to_owned(), ..Nftables::default() };
        let addresses =
            BTreeSet::from(["192.0.2.1".parse().unwrap(), "2001:db8::1".parse().unwrap()]);
        let (mut bytes, requests) = table::table(&settings, &addresses).end();
        let mut ours = 0;
        while let Ok(message) = NetlinkBuffer::new_checked(&bytes[..]) {
            let length = usize::try_from(message.length()).unwrap();
            ours += u32::from(concerns("ours", &bytes[..length]));
            bytes.drain(..length);
        }
        assert_eq!(ours, requests);
    }

    #[test]
    fn another_family_has_other_tables() {
        let mut bytes = about("ours");
        let at = bytes.iter().rposition(|byte| *byte == b'o').unwrap();
        // struct nfgenmsg is before the attribute's header.
        bytes[at - 8] = 2;
        assert!(!concerns("ours", &bytes));
    }

    #[test]
    fn nonsense_is_about_nothing() {
        for length in 0..64 {
            assert!(!concerns("", &vec![0; length]));
            assert!(!concerns("", &vec![0xff; length]));
        }
    }
}
