//! Other network namespaces.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// Does something in another network namespace, on a thread that ends with it.
pub(crate) fn inside<T: Send>(
    namespace: &Path,
    action: impl FnOnce() -> io::Result<T> + Send,
) -> io::Result<T> {
    let file = File::open(namespace)?;
    std::thread::scope(|scope| {
        let acting = std::thread::Builder::new().spawn_scoped(scope, || {
            move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network))?;
            action()
        })?;
        acting.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}
