mod connection;
mod http;
mod probe;
mod regex;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use smallvec::SmallVec;

use crate::check::{Entries, Entry};
use crate::model::{CheckRules, Checker, Probe, Ssl, TrackFile};

use super::{Context, shared};

/// What a checker takes from its real server, and that from its service.
#[derive(Clone, Default)]
pub(super) struct Inherited<'f> {
    pub(super) delay_loop: Option<Duration>,
    pub(super) connect_timeout: Option<Duration>,
    pub(super) retry: Option<u32>,
    pub(super) delay_before_retry: Option<Duration>,
    pub(super) warmup: Option<Duration>,
    pub(super) virtualhost: Option<String>,
    pub(super) alpha: bool,
    /// `checker_log_all_failures`.
    pub(super) log_all_failures: bool,
    pub(super) ssl: Arc<Ssl>,
    /// Those that a `FILE_CHECK` may name.
    pub(super) track_files: &'f [TrackFile],
}

impl Inherited<'_> {
    /// What `entries` of a service or a server say, otherwise what holds around them. `alpha` differs
    /// from block to block.
    pub(super) fn within(&self, entries: &Entries<'_>) -> Self {
        Self {
            delay_loop: entries.seconds("delay_loop").or(self.delay_loop),
            connect_timeout: entries.seconds("connect_timeout").or(self.connect_timeout),
            retry: entries.integer("retry").or(self.retry),
            delay_before_retry: entries.seconds("delay_before_retry").or(self.delay_before_retry),
            warmup: entries.seconds("warmup").or(self.warmup),
            virtualhost: entries.text("virtualhost").or_else(|| self.virtualhost.clone()),
            ..self.clone()
        }
    }
}

/// The server that is checked.
#[derive(Clone, Copy)]
pub(super) struct Server {
    pub(super) address: IpAddr,
    pub(super) port: u16,
    /// Checks go to the port as it is written, even where packets cannot.
    pub(super) written_port: u16,
}

/// What a kind of checker does if nothing else is said.
struct Defaults {
    retry: u32,
    /// `None`: as `delay_loop`.
    delay_before_retry: Option<Duration>,
}

impl Defaults {
    fn of(keyword: &str) -> Self {
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        match keyword {
            "HTTP_GET" | "SSL_GET" => Self { retry: 1, delay_before_retry: seconds(3) },
            "DNS_CHECK" => Self { retry: 3, delay_before_retry: None },
            "MISC_CHECK" | "FILE_CHECK" => Self { retry: 0, delay_before_retry: seconds(1) },
            _ => Self { retry: 1, delay_before_retry: seconds(1) },
        }
    }
}

/// keepalived's own.
const DELAY_LOOP: Duration = Duration::from_secs(60);

/// Adds the checkers of a server that one keyword makes; none for other keywords.
pub(super) fn build(
    entry: &Entry<'_>,
    server: Server,
    around: &Inherited<'_>,
    checkers: &mut SmallVec<[Checker; 1]>,
    context: &mut Context<'_>,
) {
    let inside = &entry.inside;
    let probes = probes(entry, server, around, context);
    if probes.is_empty() {
        return;
    }
    let delay_loop = inside.seconds("delay_loop").or(around.delay_loop).unwrap_or(DELAY_LOOP);
    let defaults = Defaults::of(entry.row.name);
    let retry = retry(entry, context).or(around.retry).unwrap_or(defaults.retry);
    let delay_before_retry = inside.seconds("delay_before_retry").or(around.delay_before_retry);
    let rules = CheckRules {
        retry,
        delay_before_retry: delay_before_retry
            .or(defaults.delay_before_retry)
            .unwrap_or(delay_loop),
        delay_loop,
        warmup: inside.seconds("warmup").or(around.warmup).unwrap_or(delay_loop),
        alpha: inside.flag("alpha").unwrap_or(around.alpha),
        log_all_failures: inside.flag("log_all_failures").unwrap_or(around.log_all_failures),
    };
    let rules = shared(&mut context.check_rules, rules);
    let span = entry.statement.keyword.span.into();
    checkers.extend(probes.into_iter().map(|probe| Checker {
        probe,
        rules: Arc::clone(&rules),
        span,
    }));
}

fn probes(
    entry: &Entry<'_>,
    server: Server,
    around: &Inherited<'_>,
    context: &mut Context<'_>,
) -> Vec<Probe> {
    let mut connection = || connection::build(&entry.inside, server, around, context);
    match entry.row.name {
        "TCP_CHECK" => {
            let connection = connection();
            vec![Probe::Tcp(shared(&mut context.connections, connection))]
        }
        "PING_CHECK" => {
            let connection = connection();
            vec![Probe::Ping(shared(&mut context.connections, connection))]
        }
        "HTTP_GET" | "SSL_GET" => {
            let connection = connection();
            http::build(entry, connection, around, context)
                .map(|http| Probe::Http(Box::new(http)))
                .into_iter()
                .collect()
        }
        "SMTP_CHECK" => probe::smtp(entry, server, around, context),
        "DNS_CHECK" => {
            let connection = connection();
            probe::dns(entry, connection, context).into_iter().collect()
        }
        "UDP_CHECK" => {
            let connection = connection();
            probe::udp(entry, connection, context).into_iter().collect()
        }
        "FILE_CHECK" => probe::file(entry, around, context).into_iter().collect(),
        "MISC_CHECK" => probe::misc(entry, around, context).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// The checker's own `retry`, under either of its names.
fn retry(entry: &Entry<'_>, context: &mut Context<'_>) -> Option<u32> {
    if !entry.inside.knows("nb_get_retry") {
        return entry.inside.integer("retry");
    }
    if let Some(old) = entry.inside.get("nb_get_retry") {
        context
            .warning(old.statement.keyword.span, "`nb_get_retry` is the old name of `retry`")
            .label(match entry.row.name {
                "HTTP_GET" | "SSL_GET" => "taken for `retry`",
                _ => "taken for `retry`; keepalived knows it only in HTTP_GET and SSL_GET",
            });
    }
    let name = entry.inside.either("retry", "nb_get_retry")?.row.name;
    entry.inside.integer(name)
}
