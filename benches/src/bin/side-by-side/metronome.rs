//! What the machine does to everybody: how late somebody comes who does nothing but wake up.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use crate::percentiles::Percentiles;

const BEAT: Duration = Duration::from_millis(1);

/// A thread that wakes up every millisecond, and how late each time, in milliseconds. It runs until
/// the program ends.
#[derive(Debug)]
pub(crate) struct Metronome(Arc<Mutex<Vec<f64>>>);

impl Metronome {
    pub(crate) fn start() -> Self {
        let late = Arc::new(Mutex::new(Vec::new()));
        let recorded = Arc::clone(&late);
        spawn(move || {
            let mut due = Instant::now();
            loop {
                due += BEAT;
                sleep(due.saturating_duration_since(Instant::now()));
                let late = Instant::now().saturating_duration_since(due).as_secs_f64() * 1000.0;
                recorded.lock().unwrap_or_else(PoisonError::into_inner).push(late);
            }
        });
        Self(late)
    }

    /// Since this was asked last.
    pub(crate) fn take(&self) -> Option<Percentiles> {
        let mut late = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Percentiles::of(std::mem::take(&mut *late))
    }
}
