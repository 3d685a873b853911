//! The checkers of the configuration as checks of the monitor.

use steadfast_checkers::http::{HttpGet, HttpVersion, Md5Digest, StatusRanges, Url};
use steadfast_checkers::{BoxCheck, ConnectOptions, Events, Monitor, Policy, TcpCheck, spread};
use steadfast_conf::Model;
use steadfast_conf::model::{self, Checker, HttpCheck, HttpUrl, Probe};
use steadfast_director_core::services::CheckId;
use tracing::error;

/// Starts all checks of a model, their first attempts spread over each one's warm-up.
pub(crate) fn start(model: &Model) -> (Monitor<CheckId>, Events<CheckId>) {
    let (mut monitor, events) = Monitor::new();
    let checkers: Vec<_> = checkers(model).collect();
    for (position, (id, checker)) in checkers.iter().enumerate() {
        let Some(check) = check(checker) else {
            error!("a checker of {} is of a kind that cannot be run", checker.target);
            continue;
        };
        let warmup = spread(checker.warmup, position, checkers.len());
        monitor.add(*id, check, policy(checker), warmup);
    }
    (monitor, events)
}

fn checkers(model: &Model) -> impl Iterator<Item = (CheckId, &Checker)> {
    model.virtual_servers.iter().enumerate().flat_map(|(service, virtual_server)| {
        virtual_server.real_servers.iter().enumerate().flat_map(move |(server, real_server)| {
            real_server
                .checkers
                .iter()
                .enumerate()
                .map(move |(check, checker)| (CheckId { service, server, check }, checker))
        })
    })
}

fn policy(checker: &Checker) -> Policy {
    Policy {
        delay_loop: checker.delay_loop,
        retry: checker.retry,
        delay_before_retry: checker.delay_before_retry,
        alpha: checker.alpha,
    }
}

fn check(checker: &Checker) -> Option<BoxCheck> {
    let connect = ConnectOptions {
        bind: checker.bind,
        ..ConnectOptions::new(checker.target).timeout(checker.connect_timeout)
    };
    match &checker.probe {
        Probe::Tcp => Some(BoxCheck::new(TcpCheck::new(connect))),
        Probe::Http(http) => Some(BoxCheck::new(http_get(connect, http))),
        _ => None,
    }
}

fn http_get(connect: ConnectOptions, http: &HttpCheck) -> HttpGet {
    let url = |url: &HttpUrl| Url {
        path: url.path.clone(),
        host: url.host.clone(),
        status: StatusRanges::new(url.status.iter().cloned()),
        digest: url.digest.map(Md5Digest),
    };
    HttpGet::new(connect, http.urls.iter().map(url)).version(match http.version {
        model::HttpVersion::Http10 => HttpVersion::Http10,
        model::HttpVersion::Http10Close => HttpVersion::Http10Close,
        model::HttpVersion::Http11 => HttpVersion::Http11,
    })
}
