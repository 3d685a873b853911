use core::fmt;
use core::hint::black_box;

use thiserror::Error;

/// The authentication of VRRPv2 (RFC 2338 section 5.3.6). VRRPv3 has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Authentication {
    /// Type 0: none.
    #[default]
    None,
    /// Type 1: a password in clear. It keeps out mistakes, not attackers.
    SimplePassword(Password),
    /// Type 2: an IP [Authentication Header](super::ah) goes around the message.
    AuthenticationHeader,
    /// A type this crate does not know, such as Cisco's 254.
    Other(u8),
}

impl Authentication {
    pub(super) fn read(auth_type: u8, data: [u8; 8]) -> Self {
        match auth_type {
            0 => Self::None,
            1 => Self::SimplePassword(Password(data)),
            2 => Self::AuthenticationHeader,
            other => Self::Other(other),
        }
    }

    /// The number in the type field.
    pub const fn type_number(&self) -> u8 {
        match self {
            Self::None => 0,
            Self::SimplePassword(_) => 1,
            Self::AuthenticationHeader => 2,
            Self::Other(number) => *number,
        }
    }

    pub(super) const fn data(&self) -> [u8; 8] {
        match self {
            Self::SimplePassword(password) => password.0,
            Self::None | Self::AuthenticationHeader | Self::Other(_) => [0; 8],
        }
    }
}

/// The password of authentication type 1, or the key of type 2: up to 8 bytes, padded with NUL.
///
/// Compared in constant time; never shown by `Debug`.
#[derive(Clone, Copy)]
pub struct Password([u8; 8]);

impl Password {
    /// Takes 1 to 8 bytes.
    pub fn new(password: &[u8]) -> Result<Self, InvalidPassword> {
        if password.iter().all(|byte| *byte == 0) {
            return Err(InvalidPassword::Empty);
        }
        let mut padded = [0; 8];
        padded
            .get_mut(..password.len())
            .ok_or(InvalidPassword::TooLong { length: password.len() })?
            .copy_from_slice(password);
        Ok(Self(padded))
    }

    pub(super) const fn bytes(&self) -> [u8; 8] {
        self.0
    }
}

impl PartialEq for Password {
    fn eq(&self, other: &Self) -> bool {
        let difference = self
            .0
            .iter()
            .zip(other.0)
            .fold(0, |difference, (a, b)| black_box(difference | (a ^ b)));
        difference == 0
    }
}

impl Eq for Password {}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

/// Why bytes are no password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidPassword {
    /// Nothing, or nothing but NUL.
    #[error("password is empty: configure no authentication instead")]
    Empty,
    /// More than the field holds.
    #[error("password has {length} bytes: VRRPv2 carries at most 8")]
    TooLong {
        /// Bytes given.
        length: usize,
    },
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::format;

    use super::*;

    #[test]
    fn password_is_padded_with_nul() {
        assert_eq!(Password::new(b"abc").unwrap(), Password(*b"abc\0\0\0\0\0"));
    }

    #[test]
    fn password_longer_than_the_field_is_refused() {
        assert_eq!(Password::new(b"123456789"), Err(InvalidPassword::TooLong { length: 9 }));
    }

    #[test]
    fn password_is_not_shown() {
        let shown = format!("{:?}", Authentication::SimplePassword(Password(*b"secret12")));
        assert!(!shown.contains("secret"), "{shown}");
        assert!(!shown.contains("115"), "{shown}");
    }
}
