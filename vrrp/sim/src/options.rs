use std::time::Duration;

use thiserror::Error;

/// The size of a world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// How many routers there are; with synchronisation groups, how many machines.
    pub routers: Routers,
    /// Whether each machine has two routers, on two networks, in a synchronisation group. Then not
    /// the single router is looked at so closely, but what the machines do together.
    pub sync_groups: bool,
    /// How long the world lasts, in virtual time.
    pub duration: Duration,
}

/// A number of routers: 1 to 32.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Routers(u8);

impl Routers {
    const MOST: u8 = 32;

    /// Checks that `number` is 1 to 32.
    pub const fn new(number: u8) -> Result<Self, InvalidRouters> {
        if number == 0 || number > Self::MOST {
            Err(InvalidRouters { number })
        } else {
            Ok(Self(number))
        }
    }

    /// The number.
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// A number of routers that cannot be simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{number} routers cannot be simulated: give 1 to 32")]
pub struct InvalidRouters {
    number: u8,
}
