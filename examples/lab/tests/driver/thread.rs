//! How the driver's thread runs.

use std::fs;

use rustix::process::getpid;
use steadfast_lab::wait_until;
use steadfast_vrrp::router::State;
use steadfast_vrrp_linux::{Options, RealtimePriority};

use crate::router::{PATIENCE, Router, config, instance, lan};

/// Fields of /proc/pid/stat, counted after the name in parentheses (proc(5)).
const REALTIME_PRIORITY: usize = 37;
const POLICY: usize = 38;
const SCHED_RR: u32 = 2;

/// Whether a thread of this process has that name, under `SCHED_RR` with that priority. Other tests
/// have threads of the same names.
fn runs_realtime(thread: &str, priority: u32) -> bool {
    let named = format!("({thread})");
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    // One that ends meanwhile is none of ours.
    let stats = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("stat")).ok());
    stats.filter(|stat| stat.contains(&named)).any(|stat| {
        let after_name = stat.rsplit_once(')').unwrap().1;
        let field = |position| after_name.split_whitespace().nth(position).unwrap().parse();
        (field(POLICY), field(REALTIME_PRIORITY)) == (Ok(SCHED_RR), Ok(priority))
    })
}

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn with_real_time_priority_and_locked_memory_it_has_both() {
    let network = lan();
    let options = Options {
        realtime: Some(RealtimePriority::new(7).unwrap()),
        lock_memory: true,
        ..Options::default()
    };
    let instance = instance(config(&["10.0.0.100"]));
    let mut router = Router::start_all(network.host("a").unwrap(), vec![instance], options);
    router.reaches(State::Backup);
    assert!(runs_realtime("vrrp", 7));
    // It sees to its own priority.
    let worker_too = || runs_realtime("vrrp-netlink", 6);
    wait_until(PATIENCE, "the other thread has its priority", worker_too).unwrap();
    let status = fs::read_to_string(format!("/proc/{}/status", getpid())).unwrap();
    let locked = status.lines().find_map(|line| line.strip_prefix("VmLck:")).unwrap().trim();
    assert_ne!(locked, "0 kB");
    router.stop();
}
