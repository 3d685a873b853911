use std::ops::Range;
use std::sync::Arc;

use crate::source::{Context, ContextId};
use crate::{Diagnostic, Severity, Span};

use super::definitions::{Definition, is_name};
use super::line::Line;
use super::{ENDLESS, MAX_DEPTH, MAX_LINE, MAX_USES, Reader, TOO_MUCH};

/// `$NAME` or `${NAME WORDS}` in a line.
struct Use<'l> {
    range: Range<usize>,
    name: &'l str,
    /// What follows the name within the braces.
    words: &'l str,
    braces: bool,
}

/// What a name stands for.
enum Meaning {
    Text(String),
    /// It begins no comment, whatever it is.
    Protected(&'static str),
    Defined(Arc<Definition>),
    Nothing,
    Wrong,
}

/// A line in the making.
#[derive(Default)]
struct Output {
    line: Line,
    quoted: bool,
    /// Whether a name was replaced.
    changed: bool,
    uses: usize,
    /// The further lines of a definition of several, used at the end of the line.
    further: Vec<Line>,
    /// Where it was used.
    further_place: Span,
    further_name: String,
}

impl Reader<'_> {
    /// Replaces names in a line and takes what comes of it; `false` if nothing was replaced.
    pub(super) fn substituted(
        &mut self,
        line: &Line,
        context: Option<ContextId>,
        depth: usize,
    ) -> bool {
        if let Some(definition) = self.definition_alone(line) {
            let place = line.place(0..line.text().len());
            self.lines_of(&definition.name, place, &definition.lines, context, depth);
            return true;
        }
        let Some((expanded, output)) = self.expand_all(line) else { return true };
        if !output.changed {
            return false;
        }
        self.expanded_line(&expanded, context, depth);
        self.lines_of(&output.further_name, output.further_place, &output.further, context, depth);
        true
    }

    /// A line that is nothing but a definition of several lines.
    fn definition_alone(&self, line: &Line) -> Option<Arc<Definition>> {
        let found = next_use(line.text(), 0)?;
        let definition = self.definitions.get(found.name)?;
        let alone = found.range == (0..line.text().len()) && definition.lines.len() > 1;
        alone.then_some(definition)
    }

    fn lines_of(
        &mut self,
        name: &str,
        place: Span,
        lines: &[Line],
        context: Option<ContextId>,
        depth: usize,
    ) {
        if lines.is_empty() {
            return;
        }
        let what = format!("`{name}` is used here");
        let context = self.sources.expanded().context(Context { outer: context, place, what });
        for line in lines {
            self.whole(line, Some(context), depth + 1);
        }
    }

    /// What came of a line may be a condition, a definition or a sequence.
    fn expanded_line(&mut self, line: &Line, context: Option<ContextId>, depth: usize) {
        let begins_anew = line.text().starts_with('@')
            || line.text().starts_with('~')
            || super::definitions::defined_name(line.text()).is_some();
        if begins_anew {
            self.whole(line, context, depth + 1);
        } else {
            self.lex_expanded(line, context);
        }
    }

    /// A line with all names replaced, and whether there were any; `None` if there is an error that
    /// leaves no line.
    pub(super) fn expand(&mut self, line: &Line) -> Option<(Line, bool)> {
        self.expand_all(line).map(|(line, output)| (line, output.changed))
    }

    fn expand_all(&mut self, line: &Line) -> Option<(Line, Output)> {
        let mut output = Output::default();
        self.substitute(line, None, &mut output, 0)?;
        let line = std::mem::take(&mut output.line);
        Some((line, output))
    }

    /// Appends `line` to `output`. `used` is where the definition it belongs to is used.
    fn substitute(
        &mut self,
        line: &Line,
        used: Option<Span>,
        output: &mut Output,
        depth: usize,
    ) -> Option<()> {
        output.uses += 1;
        if !self.spend(1, line) {
            return None;
        }
        let endless = depth > MAX_DEPTH;
        if endless || output.uses > MAX_USES || output.line.text().len() > MAX_LINE {
            let place = used.unwrap_or_else(|| line.place(0..line.text().len()));
            self.budget = 0;
            self.error(place, if endless { ENDLESS } else { TOO_MUCH });
            return None;
        }
        let text = line.text();
        let mut copied = 0;
        while let Some(found) = next_use(text, copied) {
            output.copy(line, copied..found.range.start, used);
            let place = used.unwrap_or_else(|| line.place(found.range.clone()));
            match self.meaning(&found, place) {
                Meaning::Nothing => self.undefined(&found, line, place, used, output),
                Meaning::Wrong => {
                    self.undefined.insert(place);
                    output.push(found.name, place);
                }
                Meaning::Text(text) => output.push(&text, place),
                Meaning::Protected(text) => {
                    output.changed = true;
                    output.line.push_protected(text, place, Some(place));
                }
                Meaning::Defined(definition) => {
                    output.changed = true;
                    if let Some((first, further)) = definition.lines.split_first() {
                        self.substitute(first, Some(place), output, depth + 1)?;
                        if !further.is_empty() {
                            self.further(&found, text, further, place, output);
                        }
                    }
                }
            }
            copied = found.range.end;
        }
        output.copy(line, copied..text.len(), used);
        Some(())
    }

    fn further(
        &mut self,
        found: &Use<'_>,
        text: &str,
        further: &[Line],
        place: Span,
        output: &mut Output,
    ) {
        let follows = text.get(found.range.end..).unwrap_or_default();
        if !follows.trim().is_empty() || !output.further.is_empty() {
            self.diagnostics.push(
                Diagnostic::new(
                    Severity::Error,
                    place,
                    format!("`{}` has several lines: nothing can follow it here", found.name),
                )
                .help("use it at the end of a line"),
            );
            return;
        }
        output.further = further.to_vec();
        output.further_place = place;
        found.name.clone_into(&mut output.further_name);
    }

    fn meaning(&mut self, found: &Use<'_>, place: Span) -> Meaning {
        if let Some(definition) = self.definitions.get(found.name) {
            return Meaning::Defined(definition);
        }
        match found.name {
            "_PWD" => Meaning::Text(self.files.absolute(&self.folder)),
            "_INSTANCE" => Meaning::Text(self.surroundings.config_id.clone()),
            "_HASH" => Meaning::Protected("#"),
            "_BANG" => Meaning::Protected("!"),
            "_RANDOM" => self.random(found, place),
            "_ENV" => match self.surroundings.environment.get(found.words) {
                Some(value) => Meaning::Text(value.clone()),
                None => {
                    let message = format!("`{}` is not in the environment", found.words);
                    self.error(place, message);
                    Meaning::Wrong
                }
            },
            _ => Meaning::Nothing,
        }
    }

    /// `${_RANDOM [MIN [MAX]]}`.
    fn random(&mut self, found: &Use<'_>, place: Span) -> Meaning {
        let mut bounds = found.words.split_whitespace().map(str::parse::<u32>);
        let bounds = [bounds.next().unwrap_or(Ok(0)), bounds.next().unwrap_or(Ok(32_767))];
        let [Ok(least), Ok(most)] = bounds else {
            self.error(place, "expected `${_RANDOM [LEAST [GREATEST]]}`");
            return Meaning::Wrong;
        };
        if least > most {
            self.error(place, format!("no number is at least {least} and at most {most}"));
            return Meaning::Wrong;
        }
        Meaning::Text(self.random.within(least..=most).to_string())
    }

    /// keepalived leaves such a name as it is, and tears it apart at its braces.
    fn undefined(
        &mut self,
        found: &Use<'_>,
        line: &Line,
        place: Span,
        used: Option<Span>,
        output: &mut Output,
    ) {
        let name = found.name;
        let stays = output.quoted || !found.braces;
        if stays {
            output.copy(line, found.range.clone(), used);
            if output.quoted == found.braces {
                let follows = line.text().get(found.range.end..).unwrap_or_default();
                let defines = found.range.start == 0 && follows.trim_start().starts_with('=');
                let help = if defines {
                    format!("no blank stands before the `=` of a definition: `${name}=VALUE`")
                } else {
                    format!("define it above, `${name}=VALUE`, if a value is meant")
                };
                self.diagnostics.push(
                    Diagnostic::new(
                        Severity::Warning,
                        place,
                        format!("`{name}` is not defined up to here"),
                    )
                    .label("this stays as it is")
                    .help(help),
                );
            }
            return;
        }
        // Without the braces, which would begin and end a block.
        output.push(name, place);
        self.undefined.insert(place);
        self.diagnostics.push(
            Diagnostic::new(Severity::Error, place, format!("`{name}` is not defined up to here"))
                .help(format!("define it above: `${name}=VALUE`")),
        );
    }
}

impl Output {
    fn copy(&mut self, line: &Line, range: Range<usize>, used: Option<Span>) {
        self.follow_quotes(line.text().get(range.clone()).unwrap_or_default());
        self.line.push_part(line, range, used);
    }

    /// A value that is written nowhere.
    fn push(&mut self, text: &str, place: Span) {
        self.changed = true;
        self.follow_quotes(text);
        self.line.push(text, place, Some(place));
    }

    fn follow_quotes(&mut self, text: &str) {
        let mut escaped = false;
        for byte in text.bytes() {
            self.quoted ^= byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
        }
    }
}

/// The next name used at or after an offset.
fn next_use(text: &str, from: usize) -> Option<Use<'_>> {
    let mut from = from;
    loop {
        let start = from + text.get(from..)?.find('$')?;
        let after = text.get(start + 1..)?;
        if let Some(found) = with_braces(start, after).or_else(|| without_braces(start, after)) {
            return Some(found);
        }
        from = start + 1;
    }
}

fn with_braces(start: usize, after: &str) -> Option<Use<'_>> {
    let (inside, _) = after.strip_prefix('{')?.split_once('}')?;
    let end = inside.find(' ').unwrap_or(inside.len());
    let (name, words) = inside.split_at_checked(end)?;
    is_name(name).then(|| Use {
        range: start..start + inside.len() + 3,
        name,
        words: words.trim(),
        braces: true,
    })
}

/// A name without braces ends at a blank, a comma, a closing parenthesis or with the line.
fn without_braces(start: usize, after: &str) -> Option<Use<'_>> {
    let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
    let (name, rest) = after.split_at_checked(end)?;
    let ends = rest.chars().next().is_none_or(|c| c.is_ascii_whitespace() || c == ',' || c == ')');
    (is_name(name) && ends).then(|| Use {
        range: start..start + 1 + name.len(),
        name,
        words: "",
        braces: false,
    })
}
