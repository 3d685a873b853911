//! One of two equal networks, and what can be done in it.
//!
//! ```text
//!            lan 10.77.0.0/24, fd77::/64            back 10.78.0.0/24
//!   peer .2 ───────────┬─────────── .1 dut .1 ───────────┬─── web1 .11
//!                                  eth0   eth1           └─── web2 .12
//! ```

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, Permissions, set_permissions};
use std::io::{ErrorKind, Read};
use std::net::IpAddr;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, OFlags, mknodat};
use rustix::process::Signal;
use steadfast_lab::{
    Answer, Capture, Host, Network, Process, Topology, WebServer, binary, wait_until,
};
use steadfast_vrrp::MacAddress;

use crate::observe::{self, Observation, Watched};
use crate::wire;

/// How long a program may take to end.
const PATIENCE: Duration = Duration::from_secs(60);
const PEER: [&str; 2] = ["10.77.0.2", "fd77::2"];

#[derive(Debug, Clone, Copy)]
pub(crate) enum Program {
    Keepalived,
    Director,
}

pub(crate) fn network() -> Network {
    let web = |topology: Topology, name, address| {
        topology.host(name, |host| host.link("eth0", "back", address))
    };
    let topology = Topology::new()
        .bridge("lan")
        .bridge("back")
        .host("dut", |host| {
            host.sysctl("net.ipv6.conf.eth0.accept_dad", "0")
                .sysctl("net.ipv6.conf.default.accept_dad", "0")
                .sysctl("net.ipv6.conf.all.forwarding", "1")
                .link("eth0", "lan", "10.77.0.1/24")
                .link("eth1", "back", "10.78.0.1/24")
                .sysctl("net.ipv6.conf.all.addr_gen_mode", "1")
                .ip("addr add fd77::1/64 dev eth0")
                .ip("addr add fe80::1/64 dev eth0")
        })
        .host("peer", |host| {
            host.sysctl("net.ipv6.conf.eth0.accept_dad", "0")
                .link("eth0", "lan", "10.77.0.2/24")
                .ip("addr add fd77::2/64 dev eth0")
        });
    web(web(topology, "web1", "10.78.0.11/24"), "web2", "10.78.0.12/24").start().unwrap()
}

pub(crate) struct Scene<'a> {
    network: &'a Network,
    capture: &'a Capture<'a>,
    program: Program,
    running: Option<Process>,
    peer: Option<Process>,
    web: BTreeMap<&'static str, WebServer>,
    fifo: File,
    lines: Vec<u8>,
    macs: [MacAddress; 2],
    /// Where the present step begins.
    first_frame: usize,
    first_call: usize,
}

impl<'a> Scene<'a> {
    pub(crate) fn new(network: &'a Network, capture: &'a Capture<'a>, program: Program) -> Self {
        let folder = network.host("dut").unwrap().folder().to_owned();
        let mac = |host| mac_of(network.host(host).unwrap(), "eth0");
        let scene = Self {
            network,
            capture,
            program,
            running: None,
            peer: None,
            web: BTreeMap::new(),
            fifo: fifo(&folder.join("fifo")),
            lines: Vec::new(),
            macs: [mac("dut"), mac("peer")],
            first_frame: 0,
            first_call: 0,
        };
        scene.write_program("notify", "#!/bin/sh\necho \"$@\" >> FOLDER/calls\n");
        scene
    }

    fn dut(&self) -> &'a Host {
        self.network.host("dut").unwrap()
    }

    /// The text with the path of the program's own folder for `FOLDER`. There are a script `notify`,
    /// which notes its arguments, and a FIFO `fifo`.
    pub(crate) fn filled_in(&self, text: &str) -> String {
        text.replace("FOLDER", &self.dut().folder().to_string_lossy())
    }

    pub(crate) fn start(&mut self, configuration: &str) {
        let path = match self.program {
            Program::Keepalived => "/usr/sbin/keepalived".into(),
            Program::Director => binary("director").unwrap(),
        };
        let configuration = self.filled_in(configuration);
        let running = self.dut().spawn_keepalived("program", path, &configuration).unwrap();
        self.running = Some(running);
    }

    pub(crate) fn stop(&mut self) {
        self.running.take().unwrap().terminate(PATIENCE).unwrap();
    }

    /// Unless it was stopped, it runs.
    pub(crate) fn assert_alive(&mut self) {
        let alive = self.running.as_mut().is_none_or(Process::is_running);
        assert!(alive, "{:?} has ended", self.program);
    }

    /// Another configuration takes the place of the one that runs.
    pub(crate) fn reload(&self, configuration: &str) {
        self.write("keepalived.conf", configuration);
        self.running.as_ref().unwrap().signal(Signal::HUP).unwrap();
    }

    /// keepalived in both networks.
    pub(crate) fn start_peer(&mut self, configuration: &str) {
        let peer = self.network.host("peer").unwrap();
        let running = peer.spawn_keepalived("peer", "/usr/sbin/keepalived", configuration).unwrap();
        self.peer = Some(running);
    }

    pub(crate) fn stop_peer(&mut self) {
        self.peer.take().unwrap().terminate(PATIENCE).unwrap();
    }

    /// The peer is MASTER; wherever else there is one.
    pub(crate) fn await_peer(&self) {
        let peer = self.network.host("peer").unwrap();
        let is_master = || peer.has_address("10.77.0.100").unwrap();
        wait_until(PATIENCE, "the peer is MASTER", is_master).unwrap();
    }

    /// The peer hears nobody, and nobody it.
    pub(crate) fn isolate_peer(&self) {
        self.network.isolate("peer", "eth0").unwrap();
    }

    pub(crate) fn reunite_peer(&self) {
        self.network.reunite("peer", "eth0").unwrap();
    }

    /// The peer is gone without a word.
    pub(crate) fn kill_peer(&mut self) {
        self.peer.take().unwrap().kill_with_children().unwrap();
    }

    pub(crate) fn cut(&self, link: &str) {
        self.network.cut("dut", link).unwrap();
    }

    pub(crate) fn mend(&self, link: &str) {
        self.network.mend("dut", link).unwrap();
    }

    /// `ip ARGUMENTS` on the machine of the program.
    pub(crate) fn ip(&self, arguments: &str) {
        self.run("ip", arguments);
    }

    pub(crate) fn run(&self, program: &str, arguments: &str) {
        let arguments: Vec<_> = arguments.split_whitespace().collect();
        self.dut().run(program, arguments).unwrap();
    }

    pub(crate) fn write(&self, name: &str, content: &str) {
        self.dut().write(name, &self.filled_in(content)).unwrap();
    }

    pub(crate) fn write_program(&self, name: &str, content: &str) {
        self.write(name, content);
        let path = self.dut().folder().join(name);
        set_permissions(path, Permissions::from_mode(0o755)).unwrap();
    }

    pub(crate) fn remove(&self, name: &str) {
        std::fs::remove_file(self.dut().folder().join(name)).unwrap();
    }

    /// The web server of a host, which answers well.
    pub(crate) fn web_up(&mut self, host: &'static str) {
        self.web.insert(host, WebServer::start(self.network.host(host).unwrap()).unwrap());
    }

    pub(crate) fn web_down(&mut self, host: &'static str) {
        self.web.remove(host).unwrap();
    }

    pub(crate) fn web_answers(&self, host: &'static str, status: u16, body: &'static str) {
        self.web[host].set(Answer::Page(status, body));
    }

    /// From here on counts what passes, is called and is written.
    pub(crate) fn begin_step(&mut self) {
        self.first_frame = self.capture.frames().unwrap().len();
        self.first_call = self.calls().len();
        self.read_fifo();
        self.lines.clear();
    }

    pub(crate) fn observe(&mut self, watched: &[Watched]) -> Observation {
        let mut seen = Observation::default();
        for watched in watched {
            let (what, lines) = self.look(*watched);
            seen.add(what, lines);
        }
        seen
    }

    fn look(&mut self, watched: Watched) -> (&'static str, Vec<String>) {
        let dut = self.dut();
        match watched {
            Watched::Addresses => ("addresses", observe::addresses(dut)),
            Watched::Links => ("links", observe::links(dut)),
            Watched::Routes => ("routes", observe::routes(dut)),
            Watched::Rules => ("rules", observe::rules(dut)),
            Watched::Table => ("table", observe::ipvsadm(dut, &["-Sn"])),
            Watched::Thresholds => ("thresholds", observe::ipvsadm(dut, &["-ln", "--thresholds"])),
            Watched::SyncDaemons => ("daemons", observe::ipvsadm(dut, &["-ln", "--daemon"])),
            Watched::Timeouts => ("timeouts", observe::ipvsadm(dut, &["-ln", "--timeout"])),
            Watched::Advertisements => {
                let frames = self.capture.frames().unwrap();
                let peers: [IpAddr; 2] = PEER.map(|address| address.parse().unwrap());
                let lines = wire::advertisements(&frames, self.first_frame, &peers);
                ("advertisements", lines)
            }
            Watched::Announcements => {
                let frames = self.capture.frames().unwrap();
                let [own, peer] = self.macs;
                ("announcements", wire::announcements(&frames[self.first_frame..], own, peer))
            }
            Watched::Calls => {
                // keepalived starts its scripts all at once.
                let mut new = self.calls().split_off(self.first_call);
                new.sort();
                ("calls", new)
            }
            Watched::Fifo => {
                self.read_fifo();
                let text = String::from_utf8_lossy(&self.lines).replace('\0', "\\0");
                let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
                // keepalived's processes for VRRP and for servers know nothing of each other.
                lines.sort_by_key(|line| {
                    !line.starts_with("INSTANCE") && !line.starts_with("GROUP")
                });
                ("fifo", lines)
            }
        }
    }

    fn calls(&self) -> Vec<String> {
        let folder = self.dut().folder();
        let text = std::fs::read_to_string(folder.join("calls")).unwrap_or_default();
        let folder = folder.to_string_lossy();
        text.lines().map(|line| line.replace(&*folder, "FOLDER")).collect()
    }

    fn read_fifo(&mut self) {
        let mut bytes = [0; 4096];
        loop {
            match self.fifo.read(&mut bytes) {
                Ok(0) => return,
                Ok(length) => self.lines.extend_from_slice(&bytes[..length]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => panic!("reading the FIFO: {error}"),
            }
        }
    }
}

/// Makes a FIFO and opens it so that it has a reader from the beginning.
fn fifo(path: &Path) -> File {
    mknodat(CWD, path, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    let nonblocking = i32::try_from(OFlags::NONBLOCK.bits()).unwrap();
    OpenOptions::new().read(true).write(true).custom_flags(nonblocking).open(path).unwrap()
}

fn mac_of(host: &Host, link: &str) -> MacAddress {
    let shown = host.run("ip", ["-oneline", "link", "show", "dev", link]).unwrap();
    let mut words = shown.split_whitespace().skip_while(|word| *word != "link/ether");
    let octets: Vec<u8> = words
        .nth(1)
        .unwrap()
        .split(':')
        .map(|octet| u8::from_str_radix(octet, 16).unwrap())
        .collect();
    MacAddress(octets.try_into().unwrap())
}
