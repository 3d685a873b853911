use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::time::Duration;

use crate::check::{Entries, Entry};
use crate::model::{Checker, HttpCheck, HttpUrl, HttpVersion, Probe};
use crate::value::integer;

use super::Context;

/// What a checker takes from its real server, and that from its service.
#[derive(Clone, Default)]
pub(super) struct Inherited {
    pub(super) delay_loop: Option<Duration>,
    pub(super) connect_timeout: Option<Duration>,
    pub(super) retry: Option<u32>,
    pub(super) delay_before_retry: Option<Duration>,
    pub(super) warmup: Option<Duration>,
    pub(super) virtualhost: Option<String>,
    pub(super) alpha: bool,
}

impl Inherited {
    /// What `entries` say, otherwise what holds around them. `alpha` differs from block to block.
    pub(super) fn within(&self, entries: &Entries<'_>) -> Self {
        Self {
            delay_loop: entries.seconds("delay_loop").or(self.delay_loop),
            connect_timeout: entries.seconds("connect_timeout").or(self.connect_timeout),
            retry: entries.integer("retry").or(self.retry),
            delay_before_retry: entries.seconds("delay_before_retry").or(self.delay_before_retry),
            warmup: entries.seconds("warmup").or(self.warmup),
            virtualhost: self.virtualhost.clone(),
            alpha: self.alpha,
        }
    }
}

/// A `TCP_CHECK` or `HTTP_GET` of the server at `address`.
pub(super) fn build(
    entry: &Entry<'_>,
    address: SocketAddr,
    around: &Inherited,
    context: &mut Context<'_>,
) -> Option<Checker> {
    let inside = &entry.inside;
    let settings = around.within(inside);
    let http = entry.row.name == "HTTP_GET";
    let default_delay = Duration::from_secs(if http { 3 } else { 1 });
    let target = SocketAddr::new(
        inside.address("connect_ip").unwrap_or(address.ip()),
        inside.integer("connect_port").unwrap_or(address.port()),
    );
    let bind = bind(entry, target, context);
    let retry = retry(entry, context).or(settings.retry).unwrap_or(1);
    let delay_loop = settings.delay_loop.unwrap_or(Duration::from_secs(60));
    let probe = if http {
        Probe::Http(self::http(entry, settings.virtualhost.as_ref(), context)?)
    } else {
        Probe::Tcp
    };
    Some(Checker {
        probe,
        target,
        bind,
        connect_timeout: settings.connect_timeout.unwrap_or(Duration::from_secs(5)),
        retry,
        delay_before_retry: settings.delay_before_retry.unwrap_or(default_delay),
        delay_loop,
        warmup: settings.warmup.unwrap_or(delay_loop),
        alpha: inside.flag("alpha").unwrap_or(around.alpha),
        span: entry.statement.keyword.span,
    })
}

fn bind(entry: &Entry<'_>, target: SocketAddr, context: &mut Context<'_>) -> Option<SocketAddr> {
    let inside = &entry.inside;
    let address = inside.address("bindto");
    let port = inside.integer::<u16>("bind_port");
    if address.is_none() && port.is_none() {
        return None;
    }
    let any: IpAddr =
        if target.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let bind = SocketAddr::new(address.unwrap_or(any), port.unwrap_or(0));
    if bind.is_ipv4() != target.is_ipv4()
        && let Some(bindto) = inside.get("bindto")
    {
        context
            .error(bindto.span(), format!("{} cannot reach {}", bind.ip(), target.ip()))
            .label("an address of the other family");
    }
    Some(bind)
}

/// The checker's own `retry`, under either of its names.
fn retry(entry: &Entry<'_>, context: &mut Context<'_>) -> Option<u32> {
    if let Some(old) = entry.inside.get("nb_get_retry") {
        context
            .warning(old.statement.keyword.span, "`nb_get_retry` is the old name of `retry`")
            .label(match entry.row.name {
                "HTTP_GET" => "taken for `retry`",
                _ => "taken for `retry`; keepalived knows it only in HTTP_GET and SSL_GET",
            });
    }
    let name = entry.inside.either("retry", "nb_get_retry")?.row.name;
    entry.inside.integer(name)
}

fn http(
    entry: &Entry<'_>,
    virtualhost: Option<&String>,
    context: &mut Context<'_>,
) -> Option<HttpCheck> {
    let inside = &entry.inside;
    let virtualhost = inside.text("virtualhost").or_else(|| virtualhost.cloned());
    if !inside.has("url") {
        context.error(entry.span(), "`HTTP_GET` has no `url`").help("add `url { path / }`");
        return None;
    }
    let urls = inside
        .all("url")
        .filter_map(|url| {
            Some(HttpUrl {
                path: path(url, context)?,
                host: url.inside.text("virtualhost").or_else(|| virtualhost.clone()),
                digest: digest(&url.inside, context),
                status: status(&url.inside, context),
            })
        })
        .collect();
    let version = match inside.text("http_protocol").as_deref() {
        Some("1.1") => HttpVersion::Http11,
        Some("1.0C") => HttpVersion::Http10Close,
        _ => HttpVersion::Http10,
    };
    Some(HttpCheck { version, urls })
}

fn path(url: &Entry<'_>, context: &mut Context<'_>) -> Option<String> {
    let path = url.inside.text("path")?;
    if !path.starts_with('/')
        && let Some(entry) = url.inside.get("path")
    {
        context
            .warning(entry.span(), "the path of a page begins with `/`")
            .label("sent to the server as it is");
    }
    Some(path)
}

fn digest(url: &Entries<'_>, context: &mut Context<'_>) -> Option<[u8; 16]> {
    let text = url.text("digest")?;
    let digits: Option<Vec<u8>> =
        text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let bytes = digits.map(|digits| {
        digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect()
    });
    let digest =
        bytes.filter(|_| text.len() == 32).and_then(|bytes: Vec<u8>| bytes.try_into().ok());
    if digest.is_none()
        && let Some(word) = url.get("digest").and_then(|entry| entry.statement.arguments.first())
    {
        context.error(word.span, format!("`digest` cannot be `{text}`")).label(format!(
            "expected 32 hexadecimal digits, not {} characters",
            text.chars().count()
        ));
    }
    digest
}

/// All `status_code` lines together.
fn status(url: &Entries<'_>, context: &mut Context<'_>) -> Vec<RangeInclusive<u16>> {
    let mut ranges = Vec::new();
    for word in url.all("status_code").flat_map(|entry| &entry.statement.arguments) {
        match code_range(&word.text) {
            Some(range) => ranges.push(range),
            None => {
                context
                    .error(word.span, format!("`status_code` cannot be `{}`", word.text))
                    .label("expected a code from 100 to 599, or two with a `-` between");
            }
        }
    }
    if ranges.is_empty() {
        ranges.push(200..=299);
    }
    ranges
}

fn code_range(text: &str) -> Option<RangeInclusive<u16>> {
    let code = |text| u16::try_from(integer(text)?).ok().filter(|code| (100..=599).contains(code));
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    Some(code(first)?..=code(last)?).filter(|range| !range.is_empty())
}
