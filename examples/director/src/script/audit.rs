//! Looking at the scripts of a configuration before any is needed.

use nix::unistd::Uid;
use steadfast_conf::model::Script;
use steadfast_conf::{Diagnostic, Loaded, Severity};

use super::{ScriptError, Scripts};
use crate::check::Purpose;

/// Takes out the scripts that will not be run, and warns of them and of those that should not be; gives
/// what runs the others, which may have so many files open.
pub(crate) fn audit(loaded: &mut Loaded, open_files: Option<u64>, purpose: Purpose) -> Scripts {
    let Some(model) = &mut loaded.model else { return Scripts::default() };
    // Who runs it is root, as a rule, whoever reads it before.
    let by_root = purpose == Purpose::Check || Uid::effective().is_root();
    let scripts = Scripts { open_files, ..Scripts::look_up(model, by_root) };
    let said = model.all_scripts().filter_map(|script| warning(&scripts, script)).collect();
    model.retain_scripts(|script| refusal(&scripts, script).is_none());
    loaded.say(said);
    scripts
}

fn warning(scripts: &Scripts, script: &Script) -> Option<Diagnostic> {
    let warning = |message| Diagnostic::new(Severity::Warning, script.span, message);
    if let Some(refusal) = refusal(scripts, script) {
        return Some(warning(refusal.to_string()).label("disabled, as keepalived does"));
    }
    let program = script.argv.first()?;
    let path = scripts.risk(program, scripts.identity(program, script).ok()?)?;
    let path = path.display();
    let message = format!("root runs a script that others than root can change: {path}");
    Some(warning(message).help(
        "let root alone own it and the folders it is in, name another user, or add \
             `enable_script_security`, so that it is not run",
    ))
}

/// Why a script is never run.
fn refusal(scripts: &Scripts, script: &Script) -> Option<ScriptError> {
    scripts.ready(script, &[]).err()
}
