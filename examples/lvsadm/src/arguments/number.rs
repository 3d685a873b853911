use std::ops::RangeInclusive;

/// A decimal number within a range. As with strtol(3), blanks and a sign may stand before it.
pub(super) fn number(text: &str, range: RangeInclusive<u32>) -> Option<u32> {
    let number: i64 = text.trim_start().parse().ok()?;
    u32::try_from(number).ok().filter(|number| range.contains(number))
}

/// The number with which a text begins, as atoi(3) reads it.
pub(super) fn leading_number(text: &str) -> Option<u32> {
    let text = text.trim_start();
    let end = text.find(|it: char| !it.is_ascii_digit()).unwrap_or(text.len());
    text.get(..end)?.parse().ok()
}
