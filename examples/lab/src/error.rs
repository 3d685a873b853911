use std::time::Duration;

/// What went wrong while building or using a virtual network.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LabError {
    /// A program could not be started, or a file or socket of the lab could not be used.
    #[error("{what}: {source}")]
    Io {
        /// What was being done.
        what: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A program ended with failure.
    #[error("`{command}` failed ({status}): {output}")]
    Failed {
        /// The command line.
        command: String,
        /// Its exit status in words.
        status: String,
        /// What it printed.
        output: String,
    },
    /// A condition was not met in time.
    #[error("waited {limit:?} in vain until {what}")]
    TimedOut {
        /// The condition.
        what: String,
        /// How long it was waited for.
        limit: Duration,
    },
    /// The topology has no host of that name.
    #[error("no host named {0:?} in this network")]
    NoSuchHost(String),
    /// The topology has no such link.
    #[error("host {host:?} has no link named {link:?}")]
    NoSuchLink {
        /// The host.
        host: String,
        /// The link that was asked for.
        link: String,
    },
    /// A link names a bridge that was not described.
    #[error("host {host:?} is linked to bridge {bridge:?}, which is not in this network")]
    NoSuchBridge {
        /// The host.
        host: String,
        /// The bridge that was asked for.
        bridge: String,
    },
    /// A program of this workspace has not been built.
    #[error("{path} is not there: build it with `cargo build --workspace`")]
    NotBuilt {
        /// Where it was looked for.
        path: String,
    },
}

impl LabError {
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}
