use std::fmt;
use std::str::FromStr;

/// A domain name, as it is sent: each label after its length (RFC 1035, section 3.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Name(Vec<u8>);

/// Text that is no domain name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// Two dots in a row, or one at the beginning.
    #[error("{0:?} has an empty label")]
    EmptyLabel(String),
    /// RFC 1035, section 2.3.4.
    #[error("{0:?} has a label of more than 63 bytes")]
    LongLabel(String),
    /// RFC 1035, section 2.3.4.
    #[error("{0:?} is longer than 255 bytes")]
    TooLong(String),
}

impl Name {
    const LONGEST: usize = 255;
    const LONGEST_LABEL: u8 = 63;

    /// The root of all names, `.`.
    pub fn root() -> Self {
        Self(vec![0])
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// With or without the last dot.
impl FromStr for Name {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let mut bytes = Vec::with_capacity(text.len() + 2);
        let labels = text.strip_suffix('.').unwrap_or(text);
        for label in labels.split('.').filter(|_| !labels.is_empty()) {
            let length = u8::try_from(label.len()).ok();
            match length.filter(|length| *length <= Self::LONGEST_LABEL) {
                Some(0) => return Err(InvalidName::EmptyLabel(text.to_owned())),
                Some(length) => bytes.push(length),
                None => return Err(InvalidName::LongLabel(text.to_owned())),
            }
            bytes.extend(label.as_bytes());
        }
        bytes.push(0);
        if bytes.len() > Self::LONGEST {
            return Err(InvalidName::TooLong(text.to_owned()));
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0.as_slice();
        while let Some((length @ 1.., after)) = rest.split_first() {
            let (label, next) =
                after.split_at_checked(usize::from(*length)).unwrap_or((after, &[]));
            write!(f, "{}.", label.escape_ascii())?;
            rest = next;
        }
        if self.0.len() <= 1 { f.write_str(".") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_sent_as_labels_after_their_lengths() {
        let name: Name = "www.example.org".parse().unwrap();
        assert_eq!(name.as_bytes(), b"\x03www\x07example\x03org\0");
        assert_eq!("www.example.org.".parse(), Ok(name));
    }

    #[test]
    fn the_root_is_a_dot_or_nothing() {
        assert_eq!(".".parse(), Ok(Name::root()));
        assert_eq!("".parse(), Ok(Name::root()));
        assert_eq!(Name::root().to_string(), ".");
    }

    #[test]
    fn a_name_is_printed_with_its_last_dot() {
        assert_eq!("example.org".parse::<Name>().unwrap().to_string(), "example.org.");
    }

    #[test]
    fn what_cannot_be_sent_is_refused_with_the_reason() {
        let long = "a".repeat(64);
        let longer = ["a"; 128].join(".");
        assert!(matches!("a..b".parse::<Name>(), Err(InvalidName::EmptyLabel(_))));
        assert!(matches!("..".parse::<Name>(), Err(InvalidName::EmptyLabel(_))));
        assert!(matches!(long.parse::<Name>(), Err(InvalidName::LongLabel(_))));
        assert!(matches!(longer.parse::<Name>(), Err(InvalidName::TooLong(_))));
        assert!(["a"; 127].join(".").parse::<Name>().is_ok());
    }
}
