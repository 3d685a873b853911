//! Routing tables by their names (rt_tables of iproute2).

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::check::Entries;
use crate::files::Files;

use super::number;

/// The main table.
pub(super) const MAIN: u32 = 254;
/// RT_TABLE_MAIN, RT_TABLE_DEFAULT and RT_TABLE_LOCAL: names that need no file.
const KNOWN: [(&str, u32); 3] = [("main", MAIN), ("default", 253), ("local", 255)];

/// The names, read when the first is met that needs a file.
pub(in crate::build) struct Tables<'f> {
    files: &'f dyn Files,
    /// What a later one says counts.
    folders: [PathBuf; 2],
    names: Option<HashMap<String, u32>>,
}

impl<'f> Tables<'f> {
    pub(in crate::build) fn new(global: &Entries<'_>, files: &'f dyn Files) -> Self {
        let folder = |name| PathBuf::from(global.text(name).unwrap_or_default());
        let folders = [folder("iproute_usr_dir"), folder("iproute_etc_dir")];
        Self { files, folders, names: None }
    }

    /// The number of a table.
    pub(super) fn named(&mut self, name: &str) -> Option<u32> {
        let known = KNOWN.iter().find(|(known, _)| *known == name);
        known.map(|(_, number)| *number).or_else(|| self.names().get(name).copied())
    }

    /// Where names come from.
    pub(super) fn folders(&self) -> String {
        self.folders.each_ref().map(|folder| folder.to_string_lossy()).join(", ")
    }

    fn names(&mut self) -> &HashMap<String, u32> {
        let Self { files, folders, names } = self;
        names.get_or_insert_with(|| {
            folders.iter().flat_map(|folder| in_folder(folder, *files)).collect()
        })
    }
}

/// Those that cannot be read have no names: not every machine has them.
fn in_folder(folder: &Path, files: &dyn Files) -> Vec<(String, u32)> {
    let further = files.matching(&folder.join("rt_tables.d/*.conf")).unwrap_or_default();
    let all = std::iter::once(folder.join("rt_tables")).chain(further);
    let texts = all.filter_map(|path| files.text(&path).ok());
    texts.flat_map(|text| text.lines().filter_map(entry).collect::<Vec<_>>()).collect()
}

/// `NUMBER NAME`, and perhaps a comment.
fn entry(line: &str) -> Option<(String, u32)> {
    let mut words = line.split('#').next()?.split_whitespace();
    let table = number(words.next()?)?;
    Some((words.next()?.to_owned(), table))
}
