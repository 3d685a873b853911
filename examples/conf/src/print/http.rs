use std::fmt;

use crate::model::{HttpRegex, HttpUrl, HttpVersion, Model, Probe, Ssl, server_name};

use super::Print;
use super::page::{Hexadecimal, Page, Quoted, Word};

impl fmt::Display for HttpVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http10 => "1.0",
            Self::Http10Close => "1.0C",
            Self::Http11 => "1.1",
        })
    }
}

/// It is said for all pages together: each tells its host, or all the same name.
pub(super) fn print_sni(urls: &[HttpUrl], page: &mut Page<'_>) {
    let Some(name) = urls.iter().find_map(|url| url.sni.as_deref()) else { return };
    let tells_its_host =
        |url: &HttpUrl| url.sni.as_deref() == url.host.as_deref().and_then(server_name);
    if urls.iter().all(tells_its_host) {
        page.line("enable_sni");
    } else {
        page.value("sni_name", Word(name));
    }
}

impl Print for HttpUrl {
    fn print(&self, page: &mut Page<'_>) {
        let Self { path, host, sni: _, tls_compliant, digest, regex, status } = self;
        page.block("url", |page| {
            page.value("path", Word(path));
            page.optional("virtualhost", host.as_deref().map(Word));
            page.alone("tls_compliant", *tls_compliant);
            page.optional("digest", digest.as_ref().map(|digest| Hexadecimal(digest)));
            if let Some(regex) = regex {
                regex.print(page);
            }
            for range in status {
                page.value("status_code", format_args!("{}-{}", range.start(), range.end()));
            }
        });
    }
}

impl Print for HttpRegex {
    fn print(&self, page: &mut Page<'_>) {
        let Self {
            pattern,
            no_match,
            caseless,
            multiline,
            dotall,
            extended,
            min_offset,
            max_offset,
        } = self;
        page.value("regex", Quoted(pattern));
        page.alone("regex_no_match", *no_match);
        for (name, holds) in [
            ("caseless", caseless),
            ("multiline", multiline),
            ("dotall", dotall),
            ("extended", extended),
        ] {
            if *holds {
                page.value("regex_options", name);
            }
        }
        page.value("regex_min_offset", min_offset);
        page.optional("regex_max_offset", *max_offset);
    }
}

/// The `SSL` block, which each SSL_GET of a model has with it.
pub(super) fn print_ssl(model: &Model, page: &mut Page<'_>) {
    let servers = model.virtual_servers.iter().flat_map(|service| &service.real_servers);
    let ssl = servers.flat_map(|server| &server.checkers).find_map(|check| match &check.probe {
        Probe::Http(http) => http.tls.as_deref(),
        _ => None,
    });
    let Some(Ssl { authorities, certificate, key }) = ssl else { return };
    page.block("SSL", |page| {
        for (keyword, file) in [("ca", authorities), ("certificate", certificate), ("key", key)] {
            let file = file.as_ref().map(|file| file.to_string_lossy());
            page.optional(keyword, file.as_deref().map(Word));
        }
    });
}
