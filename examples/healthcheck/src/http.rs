use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use hyper::Uri;
use steadfast_checkers::ConnectOptions;
use steadfast_checkers::http::{
    HttpGet, HttpVersion, Md5Digest, Pattern, PatternOptions, StatusRanges, Url,
};
use steadfast_checkers::tls::{Fingerprint, Identity, Tls, TlsOptions, Trust};

use crate::target::{TargetError, address};

/// What a page should be.
#[derive(Debug, Args)]
pub(crate) struct Http {
    /// `http://HOST:PORT/PATH` or `https://…`; several are checked at the same time.
    #[arg(required = true)]
    pub(crate) urls: Vec<Uri>,
    /// The right status, as `200` or `200-299`; may be given more than once.
    #[arg(long, value_parser = status)]
    status: Vec<RangeInclusive<u16>>,
    /// The right MD5 sum of the page.
    #[arg(long)]
    digest: Option<Md5Digest>,
    /// A regular expression that the page must match.
    #[arg(long)]
    regex: Vec<String>,
    /// A regular expression that the page must not match.
    #[arg(long)]
    regex_no_match: Vec<String>,
    /// A text that the page must have in it.
    #[arg(long)]
    contains: Vec<String>,
    /// `NAME: VALUE`, a header that the answer must have.
    #[arg(long, value_parser = header)]
    has_header: Vec<(String, String)>,
    /// `POINTER=VALUE`, what the page must have, as JSON, at a JSON pointer.
    #[arg(long, value_parser = pointer)]
    json_at: Vec<(String, String)>,
    /// `NAME: VALUE`, a header to send.
    #[arg(long, value_parser = header)]
    header: Vec<(String, String)>,
    /// `USER:PASSWORD` for basic authentication.
    #[arg(long)]
    user: Option<String>,
    /// The Host header, if it is not that of the address.
    #[arg(long)]
    host: Option<String>,
    /// Asks by HEAD.
    #[arg(long, conflicts_with = "post")]
    head: bool,
    /// Posts this.
    #[arg(long)]
    post: Option<String>,
    /// Which HTTP to speak.
    #[arg(long, value_enum, default_value_t = Version::V11)]
    http: Version,
    #[command(flatten)]
    trust: TlsArguments,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Version {
    #[value(name = "1.0")]
    V10,
    #[value(name = "1.0C")]
    V10Close,
    #[value(name = "1.1")]
    V11,
    #[value(name = "2")]
    V2,
}

/// Whom to trust, over TLS.
#[derive(Debug, Args)]
pub(crate) struct TlsArguments {
    /// A file of certificates in PEM, of the authorities to trust. Without this and a fingerprint,
    /// any certificate will do.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// The SHA-256 fingerprint of the right certificate.
    #[arg(long, conflicts_with = "ca")]
    fingerprint: Option<Fingerprint>,
    /// The name that the server is told and that its certificate must be for, if it is not that of
    /// the address.
    #[arg(long, value_name = "NAME")]
    sni: Option<String>,
    /// A file with a certificate of ours in PEM.
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,
    /// A file with its private key in PEM.
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
}

impl TlsArguments {
    /// With the name of the address.
    pub(crate) fn tls(&self, name: Option<&str>) -> Result<Tls, TargetError> {
        let trust = match (&self.ca, self.fingerprint) {
            (Some(file), _) => Trust::Authorities(read(file)?),
            (None, Some(fingerprint)) => Trust::Certificate(fingerprint),
            (None, None) => Trust::Anyone,
        };
        let identity = match (&self.cert, &self.key) {
            (Some(certificates), Some(key)) => {
                Some(Identity { certificates: read(certificates)?, key: read(key)? })
            }
            _ => None,
        };
        let server_name = self.sni.clone().or_else(|| name.map(str::to_owned));
        Ok(Tls::new(TlsOptions { trust, server_name, identity, ..TlsOptions::default() })?)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TargetError> {
    std::fs::read(path).map_err(|source| TargetError::Read { path: path.to_owned(), source })
}

/// Where a page is.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) server: SocketAddr,
    tls: bool,
    /// The name in the address, if it is no number.
    name: Option<String>,
    authority: String,
    path: String,
}

impl Http {
    pub(crate) async fn page(&self, url: &Uri) -> Result<Page, TargetError> {
        let none = || TargetError::NoUrl(url.to_string());
        let (tls, port) = match url.scheme_str() {
            Some("http") => (false, 80),
            Some("https") => (true, 443),
            _ => return Err(none()),
        };
        let authority = url.authority().ok_or_else(none)?;
        let server = address(authority.as_str(), Some(port)).await?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        let is_number = host.parse::<std::net::IpAddr>().is_ok();
        Ok(Page {
            server,
            tls,
            name: (!is_number).then(|| host.to_owned()),
            authority: authority.to_string(),
            path: url.path_and_query().map_or("/", |path| path.as_str()).to_owned(),
        })
    }

    pub(crate) fn check(
        &self,
        page: Page,
        connect: ConnectOptions,
    ) -> Result<HttpGet, TargetError> {
        let mut url = Url::new(&page.path)
            .host(self.host.clone().unwrap_or(page.authority))
            .status(StatusRanges::new(self.status.iter().cloned()));
        if let Some(digest) = self.digest {
            url = url.digest(digest);
        }
        for text in &self.regex {
            url = url.matches(Pattern::new(text, PatternOptions::default())?);
        }
        for text in &self.regex_no_match {
            url = url.matches_not(Pattern::new(text, PatternOptions::default())?);
        }
        for text in &self.contains {
            url = url.contains(text.as_bytes());
        }
        for (name, value) in &self.has_header {
            url = url.has_header(name, value);
        }
        for (pointer, value) in &self.json_at {
            url = url.json(pointer, value);
        }
        for (name, value) in &self.header {
            url = url.header(name, value);
        }
        if let Some(user) = &self.user {
            let (user, password) = user.split_once(':').unwrap_or((user, ""));
            url = url.basic_auth(user, password);
        }
        if self.head {
            url = url.head();
        }
        if let Some(body) = &self.post {
            url = url.post(body.as_bytes());
        }
        let check = HttpGet::new(connect, [url]).version(match self.http {
            Version::V10 => HttpVersion::Http10,
            Version::V10Close => HttpVersion::Http10Close,
            Version::V11 => HttpVersion::Http11,
            Version::V2 => HttpVersion::Http2,
        });
        Ok(match page.tls {
            true => check.tls(self.trust.tls(page.name.as_deref())?),
            false => check,
        })
    }
}

fn status(text: &str) -> Result<RangeInclusive<u16>, String> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    match (first.parse(), last.parse()) {
        (Ok(first), Ok(last)) if (100..=599).contains(&first) && (first..=599).contains(&last) => {
            Ok(first..=last)
        }
        _ => Err("a status is 100 to 599, a range is FIRST-LAST".to_owned()),
    }
}

fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("a header is NAME: VALUE")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

fn pointer(text: &str) -> Result<(String, String), String> {
    let (pointer, value) = text.split_once('=').ok_or("expected POINTER=VALUE")?;
    if !pointer.is_empty() && !pointer.starts_with('/') {
        return Err(format!("a JSON pointer begins with a slash: /{pointer}"));
    }
    Ok((pointer.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_one_code_or_a_range() {
        assert_eq!(status("204"), Ok(204..=204));
        assert_eq!(status("200-299"), Ok(200..=299));
    }

    #[test]
    fn a_status_outside_of_http_is_refused() {
        for text in ["99", "600", "299-200", "x"] {
            assert!(status(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_header_and_a_pointer_have_a_value() {
        assert_eq!(header("X-Role: a:b"), Ok(("X-Role".to_owned(), "a:b".to_owned())));
        assert_eq!(pointer("/a=b=c"), Ok(("/a".to_owned(), "b=c".to_owned())));
        assert!(header("X-Role").is_err());
        assert!(pointer("a=b").is_err());
    }
}
