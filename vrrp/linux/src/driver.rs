//! The driver's thread and what its owner holds of it.

use std::collections::BTreeSet;
use std::io;
use std::net::IpAddr;
use std::thread::JoinHandle;

use steadfast_vrrp::router::FaultReason;
use steadfast_vrrp::{Family, Priority};
use tokio::sync::{mpsc, oneshot};

use crate::speaker::Speaker;
use crate::{Error, Instance, Notice, Snapshot};

/// What the owner asks of the driver.
#[derive(Debug)]
pub(crate) enum Command {
    SetPriority(String, Priority),
    Fault(String, FaultReason),
    ClearFault(String),
    Snapshot(oneshot::Sender<Vec<Snapshot>>),
    Stop,
}

/// A running driver. Dropping it stops the driver in order, and waits for that.
#[derive(Debug)]
pub struct Handle {
    names: BTreeSet<String>,
    commands: mpsc::UnboundedSender<Command>,
    thread: Option<JoinHandle<()>>,
}

/// What the driver reports, in order.
#[derive(Debug)]
pub struct Notices(mpsc::UnboundedReceiver<Notice>);

impl Notices {
    /// The next notice; `None` once the driver has stopped.
    pub async fn next(&mut self) -> Option<Notice> {
        self.0.recv().await
    }
}

/// Starts a driver for some instances, in the network namespace of the calling thread.
///
/// It runs on a thread of its own with a runtime of its own, so that nothing else in the program
/// can delay an advertisement. It returns once every instance has been started.
///
/// Notices are queued without bound: read them.
///
/// # Errors
///
/// When instances contradict each other, an interface is missing, or the system refuses sockets
/// (they need `CAP_NET_RAW` and `CAP_NET_ADMIN`).
pub fn spawn(instances: Vec<Instance>) -> Result<(Handle, Notices), Error> {
    check(&instances)?;
    let names = instances.iter().map(|instance| instance.name.clone()).collect();
    let (commands, inbox) = mpsc::unbounded_channel();
    let (notices, outbox) = mpsc::unbounded_channel();
    let (started, starting) = std::sync::mpsc::channel();
    let run = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
        let runtime = match runtime {
            Ok(runtime) => runtime,
            Err(error) => {
                let error = Error::system("making the driver's runtime")(error);
                return drop(started.send(Err(error)));
            }
        };
        runtime.block_on(async {
            match Speaker::start(instances, notices) {
                Ok(speaker) => {
                    // Nobody waits for it only if the owner's thread is gone; then so are we.
                    if started.send(Ok(())).is_ok() {
                        speaker.run(inbox).await;
                    }
                }
                Err(error) => drop(started.send(Err(error))),
            }
        });
    };
    let thread = std::thread::Builder::new()
        .name("vrrp".to_owned())
        .spawn(run)
        .map_err(Error::system("starting the driver's thread"))?;
    let handle = Handle { names, commands, thread: Some(thread) };
    match starting.recv() {
        Ok(Ok(())) => Ok((handle, Notices(outbox))),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(Error::Stopped),
    }
}

fn check(instances: &[Instance]) -> Result<(), Error> {
    for (position, second) in instances.iter().enumerate() {
        if second.config.family() == Family::Ipv6 {
            return Err(Error::Ipv6(second.name.clone()));
        }
        for first in instances.iter().take(position) {
            if first.name == second.name {
                return Err(Error::DuplicateName(first.name.clone()));
            }
            let vrid = second.config.vrid();
            if first.interface == second.interface && first.config.vrid() == vrid {
                return Err(Error::DuplicateVrid {
                    first: first.name.clone(),
                    second: second.name.clone(),
                    vrid: vrid.get(),
                    interface: second.interface.clone(),
                });
            }
            let taken: Vec<_> = places(first).collect();
            if let Some((address, interface)) = places(second).find(|at| taken.contains(at)) {
                return Err(Error::DuplicateAddress {
                    first: first.name.clone(),
                    second: second.name.clone(),
                    address,
                    interface: interface.clone(),
                });
            }
        }
    }
    Ok(())
}

/// Which addresses an instance has, and on which interface.
fn places(instance: &Instance) -> impl Iterator<Item = (IpAddr, &String)> {
    instance.addresses.iter().map(|held| (held.address, instance.interface_of(held)))
}

impl Handle {
    /// Sets the effective priority of an instance. That of an owner does not change, nor does
    /// another become the owner.
    ///
    /// # Errors
    ///
    /// [`Error::NoInstance`], [`Error::Stopped`].
    pub fn set_priority(&self, instance: &str, priority: Priority) -> Result<(), Error> {
        self.send(Command::SetPriority(self.named(instance)?, priority))
    }

    /// Puts an instance into Fault until [`clear_fault`](Self::clear_fault).
    ///
    /// # Errors
    ///
    /// [`Error::NoInstance`], [`Error::Stopped`].
    pub fn fault(&self, instance: &str, reason: FaultReason) -> Result<(), Error> {
        self.send(Command::Fault(self.named(instance)?, reason))
    }

    /// Takes back [`fault`](Self::fault); the instance starts again unless its interface is in the
    /// way.
    ///
    /// # Errors
    ///
    /// [`Error::NoInstance`], [`Error::Stopped`].
    pub fn clear_fault(&self, instance: &str) -> Result<(), Error> {
        self.send(Command::ClearFault(self.named(instance)?))
    }

    /// All instances as they are now.
    ///
    /// # Errors
    ///
    /// [`Error::Stopped`].
    pub async fn snapshot(&self) -> Result<Vec<Snapshot>, Error> {
        let (answer, answered) = oneshot::channel();
        self.send(Command::Snapshot(answer))?;
        answered.await.map_err(|_| Error::Stopped)
    }

    /// Stops all instances in order: Active ones say so with priority 0, then their addresses are
    /// removed. Returns when that is done; notices about it are there by then.
    ///
    /// # Errors
    ///
    /// When the driver's thread panicked.
    pub async fn shutdown(mut self) -> Result<(), Error> {
        // It may have stopped already, which is what is wanted.
        let _stopped_before = self.send(Command::Stop);
        let Some(thread) = self.thread.take() else { return Ok(()) };
        let panicked = |_| io::Error::other("the driver's thread panicked");
        let joined = tokio::task::spawn_blocking(|| thread.join());
        match joined.await {
            Ok(joined) => joined.map_err(panicked).map_err(Error::system("stopping the driver")),
            Err(error) => Err(Error::system("stopping the driver")(io::Error::other(error))),
        }
    }

    fn named(&self, instance: &str) -> Result<String, Error> {
        let name = self.names.get(instance);
        name.cloned().ok_or_else(|| Error::NoInstance(instance.to_owned()))
    }

    fn send(&self, command: Command) -> Result<(), Error> {
        self.commands.send(command).map_err(|_| Error::Stopped)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            let _stopped_before = self.send(Command::Stop);
            let _panicked = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use steadfast_vrrp::router::VirtualAddresses;
    use steadfast_vrrp::{Config, Vrid};

    use super::*;

    fn instance(name: &str, interface: &str, vrid: u8, address: &str) -> Instance {
        let addresses = VirtualAddresses::new([address.parse().unwrap()]).unwrap();
        let config = Config::builder(Vrid::new(vrid).unwrap(), addresses).build().unwrap();
        Instance::new(name, interface, config)
    }

    fn refusal(second: Instance) -> String {
        let first = instance("one", "eth0", 1, "192.0.2.1");
        check(&[first, second]).unwrap_err().to_string()
    }

    #[test]
    fn instances_that_have_nothing_in_common_are_accepted() {
        let others = [("eth0", 2, "192.0.2.2"), ("eth1", 1, "192.0.2.1")];
        for (interface, vrid, address) in others {
            let both = [
                instance("one", "eth0", 1, "192.0.2.1"),
                instance("two", interface, vrid, address),
            ];
            check(&both).unwrap();
        }
    }

    #[test]
    fn a_name_is_not_given_twice() {
        let second = instance("one", "eth1", 2, "192.0.2.2");
        assert_eq!(refusal(second), "two instances are named one");
    }

    #[test]
    fn a_virtual_router_is_on_an_interface_once() {
        let second = instance("two", "eth0", 1, "192.0.2.2");
        assert_eq!(refusal(second), "one and two are both virtual router 1 on eth0");
    }

    #[test]
    fn an_address_is_on_an_interface_once() {
        let mut second = instance("two", "eth1", 2, "192.0.2.1");
        second.addresses[0].interface = Some("eth0".to_owned());
        assert_eq!(refusal(second), "one and two both have 192.0.2.1 on eth0");
    }

    #[test]
    fn a_virtual_router_of_ipv6_is_refused_as_long_as_it_would_not_work() {
        let addresses = VirtualAddresses::new(["fe80::1".parse().unwrap()]).unwrap();
        let config = Config::builder(Vrid::new(1).unwrap(), addresses).build().unwrap();
        let refused = check(&[Instance::new("six", "eth0", config)]);
        assert!(matches!(refused, Err(Error::Ipv6(name)) if name == "six"));
    }
}
