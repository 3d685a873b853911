//! The order of a listing.
//!
//! ipvsadm subtracts addresses and marks as signed 32-bit numbers, so 192.0.2.1 comes before
//! 10.0.0.1, and compares them in a merge sort. That is no order, so where the bytes must be the
//! same the way of sorting must be too.

use std::cmp::Ordering;
use std::net::IpAddr;

use steadfast_ipvs::{DestinationKey, Family, ServiceKey};

/// Sorts as glibc's qsort(3) does: a merge sort that splits in the middle.
pub(crate) fn merge_sort<T: Clone>(items: &mut [T], compare: impl Fn(&T, &T) -> Ordering + Copy) {
    if items.len() < 2 {
        return;
    }
    let (left, right) = items.split_at_mut(items.len() / 2);
    merge_sort(left, compare);
    merge_sort(right, compare);
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.iter().peekable(), right.iter().peekable());
    while let (Some(first), Some(second)) = (left.peek(), right.peek()) {
        let next = match compare(first, second) {
            Ordering::Greater => right.next(),
            Ordering::Less | Ordering::Equal => left.next(),
        };
        merged.extend(next.cloned());
    }
    merged.extend(left.chain(right).cloned());
    items.clone_from_slice(&merged);
}

pub(crate) fn services(first: &ServiceKey, second: &ServiceKey) -> Ordering {
    signed(mark(first), mark(second)).then_with(|| first.family().cmp(&second.family())).then_with(
        || match (first, second) {
            (
                ServiceKey::Address { protocol, address, port },
                ServiceKey::Address { protocol: protocol_2, address: address_2, port: port_2 },
            ) => protocol
                .number()
                .cmp(&protocol_2.number())
                .then_with(|| addresses(*address, *address_2))
                .then_with(|| port.cmp(port_2)),
            _ => Ordering::Equal,
        },
    )
}

pub(crate) fn destinations(first: &DestinationKey, second: &DestinationKey) -> Ordering {
    addresses(first.address, second.address).then_with(|| first.port.cmp(&second.port))
}

fn mark(key: &ServiceKey) -> u32 {
    match key {
        ServiceKey::FirewallMark { mark, .. } => mark.get(),
        ServiceKey::Address { .. } => 0,
    }
}

/// The first address says how many words are compared, whatever the family of the second.
fn addresses(first: IpAddr, second: IpAddr) -> Ordering {
    let compared = match Family::of(first) {
        Family::Ipv4 => 1,
        Family::Ipv6 => 4,
    };
    let pairs = words(first).into_iter().zip(words(second)).take(compared);
    pairs
        .map(|(first, second)| signed(first, second))
        .find(|it| it.is_ne())
        .unwrap_or(Ordering::Equal)
}

/// As the kernel gives it: an IPv4 address is the first word of four.
fn words(address: IpAddr) -> [u32; 4] {
    match address {
        IpAddr::V4(address) => [address.to_bits(), 0, 0, 0],
        IpAddr::V6(address) => {
            let bits = address.to_bits();
            [96, 64, 32, 0].map(|shift| u32::try_from((bits >> shift) & 0xffff_ffff).unwrap_or(0))
        }
    }
}

fn signed(first: u32, second: u32) -> Ordering {
    first.wrapping_sub(second).cast_signed().cmp(&0)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn an_address_more_than_half_of_all_away_comes_first() {
        let (near, far) = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(192, 0, 2, 1));
        assert_eq!(addresses(far.into(), near.into()), Ordering::Less);
        assert_eq!(addresses(near.into(), Ipv4Addr::new(10, 0, 0, 2).into()), Ordering::Less);
    }

    #[test]
    fn equal_items_keep_their_order() {
        let mut items = [(2, 'a'), (1, 'b'), (2, 'c'), (1, 'd'), (0, 'e')];
        merge_sort(&mut items, |first, second| first.0.cmp(&second.0));
        assert_eq!(items, [(0, 'e'), (1, 'b'), (1, 'd'), (2, 'a'), (2, 'c')]);
    }
}
