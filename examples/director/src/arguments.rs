//! The command line: keepalived's options, and verbs of our own.

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use rustix::process::Signal;
use steadfast_conf::model::Process;
use steadfast_director_core::standing::PidFiles;

use crate::check::{self, random};

/// keepalived's own default.
const CONFIGURATION: &str = "/etc/keepalived/keepalived.conf";
/// keepalived's own default.
const LOG_FILE: &str = "/tmp/keepalived.log";

/// Keeps services available: VRRP, IPVS and health checks from one keepalived.conf.
#[derive(Debug, Parser)]
#[command(
    name = "director",
    version,
    disable_version_flag = true,
    args_conflicts_with_subcommands = true,
    args_override_self = true
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) verb: Option<Verb>,
    #[command(flatten)]
    pub(crate) daemon: Daemon,
}

/// What else it does than run.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Say what is wrong with a configuration, with the offending text, and end with 0 when it can
    /// be run (warnings are no obstacle) or 1 when it cannot.
    Check {
        #[command(flatten)]
        configuration: Configuration,
        /// Print the effective configuration too, with every default written out (passwords as
        /// well). What there is to say goes to the error output then.
        #[arg(long)]
        print: bool,
        /// Say it as JSON, for editors and continuous integration.
        #[arg(long, conflicts_with = "print")]
        json: bool,
    },
    /// Have the running director take over its configuration file; end with 0 when it did, 1 when it
    /// refused because of errors and runs on as before.
    Reload {
        #[command(flatten)]
        director: Running,
    },
    /// Say what a reload would change, and change nothing.
    Plan {
        /// The configuration, instead of the director's own.
        #[arg(short = 'f', long = "use-file", value_name = "FILE")]
        file: Option<PathBuf>,
        #[command(flatten)]
        director: Running,
    },
    /// Say how things stand.
    Status {
        #[command(flatten)]
        director: Running,
    },
}

/// Which running director is asked, and how the answer is shown.
#[derive(Debug, Args)]
pub(crate) struct Running {
    /// The pid file of the director; its control socket is beside that. By default it is where a
    /// director of the default configuration file has it.
    #[arg(short = 'p', long, value_name = "FILE")]
    pub(crate) pid: Option<PathBuf>,
    /// The `@id` whose lines that director reads; by default the host name up to its first dot.
    #[arg(short = 'i', long, value_name = "ID")]
    pub(crate) config_id: Option<String>,
    /// The network namespace that the director was told to run in by the same option.
    #[arg(short = 's', long, value_name = "NAME")]
    pub(crate) namespace: Option<String>,
    /// Show the answer as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What is read, and for which machine.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Configuration {
    /// Use this configuration file.
    #[arg(short = 'f', long = "use-file", value_name = "FILE", default_value = CONFIGURATION)]
    pub(crate) file: PathBuf,
    /// Read the lines with this `@id`; by default the host name up to its first dot.
    #[arg(short = 'i', long, value_name = "ID")]
    pub(crate) config_id: Option<String>,
    /// Have every `include` insist on files, as `includea` does.
    #[arg(short = 'e', long = "all-config")]
    pub(crate) all_config: bool,
    /// Where random numbers begin, so that all processes of a daemon have the same.
    #[arg(long, hide = true)]
    pub(crate) seed: Option<u64>,
    /// Where the supervisor remembers for its workers what was run last.
    #[arg(long, hide = true)]
    pub(crate) last_good: Vec<PathBuf>,
    /// A configuration of what the supervisor settled for all its workers.
    #[arg(long, hide = true)]
    pub(crate) settled: Option<String>,
}

/// keepalived's options. Given twice, the last one counts, as there.
#[derive(Debug, Clone, Args)]
pub(crate) struct Daemon {
    #[command(flatten)]
    pub(crate) configuration: Configuration,
    /// Run VRRP only.
    #[arg(short = 'P', long, conflicts_with = "check")]
    pub(crate) vrrp: bool,
    /// Run virtual servers and their checks only.
    #[arg(short = 'C', long)]
    pub(crate) check: bool,
    /// Stay in the foreground.
    #[arg(short = 'n', long)]
    pub(crate) dont_fork: bool,
    /// Write messages to the terminal as well when running in the background. In the foreground they
    /// always go there.
    #[arg(short = 'l', long)]
    pub(crate) log_console: bool,
    /// Write more: every attempt of a check, and what the kernel was told.
    #[arg(short = 'D', long)]
    pub(crate) log_detail: bool,
    /// The facility of messages to syslog: 0 to 7, local0 to local7, user or daemon.
    #[arg(short = 'S', long, value_name = "FACILITY", default_value = "daemon")]
    pub(crate) log_facility: Facility,
    /// Write messages to a file as well.
    #[arg(short = 'g', long, value_name = "FILE", num_args = 0..=1, default_missing_value = LOG_FILE)]
    pub(crate) log_file: Option<PathBuf>,
    /// Write nothing to syslog.
    #[arg(short = 'G', long)]
    pub(crate) no_syslog: bool,
    /// How a message is written to the terminal and to the file.
    #[arg(long, value_enum, default_value_t = LogFormat::Plain)]
    pub(crate) log_format: LogFormat,
    /// Check the configuration and end: 0 when it can be run, otherwise 5. What there is to say goes
    /// to standard output, or to a file.
    #[arg(short = 't', long, value_name = "LOG_FILE", require_equals = true)]
    pub(crate) config_test: Option<Option<PathBuf>>,
    /// Leave the addresses of VRRP instances as they are at the end, and do not tell other routers.
    #[arg(short = 'V', long)]
    pub(crate) dont_release_vrrp: bool,
    /// Leave the IPVS table as it is at the end.
    #[arg(short = 'I', long)]
    pub(crate) dont_release_ipvs: bool,
    /// End when the process that does the work dies, instead of starting it again.
    #[arg(short = 'R', long)]
    pub(crate) dont_respawn: bool,
    /// Write the process id to this file; the control socket is beside it. By default it is
    /// /run/keepalived.pid, or, as keepalived has it, one named after `net_namespace` and `instance`.
    #[arg(short = 'p', long, value_name = "FILE")]
    pub(crate) pid: Option<PathBuf>,
    /// Write the id of the process that does the work to this file.
    #[arg(short = 'r', long = "vrrp_pid", value_name = "FILE")]
    pub(crate) vrrp_pid: Option<PathBuf>,
    /// The same for keepalived's other process; here it is one.
    #[arg(short = 'c', long = "checkers_pid", value_name = "FILE")]
    pub(crate) checkers_pid: Option<PathBuf>,
    /// Run in this network namespace, one of `ip netns`, whatever `net_namespace` says.
    #[arg(short = 's', long, value_name = "NAME")]
    pub(crate) namespace: Option<String>,
    /// What may not be set for files that are made, an octal number.
    #[arg(short = 'u', long, value_name = "MASK", value_parser = octal)]
    pub(crate) umask: Option<u32>,
    /// Have the kernel write a memory image of a process that crashes.
    #[arg(short = 'm', long)]
    pub(crate) core_dump: bool,
    /// The same, and set how the kernel names what any program leaves when it crashes: core(5).
    #[arg(
        short = 'M', long, value_name = "PATTERN",
        num_args = 0..=1, require_equals = true, default_missing_value = "core"
    )]
    pub(crate) core_dump_pattern: Option<String>,
    /// A worker was there before this one: the daemon does not start, it goes on.
    #[arg(long, hide = true)]
    pub(crate) goes_on: bool,
    /// It runs what that ran, whatever the file says by now.
    #[arg(long, hide = true)]
    pub(crate) as_before: bool,
    /// Where the supervisor remembers for its workers what they have made of the kernel.
    #[arg(long, hide = true)]
    pub(crate) estate: Vec<PathBuf>,
    /// Print the number of a signal and end: STOP, RELOAD, DATA, STATS, STATS_CLEAR or JSON.
    #[arg(long, value_name = "NAME")]
    pub(crate) signum: Option<SignalName>,
    #[command(flatten)]
    pub(crate) without_effect: WithoutEffect,
    /// Print the version.
    #[arg(short = 'v', long, action = ArgAction::Version)]
    version: (),
}

/// keepalived's options that need not do anything here.
#[derive(Debug, Clone, Args)]
pub(crate) struct WithoutEffect {
    /// No effect: there is no BFD.
    #[arg(short = 'B', long = "no_bfd")]
    no_bfd: bool,
    /// No effect: there is no process for BFD.
    #[arg(short = 'b', long = "bfd_pid", value_name = "FILE")]
    bfd_pid: Option<PathBuf>,
    /// No effect: there is one process for everything.
    #[arg(long)]
    all: bool,
    /// No effect: addresses are always given up at a signal that ends the director.
    #[arg(short = 'X', long)]
    release_vips: bool,
    /// No effect: `director check --print` prints the effective configuration.
    #[arg(short = 'd', long)]
    dump_conf: bool,
    /// No effect: messages say what matters about addresses.
    #[arg(short = 'a', long)]
    address_monitoring: bool,
    /// No effect: there is no SNMP.
    #[arg(short = 'x', long)]
    snmp: bool,
    /// No effect: there is no SNMP.
    #[arg(short = 'A', long, value_name = "FILE")]
    snmp_agent_socket: Option<PathBuf>,
    /// No effect: every message is written at once.
    #[arg(long)]
    flush_log_file: bool,
}

impl WithoutEffect {
    /// Those that were given, and why they do nothing.
    pub(crate) fn given(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let Self { no_bfd, bfd_pid, all, release_vips, .. } = self;
        let Self { dump_conf, address_monitoring, snmp, snmp_agent_socket, flush_log_file, .. } =
            self;
        [
            (*no_bfd, "no_bfd", "there is no BFD"),
            (bfd_pid.is_some(), "bfd_pid", "there is no process for BFD"),
            (*all, "all", "there is one process for everything"),
            (*release_vips, "release-vips", "addresses are always given up"),
            (*dump_conf, "dump-conf", "`director check --print` prints the configuration"),
            (*address_monitoring, "address-monitoring", "messages say what matters"),
            (*snmp, "snmp", "there is no SNMP"),
            (snmp_agent_socket.is_some(), "snmp-agent-socket", "there is no SNMP"),
            (*flush_log_file, "flush-log-file", "every message is written at once"),
        ]
        .into_iter()
        .filter_map(|(given, name, why)| given.then_some((name, why)))
    }
}

impl Daemon {
    /// The same with what holds in every process and every folder: paths, and random numbers.
    ///
    /// # Errors
    ///
    /// When the present folder is not known.
    pub(crate) fn settled(mut self) -> std::io::Result<Self> {
        let Self { configuration, pid, vrrp_pid, checkers_pid, log_file, .. } = &mut self;
        configuration.seed.get_or_insert_with(random);
        let given = [pid, vrrp_pid, checkers_pid, log_file].into_iter().flatten();
        for path in given.chain([&mut configuration.file]) {
            *path = std::path::absolute(&path)?;
        }
        Ok(self)
    }

    /// Whether what there is to say about a configuration is shown on the terminal as a person reads it,
    /// and no message: each line there may have to be JSON.
    pub(crate) fn shows_diagnostics(&self) -> bool {
        self.dont_fork && self.log_format == LogFormat::Plain
    }

    /// Words after those of a command line that say what is settled here.
    pub(crate) fn settled_words(&self) -> Vec<OsString> {
        let Self { configuration, pid, vrrp_pid, checkers_pid, log_file, .. } = self;
        let given = [
            ("--use-file", Some(&configuration.file)),
            ("--pid", pid.as_ref()),
            ("--vrrp_pid", vrrp_pid.as_ref()),
            ("--checkers_pid", checkers_pid.as_ref()),
            ("--log-file", log_file.as_ref()),
        ];
        let words = given.into_iter().filter_map(|(name, path)| Some([name.into(), path?.into()]));
        let seed = configuration.seed.map(|seed| ["--seed".into(), seed.to_string().into()]);
        words.chain(seed).flatten().collect()
    }

    /// What it reads.
    pub(crate) fn configuration(&self) -> check::Configuration {
        check::Configuration::new(self.configuration.clone()).in_namespace(self.namespace.clone())
    }

    /// Its pid files: where they are asked for, otherwise where the configuration has them.
    pub(crate) fn pid_files(&self, process: &Process) -> PidFiles {
        let PidFiles { main, vrrp, checkers } = PidFiles::of(process);
        PidFiles {
            main: self.pid.clone().unwrap_or(main),
            vrrp: self.vrrp_pid.clone().unwrap_or(vrrp),
            checkers: self.checkers_pid.clone().unwrap_or(checkers),
        }
    }
}

impl Running {
    /// The director's pid file.
    pub(crate) fn pid_file(&self) -> PathBuf {
        self.pid.clone().unwrap_or_else(|| {
            let configuration = Configuration {
                file: CONFIGURATION.into(),
                config_id: self.config_id.clone(),
                ..Configuration::default()
            };
            let configuration = check::Configuration::new(configuration);
            PidFiles::of(&configuration.in_namespace(self.namespace.clone()).process()).main
        })
    }
}

/// How a message is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// A line for each.
    Plain,
    /// A line with a JSON object for each.
    Json,
}

/// A facility of syslog(3), by its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Facility(pub(crate) u8);

impl FromStr for Facility {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "user" => return Ok(Self(1)),
            "daemon" => return Ok(Self(3)),
            _ => {}
        }
        match name.strip_prefix("local").unwrap_or(name).parse() {
            Ok(local @ 0..=7) => Ok(Self(16 + local)),
            _ => Err("a facility is 0 to 7, local0 to local7, user or daemon".to_owned()),
        }
    }
}

/// What a signal is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "UPPER")]
pub(crate) enum SignalName {
    /// End.
    Stop,
    /// Take over the configuration file.
    Reload,
    /// Write how things stand.
    Data,
    /// Write statistics.
    Stats,
    /// Write statistics, and count from 0 again.
    #[value(name = "STATS_CLEAR")]
    StatsClear,
    /// Write how things stand as JSON.
    Json,
}

impl SignalName {
    /// Its number.
    pub(crate) fn number(self) -> i32 {
        match self {
            Self::Stop => Signal::TERM.as_raw(),
            Self::Reload => Signal::HUP.as_raw(),
            Self::Data => Signal::USR1.as_raw(),
            Self::Stats => Signal::USR2.as_raw(),
            Self::StatsClear => nix::libc::SIGRTMAX() - 1,
            Self::Json => nix::libc::SIGRTMIN() + 2,
        }
    }
}

fn octal(word: &str) -> Result<u32, String> {
    let digits = word.strip_prefix("0o").unwrap_or(word);
    let mask = u32::from_str_radix(digits, 8).ok().filter(|mask| *mask <= 0o777);
    mask.ok_or_else(|| "a mask is an octal number up to 777".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_contradicts_itself_nowhere() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn keepalived_options_are_understood() {
        let words = ["director", "-n", "-l", "-D", "-f", "x.conf", "-p", "a", "-r", "b", "-c", "d"];
        let arguments = Arguments::try_parse_from(words).unwrap();
        assert!(arguments.daemon.dont_fork && arguments.daemon.log_detail);
        assert_eq!(arguments.daemon.configuration.file, PathBuf::from("x.conf"));
    }

    fn daemon(words: &[&str]) -> Daemon {
        Arguments::try_parse_from([&["director"], words].concat()).unwrap().daemon
    }

    #[test]
    fn json_messages_have_nothing_else_between_them() {
        assert!(daemon(&["-n"]).shows_diagnostics());
        assert!(!daemon(&["-n", "--log-format", "json"]).shows_diagnostics());
        assert!(!daemon(&[]).shows_diagnostics());
    }

    #[test]
    fn of_an_option_given_twice_the_last_counts() {
        assert_eq!(
            daemon(&["-f", "a.conf", "-f", "b.conf"]).configuration.file,
            PathBuf::from("b.conf")
        );
    }

    #[test]
    fn a_process_that_is_started_with_the_same_words_in_another_folder_finds_the_same_files() {
        let here = daemon(&["-f", "a.conf", "-p", "b", "-g", "c.log"]).settled().unwrap();
        let words = [
            &["director", "-f", "a.conf", "-p", "b", "-g", "c.log"].map(OsString::from),
            &*here.settled_words(),
        ]
        .concat();
        let there = Arguments::try_parse_from(words).unwrap().daemon;
        assert_eq!(there.settled_words(), here.settled_words());
    }

    #[test]
    fn a_pid_file_is_where_it_is_asked_for_or_where_the_configuration_has_it() {
        let process = Process { instance: Some("blue".to_owned()), ..Process::default() };
        let PidFiles { main, vrrp, .. } = daemon(&["-p", "/run/a.pid"]).pid_files(&process);
        assert_eq!(main, PathBuf::from("/run/a.pid"));
        assert_eq!(vrrp, PidFiles::of(&process).vrrp);
    }

    #[test]
    fn the_words_of_debians_service_unit_are_understood() {
        assert!(daemon(&["--dont-fork", "--log-console"]).dont_fork);
    }

    #[test]
    fn a_configuration_is_tested_with_or_without_a_file_for_what_there_is_to_say() {
        let daemon_of = |words| {
            let Daemon { config_test, configuration, .. } = daemon(words);
            (config_test, configuration.file)
        };
        let file = PathBuf::from("a.conf");
        assert_eq!(daemon_of(&["-t", "-f", "a.conf"]), (Some(None), file.clone()));
        assert_eq!(daemon_of(&["-f", "a.conf", "--config-test"]), (Some(None), file.clone()));
        let log = Some(Some(PathBuf::from("log")));
        assert_eq!(daemon_of(&["-t=log", "-f", "a.conf"]), (log.clone(), file.clone()));
        assert_eq!(daemon_of(&["--config-test=log", "-f", "a.conf"]), (log, file));
        assert_eq!(daemon_of(&["-f", "a.conf"]).0, None);
    }

    #[test]
    fn every_option_of_keepalived_without_effect_says_why() {
        let words =
            ["-B", "-b", "x", "--all", "-X", "-d", "-a", "-x", "-A", "y", "--flush-log-file"];
        assert_eq!(daemon(&words).without_effect.given().count(), 9);
    }

    #[test]
    fn a_facility_has_the_number_of_syslog() {
        assert_eq!(daemon(&["-S", "3"]).log_facility, Facility(19));
        assert_eq!(daemon(&["-S", "user"]).log_facility, Facility(1));
        assert!(Arguments::try_parse_from(["director", "-S", "8"]).is_err());
    }
}
