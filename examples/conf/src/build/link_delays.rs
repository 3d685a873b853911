//! `interface_up_down_delays`.

use std::time::Duration;

use crate::check::{Entries, Entry};
use crate::model::{LinkDelays, VrrpInstance};
use crate::tree::{Statement, Word};
use crate::value::micros;

use super::{Context, address};

const MOST: u64 = 255_000_000;

/// The delays of each interface that has some, none of them too long for an instance on it.
pub(super) fn build(
    root: &Entries<'_>,
    instances: &[VrrpInstance],
    context: &mut Context<'_>,
) -> Vec<LinkDelays> {
    let mut all: Vec<LinkDelays> = Vec::new();
    for line in root.all("interface_up_down_delays").flat_map(Entry::lines) {
        let Some(mut delays) = one(line, context) else { continue };
        for instance in instances {
            if instance.interface.as_ref() == Some(&delays.interface) {
                shorten(&mut delays, instance, context);
            }
        }
        match all.iter_mut().find(|earlier| earlier.interface == delays.interface) {
            Some(earlier) => {
                context
                    .warning(delays.span, format!("{} has delays already", delays.interface))
                    .label("these count, as with keepalived")
                    .related(earlier.span, "not these");
                *earlier = delays;
            }
            None => all.push(delays),
        }
    }
    all
}

fn one(line: &Statement<'_>, context: &mut Context<'_>) -> Option<LinkDelays> {
    let name = &line.keyword;
    if !address::expect_interface(name.text, name.span, context) {
        return None;
    }
    let [down, rest @ ..] = line.arguments.as_slice() else {
        context
            .error(name.span, format!("{} has no delay", name.text))
            .label("expected IF DOWN_DELAY [UP_DELAY], in seconds");
        return None;
    };
    let down = delay(down, context)?;
    let up = match rest.first() {
        Some(up) => delay(up, context)?,
        // Its manual says otherwise.
        None => Duration::ZERO,
    };
    if let Some(surplus) = rest.get(1) {
        context
            .warning(surplus.span, format!("`{}` is too much here", surplus.text))
            .label("ignored, as keepalived does");
    }
    Some(LinkDelays { interface: name.text.to_owned(), down, up, span: name.span.into() })
}

fn delay(word: &Word<'_>, context: &mut Context<'_>) -> Option<Duration> {
    let micros = micros(word.text).filter(|micros| *micros <= MOST);
    if micros.is_none() {
        context
            .error(word.span, format!("a delay cannot be `{}`", word.text))
            .label("expected seconds from 0 to 255");
    }
    micros.map(Duration::from_micros)
}

/// A link has to count as down before the next router takes the silence for death.
fn shorten(delays: &mut LinkDelays, instance: &VrrpInstance, context: &mut Context<'_>) {
    let intervals = u32::from(instance.down_timer_adverts).saturating_sub(1);
    let too_long = instance.advert_interval.saturating_mul(intervals);
    if delays.down.max(delays.up) < too_long || delays.down.max(delays.up).is_zero() {
        return;
    }
    let most = micros_of(too_long).saturating_sub(micros_of(instance.advert_interval) / 256);
    let most = Duration::from_micros(most);
    let message = format!("a delay of {} is too long for `{}`", delays.interface, instance.name);
    context
        .warning(delays.span, message)
        .label(format!("at most {most:?} is used, as keepalived does"))
        .related(instance.span, "the others take over soon after so long a silence");
    delays.down = delays.down.min(most);
    delays.up = delays.up.min(most);
}

fn micros_of(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
