use std::any::Any;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::marker::PhantomData;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

use crate::Outcome;

/// Finds out, once, whether a server is well.
///
/// An attempt is bounded in time and memory by itself, and ends at once when its future is dropped.
/// It observes and does not judge: how often to try again is [`Health`](crate::Health)'s concern.
///
/// ```
/// use steadfast_checkers::{Check, Outcome, Report};
///
/// struct Always;
///
/// impl Check for Always {
///     async fn check(&self) -> Outcome {
///         Outcome::Pass(Report::default())
///     }
/// }
/// ```
pub trait Check: Send + Sync {
    /// Tries once, all parts.
    fn check(&self) -> impl Future<Output = Outcome> + Send;

    /// Of how many parts it consists that can be tried by turns, like the pages of
    /// [`HttpGet`](crate::http::HttpGet).
    fn parts(&self) -> u32 {
        1
    }

    /// Tries one part once, counted from 0.
    fn check_part(&self, part: u32) -> impl Future<Output = Outcome> + Send {
        let _the_only_one = part;
        self.check()
    }

    /// A file whose changes are a reason to try at once, and not only when it is time.
    fn watched_file(&self) -> Option<&Path> {
        None
    }
}

/// Any check. Cheap to clone; the clones are equal.
#[derive(Clone)]
pub struct BoxCheck(Arc<dyn Erased>);

impl BoxCheck {
    /// Forgets which check it is. Equal checks of one type find out the same, so that a
    /// [`Monitor`](crate::Monitor) needs to make only one of them.
    pub fn new<C: Check + Eq + Hash + 'static>(check: C) -> Self {
        Self(Arc::new(Typed::<_, ByValue>(check, PhantomData)))
    }

    /// Forgets which check it is, of those that cannot be compared: it equals nothing but its
    /// clones.
    pub fn unique(check: impl Check + 'static) -> Self {
        Self(Arc::new(Typed::<_, ByPlace>(check, PhantomData)))
    }
}

impl Check for BoxCheck {
    async fn check(&self) -> Outcome {
        self.0.check_boxed().await
    }

    fn parts(&self) -> u32 {
        self.0.parts_erased()
    }

    async fn check_part(&self, part: u32) -> Outcome {
        self.0.check_part_boxed(part).await
    }

    fn watched_file(&self) -> Option<&Path> {
        self.0.watched_file_erased()
    }
}

impl PartialEq for BoxCheck {
    fn eq(&self, other: &Self) -> bool {
        let values = || self.0.value().zip(other.0.value());
        Arc::ptr_eq(&self.0, &other.0)
            || values().is_some_and(|(this, that)| this.equals(that.as_any()))
    }
}

impl Eq for BoxCheck {}

impl Hash for BoxCheck {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self.0.value() {
            Some(value) => value.hash_value().hash(state),
            None => Arc::as_ptr(&self.0).addr().hash(state),
        }
    }
}

impl fmt::Debug for BoxCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BoxCheck")
    }
}

/// A check, and by what it is known. There may be very many: that takes no memory.
struct Typed<C, I>(C, PhantomData<I>);

/// What tells whether another check does the same.
trait Identity<C>: Send + Sync {
    fn value(check: &C) -> Option<&dyn Value>;
}

struct ByValue;

impl<C: Value> Identity<C> for ByValue {
    fn value(check: &C) -> Option<&dyn Value> {
        Some(check)
    }
}

/// Only a clone does.
struct ByPlace;

impl<C> Identity<C> for ByPlace {
    fn value(_: &C) -> Option<&dyn Value> {
        None
    }
}

type Attempt<'a> = Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

trait Erased: Send + Sync {
    fn check_boxed(&self) -> Attempt<'_>;
    fn parts_erased(&self) -> u32;
    fn check_part_boxed(&self, part: u32) -> Attempt<'_>;
    fn watched_file_erased(&self) -> Option<&Path>;
    fn value(&self) -> Option<&dyn Value>;
}

impl<C: Check, I: Identity<C>> Erased for Typed<C, I> {
    fn check_boxed(&self) -> Attempt<'_> {
        Box::pin(self.0.check())
    }

    fn parts_erased(&self) -> u32 {
        self.0.parts()
    }

    fn check_part_boxed(&self, part: u32) -> Attempt<'_> {
        Box::pin(self.0.check_part(part))
    }

    fn watched_file_erased(&self) -> Option<&Path> {
        self.0.watched_file()
    }

    fn value(&self) -> Option<&dyn Value> {
        I::value(&self.0)
    }
}

trait Value: Send + Sync {
    fn equals(&self, other: &dyn Any) -> bool;
    fn hash_value(&self) -> u64;
    fn as_any(&self) -> &dyn Any;
}

impl<C: Send + Sync + Eq + Hash + 'static> Value for C {
    fn equals(&self, other: &dyn Any) -> bool {
        other.downcast_ref::<C>().is_some_and(|other| self == other)
    }

    fn hash_value(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ConnectOptions, TcpCheck};

    fn tcp(port: u16) -> BoxCheck {
        BoxCheck::new(TcpCheck::new(ConnectOptions::new(([127, 0, 0, 1], port).into())))
    }

    fn hash(check: &BoxCheck) -> u64 {
        let mut hasher = DefaultHasher::new();
        check.hash(&mut hasher);
        hasher.finish()
    }

    #[test]
    fn checks_that_do_the_same_are_equal_and_of_one_hash() {
        assert_eq!(tcp(80), tcp(80));
        assert_eq!(hash(&tcp(80)), hash(&tcp(80)));
    }

    #[test]
    fn checks_of_different_servers_are_not_equal() {
        assert_ne!(tcp(80), tcp(81));
    }

    #[test]
    fn a_unique_check_equals_only_its_clones() {
        let options = ConnectOptions::new(([127, 0, 0, 1], 80).into());
        let unique = || BoxCheck::unique(TcpCheck::new(options.clone()));
        let (this, that) = (unique(), unique());
        assert_ne!(this, that);
        assert_eq!(this, this.clone());
        assert_eq!(hash(&this), hash(&this.clone()));
    }
}
