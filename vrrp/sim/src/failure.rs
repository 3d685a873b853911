use std::fmt;

use crate::options::Options;
use crate::property::Violation;
use crate::time::Time;
use crate::trace::Moment;

/// A property that did not hold, and all that is needed to see it again.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The seed of the world.
    pub seed: u64,
    /// Its size.
    pub options: Options,
    /// When it happened.
    pub at: Time,
    /// What happened.
    pub violation: Violation,
    /// The routers and the network, a line each.
    pub world: Vec<String>,
    /// The last moments before.
    pub last: Vec<Moment>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}: {}", self.seed, self.violation)?;
        self.world.iter().try_for_each(|line| writeln!(f, "  {line}"))?;
        self.last.iter().try_for_each(|moment| writeln!(f, "{moment}"))?;
        write!(f, "{}  violated: {}", self.at, self.violation)
    }
}

impl std::error::Error for Failure {}
