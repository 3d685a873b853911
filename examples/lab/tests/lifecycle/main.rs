//! The director as a process: reloads, crashes, its end, and what delays nothing.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that panics has failed")]

mod bed;
mod certificates;
mod end;
mod estate;
mod isolation;
mod reload;
mod scripts;
mod standing;
mod supervision;
mod unprivileged;
