use std::fmt;
use std::str::FromStr;

use crate::hexadecimal;

/// The MD5 sum of a page, as keepalived's `genhash` prints it. Not for security: it says whether a
/// page is the one it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Md5Digest(pub [u8; 16]);

/// Not 32 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an MD5 digest is 32 hexadecimal digits, not {0:?}")]
pub struct InvalidDigest(String);

impl FromStr for Md5Digest {
    type Err = InvalidDigest;

    fn from_str(text: &str) -> Result<Self, InvalidDigest> {
        hexadecimal::bytes(text.chars()).map(Self).ok_or_else(|| InvalidDigest(text.to_owned()))
    }
}

impl fmt::Display for Md5Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_printed_as_it_was_read() {
        let text = "bfaa324fdd71444e43eca3b7a1679a1a";
        assert_eq!(text.parse::<Md5Digest>().unwrap().to_string(), text);
    }

    #[test]
    fn anything_but_32_hexadecimal_digits_is_refused() {
        for text in
            ["", "bfaa", "zfaa324fdd71444e43eca3b7a1679a1a", "éfaa324fdd71444e43eca3b7a1679a1"]
        {
            assert!(text.parse::<Md5Digest>().is_err(), "{text}");
        }
    }
}
