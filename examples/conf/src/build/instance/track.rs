use crate::Severity;
use crate::model::{Priority, TrackScript, TrackWeight};
use crate::nearest::nearest;
use crate::tree::{Statement, Word};
use crate::value::integer;

use super::super::Context;
use super::Reader;

impl Reader<'_, '_> {
    pub(super) fn track_scripts(
        &self,
        priority: Option<Priority>,
        context: &mut Context<'_>,
    ) -> Vec<TrackScript> {
        let mut tracked: Vec<TrackScript> = Vec::new();
        for line in self.inside().all("track_script").flat_map(|entry| entry.lines()) {
            let Some(track) = self.track_script(line, context) else { continue };
            if let Some(earlier) = tracked.iter().find(|earlier| earlier.script == track.script) {
                context
                    .warning(track.span, format!("`{}` is tracked twice", track.script))
                    .label("this one is ignored, as keepalived does")
                    .related(earlier.span, "this one counts");
                continue;
            }
            tracked.push(track);
        }
        if priority == Some(Priority::OWNER) {
            for track in tracked.iter_mut().filter(|track| track.weight.get() != 0) {
                context
                    .warning(track.span, "priority 255 never changes: a weight has no effect")
                    .label("weight 0 is used, as keepalived does: a failure means FAULT");
                track.weight = TrackWeight::default();
            }
        }
        tracked
    }

    /// `NAME [weight N [reverse|noreverse]]`.
    fn track_script(&self, line: &Statement, context: &mut Context<'_>) -> Option<TrackScript> {
        let name = &line.keyword;
        if !self.script_names.contains(&name.text.as_str()) {
            let error = context
                .error(name.span, format!("there is no vrrp_script `{}`", name.text))
                .label("not defined");
            match nearest(&name.text, self.script_names.iter().copied()) {
                Some(near) => error.help(format!("did you mean `{near}`?")),
                None if self.script_names.is_empty() => {
                    error.help(format!("define it: `vrrp_script {} {{ script … }}`", name.text))
                }
                None => error.help(format!("defined are: {}", self.script_names.join(", "))),
            };
            return None;
        }
        let script = self.scripts.iter().find(|script| script.name == name.text)?;
        let weight = match line.arguments.as_slice() {
            [] => script.weight,
            [weight, number, rest @ ..] if weight.text == "weight" => {
                let reverse = rest.first().is_some_and(|word| word.text == "reverse");
                let written = integer(&number.text).filter(|n| (-254..=254).contains(n));
                let Some(written) = written else {
                    context
                        .error(number.span, format!("`weight` cannot be `{}`", number.text))
                        .label("expected a number from -253 to 253");
                    return None;
                };
                if written.abs() == 254 {
                    context
                        .warning(number.span, "a weight goes from -253 to 253")
                        .label(format!("{} is used, as keepalived does", written.clamp(-253, 253)));
                }
                self.warn_of_words(rest, context);
                TrackWeight::new(written.clamp(-253, 253), reverse).unwrap_or_default()
            }
            [word, ..] => {
                context
                    .error(word.span, format!("unknown word `{}` after a script", word.text))
                    .label("expected `weight N [reverse|noreverse]`")
                    .help("each script stands on a line of its own");
                return None;
            }
        };
        Some(TrackScript { script: name.text.clone(), weight, span: name.span })
    }

    fn warn_of_words(&self, rest: &[Word], context: &mut Context<'_>) {
        let known =
            rest.first().is_some_and(|w| matches!(w.text.as_str(), "reverse" | "noreverse"));
        if let Some(extra) = rest.get(usize::from(known)) {
            context
                .say(Severity::Warning, extra.span, format!("`{}` is too much here", extra.text))
                .label("ignored, as keepalived does");
        }
    }
}
