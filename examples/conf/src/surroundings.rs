use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// What a configuration can ask about the machine on which it is read.
///
/// The same files in the same surroundings always give the same model.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Surroundings {
    /// What lines with `@id` are for, and what `${_INSTANCE}` is: keepalived's `-i`, by default the host
    /// name up to its first dot.
    pub config_id: String,
    /// Whence `${_RANDOM}` comes. A program that keeps it through its life gets the same numbers at each
    /// reload.
    pub seed: u64,
    /// Whether every `include` insists on files, as `includea` does: keepalived's `-e`.
    pub includes_insist: bool,
    /// What `${_ENV NAME}` is.
    pub environment: BTreeMap<String, String>,
}

/// Numbers from a seed (SplitMix64).
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn within(&mut self, range: RangeInclusive<u32>) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        let (least, most) = range.into_inner();
        let count = u64::from(most.saturating_sub(least)) + 1;
        least.saturating_add(u32::try_from(bits % count).unwrap_or(0))
    }
}
