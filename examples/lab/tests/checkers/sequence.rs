//! The sequence of attempts beside keepalived's own, on the same servers at the same time.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

use steadfast_checkers::http::{HttpGet, Url};
use steadfast_checkers::{
    BoxCheck, ConnectOptions, Monitor, MonitorOptions, Policy, Standing, TcpCheck,
};
use steadfast_lab::{Host, Topology, despite_standstills, wait_until};

use crate::bed::PATIENCE;
use crate::scripted::{PORT, Scripted};

/// All intervals are multiples of it.
const UNIT: Duration = Duration::from_secs(3);
const DELAY_LOOP: Duration = UNIT.saturating_mul(3);
const DELAY_BEFORE_RETRY: Duration = UNIT;
const SLOW_RETRY: Duration = UNIT.saturating_mul(5);
/// What an attempt may have waited for.
const DELAYS: [Duration; 4] = [Duration::ZERO, DELAY_BEFORE_RETRY, DELAY_LOOP, SLOW_RETRY];
/// For how long the machine may stand still; after half a unit one delay looks like another.
const BORNE: Duration = Duration::from_secs(1);
/// What the longest scenario takes.
const DURATION: Duration = UNIT.saturating_mul(50);
const PAGES: &[&str] = &["/a", "/b", "/c"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Probe {
    Tcp,
    Http { pages: &'static [&'static str], fast_recovery: bool },
}

/// A server that passes and fails by letter, and how it is checked.
#[derive(Debug, Clone, Copy)]
struct Scenario {
    letters: &'static str,
    probe: Probe,
    retry: u32,
    delay_before_retry: Duration,
    alpha: bool,
}

const TCP: Scenario = Scenario {
    letters: "",
    probe: Probe::Tcp,
    retry: 2,
    delay_before_retry: DELAY_BEFORE_RETRY,
    alpha: false,
};
const HTTP: Scenario =
    Scenario { probe: Probe::Http { pages: PAGES, fast_recovery: false }, ..TCP };
const FAST: Scenario = Scenario { probe: Probe::Http { pages: PAGES, fast_recovery: true }, ..TCP };

/// All end well, so that those who skip an attempt are found out.
const SCENARIOS: [Scenario; 15] = [
    Scenario { letters: "pffpfffppp", ..TCP },
    Scenario { letters: "fppfffppp", ..TCP },
    Scenario { letters: "fppp", alpha: true, ..TCP },
    Scenario { letters: "pfpfpp", retry: 0, ..TCP },
    Scenario { letters: "ppppfpppfffppppp", ..HTTP },
    Scenario { letters: "fppppp", ..HTTP },
    Scenario { letters: "ppppp", alpha: true, ..HTTP },
    Scenario { letters: "pfpppppp", alpha: true, ..HTTP },
    Scenario { letters: "pfffpfppppp", ..HTTP },
    Scenario { letters: "ffffpffppppp", ..HTTP },
    Scenario { letters: "pppfffppppp", alpha: true, retry: 0, ..HTTP },
    Scenario { letters: "fpppfffppp", delay_before_retry: SLOW_RETRY, ..HTTP },
    Scenario {
        letters: "fpffffppp",
        probe: Probe::Http { pages: &["/a"], fast_recovery: false },
        ..TCP
    },
    Scenario { letters: "fpppppfffpppppp", ..FAST },
    Scenario { letters: "ppppp", alpha: true, ..FAST },
];

/// Where the server of a scenario is, once for keepalived and once for us.
fn server(checker: u8, scenario: usize) -> Ipv4Addr {
    Ipv4Addr::new(10, 21, checker, u8::try_from(scenario).unwrap() + 1)
}

const KEEPALIVED: u8 = 1;
const OURS: u8 = 2;

impl Scenario {
    fn pages(&self) -> &'static [&'static str] {
        match self.probe {
            Probe::Tcp => &[],
            Probe::Http { pages, .. } => pages,
        }
    }

    fn configuration(&self, number: usize) -> String {
        let (kind, fast) = match self.probe {
            Probe::Tcp => ("TCP_CHECK", ""),
            Probe::Http { fast_recovery: false, .. } => ("HTTP_GET", ""),
            Probe::Http { fast_recovery: true, .. } => ("HTTP_GET", "fast_recovery"),
        };
        let urls: String = self
            .pages()
            .iter()
            .map(|path| format!("   url {{\n    path {path}\n   }}\n"))
            .collect();
        let (server, alpha) = (server(KEEPALIVED, number), if self.alpha { "alpha" } else { "" });
        let (retry, before) = (self.retry, self.delay_before_retry.as_secs());
        format!(
            "virtual_server 10.21.0.{} {PORT} {{\n delay_loop {}\n lvs_sched rr\n lvs_method NAT\n \
             protocol TCP\n {alpha}\n real_server {server} {PORT} {{\n  {kind} {{\n   {fast}\n{urls}   \
             retry {retry}\n   delay_before_retry {before}\n   connect_timeout {}\n   warmup 0\n  }}\n \
             }}\n}}\n",
            number + 1,
            DELAY_LOOP.as_secs(),
            PATIENCE.as_secs(),
        )
    }

    fn check(&self, number: usize) -> (BoxCheck, Policy) {
        let connect =
            ConnectOptions::new(SocketAddr::from((server(OURS, number), PORT))).timeout(PATIENCE);
        let policy = Policy {
            retry: self.retry,
            delay_before_retry: self.delay_before_retry,
            alpha: self.alpha,
            ..Policy::every(DELAY_LOOP)
        };
        match self.probe {
            Probe::Tcp => (BoxCheck::new(TcpCheck::new(connect)), policy),
            Probe::Http { fast_recovery, .. } => {
                let pages = self.pages().iter().map(|path| Url::new(*path));
                let policy = Policy {
                    failed_part_first: true,
                    delay_rising: fast_recovery.then_some(Duration::ZERO),
                    delay_down: Some(DELAY_LOOP.max(self.delay_before_retry)),
                    ..policy
                };
                (BoxCheck::new(HttpGet::new(connect, pages)), policy)
            }
        }
    }
}

/// What is checked, and after which delay: the one nearest to the time since the attempt before.
fn sequence(arrivals: &[(Instant, String)]) -> String {
    let steps = gaps(arrivals).zip(arrivals).map(|(gap, (_, what))| {
        let delay = DELAYS.into_iter().min_by_key(|delay| delay.abs_diff(gap));
        format!("+{}{what}", delay.unwrap_or_default().as_secs())
    });
    steps.collect::<Vec<_>>().join(" ")
}

/// Of each attempt, the time since the one before.
fn gaps(arrivals: &[(Instant, String)]) -> impl Iterator<Item = Duration> {
    let mut before = None;
    arrivals.iter().map(move |(at, _)| at.duration_since(before.replace(*at).unwrap_or(*at)))
}

/// Runs our monitor until it is told to stop; which servers came and went, in order.
fn monitor(until: Instant) -> HashMap<usize, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (monitor, mut events) = Monitor::new(MonitorOptions::default());
        for (number, scenario) in SCENARIOS.iter().enumerate() {
            let (check, policy) = scenario.check(number);
            monitor.add(number, check, policy, Duration::from_secs(1));
        }
        let mut known: HashMap<usize, Standing> = monitor.snapshot();
        let mut changes: HashMap<usize, String> = HashMap::new();
        let watching = async {
            while let Some(event) = events.next().await {
                let before = known.insert(event.key, event.standing);
                let changes = changes.entry(event.key).or_default();
                match (before, event.standing) {
                    (Some(Standing::Up), Standing::Down) => changes.push('D'),
                    (Some(Standing::Unknown | Standing::Down), Standing::Up) => changes.push('U'),
                    _ => {}
                }
            }
        };
        let _over = tokio::time::timeout_at(until.into(), watching).await;
        changes
    })
}

/// The same from keepalived's log.
fn changes_of_keepalived(log: &str, number: usize) -> String {
    let server = format!("service [{}]", server(KEEPALIVED, number));
    let changes = log.lines().filter(|line| line.contains(&server)).filter_map(|line| {
        if line.contains("Removing service") {
            Some('D')
        } else {
            line.contains("Adding service").then_some('U')
        }
    });
    changes.collect()
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn the_attempts_are_keepalived_s_in_the_same_order_at_the_same_intervals() {
    despite_standstills(BORNE, play);
}

fn play() {
    let network = Topology::new()
        .bridge("lan")
        .host("director", |host| host.link("eth0", "lan", "10.21.255.1/16"))
        .host("servers", |host| host.link("eth0", "lan", "10.21.255.2/16"))
        .start()
        .unwrap();
    let (director, servers) = (network.host("director").unwrap(), network.host("servers").unwrap());
    let everybody = [KEEPALIVED, OURS].into_iter().flat_map(|checker| {
        SCENARIOS.iter().enumerate().map(move |(number, scenario)| {
            let speaks_http = scenario.probe != Probe::Tcp;
            (server(checker, number), scenario.letters, speaks_http)
        })
    });
    let everybody: Vec<_> = everybody.collect();
    add_addresses(servers, everybody.iter().map(|(address, ..)| *address));
    let scripted = Scripted::start(servers, everybody);

    let configuration: String = SCENARIOS
        .iter()
        .enumerate()
        .map(|(number, scenario)| scenario.configuration(number))
        .collect();
    let keepalived = director
        .spawn_keepalived("keepalived", Path::new("/usr/sbin/keepalived"), &configuration)
        .unwrap();
    let until = Instant::now() + DURATION;
    let changes = director.enter(|| monitor(until)).unwrap();
    wait_until(PATIENCE, "every server is checked as often as its scenario has letters", || {
        scripted.is_over()
    })
    .unwrap();

    let log = keepalived.log();
    let mut differences = String::new();
    for (number, scenario) in SCENARIOS.iter().enumerate() {
        let attempts = |checker| {
            let mut arrivals = scripted.arrivals(server(checker, number));
            arrivals.truncate(scenario.letters.len());
            let exactly = gaps(&arrivals).map(|gap| gap.as_secs_f32()).collect::<Vec<_>>();
            (sequence(&arrivals), exactly)
        };
        let ((ours, at), (theirs, their_at)) = (attempts(OURS), attempts(KEEPALIVED));
        let changes = changes.get(&number).cloned().unwrap_or_default();
        let ours = format!("{ours} {changes}");
        let theirs = format!("{theirs} {}", changes_of_keepalived(&log, number));
        if ours != theirs {
            differences += &format!(
                "{scenario:?}\n  keepalived {theirs}\n  {their_at:.1?}\n  ours       {ours}\n  {at:.1?}\n"
            );
        }
    }
    assert_eq!(differences, "");
}

fn add_addresses(host: &Host, addresses: impl Iterator<Item = Ipv4Addr>) {
    let lines: String =
        addresses.map(|address| format!("addr add {address}/32 dev eth0\n")).collect();
    let batch = host.write("addresses", &lines).unwrap();
    host.run("ip", ["-batch", batch.to_str().unwrap()]).unwrap();
}
