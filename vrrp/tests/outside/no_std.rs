//! A program without std: it links only if nothing that it is made of needs std either.
#![no_std]
#![no_main]

extern crate alloc;

use core::alloc::{GlobalAlloc, Layout};
use core::ffi::{c_int, c_void};
use core::net::{IpAddr, Ipv4Addr};
use core::panic::PanicInfo;

use steadfast_vrrp::packet::{MAX_LEN, MULTICAST_IPV4};
use steadfast_vrrp::router::{State, Transmit, VirtualAddresses};
use steadfast_vrrp::{Config, Instant, VirtualRouter, Vrid};

#[link(name = "c")]
unsafe extern "C" {
    fn aligned_alloc(alignment: usize, size: usize) -> *mut c_void;
    fn free(block: *mut c_void);
    fn abort() -> !;
}

struct Malloc;

// SAFETY: the C library's allocator, which takes sizes that are multiples of the alignment.
unsafe impl GlobalAlloc for Malloc {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let layout = layout.pad_to_align();
        // SAFETY: `layout` has an alignment that is a power of two, and its size is a multiple.
        unsafe { aligned_alloc(layout.align().max(8), layout.size().next_multiple_of(8)).cast() }
    }

    unsafe fn dealloc(&self, block: *mut u8, _: Layout) {
        // SAFETY: it came from `alloc`.
        unsafe { free(block.cast()) }
    }
}

#[global_allocator]
static ALLOCATOR: Malloc = Malloc;

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    // SAFETY: it takes nothing and does not return.
    unsafe { abort() }
}

/// The core library that comes compiled asks for it, though nothing unwinds.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}

/// 0: a router became Active and had something to send.
#[unsafe(no_mangle)]
extern "C" fn main(_: c_int, _: *const *const u8) -> c_int {
    c_int::from(elect() != Some(()))
}

fn elect() -> Option<()> {
    let addresses = VirtualAddresses::new([IpAddr::V4(Ipv4Addr::new(192, 0, 2, 100))]).ok()?;
    let config = Config::builder(Vrid::new(51).ok()?, addresses).build().ok()?;
    let mut router = VirtualRouter::new(config);
    router.set_source(Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 10))));
    router.handle_startup(Instant::from_nanos(0));
    let due = router.poll_timeout()?.at;
    router.handle_timeout(due);
    if router.state() != State::Active {
        return None;
    }
    let Transmit::Advertisement(advertise) = router.poll_transmit()? else { return None };
    let carrier = advertise.carrier(IpAddr::V4(MULTICAST_IPV4))?;
    let length = router.encode(&advertise, carrier, &mut [0; MAX_LEN]).ok()?;
    (length == 12).then_some(())
}
