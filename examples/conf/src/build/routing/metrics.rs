//! What a route says about those who use it, in the words of iproute2.

use std::slice::Iter;

use crate::model::{Metric, MetricValue};
use crate::tree::Word;

use super::{Line, number};

/// keepalived takes no less, in milliseconds.
const SHORTEST: u32 = 200;

pub(super) fn metric_of(word: &str) -> Option<Metric> {
    Metric::ALL.into_iter().find(|metric| metric.word() == word)
}

impl Line<'_, '_> {
    /// `[lock] VALUE`.
    pub(super) fn metric(
        &mut self,
        metric: Metric,
        word: &Word<'_>,
        words: &mut Iter<'_, &Word<'_>>,
    ) -> Option<MetricValue> {
        let is_locked = words.as_slice().first().is_some_and(|word| word.text == "lock");
        if is_locked {
            words.next();
        }
        let value = if metric.is_time() {
            self.time(metric, word, words)?
        } else {
            let most = metric.most();
            self.parsed(word, words, |text| number(text).filter(|value| *value <= most))?
        };
        Some(MetricValue { value, is_locked })
    }

    /// A number with a unit is a time; one without is in the kernel's own unit.
    fn time(
        &mut self,
        metric: Metric,
        word: &Word<'_>,
        words: &mut Iter<'_, &Word<'_>>,
    ) -> Option<u32> {
        let written = words.as_slice().first().map(|value| value.span);
        let (number, unit) =
            self.parsed(word, words, |text| time(text, metric.per_millisecond()))?;
        if number >= SHORTEST {
            return number.checked_mul(unit);
        }
        let span = written.unwrap_or(word.span);
        self.context
            .warning(span, format!("`{}` is at least {SHORTEST} ms", word.text))
            .label("raised to that, as keepalived does");
        SHORTEST.checked_mul(metric.per_millisecond())
    }
}

/// A number, and in how many of the kernel's units it is.
fn time(text: &str, per_millisecond: u32) -> Option<(u32, u32)> {
    let digits = text.find(|character: char| !(character.is_ascii_digit() || character == '.'));
    let (digits, unit) = text.split_at(digits.unwrap_or(text.len()));
    let milliseconds = match unit {
        "" => return Some((number(digits)?, 1)),
        "ms" | "msec" | "msecs" => 1,
        "s" | "sec" | "secs" => 1000,
        _ => return None,
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let thousandths = format!("{fraction:0<3}");
    let thousandths: u32 = thousandths.get(..3)?.parse().ok()?;
    let whole: u32 = whole.parse().ok()?;
    let milliseconds = whole
        .checked_mul(milliseconds)?
        .checked_add(thousandths.checked_mul(milliseconds)?.checked_div(1000)?)?;
    milliseconds.checked_mul(per_millisecond)?;
    Some((milliseconds, per_millisecond))
}
