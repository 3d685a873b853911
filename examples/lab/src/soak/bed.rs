//! The network, its directors and servers, and what must hold when all is quiet.

use std::fmt;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use rustix::process::Signal;
use rustix::time::{ClockId, Timespec, clock_gettime, clock_settime};
use steadfast_lab::{
    Answer, Host, LabError, Network, Process, Topology, WebServer, binary, wait_until,
};

use super::fault::Fault;

pub(super) const DIRECTORS: [&str; 2] = ["d1", "d2"];
pub(super) const SERVERS: [&str; 3] = ["web1", "web2", "web3"];
const VIRTUAL_ADDRESS: &str = "10.77.0.100";
const SERVICE: (Ipv4Addr, u16) = (Ipv4Addr::new(10, 77, 0, 100), 80);
/// Until all is well again: an address is taken over after four seconds, a server checked within
/// four, a worker that crashes again and again started anew after some.
const PATIENCE: Duration = Duration::from_secs(90);
/// All must be well for this long.
const QUIET: Duration = Duration::from_secs(2);
const ANSWER: Duration = Duration::from_secs(3);

/// What a director can be told: which server is heavier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Variant(usize);

impl Variant {
    pub(super) fn any(random: &mut fastrand::Rng) -> Self {
        Self(random.usize(0..SERVERS.len()))
    }

    fn weights(self) -> impl Iterator<Item = (usize, u16)> {
        (0..SERVERS.len()).map(move |server| (server, if server == self.0 { 5 } else { 1 }))
    }

    /// What ipvsadm lists when all servers are well.
    fn table(self) -> Vec<String> {
        let mut lines = vec![format!("-A -t {VIRTUAL_ADDRESS}:80 -s wrr")];
        lines.extend(self.weights().map(|(server, weight)| {
            format!("-a -t {VIRTUAL_ADDRESS}:80 -r 10.78.0.1{}:80 -m -w {weight}", server + 1)
        }));
        lines
    }

    fn configuration(self, director: usize) -> String {
        let priority = if director == 0 { 150 } else { 100 };
        let servers = self.weights().map(|(server, weight)| {
            format!(
                "    real_server 10.78.0.1{} 80 {{\n        weight {weight}\n        HTTP_GET {{\n            \
                 url {{\n                path /\n                status_code 200\n            }}\n            \
                 connect_timeout 2\n            retry 1\n            delay_before_retry 1\n        }}\n    }}\n",
                server + 1
            )
        });
        let servers: String = servers.collect();
        format!(
            "vrrp_instance VI_1 {{\n    interface eth0\n    virtual_router_id 51\n    \
             priority {priority}\n    virtual_ipaddress {{\n        {VIRTUAL_ADDRESS}\n        \
             10.78.0.254/24 dev eth1\n    }}\n}}\n\
             virtual_server {VIRTUAL_ADDRESS} 80 {{\n    delay_loop 1\n    lb_algo wrr\n    \
             lb_kind NAT\n    protocol TCP\n{servers}}}\n"
        )
    }
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "configuration {}", self.0 + 1)
    }
}

/// What programs use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Use {
    pub(super) kib: u64,
    pub(super) descriptors: usize,
}

impl Use {
    pub(super) fn plus(self, other: Self) -> Self {
        Self { kib: self.kib + other.kib, descriptors: self.descriptors + other.descriptors }
    }

    pub(super) fn grown(self, times: f64) -> Self {
        Self { kib: (self.kib as f64 * times) as u64, ..self }
    }

    pub(super) fn exceeds(self, most: Self) -> bool {
        self.kib > most.kib || self.descriptors > most.descriptors
    }
}

impl fmt::Display for Use {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} KiB and {} descriptors", self.kib, self.descriptors)
    }
}

struct Director {
    process: Option<Process>,
    variant: Variant,
}

pub(super) struct Bed {
    // Programs end before the network they run in.
    directors: [Director; 2],
    servers: Vec<WebServer>,
    network: Network,
}

impl Bed {
    pub(super) fn new() -> Result<Self, LabError> {
        let network = topology().start()?;
        let servers = SERVERS.iter().map(|name| WebServer::start(network.host(name)?));
        let servers = servers.collect::<Result<_, _>>()?;
        let directors = [(); 2].map(|()| Director { process: None, variant: Variant(0) });
        let mut bed = Self { directors, servers, network };
        bed.heal()?;
        Ok(bed)
    }

    fn host(&self, director: usize) -> Result<&Host, LabError> {
        let name = DIRECTORS.get(director).copied().unwrap_or_default();
        self.network.host(name)
    }

    fn director(&mut self, director: usize) -> Option<&mut Director> {
        self.directors.get_mut(director)
    }

    /// Lets a fault happen. What is no longer there can no longer break.
    pub(super) fn suffer(&mut self, fault: Fault) -> Result<(), LabError> {
        match fault {
            Fault::Crash(director) => self.crash(director),
            Fault::PowerCut(director) => {
                let director = self.director(director).and_then(|d| d.process.take());
                director.map_or(Ok(()), |mut process| process.kill_with_children().map(drop))
            }
            Fault::Freeze(director, time) => self.freeze(director, time),
            Fault::Cut(director) => {
                self.network.cut(DIRECTORS.get(director).copied().unwrap_or_default(), "eth0")
            }
            Fault::Server(server, answer) => {
                if let Some(server) = self.servers.get(server) {
                    server.set(answer);
                }
                Ok(())
            }
            Fault::Reload(director, variant) => {
                if let Some(director) = self.director(director) {
                    director.variant = variant;
                }
                self.reload(director, &variant.configuration(director))
            }
            Fault::WrongReload(director) => self.reload(director, "vrrp_instance {\n nonsense\n"),
            Fault::Clear(director) => self.host(director)?.run("ipvsadm", ["-C"]).map(drop),
            Fault::RemoveAddress(director) => {
                let host = self.host(director)?;
                if host.has_address(VIRTUAL_ADDRESS)? {
                    let address = format!("{VIRTUAL_ADDRESS}/32");
                    // It may go by itself in between.
                    let _gone = host.run("ip", ["addr", "del", &address, "dev", "eth0"]);
                }
                Ok(())
            }
            Fault::Clock(seconds) => step_clock(seconds),
        }
    }

    fn crash(&mut self, director: usize) -> Result<(), LabError> {
        let Some(process) = self.director(director).and_then(|d| d.process.as_ref()) else {
            return Ok(());
        };
        let family = process.family();
        for child in family.pids().get(1..).unwrap_or_default() {
            steadfast_lab::Family::of(*child).signal(Signal::KILL)?;
        }
        Ok(())
    }

    fn freeze(&mut self, director: usize, time: Duration) -> Result<(), LabError> {
        let Some(process) = self.director(director).and_then(|d| d.process.as_ref()) else {
            return Ok(());
        };
        let family = process.family();
        family.signal(Signal::STOP)?;
        std::thread::sleep(time);
        family.signal(Signal::CONT)
    }

    fn reload(&self, director: usize, configuration: &str) -> Result<(), LabError> {
        self.host(director)?.write("keepalived.conf", configuration)?;
        match self.directors.get(director).and_then(|d| d.process.as_ref()) {
            Some(process) => process.signal(Signal::HUP),
            None => Ok(()),
        }
    }

    /// Puts back all that was broken from outside; the rest is for the directors.
    pub(super) fn heal(&mut self) -> Result<(), LabError> {
        for server in &self.servers {
            server.set(Answer::WELL);
        }
        let program = binary("director")?;
        for (index, name) in DIRECTORS.iter().enumerate() {
            self.network.mend(name, "eth0")?;
            let Some(director) = self.directors.get_mut(index) else { continue };
            let configuration = director.variant.configuration(index);
            let host = self.network.host(name)?;
            if let Some(process) = &mut director.process
                && process.is_running()
            {
                // What it was given last may have been nonsense.
                host.write("keepalived.conf", &configuration)?;
                process.signal(Signal::HUP)?;
                continue;
            }
            let process = host.spawn_keepalived("director", &program, &configuration)?;
            director.process = Some(process);
        }
        Ok(())
    }

    /// Waits until everything is as it should be, and stays so.
    pub(super) fn settle(&mut self) -> Result<Duration, LabError> {
        let mut well_since = None;
        let mut wrong = String::new();
        let waited = wait_until(PATIENCE, "all is well", || {
            wrong =
                self.wrong().unwrap_or_else(|error| Some(error.to_string())).unwrap_or_default();
            if !wrong.is_empty() {
                well_since = None;
                return false;
            }
            well_since.get_or_insert_with(std::time::Instant::now).elapsed() >= QUIET
        });
        waited.map(|waited| waited.saturating_sub(QUIET)).map_err(|error| LabError::Failed {
            command: "settling".to_owned(),
            status: error.to_string(),
            output: format!("{wrong}\n{}", self.logs()),
        })
    }

    /// What is not as it should be.
    fn wrong(&mut self) -> Result<Option<String>, LabError> {
        for (index, name) in DIRECTORS.iter().enumerate() {
            let Some(director) = self.directors.get_mut(index) else { continue };
            if !director.process.as_mut().is_some_and(Process::is_running) {
                return Ok(Some(format!("{name} does not run")));
            }
            let expected = director.variant.table();
            let host = self.network.host(name)?;
            let shown = host.run("ipvsadm", ["-Sn"])?;
            let mut listed: Vec<_> = shown.lines().map(|line| line.trim().to_owned()).collect();
            listed.sort();
            if listed != expected {
                return Ok(Some(format!("{name} lists {listed:#?} instead of {expected:#?}")));
            }
            for address in [VIRTUAL_ADDRESS, "10.78.0.254"] {
                if host.has_address(address)? != (index == 0) {
                    return Ok(Some(format!("{address} is not where it should be: on {name}")));
                }
            }
        }
        Ok(self.fetch()?.err().map(|error| format!("the client gets no answer: {error}")))
    }

    fn fetch(&self) -> Result<std::io::Result<()>, LabError> {
        self.network.host("client")?.enter(|| {
            let mut stream = TcpStream::connect_timeout(&SocketAddr::from(SERVICE), ANSWER)?;
            stream.set_read_timeout(Some(ANSWER))?;
            stream.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            let well = answer.ends_with("well\n");
            well.then_some(()).ok_or_else(|| std::io::Error::other(answer))
        })
    }

    /// What the directors use together.
    pub(super) fn usage(&self) -> Result<Use, LabError> {
        let mut all = Use { kib: 0, descriptors: 0 };
        for process in self.directors.iter().filter_map(|director| director.process.as_ref()) {
            let family = process.family();
            all = all.plus(Use { kib: family.memory()?, descriptors: family.descriptors()? });
        }
        Ok(all)
    }

    /// The ends of what the directors have said.
    fn logs(&self) -> String {
        const LINES: usize = 60;
        let logs = DIRECTORS.iter().zip(&self.directors).map(|(name, director)| {
            let log = director.process.as_ref().map(Process::log).unwrap_or_default();
            let lines: Vec<_> = log.lines().collect();
            let last = lines.get(lines.len().saturating_sub(LINES)..).unwrap_or_default();
            format!("---- {name} said at last ----\n{}\n", last.join("\n"))
        });
        logs.collect()
    }
}

fn topology() -> Topology {
    let topology = Topology::new()
        .bridge("lan")
        .bridge("back")
        .host("client", |host| host.link("eth0", "lan", "10.77.0.9/24"));
    let topology = DIRECTORS.iter().zip(1..).fold(topology, |topology, (name, number)| {
        topology.host(name, |host| {
            host.sysctl("net.ipv4.ip_forward", "1")
                .link("eth0", "lan", &format!("10.77.0.{number}/24"))
                .link("eth1", "back", &format!("10.78.0.{number}/24"))
        })
    });
    SERVERS.iter().zip(11..).fold(topology, |topology, (name, number)| {
        topology.host(name, |host| {
            host.link("eth0", "back", &format!("10.78.0.{number}/24"))
                .ip("route add default via 10.78.0.254")
        })
    })
}

/// Only where the clock is nobody else's: on the lab's own kernel.
fn step_clock(seconds: i64) -> Result<(), LabError> {
    let reading = |source| LabError::Io { what: "reading /proc/cpuinfo".to_owned(), source };
    let processor = std::fs::read_to_string("/proc/cpuinfo").map_err(reading)?;
    if !processor.contains("User Mode Linux") {
        return Ok(());
    }
    let now = clock_gettime(ClockId::Realtime);
    let stepped = Timespec { tv_sec: now.tv_sec.saturating_add(seconds), ..now };
    clock_settime(ClockId::Realtime, stepped).map_err(|errno| LabError::Io {
        what: "setting the clock".to_owned(),
        source: errno.into(),
    })
}
