//! A LAN with two directors, and what is seen of them.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use steadfast_lab::{
    Advertisement, Captured, Frame, Host, LabError, Network, Process, Topology, binary, wait_until,
};

pub(crate) const VIRTUAL_ADDRESS: &str = "192.168.21.155";
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn pair() -> Network {
    Topology::new()
        .bridge("lan")
        .host("a", |host| host.link("eth0", "lan", "192.168.21.11/24"))
        .host("b", |host| host.link("eth0", "lan", "192.168.21.12/24"))
        .start()
        .unwrap()
}

/// A virtual router that advertises every second, of this priority.
pub(crate) fn instance(priority: u8) -> String {
    instance_every(1, priority)
}

/// Three advertisements of [`patient_instance`]: a backup waits for longer, by a skew time.
pub(crate) const PATIENT_DOWN: Duration = Duration::from_secs(9);

/// One that advertises every three seconds: where nobody is to take over, a slow machine must not be
/// mistaken for a router that has gone.
pub(crate) fn patient_instance(priority: u8) -> String {
    instance_every(3, priority)
}

fn instance_every(seconds: u8, priority: u8) -> String {
    format!(
        "vrrp_instance VI_1 {{\n interface eth0\n virtual_router_id 51\n version 3\n \
         priority {priority}\n advert_int {seconds}\n \
         virtual_ipaddress {{\n  {VIRTUAL_ADDRESS}\n }}\n}}\n"
    )
}

/// A service with servers that nobody checks, each with its weight.
pub(crate) fn service(weights: &[(&str, u16)]) -> String {
    let servers = weights
        .iter()
        .map(|(server, weight)| format!(" real_server {server} 80 {{\n  weight {weight}\n }}\n"));
    format!(
        "virtual_server {VIRTUAL_ADDRESS} 80 {{\n protocol TCP\n lb_algo wrr\n lb_kind NAT\n{}}}\n",
        servers.collect::<String>()
    )
}

pub(crate) fn start(host: &Host, configuration: &str) -> Process {
    host.spawn_keepalived("program", director(), configuration).unwrap()
}

/// Starts a director with further options.
pub(crate) fn start_with(host: &Host, configuration: &str, options: &[&str]) -> Process {
    let folder = host.folder().display();
    let configuration = host.write("keepalived.conf", configuration).unwrap().display().to_string();
    let words = [
        "--use-file".to_owned(),
        configuration,
        format!("--pid={folder}/program-main.pid"),
        format!("--vrrp_pid={folder}/program-vrrp.pid"),
        format!("--checkers_pid={folder}/program-checkers.pid"),
    ];
    let options = options.iter().map(|option| (*option).to_owned());
    let words: Vec<_> = words.into_iter().chain(options).collect();
    host.spawn("program", director(), words).unwrap()
}

/// The process that does the work for a director.
pub(crate) fn worker(host: &Host) -> Pid {
    let file = host.folder().join("program-vrrp.pid");
    let mut pid = None;
    // One that starts empties the file before it writes.
    wait_until(PATIENCE, "a worker has written its process id", || {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        pid = text.trim().parse().ok().and_then(Pid::from_raw);
        pid.is_some()
    })
    .unwrap();
    pid.unwrap()
}

/// Kills the worker of a director that is MASTER, and waits until another one is in its place.
pub(crate) fn replace_worker(host: &Host) {
    let before = worker(host);
    kill_process(before, Signal::KILL).unwrap();
    wait_until(PATIENCE, "another worker is MASTER", || {
        worker(host) != before
            && ask(host, &["status"]).is_ok_and(|status| status.contains("VI_1  MASTER"))
    })
    .unwrap();
}

/// Starts a director that hears another one, and waits until it listens.
pub(crate) fn start_backup(host: &Host, configuration: &str) -> Process {
    let backup = start(host, configuration);
    let listens = || backup.log().contains("Entering BACKUP STATE");
    wait_until(PATIENCE, "the other listens", listens).unwrap();
    backup
}

pub(crate) fn director() -> PathBuf {
    binary("director").unwrap()
}

/// Asks the director on a host.
pub(crate) fn ask(host: &Host, words: &[&str]) -> Result<String, LabError> {
    ask_as(host, &host.folder().join("program-main.pid"), words)
}

/// Asks the director that has a pid file.
pub(crate) fn ask_as(host: &Host, pid_file: &Path, words: &[&str]) -> Result<String, LabError> {
    let pid_file = pid_file.display().to_string();
    host.run(director(), [words, &["--pid", &pid_file]].concat())
}

pub(crate) fn wait_for_address(host: &Host) {
    let has = || host.has_address(VIRTUAL_ADDRESS).unwrap();
    wait_until(PATIENCE, format!("{} has the address", host.name()), has).unwrap();
}

/// The advertisements of a router.
pub(crate) fn advertisements(captured: &Captured, from: &str) -> Vec<Advertisement> {
    let from: IpAddr = from.parse().unwrap();
    let all = captured.frames.iter().filter_map(Frame::advertisement);
    all.filter(|sent| sent.source == from).collect()
}
