//! How much memory a thread holds, at most.
#![allow(unsafe_code, reason = "an allocator is unsafe")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
}

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn count(difference: isize) {
    // While a thread ends, there is nothing to count with any more.
    let _counted = HELD.try_with(|held| {
        held.set(held.get() + difference);
        MOST.with(|most| most.set(most.get().max(held.get())));
    });
}

fn size(layout: Layout) -> isize {
    isize::try_from(layout.size()).unwrap_or(isize::MAX)
}

// SAFETY: the system's allocator does it all; the counters do not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(size(layout));
        // SAFETY: what holds for this function holds for that one.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-size(layout));
        // SAFETY: the same.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// The most that is held on this thread, more than now, until `action` has ended.
pub(crate) async fn most_held<T>(action: impl Future<Output = T>) -> (T, usize) {
    let before = HELD.get();
    MOST.set(before);
    let done = action.await;
    (done, usize::try_from(MOST.get() - before).unwrap_or(0))
}
