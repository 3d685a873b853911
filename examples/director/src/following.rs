//! What this network namespace has, for those who act on it.

use std::collections::{BTreeMap, HashSet};
use std::net::IpAddr;

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::links::{self, Links};

/// Follows something of the interfaces of this network namespace for as long as it exists.
#[derive(Debug)]
pub(crate) struct Following<T> {
    seen: watch::Receiver<T>,
    _task: JoinSet<()>,
}

/// The addresses that this machine has.
pub(crate) type Addresses = Following<HashSet<IpAddr>>;
/// The index of each interface by its name: another one of the same name has another.
pub(crate) type Indices = Following<BTreeMap<String, u32>>;

impl<T: Clone + Default + PartialEq + Send + Sync + 'static> Following<T> {
    /// Nothing is known at first.
    pub(crate) fn follow(of: fn(&Links) -> T) -> Self {
        let (sender, seen) = watch::channel(T::default());
        let mut task = JoinSet::new();
        task.spawn(links::watch(move |links| {
            let now = of(links);
            sender.send_if_modified(|seen| {
                let changed = *seen != now;
                *seen = now;
                changed
            });
        }));
        Self { seen, _task: task }
    }

    /// Waits until it is something else.
    pub(crate) async fn changed(&mut self) -> T {
        match self.seen.changed().await {
            Ok(()) => self.seen.borrow_and_update().clone(),
            // The task ends with this.
            Err(_ended) => std::future::pending().await,
        }
    }
}
