use super::{SourceId, Span};

/// A [`Span`] in half the room: there may be very many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Packed {
    source: u32,
    start: u32,
    end: u32,
}

impl From<Span> for Packed {
    fn from(Span { source, start, end }: Span) -> Self {
        Self { source: narrow(source.0), start: narrow(start), end: narrow(end) }
    }
}

impl From<Packed> for Span {
    fn from(Packed { source, start, end }: Packed) -> Self {
        let source = if source == u32::MAX { SourceId::EXPANDED } else { SourceId(widen(source)) };
        Self { source, start: widen(start), end: widen(end) }
    }
}

/// Sizes are bounded far below four gigabytes.
pub(crate) fn narrow(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

pub(crate) fn widen(size: u32) -> usize {
    usize::try_from(size).unwrap_or(usize::MAX)
}
