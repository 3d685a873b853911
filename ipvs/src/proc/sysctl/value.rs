use std::str::FromStr;

/// What the kernel does under attack, in the words of its documentation a strategy of defence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Defence {
    /// Never.
    #[default]
    Off,
    /// When memory runs short ([`Sysctls::amemthresh`](super::Sysctls::amemthresh)); it does not now.
    Automatic,
    /// When memory runs short, and it does now.
    Active,
    /// Always.
    Always,
}

/// Of how many packets of a connection the other director is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SyncThreshold {
    /// From this packet on ...
    pub threshold: u32,
    /// ... and then of every packet of that number; 0 for of no other.
    pub period: u32,
}

pub(super) trait Value: Sized {
    fn parse(text: &str) -> Option<Self>;
    fn text(&self) -> String;
}

macro_rules! number {
    ($($kind:ty),+) => { $(
        impl Value for $kind {
            fn parse(text: &str) -> Option<Self> {
                Self::from_str(text).ok()
            }

            fn text(&self) -> String {
                self.to_string()
            }
        }
    )+ };
}

number!(u32, u64, i32, String);

impl Value for bool {
    fn parse(text: &str) -> Option<Self> {
        u32::from_str(text).ok().map(|number| number != 0)
    }

    fn text(&self) -> String {
        u32::from(*self).to_string()
    }
}

impl Value for Defence {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "0" => Some(Self::Off),
            "1" => Some(Self::Automatic),
            "2" => Some(Self::Active),
            "3" => Some(Self::Always),
            _ => None,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Off => "0",
            Self::Automatic => "1",
            Self::Active => "2",
            Self::Always => "3",
        }
        .to_owned()
    }
}

impl Value for SyncThreshold {
    fn parse(text: &str) -> Option<Self> {
        let (threshold, period) = text.split_once(char::is_whitespace)?;
        let (threshold, period) = (threshold.parse().ok()?, period.trim_start().parse().ok()?);
        Some(Self { threshold, period })
    }

    fn text(&self) -> String {
        format!("{} {}", self.threshold, self.period)
    }
}
