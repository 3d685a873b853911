//! The command line: keepalived's options, and verbs of our own.

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand};

/// keepalived's own default.
const CONFIGURATION: &str = "/etc/keepalived/keepalived.conf";

/// Keeps services available: VRRP, IPVS and health checks from one keepalived.conf.
#[derive(Debug, Parser)]
#[command(
    name = "director",
    version,
    disable_version_flag = true,
    args_conflicts_with_subcommands = true
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
        /// The configuration.
        #[arg(short = 'f', long = "use-file", value_name = "FILE", default_value = CONFIGURATION)]
        file: PathBuf,
    },
}

/// keepalived's options.
#[derive(Debug, Args)]
pub(crate) struct Daemon {
    /// Use this configuration file.
    #[arg(short = 'f', long = "use-file", value_name = "FILE", default_value = CONFIGURATION)]
    pub(crate) file: PathBuf,
    /// Stay in the foreground.
    #[arg(short = 'n', long)]
    pub(crate) dont_fork: bool,
    /// Write messages to the terminal. They always go there.
    #[arg(short = 'l', long)]
    pub(crate) log_console: bool,
    /// Write more: every attempt of a check, and what the kernel was told.
    #[arg(short = 'D', long)]
    pub(crate) log_detail: bool,
    /// Check the configuration and end: 0 when it can be run.
    #[arg(short = 't', long)]
    pub(crate) config_test: bool,
    /// Run VRRP only.
    #[arg(short = 'P', long, conflicts_with = "check")]
    pub(crate) vrrp: bool,
    /// Run virtual servers and their checks only.
    #[arg(short = 'C', long)]
    pub(crate) check: bool,
    /// Leave the IPVS table as it is at the end.
    #[arg(short = 'I', long)]
    pub(crate) dont_release_ipvs: bool,
    /// Write the process id to this file.
    #[arg(short = 'p', long, value_name = "FILE")]
    pub(crate) pid: Option<PathBuf>,
    /// keepalived's second process; here it is the same.
    #[arg(short = 'r', long = "vrrp_pid", value_name = "FILE")]
    pub(crate) vrrp_pid: Option<PathBuf>,
    /// keepalived's third process; here it is the same.
    #[arg(short = 'c', long = "checkers_pid", value_name = "FILE")]
    pub(crate) checkers_pid: Option<PathBuf>,
    /// Print the version.
    #[arg(short = 'v', long, action = ArgAction::Version)]
    version: (),
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
        assert_eq!(arguments.daemon.file, PathBuf::from("x.conf"));
    }
}
