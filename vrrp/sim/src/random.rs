use std::ops::RangeInclusive;
use std::time::Duration;

/// SplitMix64: the same seed gives the same world on every machine and for ever, which is all that
/// is asked of it.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn within(&mut self, range: RangeInclusive<u64>) -> u64 {
        let (low, high) = range.into_inner();
        let width = u128::from(high.saturating_sub(low)) + 1;
        low + ((u128::from(self.next()) * width) >> 64) as u64
    }

    pub(crate) fn percent(&mut self, chance: u64) -> bool {
        chance > 0 && self.within(1..=100) <= chance
    }

    pub(crate) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.within(0..=choices.len() as u64 - 1) as usize]
    }

    pub(crate) fn duration(&mut self, range: RangeInclusive<Duration>) -> Duration {
        let (low, high) = range.into_inner();
        Duration::from_nanos(self.within(low.as_nanos() as u64..=high.as_nanos() as u64))
    }

    pub(crate) fn up_to(&mut self, longest: Duration) -> Duration {
        if longest.is_zero() { longest } else { self.duration(Duration::ZERO..=longest) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_numbers_for_ever() {
        let mut random = Random::new(1234567);
        let known = [6457827717110365317, 3203168211198807973, 9817491932198370423];
        assert_eq!([random.next(), random.next(), random.next()], known);
    }

    #[test]
    fn every_number_of_a_range_comes_and_no_other() {
        let mut random = Random::new(0);
        let mut seen = [false; 7];
        for _ in 0..1000 {
            seen[random.within(0..=6) as usize] = true;
        }
        assert_eq!(seen, [true; 7]);
    }
}
