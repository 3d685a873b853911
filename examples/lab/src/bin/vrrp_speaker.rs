//! `vrrp-speaker`: one virtual router with whatever the lab's tests need of the driver. A daemon that
//! one would write is `examples/vrrpd`.

use std::error::Error;
use std::io::stdin;
use std::net::IpAddr;
use std::os::fd::AsFd;
use std::process::{Command, ExitCode};
use std::time::Duration;

use clap::Parser;
use steadfast_vrrp::packet::{Authentication, Password};
use steadfast_vrrp::router::{Destination, VirtualAddresses};
use steadfast_vrrp::{AdverInterval, Config, Priority, Version, Vrid};
use steadfast_vrrp_linux::{
    Executor, Guard, Instance, Notice, Options, VirtualAddress, VirtualMac, run_if_guard, spawn,
};
use tokio::signal::unix::{SignalKind, signal};

#[derive(Parser)]
#[command(name = "vrrp-speaker", about = "One virtual router on one interface, for tests")]
struct Arguments {
    /// The interface to send and listen on.
    #[arg(long)]
    interface: String,
    /// Virtual router identifier, 1 to 255.
    #[arg(long)]
    vrid: u8,
    /// Priority, 1 to 254; 255 if the addresses are this machine's own.
    #[arg(long, default_value_t = 100)]
    priority: u8,
    /// Seconds between advertisements: 0.01 to 40.95, whole ones with version 2.
    #[arg(long, default_value_t = 1.0)]
    advert_int: f64,
    /// Version of the protocol, 2 or 3.
    #[arg(long, alias = "version", default_value_t = 3, value_parser = clap::value_parser!(u8).range(2..=3))]
    protocol: u8,
    /// Password of at most 8 bytes, with version 2.
    #[arg(long)]
    auth_pass: Option<String>,
    /// The password is the key of an Authentication Header.
    #[arg(long, requires = "auth_pass")]
    auth_header: bool,
    /// Leave a living Active router of lower priority alone.
    #[arg(long)]
    nopreempt: bool,
    /// Speak to this router alone, and to others that are given likewise.
    #[arg(long)]
    unicast_peer: Vec<IpAddr>,
    /// Seconds within which a supervisor starts it again after a crash: for so long nobody is told
    /// that it has died.
    #[arg(long)]
    restarted_within: Option<f64>,
    /// Be the supervisor of another one like this, which is started again so many times.
    #[arg(long)]
    supervise: Option<u32>,
    /// Standard input is the supervisor.
    #[arg(long, hide = true)]
    supervised: bool,
    /// Give the virtual router a MAC address of its own, on an interface vrrp.VRID.
    #[arg(long)]
    use_vmac: bool,
    /// The virtual addresses, with or without the length of their prefix.
    #[arg(required = true)]
    addresses: Vec<String>,
}

fn instance(arguments: &Arguments) -> Result<Instance, Box<dyn Error>> {
    let addresses =
        arguments.addresses.iter().map(|text| address(text)).collect::<Result<Vec<_>, _>>()?;
    let advertised = VirtualAddresses::new(addresses.iter().map(|address| address.address))?;
    let interval = Duration::try_from_secs_f64(arguments.advert_int)?;
    let mut config = Config::builder(Vrid::new(arguments.vrid)?, advertised)
        .version(if arguments.protocol == 2 { Version::V2 } else { Version::V3 })
        .priority(Priority::new(arguments.priority)?)
        .interval(AdverInterval::try_from(interval)?)
        .preempt(!arguments.nopreempt);
    if let Some(password) = &arguments.auth_pass {
        let password = Password::new(password.as_bytes())?;
        config = match arguments.auth_header {
            true => config.authentication_header(password),
            false => config.authentication(Authentication::SimplePassword(password)),
        };
    }
    if !arguments.unicast_peer.is_empty() {
        config = config.destination(Destination::unicast(arguments.unicast_peer.iter().copied()));
    }
    let config = config.build()?;
    let name = format!("VRID {}", arguments.vrid);
    let virtual_mac = arguments.use_vmac.then(|| VirtualMac::new(config.vrid(), config.family()));
    Ok(Instance { addresses, virtual_mac, ..Instance::new(name, &arguments.interface, config) })
}

fn address(text: &str) -> Result<VirtualAddress, Box<dyn Error>> {
    let Some((address, prefix_len)) = text.split_once('/') else {
        return Ok(VirtualAddress::new(text.parse()?));
    };
    let address: IpAddr = address.parse()?;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    match prefix_len.parse() {
        Ok(prefix_len) if prefix_len <= longest => {
            Ok(VirtualAddress { prefix_len, ..VirtualAddress::new(address) })
        }
        _ => Err(format!("{text}: a prefix length is 0 to {longest}").into()),
    }
}

/// A guard that waits for a restart, if one is to be expected.
fn patient(guard: Guard, arguments: &Arguments) -> Result<Guard, Box<dyn Error>> {
    if arguments.supervised {
        return Ok(guard.supervised(stdin().as_fd().try_clone_to_owned()?));
    }
    let Some(seconds) = arguments.restarted_within else { return Ok(guard) };
    let name = format!("speaker on {} for {}", arguments.interface, arguments.vrid);
    Ok(guard.stand_aside(name, Duration::try_from_secs_f64(seconds)?))
}

fn report(Notice { instance, kind, .. }: &Notice) {
    match instance.as_str() {
        "" => eprintln!("{kind}"),
        instance => eprintln!("{instance}: {kind}"),
    }
}

/// Starts another one like this, and again when it dies, so many times; then gives up for it.
fn supervise(mut restarts: u32) -> Result<(), Box<dyn Error>> {
    let mut executor = Executor::default();
    loop {
        let channel = executor.channel()?;
        let mut command = Command::new("/proc/self/exe");
        let mut child =
            command.args(std::env::args_os().skip(1)).arg("--supervised").stdin(channel).spawn()?;
        // It holds the channel, and so would keep the dead one's open.
        drop(command);
        eprintln!("supervising process {}", child.id());
        if child.wait()?.success() {
            return Ok(());
        }
        if restarts == 0 {
            eprintln!("gave up: {}", executor.give_up());
            return Ok(());
        }
        restarts -= 1;
    }
}

fn run(guard: Guard) -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    match arguments.supervise {
        Some(restarts) if !arguments.supervised => supervise(restarts),
        _ => speak(arguments, guard),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn speak(arguments: Arguments, guard: Guard) -> Result<(), Box<dyn Error>> {
    let instance = instance(&arguments)?;
    let options = Options { guard: Some(patient(guard, &arguments)?), ..Options::default() };
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let (handle, mut notices) = spawn(vec![instance], options)?;
    loop {
        tokio::select! {
            notice = notices.next() => match notice {
                Some(notice) => report(&notice),
                None => return Err("the driver has stopped".into()),
            },
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
        }
    }
    handle.shutdown().await?;
    while let Some(notice) = notices.next().await {
        report(&notice);
    }
    Ok(())
}

fn main() -> ExitCode {
    // First of all: it may be the guard's process.
    match run(run_if_guard()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("vrrp-speaker: {error}");
            ExitCode::FAILURE
        }
    }
}
