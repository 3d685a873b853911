//! Files and processes that can be tracked.

use std::time::Duration;

use crate::check::{Entries, Entry};
use crate::model::{InitFile, ParameterMatch, Place, TrackFile, TrackProcess};
use crate::tree::Word;
use crate::value::integer;

use super::Context;

/// The `track_file` blocks, under either of their names.
pub(super) fn files(root: &Entries<'_>, context: &mut Context<'_>) -> Vec<TrackFile> {
    let mut files: Vec<TrackFile> = Vec::new();
    let is_file = |entry: &&Entry<'_>| ["track_file", "vrrp_track_file"].contains(&entry.row.name);
    for entry in root.iter().filter(is_file) {
        let known = files.iter().map(|file| (file.name.as_str(), file.span));
        let Some(name) = new_name(entry, known, context) else { continue };
        let inside = &entry.inside;
        let Some(path) = inside.text("file") else { continue };
        let path = path.trim_matches('"').to_owned();
        if !path.starts_with('/')
            && let Some(file) = inside.get("file")
        {
            context
                .warning(
                    file.span(),
                    format!("`{path}` is looked for where the program was started"),
                )
                .help("write its whole path, from `/` on");
        }
        files.push(TrackFile {
            name: name.text.to_owned(),
            path,
            weight: inside.weight("weight").unwrap_or_default(),
            init: inside.get("init_file").and_then(|entry| init_file(entry, context)),
            span: name.span.into(),
        });
    }
    files
}

fn new_name<'t>(
    entry: &Entry<'t>,
    mut known: impl Iterator<Item = (&'t str, Place)>,
    context: &mut Context<'_>,
) -> Option<&'t Word<'t>> {
    let name = entry.statement.arguments.first()?;
    if let Some((_, earlier)) = known.find(|(other, _)| *other == name.text) {
        let kind = &entry.statement.keyword.text;
        context
            .error(name.span, format!("there is another {kind} `{}`", name.text))
            .related(earlier, "the other one");
        return None;
    }
    Some(name)
}

/// `[VALUE] [overwrite]`.
fn init_file(entry: &Entry<'_>, context: &mut Context<'_>) -> Option<InitFile> {
    let mut init = InitFile::default();
    for word in &entry.statement.arguments {
        let number = integer(word.text).filter(|number| (-254..=254).contains(number));
        match (word.text, number.and_then(|number| i16::try_from(number).ok())) {
            ("overwrite", _) => init.overwrite = true,
            (_, Some(value)) => init.value = value,
            (text, None) => {
                context
                    .error(word.span, format!("`init_file` cannot be `{text}`"))
                    .label("expected a number from -254 to 254, or `overwrite`");
                return None;
            }
        }
    }
    Some(init)
}

/// The `vrrp_track_process` blocks.
pub(super) fn processes(root: &Entries<'_>, context: &mut Context<'_>) -> Vec<TrackProcess> {
    let mut processes: Vec<TrackProcess> = Vec::new();
    for entry in root.all("vrrp_track_process") {
        let known = processes.iter().map(|process| (process.name.as_str(), process.span));
        let Some(name) = new_name(entry, known, context) else { continue };
        let inside = &entry.inside;
        let Some(script) = inside.script("process") else { continue };
        let has_parameters = script.argv.len() > 1;
        let both = inside.seconds("delay");
        let delay = |own| inside.seconds(own).or(both).unwrap_or(Duration::ZERO);
        let quorum = inside.integer("quorum").unwrap_or_default();
        let quorum_max = inside.integer("quorum_max");
        if let (Some(most), Some(entry)) = (quorum_max, inside.get("quorum_max"))
            && most != 0
            && most < quorum
        {
            context
                .error(entry.span(), format!("{most} processes at most are never {quorum}"))
                .help("give a `quorum_max` of at least the `quorum`, or of 0 for none at all");
        }
        processes.push(TrackProcess {
            name: name.text.to_owned(),
            command: script.argv,
            parameters: match inside.get("param_match") {
                Some(entry) => parameters(entry, context),
                None => has_parameters.then_some(ParameterMatch::Exact),
            },
            full_command: inside.has("full_command"),
            weight: inside.weight("weight").unwrap_or_default(),
            quorum,
            quorum_max,
            fork_delay: delay("fork_delay"),
            terminate_delay: delay("terminate_delay"),
            span: name.span.into(),
        });
    }
    processes
}

fn parameters(entry: &Entry<'_>, context: &mut Context<'_>) -> Option<ParameterMatch> {
    let Some(word) = entry.statement.arguments.first() else {
        return Some(ParameterMatch::Exact);
    };
    match word.text {
        "initial" => Some(ParameterMatch::Initial),
        "partial" => Some(ParameterMatch::Partial),
        text => {
            context
                .error(word.span, format!("`param_match` cannot be `{text}`"))
                .label("expected `initial`, `partial` or nothing");
            None
        }
    }
}
