//! Statements to entries: each keyword known, in its place, with a value of its shape.

use std::time::Duration;

use crate::keywords::{self, Absent, Block, Body, Keyword, ROOT, Repeat, Status};
use crate::model::Script;
use crate::nearest::nearest;
use crate::tree::{Statement, Word};
use crate::value::{self, Value};
use crate::{Diagnostic, Diagnostics, Severity, Sources, Span};

/// A statement whose keyword is known and works here.
#[derive(Debug, Clone)]
pub(crate) struct Entry<'t> {
    pub(crate) row: &'static Keyword,
    pub(crate) statement: &'t Statement,
    /// `None` if the value was wrong, which is reported.
    pub(crate) value: Option<Value>,
    pub(crate) inside: Entries<'t>,
}

impl Entry<'_> {
    pub(crate) fn span(&self) -> Span {
        self.statement.span()
    }

    /// The lines of a block of values.
    pub(crate) fn lines(&self) -> &[Statement] {
        self.statement.block.as_deref().unwrap_or_default()
    }
}

/// The entries of one block.
#[derive(Debug, Clone)]
pub(crate) struct Entries<'t> {
    block: &'static Block,
    entries: Vec<Entry<'t>>,
}

impl<'t> Entries<'t> {
    /// All of them, in order.
    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Entry<'t>> {
        self.entries.iter()
    }

    /// Those of one keyword, in order.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &Entry<'t>> {
        self.iter().filter(move |entry| entry.row.name == name)
    }

    /// What stands in all blocks of one keyword, as if it were one block.
    pub(crate) fn merged(&self, name: &str) -> Self {
        let block = match self.block.find(name).map(|row| row.body) {
            Some(Body::Block(block)) => block,
            _ => &ROOT,
        };
        let entries = self.all(name).flat_map(|entry| entry.inside.iter().cloned()).collect();
        Self { block, entries }
    }

    /// The entry of a keyword that counts.
    pub(crate) fn get(&self, name: &str) -> Option<&Entry<'t>> {
        debug_assert!(self.block.find(name).is_some(), "no row for {name}");
        let mut all = self.all(name);
        match self.block.find(name)?.repeat {
            Repeat::First => all.next(),
            Repeat::Last | Repeat::Each => all.last(),
        }
    }

    /// Whichever of two names of one thing was written last.
    pub(crate) fn either(&self, one: &str, other: &str) -> Option<&Entry<'t>> {
        self.iter().rfind(|entry| entry.row.name == one || entry.row.name == other)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The value written, otherwise the row's default.
    fn value(&self, name: &str) -> Option<Value> {
        let written = self.get(name).and_then(|entry| entry.value.clone());
        written.or_else(|| {
            let row = self.block.find(name)?;
            match row.default {
                Absent::Literal(text) => value::literal(row.arguments, text),
                Absent::Nothing | Absent::Required => None,
            }
        })
    }

    /// Without a value, and without a default in the row: `None`. So it is with the methods below.
    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        match self.value(name)? {
            Value::Flag(flag) => Some(flag),
            _ => None,
        }
    }

    /// The number, if the type it is meant for can hold it.
    pub(crate) fn integer<T: TryFrom<i64>>(&self, name: &str) -> Option<T> {
        match self.value(name)? {
            Value::Integer(number) => number.try_into().ok(),
            _ => None,
        }
    }

    pub(crate) fn seconds(&self, name: &str) -> Option<Duration> {
        match self.value(name)? {
            Value::Seconds(duration) => Some(duration),
            Value::Integer(seconds) => seconds.try_into().ok().map(Duration::from_secs),
            _ => None,
        }
    }

    pub(crate) fn text(&self, name: &str) -> Option<String> {
        match self.value(name)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn address(&self, name: &str) -> Option<std::net::IpAddr> {
        match self.value(name)? {
            Value::Address(address) => Some(address),
            _ => None,
        }
    }

    pub(crate) fn script(&self, name: &str) -> Option<Script> {
        match self.value(name)? {
            Value::Script(script) => Some(script),
            _ => None,
        }
    }

    pub(crate) fn user(&self, name: &str) -> Option<crate::model::ScriptUser> {
        match self.value(name)? {
            Value::User(user) => Some(user),
            _ => None,
        }
    }

    pub(crate) fn weight(&self, name: &str) -> Option<crate::model::TrackWeight> {
        match self.value(name)? {
            Value::Weight(weight) => Some(weight),
            _ => None,
        }
    }
}

/// Reads a whole file's statements by the table.
pub(crate) fn check<'t>(
    statements: &'t [Statement],
    sources: &Sources,
    diagnostics: &mut Diagnostics,
) -> Entries<'t> {
    let mut checker = Checker { sources, diagnostics, without_effect: Vec::new() };
    let entries = checker.block(&ROOT, statements, None);
    checker.report_without_effect();
    entries
}

struct Checker<'c> {
    sources: &'c Sources,
    diagnostics: &'c mut Diagnostics,
    /// Keywords without effect by the reason for it: one warning for each reason is enough.
    without_effect: Vec<(&'static str, Vec<(&'static str, Span)>)>,
}

impl Checker<'_> {
    fn block<'t>(
        &mut self,
        block: &'static Block,
        statements: &'t [Statement],
        owner: Option<&Statement>,
    ) -> Entries<'t> {
        let mut entries: Vec<Entry<'t>> = Vec::new();
        for statement in statements {
            let name = statement.keyword.text.as_str();
            let Some(row) = block.find(name) else {
                self.unknown(block, statement);
                continue;
            };
            match row.status {
                Status::Works => {
                    if let Some(earlier) = entries.iter().rfind(|entry| entry.row.name == name) {
                        self.repeated(row, earlier.span(), statement);
                    }
                    entries.extend(self.entry(row, statement));
                }
                Status::Accepted(why) => self.accept(row.name, statement.keyword.span, why),
                Status::Refused(why) => self.refuse(statement, why),
            }
        }
        self.require(block, statements, owner);
        Entries { block, entries }
    }

    /// `None` for a keyword without the block that it needs.
    fn entry<'t>(&mut self, row: &'static Keyword, statement: &'t Statement) -> Option<Entry<'t>> {
        let value = value::read(row.arguments, statement, self.sources, self.diagnostics);
        let no_entries = Entries { block: &ROOT, entries: Vec::new() };
        let inside = match (row.body, &statement.block) {
            (Body::Block(block), Some(statements)) => {
                self.block(block, statements, Some(statement))
            }
            (Body::Lines(_), Some(lines)) => {
                self.lines(lines);
                no_entries
            }
            (Body::None, None) => no_entries,
            (Body::Block(_) | Body::Lines(_), None) => {
                self.diagnostics.push(
                    Diagnostic::new(
                        Severity::Error,
                        statement.keyword.span,
                        format!("`{}` needs a block", row.name),
                    )
                    .label("expected `{` after this"),
                );
                return None;
            }
            (Body::None, Some(_)) => {
                self.diagnostics.push(Diagnostic::new(
                    Severity::Error,
                    statement.keyword.span,
                    format!("`{}` takes no block", row.name),
                ));
                no_entries
            }
        };
        Some(Entry { row, statement, value, inside })
    }

    /// What holds for lines of every kind.
    fn lines(&mut self, lines: &[Statement]) {
        for line in lines {
            if let Some(block) = &line.block {
                let inner = block.first().map_or(line.keyword.span, |first| first.keyword.span);
                self.diagnostics.push(
                    Diagnostic::new(Severity::Error, line.keyword.span, "no block can stand here")
                        .related(inner, "its first line")
                        .help("is a `}` missing above?"),
                );
            }
        }
    }

    fn unknown(&mut self, block: &Block, statement: &Statement) {
        let Word { text, span } = &statement.keyword;
        let placeholder = matches!(text.as_str(), "..." | "…");
        let message = if placeholder {
            format!("`{text}` is not a keyword")
        } else {
            format!("unknown keyword `{text}`")
        };
        let place = match block.name {
            "" => "outside any block".to_owned(),
            name => format!("in `{name}`"),
        };
        let error = Diagnostic::new(Severity::Error, *span, message);
        let names = || block.iter().map(|row| row.name);
        self.diagnostics.push(if let Some(advice) = keywords::advice(text) {
            error
                .label(if placeholder {
                    "a placeholder"
                } else {
                    "keepalived knows no such keyword"
                })
                .help(advice)
        } else if let Some(home) = home_of(text) {
            error.label(format!("it has no meaning {place}")).help(match home {
                "" => format!("`{text}` stands outside any block: is a `}}` missing above?"),
                home => format!("`{text}` belongs in `{home}`"),
            })
        } else if let Some(near) = nearest(text, names()) {
            error.label(format!("not known {place}")).help(format!("did you mean `{near}`?"))
        } else {
            error.label(format!("not known {place}"))
        });
    }

    fn repeated(&mut self, row: &Keyword, earlier: Span, statement: &Statement) {
        let (which, label, other_label) = match row.repeat {
            Repeat::Each => return,
            Repeat::Last => ("last", "this one counts", "this one does not"),
            Repeat::First => ("first", "this one is ignored", "this one counts"),
        };
        let message =
            format!("`{}` is given twice: the {which} one counts, as in keepalived", row.name);
        let warning = Diagnostic::new(Severity::Warning, statement.span(), message)
            .label(label)
            .related(earlier, other_label);
        self.diagnostics.push(match meant_notify(row.name, statement) {
            Some(meant) => warning.help(format!("did you mean `{meant}`?")),
            None => warning,
        });
    }

    fn accept(&mut self, name: &'static str, span: Span, why: &'static str) {
        match self.without_effect.iter_mut().find(|(reason, _)| *reason == why) {
            Some((_, places)) => places.push((name, span)),
            None => self.without_effect.push((why, vec![(name, span)])),
        }
    }

    fn report_without_effect(&mut self) {
        for (why, places) in std::mem::take(&mut self.without_effect) {
            let mut names: Vec<String> = Vec::new();
            for (name, _) in &places {
                let quoted = format!("`{name}`");
                if !names.contains(&quoted) {
                    names.push(quoted);
                }
            }
            let verb = if names.len() == 1 { "has" } else { "have" };
            let Some(&(_, span)) = places.first() else { continue };
            self.diagnostics.push(
                Diagnostic::new(
                    Severity::Warning,
                    span,
                    format!("{} {verb} no effect: {why}", names.join(", ")),
                )
                .label("accepted and ignored"),
            );
        }
    }

    fn refuse(&mut self, statement: &Statement, why: &'static str) {
        self.diagnostics.push(
            Diagnostic::new(
                Severity::Error,
                statement.keyword.span,
                format!("`{}` is not supported yet", statement.keyword.text),
            )
            .label(format!("without it, {why}"))
            .help("remove it if the configuration is right without it"),
        );
    }

    fn require(&mut self, block: &Block, statements: &[Statement], owner: Option<&Statement>) {
        let Some(owner) = owner else { return };
        for row in block.iter().filter(|row| row.default == Absent::Required) {
            if !statements.iter().any(|statement| statement.keyword.text == row.name) {
                self.diagnostics.push(
                    Diagnostic::new(
                        Severity::Error,
                        owner.span(),
                        format!("`{}` is missing", row.name),
                    )
                    .label(format!("this `{}` has none", block.name))
                    .help(format!("add `{} …`: {}", row.name, row.arguments)),
                );
            }
        }
    }
}

/// The notify keyword of the state that is passed to a script under another one.
fn meant_notify(name: &str, statement: &Statement) -> Option<&'static str> {
    let states =
        [("master", "notify_master"), ("backup", "notify_backup"), ("fault", "notify_fault")];
    let command = &statement.arguments.first()?.text;
    let (_, meant) = states
        .into_iter()
        .find(|(state, _)| command.split_whitespace().skip(1).any(|word| word == *state))?;
    (name.starts_with("notify_") && name != meant).then_some(meant)
}

/// The block a keyword belongs in, if it is a keyword anywhere.
fn home_of(name: &str) -> Option<&'static str> {
    ROOT.all().into_iter().find(|block| block.find(name).is_some()).map(|block| block.name)
}
