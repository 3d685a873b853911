//! What instances and groups track.

use crate::check::Entries;
use crate::model::{Track, TrackFile, TrackProcess, TrackWeight, Tracking, VrrpScript};
use crate::nearest::nearest;
use crate::tree::{Statement, Word};
use crate::value::integer;

use super::{Context, address};

/// The objects that can be tracked by name.
pub(super) struct Trackable {
    scripts: Named,
    files: Named,
    processes: Named,
}

/// Those of one kind: their names and weights.
struct Named {
    /// The keyword that defines one.
    kind: &'static str,
    /// What such a block needs.
    needs: &'static str,
    weights: Vec<(String, TrackWeight)>,
    /// Names of blocks that could not be built, which is reported.
    broken: Vec<String>,
    /// The greatest weight.
    limit: i64,
}

impl Trackable {
    pub(super) fn new(
        root: &Entries<'_>,
        scripts: &[VrrpScript],
        files: &[TrackFile],
        processes: &[TrackProcess],
    ) -> Self {
        let named = |kind, needs, limit, weights: Vec<(String, TrackWeight)>| Named {
            kind,
            needs,
            weights,
            broken: root
                .all(kind)
                .filter_map(|entry| Some(entry.statement.arguments.first()?.text.to_owned()))
                .collect(),
            limit,
        };
        let scripts = scripts.iter().map(|it| (it.name.clone(), it.weight)).collect();
        let files = files.iter().map(|it| (it.name.clone(), it.weight)).collect();
        let processes = processes.iter().map(|it| (it.name.clone(), it.weight)).collect();
        Self {
            scripts: named("vrrp_script", "script", 253, scripts),
            files: named("track_file", "file", 254, files),
            processes: named("vrrp_track_process", "process", 254, processes),
        }
    }
}

/// The `track_…` blocks of an instance or a group.
pub(super) fn build(
    inside: &Entries<'_>,
    own_interface: Option<&str>,
    trackable: &Trackable,
    context: &mut Context<'_>,
) -> Tracking {
    let mut named = |keyword, named: &Named| {
        list(inside, keyword, context, |line, context| line_of(line, named, context))
    };
    let scripts = named("track_script", &trackable.scripts);
    let files = named("track_file", &trackable.files);
    let processes = named("track_process", &trackable.processes);
    let interfaces = list(inside, "track_interface", context, |line, context| {
        interface(line, own_interface, context)
    });
    Tracking { interfaces, scripts, files, processes }
}

fn list(
    inside: &Entries<'_>,
    keyword: &str,
    context: &mut Context<'_>,
    mut one: impl FnMut(&Statement<'_>, &mut Context<'_>) -> Option<Track>,
) -> Vec<Track> {
    let mut tracked: Vec<Track> = Vec::new();
    for line in inside.all(keyword).flat_map(|entry| entry.lines()) {
        let Some(track) = one(line, context) else { continue };
        if let Some(earlier) = tracked.iter().find(|earlier| earlier.name == track.name) {
            context
                .warning(track.span, format!("`{}` is tracked twice", track.name))
                .label("this one is ignored, as keepalived does")
                .related(earlier.span, "this one counts");
            continue;
        }
        tracked.push(track);
    }
    tracked
}

/// `IF [weight N [reverse|noreverse]]`.
fn interface(line: &Statement<'_>, own: Option<&str>, context: &mut Context<'_>) -> Option<Track> {
    let name = &line.keyword;
    if !address::expect_interface(name.text, name.span, context) {
        return None;
    }
    if own == Some(name.text) {
        context
            .warning(name.span, format!("`{}` is the instance's own interface", name.text))
            .label("ignored, as keepalived does: it is tracked anyway, without weight")
            .help("`dont_track_primary` turns that off");
        return None;
    }
    track(line, TrackWeight::default(), 253, "an interface", context)
}

/// `NAME [weight N [reverse|noreverse]]`.
fn line_of(line: &Statement<'_>, named: &Named, context: &mut Context<'_>) -> Option<Track> {
    let (name, kind) = (&line.keyword, named.kind);
    if let Some((_, weight)) = named.weights.iter().find(|(known, _)| *known == name.text) {
        return track(line, *weight, named.limit, "a name", context);
    }
    if named.broken.iter().any(|broken| broken == name.text) {
        return None;
    }
    let known: Vec<&str> = named.weights.iter().map(|(name, _)| name.as_str()).collect();
    let error = context
        .error(name.span, format!("there is no {kind} `{}`", name.text))
        .label("not defined");
    match nearest(name.text, known.iter().copied()) {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None if known.is_empty() => {
            error.help(format!("define it: `{kind} {} {{ {} … }}`", name.text, named.needs))
        }
        None => error.help(format!("defined are: {}", known.join(", "))),
    };
    None
}

fn track(
    line: &Statement<'_>,
    default: TrackWeight,
    limit: i64,
    what: &str,
    context: &mut Context<'_>,
) -> Option<Track> {
    let name = &line.keyword;
    let weight = match line.arguments.as_slice() {
        [] => default,
        [word, number, rest @ ..] if word.text == "weight" => {
            let written = integer(number.text).filter(|n| (-254..=254).contains(n));
            let Some(written) = written else {
                context
                    .error(number.span, format!("`weight` cannot be `{}`", number.text))
                    .label(format!("expected a number from -{limit} to {limit}"));
                return None;
            };
            let used = written.clamp(-limit, limit);
            if used != written {
                context
                    .warning(number.span, format!("a weight goes from -{limit} to {limit}"))
                    .label(format!("{used} is used, as keepalived does"));
            }
            let reverse = rest.first().is_some_and(|word| word.text == "reverse");
            warn_of_words(rest, context);
            TrackWeight::new(used, reverse).unwrap_or_default()
        }
        [word, ..] => {
            context
                .error(word.span, format!("unknown word `{}` after {what}", word.text))
                .label("expected `weight N [reverse|noreverse]`")
                .help("each one that is tracked stands on a line of its own");
            return None;
        }
    };
    Some(Track { name: name.text.to_owned(), weight, span: name.span.into() })
}

fn warn_of_words(rest: &[Word<'_>], context: &mut Context<'_>) {
    let known = rest.first().is_some_and(|w| matches!(w.text, "reverse" | "noreverse"));
    if let Some(extra) = rest.get(usize::from(known)) {
        context
            .warning(extra.span, format!("`{}` is too much here", extra.text))
            .label("ignored, as keepalived does");
    }
}

/// An owner's priority never changes.
pub(super) fn drop_weights(tracking: &mut Tracking, because: &str, context: &mut Context<'_>) {
    for track in tracking.iter_mut().filter(|track| track.weight.get() != 0) {
        context
            .warning(track.span, format!("{because}: a weight has no effect"))
            .label("weight 0 is used, as keepalived does: a failure means FAULT");
        track.weight = TrackWeight::default();
    }
}
