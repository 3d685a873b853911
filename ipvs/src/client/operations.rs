//! One thing at a time.

use std::io;

use super::error::operation;
use super::{Client, Error, unexpected};
use crate::message::{Reply, Request, replies};
use crate::model::{
    Destination, DestinationKey, Info, Service, ServiceKey, SyncDaemon, SyncRole, Timeouts,
};
use crate::plan::Change;

const ESRCH: i32 = 3;
const EEXIST: i32 = 17;
const ENODEV: i32 = 19;
const EINVAL: i32 = 22;
const ENETUNREACH: i32 = 101;

impl Client {
    /// Adds a service.
    ///
    /// # Errors
    ///
    /// [`Error::ServiceExists`], [`Error::NoSuchScheduler`], or as [`change`](Self::change).
    pub async fn add_service(&mut self, key: ServiceKey, service: Service) -> Result<(), Error> {
        self.change(Change::AddService(key, service)).await
    }

    /// Changes how a service treats its connections.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchService`], [`Error::NoSuchScheduler`], or as [`change`](Self::change).
    pub async fn edit_service(&mut self, key: ServiceKey, service: Service) -> Result<(), Error> {
        self.change(Change::EditService(key, service)).await
    }

    /// Removes a service with its destinations.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchService`], or as [`change`](Self::change).
    pub async fn delete_service(&mut self, key: ServiceKey) -> Result<(), Error> {
        self.change(Change::DeleteService(key)).await
    }

    /// Adds a destination to a service.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchService`], [`Error::DestinationExists`], [`Error::DestinationRefused`], or as
    /// [`change`](Self::change).
    pub async fn add_destination(
        &mut self,
        key: ServiceKey,
        server: DestinationKey,
        destination: Destination,
    ) -> Result<(), Error> {
        self.change(Change::AddDestination(key, server, destination)).await
    }

    /// Changes a destination of a service; all that can be set becomes as given.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchService`], [`Error::NoSuchDestination`], [`Error::DestinationRefused`], or as
    /// [`change`](Self::change).
    pub async fn edit_destination(
        &mut self,
        key: ServiceKey,
        server: DestinationKey,
        destination: Destination,
    ) -> Result<(), Error> {
        self.change(Change::EditDestination(key, server, destination)).await
    }

    /// Removes a destination from a service.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchService`], [`Error::NoSuchDestination`], or as [`change`](Self::change).
    pub async fn delete_destination(
        &mut self,
        key: ServiceKey,
        server: DestinationKey,
    ) -> Result<(), Error> {
        self.change(Change::DeleteDestination(key, server)).await
    }

    /// Removes all services, whoever made them.
    ///
    /// # Errors
    ///
    /// [`Error::Permission`] or [`Error::Operation`].
    pub async fn flush(&mut self) -> Result<(), Error> {
        self.done(&Request::Flush).await.map_err(|error| operation("remove all services", error))
    }

    /// Begins the counters of a service and its destinations anew.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchService`], [`Error::Permission`] or [`Error::Operation`].
    pub async fn zero(&mut self, key: &ServiceKey) -> Result<(), Error> {
        self.done(&Request::Zero(Some(key))).await.map_err(|error| match error.raw_os_error() {
            Some(ESRCH) => Error::NoSuchService(*key),
            _ => operation("zero the counters of a service", error),
        })
    }

    /// Begins all counters anew.
    ///
    /// # Errors
    ///
    /// [`Error::Permission`] or [`Error::Operation`].
    pub async fn zero_all(&mut self) -> Result<(), Error> {
        self.done(&Request::Zero(None)).await.map_err(|error| operation("zero all counters", error))
    }

    /// After how long without a packet connections are forgotten.
    ///
    /// # Errors
    ///
    /// [`Error::Permission`] or [`Error::Operation`].
    pub async fn timeouts(&mut self) -> Result<Timeouts, Error> {
        const OPERATION: &str = "read the timeouts";
        match self.ask(&Request::GetTimeouts).await.map_err(|error| operation(OPERATION, error))? {
            Reply::Timeouts(timeouts) => Ok(timeouts),
            _ => Err(operation(OPERATION, unexpected())),
        }
    }

    /// Sets after how long without a packet connections are forgotten.
    ///
    /// # Errors
    ///
    /// [`Error::TimeoutsRefused`], [`Error::Permission`] or [`Error::Operation`].
    pub async fn set_timeouts(&mut self, timeouts: &Timeouts) -> Result<(), Error> {
        let set = self.done(&Request::SetTimeouts(timeouts)).await;
        set.map_err(|error| match error.raw_os_error() {
            Some(EINVAL) => Error::TimeoutsRefused(*timeouts),
            _ => operation("set the timeouts", error),
        })
    }

    /// The version of the kernel's load balancer and the size of its table of connections.
    ///
    /// # Errors
    ///
    /// [`Error::Permission`] or [`Error::Operation`].
    pub async fn info(&mut self) -> Result<Info, Error> {
        const OPERATION: &str = "read the version";
        match self.ask(&Request::GetInfo).await.map_err(|error| operation(OPERATION, error))? {
            Reply::Info(info) => Ok(info),
            _ => Err(operation(OPERATION, unexpected())),
        }
    }

    /// Starts a sync daemon.
    ///
    /// # Errors
    ///
    /// [`Error::SyncDaemonRuns`], [`Error::NoSuchInterface`], [`Error::SyncDaemonRefused`],
    /// [`Error::Permission`] or [`Error::Operation`].
    pub async fn start_sync_daemon(&mut self, daemon: &SyncDaemon) -> Result<(), Error> {
        let started = self.done(&Request::NewSyncDaemon(daemon)).await;
        started.map_err(|error| match error.raw_os_error() {
            Some(EEXIST) => Error::SyncDaemonRuns(daemon.role),
            Some(ENODEV) => Error::NoSuchInterface(daemon.interface),
            Some(EINVAL | ENETUNREACH) => Error::SyncDaemonRefused(*daemon),
            _ => operation("start a sync daemon", error),
        })
    }

    /// Ends a sync daemon.
    ///
    /// # Errors
    ///
    /// [`Error::NoSyncDaemon`], [`Error::Permission`] or [`Error::Operation`].
    pub async fn stop_sync_daemon(&mut self, role: SyncRole) -> Result<(), Error> {
        self.end_sync_daemon(role).await.map_err(|error| match error.raw_os_error() {
            Some(ESRCH) => Error::NoSyncDaemon(role),
            _ => operation("end a sync daemon", error),
        })
    }

    /// The kernel does not answer if the daemon's thread has not run yet: kthread_stop() is
    /// interrupted, which netlink_rcv_skb() (`net/netlink/af_netlink.c`) keeps to itself. The daemon
    /// is gone all the same.
    async fn end_sync_daemon(&mut self, role: SyncRole) -> io::Result<()> {
        let asked = self.send(&Request::DeleteSyncDaemon(role)).await?;
        while let Some(answers) = self.socket.receive_now()? {
            let mut answers = replies(answers).filter(|answer| answer.sequence == asked);
            if let Some(Reply::Result(errno @ 1..)) = answers.next().map(|answer| answer.reply) {
                return Err(io::Error::from_raw_os_error(errno));
            }
        }
        Ok(())
    }

    async fn done(&mut self, request: &Request<'_>) -> io::Result<()> {
        self.ask(request).await.map(drop)
    }
}
