//! `garp_extra_if` and `vrrp_garp_extra_if`.

use std::time::Duration;

use crate::check::{Entries, Entry};
use crate::model::ExtraGarp;

use super::Context;

/// Seconds; a day.
const MOST: u64 = 86_400;

/// What instances have that do not say otherwise.
pub(super) fn global(entries: &Entries<'_>, context: &mut Context<'_>) -> Option<ExtraGarp> {
    read(entries.either("vrrp_garp_extra_if", "vrrp_vmac_garp_intvl")?, 1, context)
}

/// What an instance has; zero is its way to have none.
pub(super) fn of_instance(
    inside: &Entries<'_>,
    global: Option<ExtraGarp>,
    context: &mut Context<'_>,
) -> Option<ExtraGarp> {
    match inside.either("garp_extra_if", "vmac_garp_intvl") {
        Some(entry) => read(entry, 0, context),
        None => global,
    }
}

fn read(entry: &Entry<'_>, least: u64, context: &mut Context<'_>) -> Option<ExtraGarp> {
    let words = entry.statement.arguments.as_slice();
    let (all, seconds) = match words {
        [all, rest @ ..] if all.text == "all" => (true, rest.first()),
        words => (false, words.first()),
    };
    let name = &entry.row.name;
    if let Some(surplus) = words.get(usize::from(all) + 1) {
        context
            .warning(surplus.span, format!("`{}` is too much after `{name}`", surplus.text))
            .label("ignored, as keepalived does");
    }
    let Some(seconds) = seconds else {
        context
            .error(entry.span(), format!("`{name}` needs a number of seconds"))
            .label("expected [all] SECONDS");
        return None;
    };
    let number = seconds.text.parse().ok().filter(|number| (least..=MOST).contains(number));
    let Some(number) = number else {
        context
            .error(seconds.span, format!("`{name}` cannot be `{}`", seconds.text))
            .label(format!("expected a number from {least} to {MOST}"));
        return None;
    };
    (number > 0).then(|| ExtraGarp { interval: Duration::from_secs(number), all })
}
