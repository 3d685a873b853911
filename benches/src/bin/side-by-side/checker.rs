//! Runs health checks with Steadfast's monitor until it is killed.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use clap::Args;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use steadfast_checkers::http::{HttpGet, HttpVersion, Url};
use steadfast_checkers::{
    BoxCheck, ConnectOptions, Monitor, MonitorOptions, Policy, TcpCheck, spread,
};

use crate::Outcome;
use crate::checked::{PORT, server};
use crate::checks::Kind;

#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// What is checked.
    #[arg(long, value_enum)]
    pub(crate) kind: Kind,
    /// How many servers are checked.
    #[arg(long)]
    pub(crate) servers: u32,
    /// Milliseconds between the checks of each.
    #[arg(long)]
    pub(crate) interval: u64,
    /// As many servers more that never answer.
    #[arg(long)]
    pub(crate) black_holes: u32,
}

impl Options {
    pub(crate) fn arguments(&self) -> Vec<String> {
        let Self { kind, servers, interval, black_holes } = self;
        let kind = match kind {
            Kind::Tcp => "tcp",
            Kind::Http => "http",
        };
        let mut arguments = vec!["check".to_owned(), format!("--kind={kind}")];
        arguments.push(format!("--servers={servers}"));
        arguments.push(format!("--interval={interval}"));
        arguments.push(format!("--black-holes={black_holes}"));
        arguments
    }

    /// Those that answer and those that do not, in even turns: whoever spreads them over an interval
    /// spreads both.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = Ipv4Addr> {
        let count = u64::from(self.servers) + u64::from(self.black_holes);
        let black_holes_before = move |position: u64| {
            u32::try_from(position * u64::from(self.black_holes) / count).unwrap_or(u32::MAX)
        };
        (0..count).zip(0..).map(move |(position, number)| {
            let before = black_holes_before(position);
            if black_holes_before(position + 1) > before {
                Ipv4Addr::from(u32::from(Ipv4Addr::new(11, 0, 0, 1)) + before)
            } else {
                server(number - before)
            }
        })
    }
}

pub(crate) fn run(options: &Options) -> Outcome {
    // What does not answer holds its descriptor until its time is over.
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let interval = Duration::from_millis(options.interval);
        let policy = Policy { alpha: true, ..Policy::every(interval) };
        let (monitor, mut events) = Monitor::new(MonitorOptions::default());
        let count = options.addresses().count();
        monitor.add_all(options.addresses().enumerate().map(|(position, address)| {
            let connect = ConnectOptions::new(SocketAddr::from((address, PORT)));
            let check = match options.kind {
                Kind::Tcp => BoxCheck::new(TcpCheck::new(connect)),
                Kind::Http => BoxCheck::new(
                    HttpGet::new(connect, [Url::new("/")]).version(HttpVersion::Http11),
                ),
            };
            (position, check, policy, spread(interval, position, count))
        }));
        while events.next().await.is_some() {}
    });
    Err("the monitor has stopped".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_that_answer_and_those_that_do_not_take_turns() {
        let options = Options { kind: Kind::Tcp, servers: 4, interval: 1000, black_holes: 2 };
        let addresses: Vec<_> = options.addresses().map(|address| address.to_string()).collect();
        assert_eq!(
            addresses,
            ["127.1.0.1", "127.1.0.2", "11.0.0.1", "127.1.0.3", "127.1.0.4", "11.0.0.2"]
        );
    }
}
