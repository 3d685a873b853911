//! A file and all it includes, as one stream of tokens.

use std::path::{Path, PathBuf};

use crate::files::Files;
use crate::lexer::{Kind, Token, lex};
use crate::{Diagnostic, Diagnostics, Severity, SourceId, Sources, Span};

/// Deeper than anybody includes on purpose: a file that includes itself ends here.
const MAX_DEPTH: usize = 16;
/// More files than any configuration has: stops a file that includes itself several times.
const MAX_FILES: usize = 4_096;

pub(crate) struct Reader<'r> {
    pub(crate) files: &'r dyn Files,
    pub(crate) sources: &'r mut Sources,
    pub(crate) diagnostics: &'r mut Diagnostics,
}

impl Reader<'_> {
    /// The tokens of a file already among the sources.
    pub(crate) fn tokens(&mut self, source: SourceId) -> Vec<Token> {
        self.expand(source, 0)
    }

    fn expand(&mut self, source: SourceId, depth: usize) -> Vec<Token> {
        let (name, text) = match self.sources.get(source) {
            Some(file) => (PathBuf::from(file.name()), file.text().to_owned()),
            None => return Vec::new(),
        };
        let folder = name.parent().unwrap_or(Path::new("")).to_owned();
        let mut out = Vec::new();
        let mut rest = lex(source, &text, self.diagnostics).into_iter().peekable();
        let mut line_start = true;
        while let Some(token) = rest.next() {
            let keyword = match &token.kind {
                Kind::Word(word) if line_start && word.starts_with("include") => {
                    Strictness::of(word)
                }
                _ => None,
            };
            line_start = !matches!(token.kind, Kind::Word(_));
            match (keyword, rest.peek().map(|next| (next.kind.clone(), next.span))) {
                (Some(strictness), Some((Kind::Word(pattern), span))) => {
                    rest.next();
                    out.extend(self.include(&folder.join(pattern), span, strictness, depth));
                }
                _ => out.push(token),
            }
        }
        // A last line without an end must not run into what follows an `include`.
        let end = Span { source, start: text.len(), end: text.len() };
        out.push(Token { kind: Kind::EndOfLine, span: end });
        out
    }

    fn include(
        &mut self,
        pattern: &Path,
        span: Span,
        strictness: Strictness,
        depth: usize,
    ) -> Vec<Token> {
        if depth == MAX_DEPTH || self.sources.iter().count() >= MAX_FILES {
            self.say(Severity::Error, span, "files include each other endlessly here".to_owned());
            return Vec::new();
        }
        let paths = match self.files.matching(pattern) {
            Ok(paths) => paths,
            Err(why) => {
                self.say(Severity::Error, span, format!("cannot include: {why}"));
                return Vec::new();
            }
        };
        if paths.is_empty() {
            let severity = match strictness {
                Strictness::MayMatchNothing => Severity::Warning,
                Strictness::MustMatch => Severity::Error,
            };
            self.say(severity, span, format!("no file matches {}", pattern.display()));
        }
        let mut tokens = Vec::new();
        for path in paths {
            match self.files.read(&path) {
                Ok(bytes) => {
                    let text = String::from_utf8_lossy(&bytes).into_owned();
                    let source = self.sources.add(path.to_string_lossy().into_owned(), text);
                    tokens.extend(self.expand(source, depth + 1));
                }
                Err(error) => {
                    self.say(
                        Severity::Error,
                        span,
                        format!("cannot read {}: {error}", path.display()),
                    );
                }
            }
        }
        tokens
    }

    fn say(&mut self, severity: Severity, span: Span, message: String) {
        self.diagnostics.push(Diagnostic::new(severity, span, message));
    }
}

#[derive(Clone, Copy)]
enum Strictness {
    MayMatchNothing,
    MustMatch,
}

impl Strictness {
    fn of(keyword: &str) -> Option<Self> {
        match keyword {
            "include" => Some(Self::MayMatchNothing),
            "includer" | "includem" | "includew" | "includeb" | "includea" => Some(Self::MustMatch),
            _ => None,
        }
    }
}
