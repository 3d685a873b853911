use std::ops::RangeInclusive;
use std::sync::Arc;

use crate::build::Context;
use crate::check::{Entries, Entry};
use crate::model::{Connection, HttpCheck, HttpUrl, HttpVersion, server_name};
use crate::value::integer;

use super::{Inherited, regex};

/// `HTTP_GET` or `SSL_GET`.
pub(super) fn build(
    entry: &Entry<'_>,
    connection: Connection,
    around: &Inherited<'_>,
    context: &mut Context<'_>,
) -> Option<HttpCheck> {
    let (inside, name) = (&entry.inside, entry.row.name);
    if !inside.has("url") {
        context.error(entry.span(), format!("`{name}` has no `url`")).help("add `url { path / }`");
        return None;
    }
    let tls = name == "SSL_GET";
    let page = Page {
        tls,
        virtualhost: inside.text("virtualhost").or_else(|| around.virtualhost.clone()),
        sni: if tls { sni(inside) } else { Sni::Untold },
        tls_compliant: tls && inside.has("tls_compliant"),
    };
    let urls = inside.all("url").filter_map(|url| self::url(url, &page, context)).collect();
    let version = match inside.text("http_protocol").as_deref() {
        Some("1.1") => HttpVersion::Http11,
        Some("1.0C") => HttpVersion::Http10Close,
        _ => HttpVersion::Http10,
    };
    Some(HttpCheck {
        connection,
        tls: tls.then(|| Arc::clone(&around.ssl)),
        version,
        fast_recovery: inside.flag("fast_recovery").unwrap_or_default(),
        urls,
    })
}

/// What the pages of a checker have in common.
struct Page {
    tls: bool,
    virtualhost: Option<String>,
    sni: Sni,
    tls_compliant: bool,
}

/// The name that a server is told.
enum Sni {
    Untold,
    /// The page's `virtualhost`, if it has one.
    Host,
    Name(String),
}

fn sni(inside: &Entries<'_>) -> Sni {
    match inside.text("sni_name") {
        Some(name) => Sni::Name(name),
        None if inside.has("enable_sni") => Sni::Host,
        None => Sni::Untold,
    }
}

fn url(url: &Entry<'_>, page: &Page, context: &mut Context<'_>) -> Option<HttpUrl> {
    let inside = &url.inside;
    let host = inside.text("virtualhost").or_else(|| page.virtualhost.clone());
    if let Some(compliant) = inside.get("tls_compliant").filter(|_| !page.tls) {
        context
            .warning(compliant.span(), "`tls_compliant` has no effect: HTTP_GET uses no TLS")
            .label("ignored, as keepalived does");
    }
    Some(HttpUrl {
        path: path(url, context)?,
        sni: match &page.sni {
            Sni::Untold => None,
            Sni::Host => host.as_deref().and_then(server_name).map(str::to_owned),
            Sni::Name(name) => Some(name.clone()),
        },
        host,
        tls_compliant: page.tls && (page.tls_compliant || inside.has("tls_compliant")),
        digest: digest(inside, context),
        regex: regex::build(inside, context),
        status: status(inside, context),
    })
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
        match code_range(word.text) {
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
