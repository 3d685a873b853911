//! The checkers of the configuration as checks of the monitor.

mod handshakes;
mod probe;

use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use steadfast_checkers::{
    DynamicWeight, Events, Monitor, MonitorOptions, Outcome, Policy, Standing, spread,
};
use steadfast_conf::model::{Checker, Probe, RealServer};
use steadfast_director_core::services::{AskedWeight, CheckId, Checks, Judgement, Services};
use tracing::{error, warn};

use crate::check::Machine;
pub(crate) use handshakes::{Handshakes, audit};

/// A monitor that checks nothing yet.
pub(crate) fn monitor() -> (Monitor<CheckId>, Events<CheckId>) {
    if let Err(error) = allow_many_descriptors() {
        warn!("the number of files that may be open stays as it is: {error}");
    }
    Monitor::new(MonitorOptions::default())
}

/// Ends, retimes and starts checks, the first attempts of those that start spread over each one's warm-up.
pub(crate) fn change(
    monitor: &Monitor<CheckId>,
    services: &Services,
    checks: &Checks,
    machine: &Machine,
) {
    let checker = |id: &CheckId| Some((*id, services.checker(*id)?));
    for id in &checks.ended {
        monitor.remove(id);
    }
    for (id, (_, checker)) in checks.retimed.iter().filter_map(checker) {
        monitor.set_policy(&id, policy(checker));
        monitor.tell_every_attempt(&id, checker.rules.log_all_failures);
    }
    let started: Vec<_> = checks.started.iter().filter_map(checker).collect();
    start(monitor, &started, machine);
}

/// Starts checks; those that run and are as they were go on.
fn start(
    monitor: &Monitor<CheckId>,
    started: &[(CheckId, (&RealServer, &Checker))],
    machine: &Machine,
) {
    monitor.add_all(started.iter().enumerate().filter_map(
        |(position, &(id, (server, checker)))| match probe::check(server, &checker.probe, machine) {
            Ok(check) => {
                let warmup = spread(checker.rules.warmup, position, started.len());
                Some((id, check, policy(checker), warmup))
            }
            Err(error) => {
                error!("this {} is not run: {error}", checker.probe.name());
                None
            }
        },
    ));
    for (id, _) in started.iter().filter(|(_, (_, checker))| checker.rules.log_all_failures) {
        monitor.tell_every_attempt(id, true);
    }
}

/// Has the checks with TLS go on with what was in its files when they were read last.
pub(crate) fn renew(monitor: &Monitor<CheckId>, services: &Services, machine: &Machine) {
    let with_tls = services.checkers().filter(|(_, (_, checker))| speaks_tls(checker));
    let with_tls: Vec<_> = with_tls.collect();
    start(monitor, &with_tls, machine);
    for (id, _) in with_tls.iter().filter(|(id, _)| services.is_suspended(*id)) {
        monitor.pause(id);
    }
}

fn speaks_tls(checker: &Checker) -> bool {
    matches!(&checker.probe, Probe::Http(http) if http.tls.is_some())
}

/// Pauses checks, or has them go on, spread like those that start.
pub(crate) fn suspend(monitor: &Monitor<CheckId>, suspended: bool, checks: &[(CheckId, Duration)]) {
    for (position, (id, warmup)) in checks.iter().enumerate() {
        if suspended {
            monitor.pause(id);
        } else {
            monitor.resume(id, spread(*warmup, position, checks.len()));
        }
    }
}

/// A server that does not answer holds a descriptor until its time is over.
fn allow_many_descriptors() -> std::io::Result<()> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    Ok(setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?)
}

/// What an event of a check says of its server; nothing while nothing is decided.
pub(crate) fn judgement(standing: Standing, outcome: &Outcome) -> Option<Judgement> {
    let configured = AskedWeight::Configured;
    match (standing, outcome) {
        (Standing::Down, _) => Some(Judgement { up: false, weight: configured }),
        (Standing::Up, Outcome::Pass(report)) => {
            let weight = report.weight.map_or(configured, asked);
            Some(Judgement { up: true, weight })
        }
        (Standing::Up | Standing::Unknown, _) => None,
    }
}

fn asked(weight: DynamicWeight) -> AskedWeight {
    match weight {
        DynamicWeight::Absolute(weight) => AskedWeight::Exactly(weight),
        DynamicWeight::Relative(change) => AskedWeight::More(change),
        // No check of a configuration asks for it.
        DynamicWeight::Percent(_) => AskedWeight::Configured,
    }
}

fn policy(checker: &Checker) -> Policy {
    let rules = &checker.rules;
    let http = matches!(checker.probe, Probe::Http(_));
    let delay_rising = match &checker.probe {
        Probe::Http(http) if http.fast_recovery => Some(Duration::ZERO),
        _ => None,
    };
    Policy {
        retry: rules.retry,
        delay_before_retry: rules.delay_before_retry,
        failed_part_first: http,
        delay_rising,
        // keepalived's rule.
        delay_down: http.then_some(rules.delay_loop.max(rules.delay_before_retry)),
        // What is balanced has no other way to the server.
        no_route_fails: true,
        alpha: rules.alpha,
        ..Policy::every(rules.delay_loop)
    }
}

#[cfg(test)]
mod tests {
    use steadfast_director_core::services::Found;

    use super::*;

    #[tokio::test]
    async fn a_check_whose_certificate_was_missing_is_made_once_that_is_there() {
        let text = "virtual_server 192.0.2.10 80 {\nlb_algo rr\nlb_kind NAT\nprotocol TCP\n\
                    real_server 192.0.2.21 80 {\nSSL_GET {\nwarmup 60\nurl {\npath /\n}\n}\n}\n}\n";
        let model = steadfast_conf::parse("t.conf", text).model.unwrap();
        let (monitor, _events) = Monitor::new(MonitorOptions::default());
        let mut services = Services::default();
        let (checks, _) = services.reconcile(&model, |_, _| Found::Nothing);
        change(&monitor, &services, &checks, &Machine::default());
        assert_eq!(monitor.checks(), 0);
        let (handshakes, _) = Handshakes::look_up(&model);
        renew(&monitor, &services, &Machine { handshakes, ..Machine::default() });
        assert_eq!(monitor.checks(), 1);
    }
}
