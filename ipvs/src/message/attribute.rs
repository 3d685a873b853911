//! Netlink attributes: a length, a type, a value, padding to four bytes (`linux/netlink.h`).

const HEADER: usize = 4;
const NESTED: u16 = 0x8000;
/// The upper two bits of a type are flags.
const TYPE: u16 = 0x3fff;

const fn padded(length: usize) -> usize {
    length.next_multiple_of(4)
}

/// Appends attributes to a message.
pub(crate) struct Writer<'a>(pub(crate) &'a mut Vec<u8>);

impl Writer<'_> {
    pub(crate) fn bytes(&mut self, kind: u16, value: &[u8]) {
        // Nothing here is longer than an address or a name.
        let length = u16::try_from(HEADER.saturating_add(value.len())).unwrap_or(u16::MAX);
        self.0.extend(length.to_ne_bytes());
        self.0.extend(kind.to_ne_bytes());
        self.0.extend(value);
        self.0.resize(padded(self.0.len()), 0);
    }

    pub(crate) fn u8(&mut self, kind: u16, value: u8) {
        self.bytes(kind, &[value]);
    }

    pub(crate) fn u16(&mut self, kind: u16, value: u16) {
        self.bytes(kind, &value.to_ne_bytes());
    }

    pub(crate) fn u16_be(&mut self, kind: u16, value: u16) {
        self.bytes(kind, &value.to_be_bytes());
    }

    pub(crate) fn u32(&mut self, kind: u16, value: u32) {
        self.bytes(kind, &value.to_ne_bytes());
    }

    pub(crate) fn string(&mut self, kind: u16, value: &str) {
        let mut bytes = value.as_bytes().to_vec();
        bytes.push(0);
        self.bytes(kind, &bytes);
    }

    pub(crate) fn nested(&mut self, kind: u16, write: impl FnOnce(&mut Writer<'_>)) {
        let begin = self.0.len();
        self.bytes(kind | NESTED, &[]);
        write(&mut Writer(self.0));
        let length = self.0.len().saturating_sub(begin);
        let length = u16::try_from(length).unwrap_or(u16::MAX);
        if let Some(field) = self.0.get_mut(begin..).and_then(|rest| rest.first_chunk_mut()) {
            *field = length.to_ne_bytes();
        }
    }
}

/// One attribute of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attribute<'a> {
    pub(crate) kind: u16,
    pub(crate) value: &'a [u8],
}

impl Attribute<'_> {
    pub(crate) fn u8(&self) -> Option<u8> {
        self.value.first().copied()
    }

    pub(crate) fn u16(&self) -> Option<u16> {
        self.value.first_chunk().copied().map(u16::from_ne_bytes)
    }

    pub(crate) fn u16_be(&self) -> Option<u16> {
        self.value.first_chunk().copied().map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&self) -> Option<u32> {
        self.value.first_chunk().copied().map(u32::from_ne_bytes)
    }

    pub(crate) fn string(&self) -> Option<&str> {
        let end = self.value.iter().position(|byte| *byte == 0).unwrap_or(self.value.len());
        std::str::from_utf8(self.value.get(..end)?).ok()
    }
}

/// The attributes in `bytes`, up to the first that is not whole.
pub(crate) fn attributes(mut bytes: &[u8]) -> impl Iterator<Item = Attribute<'_>> {
    std::iter::from_fn(move || {
        let length = usize::from(u16::from_ne_bytes(*bytes.first_chunk()?));
        let kind = u16::from_ne_bytes(*bytes.get(2..)?.first_chunk()?) & TYPE;
        let value = bytes.get(HEADER..length)?;
        bytes = bytes.get(padded(length)..).unwrap_or_default();
        Some(Attribute { kind, value })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nest_has_the_length_of_what_is_in_it() {
        let mut bytes = Vec::new();
        Writer(&mut bytes).nested(1, |nest| {
            nest.u8(2, 7);
            nest.u16(3, 9);
        });
        let outer: Vec<_> = attributes(&bytes).collect();
        assert_eq!(outer.len(), 1);
        let inner: Vec<_> = attributes(outer[0].value).map(|inner| inner.kind).collect();
        assert_eq!(inner, [2, 3]);
    }

    #[test]
    fn an_attribute_that_claims_more_than_there_is_ends_the_list() {
        let mut bytes = Vec::new();
        Writer(&mut bytes).u32(1, 5);
        bytes[0] = 200;
        assert_eq!(attributes(&bytes).count(), 0);
    }

    #[test]
    fn an_attribute_shorter_than_its_header_ends_the_list() {
        assert_eq!(attributes(&[0, 0, 1, 0, 8, 0, 2, 0]).count(), 0);
    }
}
