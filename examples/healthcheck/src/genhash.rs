//! keepalived's genhash: the same options, the same last line.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use steadfast_checkers::http::{HttpGet, HttpVersion, Url};
use steadfast_checkers::tls::{Tls, TlsOptions};
use steadfast_checkers::{ConnectOptions, Origin};

use crate::say;
use crate::target::{TargetError, address};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The server's address.
    #[arg(short, long)]
    server: String,
    /// Its port.
    #[arg(short, long)]
    port: u16,
    /// The path of the page.
    #[arg(short, long)]
    url: String,
    /// Speaks TLS.
    #[arg(short = 'S', long)]
    use_ssl: bool,
    /// Tells the server the virtual host when speaking TLS.
    #[arg(short = 'I', long)]
    use_sni: bool,
    /// The Host header.
    #[arg(short = 'V', long, value_name = "HOST")]
    use_virtualhost: Option<String>,
    /// Says more.
    #[arg(short, long)]
    verbose: bool,
    /// The firewall mark of the packets.
    #[arg(short = 'm', long)]
    fwmark: Option<u32>,
    /// Which HTTP to speak: 1.0, 1.0c or 1.1.
    #[arg(short = 'P', long, value_parser = protocol, default_value = "1.0")]
    protocol: HttpVersion,
}

fn protocol(text: &str) -> Result<HttpVersion, String> {
    match text {
        "1.0" => Ok(HttpVersion::Http10),
        "1.0c" | "1.0C" => Ok(HttpVersion::Http10Close),
        "1.1" => Ok(HttpVersion::Http11),
        _ => Err("it is 1.0, 1.0c or 1.1".to_owned()),
    }
}

/// Within a time limit.
pub(crate) async fn run(options: &Options, timeout: Duration) -> Result<ExitCode, TargetError> {
    let target = address(&options.server, Some(options.port)).await?;
    let origin = Origin { mark: options.fwmark, ..Origin::default() };
    let connect = ConnectOptions::new(target).timeout(timeout).origin(origin);
    // The digest is all that is wanted, of whatever length.
    let check = HttpGet::new(connect, []).version(options.protocol).longest_body(usize::MAX);
    let check = if options.use_ssl {
        let server_name = options.use_virtualhost.clone().filter(|_| options.use_sni);
        check.tls(Tls::new(TlsOptions { server_name, ..TlsOptions::default() })?)
    } else {
        check
    };
    let url = Url::new(&options.url);
    let url = match &options.use_virtualhost {
        Some(host) => url.host(host),
        None => url,
    };
    match check.digest_of(&url).await {
        Ok((status, digest)) => {
            if options.verbose {
                say(&format!("Server {target}, status {status}"));
            }
            say(&digest.to_string());
            Ok(ExitCode::SUCCESS)
        }
        Err(outcome) => {
            eprintln!("healthcheck: {outcome}");
            Ok(ExitCode::FAILURE)
        }
    }
}
