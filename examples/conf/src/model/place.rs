use std::hash::{Hash, Hasher};

use crate::Span;
use crate::source::Packed;

/// Where something of the model was written.
///
/// It says nothing about what was written, so any two places are equal: an instance that has moved
/// within its file is the same instance.
#[derive(Debug, Clone, Copy, Default)]
pub struct Place(Packed);

impl PartialEq for Place {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Place {}

impl Hash for Place {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl From<Span> for Place {
    fn from(span: Span) -> Self {
        Self(span.into())
    }
}

impl From<Place> for Span {
    fn from(Place(span): Place) -> Self {
        span.into()
    }
}
