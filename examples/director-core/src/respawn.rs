//! When a process that died is started again: keepalived's rule.

use std::time::Duration;

/// Whoever lives so long starts with a clean record.
const LIVED: Duration = Duration::from_secs(60);
/// The longest wait.
const LONGEST: Duration = Duration::from_secs(60);

/// How often in a row a process died soon after its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Respawn {
    next: Duration,
}

impl Respawn {
    /// How long to wait before the process is started again, which died after having lived so long:
    /// 0, 1, 2, 4 … 60 seconds, and from the beginning after a minute of life.
    pub fn handle_death(&mut self, lived: Duration) -> Duration {
        if lived >= LIVED {
            self.next = Duration::ZERO;
        }
        let delay = self.next;
        self.next = (delay * 2).clamp(Duration::from_secs(1), LONGEST);
        delay
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delays(lives: &[u64]) -> Vec<u64> {
        let mut respawn = Respawn::default();
        let lives = lives.iter().map(|seconds| Duration::from_secs(*seconds));
        lives.map(|lived| respawn.handle_death(lived).as_secs()).collect()
    }

    #[test]
    fn the_first_death_has_no_delay_and_each_further_one_twice_the_last() {
        assert_eq!(delays(&[0; 9]), [0, 1, 2, 4, 8, 16, 32, 60, 60]);
    }

    #[test]
    fn after_a_minute_of_life_it_starts_from_the_beginning() {
        assert_eq!(delays(&[0, 0, 59, 60, 0]), [0, 1, 2, 0, 1]);
    }
}
