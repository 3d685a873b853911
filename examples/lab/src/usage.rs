//! What programs use, from /proc (proc(5)).

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use rustix::process::Signal;

use crate::{LabError, Process, process};

/// Linux counts processor time for user space in hundredths of a second (USER_HZ).
const TICK: Duration = Duration::from_millis(10);

/// A process and all its descendants, at one moment.
#[derive(Debug, Clone)]
pub struct Family(Vec<u32>);

impl Process {
    /// Its own process and all its descendants.
    #[must_use]
    pub fn family(&self) -> Family {
        Family::of(self.pid())
    }
}

impl Family {
    /// A process, by its id, and all its descendants.
    #[must_use]
    pub fn of(pid: u32) -> Self {
        let mut family = vec![pid];
        let parents: Vec<(u32, u32)> = fs::read_dir("/proc")
            .into_iter()
            .flatten()
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .filter_map(|pid| Some((pid, field(pid, PARENT)?.try_into().ok()?)))
            .collect();
        let mut at = 0;
        while let Some(parent) = family.get(at).copied() {
            family.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(child, _)| *child));
            at += 1;
        }
        Self(family)
    }

    /// The ids, the eldest first.
    #[must_use]
    pub fn pids(&self) -> &[u32] {
        &self.0
    }

    /// Sends all of them a signal.
    ///
    /// # Errors
    ///
    /// When one of them has ended; the others get it.
    pub fn signal(&self, signal: Signal) -> Result<(), LabError> {
        let sent: Vec<_> = self.0.iter().map(|pid| process::signal(*pid, signal)).collect();
        sent.into_iter().collect()
    }

    /// Processor time, user and system.
    #[must_use]
    pub fn processor_time(&self) -> Duration {
        let ticks = |pid| field(pid, USER).unwrap_or(0) + field(pid, SYSTEM).unwrap_or(0);
        let sum: u64 = self.0.iter().copied().map(ticks).sum();
        TICK * u32::try_from(sum).unwrap_or(u32::MAX)
    }

    /// Memory in KiB, that of files and shared pages counted in proportion (Pss), and what they hold in
    /// files of memory, which is in nobody's address space.
    ///
    /// # Errors
    ///
    /// When one of them has ended.
    pub fn memory(&self) -> Result<u64, LabError> {
        let mapped: u64 = self.0.iter().copied().map(memory).sum::<Result<_, _>>()?;
        let held: Vec<_> = self.0.iter().copied().map(held).collect::<Result<_, _>>()?;
        let each_once: BTreeMap<_, _> = held.into_iter().flatten().collect();
        Ok(mapped + each_once.values().sum::<u64>())
    }

    /// How many files and sockets they have open.
    ///
    /// # Errors
    ///
    /// When one of them has ended.
    pub fn descriptors(&self) -> Result<usize, LabError> {
        let open = |pid: &u32| {
            let path = format!("/proc/{pid}/fd");
            let listed = fs::read_dir(&path).map_err(LabError::io(format!("listing {path}")))?;
            Ok(listed.count())
        };
        self.0.iter().map(open).sum()
    }
}

fn memory(pid: u32) -> Result<u64, LabError> {
    let path = format!("/proc/{pid}/smaps_rollup");
    let reading = || LabError::io(format!("reading Pss from {path}"));
    let rollup = fs::read_to_string(&path).map_err(reading())?;
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.ok_or_else(|| reading()(std::io::ErrorKind::InvalidData.into()))
}

/// What a process holds open in files of memory: which, and how many KiB.
fn held(pid: u32) -> Result<Vec<(u64, u64)>, LabError> {
    let path = format!("/proc/{pid}/fd");
    let listed = fs::read_dir(&path).map_err(LabError::io(format!("listing {path}")))?;
    let of_memory = listed.flatten().map(|entry| entry.path()).filter(|descriptor| {
        fs::read_link(descriptor)
            .is_ok_and(|name| name.as_os_str().as_bytes().starts_with(b"/memfd:"))
    });
    // One that is closed meanwhile is not held any more.
    let found = of_memory.filter_map(|descriptor| fs::metadata(descriptor).ok());
    Ok(found.map(|file| (file.ino(), file.blocks() * BLOCK / 1024)).collect())
}

/// What `st_blocks` counts in (stat(3type)).
const BLOCK: u64 = 512;

// Fields of /proc/pid/stat, counted after the name in parentheses.
const PARENT: usize = 1;
const USER: usize = 11;
const SYSTEM: usize = 12;

fn field(pid: u32, position: usize) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_whitespace().nth(position)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use rustix::fs::{MemfdFlags, memfd_create};

    use super::*;

    #[test]
    fn what_is_held_in_a_file_of_memory_is_found() {
        let mut memory = fs::File::from(memfd_create("test", MemfdFlags::CLOEXEC).unwrap());
        memory.write_all(&[1; 1024 * 1024]).unwrap();
        let number = memory.metadata().unwrap().ino();
        assert!(held(std::process::id()).unwrap().contains(&(number, 1024)));
    }
}
