use std::time::Instant;

use rustix::termios::tcgetwinsize;
use steadfast_checkers::Standing;

use super::line::{Line, word};

/// How much a terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) rows: usize,
    pub(super) columns: usize,
}

impl Size {
    /// Of the one that the output goes to. Some do not know their own.
    pub(super) fn of_terminal() -> Self {
        match tcgetwinsize(std::io::stdout()) {
            Ok(size) if size.ws_row > 0 && size.ws_col > 0 => {
                Self { rows: size.ws_row.into(), columns: size.ws_col.into() }
            }
            _ => Self { rows: 24, columns: 80 },
        }
    }
}

/// What there is room for: all lines in their order, or else those first that need to be looked at,
/// and how the others are. A row is left for the cursor; none is so long that it takes two.
pub(super) fn screen(lines: &[Line], size: Size, now: Instant) -> Vec<String> {
    let room = lines.iter().map(|line| line.name.chars().count()).max().unwrap_or_default();
    let row = |line: &Line| cut(&line.text(room, now), size.columns);
    let most = size.rows.saturating_sub(1).max(1);
    if lines.len() <= most {
        return lines.iter().map(row).collect();
    }
    let mut urgent: Vec<_> = lines.iter().collect();
    urgent.sort_by_key(|line| match line.standing {
        Standing::Down => 0,
        Standing::Unknown => 1,
        Standing::Up => 2,
    });
    let (shown, others) = urgent.split_at(most - 1);
    let others = cut(&summary(others), size.columns);
    shown.iter().map(|line| row(line)).chain([others]).collect()
}

fn summary(lines: &[&Line]) -> String {
    let counted = [Standing::Down, Standing::Unknown, Standing::Up].map(|standing| {
        let count = lines.iter().filter(|line| line.standing == standing).count();
        (count > 0).then(|| format!("{count} {}", word(standing)))
    });
    let counted: Vec<_> = counted.into_iter().flatten().collect();
    format!("… and {} more: {}", lines.len(), counted.join(", "))
}

fn cut(text: &str, columns: usize) -> String {
    text.chars().take(columns).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const WIDE: usize = 200;

    fn lines(standings: &[Standing]) -> Vec<Line> {
        let line = |(number, standing): (usize, &Standing)| {
            let mut line = Line::new(format!("web{number}"));
            line.standing = *standing;
            line
        };
        standings.iter().enumerate().map(line).collect()
    }

    fn shown(standings: &[Standing], rows: usize, columns: usize) -> Vec<String> {
        let lines = lines(standings);
        let now = lines[0].since;
        screen(&lines, Size { rows, columns }, now)
    }

    #[test]
    fn where_there_is_room_all_are_shown_in_their_order() {
        let rows = shown(&[Standing::Up, Standing::Down], 3, WIDE);
        assert_eq!(
            rows,
            [
                "up      web0  0 s  0 passed, 0 failed  not checked yet",
                "down    web1  0 s  0 passed, 0 failed  not checked yet",
            ]
        );
    }

    #[test]
    fn where_there_is_not_those_come_first_that_are_not_well_and_the_others_are_counted() {
        use Standing::{Down, Unknown, Up};
        let rows = shown(&[Up, Up, Unknown, Up, Down], 4, WIDE);
        assert_eq!(rows.len(), 3, "one row is the cursor's");
        assert!(rows[0].starts_with("down    web4"), "{rows:?}");
        assert!(rows[1].starts_with("unknown web2"), "{rows:?}");
        assert_eq!(rows[2], "… and 3 more: 3 up");
    }

    #[test]
    fn no_row_is_longer_than_the_terminal_is_wide() {
        for columns in [1, 20, 40] {
            let rows = shown(&[Standing::Up; 9], 5, columns);
            assert!(rows.iter().all(|row| row.chars().count() <= columns), "{rows:?}");
        }
    }

    #[test]
    fn a_terminal_of_a_row_has_a_summary() {
        assert_eq!(shown(&[Standing::Up; 9], 1, WIDE), ["… and 9 more: 9 up"]);
    }

    #[test]
    fn names_of_different_lengths_leave_the_columns_straight() {
        let mut lines = lines(&[Standing::Up; 2]);
        lines[0].name = "a".to_owned();
        let rows = screen(&lines, Size { rows: 9, columns: WIDE }, lines[0].since);
        assert_eq!(rows[0].find("0 s"), rows[1].find("0 s"));
    }

    #[test]
    fn time_passes_without_an_attempt() {
        let lines = lines(&[Standing::Up]);
        let later = lines[0].since + Duration::from_secs(75);
        let rows = screen(&lines, Size { rows: 9, columns: WIDE }, later);
        assert!(rows[0].contains("  75 s  "), "{rows:?}");
    }
}
