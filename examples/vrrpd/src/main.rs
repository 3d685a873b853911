//! The smallest honest VRRP daemon: one virtual router from the command line.
//!
//! ```console
//! # vrrpd --interface eth0 --vrid 51 --priority 100 192.0.2.100/24
//! ```

use std::error::Error;
use std::net::IpAddr;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use steadfast_vrrp::packet::{Authentication, Password};
use steadfast_vrrp::router::VirtualAddresses;
use steadfast_vrrp::{AdverInterval, Config, Priority, Version, Vrid};
use steadfast_vrrp_linux::{Instance, Notice, Options, VirtualAddress, spawn};
use tokio::signal::unix::{SignalKind, signal};

#[derive(Parser)]
#[command(name = "vrrpd", about = "One virtual router on one interface (RFC 9568, RFC 3768)")]
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
    /// Leave a living Active router of lower priority alone.
    #[arg(long)]
    nopreempt: bool,
    /// The virtual addresses, with or without the length of their prefix.
    #[arg(required = true)]
    addresses: Vec<String>,
}

fn instance(arguments: &Arguments) -> Result<Instance, Box<dyn Error>> {
    let addresses =
        arguments.addresses.iter().map(|text| address(text)).collect::<Result<Vec<_>, _>>()?;
    let advertised = VirtualAddresses::new(addresses.iter().map(|address| address.address))?;
    let interval = Duration::try_from_secs_f64(arguments.advert_int)?;
    let authentication = match &arguments.auth_pass {
        Some(password) => Authentication::SimplePassword(Password::new(password.as_bytes())?),
        None => Authentication::None,
    };
    let config = Config::builder(Vrid::new(arguments.vrid)?, advertised)
        .version(if arguments.protocol == 2 { Version::V2 } else { Version::V3 })
        .priority(Priority::new(arguments.priority)?)
        .interval(AdverInterval::try_from(interval)?)
        .authentication(authentication)
        .preempt(!arguments.nopreempt)
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

async fn run() -> Result<(), Box<dyn Error>> {
    let instance = instance(&Arguments::parse())?;
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let (handle, mut notices) = spawn(vec![instance], Options::default())?;
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

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("vrrpd: {error}");
            ExitCode::FAILURE
        }
    }
}
