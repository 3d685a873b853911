//! ipvsadm.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use steadfast_lab::{Host, Network};

use super::Times;
use super::workload::Workload;
use crate::Outcome;

pub(super) fn run(network: &Network, workload: &Workload) -> Outcome<Times> {
    let host = network.host("a")?;
    let rules = host.write("rules", &workload.rules())?;
    let changes = host.write("changes", &workload.change_rules())?;
    Ok(Times {
        plan: None,
        load: timed(host, "-R", Some(&rules))?,
        dump: timed(host, "-Sn", None)?,
        compare: None,
        change: timed(host, "-R", Some(&changes))?,
        clear: timed(host, "-C", None)?,
    })
}

fn timed(host: &Host, option: &str, input: Option<&Path>) -> Outcome<Duration> {
    let input = input.map(File::open).transpose()?.map_or_else(Stdio::null, Stdio::from);
    let mut command = Command::new("ipvsadm");
    command.arg(option).stdin(input).stdout(Stdio::null());
    let begun = Instant::now();
    let status = host.enter(|| command.status())??;
    let time = begun.elapsed();
    if status.success() { Ok(time) } else { Err(format!("ipvsadm {option}: {status}").into()) }
}
