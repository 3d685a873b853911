use std::fmt;
use std::time::Duration;

use steadfast_lab::Answer;

use super::bed::{DIRECTORS, SERVERS, Variant};

/// How servers answer; the late one later than the directors wait.
const ANSWERS: [Answer; 6] = [
    Answer::WELL,
    Answer::Late(Duration::from_secs(4)),
    Answer::Page(503, "ill\n"),
    Answer::Nothing,
    Answer::Close,
    Answer::HalfAPage,
];

/// Something that goes wrong, or that somebody does.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fault {
    /// A director's processes but the first are killed: what a crash is.
    Crash(usize),
    /// All processes of a director are killed at once; it is started again when the bout is over.
    PowerCut(usize),
    /// A director stands still for a while.
    Freeze(usize, Duration),
    /// The cable between a director and the network is unplugged.
    Cut(usize),
    /// A server answers otherwise.
    Server(usize, Answer),
    /// A director is given another configuration.
    Reload(usize, Variant),
    /// A director is given one with errors, which it must refuse.
    WrongReload(usize),
    /// Somebody clears a director's table.
    Clear(usize),
    /// Somebody takes the virtual address from a director.
    RemoveAddress(usize),
    /// Somebody sets the clock.
    Clock(i64),
}

impl Fault {
    pub(super) fn any(random: &mut fastrand::Rng) -> Self {
        let director = random.usize(0..DIRECTORS.len());
        match random.u8(0..10) {
            0 => Self::Crash(director),
            1 => Self::PowerCut(director),
            2 => Self::Freeze(director, Duration::from_millis(random.u64(100..4000))),
            3 => Self::Cut(director),
            4 | 5 => {
                let answer = random.choice(ANSWERS).unwrap_or(Answer::WELL);
                Self::Server(random.usize(0..SERVERS.len()), answer)
            }
            6 => Self::Reload(director, Variant::any(random)),
            7 => Self::WrongReload(director),
            8 if random.bool() => Self::Clear(director),
            8 => Self::RemoveAddress(director),
            _ => Self::Clock(random.i64(-3600..=3600)),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |director: &usize| DIRECTORS.get(*director).copied().unwrap_or_default();
        match self {
            Self::Crash(director) => write!(f, "{} crashes", name(director)),
            Self::PowerCut(director) => write!(f, "{} loses power", name(director)),
            Self::Freeze(director, time) => write!(f, "{} freezes for {time:?}", name(director)),
            Self::Cut(director) => write!(f, "{}'s cable is unplugged", name(director)),
            Self::Server(server, answer) => {
                write!(f, "{} {answer}", SERVERS.get(*server).copied().unwrap_or_default())
            }
            Self::Reload(director, variant) => write!(f, "{} gets {variant}", name(director)),
            Self::WrongReload(director) => write!(f, "{} gets nonsense", name(director)),
            Self::Clear(director) => write!(f, "{}'s table is cleared", name(director)),
            Self::RemoveAddress(director) => write!(f, "{}'s address is removed", name(director)),
            Self::Clock(seconds) => write!(f, "the clock steps by {seconds} s"),
        }
    }
}
