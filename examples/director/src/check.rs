//! `director check` and `--config-test`.

use std::io::{IsTerminal, stderr};
use std::path::Path;

use steadfast_conf::{Loaded, Model, Severity, Style, load};

/// Reads a configuration and prints what there is to say about it; the model is there when it can be
/// run.
pub(crate) fn read(file: &Path) -> Option<Model> {
    let loaded = load(file);
    let style = if stderr().is_terminal() { Style::Coloured } else { Style::Plain };
    eprint!("{}", loaded.render(style));
    loaded.model
}

/// Reads a configuration, prints what there is to say about it and a summary, and says whether it can
/// be run.
pub(crate) fn check(file: &Path) -> bool {
    let loaded = load(file);
    let style = if std::io::stdout().is_terminal() { Style::Coloured } else { Style::Plain };
    print!("{}", loaded.render(style));
    println!("{}: {}", file.display(), summary(&loaded));
    loaded.model.is_some()
}

fn summary(loaded: &Loaded) -> String {
    let count = |severity, one: &str| {
        let number = loaded.diagnostics.of(severity).count();
        let plural = if number == 1 { "" } else { "s" };
        (number > 0).then(|| format!("{number} {one}{plural}"))
    };
    let counts = [
        count(Severity::Error, "error"),
        count(Severity::Warning, "warning"),
        count(Severity::Note, "note"),
    ];
    let counts: Vec<_> = counts.into_iter().flatten().collect();
    let verdict = if loaded.model.is_some() { "can be run" } else { "cannot be run" };
    if counts.is_empty() { verdict.to_owned() } else { format!("{verdict}, {}", counts.join(", ")) }
}
