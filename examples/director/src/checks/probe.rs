//! What a checker of the configuration tries, as a probe of the library.

use std::net::SocketAddr;
use std::sync::Arc;

use steadfast_checkers::dns::{DnsCheck, InvalidName, InvalidRecordType};
use steadfast_checkers::file::FileCheck;
use steadfast_checkers::http::{
    HttpGet, HttpVersion, InvalidPattern, Md5Digest, Pattern, PatternOptions, StatusRanges, Url,
};
use steadfast_checkers::ping::PingCheck;
use steadfast_checkers::script::{MiscCheck, Script};
use steadfast_checkers::smtp::{InvalidHelo, SmtpCheck};
use steadfast_checkers::udp::{InvalidHexadecimal, Payload, UdpCheck};
use steadfast_checkers::{BoxCheck, Check, ConnectOptions, Origin, Outcome, TcpCheck};
use steadfast_conf::model::{self, Connection, HttpCheck, HttpRegex, HttpUrl, Probe, RealServer};

use super::Handshakes;
use crate::check::Machine;
use crate::script::{ScriptError, Scripts};

/// keepalived's name, by which servers may tell checks from visitors.
const USER_AGENT: &str = "KeepAliveClient";

/// Why a checker cannot be run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UnfitCheck {
    #[error(transparent)]
    Script(#[from] ScriptError),
    #[error("what `SSL` names cannot be used")]
    Tls,
    #[error(transparent)]
    Pattern(#[from] InvalidPattern),
    #[error(transparent)]
    Helo(#[from] InvalidHelo),
    #[error(transparent)]
    Name(#[from] InvalidName),
    #[error(transparent)]
    RecordType(#[from] InvalidRecordType),
    #[error(transparent)]
    Reply(#[from] InvalidHexadecimal),
    #[error("there is no such probe")]
    Unknown,
}

/// The probe of a server, ready to be made.
pub(super) fn check(
    server: &RealServer,
    probe: &Probe,
    machine: &Machine,
) -> Result<BoxCheck, UnfitCheck> {
    let connect = |connection: &Connection| connect(server.target(connection), connection);
    Ok(match probe {
        Probe::Tcp(connection) => BoxCheck::new(Connects {
            target: server.target(connection),
            connection: Arc::clone(connection),
        }),
        Probe::Ping(connection) => BoxCheck::new(PingCheck::new(connect(connection))),
        Probe::Http(http) => {
            let connect = connect(&http.connection);
            BoxCheck::new(http_get(connect, http, &machine.handshakes)?)
        }
        Probe::Smtp(smtp) => {
            BoxCheck::new(SmtpCheck::new(connect(&smtp.connection)).helo(&smtp.helo_name)?)
        }
        Probe::Dns(dns) => {
            let (name, kind) = (dns.name.parse()?, dns.record_type.parse()?);
            BoxCheck::new(DnsCheck::new(connect(&dns.connection)).question(name, kind))
        }
        Probe::Misc(misc) => {
            let check = MiscCheck::new(misc_script(&misc.script, &machine.scripts)?, misc.timeout);
            BoxCheck::new(if misc.dynamic { check.dynamic() } else { check })
        }
        Probe::File(file) => BoxCheck::new(FileCheck::new(&file.path).weight(file.weight)),
        Probe::Udp(udp) => {
            let payload = Payload(udp.payload.clone());
            let check = UdpCheck::new(connect(&udp.connection)).payload(payload);
            BoxCheck::new(match &udp.reply {
                Some(reply) => check.reply(reply.begins.parse()?, reply.lengths.clone()),
                None => check,
            })
        }
        _ => return Err(UnfitCheck::Unknown),
    })
}

/// A [`TcpCheck`], of which there may be very many: each is made at its attempt from what the model has
/// of it, so that it is not kept twice.
#[derive(PartialEq, Eq, Hash)]
struct Connects {
    target: SocketAddr,
    connection: Arc<Connection>,
}

impl Check for Connects {
    async fn check(&self) -> Outcome {
        TcpCheck::new(connect(self.target, &self.connection)).check().await
    }
}

/// A check leaves nothing running, other than a script that may start a service.
fn misc_script(script: &model::Script, scripts: &Scripts) -> Result<Script, ScriptError> {
    Ok(Script { may_leave_children: false, ..scripts.ready(script, &[])? })
}

fn connect(target: SocketAddr, connection: &Connection) -> ConnectOptions {
    let Connection { address: _, port: _, origin, timeout } = connection;
    let options = ConnectOptions::new(target).timeout(*timeout);
    let Some(model::Origin { bind, interface, mark }) = origin.as_deref() else { return options };
    let mark = mark.map(Into::into);
    options.origin(Origin { bind: *bind, interface: interface.clone(), mark })
}

fn http_get(
    connect: ConnectOptions,
    http: &HttpCheck,
    handshakes: &Handshakes,
) -> Result<HttpGet, UnfitCheck> {
    let pages = http.urls.iter().map(|url| page(url, http, handshakes));
    let pages: Result<Vec<_>, _> = pages.collect();
    Ok(HttpGet::new(connect, pages?).version(match http.version {
        model::HttpVersion::Http10 => HttpVersion::Http10,
        model::HttpVersion::Http10Close => HttpVersion::Http10Close,
        model::HttpVersion::Http11 => HttpVersion::Http11,
    }))
}

fn page(url: &HttpUrl, http: &HttpCheck, handshakes: &Handshakes) -> Result<Url, UnfitCheck> {
    let mut page = Url::new(&url.path)
        .header("user-agent", USER_AGENT)
        .status(StatusRanges::new(url.status.iter().cloned()));
    if let Some(host) = &url.host {
        page = page.host(host);
    }
    if http.tls.is_some() {
        page = page.tls(handshakes.of(url).ok_or(UnfitCheck::Tls)?);
    }
    if let Some(digest) = url.digest {
        page = page.digest(Md5Digest(digest));
    }
    if let Some(regex) = &url.regex {
        let pattern = pattern(regex)?;
        page = if regex.no_match { page.matches_not(pattern) } else { page.matches(pattern) };
    }
    Ok(page)
}

fn pattern(regex: &HttpRegex) -> Result<Pattern, InvalidPattern> {
    let &HttpRegex { caseless, multiline, dotall, extended, min_offset, max_offset, .. } = regex;
    let options = PatternOptions { caseless, multiline, dotall, extended, min_offset, max_offset };
    Pattern::new(&regex.pattern, options)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(check: &str) -> Result<BoxCheck, UnfitCheck> {
        let text = format!(
            "track_file f {{\nfile /tmp/f\n}}\nvirtual_server 192.0.2.10 80 {{\nlb_algo rr\nlb_kind NAT\nprotocol TCP\n\
             real_server 192.0.2.21 80 {{\n{check}\n}}\n}}\n"
        );
        let loaded = steadfast_conf::parse("t.conf", &text);
        let said = loaded.render(steadfast_conf::Style::Plain);
        let model = loaded.model.unwrap_or_else(|| panic!("{said}"));
        let (scripts, (handshakes, _)) =
            (Scripts::look_up(&model, false), Handshakes::look_up(&model));
        let machine = Machine { scripts, handshakes };
        let server = &model.virtual_servers[0].real_servers[0];
        super::check(server, &server.checkers[0].probe, &machine)
    }

    #[test]
    fn every_checker_has_its_probe() {
        for check in [
            "TCP_CHECK { }",
            "HTTP_GET {\nurl {\npath /\nregex x\nregex_options caseless\n}\n}",
            "SSL_GET {\nenable_sni\nurl {\npath /\nvirtualhost www.example.org\n}\n}",
            "SMTP_CHECK { }",
            "DNS_CHECK {\nname example.org\ntype AAAA\n}",
            "MISC_CHECK {\nmisc_path /bin/true\nmisc_dynamic\n}",
            "UDP_CHECK {\npayload 00\nrequire_reply 0x\n}",
            "PING_CHECK { }",
            "FILE_CHECK {\ntrack_file f\n}",
        ] {
            assert!(checked(check).is_ok(), "{check}");
        }
    }

    #[test]
    fn checks_that_say_the_same_are_the_same() {
        let page = "HTTP_GET {\nurl {\npath /\nregex x\n}\n}";
        assert_eq!(checked(page).unwrap(), checked(page).unwrap());
        assert_ne!(checked(page).unwrap(), checked(&page.replace("regex x", "regex y")).unwrap());
    }
}
