//! When the file of `reload_time_file` asks for a reload.

use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

/// The time that is in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReloadTime {
    /// Without one, every day.
    date: Option<Date>,
    time: Time,
    /// With a `Z`; otherwise it is that of wherever the machine is.
    utc: bool,
}

/// What is in the file is no time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a time: it must be HH:MM:SS, YY-MM-DD HH:MM:SS or YYYY-MM-DD HH:MM:SS, with a Z at its \
     end for UTC"
)]
pub struct InvalidReloadTime(String);

/// What the file means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Nothing: there is none, or it is yet to be written.
    Nothing,
    /// What is in there is no time.
    Invalid(InvalidReloadTime),
    /// The time has been.
    Past,
    /// A reload is due then.
    At(Timestamp),
}

/// What a file means whose text this is, if there is one.
pub fn decide(text: Option<&str>, now: Timestamp, local: &TimeZone) -> Decision {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Decision::Nothing };
    let line = text.split_once('\n').map_or(text, |(line, _)| line);
    match line.parse::<ReloadTime>() {
        Ok(time) => time.next(now, local).map_or(Decision::Past, Decision::At),
        Err(error) => Decision::Invalid(error),
    }
}

impl ReloadTime {
    /// When that is the next time, after now. A time that the clocks skip is as much later, one that they
    /// show twice is the first.
    fn next(self, now: Timestamp, local: &TimeZone) -> Option<Timestamp> {
        let zone = if self.utc { &TimeZone::UTC } else { local };
        let today = zone.to_datetime(now).date();
        let dates = match self.date {
            Some(date) => [Some(date), None],
            None => [Some(today), today.tomorrow().ok()],
        };
        let at =
            |date: Date| zone.to_ambiguous_timestamp(date.to_datetime(self.time)).compatible().ok();
        dates.into_iter().flatten().filter_map(at).find(|at| *at > now)
    }
}

impl FromStr for ReloadTime {
    type Err = InvalidReloadTime;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).ok_or_else(|| InvalidReloadTime(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<ReloadTime> {
    let (rest, utc) = match text.strip_suffix('Z') {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    let (date, time) = match rest.split_once(' ') {
        Some((date, time)) => (Some(parse_date(date)?), time),
        None => (None, rest),
    };
    Some(ReloadTime { date, time: parse_time(time)?, utc })
}

fn parse_date(text: &str) -> Option<Date> {
    let [year, month, day] = fields(text, '-')?;
    let year = match year.len() {
        // Of this century.
        2 => two(year)?.checked_add(2000)?,
        4 => two(year.get(..2)?)?.checked_mul(100)?.checked_add(two(year.get(2..)?)?)?,
        _ => return None,
    };
    Date::new(year, small(month)?, small(day)?).ok()
}

fn parse_time(text: &str) -> Option<Time> {
    let [hour, minute, second] = fields(text, ':')?;
    Time::new(small(hour)?, small(minute)?, small(second)?, 0).ok()
}

fn fields(text: &str, separator: char) -> Option<[&str; 3]> {
    let mut fields = text.split(separator);
    let three = [fields.next()?, fields.next()?, fields.next()?];
    fields.next().is_none().then_some(three)
}

/// A number of two digits.
fn two(text: &str) -> Option<i16> {
    let is_number = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

fn small(text: &str) -> Option<i8> {
    i8::try_from(two(text)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-11-22T12:00:00Z";

    /// What that text means at noon, an hour east of Greenwich.
    fn decided(text: &str) -> Decision {
        decided_at(text, NOW, &TimeZone::fixed(jiff::tz::offset(1)))
    }

    fn decided_at(text: &str, now: &str, local: &TimeZone) -> Decision {
        decide(Some(text), now.parse().unwrap(), local)
    }

    fn at(text: &str) -> Decision {
        Decision::At(text.parse().unwrap())
    }

    #[test]
    fn a_time_is_that_of_today_or_of_tomorrow() {
        assert_eq!(decided("14:30:05\n"), at("2026-11-22T13:30:05Z"));
        assert_eq!(decided("12:30:05\n"), at("2026-11-23T11:30:05Z"));
    }

    #[test]
    fn the_present_second_is_over() {
        assert_eq!(decided("12:00:00Z\n"), at("2026-11-23T12:00:00Z"));
        assert_eq!(decided("2026-11-22 12:00:00Z\n"), Decision::Past);
    }

    #[test]
    fn with_a_z_it_is_universal_time() {
        assert_eq!(decided("12:30:05Z\n"), at("2026-11-22T12:30:05Z"));
        assert_eq!(decided("26-12-01 01:02:03Z"), at("2026-12-01T01:02:03Z"));
    }

    #[test]
    fn a_date_may_be_without_its_century() {
        for date in ["26-12-01", "2026-12-01"] {
            assert_eq!(decided(&format!("{date} 01:02:03\n")), at("2026-12-01T00:02:03Z"));
        }
    }

    #[test]
    fn a_date_comes_once() {
        assert_eq!(decided("2026-11-21 14:00:00\n"), Decision::Past);
    }

    #[test]
    fn a_file_that_is_not_there_or_empty_asks_for_nothing() {
        let now = NOW.parse().unwrap();
        assert_eq!(decide(None, now, &TimeZone::UTC), Decision::Nothing);
        assert_eq!(decided(""), Decision::Nothing);
    }

    #[test]
    fn the_first_line_counts() {
        assert_eq!(decided("14:30:05\n15:00:00\n"), at("2026-11-22T13:30:05Z"));
    }

    #[test]
    fn what_keepalived_does_not_take_is_no_time() {
        for text in [
            "\n",
            " 10:11:12",
            "10:11:12 ",
            "10:11:12\r\n",
            "1:11:12",
            "+1:11:12",
            "10:11",
            "10:11:12:13",
            "10:11:12ZZ",
            "24:00:00",
            "10:60:00",
            "10:11:60",
            "2030-02-30 10:11:12",
            "2030-13-01 10:11:12",
            "2030-01-01  10:11:12",
            "030-01-01 10:11:12",
            "2030-01-01T10:11:12",
            "2030-01-01",
            "ä-01-01 10:11:12",
        ] {
            assert!(matches!(decided(text), Decision::Invalid(_)), "{text:?}");
        }
    }

    #[test]
    fn a_time_that_is_skipped_is_later_and_one_that_is_twice_is_the_first() {
        let local = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let skipped = decided_at("02:30:00", "2026-03-29T00:00:00Z", &local);
        assert_eq!(skipped, at("2026-03-29T01:30:00Z"));
        let twice = decided_at("02:30:00", "2026-10-25T00:00:00Z", &local);
        assert_eq!(twice, at("2026-10-25T00:30:00Z"));
    }
}
