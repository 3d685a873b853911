//! What happens, as it happens: for people or as JSON lines.

use std::fmt::Display;
use std::time::Instant;

use serde_json::json;

/// Prints what happens with the time since the beginning.
#[derive(Debug)]
pub(crate) struct Timeline {
    begin: Instant,
    json: bool,
}

/// One line of the summary: what was measured, what had to come out, and whether it did.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) what: String,
    pub(crate) measured: String,
    pub(crate) required: String,
    pub(crate) good: bool,
}

impl Timeline {
    pub(crate) fn new(json: bool) -> Self {
        Self { begin: Instant::now(), json }
    }

    /// Something happened now.
    pub(crate) fn say(&self, who: &str, what: impl Display) {
        self.say_at(Instant::now(), who, what);
    }

    /// Something happened at that time.
    pub(crate) fn say_at(&self, when: Instant, who: &str, what: impl Display) {
        let seconds = when.saturating_duration_since(self.begin).as_secs_f64();
        if self.json {
            let seconds = (seconds * 1000.0).round() / 1000.0;
            println!("{}", json!({"at": seconds, "who": who, "what": what.to_string()}));
        } else {
            println!("{seconds:>7.3} s  {who:<8} {what}");
        }
    }

    /// A new part begins.
    pub(crate) fn heading(&self, title: &str) {
        if self.json {
            self.say("demo", title);
        } else {
            println!("\n── {title}");
        }
    }

    pub(crate) fn summary(&self, findings: &[Finding]) {
        if self.json {
            for Finding { what, measured, required, good } in findings {
                println!(
                    "{}",
                    json!({"check": what, "measured": measured, "required": required, "good": good})
                );
            }
            return;
        }
        let width = |text: fn(&Finding) -> &str| {
            findings.iter().map(|finding| text(finding).chars().count()).max().unwrap_or(0)
        };
        let (what, measured) = (width(|f| &f.what), width(|f| &f.measured));
        println!("\n── Summary, as the client and the kernels saw it");
        for finding in findings {
            println!(
                "{}  {:<what$}  {:<measured$}  {}",
                if finding.good { "ok    " } else { "FAILED" },
                finding.what,
                finding.measured,
                finding.required
            );
        }
    }
}
