//! What a router does with a packet takes no memory from the allocator.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]
#![allow(unsafe_code, reason = "an allocator is unsafe to implement")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Duration;

use steadfast_vrrp::packet::{
    Advertisement, Carrier, ChecksumForm, DecodePolicy, Format, MAX_LEN, MULTICAST_IPV4, TTL,
    decode,
};
use steadfast_vrrp::router::{Received, State, VirtualAddresses};
use steadfast_vrrp::{AdverInterval, Config, Instant, Priority, VirtualRouter, Vrid};

/// The system's allocator, which counts for each thread.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    // At the end of a thread there is nothing to count with.
    let _ending = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
}

// SAFETY: all is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promises are the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are the same.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller's promises are the same.
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often `action` allocates.
fn allocations(action: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.get();
    action();
    ALLOCATIONS.get() - before
}

const PEER: &str = "192.0.2.20";

fn addresses() -> VirtualAddresses {
    let all = ["192.0.2.100", "192.0.2.101"].map(|address| address.parse().unwrap());
    VirtualAddresses::new(all).unwrap()
}

fn carrier() -> Carrier {
    Carrier::new(PEER.parse().unwrap(), MULTICAST_IPV4.into()).unwrap()
}

fn advertisement(priority: u8) -> Vec<u8> {
    let addresses = addresses();
    let advertisement = Advertisement {
        vrid: Vrid::new(51).unwrap(),
        priority: Priority::new(priority).ok(),
        interval: AdverInterval::DEFAULT,
        addresses: addresses.as_addresses(),
        format: Format::V3 { checksum: ChecksumForm::PseudoHeader },
    };
    let mut bytes = vec![0; advertisement.encoded_len()];
    advertisement.encode(carrier(), &mut bytes).unwrap();
    bytes
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(vec![0_u8; 10])), 1);
}

#[test]
fn decoding_allocates_nothing_whatever_it_decodes() {
    let valid = advertisement(150);
    let count = allocations(|| {
        for length in 0..=valid.len() {
            let _refused = decode(&valid[..length], carrier(), DecodePolicy::default());
        }
    });
    assert_eq!(count, 0);
}

#[test]
fn a_router_hears_elects_and_speaks_without_allocating() {
    let mut router =
        VirtualRouter::new(Config::builder(Vrid::new(51).unwrap(), addresses()).build().unwrap());
    let packets = [150, 100, 50, 0].map(advertisement);
    let count = allocations(|| {
        let mut now = Instant::from_nanos(0);
        router.set_source(Some([192, 0, 2, 10].into()));
        router.handle_startup(now);
        for _ in 0..100 {
            // Long enough for it to become Active now and then.
            for _ in 0..6 {
                now = now + Duration::from_millis(700);
                router.handle_timeout(now);
                if router.state() == State::Active {
                    router.handle_addresses_installed(now);
                }
                poll(&mut router);
            }
            for bytes in &packets {
                now = now + Duration::from_millis(10);
                let received = Received {
                    arrival: now,
                    source: [192, 0, 2, 20].into(),
                    destination: MULTICAST_IPV4.into(),
                    hop_limit: TTL,
                };
                router.handle_packet(now, &received, bytes).unwrap();
                poll(&mut router);
            }
        }
    });
    assert!(router.counters().master_transitions > 10);
    assert_eq!(count, 0);
}

fn poll(router: &mut VirtualRouter) {
    let mut buffer = [0; MAX_LEN];
    while let Some(transmit) = router.poll_transmit() {
        if let steadfast_vrrp::router::Transmit::Advertisement(advertise) = transmit {
            let carrier = advertise.carrier(MULTICAST_IPV4.into()).unwrap();
            router.encode(&advertise, carrier, &mut buffer).unwrap();
        }
    }
    while router.poll_event().is_some() {}
}
