//! A file and all it includes, with its definitions, conditions and sequences, as one stream of tokens.
//!
//! Lines are taken one by one, in the order in which keepalived takes them, since a definition holds
//! from its line on and may be replaced at any later one.

mod definitions;
mod include;
pub(crate) mod line;
mod outermost;
mod sequence;
mod substitute;

use std::collections::HashSet;
use std::io::{self, BufRead, BufReader, Read as _};
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::files::{Files, text_of};
use crate::lexer::{Lexed, Raw, begins_word};
use crate::source::{Context, ContextId};
use crate::surroundings::{Random, Surroundings};
use crate::tokens::Tokens;
use crate::{Diagnostic, Diagnostics, Severity, SourceId, Sources, Span};
use definitions::{Definition, Definitions};
pub(crate) use include::Strictness;
use line::Line;
use outermost::Outermost;

/// Deeper than anybody nests definitions and sequences on purpose.
const MAX_DEPTH: usize = 64;
/// How much may come of definitions and sequences, each use of a name counting one: twice what the
/// longest example of keepalived's manual needs.
const BUDGET: usize = 1 << 25;
const COST_OF_TURN: usize = 64;
const COST_OF_LINE: usize = 8;
/// More names than any line has.
const MAX_USES: usize = 10_000;
/// Longer than any line is meant to be.
const MAX_LINE: usize = 1 << 20;

/// So much of a file is looked at together where it is not kept.
const PART: usize = 1 << 14;

const TOO_MUCH: &str = "more comes of this than anybody can mean";
const ENDLESS: &str = "definitions use each other endlessly here";

pub(crate) struct Reader<'r> {
    files: &'r dyn Files,
    surroundings: &'r Surroundings,
    random: Random,
    sources: &'r mut Sources,
    diagnostics: &'r mut Diagnostics,
    lexed: Lexed,
    /// What is outside of blocks, if that is all that is wanted.
    outermost: Option<Outermost>,
    definitions: Definitions,
    /// The definition of several lines that is being read, and whether its condition holds.
    unfinished: Option<(Definition, bool)>,
    /// The folder of the file that is being read.
    folder: PathBuf,
    include_depth: usize,
    /// What is left of [`BUDGET`].
    budget: usize,
    undefined: HashSet<Span>,
}

/// What came of reading.
pub(crate) struct Read {
    pub(crate) tokens: Tokens,
    /// Where something is used that is not defined, which is an error of its own.
    pub(crate) undefined: HashSet<Span>,
}

impl<'r> Reader<'r> {
    pub(crate) fn new(
        files: &'r dyn Files,
        surroundings: &'r Surroundings,
        sources: &'r mut Sources,
        diagnostics: &'r mut Diagnostics,
    ) -> Self {
        Self {
            files,
            surroundings,
            random: Random::new(surroundings.seed),
            sources,
            diagnostics,
            lexed: Lexed::default(),
            outermost: None,
            definitions: Definitions::default(),
            unfinished: None,
            folder: PathBuf::new(),
            include_depth: 0,
            budget: BUDGET,
            undefined: HashSet::new(),
        }
    }

    /// Reads a file already among the sources.
    pub(crate) fn read(mut self, main: SourceId) -> Read {
        self.file(main);
        self.lexed.report_slash_comments(self.diagnostics);
        Read { tokens: self.lexed.tokens, undefined: self.undefined }
    }

    /// Reads only what is outside of blocks, and the braces of those. It takes no more room if the file
    /// is large; what there is to say of it points nowhere.
    pub(crate) fn read_outermost(mut self, main: &Path) -> io::Result<Tokens> {
        self.outermost = Some(Outermost::default());
        self.file_at(main)?;
        Ok(self.outermost.map(|outermost| outermost.tokens).unwrap_or_default())
    }

    fn file_at(&mut self, path: &Path) -> io::Result<()> {
        let name = path.to_string_lossy().into_owned();
        if self.outermost.is_some() {
            return self.file_by_parts(name, path);
        }
        let text = self.files.text(path)?;
        let source = self.sources.add(name, text);
        self.file(source);
        Ok(())
    }

    fn file(&mut self, source: SourceId) {
        let outer = self.enter(source);
        let text = self.sources.shared_text(source);
        self.lexed.tokens.reserve(&text);
        let start = self.byte_order_mark(source, &text);
        self.lines(source, start);
        self.finish_definition();
        self.folder = outer;
    }

    /// The same, keeping only one part of it at a time.
    fn file_by_parts(&mut self, name: String, path: &Path) -> io::Result<()> {
        let mut file = BufReader::new(self.files.open(path)?);
        let source = self.sources.add(name, String::new());
        let outer = self.enter(source);
        let mut is_beginning = true;
        let read = loop {
            let mut part = Vec::with_capacity(PART);
            let read = file.by_ref().take(PART as u64).read_to_end(&mut part);
            let read = read.and_then(|_| file.read_until(b'\n', &mut part));
            if read.is_err() || part.is_empty() {
                break read;
            }
            let text = text_of(part);
            let begins = std::mem::take(&mut is_beginning);
            let start = if begins { self.byte_order_mark(source, &text) } else { 0 };
            self.sources.replace_text(source, text);
            self.lines(source, start);
        };
        self.finish_definition();
        self.folder = outer;
        read.map(drop)
    }

    /// What a file includes is beside it; gives the folder of the one that it is included in.
    fn enter(&mut self, source: SourceId) -> PathBuf {
        let name = self.sources.get(source).map(|file| PathBuf::from(file.name()));
        let folder = name.and_then(|name| Some(name.parent()?.to_owned())).unwrap_or_default();
        std::mem::replace(&mut self.folder, folder)
    }

    /// The lines of the text that there is of a file.
    fn lines(&mut self, source: SourceId, mut start: usize) {
        let text = self.sources.shared_text(source);
        for line in text.get(start..).unwrap_or_default().split_inclusive('\n') {
            let content = line.strip_suffix('\n').unwrap_or(line);
            let content = content.strip_suffix('\r').unwrap_or(content);
            self.written(source, start, content);
            start += line.len();
        }
    }

    /// The length of what some editors put before the text.
    fn byte_order_mark(&mut self, source: SourceId, text: &str) -> usize {
        const MARK: char = '\u{feff}';
        if !text.starts_with(MARK) {
            return 0;
        }
        let end = MARK.len_utf8();
        self.diagnostics.push(
            Diagnostic::new(
                Severity::Warning,
                Span { source, start: 0, end },
                "this file begins with a byte order mark",
            )
            .label("left out here; keepalived does not know the first keyword with it")
            .help("save the file as UTF-8 without a byte order mark"),
        );
        end
    }

    /// A line as it stands in a file.
    fn written(&mut self, source: SourceId, start: usize, text: &str) {
        let place = Span { source, start, end: start + text.len() };
        if self.unfinished.is_some() {
            return self.continue_definition(&Line::written(text, place));
        }
        let ordinary = !text.bytes().any(|byte| matches!(byte, b'$' | b'@' | b'~'));
        if ordinary || !self.line(&Line::written(text, place), None, 0) {
            self.lex(Raw { source, start, text, protected: &[] });
        }
    }

    /// Takes a line with all its conditions, definitions and sequences; `false` if it has none, and is
    /// still to be lexed.
    fn line(&mut self, line: &Line, context: Option<ContextId>, depth: usize) -> bool {
        let length = self.length_without_comment(line);
        let line = line.part(0..length).trimmed();
        let text = line.text();
        if !self.spend(COST_OF_LINE + text.len() / 16, &line) || !self.shallow(depth, &line) {
            return true;
        }
        if let Some(condition) = text.strip_prefix('@') {
            return self.condition(&line, condition, context, depth);
        }
        if let Some(name) = definitions::defined_name(text) {
            let start = name.len() + 2;
            self.begin_definition(Definition::new(name), &line.part(start..text.len()), true);
            return true;
        }
        if let Some(head) = sequence::head(text) {
            self.sequence(&line, head, context, depth);
            return true;
        }
        if !text.contains('$') {
            return false;
        }
        self.substituted(&line, context, depth)
    }

    /// `@id` and `@^id`: the rest of the line, for some machines.
    fn condition(
        &mut self,
        line: &Line,
        condition: &str,
        context: Option<ContextId>,
        depth: usize,
    ) -> bool {
        let end = condition.find(char::is_whitespace).unwrap_or(condition.len());
        let (id, rest) = condition.split_at_checked(end).unwrap_or((condition, ""));
        let holds = match id.strip_prefix('^') {
            Some(id) => id != self.surroundings.config_id,
            None => id == self.surroundings.config_id,
        };
        let rest_start = line.text().len() - rest.trim_start().len();
        let rest = line.part(rest_start..line.text().len());
        if holds {
            self.whole(&rest, context, depth + 1);
        } else if let Some(name) = definitions::defined_name(rest.text()) {
            let value = rest.part(name.len() + 2..rest.text().len());
            self.begin_definition(Definition::new(name), &value, false);
        }
        true
    }

    /// Takes a line and lexes it if there is nothing to expand in it.
    fn whole(&mut self, line: &Line, context: Option<ContextId>, depth: usize) {
        if !self.line(line, context, depth) {
            self.lex_expanded(line, context);
        }
    }

    /// The rest of a line once for each turn of its sequence.
    fn sequence(
        &mut self,
        line: &Line,
        head: sequence::Head,
        context: Option<ContextId>,
        depth: usize,
    ) {
        let place = line.place(0..head.end);
        if !head.closed {
            return self.error(place, "the `)` of this sequence is missing");
        }
        let arguments = line.part(head.arguments.clone());
        let Some((arguments, _)) = self.expand(&arguments) else { return };
        let turns = match sequence::turns(head.kind, arguments.text()) {
            Ok(turns) => turns,
            Err(wrong) => {
                self.diagnostics.push(
                    Diagnostic::new(Severity::Error, place, wrong)
                        .help(format!("expected {}", head.kind.grammar())),
                );
                return;
            }
        };
        let rest = line.part(head.end..line.text().len());
        let mut before = Vec::new();
        for turn in turns {
            if !self.spend(COST_OF_TURN, line) {
                break;
            }
            let mut values = Vec::new();
            for (name, value) in turn {
                values.push(format!("{name} = {value}"));
                let mut definition = Definition::new(&name);
                let mut text = Line::default();
                text.push(&value, place, None);
                definition.push(text);
                before.push((name, self.definitions.replace(definition)));
            }
            let what = format!("for {}", values.join(", "));
            let context = self.sources.expanded().context(Context { outer: context, place, what });
            self.whole(&rest, Some(context), depth + 1);
            for (name, earlier) in before.drain(..) {
                self.definitions.restore(&name, earlier);
            }
        }
    }

    /// Lexes a line that differs from what is written in its file.
    fn lex_expanded(&mut self, line: &Line, context: Option<ContextId>) {
        if !self.spend(line.text().len() / 16, line) {
            return;
        }
        let start = self.sources.expanded().add(line, context);
        self.lex(Raw {
            source: SourceId::EXPANDED,
            start,
            text: line.text(),
            protected: line.protected(),
        });
    }

    fn lex(&mut self, line: Raw<'_>) {
        let first = self.lexed.tokens.len();
        self.lexed.line(line, self.diagnostics);
        if self.lexed.includes {
            self.include_files(first);
        }
        if let Some(outermost) = &mut self.outermost {
            outermost.take(&mut self.lexed.tokens, self.sources);
        }
    }

    /// How long a line is without its comment; one that begins with `//` is remembered.
    fn length_without_comment(&mut self, line: &Line) -> usize {
        let text = line.text();
        let mut quoted = false;
        let mut characters = text.char_indices();
        while let Some((at, c)) = characters.next() {
            match c {
                '\\' => {
                    characters.next();
                }
                '"' => quoted = !quoted,
                '!' | '#' if !quoted && !line.protected().contains(&at) => return at,
                '/' if !quoted
                    && text.get(at..).is_some_and(|rest| rest.starts_with("//"))
                    && begins_word(text, at) =>
                {
                    self.lexed.slash_comments.push(line.place(at..text.len()));
                    return at;
                }
                _ => {}
            }
        }
        text.len()
    }

    /// Takes from the budget; `false` once it is used up.
    fn spend(&mut self, cost: usize, line: &Line) -> bool {
        if self.budget == 0 {
            return false;
        }
        self.budget = self.budget.saturating_sub(cost);
        if self.budget == 0 {
            self.give_up(line, 0..line.text().len(), TOO_MUCH);
        }
        self.budget > 0
    }

    fn shallow(&mut self, depth: usize, line: &Line) -> bool {
        if depth > MAX_DEPTH {
            self.give_up(line, 0..line.text().len(), ENDLESS);
        }
        self.budget > 0
    }

    /// Says why, and expands nothing any more.
    fn give_up(&mut self, line: &Line, range: Range<usize>, why: &str) {
        self.budget = 0;
        self.error(line.place(range), why);
    }

    fn error(&mut self, place: Span, message: impl Into<String>) {
        self.diagnostics.push(Diagnostic::new(Severity::Error, place, message));
    }
}
