//! Keeps the kernel from accepting packets to addresses of routers that are not to (Accept_Mode of RFC
//! 9568 section 6.1): one table of nf_tables, which is ours alone.

use std::collections::BTreeSet;
use std::io;
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::time::Duration;

use netlink_packet_core::NetlinkBuffer;
use rustix::io::{Errno, read, retry_on_intr};
use rustix::net::netlink::{self, SocketAddrNetlink};
use rustix::net::sockopt::{Timeout, set_socket_send_buffer_size, set_socket_timeout};
use rustix::net::{
    AddressFamily, RecvFlags, SocketFlags, SocketType, bind, getsockname, recv, socket_with,
};

use crate::Nftables;

mod message;
mod news;
mod table;

pub(crate) use news::{Heard, TableNews};

/// The kernel answers at once; this is for an answer that is lost.
const PATIENCE: Duration = Duration::from_secs(5);
/// An answer repeats the request that it refuses, whose list of elements may be long.
const ANSWER: usize = 128 * 1024;
/// NLMSG_ERROR.
const ERROR: u16 = 2;

/// The table that drops packets.
#[derive(Debug)]
pub(crate) struct Firewall {
    settings: Nftables,
    socket: OwnedFd,
}

impl Firewall {
    pub(crate) fn connect(settings: Nftables) -> io::Result<Self> {
        let socket = netfilter_socket(SocketFlags::empty(), 0)?;
        set_socket_timeout(&socket, Timeout::Recv, Some(PATIENCE))?;
        Ok(Self { settings, socket })
    }

    /// What others do to the table from now on.
    pub(crate) fn news(&self) -> io::Result<TableNews> {
        let port = SocketAddrNetlink::try_from(getsockname(&self.socket)?)?.pid();
        TableNews::subscribe(&self.settings.table, port)
    }

    /// Has packets to these addresses dropped, and to no others, from one moment to the next.
    pub(crate) fn drop_only(&self, addresses: &BTreeSet<IpAddr>) -> io::Result<()> {
        let mut buffer = vec![0; ANSWER];
        // What is left to be read of an attempt that failed.
        while matches!(
            recv(&self.socket, &mut *buffer, RecvFlags::DONTWAIT),
            Ok(_) | Err(Errno::NOBUFS | Errno::INTR)
        ) {}
        let (bytes, answers) = table::table(&self.settings, addresses).end();
        set_socket_send_buffer_size(&self.socket, bytes.len())?;
        rustix::io::write(&self.socket, &bytes)?;
        let mut answered = 0;
        while answered < answers {
            let length = retry_on_intr(|| read(&self.socket, &mut *buffer))?;
            answered += read_answers(buffer.get(..length).unwrap_or_default())?;
        }
        Ok(())
    }
}

/// How many requests were carried out; the error of the first that was refused, and with it all.
fn read_answers(mut bytes: &[u8]) -> io::Result<u32> {
    let mut answers = 0;
    while let Ok(message) = NetlinkBuffer::new_checked(bytes) {
        let code = message.payload().first_chunk().map(|code| i32::from_ne_bytes(*code));
        if message.message_type() == ERROR {
            match code {
                Some(0) => answers += 1,
                Some(code) => return Err(io::Error::from_raw_os_error(-code)),
                None => return Err(io::ErrorKind::InvalidData.into()),
            }
        }
        let length = usize::try_from(message.length()).unwrap_or(usize::MAX);
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    Ok(answers)
}

fn netfilter_socket(flags: SocketFlags, groups: u32) -> io::Result<OwnedFd> {
    let (family, flags) = (AddressFamily::NETLINK, flags | SocketFlags::CLOEXEC);
    let socket = socket_with(family, SocketType::RAW, flags, Some(netlink::NETFILTER))?;
    bind(&socket, &SocketAddrNetlink::new(0, groups))?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An answer as the kernel has it: header, code, and what it is about.
    fn answer(code: i32) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend(36_u32.to_ne_bytes());
        bytes.extend(ERROR.to_ne_bytes());
        bytes.extend([0; 10]);
        bytes.extend(code.to_ne_bytes());
        bytes.resize(36, 0);
        bytes
    }

    #[test]
    fn all_answers_of_a_datagram_count() {
        assert_eq!(read_answers(&[answer(0), answer(0)].concat()).unwrap(), 2);
    }

    #[test]
    fn one_refusal_refuses_all() {
        let refused = read_answers(&[answer(0), answer(-95)].concat()).unwrap_err();
        assert_eq!(refused.raw_os_error(), Some(95));
    }

    #[test]
    fn a_datagram_of_nonsense_has_no_answers() {
        for length in 0..64 {
            assert_eq!(read_answers(&vec![0; length]).unwrap(), 0);
        }
    }
}
