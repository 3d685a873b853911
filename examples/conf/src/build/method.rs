use crate::check::Entry;
use crate::model::{Forward, Tunnel, TunnelChecksum};
use crate::tree::Word;
use crate::value::integer;

use super::Context;

/// `NAT|DR|TUN [type ipip|gue port N|gre] [nocsum|csum|remcsum]`.
pub(super) fn forward(entry: &Entry<'_>, context: &mut Context<'_>) -> Option<Forward> {
    let (method, rest) = entry.statement.arguments.split_first()?;
    let forward = match method.text {
        "NAT" => Forward::Nat,
        "DR" => Forward::DirectRouting,
        "TUN" => return tunnel(entry, rest, context).map(Forward::Tunnel),
        text => {
            let error = context
                .error(method.span, format!("`{}` cannot be `{text}`", entry.row.name))
                .label("expected NAT, DR or TUN");
            if matches!(text.to_uppercase().as_str(), "NAT" | "DR" | "TUN") {
                error.help(format!("write `{}` in capitals", text.to_uppercase()));
            }
            return None;
        }
    };
    if let Some(extra) = rest.first() {
        context
            .warning(extra.span, format!("`{}` means nothing after `{}`", extra.text, method.text))
            .label("ignored, as keepalived does");
    }
    Some(forward)
}

fn tunnel(entry: &Entry<'_>, words: &[Word<'_>], context: &mut Context<'_>) -> Option<Tunnel> {
    let mut kind = "ipip";
    let mut port = None;
    let mut checksum = None;
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.text {
            "nocsum" => checksum = Some((TunnelChecksum::None, word)),
            "csum" => checksum = Some((TunnelChecksum::Computed, word)),
            "remcsum" => checksum = Some((TunnelChecksum::Remote, word)),
            "type" => match words.next().map(|value| (value, value.text)) {
                Some((_, name @ ("ipip" | "gue" | "gre"))) => kind = name,
                other => {
                    let span = other.map_or(word.span, |(value, _)| value.span);
                    context.error(span, "a tunnel's `type` is ipip, gue or gre");
                    return None;
                }
            },
            "port" => {
                let number = words.next().and_then(|value| integer(value.text));
                port = number.and_then(|n| u16::try_from(n).ok()).filter(|&port| port != 0);
                if port.is_none() {
                    context.error(word.span, "`port` needs a number from 1 to 65535");
                    return None;
                }
            }
            text => {
                context
                    .error(word.span, format!("unknown word `{text}` after `TUN`"))
                    .label("expected `type`, `port`, `nocsum`, `csum` or `remcsum`");
                return None;
            }
        }
    }
    let (checksum, checksum_word) = checksum.unzip();
    let checksum: TunnelChecksum = checksum.unwrap_or_default();
    let wrong = match (kind, port, checksum) {
        ("ipip", None, TunnelChecksum::None) => return Some(Tunnel::Ipip),
        ("gre", None, TunnelChecksum::None | TunnelChecksum::Computed) => {
            return Some(Tunnel::Gre { checksum });
        }
        ("gue", Some(port), _) => return Some(Tunnel::Gue { port, checksum }),
        ("gue", None, _) => "a gue tunnel needs `port N`",
        (_, Some(_), _) => "only a gue tunnel has a port",
        ("ipip", ..) => "an ipip tunnel has no checksum",
        _ => "a gre tunnel cannot have `remcsum`",
    };
    context.error(checksum_word.map_or(entry.span(), |word| word.span), wrong);
    None
}
