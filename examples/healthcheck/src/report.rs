use std::time::{Duration, SystemTime};

use serde_json::{Map, Value, json};
use steadfast_checkers::tls::TlsReport;
use steadfast_checkers::{DynamicWeight, Outcome, Report};

/// For people or for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Text,
    Json,
}

impl Format {
    /// What came of a check, on a line.
    pub(crate) fn outcome(self, target: &str, outcome: &Outcome) -> String {
        match self {
            Self::Text => text(target, outcome),
            Self::Json => Value::Object(members(target, outcome)).to_string(),
        }
    }
}

fn text(target: &str, outcome: &Outcome) -> String {
    match outcome {
        Outcome::Pass(report) => format!("pass  {target}  {}", latency(report)),
        Outcome::Fail(failure) => format!("fail  {target}  {failure}"),
        Outcome::Inconclusive(error) => format!("?     {target}  {error}"),
    }
}

/// How long what took, and what else was found.
pub(crate) fn latency(report: &Report) -> String {
    let mut parts = Vec::new();
    let mut took = |what: &str, time: Option<Duration>| {
        parts.extend(time.map(|time| format!("{what} {:.1} ms", milliseconds(time))));
    };
    took("connect", report.connect);
    took("tls", report.tls.as_ref().map(|tls| tls.handshake));
    took("first byte", report.first_byte);
    took("total", Some(report.total));
    parts.extend(report.weight.map(|weight| match weight {
        DynamicWeight::Absolute(weight) => format!("weight {weight}"),
        DynamicWeight::Percent(percent) => format!("weight {percent}%"),
        DynamicWeight::Relative(difference) => format!("weight {difference:+}"),
    }));
    parts.extend(report.tls.as_deref().and_then(negotiated));
    parts.join(", ")
}

fn negotiated(tls: &TlsReport) -> Option<String> {
    let days = match tls.expires?.duration_since(SystemTime::now()) {
        Ok(left) => format!("certificate for {} more days", left.as_secs() / 86_400),
        Err(_) => "certificate expired".to_owned(),
    };
    Some(format!("{}, {days}", tls.version?))
}

/// To a thousandth.
fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

/// As the members of an object.
pub(crate) fn members(target: &str, outcome: &Outcome) -> Map<String, Value> {
    let mut members = Map::new();
    members.insert("target".to_owned(), target.into());
    let verdict = match outcome {
        Outcome::Pass(_) => "pass",
        Outcome::Fail(_) => "fail",
        Outcome::Inconclusive(_) => "inconclusive",
    };
    members.insert("verdict".to_owned(), verdict.into());
    let Outcome::Pass(report) = outcome else {
        members.insert("reason".to_owned(), outcome.to_string().into());
        return members;
    };
    let mut took = |what: &str, time: Option<Duration>| {
        members.extend(time.map(|time| (what.to_owned(), milliseconds(time).into())));
    };
    took("connect_ms", report.connect);
    took("tls_ms", report.tls.as_ref().map(|tls| tls.handshake));
    took("first_byte_ms", report.first_byte);
    took("total_ms", Some(report.total));
    if let Some(weight) = report.weight {
        let weight = match weight {
            DynamicWeight::Absolute(weight) => json!({ "absolute": weight }),
            DynamicWeight::Percent(percent) => json!({ "percent": percent }),
            DynamicWeight::Relative(difference) => json!({ "relative": difference }),
        };
        members.insert("weight".to_owned(), weight);
    }
    if let Some(tls) = &report.tls {
        let seconds = |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).ok();
        let tls = json!({
            "version": tls.version.map(|version| version.to_string()),
            "cipher_suite": tls.cipher_suite,
            "expires": tls.expires.and_then(seconds).map(|time| time.as_secs()),
            "fingerprint": tls.certificate.map(|fingerprint| fingerprint.to_string()),
        });
        members.insert("tls".to_owned(), tls);
    }
    members
}

#[cfg(test)]
mod tests {
    use steadfast_checkers::Failure;

    use super::*;

    #[test]
    fn a_failure_says_its_reason_in_both_formats() {
        let outcome = Outcome::Fail(Failure::Refused(([192, 0, 2, 1], 80).into()));
        let line = Format::Text.outcome("web1", &outcome);
        assert_eq!(line, "fail  web1  192.0.2.1:80: connection refused");
        let line = Format::Json.outcome("web1", &outcome);
        let expected =
            r#"{"reason":"192.0.2.1:80: connection refused","target":"web1","verdict":"fail"}"#;
        assert_eq!(line, expected);
    }

    #[test]
    fn a_pass_says_how_long_what_took() {
        let outcome = Outcome::Pass(Report::default());
        assert_eq!(Format::Text.outcome("web1", &outcome), "pass  web1  total 0.0 ms");
        let expected = r#"{"target":"web1","total_ms":0.0,"verdict":"pass"}"#;
        assert_eq!(Format::Json.outcome("web1", &outcome), expected);
    }
}
