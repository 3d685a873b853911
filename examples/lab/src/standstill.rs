use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How often a scene is played at most.
const TIMES: usize = 5;
/// The time between two looks at the clock.
const LOOK: Duration = Duration::from_millis(20);

/// Plays a scene, and plays it again if it failed while the machine stood still for longer than the
/// scene `bears`.
///
/// Virtual machines do stand still now and then. Routers that have 300 ms to show that they are
/// alive are then thought dead, rightly. What fails on a machine that runs is not played again.
///
/// # Panics
///
/// As the scene does.
pub fn despite_standstills<T>(bears: Duration, scene: impl Fn() -> T) -> T {
    for _ in 1..TIMES {
        let (played, longest) = watching(|| catch_unwind(AssertUnwindSafe(&scene)));
        match played {
            Ok(value) => return value,
            Err(panic) if longest <= bears => resume_unwind(panic),
            Err(_) => eprintln!("The machine stood still for {longest:?}: once more."),
        }
    }
    scene()
}

/// Also for how long the machine stood still at most.
fn watching<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut longest = Duration::ZERO;
            while !done.load(Ordering::Relaxed) {
                let looked = Instant::now();
                thread::sleep(LOOK);
                longest = longest.max(looked.elapsed().saturating_sub(LOOK));
            }
            longest
        });
        let value = work();
        done.store(true, Ordering::Relaxed);
        (value, watcher.join().unwrap_or_default())
    })
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    const FOR_EVER: Duration = Duration::MAX;

    #[test]
    fn what_fails_on_a_machine_that_runs_is_played_once() {
        let played = Cell::new(0);
        let failed = catch_unwind(AssertUnwindSafe(|| {
            despite_standstills(FOR_EVER, || {
                played.set(played.get() + 1);
                panic!("it fails");
            })
        }));
        assert!(failed.is_err());
        assert_eq!(played.get(), 1);
    }

    #[test]
    fn what_fails_while_the_machine_stands_still_is_played_again() {
        let played = Cell::new(0);
        // No machine is never late at all.
        despite_standstills(Duration::ZERO, || {
            thread::sleep(LOOK);
            played.set(played.get() + 1);
            assert_eq!(played.get(), 2, "it fails the first time");
        });
        assert_eq!(played.get(), 2);
    }

    #[test]
    fn what_fails_whenever_it_is_played_fails_in_the_end() {
        let failed = catch_unwind(|| {
            despite_standstills(Duration::ZERO, || {
                thread::sleep(LOOK);
                panic!("it fails");
            })
        });
        assert!(failed.is_err());
    }
}
