use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use steadfast_checkers::agent::AgentCheck;
use steadfast_checkers::dns::{DnsCheck, Name, RecordType};
use steadfast_checkers::file::FileCheck;
use steadfast_checkers::grpc::GrpcCheck;
use steadfast_checkers::ping::PingCheck;
use steadfast_checkers::script::{MiscCheck, Script};
use steadfast_checkers::smtp::SmtpCheck;
use steadfast_checkers::tcp::Dialogue;
use steadfast_checkers::udp::{Payload, ReplyPattern, UdpCheck};
use steadfast_checkers::{BoxCheck, ConnectOptions, Origin, Policy, TcpCheck};

use crate::genhash;
use crate::http::{Http, TlsArguments};
use crate::target::{Target, TargetError, address};

/// Health checks of servers: once, or again and again.
#[derive(Debug, Parser)]
#[command(name = "healthcheck", version)]
pub(crate) struct Arguments {
    #[command(flatten)]
    common: Common,
    /// Prints JSON, a line for each target.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Checks again and again, with a live line for each target, until interrupted.
    #[arg(long, global = true)]
    pub(crate) watch: bool,
    /// Seconds between checks when watching.
    #[arg(long, global = true, default_value_t = 2.0)]
    interval: f64,
    /// Failures in a row, beyond the first, before a server that is watched is down.
    #[arg(long, global = true, default_value_t = 1)]
    retry: u32,
    #[command(subcommand)]
    pub(crate) check: What,
}

#[derive(Debug, Args)]
struct Common {
    /// Seconds that a check may take.
    #[arg(short, long, global = true, default_value_t = 5.0)]
    timeout: f64,
    /// Address, or address and port, to connect from.
    #[arg(long, global = true)]
    bind: Option<String>,
    /// Interface to connect over.
    #[arg(long, global = true)]
    interface: Option<String>,
    /// Firewall mark of the packets.
    #[arg(long, global = true)]
    mark: Option<u32>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum What {
    /// The server accepts a connection, and says what it should.
    Tcp {
        /// HOST:PORT.
        #[arg(required = true)]
        servers: Vec<String>,
        /// `send:TEXT` or `expect:TEXT`, in order; with `\r`, `\n`, `\t`, `\\` and `\xHH`.
        #[arg(long = "step", value_parser = step)]
        steps: Vec<Step>,
        /// Seconds that the connection must stay, if there are no steps.
        #[arg(long, conflicts_with = "steps")]
        settle: Option<f64>,
    },
    /// The page is what it should be.
    Http(Box<Http>),
    /// A program ends with 0.
    Misc {
        /// The program and its arguments, after `--`.
        #[arg(required = true, last = true)]
        command: Vec<String>,
        /// 2 to 255 is well too, and asks for a weight of two less.
        #[arg(long)]
        dynamic: bool,
    },
    /// The mail server greets.
    Smtp {
        /// HOST or HOST:PORT; the usual port is 25.
        #[arg(required = true)]
        servers: Vec<String>,
        /// The name to introduce ourselves by.
        #[arg(long)]
        helo: Option<String>,
    },
    /// The name server answers.
    Dns {
        /// HOST or HOST:PORT; the usual port is 53.
        #[arg(required = true)]
        servers: Vec<String>,
        /// What to ask for.
        #[arg(long, default_value = ".")]
        name: Name,
        /// The type of records to ask for.
        #[arg(long = "type", default_value = "SOA")]
        kind: RecordType,
    },
    /// The server replies to a datagram, or nothing says that nobody listens.
    Udp {
        /// HOST:PORT.
        #[arg(required = true)]
        servers: Vec<String>,
        /// What to send, in hexadecimal.
        #[arg(long, default_value = "")]
        payload: Payload,
        /// How the reply must begin, in hexadecimal, with `x` for any digit; `''` for any reply.
        #[arg(long)]
        reply: Option<ReplyPattern>,
        /// The least length of a reply.
        #[arg(long, default_value_t = 0)]
        min: usize,
        /// The greatest length of a reply.
        #[arg(long, default_value_t = 255)]
        max: usize,
    },
    /// The host answers an echo request.
    Ping {
        /// The hosts.
        #[arg(required = true)]
        hosts: Vec<String>,
    },
    /// The number in a file says so.
    File {
        /// The files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// What the number counts for; 0 if every other number than 0 is a failure.
        #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
        weight: i32,
    },
    /// The server's own agent says so, in HAProxy's words.
    Agent {
        /// HOST:PORT of the agent.
        #[arg(required = true)]
        servers: Vec<String>,
        /// What to send first.
        #[arg(long)]
        send: Option<String>,
    },
    /// The gRPC service says that it serves.
    Grpc {
        /// HOST:PORT.
        #[arg(required = true)]
        servers: Vec<String>,
        /// The service; the server as a whole if there is none.
        #[arg(long, default_value = "")]
        service: String,
        /// Speaks TLS.
        #[arg(long)]
        tls: bool,
        #[command(flatten)]
        trust: TlsArguments,
    },
    /// Prints the MD5 sum of a page as keepalived's genhash does, for the `digest` of a configuration.
    Genhash(genhash::Options),
}

/// A step of a dialogue.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Send(Vec<u8>),
    Expect(Vec<u8>),
}

fn step(text: &str) -> Result<Step, String> {
    match text.split_once(':') {
        Some(("send", bytes)) => Ok(Step::Send(unescape(bytes)?)),
        Some(("expect", bytes)) => Ok(Step::Expect(unescape(bytes)?)),
        _ => Err("a step is send:TEXT or expect:TEXT".to_owned()),
    }
}

fn unescape(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut rest = text.chars();
    while let Some(letter) = rest.next() {
        if letter != '\\' {
            bytes.extend(letter.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        bytes.push(match rest.next() {
            Some('r') => b'\r',
            Some('n') => b'\n',
            Some('t') => b'\t',
            Some('\\') => b'\\',
            Some('x') => {
                let digits: String = rest.by_ref().take(2).collect();
                u8::from_str_radix(&digits, 16)
                    .map_err(|_| format!("\\x{digits} is no byte: use two hexadecimal digits"))?
            }
            other => return Err(format!("\\{} is not known", other.unwrap_or_default())),
        });
    }
    Ok(bytes)
}

/// Seconds of a command line.
fn seconds(option: &'static str, seconds: f64) -> Result<Duration, TargetError> {
    Duration::try_from_secs_f64(seconds).map_err(|_| TargetError::Seconds { option, seconds })
}

impl Common {
    async fn connect(&self, target: SocketAddr) -> Result<ConnectOptions, TargetError> {
        let bind = match &self.bind {
            Some(bind) => Some(address(bind, Some(0)).await?),
            None => None,
        };
        let origin = Origin { bind, interface: self.interface.clone(), mark: self.mark };
        let timeout = seconds("timeout", self.timeout)?;
        Ok(ConnectOptions::new(target).timeout(timeout).origin(origin))
    }
}

impl Arguments {
    /// The policy of what is watched.
    pub(crate) fn policy(&self) -> Result<Policy, TargetError> {
        let interval = seconds("interval", self.interval)?;
        Ok(Policy { retry: self.retry, alpha: true, ..Policy::every(interval) })
    }

    /// How long a check may take.
    pub(crate) fn timeout(&self) -> Result<Duration, TargetError> {
        seconds("timeout", self.common.timeout)
    }

    /// What to check.
    pub(crate) async fn targets(&self) -> Result<Vec<Target>, TargetError> {
        match &self.check {
            What::Tcp { servers, steps, settle } if steps.is_empty() => {
                let settle = settle.map(|time| seconds("--settle", time)).transpose()?;
                let check = |connect| match settle {
                    Some(time) => TcpCheck::new(connect).settle(time),
                    None => TcpCheck::new(connect),
                };
                self.each(servers, None, |connect| Ok(BoxCheck::new(check(connect)))).await
            }
            What::Tcp { servers, steps, .. } => {
                let dialogue = |connect| {
                    steps.iter().fold(Dialogue::new(connect), |dialogue, step| match step {
                        Step::Send(bytes) => dialogue.send(bytes.clone()),
                        Step::Expect(bytes) => dialogue.expect(bytes.clone()),
                    })
                };
                self.each(servers, None, |connect| Ok(BoxCheck::new(dialogue(connect)))).await
            }
            What::Http(http) => {
                let mut targets = Vec::new();
                for url in &http.urls {
                    let page = http.page(url).await?;
                    let connect = self.common.connect(page.server).await?;
                    let check = BoxCheck::new(http.check(page, connect)?);
                    targets.push(Target { name: url.to_string(), check });
                }
                Ok(targets)
            }
            What::Misc { command, dynamic } => {
                let (program, arguments) = command.split_first().ok_or(TargetError::NoProgram)?;
                let check = MiscCheck::new(Script::new(program, arguments), self.timeout()?);
                let check = if *dynamic { check.dynamic() } else { check };
                Ok(vec![Target { name: command.join(" "), check: BoxCheck::new(check) }])
            }
            What::Smtp { servers, helo } => {
                let smtp = |connect| match helo {
                    Some(name) => SmtpCheck::new(connect).helo(name),
                    None => Ok(SmtpCheck::new(connect)),
                };
                self.each(servers, Some(25), |connect| Ok(BoxCheck::new(smtp(connect)?))).await
            }
            What::Dns { servers, name, kind } => {
                let dns = |connect| DnsCheck::new(connect).question(name.clone(), *kind);
                self.each(servers, Some(53), |connect| Ok(BoxCheck::new(dns(connect)))).await
            }
            What::Udp { servers, payload, reply, min, max } => {
                let udp = |connect| {
                    let check = UdpCheck::new(connect).payload(payload.clone());
                    match reply {
                        Some(pattern) => check.reply(pattern.clone(), *min..=*max),
                        None => check,
                    }
                };
                self.each(servers, None, |connect| Ok(BoxCheck::new(udp(connect)))).await
            }
            What::Ping { hosts } => {
                self.each(hosts, Some(0), |connect| Ok(BoxCheck::new(PingCheck::new(connect))))
                    .await
            }
            What::File { files, weight } => Ok(files
                .iter()
                .map(|file| Target {
                    name: file.display().to_string(),
                    check: BoxCheck::new(FileCheck::new(file).weight(*weight)),
                })
                .collect()),
            What::Agent { servers, send } => {
                let agent = |connect| match send {
                    Some(text) => AgentCheck::new(connect).send(text),
                    None => AgentCheck::new(connect),
                };
                self.each(servers, None, |connect| Ok(BoxCheck::new(agent(connect)))).await
            }
            What::Grpc { servers, service, tls, trust } => {
                let grpc = |connect| {
                    let check = GrpcCheck::new(connect).service(service);
                    Ok::<_, TargetError>(if *tls { check.tls(trust.tls(None)?) } else { check })
                };
                self.each(servers, None, |connect| Ok(BoxCheck::new(grpc(connect)?))).await
            }
            What::Genhash(_) => Ok(Vec::new()),
        }
    }

    /// A check of each server, whose port is `port` if it has none.
    async fn each(
        &self,
        servers: &[String],
        port: Option<u16>,
        check: impl Fn(ConnectOptions) -> Result<BoxCheck, TargetError>,
    ) -> Result<Vec<Target>, TargetError> {
        let mut targets = Vec::new();
        for server in servers {
            let connect = self.common.connect(address(server, port).await?).await?;
            targets.push(Target { name: server.clone(), check: check(connect)? });
        }
        Ok(targets)
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn escapes_of_a_step_are_bytes() {
        assert_eq!(unescape(r"a\r\n\x00\\é"), Ok("a\r\n\0\\é".into()));
    }

    #[test]
    fn an_escape_that_is_not_known_is_refused() {
        for text in [r"\", r"\q", r"\x", r"\xg0"] {
            assert!(unescape(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_step_is_send_or_expect() {
        assert!(matches!(step("send:a:b"), Ok(Step::Send(bytes)) if bytes == b"a:b"));
        assert!(matches!(step("expect:"), Ok(Step::Expect(bytes)) if bytes.is_empty()));
        assert!(step("receive:x").is_err());
    }
}
