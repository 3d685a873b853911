//! The kernel's IPVS table, made what it should be.

use std::collections::BTreeSet;

use steadfast_ipvs::{Change, Client, Error, ServiceKey, Table};
use tracing::{debug, error, info};

/// The services that are ours in the kernel's table.
#[derive(Debug)]
pub(crate) struct Kernel {
    client: Client,
    ours: BTreeSet<ServiceKey>,
    /// What could not be done the last time, so that it is not said again and again.
    failures: BTreeSet<String>,
}

impl Kernel {
    pub(crate) async fn connect(ours: BTreeSet<ServiceKey>) -> Result<Self, Error> {
        Ok(Self { client: Client::connect().await?, ours, failures: BTreeSet::new() })
    }

    /// The table as it is.
    pub(crate) async fn table(&mut self) -> Result<Table, Error> {
        self.client.table().await
    }

    /// Compares the table with what it should be and applies the difference. A service that is there
    /// and of the same key is ours, whoever made it.
    pub(crate) async fn make(&mut self, desired: &Table) -> Result<(), Error> {
        let current = self.client.table().await?;
        let plan = current.diff(desired, |key| self.ours.contains(key));
        if plan.is_empty() {
            debug!("the IPVS table is as it should be");
            return Ok(());
        }
        let applied = self.client.apply(&plan).await?;
        let refused = |change: &Change| applied.failed.iter().any(|(failed, _)| failed == change);
        for change in plan.changes().iter().filter(|change| !refused(change)) {
            info!("IPVS: {change}");
        }
        let mut failures = BTreeSet::new();
        for (change, reason) in &applied.failed {
            let text = format!("IPVS: cannot {change}: {reason}");
            if !self.failures.contains(&text) {
                error!("{text}");
            }
            failures.insert(text);
        }
        self.failures = failures;
        Ok(())
    }
}
