//! The one thing that neither std nor socket2 has a safe way for: a link-layer socket address.
#![allow(unsafe_code, reason = "sockaddr_ll has to be written into a sockaddr_storage")]

use std::io;
use std::mem::size_of;

use socket2::SockAddr;

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
