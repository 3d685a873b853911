//! The things that have no safe way: a link-layer socket address, which neither std nor socket2
//! knows, watching a descriptor, the scheduling policy and the signals of a thread, and closing
//! descriptors that nobody here has opened.
#![allow(unsafe_code, reason = "no safe interface to what is done here")]

use std::io;
use std::mem::{MaybeUninit, size_of};
use std::os::fd::OwnedFd;
use std::ptr;

use socket2::SockAddr;
use tokio::io::unix::AsyncFd;

use crate::RealtimePriority;

/// The address of an interface's packet socket for a protocol (packet(7)).
pub(crate) fn link_layer_address(index: u32, ethertype: u16) -> io::Result<SockAddr> {
    let index = i32::try_from(index).map_err(io::Error::other)?;
    // SAFETY: the closure writes a valid sockaddr_ll, which fits into a sockaddr_storage and whose
    // alignment is not above that one's, and sets the length to its size; all other bytes are the
    // zeros that `try_init` starts with.
    let (_, address) = unsafe {
        SockAddr::try_init(|storage, length| {
            let address = storage.cast::<libc::sockaddr_ll>();
            (*address).sll_family = libc::AF_PACKET as libc::sa_family_t;
            (*address).sll_protocol = ethertype.to_be();
            (*address).sll_ifindex = index;
            *length = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
            Ok(())
        })
    }?;
    Ok(address)
}

/// Puts the calling thread under `SCHED_RR`.
pub(crate) fn run_realtime(priority: RealtimePriority) -> io::Result<()> {
    let parameters = libc::sched_param { sched_priority: libc::c_int::from(priority.get()) };
    let policy = libc::SCHED_RR | libc::SCHED_RESET_ON_FORK;
    // SAFETY: process 0 is the calling thread, and the kernel only reads the parameters, which live
    // until the call returns.
    match unsafe { libc::sched_setscheduler(0, policy, &raw const parameters) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Blocks all signals that can be blocked for the calling thread.
pub(crate) fn block_signals() -> io::Result<()> {
    let mut all = MaybeUninit::uninit();
    // SAFETY: the first call fills in the set, the second one only reads it.
    let error = unsafe {
        libc::sigfillset(all.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_BLOCK, all.as_ptr(), ptr::null_mut())
    };
    if error == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(error)) }
}

/// Closes all descriptors from `first` on. Only for the beginning of a program: what is open then
/// was inherited and belongs to nothing in it.
pub(crate) fn close_from(first: libc::c_uint) -> io::Result<()> {
    let last = libc::c_uint::MAX;
    // SAFETY: the system call takes three numbers and no pointer.
    match unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Has the runtime watch a descriptor.
pub(crate) fn watch(descriptor: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an `OwnedFd` is an open descriptor, always the same one, until it is dropped, and it
    // is given away here.
    let watched = unsafe { AsyncFd::register(descriptor) };
    watched.map_err(io::Error::from)
}
