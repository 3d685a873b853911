use std::net::{IpAddr, SocketAddr};

use steadfast_checkers::BoxCheck;
use steadfast_checkers::http::InvalidPattern;
use steadfast_checkers::smtp::InvalidHelo;
use steadfast_checkers::tls::InvalidTls;

/// Something to check.
#[derive(Debug)]
pub(crate) struct Target {
    /// As it was given.
    pub(crate) name: String,
    pub(crate) check: BoxCheck,
}

/// Why something cannot be checked as it was given.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TargetError {
    #[error("{name}: {source}")]
    Lookup { name: String, source: std::io::Error },
    #[error("{0} has no address")]
    NoAddress(String),
    #[error("{0} has no port: use HOST:PORT")]
    NoPort(String),
    #[error("{0}: expected http://HOST[:PORT]/PATH or https://HOST[:PORT]/PATH")]
    NoUrl(String),
    #[error("--{option} {seconds} is no time that can be waited")]
    Seconds { option: &'static str, seconds: f64 },
    #[error("no program is given")]
    NoProgram,
    #[error("{}: {source}", path.display())]
    Read { path: std::path::PathBuf, source: std::io::Error },
    #[error(transparent)]
    Helo(#[from] InvalidHelo),
    #[error(transparent)]
    Pattern(#[from] InvalidPattern),
    #[error(transparent)]
    Tls(#[from] InvalidTls),
}

/// The first address of `HOST:PORT`, or of `HOST` if there is a usual port. An IPv6 address with a
/// port is in brackets.
pub(crate) async fn address(text: &str, port: Option<u16>) -> Result<SocketAddr, TargetError> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    if let Ok(address) = bare.parse::<IpAddr>() {
        let port = port.ok_or_else(|| TargetError::NoPort(text.to_owned()))?;
        return Ok(SocketAddr::new(address, port));
    }
    let (host, port) = match (text.rsplit_once(':'), port) {
        (Some((host, own)), _) if own.parse::<u16>().is_ok() => (host, own.parse().ok()),
        (_, port) => (bare, port),
    };
    let port = port.ok_or_else(|| TargetError::NoPort(text.to_owned()))?;
    let found = tokio::net::lookup_host((host, port)).await;
    let lookup = |source| TargetError::Lookup { name: text.to_owned(), source };
    found.map_err(lookup)?.next().ok_or_else(|| TargetError::NoAddress(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn addresses_are_taken_with_and_without_ports() {
        for (text, port, expected) in [
            ("192.0.2.1:80", None, "192.0.2.1:80"),
            ("192.0.2.1", Some(25), "192.0.2.1:25"),
            ("192.0.2.1:26", Some(25), "192.0.2.1:26"),
            ("2001:db8::1", Some(25), "[2001:db8::1]:25"),
            ("[2001:db8::1]", Some(25), "[2001:db8::1]:25"),
            ("[2001:db8::1]:26", Some(25), "[2001:db8::1]:26"),
        ] {
            assert_eq!(address(text, port).await.unwrap().to_string(), expected, "{text}");
        }
    }

    #[tokio::test]
    async fn an_address_without_a_port_is_refused_where_none_is_usual() {
        for text in ["192.0.2.1", "2001:db8::1", "localhost"] {
            let error = address(text, None).await.unwrap_err();
            assert!(matches!(error, TargetError::NoPort(_)), "{error}");
        }
    }
}
