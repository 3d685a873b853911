use super::{Md5Digest, StatusRanges, Undecided};

/// How a page is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PageFailure {
    /// Another status than wanted.
    #[error("{path}: expected status {expected}, got {found}")]
    Status {
        /// What was asked for.
        path: String,
        /// What would have been right.
        expected: StatusRanges,
        /// What came.
        found: u16,
    },
    /// Another page than wanted.
    #[error("{path}: digest mismatch: expected {expected}, got {found}")]
    Digest {
        /// What was asked for.
        path: String,
        /// What would have been right.
        expected: Md5Digest,
        /// What came.
        found: Md5Digest,
    },
    /// A match of something is missing.
    #[error("{path}: nothing matches {pattern:?}")]
    NoMatch {
        /// What was asked for.
        path: String,
        /// What should have matched.
        pattern: String,
    },
    /// A match of something that should not be there.
    #[error("{path}: something matches {pattern:?}, which should not")]
    Match {
        /// What was asked for.
        path: String,
        /// What should not have matched.
        pattern: String,
    },
    /// Nobody can say whether something matches, wanted or not.
    #[error("{path}: whether anything matches {pattern:?} cannot be told: {why}")]
    Undecided {
        /// What was asked for.
        path: String,
        /// What was looked for.
        pattern: String,
        /// Why it cannot be told.
        why: Undecided,
    },
    /// Some text is missing.
    #[error("{path}: \"{wanted}\" is not there")]
    Missing {
        /// What was asked for.
        path: String,
        /// What should have been there, with escapes.
        wanted: String,
    },
    /// A header has another value, or is missing.
    #[error("{path}: expected header {name}: {expected}, got {}", found.as_deref().unwrap_or("none"))]
    Header {
        /// What was asked for.
        path: String,
        /// Its name.
        name: String,
        /// The right value.
        expected: String,
        /// How what came begins, with control characters escaped.
        found: Option<String>,
    },
    /// JSON has another value, or is none.
    #[error("{path}: expected {expected} at {pointer:?}, got {}", found.as_deref().unwrap_or("nothing"))]
    Json {
        /// What was asked for.
        path: String,
        /// Where.
        pointer: String,
        /// The right value.
        expected: String,
        /// How what came begins, with control characters escaped.
        found: Option<String>,
    },
    /// More than anybody wants to read at every check.
    #[error("{path}: the answer is longer than {limit} bytes")]
    TooLong {
        /// What was asked for.
        path: String,
        /// The most that is read.
        limit: usize,
    },
}
