//! Looking at the kernels: who has the virtual address, what is in the IPVS tables, and which
//! director the client's ARP table points to.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use steadfast_lab::{Host, LabError};

use super::scene::VIRTUAL_ADDRESS;
use super::timeline::Timeline;

const EVERY: Duration = Duration::from_millis(30);

/// Something that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sight {
    /// A director's kernel got or lost the virtual address.
    Address { director: String, held: bool },
    /// The client's ARP table has the virtual address at this hardware address.
    Arp { hardware: String },
    /// A destination appeared in or vanished from a director's IPVS table.
    Destination { director: String, address: Ipv4Addr, listed: bool },
}

#[derive(Debug, Default)]
struct Sights {
    seen: Mutex<Vec<(Instant, Sight)>>,
    news: Condvar,
}

/// Watches several hosts at once.
#[derive(Debug)]
pub(crate) struct Watch {
    sights: Arc<Sights>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
    timeline: Arc<Timeline>,
}

impl Watch {
    pub(crate) fn new(timeline: Arc<Timeline>) -> Self {
        let (sights, stop) = (Arc::default(), Arc::default());
        Self { sights, stop, threads: Vec::new(), timeline }
    }

    /// Watches a director's addresses and IPVS table.
    pub(crate) fn director(&mut self, host: &Host) -> Result<(), LabError> {
        let director = host.name().to_owned();
        let mut held = false;
        let mut destinations = Vec::new();
        self.each_time(host, move |report| {
            let now_held =
                read("/proc/thread-self/net/fib_trie").is_some_and(|text| has_local_address(&text));
            if now_held != held {
                held = now_held;
                report(Sight::Address { director: director.clone(), held });
            }
            let now_listed = read("/proc/thread-self/net/ip_vs")
                .map(|text| listed_destinations(&text))
                .unwrap_or_default();
            for (addresses, other, listed) in
                [(&now_listed, &destinations, true), (&destinations, &now_listed, false)]
            {
                for &address in addresses.iter().filter(|address| !other.contains(address)) {
                    report(Sight::Destination { director: director.clone(), address, listed });
                }
            }
            destinations = now_listed;
        })
    }

    /// Watches where the client sends what is for the virtual address.
    pub(crate) fn client(&mut self, host: &Host) -> Result<(), LabError> {
        let mut hardware = String::new();
        self.each_time(host, move |report| {
            let now = read("/proc/thread-self/net/arp").and_then(|text| neighbour(&text));
            if let Some(now) = now.filter(|now| *now != hardware) {
                hardware.clone_from(&now);
                report(Sight::Arp { hardware: now });
            }
        })
    }

    fn each_time(
        &mut self,
        host: &Host,
        mut look: impl FnMut(&mut dyn FnMut(Sight)) + Send + 'static,
    ) -> Result<(), LabError> {
        let (sights, stop) = (Arc::clone(&self.sights), Arc::clone(&self.stop));
        let thread = host.enter(move || {
            std::thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    look(&mut |sight| {
                        let mut seen = sights.seen.lock().unwrap_or_else(PoisonError::into_inner);
                        seen.push((Instant::now(), sight));
                        sights.news.notify_all();
                    });
                    std::thread::sleep(EVERY);
                }
            })
        })?;
        self.threads.push(thread);
        Ok(())
    }

    /// Whether the director's kernel has the virtual address, as last seen.
    pub(crate) fn has_address(&self, name: &str) -> bool {
        let seen = self.sights.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let last = seen.iter().rev().find_map(|(_, sight)| match sight {
            Sight::Address { director, held } if director == name => Some(*held),
            _ => None,
        });
        last.unwrap_or(false)
    }

    /// The destinations in the director's IPVS table, as last seen.
    pub(crate) fn destinations(&self, name: &str) -> BTreeSet<Ipv4Addr> {
        let seen = self.sights.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let mut now = BTreeSet::new();
        for (_, sight) in seen.iter() {
            match sight {
                Sight::Destination { director, address, listed } if director == name => {
                    if *listed {
                        now.insert(*address)
                    } else {
                        now.remove(address)
                    };
                }
                _ => {}
            }
        }
        now
    }

    /// Waits until a sight of that kind was caught since then, and says when.
    pub(crate) fn wait(
        &self,
        since: Instant,
        limit: Duration,
        what: &str,
        wanted: impl Fn(&Sight) -> bool,
    ) -> Result<Instant, LabError> {
        let found = |seen: &[(Instant, Sight)]| {
            seen.iter().find(|(at, sight)| *at >= since && wanted(sight)).map(|(at, _)| *at)
        };
        let seen = self.sights.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let (seen, _) = self
            .sights
            .news
            .wait_timeout_while(seen, limit, |seen| found(seen).is_none())
            .unwrap_or_else(PoisonError::into_inner);
        let at = found(&seen).ok_or_else(|| LabError::TimedOut { what: what.to_owned(), limit });
        drop(seen);
        at.inspect(|at| self.timeline.say_at(*at, "kernel", what))
            .inspect_err(|error| self.timeline.say("demo", error))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                eprintln!("a watching thread panicked");
            }
        }
    }
}

/// `/proc/net` is that of the process, whose first thread may live in another namespace.
fn read(path: &str) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

/// In fib_trie an address is a line `|-- 192.0.2.1`, and what it is follows on the next.
fn has_local_address(fib_trie: &str) -> bool {
    let address = format!("|-- {VIRTUAL_ADDRESS}");
    let lines: Vec<_> = fib_trie.lines().map(str::trim).collect();
    lines.windows(2).any(
        |pair| matches!(pair, [first, second] if *first == address && *second == "/32 host LOCAL"),
    )
}

/// In /proc/net/ip_vs a destination is a line `-> C0A8156C:0050 Route 3 0 0`.
fn listed_destinations(ip_vs: &str) -> Vec<Ipv4Addr> {
    let address = |line: &str| {
        let (address, _port) = line.trim().strip_prefix("-> ")?.split_once(':')?;
        u32::from_str_radix(address, 16).ok().map(Ipv4Addr::from)
    };
    ip_vs.lines().filter_map(address).collect()
}

fn neighbour(arp: &str) -> Option<String> {
    let line = arp.lines().find(|line| line.split_whitespace().next() == Some(VIRTUAL_ADDRESS))?;
    let hardware = line.split_whitespace().nth(3)?;
    (hardware != "00:00:00:00:00:00").then(|| hardware.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_is_read_from_the_kernels_table() {
        let text = "IP Virtual Server version 1.2.1 (size=4096)\n\
                    Prot LocalAddress:Port Scheduler Flags\n\
                    \x20 -> RemoteAddress:Port Forward Weight ActiveConn InActConn\n\
                    TCP  C0A8159B:0050 wrr  \n\
                    \x20 -> C0A8156C:0050      Route   3      0          0\n";
        assert_eq!(listed_destinations(text), [Ipv4Addr::new(192, 168, 21, 108)]);
    }

    #[test]
    fn an_address_of_somebody_else_is_not_held() {
        let text = "           |-- 192.168.21.155\n              /32 link UNICAST\n";
        assert!(!has_local_address(text));
    }

    #[test]
    fn an_incomplete_neighbour_is_none() {
        let text = "IP address       HW type     Flags       HW address            Mask     Device\n\
                    192.168.21.155   0x1         0x0         00:00:00:00:00:00     *        eth0\n";
        assert_eq!(neighbour(text), None);
    }
}
