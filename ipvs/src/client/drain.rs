//! Servers that are to go without harm to their clients.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use super::{Client, Error};
use crate::model::{Destination, DestinationKey, ServiceKey, Weight};

/// How long to wait for the connections of a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Drain {
    /// At or under so many active connections the destination goes.
    pub active: u32,
    /// After so long it goes in any case.
    pub deadline: Duration,
    /// So often its connections are counted: the kernel does not tell.
    pub interval: Duration,
}

impl Drain {
    /// Until there is no active connection, which is looked for every second.
    pub const fn new(deadline: Duration) -> Self {
        Self { active: 0, deadline, interval: Duration::from_secs(1) }
    }
}

/// How a destination went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Drained {
    /// How many active connections it had at last.
    pub active: u32,
    /// Whether that was because the deadline had passed.
    pub deadline_passed: bool,
}

impl Client {
    /// Removes a destination when its connections have ended: gives it weight 0, so that it gets no
    /// new ones, waits, and removes it.
    ///
    /// Clients that persistence holds come back to it nevertheless, unless
    /// [`Sysctls::expire_quiescent_template`](crate::Sysctls::expire_quiescent_template) is set. To
    /// think better of it, drop the call: the destination stays with weight 0 until somebody gives
    /// it another. The client is taken for all that time; a drain may want one of its own.
    ///
    /// ```no_run
    /// # use steadfast_ipvs::{Client, DestinationKey, Drain, Error, ServiceKey};
    /// # use std::time::Duration;
    /// # async fn example(web: ServiceKey, old: DestinationKey) -> Result<(), Error> {
    /// let mut client = Client::connect().await?;
    /// let minutes = Duration::from_secs(5 * 60);
    /// let drained = client.drain(web, old, Drain { active: 10, ..Drain::new(minutes) }).await?;
    /// println!("{old} went with {} connections", drained.active);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchDestination`] when it is not there or goes meanwhile, or as
    /// [`change`](Self::change) and [`destinations`](Self::destinations).
    pub async fn drain(
        &mut self,
        key: ServiceKey,
        server: DestinationKey,
        drain: Drain,
    ) -> Result<Drained, Error> {
        let end = Instant::now().checked_add(drain.deadline);
        let found = self.destination(&key, &server).await?.destination;
        if found.weight != Weight::ZERO {
            let without = Destination { weight: Weight::ZERO, ..found };
            self.edit_destination(key, server, without).await?;
        }
        loop {
            let active = self.destination(&key, &server).await?.connections.active;
            let deadline_passed = end.is_some_and(|end| end <= Instant::now());
            if active <= drain.active || deadline_passed {
                self.delete_destination(key, server).await?;
                return Ok(Drained { active, deadline_passed: active > drain.active });
            }
            match end {
                Some(end) => drop(timeout_at(end, sleep(drain.interval)).await),
                None => sleep(drain.interval).await,
            }
        }
    }
}
