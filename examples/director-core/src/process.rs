//! The judgement over tracked processes (`vrrp_track_process`): from how many run to up or down.

use std::time::Duration;

use steadfast_conf::model::{ParameterMatch, TrackProcess};
use steadfast_vrrp::Instant;

/// What the kernel cuts the name of a process to (TASK_COMM_LEN without its zero).
const NAME_LENGTH: usize = 15;

/// A process as `/proc` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Process {
    /// The name that the kernel keeps, at most 15 bytes: `comm`.
    pub name: String,
    /// Its words: `cmdline`. None of a thread of the kernel.
    pub command_line: Vec<String>,
}

/// Whether a process is one of those that are tracked.
pub fn is_tracked(tracked: &TrackProcess, process: &Process) -> bool {
    let Some((wanted, parameters)) = tracked.command.split_first() else { return false };
    let (first, own) = match process.command_line.split_first() {
        Some((first, own)) => (Some(first.as_str()), own),
        None => (None, &[][..]),
    };
    let named = if tracked.full_command {
        first == Some(wanted.as_str())
    } else {
        let name = file_name(wanted);
        match name.as_bytes().get(..NAME_LENGTH) {
            Some(cut) if name.len() > NAME_LENGTH => {
                // What the kernel has cut off is in the command line, unless that was written over, or is
                // what runs a script.
                let is_another = |first: &str| {
                    let own = file_name(first);
                    own != name && own.as_bytes().starts_with(cut)
                };
                cut == process.name.as_bytes() && !first.is_some_and(is_another)
            }
            _ => name == process.name,
        }
    };
    named && tracked.parameters.is_none_or(|how| parameters_match(how, parameters, own))
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn parameters_match(how: ParameterMatch, wanted: &[String], own: &[String]) -> bool {
    match how {
        ParameterMatch::Exact => wanted == own,
        ParameterMatch::Partial => own.starts_with(wanted),
        ParameterMatch::Initial => match wanted.split_last() {
            None => true,
            Some((last, before)) => {
                own.starts_with(before)
                    && own.get(before.len()).is_some_and(|own| own.starts_with(last.as_str()))
            }
        },
    }
}

/// The processes of one `vrrp_track_process`, between one count and the next.
#[derive(Debug, Clone)]
pub struct Quorum {
    least: u32,
    most: Option<u32>,
    fork_delay: Duration,
    terminate_delay: Duration,
    is_up: Option<bool>,
    /// Since when the count has spoken against that.
    against_since: Option<Instant>,
}

impl Quorum {
    /// Nothing has been counted.
    pub fn new(tracked: &TrackProcess) -> Self {
        let TrackProcess { quorum, quorum_max, fork_delay, terminate_delay, .. } = tracked;
        Self {
            // None may run at all.
            least: if *quorum_max == Some(0) { 0 } else { *quorum },
            most: *quorum_max,
            fork_delay: *fork_delay,
            terminate_delay: *terminate_delay,
            is_up: None,
            against_since: None,
        }
    }

    /// So many run; says whether that counts as up when it changed. The first count decides at once, a
    /// later one when it has held for the delay: count again then, see [`poll_timeout`](Self::poll_timeout).
    pub fn handle_count(&mut self, now: Instant, count: u32) -> Option<bool> {
        let up = count >= self.least && self.most.is_none_or(|most| count <= most);
        let Some(before) = self.is_up else {
            self.is_up = Some(up);
            return Some(up);
        };
        if before == up {
            self.against_since = None;
            return None;
        }
        self.against_since.get_or_insert(now);
        if self.poll_timeout().is_some_and(|at| now < at) {
            return None;
        }
        self.against_since = None;
        self.is_up = Some(up);
        Some(up)
    }

    /// When a change will have held for long enough.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let delay = if self.is_up? { self.terminate_delay } else { self.fork_delay };
        Some(self.against_since? + delay)
    }
}

#[cfg(test)]
mod tests {
    use steadfast_conf::parse;

    use super::*;

    fn tracked(lines: &str) -> TrackProcess {
        let text = format!(
            "vrrp_track_process p {{\n{lines}\n}}\nvrrp_instance A {{\ninterface eth0\n\
             virtual_router_id 1\nvirtual_ipaddress {{ 192.0.2.1 }}\ntrack_process {{ p }}\n}}\n"
        );
        parse("t.conf", &text).model.unwrap().track_processes.remove(0)
    }

    fn process(name: &str, command_line: &[&str]) -> Process {
        let command_line = command_line.iter().map(|&word| word.to_owned()).collect();
        Process { name: name.to_owned(), command_line }
    }

    fn nginx(lines: &str, parameters: &[&str]) -> bool {
        let words: Vec<_> = ["/usr/sbin/nginx"].iter().chain(parameters).copied().collect();
        is_tracked(&tracked(lines), &process("nginx", &words))
    }

    #[test]
    fn a_process_is_known_by_its_name_whatever_its_parameters() {
        assert!(nginx("process nginx", &["-g", "x"]));
        assert!(nginx("process /opt/nginx", &[]));
        assert!(!nginx("process apache", &[]));
    }

    #[test]
    fn the_full_command_is_the_first_word_as_it_is() {
        assert!(nginx("process /usr/sbin/nginx\nfull_command", &[]));
        assert!(!nginx("process nginx\nfull_command", &[]));
    }

    #[test]
    fn a_name_that_the_kernel_has_cut_is_completed() {
        let server = process("a-rather-long-n", &["/bin/a-rather-long-name"]);
        assert!(is_tracked(&tracked("process a-rather-long-name"), &server));
        assert!(!is_tracked(&tracked("process a-rather-long-nose"), &server));
    }

    #[test]
    fn a_name_that_the_kernel_has_cut_is_enough_where_the_command_line_tells_something_else() {
        let tracked = tracked("process a-rather-long-name");
        for words in [&["/bin/sh", "/opt/a-rather-long-name"][..], &["long-name: idle"], &[]] {
            assert!(is_tracked(&tracked, &process("a-rather-long-n", words)), "{words:?}");
        }
    }

    #[test]
    fn parameters_are_compared_as_told() {
        for (how, parameters, agrees) in [
            ("", &["-g", "x"][..], true),
            ("", &["-g", "x", "y"], false),
            ("param_match partial", &["-g", "x", "y"], true),
            ("param_match partial", &["-g", "xy"], false),
            ("param_match initial", &["-g", "xy", "z"], true),
            ("param_match initial", &["-g"], false),
        ] {
            let lines = format!("process nginx -g x\n{how}");
            assert_eq!(nginx(&lines, parameters), agrees, "{how} {parameters:?}");
        }
        assert!(nginx("process nginx\nparam_match", &[]));
        assert!(!nginx("process nginx\nparam_match", &["-g"]));
    }

    fn at(seconds: u64) -> Instant {
        Instant::from_nanos(seconds * 1_000_000_000)
    }

    #[test]
    fn the_first_count_decides_and_each_change_without_delay() {
        let mut quorum = Quorum::new(&tracked("process nginx\nquorum 2"));
        let told: Vec<_> = [1, 1, 2, 3, 1].map(|n| quorum.handle_count(at(n.into()), n)).into();
        assert_eq!(told, [Some(false), None, Some(true), None, Some(false)]);
    }

    #[test]
    fn too_many_are_as_bad_as_too_few() {
        let mut quorum = Quorum::new(&tracked("process nginx\nquorum_max 2"));
        assert_eq!(quorum.handle_count(at(0), 3), Some(false));
        assert_eq!(quorum.handle_count(at(0), 2), Some(true));
        let mut none = Quorum::new(&tracked("process nginx\nquorum_max 0"));
        assert_eq!(none.handle_count(at(0), 0), Some(true));
        assert_eq!(none.handle_count(at(0), 1), Some(false));
    }

    #[test]
    fn a_change_has_to_hold_for_its_delay() {
        let delays = "process nginx\nfork_delay 3\nterminate_delay 5";
        let mut quorum = Quorum::new(&tracked(delays));
        assert_eq!(quorum.handle_count(at(0), 1), Some(true));
        assert_eq!(quorum.handle_count(at(10), 0), None);
        assert_eq!(quorum.poll_timeout(), Some(at(15)));
        assert_eq!(quorum.handle_count(at(12), 1), None, "it is back in time");
        assert_eq!(quorum.poll_timeout(), None);
        assert_eq!(quorum.handle_count(at(20), 0), None);
        assert_eq!(quorum.handle_count(at(25), 0), Some(false));
        assert_eq!(quorum.handle_count(at(30), 1), None);
        assert_eq!(quorum.handle_count(at(33), 1), Some(true));
    }
}
