//! The smallest honest VRRP daemon: one virtual router from the command line.
//!
//! ```console
//! # vrrpd --interface eth0 --vrid 51 --priority 100 192.0.2.100/24
//! ```

use std::error::Error;
use std::net::IpAddr;
use std::process::ExitCode;

use clap::Parser;
use steadfast_vrrp::router::VirtualAddresses;
use steadfast_vrrp::{Config, Priority, Vrid};
use steadfast_vrrp_linux::{Guard, Instance, Notice, Options, VirtualAddress, run_if_guard, spawn};
use tokio::signal::unix::{SignalKind, signal};

#[derive(Parser)]
#[command(name = "vrrpd", about = "One virtual router on one interface (RFC 9568)")]
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
    /// The virtual addresses, with or without the length of their prefix.
    #[arg(required = true)]
    addresses: Vec<String>,
}

fn instance(arguments: &Arguments) -> Result<Instance, Box<dyn Error>> {
    let addresses =
        arguments.addresses.iter().map(|text| address(text)).collect::<Result<Vec<_>, _>>()?;
    let advertised = VirtualAddresses::new(addresses.iter().map(|address| address.address))?;
    let config = Config::builder(Vrid::new(arguments.vrid)?, advertised)
        .priority(Priority::new(arguments.priority)?)
        .build()?;
    let name = format!("VRID {}", arguments.vrid);
    Ok(Instance { addresses, ..Instance::new(name, &arguments.interface, config) })
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

fn report(Notice { instance, kind, .. }: &Notice) {
    match instance.as_str() {
        "" => eprintln!("{kind}"),
        instance => eprintln!("{instance}: {kind}"),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn run(guard: Guard) -> Result<(), Box<dyn Error>> {
    let instance = instance(&Arguments::parse())?;
    let options = Options { guard: Some(guard), ..Options::default() };
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
            eprintln!("vrrpd: {error}");
            ExitCode::FAILURE
        }
    }
}
