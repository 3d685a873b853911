//! The driver's thread and what its owner holds of it.

use std::collections::BTreeSet;
use std::io;
use std::thread::JoinHandle;

use steadfast_vrrp::Priority;
use steadfast_vrrp::router::FaultReason;
use tokio::sync::{mpsc, oneshot};

use crate::check::check;
use crate::speaker::Speaker;
use crate::{Error, Instance, Notice, Options, Snapshot};

/// What the owner asks of the driver.
#[derive(Debug)]
pub(crate) enum Command {
    SetPriority(String, Priority),
    Fault(String, FaultReason),
    ClearFault(String),
    Snapshot(oneshot::Sender<Vec<Snapshot>>),
    Add(Box<Instance>, oneshot::Sender<Result<(), Error>>),
    Remove(String, oneshot::Sender<Result<(), Error>>),
    Reconfigure(Box<Instance>, oneshot::Sender<Result<(), Error>>),
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
/// Notices are queued without bound: read them. What of the options the system refuses is a notice
/// as well; the driver runs without it.
///
/// # Errors
///
/// When instances contradict each other, an interface is missing, or the system refuses sockets
/// (they need `CAP_NET_RAW` and `CAP_NET_ADMIN`).
pub fn spawn(instances: Vec<Instance>, options: Options) -> Result<(Handle, Notices), Error> {
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
            match Speaker::start(instances, &options, notices) {
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
        self.ask(Command::Snapshot).await
    }

    /// Adds an instance and starts it. The others go on as if nothing had happened.
    ///
    /// # Errors
    ///
    /// As [`spawn`], and [`Error::Stopped`]. Then nothing has changed.
    pub async fn add(&mut self, instance: Instance) -> Result<(), Error> {
        let name = instance.name.clone();
        let is_new = self.names.insert(name.clone());
        let added = self.ask(|answer| Command::Add(Box::new(instance), answer)).await;
        let added = added.flatten();
        if added.is_err() && is_new {
            self.names.remove(&name);
        }
        added
    }

    /// Stops an instance in order, as [`shutdown`](Self::shutdown) does with all, and forgets it.
    /// Returns when its addresses are removed, or when that failed, which is a notice. The others go
    /// on as if nothing had happened.
    ///
    /// # Errors
    ///
    /// [`Error::NoInstance`], [`Error::Stopped`].
    pub async fn remove(&mut self, instance: &str) -> Result<(), Error> {
        let name = self.named(instance)?;
        self.names.remove(&name);
        self.ask(|answer| Command::Remove(name, answer)).await.flatten()
    }

    /// Gives the instance of that name another configuration, other addresses, another source or
    /// another destination. It stays in its state, and keeps the addresses that it had before: an
    /// Active one goes on advertising, configures what is new and removes what is no longer listed.
    ///
    /// The effective priority is that of the configuration again if that changed, see
    /// [`VirtualRouter::reconfigure`](steadfast_vrrp::VirtualRouter::reconfigure).
    ///
    /// # Errors
    ///
    /// [`Error::Incompatible`] and [`Error::OtherInterface`] if it would be another virtual router,
    /// to be removed and added; as [`add`](Self::add) else. Then nothing has changed.
    pub async fn reconfigure(&self, instance: Instance) -> Result<(), Error> {
        self.named(&instance.name)?;
        self.ask(|answer| Command::Reconfigure(Box::new(instance), answer)).await.flatten()
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

    async fn ask<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<T>) -> Command,
    ) -> Result<T, Error> {
        let (answer, answered) = oneshot::channel();
        self.send(command(answer))?;
        answered.await.map_err(|_| Error::Stopped)
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
