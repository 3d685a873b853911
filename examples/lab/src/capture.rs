use std::path::PathBuf;
use std::time::Duration;

use crate::{Host, LabError, Network, Process, wait_until};

/// How long tcpdump may take to begin, and to end.
const PATIENCE: Duration = Duration::from_secs(20);
/// The first bytes of a file with times in microseconds.
const MAGIC: u32 = 0xa1b2_c3d4;

/// tcpdump, writing down all that passes a bridge, made by [`Network::capture`].
#[derive(Debug)]
pub struct Capture<'a> {
    switch: &'a Host,
    tcpdump: Process,
    file: PathBuf,
}

/// What has passed a bridge.
#[derive(Debug)]
pub struct Captured {
    /// The frames, in order.
    pub frames: Vec<Frame>,
    /// What `tcpdump -vv` says of them.
    pub decoded: String,
}

impl Captured {
    /// Whether tcpdump finds every checksum right. A MAC address may begin with `bad`.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        !self.decoded.lines().any(|line| line.contains("bad ") && line.contains("cksum"))
    }
}

/// An Ethernet frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// When it passed, since 1970.
    pub at: Duration,
    /// The whole of it, from its destination on.
    pub bytes: Vec<u8>,
}

impl Network {
    /// Begins to capture all that passes a bridge, whomever it is for.
    ///
    /// # Errors
    ///
    /// When tcpdump does not begin.
    pub fn capture(&self, bridge: &str) -> Result<Capture<'_>, LabError> {
        self.capture_only(bridge, "")
    }

    /// Begins to capture what passes a bridge and fits a filter such as `vrrp` (pcap-filter(7)):
    /// where much passes, tcpdump could not keep up with all of it.
    ///
    /// # Errors
    ///
    /// When tcpdump does not begin.
    pub fn capture_only(&self, bridge: &str, filter: &str) -> Result<Capture<'_>, LabError> {
        // Each has a file and a log of its own: what others have said tells nothing of this one.
        let name = |number: u32| format!("tcpdump-{bridge}-{number}");
        let file_of = |number| self.switch.folder.join(name(number)).with_extension("pcap");
        let number = (1..).find(|number| !file_of(*number).exists()).unwrap_or_default();
        let file = file_of(number);
        let path = file.display().to_string();
        // Every frame at once, and as root: the folder is root's. 8 MiB, so that none is missing where
        // tcpdump has to wait for its turn.
        let writing = ["-w", &path, "-U", "--immediate-mode", "-B", "8192", "-Z", "root"];
        let arguments = [&["-i", bridge], &writing[..], &[filter]].concat();
        let mut tcpdump = self.switch.spawn(&name(number), "tcpdump", arguments)?;
        wait_until(PATIENCE, format!("tcpdump listens on {bridge}"), || {
            tcpdump.log().contains("listening on") || !tcpdump.is_running()
        })?;
        if tcpdump.is_running() {
            return Ok(Capture { switch: &self.switch, tcpdump, file });
        }
        Err(LabError::Failed {
            command: format!("tcpdump -i {bridge}"),
            status: "ended at once".to_owned(),
            output: tcpdump.log(),
        })
    }
}

impl Capture<'_> {
    /// What was captured so far.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn frames(&self) -> Result<Vec<Frame>, LabError> {
        // The last frame may be on its way.
        Ok(self.read()?.0)
    }

    /// Ends the capture and hands over what was captured.
    ///
    /// # Errors
    ///
    /// When tcpdump does not end as it should, missed frames, or cannot read what it wrote.
    pub fn finish(mut self) -> Result<Captured, LabError> {
        self.tcpdump.terminate(PATIENCE)?;
        let said = self.tcpdump.log();
        let refused = |status: &str| LabError::Failed {
            command: "tcpdump".to_owned(),
            status: status.to_owned(),
            output: said.clone(),
        };
        if !said.contains("\n0 packets dropped by kernel") {
            return Err(refused("frames are missing"));
        }
        let (frames, End::Whole) = self.read()? else {
            return Err(refused("ended within a frame"));
        };
        let path = self.file.display().to_string();
        let decoded = self.switch.run("tcpdump", ["-r", &path, "-vv", "-n", "-e"])?;
        Ok(Captured { frames, decoded })
    }

    fn read(&self) -> Result<(Vec<Frame>, End), LabError> {
        let reading = || LabError::io(format!("reading {}", self.file.display()));
        let bytes = std::fs::read(&self.file).map_err(reading())?;
        frames(&bytes).ok_or_else(|| reading()(std::io::ErrorKind::InvalidData.into()))
    }
}

/// How a file ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Whole,
    WithinAFrame,
}

/// Reads tcpdump's file format (pcap-savefile(5)), as this machine writes it; `None` if it is
/// something else, or a frame was cut.
fn frames(file: &[u8]) -> Option<(Vec<Frame>, End)> {
    let mut frames = Vec::new();
    let Some((header, mut records)) = file.split_first_chunk::<24>() else {
        return Some((frames, End::WithinAFrame));
    };
    if !header.starts_with(&MAGIC.to_ne_bytes()) {
        return None;
    }
    while !records.is_empty() {
        let Some((header, rest)) = records.split_first_chunk::<16>() else {
            return Some((frames, End::WithinAFrame));
        };
        let (fields, _) = header.as_chunks::<4>();
        let [seconds, micros, captured, on_the_wire] =
            <[[u8; 4]; 4]>::try_from(fields).ok()?.map(u32::from_ne_bytes);
        if captured != on_the_wire {
            return None;
        }
        let Some((bytes, rest)) = rest.split_at_checked(usize::try_from(captured).ok()?) else {
            return Some((frames, End::WithinAFrame));
        };
        let at = Duration::from_secs(seconds.into()) + Duration::from_micros(micros.into());
        frames.push(Frame { at, bytes: bytes.to_vec() });
        records = rest;
    }
    Some((frames, End::Whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(records: &[[u32; 4]]) -> Vec<u8> {
        let header = [MAGIC, 0, 0, 0, 0, 1];
        let words = header.iter().chain(records.as_flattened());
        words.flat_map(|word| word.to_ne_bytes()).collect()
    }

    #[test]
    fn the_frames_of_a_file_are_read_in_order() {
        let mut bytes = file(&[[7, 5, 0, 0], [8, 6, 2, 2]]);
        bytes.extend([1, 2]);
        let expected = [
            Frame { at: Duration::new(7, 5000), bytes: vec![] },
            Frame { at: Duration::new(8, 6000), bytes: vec![1, 2] },
        ];
        assert_eq!(frames(&bytes), Some((expected.to_vec(), End::Whole)));
    }

    #[test]
    fn a_frame_that_is_still_being_written_is_left_out() {
        let whole = Frame { at: Duration::new(7, 5000), bytes: vec![] };
        let bytes = file(&[[7, 5, 0, 0], [7, 6, 1, 1]]);
        for length in 24 + 16 + 1..bytes.len() {
            let expected = (vec![whole.clone()], End::WithinAFrame);
            assert_eq!(frames(&bytes[..length]), Some(expected), "{length}");
        }
    }

    #[test]
    fn a_frame_that_was_cut_is_refused() {
        let mut bytes = file(&[[7, 5, 1, 2]]);
        bytes.push(1);
        assert_eq!(frames(&bytes), None);
    }
}
