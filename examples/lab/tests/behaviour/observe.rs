//! What an outsider sees.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use steadfast_lab::Host;

/// Where to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Watched {
    /// The interfaces' addresses, with all that belongs to them.
    Addresses,
    /// The interfaces, and their virtual MAC addresses.
    Links,
    /// Routes of all tables that the kernel did not make itself.
    Routes,
    /// Rules.
    Rules,
    /// The table of IPVS.
    Table,
    /// The thresholds of destinations.
    Thresholds,
    /// The daemons that synchronise connections.
    SyncDaemons,
    /// Timeouts of connections.
    Timeouts,
    /// Advertisements: of each virtual router those that differ from the one before.
    Advertisements,
    /// For which addresses neighbours were told a MAC address, and which.
    Announcements,
    /// Calls of the notify script.
    Calls,
    /// Lines in the FIFO.
    Fifo,
}

/// Everything seen, in lines.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Observation(BTreeMap<&'static str, Vec<String>>);

impl Observation {
    pub(crate) fn add(&mut self, what: &'static str, lines: Vec<String>) {
        self.0.insert(what, lines);
    }

    /// Which of the expected words are not as expected.
    pub(crate) fn missing(&self, expected: &[&'static str]) -> Vec<&'static str> {
        let has = |word: &str| self.0.values().flatten().any(|line| line.contains(word));
        let fails = |word: &&str| match word.strip_prefix('!') {
            Some(absent) => has(absent),
            None => !has(word),
        };
        expected.iter().copied().filter(fails).collect()
    }

    /// Both, where they differ, in words.
    pub(crate) fn difference(&self, ours: &Self) -> String {
        let mut text = String::new();
        for (what, theirs) in &self.0 {
            let ours = ours.0.get(what).map(Vec::as_slice).unwrap_or_default();
            let same = if theirs == ours { "the same" } else { "different" };
            let _ = writeln!(text, "{what}: {same}");
            for line in theirs {
                let _ = writeln!(text, "  keepalived: {line}");
            }
            for line in ours {
                let _ = writeln!(text, "  director:   {line}");
            }
        }
        text
    }
}

/// `10.77.0.100/32 eth0 scope global`, and so on; without what a machine makes up itself.
pub(crate) fn addresses(host: &Host) -> Vec<String> {
    let shown = host.run("ip", ["-oneline", "addr", "show"]).unwrap();
    let mut lines: Vec<_> = shown
        .lines()
        .filter(|line| !made_from_the_mac(line))
        .map(|line| words_without(line, &["valid_lft", "preferred_lft"]))
        .collect();
    lines.sort();
    lines
}

/// Link-local addresses have these two bytes in the middle of a MAC address (RFC 4291 appendix A).
fn made_from_the_mac(line: &str) -> bool {
    line.contains(" fe80::") && line.contains("ff:fe")
}

/// The line without its number, and without how long anything is still valid: a moment later that
/// is another number, except for ever and no longer.
fn words_without(line: &str, keys: &[&str]) -> String {
    let mut words = line
        .split_whitespace()
        .skip(1)
        .map(|word| word.trim_end_matches('\\'))
        .filter(|word| !word.is_empty());
    let mut kept = Vec::new();
    while let Some(word) = words.next() {
        if !keys.contains(&word) {
            kept.push(word);
            continue;
        }
        match words.next() {
            Some("forever") | None => {}
            Some("0sec") => kept.extend([word, "0sec"]),
            Some(_) => kept.extend([word, "some"]),
        }
    }
    kept.join(" ")
}

/// `eth0 UP` and `vrrp.51@eth0 00:00:5e:00:01:33`.
pub(crate) fn links(host: &Host) -> Vec<String> {
    let shown = host.run("ip", ["-oneline", "-details", "link", "show"]).unwrap();
    let mut lines: Vec<_> = shown.lines().filter_map(link).collect();
    lines.sort();
    lines
}

/// The director has the interface of a virtual MAC address up only while it is MASTER.
fn link(line: &str) -> Option<String> {
    let name = line.split(": ").nth(1)?.split("@if").next()?;
    let after = |key: &str| {
        let mut words = line.split_whitespace().skip_while(|word| *word != key);
        words.nth(1)
    };
    let mac = after("link/ether").filter(|mac| mac.starts_with("00:00:5e"));
    Some(format!("{name} {}", mac.or_else(|| after("state"))?))
}

pub(crate) fn routes(host: &Host) -> Vec<String> {
    let mut lines = Vec::new();
    for family in ["-4", "-6"] {
        let shown = host.run("ip", [family, "route", "show", "table", "all"]).unwrap();
        let made = |line: &&str| !line.contains("proto kernel") && !line.contains("table local");
        lines.extend(shown.lines().filter(made).map(|line| line.trim().to_owned()));
    }
    lines.sort();
    lines
}

pub(crate) fn rules(host: &Host) -> Vec<String> {
    let mut lines = Vec::new();
    for family in ["-4", "-6"] {
        let shown = host.run("ip", [family, "rule", "show"]).unwrap();
        lines.extend(shown.lines().map(|line| line.replace('\t', " ")));
    }
    lines.sort();
    lines
}

/// What `ipvsadm` shows, sorted: the kernel lists as its hash tables are.
pub(crate) fn ipvsadm(host: &Host, arguments: &[&str]) -> Vec<String> {
    let shown = host.run("ipvsadm", arguments).unwrap();
    let mut lines: Vec<_> = shown.lines().map(|line| line.trim().to_owned()).collect();
    lines.sort();
    lines
}
