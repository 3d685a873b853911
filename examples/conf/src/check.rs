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
    pub(crate) statement: &'t Statement<'t>,
    /// `None` if the value was wrong, which is reported.
    pub(crate) value: Option<Value>,
    pub(crate) inside: Entries<'t>,
}

impl<'t> Entry<'t> {
    pub(crate) fn span(&self) -> Span {
        self.statement.span()
    }

    /// The lines of a block of values.
    pub(crate) fn lines(&self) -> &'t [Statement<'t>] {
        self.statement.block.as_deref().unwrap_or_default()
    }
}

/// The entries of one block.
#[derive(Debug, Clone)]
pub(crate) struct Entries<'t> {
    block: &'static Block,
    entries: Vec<Entry<'t>>,
    /// The rows that mean something where they are not written.
    defaults: Vec<&'static Keyword>,
}

impl<'t> Entries<'t> {
    fn new(block: &'static Block, entries: Vec<Entry<'t>>) -> Self {
        let means_something = |row: &&Keyword| matches!(row.default, Absent::Literal(_));
        Self { block, entries, defaults: block.iter().filter(means_something).collect() }
    }

    /// All of them, in order.
    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Entry<'t>> {
        self.entries.iter()
    }

    /// Whether the keyword may stand in this block.
    pub(crate) fn knows(&self, name: &str) -> bool {
        self.block.find(name).is_some()
    }

    /// Those of one keyword, in order.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &Entry<'t>> {
        self.iter().filter(move |entry| entry.row.name == name)
    }

    /// The lines of all blocks of one keyword.
    pub(crate) fn lines(&self, name: &str) -> impl Iterator<Item = &'t Statement<'t>> {
        self.all(name).flat_map(Entry::lines)
    }

    /// What stands in all blocks of one keyword, as if it were one block.
    pub(crate) fn merged(&self, name: &str) -> Self {
        let block = match self.block.find(name).map(|row| row.body) {
            Some(Body::Block(block)) => block,
            _ => &ROOT,
        };
        let entries = self.all(name).flat_map(|entry| entry.inside.iter().cloned()).collect();
        Self::new(block, entries)
    }

    /// The entry of a keyword that counts.
    pub(crate) fn get(&self, name: &str) -> Option<&Entry<'t>> {
        debug_assert!(self.block.find(name).is_some(), "no row for {name}");
        let mut all = self.all(name);
        let first = all.next()?;
        match first.row.repeat {
            Repeat::First => Some(first),
            Repeat::Last | Repeat::Each => Some(all.last().unwrap_or(first)),
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
            let row = self.defaults.iter().find(|row| row.name == name)?;
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
            Value::Script(script) => Some(*script),
            _ => None,
        }
    }

    pub(crate) fn user(&self, name: &str) -> Option<crate::model::ScriptUser> {
        match self.value(name)? {
            Value::User(user) => Some(*user),
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

/// Reads statements outside of any block by the table.
pub(crate) fn check<'t>(
    statements: &'t [Statement<'t>],
    sources: &Sources,
    without_effect: &mut WithoutEffect,
    diagnostics: &mut Diagnostics,
) -> Entries<'t> {
    Checker { sources, diagnostics, without_effect }.block(&ROOT, statements, None)
}

/// Keywords without effect by the reason for it: one warning for each reason is enough.
#[derive(Debug, Default)]
pub(crate) struct WithoutEffect(Vec<(&'static str, Vec<(&'static str, Span)>)>);

impl WithoutEffect {
    fn add(&mut self, name: &'static str, span: Span, why: &'static str) {
        match self.0.iter_mut().find(|(reason, _)| *reason == why) {
            Some((_, places)) => places.push((name, span)),
            None => self.0.push((why, vec![(name, span)])),
        }
    }

    pub(crate) fn report(self, diagnostics: &mut Diagnostics) {
        for (why, mut places) in self.0 {
            places.sort_by_key(|(_, span)| *span);
            let mut names: Vec<String> = Vec::new();
            for (name, _) in &places {
                let quoted = format!("`{name}`");
                if !names.contains(&quoted) {
                    names.push(quoted);
                }
            }
            let verb = if names.len() == 1 { "has" } else { "have" };
            let Some(&(_, span)) = places.first() else { continue };
            diagnostics.push(
                Diagnostic::new(
                    Severity::Warning,
                    span,
                    format!("{} {verb} no effect: {why}", names.join(", ")),
                )
                .label("accepted and ignored"),
            );
        }
    }
}

struct Checker<'c> {
    sources: &'c Sources,
    diagnostics: &'c mut Diagnostics,
    without_effect: &'c mut WithoutEffect,
}

impl Checker<'_> {
    fn block<'t>(
        &mut self,
        block: &'static Block,
        statements: &'t [Statement<'t>],
        owner: Option<&Statement<'_>>,
    ) -> Entries<'t> {
        let mut entries: Vec<Entry<'t>> = Vec::with_capacity(statements.len());
        // The last place of each keyword; there are few keywords, but may be many statements.
        let mut written: Vec<(&'static Keyword, Span)> = Vec::new();
        for statement in statements {
            let name = statement.keyword.text;
            let Some(row) = block.find(name) else {
                self.unknown(block, statement);
                continue;
            };
            match row.status {
                Status::Works => {
                    if row.repeat != Repeat::Each {
                        match written.iter_mut().find(|(known, _)| std::ptr::eq(*known, row)) {
                            Some((_, earlier)) => {
                                let earlier = std::mem::replace(earlier, statement.span());
                                self.repeated(row, earlier, statement);
                            }
                            None => {
                                self.order(block, row, &entries, statement, statements);
                                written.push((row, statement.span()));
                            }
                        }
                    }
                    entries.extend(self.entry(row, statement));
                }
                Status::Accepted(why) => {
                    self.without_effect.add(row.name, statement.keyword.span, why);
                }
                Status::Refused(why) => self.refuse(statement, why),
            }
        }
        self.require(block, statements, owner);
        Entries::new(block, entries)
    }

    /// `None` for a keyword without the block that it needs.
    fn entry<'t>(
        &mut self,
        row: &'static Keyword,
        statement: &'t Statement<'t>,
    ) -> Option<Entry<'t>> {
        let value = value::read(row.arguments, statement, self.sources, self.diagnostics);
        let no_entries = Entries { block: &ROOT, entries: Vec::new(), defaults: Vec::new() };
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
    fn lines(&mut self, lines: &[Statement<'_>]) {
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

    fn unknown(&mut self, block: &Block, statement: &Statement<'_>) {
        let Word { text, span } = &statement.keyword;
        let placeholder = matches!(*text, "..." | "…");
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

    /// What keepalived reads only below another keyword; here the order does not matter.
    fn order(
        &mut self,
        block: &Block,
        row: &Keyword,
        before: &[Entry<'_>],
        statement: &Statement<'_>,
        statements: &[Statement<'_>],
    ) {
        if row.below.is_empty() || before.iter().any(|entry| row.below.contains(&entry.row.name)) {
            return;
        }
        let Some(later) = statements.iter().find(|other| row.below.contains(&other.keyword.text))
        else {
            return;
        };
        let name = &later.keyword.text;
        self.diagnostics.push(
            Diagnostic::new(
                Severity::Warning,
                statement.keyword.span,
                format!("`{}` must come after `{name}` for keepalived", row.name),
            )
            .label("keepalived calls this an error; here the order does not matter")
            .related(later.keyword.span, format!("the `{name}` of this `{}`", block.name))
            .help(format!("move it below `{name}`")),
        );
    }

    fn repeated(&mut self, row: &Keyword, earlier: Span, statement: &Statement<'_>) {
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

    fn refuse(&mut self, statement: &Statement<'_>, why: &'static str) {
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

    fn require(
        &mut self,
        block: &Block,
        statements: &[Statement<'_>],
        owner: Option<&Statement<'_>>,
    ) {
        let Some(owner) = owner else { return };
        for row in block.iter().filter(|row| row.default == Absent::Required) {
            if !statements.iter().any(|statement| statement.keyword.text == row.name) {
                let help = match row.body {
                    Body::Lines(line) => format!("add `{} {{ {line} }}`", row.name),
                    Body::None | Body::Block(_) => {
                        format!("add `{} …`: {}", row.name, row.arguments)
                    }
                };
                self.diagnostics.push(
                    Diagnostic::new(
                        Severity::Error,
                        owner.span(),
                        format!("`{}` is missing", row.name),
                    )
                    .label(format!("this `{}` has none", block.name))
                    .help(help),
                );
            }
        }
    }
}

/// The notify keyword of the state that is passed to a script under another one.
fn meant_notify(name: &str, statement: &Statement<'_>) -> Option<&'static str> {
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
