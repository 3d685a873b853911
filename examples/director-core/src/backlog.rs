//! Lines that wait for a FIFO to have room.

use std::collections::VecDeque;

/// How many lines wait; the kernel holds some 2000 more.
const CAPACITY: usize = 4096;

/// The lines for one FIFO, oldest first. When there are too many, the oldest is lost: who reads at
/// last wants to know how things are now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Backlog {
    lines: VecDeque<String>,
    lost: u64,
}

impl Backlog {
    /// Another line. Says whether it is the first one for which an older one had to go.
    pub fn push(&mut self, line: String) -> bool {
        self.lines.push_back(line);
        if self.lines.len() <= CAPACITY {
            return false;
        }
        self.lines.pop_front();
        self.lost = self.lost.saturating_add(1);
        self.lost == 1
    }

    /// The line to be written next.
    pub fn next(&self) -> Option<&str> {
        self.lines.front().map(String::as_str)
    }

    /// It was written. Says how many lines were lost when nothing waits any more.
    pub fn written(&mut self) -> Option<u64> {
        self.lines.pop_front();
        let caught_up = self.lines.is_empty() && self.lost > 0;
        caught_up.then(|| std::mem::take(&mut self.lost))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(lines: usize) -> Backlog {
        let mut backlog = Backlog::default();
        for line in 0..lines {
            backlog.push(line.to_string());
        }
        backlog
    }

    #[test]
    fn lines_come_out_in_their_order() {
        let mut backlog = filled(2);
        assert_eq!(backlog.next(), Some("0"));
        assert_eq!(backlog.written(), None);
        assert_eq!(backlog.next(), Some("1"));
        assert_eq!(backlog.written(), None);
        assert_eq!(backlog.next(), None);
    }

    #[test]
    fn when_full_the_oldest_is_lost_and_the_first_loss_is_said() {
        let mut backlog = filled(CAPACITY);
        assert!(backlog.push("new".to_owned()));
        assert!(!backlog.push("newer".to_owned()));
        assert_eq!(backlog.next(), Some("2"));
    }

    #[test]
    fn when_it_has_caught_up_it_says_once_how_many_were_lost() {
        let mut backlog = filled(CAPACITY + 3);
        let said: Vec<u64> = (0..CAPACITY).filter_map(|_| backlog.written()).collect();
        assert_eq!(said, [3]);
        backlog.push("new".to_owned());
        assert_eq!(backlog.written(), None);
    }
}
