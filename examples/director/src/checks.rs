//! The checkers of the configuration as checks of the monitor.

mod probe;

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use steadfast_checkers::{
    DynamicWeight, Events, Monitor, MonitorOptions, Outcome, Policy, Standing, spread,
};
use steadfast_conf::model::{Checker, Probe, Ssl};
use steadfast_conf::{Diagnostic, Loaded, Model, Severity};
use steadfast_director_core::services::{AskedWeight, CheckId, Checks, Judgement, Services};
use tracing::{error, warn};

use crate::script::Scripts;

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
    scripts: &Scripts,
) {
    let checker = |id: &CheckId| Some((*id, services.checker(*id)?));
    for id in &checks.ended {
        monitor.remove(id);
    }
    for (id, checker) in checks.retimed.iter().filter_map(checker) {
        monitor.set_policy(&id, policy(checker));
        monitor.tell_every_attempt(&id, checker.rules.log_all_failures);
    }
    let started: Vec<_> = checks.started.iter().filter_map(checker).collect();
    start(monitor, &started, scripts);
}

/// Starts checks; those that run and are as they were go on.
fn start(monitor: &Monitor<CheckId>, started: &[(CheckId, &Checker)], scripts: &Scripts) {
    monitor.add_all(started.iter().enumerate().filter_map(|(position, &(id, checker))| {
        match probe::check(&checker.probe, scripts) {
            Ok(check) => {
                let warmup = spread(checker.rules.warmup, position, started.len());
                Some((id, check, policy(checker), warmup))
            }
            Err(error) => {
                error!("this {} is not run: {error}", checker.probe.name());
                None
            }
        }
    }));
    for (id, _) in started.iter().filter(|(_, checker)| checker.rules.log_all_failures) {
        monitor.tell_every_attempt(id, true);
    }
}

/// What is in the files of `SSL { }`. It may change while their names stay.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Certificates([Option<Vec<u8>>; 3]);

impl Certificates {
    /// As they are now.
    pub(crate) fn of(model: &Model) -> Self {
        let files = first_with_tls(model).map(|(_, ssl)| files(ssl)).unwrap_or_default();
        Self(files.map(|file| std::fs::read(file?).ok()))
    }
}

fn files(ssl: &Ssl) -> [Option<&Path>; 3] {
    [&ssl.authorities, &ssl.certificate, &ssl.key].map(Option::as_deref)
}

/// Warns of files of `SSL { }` that cannot be read.
pub(crate) fn audit(loaded: &mut Loaded) {
    let Some((checker, ssl)) = loaded.model.as_ref().and_then(first_with_tls) else { return };
    let warning = |file: &Path| {
        let error = File::open(file).err()?;
        let message = format!("cannot read {}: {error}", file.display());
        let warning = Diagnostic::new(Severity::Warning, checker.span, message);
        Some(warning.label("not made without it, and its server counts as up"))
    };
    let warnings = files(ssl).into_iter().flatten().filter_map(warning).collect();
    loaded.say(warnings);
}

/// A configuration has one `SSL { }`, which is told to all.
fn first_with_tls(model: &Model) -> Option<(&Checker, &Ssl)> {
    let servers = model.virtual_servers.iter().flat_map(|service| &service.real_servers);
    let mut checkers = servers.flat_map(|server| &server.checkers);
    checkers.find_map(|checker| Some((checker, ssl(checker)?)))
}

/// Has the checks with TLS go on with what is in its files now.
pub(crate) fn renew(monitor: &Monitor<CheckId>, services: &Services, scripts: &Scripts) {
    let with_tls = services.checkers().filter(|(_, checker)| ssl(checker).is_some());
    let with_tls: Vec<_> = with_tls.collect();
    start(monitor, &with_tls, scripts);
    for (id, _) in with_tls.iter().filter(|(id, _)| services.is_suspended(*id)) {
        monitor.pause(id);
    }
}

fn ssl(checker: &Checker) -> Option<&Ssl> {
    match &checker.probe {
        Probe::Http(http) => http.tls.as_deref(),
        _ => None,
    }
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
        alpha: rules.alpha,
        ..Policy::every(rules.delay_loop)
    }
}

#[cfg(test)]
mod tests {
    use steadfast_director_core::services::Found;

    use super::*;

    const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----
MIIBbjCCAROgAwIBAgIUBeCrbAv1JIIwkSTIg835KhN6jXswCgYIKoZIzj0EAwIw
DDEKMAgGA1UEAwwBYTAeFw0yNjExMjIwNTM3MDBaFw0zNjExMTkwNTM3MDBaMAwx
CjAIBgNVBAMMAWEwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASMtyxquzjleIQi
FIS6PRt8uJmIu5k5ynh4yFiLj6nssWP7Gw3ryUNPq2FXz54guoT9dkY+6hNCaMz/
Jk0/lC6no1MwUTAdBgNVHQ4EFgQUjf/oil49zR7SU/JLlWImfmQXyAowHwYDVR0j
BBgwFoAUjf/oil49zR7SU/JLlWImfmQXyAowDwYDVR0TAQH/BAUwAwEB/zAKBggq
hkjOPQQDAgNJADBGAiEA8wA/qDQEEdMWNM+rMVj7PScJBkyZtsQ9y4bLDZgx+kYC
IQC1XK1H7Z2A+4khRC053hJwBeGMDfffBUGEU1jM13s+oA==
-----END CERTIFICATE-----
";

    #[tokio::test]
    async fn a_check_that_lacks_a_certificate_is_warned_of_and_made_once_that_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        let text = format!(
            "SSL {{\nca {}\n}}\nvirtual_server 192.0.2.10 80 {{\nlb_algo rr\nlb_kind NAT\nprotocol TCP\n\
             real_server 192.0.2.21 80 {{\nSSL_GET {{\nwarmup 60\nurl {{\npath /\n}}\n}}\n}}\n}}\n",
            file.display()
        );
        let model = steadfast_conf::parse("t.conf", &text).model.unwrap();
        let said = || {
            let mut loaded = steadfast_conf::parse("t.conf", &text);
            audit(&mut loaded);
            loaded.render(steadfast_conf::Style::Plain)
        };
        assert!(said().contains("cannot read"), "{}", said());
        let (monitor, _events) = Monitor::new(MonitorOptions::default());
        let mut services = Services::default();
        let (checks, _) = services.reconcile(&model, |_, _| Found::Nothing);
        change(&monitor, &services, &checks, &Scripts::default());
        assert_eq!(monitor.checks(), 0);
        let before = Certificates::of(&model);
        std::fs::write(&file, CERTIFICATE).unwrap();
        assert_ne!(Certificates::of(&model), before);
        assert!(!said().contains("cannot read"), "{}", said());
        renew(&monitor, &services, &Scripts::default());
        assert_eq!(monitor.checks(), 1);
    }
}
