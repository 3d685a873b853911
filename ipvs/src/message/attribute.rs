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
        self.header(kind, value.len());
        self.0.extend_from_slice(value);
        self.pad();
    }

    /// A value of up to four bytes.
    fn short(&mut self, kind: u16, length: usize, padded: [u8; 4]) {
        self.header(kind, length);
        self.0.extend_from_slice(&padded);
    }

    fn header(&mut self, kind: u16, length: usize) {
        // Nothing here is longer than an address or a name.
        let length = u16::try_from(HEADER.saturating_add(length)).unwrap_or(u16::MAX);
        let ([a, b], [c, d]) = (length.to_ne_bytes(), kind.to_ne_bytes());
        self.0.extend_from_slice(&[a, b, c, d]);
    }

    fn pad(&mut self) {
        self.0.resize(padded(self.0.len()), 0);
    }

    pub(crate) fn u8(&mut self, kind: u16, value: u8) {
        self.short(kind, 1, [value, 0, 0, 0]);
    }

    pub(crate) fn u16(&mut self, kind: u16, value: u16) {
        let [first, second] = value.to_ne_bytes();
        self.short(kind, 2, [first, second, 0, 0]);
    }

    pub(crate) fn u16_be(&mut self, kind: u16, value: u16) {
        self.u16(kind, value.to_be());
    }

    pub(crate) fn u32(&mut self, kind: u16, value: u32) {
        self.short(kind, 4, value.to_ne_bytes());
    }

    pub(crate) fn string(&mut self, kind: u16, value: &str) {
        self.header(kind, value.len().saturating_add(1));
        self.0.extend_from_slice(value.as_bytes());
        self.0.push(0);
        self.pad();
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

/// The value of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attribute<'a> {
    pub(crate) value: &'a [u8],
}

impl<'a> Attribute<'a> {
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

    pub(crate) fn u64(&self) -> Option<u64> {
        self.value.first_chunk().copied().map(u64::from_ne_bytes)
    }

    pub(crate) fn string(&self) -> Option<&'a str> {
        let end = self.value.iter().position(|byte| *byte == 0).unwrap_or(self.value.len());
        std::str::from_utf8(self.value.get(..end)?).ok()
    }
}

/// More than the largest type that this crate knows, `IPVS_DEST_ATTR_TUN_FLAGS`.
const TYPES: usize = 16;

/// The attributes of a message or nest by their types, found in one pass.
pub(crate) struct Attributes<'a>([Option<Attribute<'a>>; TYPES]);

impl<'a> Attributes<'a> {
    /// Those in `bytes`, up to the first that is not whole. The first of a type counts; types that
    /// are unknown here are passed over.
    pub(crate) fn read(mut bytes: &'a [u8]) -> Self {
        let mut found = [None; TYPES];
        while let Some((kind, value, rest)) = split_first(bytes) {
            if let Some(slot @ None) = found.get_mut(usize::from(kind)) {
                *slot = Some(Attribute { value });
            }
            bytes = rest;
        }
        Self(found)
    }

    pub(crate) fn find(&self, kind: u16) -> Option<Attribute<'a>> {
        self.0.get(usize::from(kind)).copied().flatten()
    }
}

fn split_first(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let [low, high, kind @ ..] = *bytes.first_chunk::<HEADER>()?;
    let length = usize::from(u16::from_ne_bytes([low, high]));
    let value = bytes.get(HEADER..length)?;
    let rest = bytes.get(padded(length)..).unwrap_or_default();
    Some((u16::from_ne_bytes(kind) & TYPE, value, rest))
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
        let (kind, nest, rest) = split_first(&bytes).unwrap();
        assert_eq!((kind, rest), (1, &[][..]));
        let inner = Attributes::read(nest);
        assert_eq!(inner.find(2).and_then(|found| found.u8()), Some(7));
        assert_eq!(inner.find(3).and_then(|found| found.u16()), Some(9));
    }

    #[test]
    fn an_attribute_that_claims_more_than_there_is_ends_the_list() {
        let mut bytes = Vec::new();
        Writer(&mut bytes).u32(1, 5);
        bytes[0] = 200;
        assert_eq!(Attributes::read(&bytes).find(1), None);
    }

    #[test]
    fn an_attribute_shorter_than_its_header_ends_the_list() {
        assert_eq!(Attributes::read(&[0, 0, 1, 0, 8, 0, 2, 0]).find(2), None);
    }

    #[test]
    fn the_first_of_a_type_counts_and_unknown_types_are_passed_over() {
        let mut bytes = Vec::new();
        let mut writer = Writer(&mut bytes);
        for (kind, value) in [(16, 1), (0x3fff, 2), (15, 3), (15, 4)] {
            writer.u8(kind, value);
        }
        let read = Attributes::read(&bytes);
        assert_eq!(read.find(15).and_then(|found| found.u8()), Some(3));
        assert_eq!(read.find(16), None);
    }

    #[test]
    fn a_string_ends_with_a_nul_and_is_padded() {
        let mut bytes = Vec::new();
        Writer(&mut bytes).string(1, "wrr");
        assert_eq!(bytes[HEADER..], *b"wrr\0");
        assert_eq!(Attributes::read(&bytes).find(1).and_then(|found| found.string()), Some("wrr"));
        Writer(&mut bytes).string(2, "wlblc");
        assert_eq!(bytes.len(), 8 + 12);
    }
}
