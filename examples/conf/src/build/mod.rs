//! Entries to the model: defaults, inheritance, and what keywords mean together.

mod address;
mod checker;
mod conflicts;
mod frontend;
mod garp_extra;
mod garp_group;
mod global;
mod instance;
mod link_delays;
mod lvs;
mod method;
mod notify;
pub(crate) mod process;
mod real_server;
mod routing;
mod script;
mod sync_group;
mod track;
mod track_group;
mod tracker;
mod virtual_server;

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::Arc;

use crate::check::Entries;
use crate::files::Files;
use crate::model::{CheckRules, Connection, Model, Script, ScriptUser};
use crate::virtual_servers::VirtualServers;
use track_group::{Static, TrackGroups};

use crate::{Diagnostic, Diagnostics, Severity, Span};

/// Builds as much as can be built; what is wrong is reported.
pub(crate) fn build(
    root: &Entries<'_>,
    services: &mut VirtualServers<'_>,
    files: &dyn Files,
    diagnostics: &mut Diagnostics,
) -> Model {
    let process = process::build(root, diagnostics);
    let entries = root.merged("global_defs");
    let mut context = Context {
        user: entries.user("script_user"),
        alerts: notify::alerts(&entries),
        tables: routing::Tables::new(&entries, files),
        check_rules: HashSet::new(),
        connections: HashSet::new(),
        broken_instances: HashSet::new(),
        diagnostics,
    };
    let (mut global, defaults) = global::build(&entries, &mut context);
    let garp_groups = garp_group::build(root, &mut context);
    let scripts = script::build(root, &mut context);
    let track_files = tracker::files(root, &mut context);
    let track_processes = tracker::processes(root, &mut context);
    let trackable = track::Trackable::new(root, &scripts, &track_files, &track_processes);
    let mut track_groups = TrackGroups::new(root, &mut context);
    let interface = &defaults.interface;
    let lines = track_groups.lines_of(Static::Addresses { interface }, root, &mut context);
    let static_addresses = address::with_interfaces(&lines, interface, &mut context);
    let lines = track_groups.lines_of(Static::Routes, root, &mut context);
    let static_routes = routing::routes(&lines, &mut context);
    let mut preferences = routing::Preferences::default();
    let lines = track_groups.lines_of(Static::Rules, root, &mut context);
    let static_rules = routing::rules(&lines, &mut preferences, &mut context);
    let mut instances =
        instance::build(root, &defaults, &trackable, &mut preferences, &mut context);
    track_groups.apply(&mut instances, &mut context);
    let sync_groups = sync_group::build(root, &trackable, &mut instances, &mut context);
    let link_delays = link_delays::build(root, &instances, &mut context);
    global.lvs = lvs::build(&entries, root, &instances, &mut context);
    let log_all_failures = defaults.checker_log_all_failures;
    let (virtual_servers, places) =
        virtual_server::build(root, services, log_all_failures, &track_files, &mut context);
    let mut model = Model {
        process,
        global,
        garp_groups,
        link_delays,
        scripts,
        track_files,
        track_processes,
        static_addresses,
        static_routes,
        static_rules,
        sync_groups,
        instances,
        virtual_servers,
    };
    conflicts::check(&mut model, &places, context.diagnostics);
    script::remove_unused(&mut model, context.diagnostics);
    script::look_for_programs(&model, files, context.diagnostics);
    model
}

/// Kept once, however many have the same.
fn shared<T: Eq + Hash>(known: &mut HashSet<Arc<T>>, new: T) -> Arc<T> {
    match known.get(&new) {
        Some(known) => Arc::clone(known),
        None => {
            let new = Arc::new(new);
            known.insert(Arc::clone(&new));
            new
        }
    }
}

/// What every builder needs.
struct Context<'c> {
    /// `script_user`.
    user: Option<ScriptUser>,
    /// Whether changes are mailed where nothing else is said.
    alerts: notify::Alerts,
    /// Routing tables by their names.
    tables: routing::Tables<'c>,
    /// Those that checkers have.
    check_rules: HashSet<Arc<CheckRules>>,
    /// How those connect.
    connections: HashSet<Arc<Connection>>,
    /// Names of instances that could not be built, which is said already.
    broken_instances: HashSet<String>,
    diagnostics: &'c mut Diagnostics,
}

impl Context<'_> {
    fn error(&mut self, span: impl Into<Span>, message: impl Into<String>) -> Saying<'_> {
        self.say(Severity::Error, span, message)
    }

    fn warning(&mut self, span: impl Into<Span>, message: impl Into<String>) -> Saying<'_> {
        self.say(Severity::Warning, span, message)
    }

    fn note(&mut self, span: impl Into<Span>, message: impl Into<String>) -> Saying<'_> {
        self.say(Severity::Note, span, message)
    }

    fn say(
        &mut self,
        severity: Severity,
        span: impl Into<Span>,
        message: impl Into<String>,
    ) -> Saying<'_> {
        let diagnostic = Some(Diagnostic::new(severity, span, message));
        Saying { diagnostic, diagnostics: self.diagnostics }
    }

    /// The script of a keyword, with the user who runs it.
    fn script(&self, entries: &Entries<'_>, name: &str) -> Option<Script> {
        let script = entries.script(name)?;
        Some(Script { user: script.user.or_else(|| self.user.clone()), ..script })
    }
}

/// A diagnostic being put together; said when dropped.
struct Saying<'d> {
    diagnostic: Option<Diagnostic>,
    diagnostics: &'d mut Diagnostics,
}

impl Saying<'_> {
    fn with(mut self, change: impl FnOnce(Diagnostic) -> Diagnostic) -> Self {
        self.diagnostic = self.diagnostic.take().map(change);
        self
    }

    fn label(self, label: impl Into<String>) -> Self {
        self.with(|diagnostic| diagnostic.label(label))
    }

    fn related(self, span: impl Into<Span>, label: impl Into<String>) -> Self {
        self.with(|diagnostic| diagnostic.related(span, label))
    }

    fn help(self, help: impl Into<String>) -> Self {
        self.with(|diagnostic| diagnostic.help(help))
    }
}

impl Drop for Saying<'_> {
    fn drop(&mut self) {
        if let Some(diagnostic) = self.diagnostic.take() {
            self.diagnostics.push(diagnostic);
        }
    }
}
