use std::collections::{HashMap, HashSet};

use crate::Diagnostics;
use crate::check::Entries;
use crate::files::{Files, Program};
use crate::model::{Model, VrrpScript};
use crate::{Diagnostic, Severity};

use super::Context;

/// The `vrrp_script` blocks.
pub(super) fn build(root: &Entries<'_>, context: &mut Context<'_>) -> Vec<VrrpScript> {
    let mut scripts: Vec<VrrpScript> = Vec::new();
    let mut names = HashMap::new();
    for entry in root.all("vrrp_script") {
        let (Some(name), inside) = (entry.statement.arguments.first(), &entry.inside) else {
            continue;
        };
        if let Some(earlier) = names.insert(&name.text, name.span) {
            context
                .error(name.span, format!("there is another vrrp_script `{}`", name.text))
                .related(earlier, "the other one");
            continue;
        }
        let Some(mut script) = context.script(inside, "script") else { continue };
        if let Some(user) = inside.user("user") {
            script.user = Some(user);
        }
        let interval = inside.seconds("interval").unwrap_or_default();
        scripts.push(VrrpScript {
            name: name.text.to_owned(),
            script,
            interval,
            timeout: inside.seconds("timeout").unwrap_or(interval),
            weight: inside.weight("weight").unwrap_or_default(),
            rise: inside.integer("rise").unwrap_or_default(),
            fall: inside.integer("fall").unwrap_or_default(),
            init_fail: inside.has("init_fail"),
            span: name.span.into(),
        });
    }
    scripts
}

/// A script that nobody tracks is not run, as in keepalived.
pub(super) fn remove_unused(model: &mut Model, diagnostics: &mut Diagnostics) {
    let groups = model.sync_groups.iter().map(|group| &group.tracking);
    let tracking = model.instances.iter().map(|instance| &instance.tracking).chain(groups);
    let tracked: HashSet<&str> =
        tracking.flat_map(|tracking| &tracking.scripts).map(|track| track.name.as_str()).collect();
    model.scripts.retain(|script| {
        let used = tracked.contains(script.name.as_str());
        // What tracks it may be what is wrong.
        if !used && !diagnostics.has_errors() {
            diagnostics.push(
                Diagnostic::new(
                    Severity::Warning,
                    script.span,
                    format!("no instance tracks the script `{}`: it is not run", script.name),
                )
                .help(format!("add `track_script {{ {} }}` to a vrrp_instance", script.name)),
            );
        }
        used
    });
}

/// Warns of programs that are not there: a machine may get them later.
pub(super) fn look_for_programs(model: &Model, files: &dyn Files, diagnostics: &mut Diagnostics) {
    let mut seen: HashSet<&str> = HashSet::new();
    for script in model.all_scripts() {
        let Some(program) = script.argv.first() else { continue };
        if !seen.insert(program) {
            continue;
        }
        let fails = "running it will fail";
        let (wrong, so) = match files.program(program) {
            Program::Executable => continue,
            Program::Missing if !program.contains('/') => ("is in no folder of PATH", fails),
            Program::Missing => ("does not exist", fails),
            Program::NotExecutable => ("is not executable", fails),
            Program::Hidden => {
                ("may not be looked at from here", "not known whether it can be run")
            }
        };
        diagnostics.push(
            Diagnostic::new(Severity::Warning, script.span, format!("`{program}` {wrong}"))
                .label(so),
        );
    }
}
