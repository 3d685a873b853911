//! A C program that does nothing but send what steadfast-ipvs would send.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use steadfast_ipvs::message::{Header, Request};
use steadfast_ipvs::{Change, Plan, Table};
use steadfast_lab::{Host, Network};

use super::Times;
use super::workload::Workload;
use crate::Outcome;

/// As many changes as steadfast-ipvs sends together.
const BATCH: usize = 64;

pub(super) struct Program {
    folder: tempfile::TempDir,
}

/// Compiles it.
pub(super) fn build() -> Outcome<Program> {
    let program = Program { folder: tempfile::tempdir()? };
    let source = program.folder.path().join("bare.c");
    fs::write(&source, include_str!("bare.c"))?;
    let mut compiler = Command::new("cc");
    compiler.arg("-O2").arg(&source).arg("-o").arg(program.path());
    let status = compiler.status().map_err(|error| format!("no C compiler: cc: {error}"))?;
    if status.success() { Ok(program) } else { Err(format!("cc: {status}").into()) }
}

impl Program {
    fn path(&self) -> PathBuf {
        self.folder.path().join("bare")
    }

    pub(super) fn run(&self, network: &Network, workload: &Workload) -> Outcome<Times> {
        let host = network.host("a")?;
        let load = Table::default().diff(&workload.table, |_| true);
        let change = workload.table.diff(&workload.changed, |_| true);
        Ok(Times {
            plan: None,
            load: self.timed(host, changes(&load)?)?,
            dump: self.timed(host, listing(&workload.table)?)?,
            compare: None,
            change: self.timed(host, changes(&change)?)?,
            clear: self.timed(host, batch(&[Request::Flush])?)?,
        })
    }

    /// The program measures itself, without its start.
    fn timed(&self, host: &Host, bytes: Vec<u8>) -> Outcome<Duration> {
        let batches = self.folder.path().join("batches");
        fs::write(&batches, bytes)?;
        let printed = host.run(self.path(), [&batches])?;
        Ok(Duration::from_nanos(printed.trim().parse()?))
    }
}

fn changes(plan: &Plan) -> Outcome<Vec<u8>> {
    let mut bytes = Vec::new();
    for changes in plan.changes().chunks(BATCH) {
        bytes.extend(batch(&changes.iter().map(request).collect::<Vec<_>>())?);
    }
    Ok(bytes)
}

/// As steadfast-ipvs reads a table: the services again at the end, to know that none went meanwhile.
fn listing(table: &Table) -> Outcome<Vec<u8>> {
    let mut bytes = batch(&[Request::DumpServices])?;
    for entry in table.iter() {
        bytes.extend(batch(&[Request::DumpDestinations(entry.key())])?);
    }
    bytes.extend(batch(&[Request::DumpServices])?);
    Ok(bytes)
}

/// Requests with their length before them. The program puts in the family's number.
fn batch(asked: &[Request<'_>]) -> Outcome<Vec<u8>> {
    let mut requests = Vec::new();
    for (sequence, request) in (1u32..).zip(asked) {
        let acknowledge = usize::try_from(sequence)? == asked.len();
        request.encode(Header { family: 0, sequence, acknowledge }, &mut requests);
    }
    let mut bytes = u32::try_from(requests.len())?.to_ne_bytes().to_vec();
    bytes.extend(requests);
    Ok(bytes)
}

fn request(change: &Change) -> Request<'_> {
    match change {
        Change::AddService(key, service) => Request::NewService(key, service),
        Change::EditService(key, service) => Request::SetService(key, service),
        Change::AddDestination(key, server, new) => Request::NewDestination(key, server, new),
        Change::EditDestination(key, server, new) => Request::SetDestination(key, server, new),
        Change::DeleteDestination(key, server) => Request::DeleteDestination(key, server),
        Change::DeleteService(key) => Request::DeleteService(key),
    }
}
