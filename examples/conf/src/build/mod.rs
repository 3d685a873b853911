//! Entries to the model: defaults, inheritance, and what keywords mean together.

mod address;
mod checker;
mod conflicts;
mod global;
mod instance;
mod method;
mod real_server;
mod script;
mod virtual_server;

use crate::check::Entries;
use crate::files::Files;
use crate::model::{Model, Script, ScriptUser};
use crate::{Diagnostic, Diagnostics, Severity, Span};

/// Builds as much as can be built; what is wrong is reported.
pub(crate) fn build(root: &Entries<'_>, files: &dyn Files, diagnostics: &mut Diagnostics) -> Model {
    let mut context = Context { user: None, diagnostics };
    let (global, defaults) = global::build(root, &mut context);
    context.user = global.script_user.clone();
    let scripts = script::build(root, &mut context);
    let instances = instance::build(root, &defaults, &scripts, &mut context);
    let virtual_servers = virtual_server::build(root, &mut context);
    let mut model = Model { global, scripts, instances, virtual_servers };
    conflicts::check(&model, context.diagnostics);
    script::remove_unused(&mut model, context.diagnostics);
    script::look_for_programs(&model, files, context.diagnostics);
    model
}

/// What every builder needs.
struct Context<'c> {
    /// `script_user`.
    user: Option<ScriptUser>,
    diagnostics: &'c mut Diagnostics,
}

impl Context<'_> {
    fn error(&mut self, span: Span, message: impl Into<String>) -> Saying<'_> {
        self.say(Severity::Error, span, message)
    }

    fn warning(&mut self, span: Span, message: impl Into<String>) -> Saying<'_> {
        self.say(Severity::Warning, span, message)
    }

    fn note(&mut self, span: Span, message: impl Into<String>) -> Saying<'_> {
        self.say(Severity::Note, span, message)
    }

    fn say(&mut self, severity: Severity, span: Span, message: impl Into<String>) -> Saying<'_> {
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

    fn related(self, span: Span, label: impl Into<String>) -> Self {
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
