//! What is on the wire, as a third host on it sees it.

use std::io::{self, IoSliceMut};
use std::net::Ipv4Addr;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant, SystemTime};

use nix::errno::Errno;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg, setsockopt, sockopt};
use nix::sys::time::TimeSpec;
use socket2::{Domain, Socket, Type};
use steadfast_lab::Host;
use steadfast_vrrp::packet::PROTOCOL;

use crate::Outcome;

/// `ETH_P_ALL` of packet(7), in network order.
const EVERYTHING: i32 = 0x0003_u16.to_be() as i32;

/// A frame of interest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// An advertisement from that address, with that priority.
    Advertisement { source: Ipv4Addr, priority: u8 },
    /// A gratuitous ARP for that address, from that hardware address.
    Announcement { address: Ipv4Addr, mac: [u8; 6] },
}

/// Sees everything that arrives at a host.
#[derive(Debug)]
pub(crate) struct Wire {
    socket: Socket,
    buffer: Vec<u8>,
    control: Vec<u8>,
}

impl Wire {
    pub(crate) fn at(host: &Host) -> Outcome<Self> {
        let open = || -> io::Result<Socket> {
            let socket = Socket::new(Domain::PACKET, Type::RAW, Some(EVERYTHING.into()))?;
            socket.set_recv_buffer_size(8 << 20)?;
            setsockopt(&socket, sockopt::ReceiveTimestampns, &true)?;
            Ok(socket)
        };
        let (buffer, control) = (vec![0; 65_536], nix::cmsg_space!(TimeSpec));
        Ok(Self { socket: host.enter(open)??, buffer, control })
    }

    /// The next frame of interest that arrives before `until`, and when the kernel got it.
    pub(crate) fn next(&mut self, until: Instant) -> Outcome<Option<(Instant, Seen)>> {
        loop {
            let left = until.saturating_duration_since(Instant::now());
            // A limit of zero would be none at all.
            self.socket.set_read_timeout(Some(left.max(Duration::from_micros(1))))?;
            match self.receive() {
                Ok((arrival, length)) => {
                    let frame = self.buffer.get(..length).unwrap_or_default();
                    if let Some(seen) = interpret(frame) {
                        return Ok(Some((arrival, seen)));
                    }
                }
                Err(Errno::EAGAIN) => return Ok(None),
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn receive(&mut self) -> Result<(Instant, usize), Errno> {
        let mut buffers = [IoSliceMut::new(&mut self.buffer)];
        let (socket, control) = (self.socket.as_raw_fd(), Some(self.control.as_mut_slice()));
        let message = recvmsg::<()>(socket, &mut buffers, control, MsgFlags::empty())?;
        let stamp = message.cmsgs()?.find_map(|message| match message {
            ControlMessageOwned::ScmTimestampns(at) => Some(Duration::from(at)),
            _ => None,
        });
        let now = (Instant::now(), SystemTime::now());
        let ago = stamp
            .and_then(|at| now.1.duration_since(SystemTime::UNIX_EPOCH + at).ok())
            .unwrap_or_default();
        Ok((now.0.checked_sub(ago).unwrap_or(now.0), message.bytes))
    }
}

fn interpret(frame: &[u8]) -> Option<Seen> {
    let (ethernet, payload) = frame.split_first_chunk::<14>()?;
    match ethernet {
        [.., 0x08, 0x00] => {
            let header = payload.first_chunk::<20>()?;
            let [first, _, _, _, _, _, _, _, _, protocol, _, _, a, b, c, d, ..] = *header;
            let message = payload.get(usize::from(first & 0x0f) * 4..)?;
            let priority = *message.get(2)?;
            let source = Ipv4Addr::new(a, b, c, d);
            (protocol == PROTOCOL).then_some(Seen::Advertisement { source, priority })
        }
        [.., 0x08, 0x06] => {
            let arp = payload.first_chunk::<28>()?;
            let mac: [u8; 6] = *arp.get(8..)?.first_chunk()?;
            let sender: [u8; 4] = *arp.get(14..)?.first_chunk()?;
            let target: [u8; 4] = *arp.get(24..)?.first_chunk()?;
            (sender == target).then_some(Seen::Announcement { address: sender.into(), mac })
        }
        _ => None,
    }
}
