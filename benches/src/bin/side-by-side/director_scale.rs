//! Very many virtual servers: how long until the kernel has them all, how long until one changed
//! weight is in the kernel after SIGHUP, the memory of what runs then, and how late the advertisements
//! of a virtual router come meanwhile. Beside it another virtual router advertises, of a program that does
//! nothing else: what is late of both, the machine is to blame for.

mod lateness;

use std::fmt::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use clap::Args;
use rustix::process::Signal;
use steadfast_ipvs::{Client, DestinationKey, ServiceKey, Weight};
use steadfast_lab::{Family, Frame, Host, HostTopology, Topology};

use self::lateness::lateness;
use crate::Outcome;
use crate::speaker::{self, Program};

/// keepalived takes minutes where the kernel is slow.
const PATIENCE: Duration = Duration::from_secs(900);
/// What follows a start, or a reload, is not what is measured next.
const SETTLE: Duration = Duration::from_secs(5);
/// Whose advertisements are measured, and the virtual router beside it.
const VRID: u8 = 51;
const CONTROL: u8 = 1;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Virtual servers.
    #[arg(long, default_value_t = 2284)]
    services: u16,
    /// Real servers of all of them together.
    #[arg(long, default_value_t = 37_298)]
    servers: u32,
    /// The director.
    #[arg(long, default_value = "target/release/director")]
    director: PathBuf,
    /// Centiseconds between advertisements.
    #[arg(long, default_value_t = 10)]
    centis: u16,
    /// The same real-time priority for VRRP. Without, the director has the least, keepalived none.
    #[arg(long)]
    realtime: bool,
    /// How often, by turns.
    #[arg(long, default_value_t = 1)]
    rounds: u32,
    /// Without keepalived, which takes minutes.
    #[arg(long)]
    alone: bool,
}

pub(crate) fn run(options: &Options) -> Outcome {
    println!(
        "{} virtual servers, {} real servers, an advertisement every {} ms{}:",
        options.services,
        options.servers,
        options.interval().as_millis(),
        if options.realtime { ", real-time priority" } else { "" }
    );
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let director = options.director.canonicalize()?;
    for _ in 0..options.rounds {
        runtime.block_on(measure(options, "director", director.clone()))?;
        if !options.alone {
            runtime.block_on(measure(options, "keepalived", peer()))?;
        }
    }
    Ok(())
}

fn peer() -> PathBuf {
    "/usr/sbin/keepalived".into()
}

async fn measure(options: &Options, name: &str, program: PathBuf) -> Outcome {
    let link = |address| move |host: HostTopology| host.link("eth0", "lan", address);
    let network = Topology::new()
        .bridge("lan")
        .host("director", link("10.255.0.1/16"))
        .host("control", link("10.255.0.2/16"))
        .start()?;
    let host = network.host("director")?;
    let control = speaker::Options {
        interfaces: 1,
        vrids: CONTROL,
        priority: 200,
        centis: options.centis,
        realtime: true,
    };
    let _control = Program::Steadfast.start(network.host("control")?, &control)?;
    let mut client = Client::in_netns(host.namespace_path()).await?;
    let capture = network.capture_only("lan", "vrrp")?;

    let starting = since_1970()?;
    let begun = Instant::now();
    let mut running = host.spawn_keepalived(name, program, &configuration(options, 1))?;
    while !is_full(options, host, &mut client).await? {
        if begun.elapsed() > PATIENCE {
            return Err(format!("{name} does not fill the table:\n{}", running.log()).into());
        }
        sleep(Duration::from_millis(20));
    }
    let start = begun.elapsed();
    sleep(SETTLE);
    let family = Family::of(running.pid());
    println!(
        "{name:<12}{:>9.2} s until the table is full{:>9} KiB",
        start.as_secs_f64(),
        family.memory()?
    );

    host.write("keepalived.conf", &configuration(options, 2))?;
    let reloading = since_1970()?;
    let begun = Instant::now();
    running.signal(Signal::HUP)?;
    while weight(&mut client).await? != Weight::from(2) {
        if begun.elapsed() > PATIENCE {
            return Err(format!("{name} does not reload:\n{}", running.log()).into());
        }
        sleep(Duration::from_millis(5));
    }
    let reload = begun.elapsed();
    sleep(SETTLE);
    let frames = capture.finish()?.frames;
    running.kill_with_children()?;
    println!("{:12}{:>9.2} s to reload one weight", "", reload.as_secs_f64());
    let all = || frames.iter().filter_map(Frame::advertisement);
    let first = all().find(|one| one.vrid == VRID).ok_or("nothing was advertised")?.at;
    println!(
        "{:12}{:>9.2} s until the first advertisement",
        "",
        first.saturating_sub(starting).as_secs_f64()
    );
    for (period, from, until) in [("start", first, reloading), ("reload", reloading, Duration::MAX)]
    {
        for (whose, vrid) in [("", VRID), (" of the other", CONTROL)] {
            let during = all().filter(|one| one.vrid == vrid && (from..until).contains(&one.at));
            let late = lateness(&during.collect::<Vec<_>>(), options.interval());
            let late = late.ok_or("nothing was advertised")?;
            println!("{:12}{period}: ms that advertisements{whose} came late: {late}", "");
        }
    }
    Ok(())
}

fn since_1970() -> Outcome<Duration> {
    Ok(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?)
}

impl Options {
    fn interval(&self) -> Duration {
        Duration::from_millis(10) * self.centis.into()
    }
}

/// The last server is looked for first: to list all of them takes the kernel longer than a program that
/// is measured may take, and neither has the last one before it has most.
async fn is_full(options: &Options, host: &Host, client: &mut Client) -> Outcome<bool> {
    let last = ServiceKey::tcp(address(options.services.saturating_sub(1)), 80);
    let last_server = server(options.servers.saturating_sub(1));
    let servers = client.destinations(&last).await?;
    Ok(servers.iter().any(|(key, _)| key.address == last_server)
        && listed(host)? >= u64::from(options.servers))
}

/// Servers in the kernel's table.
fn listed(host: &Host) -> Outcome<u64> {
    let table = host.enter(|| std::fs::read_to_string("/proc/thread-self/net/ip_vs"))??;
    let lines = table.lines().filter(|line| line.starts_with("  -> ")).count();
    // One of them is the heading.
    Ok(u64::try_from(lines)?.saturating_sub(1))
}

fn address(service: u16) -> Ipv4Addr {
    let [high, low] = service.to_be_bytes();
    Ipv4Addr::new(10, 1, high, low)
}

fn server(number: u32) -> IpAddr {
    let [_, _, high, low] = number.to_be_bytes();
    Ipv4Addr::new(10, 2, high, low).into()
}

/// Of the first server of the first service.
async fn weight(client: &mut Client) -> Outcome<Weight> {
    let status = client.service(&ServiceKey::tcp(address(0), 80)).await?;
    let first = DestinationKey { address: server(0), port: 80 };
    let found = status.destinations.iter().find(|(key, _)| *key == first);
    Ok(found.map_or(Weight::ZERO, |(_, status)| status.destination.weight))
}

/// Nothing answers at the servers: they are checked when the measurement is long over.
fn configuration(options: &Options, first_weight: u16) -> String {
    let priority = if options.realtime { "    vrrp_rt_priority 50\n" } else { "" };
    let mut text = format!(
        "global_defs {{\n    router_id scale\n    vrrp_version 3\n{priority}}}\n\
         vrrp_instance VI_1 {{\n    interface eth0\n    virtual_router_id {VRID}\n    priority 200\n    \
         advert_int {}\n    virtual_ipaddress {{\n        10.255.1.1/32\n    }}\n}}\n",
        options.interval().as_secs_f64()
    );
    let mut next = 0;
    for service in 0..options.services {
        let last = u32::try_from(
            u64::from(options.servers) * (u64::from(service) + 1) / u64::from(options.services),
        )
        .unwrap_or(options.servers);
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "virtual_server {} 80 {{\n    delay_loop 600\n    lb_algo wlc\n    lb_kind NAT\n    \
             protocol TCP\n",
            address(service)
        );
        for number in next..last {
            let weight = if number == 0 { first_weight } else { 1 };
            let _ = write!(
                text,
                "    real_server {} 80 {{\n        weight {weight}\n        TCP_CHECK {{\n            \
                 connect_timeout 3\n        }}\n    }}\n",
                server(number)
            );
        }
        next = last;
        text.push_str("}\n");
    }
    text
}
