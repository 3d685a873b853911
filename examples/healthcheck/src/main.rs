//! Runs one health check from the command line.
//!
//! ```console
//! $ healthcheck tcp 192.0.2.1:80
//! $ healthcheck http http://192.0.2.1/healthcheck --digest bfaa324fdd71444e43eca3b7a1679a1a
//! $ healthcheck genhash http://192.0.2.1/healthcheck
//! ```
//!
//! It ends with 0 when the server is well, with 1 when it is not, and with 2 when that could not be
//! found out.

use std::error::Error;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use hyper::Uri;
use steadfast_checkers::http::{HttpGet, HttpVersion, Md5Digest, StatusRanges, Url, digest_of};
use steadfast_checkers::{Check, ConnectOptions, Outcome, TcpCheck};

#[derive(Parser)]
#[command(name = "healthcheck", about = "One health check of one server")]
struct Arguments {
    /// Seconds that the check may take.
    #[arg(long, global = true, default_value_t = 5.0)]
    timeout: f64,
    #[command(subcommand)]
    check: What,
}

#[derive(Subcommand)]
enum What {
    /// The server accepts a connection.
    Tcp {
        /// Address and port.
        server: String,
    },
    /// The page is what it should be.
    Http {
        /// Its address: `http://HOST[:PORT]/PATH`.
        url: Uri,
        /// The right status, as `200` or `200-299`; may be given more than once.
        #[arg(long, value_parser = status)]
        status: Vec<RangeInclusive<u16>>,
        /// The right MD5 sum of the page.
        #[arg(long)]
        digest: Option<Md5Digest>,
        /// The Host header, if it is not that of the address.
        #[arg(long)]
        host: Option<String>,
    },
    /// Print a page's MD5 sum, for the `digest` of a configuration.
    Genhash {
        /// Its address: `http://HOST[:PORT]/PATH`.
        url: Uri,
    },
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

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("healthcheck: {error}");
            ExitCode::from(2)
        }
    }
}

async fn run(arguments: Arguments) -> Result<ExitCode, Box<dyn Error>> {
    let timeout = Duration::try_from_secs_f64(arguments.timeout)?;
    let outcome = match arguments.check {
        What::Tcp { server } => {
            let connect = ConnectOptions::new(address(&server).await?).timeout(timeout);
            TcpCheck::new(connect).check().await
        }
        What::Http { url, status, digest, host } => {
            let (server, page) = page(&url).await?;
            let page = Url { host, digest, status: StatusRanges::new(status), ..page };
            HttpGet::new(ConnectOptions::new(server).timeout(timeout), [page]).check().await
        }
        What::Genhash { url } => {
            let (server, page) = page(&url).await?;
            let connect = ConnectOptions::new(server).timeout(timeout);
            match digest_of(&connect, HttpVersion::default(), &page).await {
                Ok((status, digest)) => {
                    println!("status {status}\nMD5SUM = {digest}");
                    return Ok(ExitCode::SUCCESS);
                }
                Err(outcome) => outcome,
            }
        }
    };
    println!("{outcome}");
    Ok(match outcome {
        Outcome::Pass(_) => ExitCode::SUCCESS,
        Outcome::Fail(_) => ExitCode::FAILURE,
        Outcome::Inconclusive(_) => ExitCode::from(2),
    })
}

async fn address(server: &str) -> Result<SocketAddr, Box<dyn Error>> {
    let mut found = tokio::net::lookup_host(server).await.map_err(|e| format!("{server}: {e}"))?;
    Ok(found.next().ok_or_else(|| format!("{server} has no address"))?)
}

async fn page(url: &Uri) -> Result<(SocketAddr, Url), Box<dyn Error>> {
    let (Some("http"), Some(host)) = (url.scheme_str(), url.host()) else {
        return Err(format!("{url}: expected http://HOST[:PORT]/PATH").into());
    };
    let server = address(&format!("{host}:{}", url.port_u16().unwrap_or(80))).await?;
    let path = url.path_and_query().map_or("/", |path| path.as_str());
    Ok((server, Url { host: url.authority().map(ToString::to_string), ..Url::new(path) }))
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
}
