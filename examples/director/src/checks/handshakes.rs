//! TLS for checks, made ready while a configuration is read.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use steadfast_checkers::tls::{Identity, InvalidTls, Tls, TlsOptions, Trust};
use steadfast_conf::model::{Checker, HttpCheck, HttpUrl, Probe, Ssl};
use steadfast_conf::{Diagnostic, Loaded, Model, Severity, Span};
use tracing::error;

use crate::check::Purpose;

/// How checks speak TLS, with what was in the files of `SSL { }` when the configuration was read: that may
/// change, or go, while their names stay. Checks that speak it alike share it. Cheap to clone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Handshakes(Arc<HashMap<Manner, Tls>>);

/// In what handshakes of one configuration differ.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Manner {
    server_name: Option<String>,
    compliant: bool,
}

impl Manner {
    fn of(url: &HttpUrl) -> Self {
        Self { server_name: url.sni.clone(), compliant: url.tls_compliant }
    }
}

/// Why checks cannot speak TLS.
#[derive(Debug, thiserror::Error)]
pub(super) enum UnfitTls {
    #[error("cannot read {}: {source}", file.display())]
    Read { file: PathBuf, source: io::Error },
    #[error("cannot use {}: {source}", file.display())]
    Content { file: PathBuf, source: InvalidTls },
    #[error("this {check} cannot speak TLS: {source}")]
    Name { check: &'static str, span: Span, source: InvalidTls },
}

impl UnfitTls {
    /// What it is to who reads the configuration for this purpose.
    fn diagnostic(&self, purpose: Purpose) -> Diagnostic {
        let named = |severity, help: &str| Diagnostic {
            severity,
            message: self.to_string(),
            // Services that are as they were before are where they were then.
            span: None,
            label: String::new(),
            related: Vec::new(),
            help: Some(help.to_owned()),
        };
        match self {
            Self::Read { source, .. } if purpose.may_not_see(source) => named(
                Severity::Warning,
                "named in `SSL`; whether it can be used is not known: ask as who runs the director",
            ),
            Self::Read { .. } | Self::Content { .. } => {
                named(Severity::Error, "named in `SSL`: no SSL_GET can be made without it")
            }
            Self::Name { span, .. } => Diagnostic::new(Severity::Error, *span, self.to_string()),
        }
    }
}

/// Makes the TLS of all checks ready. What it lacks keeps a configuration from being run, as it has
/// keepalived end: a check that cannot be made would leave its server in the table whatever becomes of it.
pub(crate) fn audit(loaded: &mut Loaded, purpose: Purpose) -> Handshakes {
    let Some(model) = &loaded.model else { return Handshakes::default() };
    let (handshakes, unfit) = Handshakes::look_up(model);
    if purpose == Purpose::GoOn {
        unfit.iter().for_each(|unfit| error!("{unfit}"));
    } else {
        loaded.say(unfit.iter().map(|unfit| unfit.diagnostic(purpose)).collect());
    }
    handshakes
}

impl Handshakes {
    /// Those of a configuration that can be made ready, and what keeps others from it. It reads files.
    pub(super) fn look_up(model: &Model) -> (Self, Vec<UnfitTls>) {
        let (mut ready, mut unfit) = (HashMap::new(), Vec::new());
        // A configuration has one `SSL { }`, which is told to all.
        if let Some((_, _, ssl)) = with_tls(model).next()
            && let Some(contents) = Contents::read(ssl, &mut unfit)
        {
            for (checker, http, _) in with_tls(model) {
                for manner in http.urls.iter().map(Manner::of) {
                    if ready.contains_key(&manner) {
                        continue;
                    }
                    match contents.clone().tls(&manner) {
                        Ok(tls) => drop(ready.insert(manner, tls)),
                        Err(source) => {
                            let (check, span) = (checker.probe.name(), checker.span.into());
                            unfit.push(UnfitTls::Name { check, span, source });
                        }
                    }
                }
            }
        }
        (Self(Arc::new(ready)), unfit)
    }

    /// How a page is asked for, if that is ready.
    pub(super) fn of(&self, url: &HttpUrl) -> Option<Tls> {
        self.0.get(&Manner::of(url)).cloned()
    }
}

fn with_tls(model: &Model) -> impl Iterator<Item = (&Checker, &HttpCheck, &Ssl)> {
    let servers = model.virtual_servers.iter().flat_map(|service| &service.real_servers);
    let checkers = servers.flat_map(|server| &server.checkers);
    checkers.filter_map(|checker| match &checker.probe {
        Probe::Http(http) => Some((checker, &**http, http.tls.as_deref()?)),
        _ => None,
    })
}

/// What is in the files of `SSL { }`.
#[derive(Clone, Default)]
struct Contents {
    authorities: Option<Vec<u8>>,
    identity: Option<Identity>,
}

impl Contents {
    /// As it is now, if it is all there and can be used.
    fn read(ssl: &Ssl, unfit: &mut Vec<UnfitTls>) -> Option<Self> {
        let before = unfit.len();
        let mut read = |file: &Option<PathBuf>| {
            let file = file.as_ref()?;
            let content = fs::read(file);
            let failed = |source| unfit.push(UnfitTls::Read { file: file.clone(), source });
            content.map_err(failed).ok()
        };
        let Ssl { authorities, certificate, key } = ssl;
        let contents = Self {
            authorities: read(authorities),
            identity: read(certificate)
                .zip(read(key))
                .map(|(certificates, key)| Identity { certificates, key }),
        };
        let Self { authorities: trusted, identity } = contents.clone();
        let parts = [
            (authorities, Self { authorities: trusted, identity: None }),
            (certificate, Self { authorities: None, identity }),
        ];
        for (file, part) in parts {
            if let Some(file) = file
                && let Err(source) = part.tls(&Manner { server_name: None, compliant: false })
            {
                unfit.push(UnfitTls::Content { file: file.clone(), source });
            }
        }
        (unfit.len() == before).then_some(contents)
    }

    fn tls(self, manner: &Manner) -> Result<Tls, InvalidTls> {
        let Manner { server_name, compliant } = manner.clone();
        Tls::new(TlsOptions {
            trust: match self.authorities {
                None => Trust::Anyone,
                Some(authorities) if server_name.is_some() => Trust::Authorities(authorities),
                Some(authorities) => Trust::AuthoritiesForAnyName(authorities),
            },
            server_name,
            identity: self.identity,
            compliant,
        })
    }
}

#[cfg(test)]
mod tests {
    use steadfast_conf::Style;

    use super::*;

    const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----
MIIBbjCCAROgAwIBAgIUBeCrbAv1JIIwkSTIg835KhN6jXswCgYIKoZIzj0EAwIw
DDEKMAgGA1UEAwwBYTAeFw0yNjExMjIwNTM3MDBaFw0zNjExMTkwNTM3MDBaMAwx
CjAIBgNVBAMMAWEwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASMtyxquzjleIQi
FIS6PRt8uJmIu5k5ynh4yFiLj6nssWP7Gw3ryUNPq2FXz54guoT9dkY+6hNCaMz/
Jk0/lC6no1MwUTAdBgNVHQ4EFgQUjf/oil49zR7SU/JLlWImfmQXyAowHwYDVR0j
BBgwFoAUjf/oil49zR7SU/JLlWImfmQXyAowDwYDVR0TAQH/BAUwAwEB/zAKBggq
hkjOPQQDAgNJADBGAiEA8wA/qDQEEdMWNM+rMVj7PScJBkyZtsQ9y4bLDZgx+kYC
IQC1XK1H7Z2A+4khRC053hJwBeGMDfffBUGEU1jM13s+oA==
-----END CERTIFICATE-----
";

    /// What is said of a configuration with this in a file that `ca` names, and how its checks speak TLS if
    /// it can be run.
    fn audited(ca: Option<&str>, check: &str, purpose: Purpose) -> (String, Option<Handshakes>) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        if let Some(ca) = ca {
            fs::write(&file, ca).unwrap();
        }
        let text = format!(
            "SSL {{\nca {}\n}}\nvirtual_server 192.0.2.10 80 {{\nlb_algo rr\nlb_kind NAT\nprotocol TCP\n\
             real_server 192.0.2.21 80 {{\n{check} {{\nurl {{\npath /\n}}\n}}\n}}\n}}\n",
            file.display()
        );
        let mut loaded = steadfast_conf::parse("t.conf", &text);
        let handshakes = audit(&mut loaded, purpose);
        let said = loaded.render(Style::Plain).replace(&file.display().to_string(), "FILE");
        (said, loaded.model.map(|_| handshakes))
    }

    #[test]
    fn a_file_that_is_missing_is_an_error_that_names_it() {
        let (said, can_be_run) = audited(None, "SSL_GET", Purpose::Run);
        assert!(said.contains("error: cannot read FILE: No such file"), "{said}");
        assert_eq!(can_be_run, None);
    }

    #[test]
    fn a_file_without_a_certificate_is_an_error_that_names_it() {
        let (said, can_be_run) = audited(Some("nothing"), "SSL_GET", Purpose::Run);
        let error = "error: cannot use FILE: a certificate cannot be read: there is none";
        assert!(said.contains(error), "{said}");
        assert_eq!(can_be_run, None);
    }

    #[test]
    fn a_file_that_no_check_needs_may_be_missing() {
        let (_, can_be_run) = audited(None, "HTTP_GET", Purpose::Run);
        assert_eq!(can_be_run, Some(Handshakes::default()));
    }

    #[test]
    fn a_file_that_is_missing_by_now_does_not_end_what_goes_on() {
        let (_, can_be_run) = audited(None, "SSL_GET", Purpose::GoOn);
        assert_eq!(can_be_run, Some(Handshakes::default()));
    }

    #[test]
    fn the_same_names_with_something_else_in_the_files_are_other_handshakes() {
        let with = |ca: &str| audited(Some(ca), "SSL_GET", Purpose::Run).1.unwrap();
        assert_eq!(with(CERTIFICATE), with(CERTIFICATE));
        assert_ne!(with(CERTIFICATE), with(&CERTIFICATE.repeat(2)));
    }

    #[test]
    fn a_name_that_no_server_can_be_told_is_an_error_where_it_is_checked() {
        let check = "SSL_GET {\nurl {\npath /\n}\nsni_name \"a b\"\n}\nHTTP_GET";
        let (said, can_be_run) = audited(Some(CERTIFICATE), check, Purpose::Run);
        assert!(said.contains("error: this SSL_GET cannot speak TLS"), "{said}");
        assert_eq!(can_be_run, None);
    }
}
