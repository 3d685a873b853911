//! Counts the bytes that a table of the load balancer takes, where they are allocated.

#![allow(clippy::print_stdout, reason = "what it prints is its purpose")]

use std::alloc::System;

use cap::Cap;
use steadfast_benches::ipvs::table;
use steadfast_ipvs::Weight;

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

fn main() {
    for (services, destinations) in [(1_000, 10), (10_000, 2), (10_000, 1)] {
        let before = ALLOCATOR.allocated();
        let table = table(services, destinations, |_| Weight::from(5));
        let taken = ALLOCATOR.allocated().saturating_sub(before);
        let entries: usize =
            table.iter().map(|entry| entry.destinations().len().saturating_add(1)).sum();
        println!(
            "{services} services with {destinations} destinations each: {} bytes for each of the {entries}",
            taken.checked_div(entries).unwrap_or(0)
        );
    }
}
