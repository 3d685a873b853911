//! Waiting for something that there may not be.

/// Waits for it; without it, for ever.
pub(crate) async fn or_never<F: Future>(awaited: Option<F>) -> F::Output {
    match awaited {
        Some(awaited) => awaited.await,
        None => std::future::pending().await,
    }
}
