use super::VirtualRouter;
use crate::packet::ah::SequenceNumber;

/// A router that died may have sent so many packets since it last said what is to be sent for it.
const AHEAD: u32 = 1 << 16;

/// The row in which all routers of a virtual router number their packets.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Numbering {
    /// The last number that was sent or taken in.
    last: SequenceNumber,
    /// What a router before this one may have sent, or others for it.
    taken: SequenceNumber,
}

impl Numbering {
    /// The number of a packet that is sent.
    pub(super) fn next(&mut self) -> SequenceNumber {
        self.last = self.following();
        self.last
    }

    /// The number of a packet that others may send if this router dies.
    pub(super) fn of_resignation(&self) -> SequenceNumber {
        self.following().later(AHEAD)
    }

    /// Takes in the number of a packet that arrived; in vain if it is not a new one.
    pub(super) fn take_in(&mut self, found: SequenceNumber) -> Result<(), Replayed> {
        if found <= self.last {
            return Err(Replayed { last: self.last });
        }
        self.last = found;
        Ok(())
    }

    fn following(&self) -> SequenceNumber {
        self.last.max(self.taken).later(1)
    }
}

pub(super) struct Replayed {
    pub(super) last: SequenceNumber,
}

impl VirtualRouter {
    /// Whether the row of numbers has come so near to that of a
    /// [resignation](Self::resignation) made earlier that another is to be made.
    ///
    /// With an Authentication Header only: without one nobody looks at the numbers.
    pub fn outdates(&self, resignation: SequenceNumber) -> bool {
        self.config.authentication_header().is_some()
            && self.numbering.following().later(AHEAD / 2) > resignation
    }

    /// Continues the row of numbers of a router that died in whose place this one
    /// [resumes](Self::handle_resumption), of which only its last [resignation](Self::resignation)
    /// is known.
    pub fn continue_numbering(&mut self, resignation: SequenceNumber) {
        let numbering = &mut self.numbering;
        numbering.taken = numbering.taken.max(resignation);
        let certain = SequenceNumber::new(resignation.get().saturating_sub(AHEAD + 1));
        numbering.last = numbering.last.max(certain);
    }
}
