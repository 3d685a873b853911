use std::path::Path;

use crate::lexer::is_include;
use crate::tokens::{Kind, Token};
use crate::{Diagnostic, Severity, Span};

use super::Reader;

/// Deeper than anybody includes on purpose: a file that includes itself ends here.
const MAX_DEPTH: usize = 16;
/// More files than any configuration has: stops a file that includes itself several times.
const MAX_FILES: usize = 4_096;
/// More than anybody lists in braces.
const MAX_ALTERNATIVES: usize = 1_024;

/// The one that insists on everything.
const STRICTEST: &str = "includea";

/// What `include` and its kin insist on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Strictness {
    /// A name without wildcards must be a file's.
    name: bool,
    /// A pattern must match at least one file.
    wildcard: bool,
    /// Each alternative in braces must.
    brace: bool,
}

impl Strictness {
    /// `includer` insists only on what it finds being readable, and so does `include` here.
    pub(crate) fn of(keyword: &str) -> Option<Self> {
        let (name, wildcard, brace) = match keyword {
            "include" | "includer" => (false, false, false),
            "includem" => (true, false, false),
            "includew" => (false, true, false),
            "includeb" => (false, false, true),
            "includea" => (true, true, true),
            _ => return None,
        };
        Some(Self { name, wildcard, brace })
    }

    fn allows_none(self, pattern: &str, alternatives: bool) -> bool {
        let required = if pattern.contains(['*', '?', '[']) { self.wildcard } else { self.name };
        !(required || (alternatives && self.brace))
    }
}

impl Reader<'_> {
    /// Puts files in the place of the `include` statements among the last tokens.
    pub(super) fn include_files(&mut self, first: usize) {
        let tokens = self.lexed.tokens.split_off(first, self.sources);
        let mut rest = tokens.into_iter().peekable();
        let mut begins_statement = true;
        while let Some(token) = rest.next() {
            let strictness = match &token.kind {
                Kind::Word(word) if begins_statement && is_include(word) => {
                    let insists = self.surroundings.includes_insist;
                    Strictness::of(if insists { STRICTEST } else { word })
                }
                _ => None,
            };
            begins_statement = !matches!(token.kind, Kind::Word(_));
            let pattern =
                rest.next_if(|next| strictness.is_some() && matches!(next.kind, Kind::Word(_)));
            match (strictness, pattern) {
                (Some(strictness), Some(Token { kind: Kind::Word(pattern), span })) => {
                    self.include(&pattern, span, strictness);
                }
                _ => self.lexed.tokens.push(token),
            }
        }
    }

    fn include(&mut self, pattern: &str, span: Span, strictness: Strictness) {
        if self.include_depth == MAX_DEPTH || self.sources.iter().count() >= MAX_FILES {
            self.error(span, "files include each other endlessly here");
            return;
        }
        let Some(patterns) = alternatives(pattern) else {
            self.error(span, "these braces stand for too many names");
            return;
        };
        let several = patterns.len() > 1;
        let unfinished = self.unfinished.take();
        self.include_depth += 1;
        for pattern in patterns {
            let path = self.folder.join(&pattern);
            let allows_none = strictness.allows_none(&pattern, several);
            self.include_matching(&path, span, allows_none);
        }
        self.include_depth -= 1;
        self.unfinished = unfinished;
    }

    fn include_matching(&mut self, path: &Path, span: Span, allows_none: bool) {
        let files = self.files;
        let paths = match files.matching(path) {
            Ok(paths) => paths,
            Err(why) => return self.error(span, format!("cannot include: {why}")),
        };
        if paths.is_empty() {
            let severity = if allows_none { Severity::Warning } else { Severity::Error };
            let message = format!("no file matches {}", path.display());
            self.diagnostics.push(Diagnostic::new(severity, span, message));
        }
        for path in paths {
            if let Err(error) = self.file_at(&path) {
                self.error(span, format!("cannot read {}: {error}", path.display()));
            }
        }
    }
}

/// `{a,b{c,d}}e` as `ae`, `bce`, `bde`, like csh; `None` if there are too many.
fn alternatives(pattern: &str) -> Option<Vec<String>> {
    let mut done = Vec::new();
    let mut left = vec![pattern.to_owned()];
    while let Some(pattern) = left.pop() {
        if done.len() + left.len() > MAX_ALTERNATIVES {
            return None;
        }
        match first_brace(&pattern) {
            Some((before, inside, after)) => {
                left.extend(inside.iter().rev().map(|word| format!("{before}{word}{after}")));
            }
            None => done.push(pattern),
        }
    }
    Some(done)
}

/// What stands before the first pair of braces, its alternatives, and what stands after it.
fn first_brace(pattern: &str) -> Option<(&str, Vec<&str>, &str)> {
    let open = pattern.find('{')?;
    let mut depth = 0_usize;
    let mut words = Vec::new();
    let mut start = open + 1;
    for (at, c) in pattern.char_indices().skip_while(|&(at, _)| at < open) {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => {
                words.push(pattern.get(start..at)?);
                return Some((pattern.get(..open)?, words, pattern.get(at + 1..)?));
            }
            '}' => depth -= 1,
            ',' if depth == 1 => {
                words.push(pattern.get(start..at)?);
                start = at + 1;
            }
            _ => {}
        }
    }
    None
}
