use std::hash::{BuildHasher, RandomState};

/// A number that nobody can guess, by which a reply is known as one to us.
pub(crate) fn nonce() -> u64 {
    // The keys of each are random (std::hash::RandomState).
    RandomState::new().hash_one(())
}
