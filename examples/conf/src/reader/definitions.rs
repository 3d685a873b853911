use std::collections::HashMap;
use std::sync::Arc;

use super::Reader;
use super::line::Line;

/// `$NAME=VALUE`.
#[derive(Debug, Clone)]
pub(super) struct Definition {
    pub(super) name: String,
    /// Not yet expanded; none for an empty value.
    pub(super) lines: Vec<Line>,
}

impl Definition {
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), lines: Vec::new() }
    }

    /// A further line. Blank ones count for nothing.
    pub(super) fn push(&mut self, line: Line) {
        if !line.text().trim().is_empty() {
            self.lines.push(line);
        }
    }
}

/// Those that hold at the line being read.
#[derive(Debug, Default)]
pub(super) struct Definitions(HashMap<String, Arc<Definition>>);

impl Definitions {
    pub(super) fn get(&self, name: &str) -> Option<Arc<Definition>> {
        self.0.get(name).cloned()
    }

    /// Returns what held before.
    pub(super) fn replace(&mut self, definition: Definition) -> Option<Arc<Definition>> {
        self.0.insert(definition.name.clone(), Arc::new(definition))
    }

    /// Undoes [`Self::replace`].
    pub(super) fn restore(&mut self, name: &str, earlier: Option<Arc<Definition>>) {
        match earlier {
            Some(definition) => self.0.insert(name.to_owned(), definition),
            None => self.0.remove(name),
        };
    }
}

impl Reader<'_> {
    /// A definition begins; it goes on while lines end in a backslash.
    pub(super) fn begin_definition(&mut self, definition: Definition, value: &Line, holds: bool) {
        self.unfinished = Some((definition, holds));
        self.continue_definition(value);
    }

    pub(super) fn continue_definition(&mut self, line: &Line) {
        let length = self.length_without_comment(line);
        let line = line.part(0..length).trimmed();
        let Some((definition, _)) = &mut self.unfinished else { return };
        if let Some(content) = line.text().strip_suffix('\\') {
            definition.push(line.part(0..content.len()).trimmed());
        } else {
            // A blank line between two of a definition does not end it.
            let ends = !line.text().is_empty() || definition.lines.is_empty();
            definition.push(line);
            if ends {
                self.finish_definition();
            }
        }
    }

    pub(super) fn finish_definition(&mut self) {
        if let Some((definition, true)) = self.unfinished.take() {
            self.definitions.replace(definition);
        }
    }
}

/// The name of `$NAME=…`: nothing may stand before the equals sign.
pub(super) fn defined_name(text: &str) -> Option<&str> {
    let (name, _) = text.strip_prefix('$')?.split_once('=')?;
    is_name(name).then_some(name)
}

pub(super) fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
