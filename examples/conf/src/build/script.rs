use std::path::Path;

use crate::Diagnostics;
use crate::check::Entries;
use crate::files::{Files, Program};
use crate::model::{Model, Script, VrrpScript};
use crate::{Diagnostic, Severity};

use super::Context;

/// The `vrrp_script` blocks.
pub(super) fn build(root: &Entries<'_>, context: &mut Context<'_>) -> Vec<VrrpScript> {
    let mut scripts: Vec<VrrpScript> = Vec::new();
    for entry in root.all("vrrp_script") {
        let (Some(name), inside) = (entry.statement.arguments.first(), &entry.inside) else {
            continue;
        };
        if let Some(earlier) = scripts.iter().find(|script| script.name == name.text) {
            context
                .error(name.span, format!("there is another vrrp_script `{}`", name.text))
                .related(earlier.span, "the other one");
            continue;
        }
        let Some(mut script) = context.script(inside, "script") else { continue };
        if let Some(user) = inside.user("user") {
            script.user = Some(user);
        }
        let interval = inside.seconds("interval").unwrap_or_default();
        scripts.push(VrrpScript {
            name: name.text.clone(),
            script,
            interval,
            timeout: inside.seconds("timeout").unwrap_or(interval),
            weight: inside.weight("weight").unwrap_or_default(),
            rise: inside.integer("rise").unwrap_or_default(),
            fall: inside.integer("fall").unwrap_or_default(),
            init_fail: inside.has("init_fail"),
            span: name.span,
        });
    }
    scripts
}

/// A script that nobody tracks is not run, as in keepalived.
pub(super) fn remove_unused(model: &mut Model, diagnostics: &mut Diagnostics) {
    let instances = &model.instances;
    model.scripts.retain(|script| {
        let used = instances
            .iter()
            .flat_map(|instance| &instance.track_scripts)
            .any(|track| track.script == script.name);
        if !used {
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
    let mut seen: Vec<&str> = Vec::new();
    for script in all_scripts(model) {
        let Some(program) = script.argv.first() else { continue };
        // A bare name is looked for along PATH when it is run.
        if !program.contains('/') || seen.contains(&program.as_str()) {
            continue;
        }
        seen.push(program);
        let wrong = match files.program(Path::new(program)) {
            Program::Executable => continue,
            Program::Missing => "does not exist",
            Program::NotExecutable => "is not executable",
        };
        diagnostics.push(
            Diagnostic::new(Severity::Warning, script.span, format!("`{program}` {wrong}"))
                .label("running it will fail"),
        );
    }
}

fn all_scripts(model: &Model) -> impl Iterator<Item = &Script> {
    let tracked = model.scripts.iter().map(|script| &script.script);
    let notify = model.instances.iter().flat_map(|instance| {
        let notify = &instance.notify;
        [&notify.master, &notify.backup, &notify.fault, &notify.stop, &notify.any]
    });
    let quorum = model.virtual_servers.iter().flat_map(|service| {
        let servers = service.real_servers.iter();
        [&service.quorum_up, &service.quorum_down]
            .into_iter()
            .chain(servers.flat_map(|server| [&server.notify_up, &server.notify_down]))
    });
    tracked.chain(notify.chain(quorum).flatten())
}
