use std::num::NonZeroU16;

use crate::model::{
    CheckRules, Checker, Connection, DnsCheck, FileCheck, HttpCheck, MiscCheck, Origin, Probe,
    SmtpCheck, UdpCheck, UdpReply,
};

use super::Print;
use super::page::{Hexadecimal, Page, Seconds, Word};
use super::script::Command;

impl Print for Checker {
    fn print(&self, page: &mut Page<'_>) {
        let Self { probe, rules, span: _ } = self;
        let CheckRules { retry, delay_before_retry, delay_loop, warmup, alpha, log_all_failures } =
            &**rules;
        page.block(probe.name(), |page| {
            probe.print(page);
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
            Self::Tcp(connection) | Self::Ping(connection) => connection.print(page),
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
        let Self { target, origin, timeout } = self;
        page.value("connect_ip", target.ip());
        page.optional("connect_port", NonZeroU16::new(target.port()));
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
        let Self { connection, helo_name } = self;
        page.value("helo_name", Word(helo_name));
        connection.print(page);
    }
}

impl Print for DnsCheck {
    fn print(&self, page: &mut Page<'_>) {
        let Self { connection, name, record_type } = self;
        page.value("type", record_type);
        page.value("name", Word(name));
        connection.print(page);
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
        let Self { connection, payload, reply } = self;
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
        connection.print(page);
    }
}

impl Print for HttpCheck {
    fn print(&self, page: &mut Page<'_>) {
        let Self { connection, tls: _, version, fast_recovery, urls } = self;
        page.value("http_protocol", version);
        page.switch("fast_recovery", *fast_recovery);
        super::http::print_sni(urls, page);
        page.each(urls);
        connection.print(page);
    }
}
