//! The little of nf_tables that is needed, as the kernel wants to be asked for it
//! (linux/netfilter/nf_tables.h). Everything beyond netlink's own headers is in network byte order.

/// NFNL_SUBSYS_NFTABLES.
pub(super) const SUBSYSTEM: u16 = 10;
/// NFNL_MSG_BATCH_BEGIN, NFNL_MSG_BATCH_END.
const BATCH_BEGIN: u16 = 0x10;
const BATCH_END: u16 = 0x11;
/// NFPROTO_INET.
pub(super) const INET: u8 = 1;

const NLM_F_REQUEST: u16 = 0x1;
const NLM_F_ACK: u16 = 0x4;
const NLM_F_CREATE: u16 = 0x400;
const NLM_F_APPEND: u16 = 0x800;
const NLA_F_NESTED: u16 = 0x8000;

/// What is done to an object: NFT_MSG_*.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    NewTable = 0,
    DeleteTable = 2,
    NewChain = 3,
    NewRule = 6,
    NewSet = 9,
    NewElements = 12,
}

/// Requests that are carried out together, or none of them.
#[derive(Debug)]
pub(super) struct Batch {
    bytes: Vec<u8>,
    requests: u32,
}

impl Batch {
    pub(super) fn begin() -> Self {
        let mut batch = Self { bytes: Vec::new(), requests: 0 };
        batch.message(BATCH_BEGIN, NLM_F_REQUEST, 0, |attributes| {
            attributes.generic(0, SUBSYSTEM);
        });
        batch
    }

    /// Adds a request, whose answer will have the number of requests before it.
    pub(super) fn request(&mut self, verb: Verb, fill: impl FnOnce(&mut Attributes<'_>)) {
        let flags = match verb {
            Verb::DeleteTable => 0,
            Verb::NewRule => NLM_F_CREATE | NLM_F_APPEND,
            Verb::NewTable | Verb::NewChain | Verb::NewSet | Verb::NewElements => NLM_F_CREATE,
        };
        let number = self.requests;
        let kind = SUBSYSTEM << 8 | verb as u16;
        self.message(kind, NLM_F_REQUEST | NLM_F_ACK | flags, number, |attributes| {
            attributes.generic(INET, 0);
            fill(attributes);
        });
        self.requests += 1;
    }

    /// The bytes to be written at once, and how many answers there will be.
    pub(super) fn end(mut self) -> (Vec<u8>, u32) {
        let number = self.requests;
        self.message(BATCH_END, NLM_F_REQUEST, number, |attributes| {
            attributes.generic(0, SUBSYSTEM);
        });
        (self.bytes, self.requests)
    }

    fn message(
        &mut self,
        kind: u16,
        flags: u16,
        sequence: u32,
        fill: impl FnOnce(&mut Attributes<'_>),
    ) {
        let at = self.bytes.len();
        // The length, known later.
        self.bytes.extend([0; 4]);
        self.bytes.extend(kind.to_ne_bytes());
        self.bytes.extend(flags.to_ne_bytes());
        self.bytes.extend(sequence.to_ne_bytes());
        // From whichever port.
        self.bytes.extend([0; 4]);
        fill(&mut Attributes(&mut self.bytes));
        let length = u32::try_from(self.bytes.len() - at).unwrap_or(u32::MAX);
        if let Some(place) = self.bytes.get_mut(at..at + 4) {
            place.copy_from_slice(&length.to_ne_bytes());
        }
    }
}

/// Writes the attributes of a message, or within one.
pub(super) struct Attributes<'a>(&'a mut Vec<u8>);

impl Attributes<'_> {
    /// struct nfgenmsg.
    fn generic(&mut self, family: u8, resource: u16) {
        self.0.extend([family, 0]);
        self.0.extend(resource.to_be_bytes());
    }

    pub(super) fn bytes(&mut self, kind: u16, value: &[u8]) {
        self.attribute(kind, |attributes| attributes.0.extend(value));
    }

    pub(super) fn text(&mut self, kind: u16, value: &str) {
        self.attribute(kind, |attributes| {
            attributes.0.extend(value.as_bytes());
            attributes.0.push(0);
        });
    }

    pub(super) fn number(&mut self, kind: u16, value: u32) {
        self.bytes(kind, &value.to_be_bytes());
    }

    pub(super) fn nested(&mut self, kind: u16, fill: impl FnOnce(&mut Attributes<'_>)) {
        self.attribute(kind | NLA_F_NESTED, fill);
    }

    fn attribute(&mut self, kind: u16, fill: impl FnOnce(&mut Attributes<'_>)) {
        let at = self.0.len();
        self.0.extend([0; 2]);
        self.0.extend(kind.to_ne_bytes());
        fill(&mut Attributes(self.0));
        let length = u16::try_from(self.0.len() - at).unwrap_or(u16::MAX);
        if let Some(place) = self.0.get_mut(at..at + 2) {
            place.copy_from_slice(&length.to_ne_bytes());
        }
        // NLA_ALIGN.
        self.0.resize(self.0.len().next_multiple_of(4), 0);
    }
}
