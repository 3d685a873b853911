//! The verbs that ask a running director.

use std::path::PathBuf;

use serde::Serialize;
use steadfast_director_core::plan::Plan;

use crate::arguments::Running;
use crate::control::client::ask;
use crate::control::{Answer, Request};
use crate::output::print;

/// `director reload`.
pub(crate) fn reload(director: &Running) -> bool {
    show(director, &Request::Reload)
}

/// `director plan`.
pub(crate) fn plan(file: Option<PathBuf>, director: &Running) -> bool {
    // The director has another working folder.
    match file.map(std::path::absolute).transpose() {
        Ok(file) => show(director, &Request::Plan { file }),
        Err(error) => {
            eprintln!("director: {error}");
            false
        }
    }
}

/// `director status`.
pub(crate) fn status(director: &Running) -> bool {
    show(director, &Request::Status)
}

fn show(director: &Running, request: &Request) -> bool {
    let answer = match ask(&director.pid_file(), request) {
        Ok(answer) => answer,
        Err(error) => {
            eprintln!("director: {error}");
            return false;
        }
    };
    let good = match &answer {
        Answer::Reloaded { failed, .. } => failed.is_empty(),
        Answer::Planned { .. } | Answer::Status(_) => true,
        Answer::Refused { .. } | Answer::Malformed { .. } => false,
    };
    match answer {
        Answer::Status(status) if director.json => print_json(&status),
        answer if director.json => print_json(&answer),
        Answer::Status(status) => print(status),
        Answer::Planned { plan, said } => {
            eprint!("{said}");
            print_plan(&plan);
        }
        Answer::Reloaded { plan, said, failed } => {
            eprint!("{said}");
            print_plan(&plan);
            for failure in failed {
                eprintln!("director: {failure}");
            }
        }
        Answer::Refused { said } => {
            eprintln!("{}", said.trim_end());
            eprintln!("director: refused, the configuration before goes on");
        }
        Answer::Malformed { error } => eprintln!("director: {error}"),
    }
    good
}

fn print_plan(plan: &Plan) {
    if plan.is_empty() {
        print("nothing changes\n");
    } else {
        print(plan);
    }
}

fn print_json(answer: &impl Serialize) {
    match serde_json::to_string_pretty(answer) {
        Ok(text) => print(format_args!("{text}\n")),
        Err(error) => eprintln!("director: {error}"),
    }
}
