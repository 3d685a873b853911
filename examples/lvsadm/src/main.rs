//! ipvsadm's command line over [`steadfast_ipvs`]: the same options, the same bytes on standard
//! output, the same exit status, and messages that say what to do.

mod arguments;
mod command;
mod failure;
mod help;
mod json;
mod names;
mod order;
mod restore;
#[cfg(test)]
mod samples;
mod session;
mod table;
mod text;

use std::io::{BufWriter, Read, Write};
use std::process::ExitCode;

use steadfast_ipvs::Client;

use crate::command::Invocation;
use crate::failure::Failure;
use crate::help::{HELP, VERSION};
use crate::names::SystemNames;
use crate::restore::Rule;
use crate::session::Session;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            complain(&failure);
            ExitCode::from(failure.status())
        }
    }
}

async fn run() -> Result<(), Failure> {
    let names = SystemNames::new();
    let words = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned());
    let invocation = arguments::parse(words, &names)?;
    let mut output = BufWriter::new(std::io::stdout().lock());
    match invocation {
        Invocation::Help => output.write_all(HELP.as_bytes()).map_err(Failure::Output)?,
        Invocation::Version => output.write_all(VERSION.as_bytes()).map_err(Failure::Output)?,
        Invocation::Restore => {
            let mut input = Vec::new();
            std::io::stdin().read_to_end(&mut input).map_err(Failure::Input)?;
            let rules = restore::read(&String::from_utf8_lossy(&input), &names)?;
            connect(&names, &mut output).await?.restore(rules).await?;
        }
        Invocation::Obey(command) => connect(&names, &mut output).await?.obey(command).await?,
    }
    output.flush().map_err(Failure::Output)
}

async fn connect<'a, W: Write>(
    names: &'a SystemNames,
    output: W,
) -> Result<Session<'a, W>, Failure> {
    Ok(Session::new(Client::connect().await?, names, output))
}

fn complain(failure: &Failure) {
    match failure {
        Failure::Rules(failures) => {
            for Rule { line, content } in failures {
                eprintln!("lvsadm: line {line}: {content}");
            }
            if failures.iter().any(|failure| matches!(failure.content, Failure::Usage(_))) {
                eprintln!("lvsadm: nothing was changed");
            }
            if failures.last().is_some_and(|failure| failure.content.is_final()) {
                eprintln!("lvsadm: the lines after that may not have been obeyed");
            }
        }
        _ if failure.is_closed_pipe() => {}
        _ => eprintln!("lvsadm: {failure}"),
    }
}
