//! The word that was probably meant.

/// The candidate with the fewest slips of the pen from `word`, if that is few enough.
pub(crate) fn nearest<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    let word: Vec<char> = word.chars().take(64).collect();
    let most = (word.len() / 4).max(1);
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() > 1)
        .map(|candidate| (distance(&word, &candidate.chars().collect::<Vec<_>>()), candidate))
        .filter(|&(slips, candidate)| slips <= most && slips < candidate.len().min(word.len()))
        .min_by_key(|&(slips, _)| slips)
        .map(|(_, candidate)| candidate)
}

/// Insertions, deletions, substitutions and swaps of neighbours.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut previous_a = None;
    for (i, &ca) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        let mut left = i + 1;
        let mut previous_b = None;
        for (j, &cb) in b.iter().enumerate() {
            let at = |row: &[usize], j: usize| row.get(j).copied().unwrap_or(usize::MAX - 1);
            let mut best =
                (at(&last, j) + usize::from(ca != cb)).min(left + 1).min(at(&last, j + 1) + 1);
            if previous_a == Some(cb) && previous_b == Some(ca) && j > 0 {
                best = best.min(at(&before_last, j - 1).saturating_add(1));
            }
            row.push(best);
            left = best;
            previous_b = Some(cb);
        }
        before_last = std::mem::replace(&mut last, row);
        previous_a = Some(ca);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    const WORDS: [&str; 4] = ["priority", "state", "virtual_router_id", "vrrp_strict"];

    #[test]
    fn a_slip_is_forgiven() {
        assert_eq!(nearest("priorty", WORDS), Some("priority"));
        assert_eq!(nearest("stat", WORDS), Some("state"));
        assert_eq!(nearest("virtual_rotuer_id", WORDS), Some("virtual_router_id"));
    }

    #[test]
    fn another_word_is_not() {
        assert_eq!(nearest("vrrp_port", WORDS), None);
        assert_eq!(nearest("x", WORDS), None);
    }
}
