//! Checkers with few keywords of their own.

use std::time::Duration;

use crate::build::Context;
use crate::check::{Entries, Entry};
use crate::model::{
    Connection, DnsCheck, FileCheck, MiscCheck, Probe, SmtpCheck, UdpCheck, UdpReply,
};
use crate::tree::Word;
use crate::value::integer;

use super::{DELAY_LOOP, Inherited, Server, connection};

/// One for each `host`, otherwise one for the server itself.
pub(super) fn smtp(
    entry: &Entry<'_>,
    server: Server,
    around: &Inherited<'_>,
    context: &mut Context<'_>,
) -> Vec<Probe> {
    let inside = &entry.inside;
    let helo_name = inside.text("helo_name").unwrap_or_default();
    if helo_name.is_empty() || helo_name.contains(|c: char| c.is_whitespace() || c.is_control()) {
        if let Some(helo) = inside.get("helo_name") {
            let message = format!("`helo_name` cannot be `{helo_name}`");
            context.error(helo.span(), message).label("expected a name without blanks");
        }
        return Vec::new();
    }
    let smtp = |entries: &Entries<'_>, around: &Inherited<'_>, context: &mut Context<'_>| {
        let connection = connection::build(entries, server, around, context);
        Probe::Smtp(Box::new(SmtpCheck { connection, helo_name: helo_name.clone() }))
    };
    let Some(host) = inside.get("host") else { return vec![smtp(inside, around, context)] };
    context
        .note(host.statement.keyword.span, "`host` in an SMTP_CHECK is deprecated")
        .label("each one is checked, as keepalived does")
        .help("write an SMTP_CHECK for each, or none if it is the real server itself");
    let timeout = inside.seconds("connect_timeout").or(around.connect_timeout);
    let around = Inherited { connect_timeout: timeout, ..around.clone() };
    inside.all("host").map(|host| smtp(&host.inside, &around, context)).collect()
}

pub(super) fn dns(
    entry: &Entry<'_>,
    connection: Connection,
    context: &mut Context<'_>,
) -> Option<Probe> {
    let inside = &entry.inside;
    let name = inside.text("name")?;
    if !is_domain_name(&name) {
        let span = inside.get("name")?.span();
        context
            .error(span, format!("`name` cannot be `{name}`"))
            .label("expected a domain name: labels of 1 to 63 bytes, 253 in all");
        return None;
    }
    let record_type = inside.text("type")?;
    Some(Probe::Dns(Box::new(DnsCheck { connection, name, record_type })))
}

/// RFC 1035, section 2.3.4.
fn is_domain_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name.is_empty()
        || (name.len() <= 253 && name.split('.').all(|label| (1..=63).contains(&label.len())))
}

pub(super) fn misc(
    entry: &Entry<'_>,
    around: &Inherited<'_>,
    context: &Context<'_>,
) -> Option<Probe> {
    let inside = &entry.inside;
    let mut script = context.script(inside, "misc_path")?;
    if let Some(user) = inside.user("user") {
        script.user = Some(user);
    }
    let delay_loop = inside.seconds("delay_loop").or(around.delay_loop).unwrap_or(DELAY_LOOP);
    let timeout = inside.integer("misc_timeout").filter(|&seconds: &u64| seconds != 0);
    Some(Probe::Misc(Box::new(MiscCheck {
        script,
        timeout: timeout.map_or(delay_loop, Duration::from_secs),
        dynamic: inside.has("misc_dynamic"),
    })))
}

pub(super) fn file(
    entry: &Entry<'_>,
    around: &Inherited<'_>,
    context: &mut Context<'_>,
) -> Option<Probe> {
    let inside = &entry.inside;
    let name = inside.text("track_file")?;
    let Some(file) = around.track_files.iter().find(|file| file.name == name) else {
        let span = inside.get("track_file")?.span();
        context
            .error(span, format!("there is no track_file `{name}`"))
            .help(format!("add `track_file {name} {{ file PATH }}`"));
        return None;
    };
    let weight = match inside.get("weight") {
        Some(entry) => file_weight(entry, context)?,
        None => {
            let weight = i32::from(file.weight.get());
            if file.weight.reverse() { -weight } else { weight }
        }
    };
    Some(Probe::File(Box::new(FileCheck { path: file.path.clone().into(), name, weight })))
}

/// `N [reverse|noreverse]`.
fn file_weight(entry: &Entry<'_>, context: &mut Context<'_>) -> Option<i32> {
    let (first, rest) = entry.statement.arguments.split_first()?;
    let number = integer(first.text).and_then(|number| i32::try_from(number).ok());
    let Some(number) = number.filter(|number| (-65_535..=65_535).contains(number)) else {
        context
            .error(first.span, format!("`weight` cannot be `{}`", first.text))
            .label("expected a number from -65535 to 65535");
        return None;
    };
    match rest.first().map(|word| (word, word.text)) {
        None | Some((_, "noreverse")) => Some(number),
        Some((_, "reverse")) => Some(-number),
        Some((word, text)) => {
            context
                .error(word.span, format!("`{text}` is no word after a weight"))
                .label("expected reverse or noreverse");
            None
        }
    }
}

pub(super) fn udp(
    entry: &Entry<'_>,
    connection: Connection,
    context: &mut Context<'_>,
) -> Option<Probe> {
    let inside = &entry.inside;
    let payload = match inside.get("payload") {
        Some(entry) => bytes(entry, context)?,
        None => Vec::new(),
    };
    let lengths = [inside.integer("min_reply_length")?, inside.integer("max_reply_length")?];
    let reply = match inside.get("require_reply") {
        Some(entry) => Some(reply(entry, lengths, context)?),
        None => None,
    };
    Some(Probe::Udp(Box::new(UdpCheck { connection, payload, reply })))
}

/// keepalived looks at the length of a reply only if it looks at its bytes.
fn reply(entry: &Entry<'_>, [min, max]: [usize; 2], context: &mut Context<'_>) -> Option<UdpReply> {
    let begins = digits(entry, |digit| digit.is_ascii_hexdigit() || digit == 'x', context)?;
    if begins.is_empty() {
        return Some(UdpReply { begins, lengths: 0..=usize::from(u16::MAX) });
    }
    if min > max {
        let message = format!("`min_reply_length` {min} is above `max_reply_length` {max}");
        context.error(entry.span(), message).label("no reply would do");
        return None;
    }
    Some(UdpReply { begins, lengths: min..=max })
}

fn bytes(entry: &Entry<'_>, context: &mut Context<'_>) -> Option<Vec<u8>> {
    let digits = digits(entry, |digit| digit.is_ascii_hexdigit(), context)?;
    let values: Vec<u8> = digits
        .chars()
        .filter_map(|digit| digit.to_digit(16))
        .filter_map(|value| u8::try_from(value).ok())
        .collect();
    Some(
        values.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect(),
    )
}

/// All words of a line as one row of digits in pairs, in lower case.
fn digits(
    entry: &Entry<'_>,
    is_digit: impl Fn(char) -> bool,
    context: &mut Context<'_>,
) -> Option<String> {
    let words = &entry.statement.arguments;
    let text: String = words.iter().map(|word| word.text.to_lowercase()).collect();
    let text: String = text.chars().filter(|character| !character.is_whitespace()).collect();
    let wrong = text.chars().find(|&digit| !is_digit(digit));
    let label = match wrong {
        Some(digit) => format!("`{digit}` is no hexadecimal digit"),
        None if text.len() % 2 == 1 => "half of the last byte is missing".to_owned(),
        None => return Some(text),
    };
    let span = words.first().map_or(entry.span(), |Word { span, .. }| span.to(entry.span()));
    context.error(span, format!("`{}` needs bytes in hexadecimal", entry.row.name)).label(label);
    None
}
