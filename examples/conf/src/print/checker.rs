use std::num::NonZeroU16;

use crate::model::{
    CheckRules, Checker, Connection, DnsCheck, FileCheck, HttpCheck, MiscCheck, Origin, Probe,
    RealServer, SmtpCheck, UdpCheck, UdpReply,
};

use super::Print;
use super::page::{Hexadecimal, Page, Seconds, Word};
use super::script::Command;

/// A checker where it stands: its server is what it connects to.
pub(super) struct Checked<'m> {
    pub(super) server: &'m RealServer,
    pub(super) checker: &'m Checker,
}

impl Print for Checked<'_> {
    fn print(&self, page: &mut Page<'_>) {
        let Checker { probe, rules, span: _ } = self.checker;
        let CheckRules { retry, delay_before_retry, delay_loop, warmup, alpha, log_all_failures } =
            &**rules;
        page.block(probe.name(), |page| {
            probe.print(page);
            if let Some(connection) = probe.connection() {
                page.value("connect_ip", connection.address.unwrap_or(self.server.address));
                let port = connection.port.unwrap_or(self.server.port);
                page.optional("connect_port", NonZeroU16::new(port));
                connection.print(page);
            }
            if let Probe::Misc(misc) = probe {
                let timeout = &misc.timeout;
                // Whole seconds, or none for as long as the delay.
                let seconds = if timeout == delay_loop { 0 } else { timeout.as_secs() };
                page.value("misc_timeout", seconds);
            }
            page.value("retry", retry);
            page.value("delay_before_retry", Seconds(*delay_before_retry));
            page.value("delay_loop", Seconds(*delay_loop));
            page.value("warmup", Seconds(*warmup));
            page.switch("alpha", *alpha);
            page.switch("log_all_failures", *log_all_failures);
        });
    }
}

impl Print for Probe {
    fn print(&self, page: &mut Page<'_>) {
        match self {
            Self::Tcp(_) | Self::Ping(_) => {}
            Self::Http(http) => http.print(page),
            Self::Smtp(smtp) => smtp.print(page),
            Self::Dns(dns) => dns.print(page),
            Self::Misc(misc) => misc.print(page),
            Self::Udp(udp) => udp.print(page),
            Self::File(file) => {
                let FileCheck { name, path: _, weight } = &**file;
                page.value("track_file", Word(name));
                page.value("weight", weight);
            }
        }
    }
}

impl Print for Connection {
    fn print(&self, page: &mut Page<'_>) {
        let Self { address: _, port: _, origin, timeout } = self;
        if let Some(Origin { bind, interface, mark }) = origin.as_deref() {
            if let Some(bind) = bind {
                page.value("bindto", bind.ip());
                page.optional("bind_port", NonZeroU16::new(bind.port()));
            }
            page.optional("bind_if", interface.as_deref().map(Word));
            page.optional("fwmark", *mark);
        }
        page.value("connect_timeout", Seconds(*timeout));
    }
}

impl Print for SmtpCheck {
    fn print(&self, page: &mut Page<'_>) {
        let Self { connection: _, helo_name } = self;
        page.value("helo_name", Word(helo_name));
    }
}

impl Print for DnsCheck {
    fn print(&self, page: &mut Page<'_>) {
        let Self { connection: _, name, record_type } = self;
        page.value("type", record_type);
        page.value("name", Word(name));
    }
}

impl Print for MiscCheck {
    fn print(&self, page: &mut Page<'_>) {
        let Self { script, timeout: _, dynamic } = self;
        page.value("misc_path", Command(&script.argv));
        page.optional("user", script.user.as_ref());
        page.alone("misc_dynamic", *dynamic);
    }
}

impl Print for UdpCheck {
    fn print(&self, page: &mut Page<'_>) {
        let Self { connection: _, payload, reply } = self;
        if !payload.is_empty() {
            page.value("payload", Hexadecimal(payload));
        }
        if let Some(UdpReply { begins, lengths }) = reply {
            if begins.is_empty() {
                page.line("require_reply");
            } else {
                page.value("require_reply", begins);
                page.value("min_reply_length", lengths.start());
                page.value("max_reply_length", lengths.end());
            }
        }
    }
}

impl Print for HttpCheck {
    fn print(&self, page: &mut Page<'_>) {
        let Self { connection: _, tls: _, version, fast_recovery, urls } = self;
        page.value("http_protocol", version);
        page.switch("fast_recovery", *fast_recovery);
        super::http::print_sni(urls, page);
        page.each(urls);
    }
}
