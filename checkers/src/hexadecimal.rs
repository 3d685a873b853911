/// As many bytes, from their hexadecimal digits; `None` if there are more or fewer, or others.
pub(crate) fn bytes<const N: usize>(digits: impl Iterator<Item = char>) -> Option<[u8; N]> {
    let mut digits =
        digits.map(|digit| digit.to_digit(16).and_then(|value| u8::try_from(value).ok()));
    let mut bytes = [0; N];
    for byte in &mut bytes {
        *byte = digits.next()?? << 4 | digits.next()??;
    }
    digits.next().is_none().then_some(bytes)
}
