//! What thousands of scripts leave behind: nothing. Alone in its process, so that it can count.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::fs;
use std::time::Duration;

use futures_util::future::join_all;
use steadfast_checkers::script::{Ending, Script};

/// Descriptors of this process, and its children whether reaped or not.
fn held() -> (usize, String) {
    let children = fs::read_to_string("/proc/thread-self/children").unwrap();
    (fs::read_dir("/proc/self/fd").unwrap().count(), children)
}

#[tokio::test]
async fn ten_thousand_runs_leave_no_process_and_no_descriptor() {
    let script = Script::new("/bin/true", [""; 0]);
    let run = || script.run(Duration::from_secs(60));
    // The runtime's own descriptors for signals and processes are made with the first.
    run().await.unwrap();
    let before = held();
    for _ in 0..500 {
        for ran in join_all((0..20).map(|_| run())).await {
            assert_eq!(ran.unwrap().ending, Ending::Exited(0));
        }
    }
    assert_eq!(held(), before);
}
