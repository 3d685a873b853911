//! The programs that are compared, given the same work.

use std::fmt::Write;
use std::fs;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use clap::Args;
use steadfast_lab::{Host, Process, this_program};
use steadfast_vrrp::router::VirtualAddresses;
use steadfast_vrrp::{AdverInterval, Config, Priority, Vrid};
use steadfast_vrrp_linux::{Instance, RealtimePriority, spawn};

use crate::Outcome;

/// Who does the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    Steadfast,
    Keepalived,
}

impl Program {
    pub(crate) const ALL: [Self; 2] = [Self::Steadfast, Self::Keepalived];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Steadfast => "steadfast",
            Self::Keepalived => "keepalived",
        }
    }

    /// Starts it on a host.
    pub(crate) fn start(self, host: &Host, work: &Options) -> Outcome<Process> {
        match self {
            Self::Steadfast => Ok(host.spawn(self.name(), this_program()?, work.arguments())?),
            Self::Keepalived => {
                let configuration = host.write("keepalived.conf", &work.keepalived_conf())?;
                // It takes a killed predecessor for alive until init has reaped that.
                for stale in ["main.pid", "vrrp.pid"] {
                    match fs::remove_file(host.folder().join(stale)) {
                        Err(error) if error.kind() != ErrorKind::NotFound => {
                            return Err(error.into());
                        }
                        _ => {}
                    }
                }
                let own = |name: &str| host.folder().join(name).display().to_string();
                let (main, vrrp) = (own("main.pid"), own("vrrp.pid"));
                let file = configuration.display().to_string();
                let arguments =
                    ["--dont-fork", "--vrrp", "-f", &file, "-p", &main, "-r", &vrrp, "-l"];
                Ok(host.spawn(self.name(), "keepalived", arguments)?)
            }
        }
    }
}

/// The virtual routers of one host: VRRPv3 over IPv4, the same VRIDs on each of its interfaces.
#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// Interfaces eth0, eth1 and so on.
    #[arg(long, default_value_t = 1)]
    pub(crate) interfaces: u8,
    /// VRIDs on each of them.
    #[arg(long, default_value_t = 1)]
    pub(crate) vrids: u8,
    /// Priority.
    #[arg(long, default_value_t = 100)]
    pub(crate) priority: u8,
    /// Centiseconds between advertisements.
    #[arg(long, default_value_t = 100)]
    pub(crate) centis: u16,
    /// Round-robin real-time priority and locked memory.
    #[arg(long)]
    pub(crate) realtime: bool,
}

/// The virtual address of a VRID on an interface.
pub(crate) fn virtual_address(interface: u8, vrid: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, interface, 1, vrid)
}

impl Options {
    pub(crate) fn routers(&self) -> impl Iterator<Item = (u8, u8)> {
        let vrids = self.vrids;
        (0..self.interfaces).flat_map(move |interface| (1..=vrids).map(move |id| (interface, id)))
    }

    fn arguments(&self) -> Vec<String> {
        let Self { interfaces, vrids, priority, centis, realtime } = self;
        let mut arguments = vec!["speak".to_owned()];
        for (option, value) in [
            ("interfaces", u16::from(*interfaces)),
            ("vrids", u16::from(*vrids)),
            ("priority", u16::from(*priority)),
            ("centis", *centis),
        ] {
            arguments.push(format!("--{option}={value}"));
        }
        arguments.extend(realtime.then(|| "--realtime".to_owned()));
        arguments
    }

    fn keepalived_conf(&self) -> String {
        let Self { priority, centis, realtime, .. } = self;
        let interval = f64::from(*centis) / 100.0;
        let mut text = "global_defs {\n    vrrp_version 3\n".to_owned();
        if *realtime {
            text += "    vrrp_rt_priority 50\n    vrrp_no_swap\n";
        }
        text += "}\n";
        for (interface, vrid) in self.routers() {
            let address = virtual_address(interface, vrid);
            // Writing to a string does not fail.
            let _written = write!(
                text,
                "vrrp_instance V{interface}_{vrid} {{
    interface eth{interface}
    virtual_router_id {vrid}
    priority {priority}
    advert_int {interval}
    virtual_ipaddress {{
        {address}/32
    }}
}}
"
            );
        }
        text
    }
}

/// Runs the virtual routers with Steadfast's driver until somebody kills it.
pub(crate) fn run(options: &Options) -> Outcome {
    let mut instances = Vec::new();
    for (interface, vrid) in options.routers() {
        let address = IpAddr::V4(virtual_address(interface, vrid));
        let config = Config::builder(Vrid::new(vrid)?, VirtualAddresses::new([address])?)
            .priority(Priority::new(options.priority)?)
            .interval(AdverInterval::from_centis(options.centis)?)
            .build()?;
        let device = format!("eth{interface}");
        instances.push(Instance::new(format!("V{interface}_{vrid}"), device, config));
    }
    let realtime = options.realtime.then(|| RealtimePriority::new(50)).transpose()?;
    let running = steadfast_vrrp_linux::Options {
        realtime,
        lock_memory: options.realtime,
        ..Default::default()
    };
    let (_handle, mut notices) = spawn(instances, running)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async { while notices.next().await.is_some() {} });
    Err("the driver has stopped".into())
}

/// How long a program may take to do what it is asked to do.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
