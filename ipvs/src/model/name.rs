/// A short name in the kernel: 1 to 15 bytes, as `IP_VS_SCHEDNAME_MAXLEN`, `IP_VS_PENAME_MAXLEN` and
/// `IP_VS_IFNAME_MAXLEN` leave room for beside the NUL.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Name {
    bytes: [u8; Self::LONGEST],
    length: u8,
}

impl Name {
    const LONGEST: usize = 15;

    pub(crate) fn new(name: &str) -> Option<Self> {
        let fits = (1..=Self::LONGEST).contains(&name.len()) && !name.contains('\0');
        fits.then(|| Self::known(name.as_bytes()))
    }

    #[allow(clippy::indexing_slicing, reason = "compared with the length just before")]
    pub(crate) const fn known(name: &[u8]) -> Self {
        let mut bytes = [0; Self::LONGEST];
        let mut remaining = name;
        let mut length = 0;
        while let [first, rest @ ..] = remaining {
            if (length as usize) < Self::LONGEST {
                bytes[length as usize] = *first;
                length += 1;
            }
            remaining = rest;
        }
        Self { bytes, length }
    }

    pub(crate) fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..usize::from(self.length)).unwrap_or_default();
        // Made from whole strings only.
        std::str::from_utf8(bytes).unwrap_or_default()
    }
}
