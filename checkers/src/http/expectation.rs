use bytes::Bytes;
use hyper::HeaderMap;
use serde_json::Value;
use tokio::time::Instant;

use super::{Md5Digest, PageFailure, Pattern};
use crate::excerpt::excerpt;

/// What a page should be, beside its status.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Expectation {
    Digest(Md5Digest),
    Match(Pattern),
    NoMatch(Pattern),
    Contains(Vec<u8>),
    Header { name: String, value: String },
    Json { pointer: String, value: String },
}

/// What came, as far as anybody expects something of it.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) headers: HeaderMap,
    /// Zeros if nobody wants it.
    pub(super) digest: Md5Digest,
    /// Empty if nobody wants it.
    pub(super) body: Bytes,
}

impl Expectation {
    /// Whether the whole body is needed, and not only its digest.
    pub(super) const fn needs_body(&self) -> bool {
        match self {
            Self::Digest(_) | Self::Header { .. } => false,
            Self::Match(_) | Self::NoMatch(_) | Self::Contains(_) | Self::Json { .. } => true,
        }
    }

    pub(super) const fn needs_digest(&self) -> bool {
        matches!(self, Self::Digest(_))
    }

    /// Whether the end of the body makes a difference.
    pub(super) const fn needs_end(&self) -> bool {
        !matches!(self, Self::Header { .. })
    }

    /// How a page falls short of it; to be found out by the deadline.
    pub(super) async fn failure(
        &self,
        path: &str,
        answer: &Answer,
        deadline: Instant,
    ) -> Option<PageFailure> {
        let path = || path.to_owned();
        match self {
            Self::Digest(expected) => (answer.digest != *expected).then(|| PageFailure::Digest {
                path: path(),
                expected: *expected,
                found: answer.digest,
            }),
            Self::Match(wanted) => {
                let (path, pattern) = (path(), wanted.to_string());
                match wanted.is_found_by(deadline, &answer.body).await {
                    Ok(true) => None,
                    Ok(false) => Some(PageFailure::NoMatch { path, pattern }),
                    Err(why) => Some(PageFailure::Undecided { path, pattern, why }),
                }
            }
            Self::NoMatch(unwanted) => {
                let (path, pattern) = (path(), unwanted.to_string());
                match unwanted.is_found_by(deadline, &answer.body).await {
                    Ok(false) => None,
                    Ok(true) => Some(PageFailure::Match { path, pattern }),
                    Err(why) => Some(PageFailure::Undecided { path, pattern, why }),
                }
            }
            Self::Contains(bytes) => {
                let found = bytes.is_empty()
                    || answer.body.windows(bytes.len()).any(|window| window == bytes.as_slice());
                let wanted = || bytes.escape_ascii().to_string();
                (!found).then(|| PageFailure::Missing { path: path(), wanted: wanted() })
            }
            Self::Header { name, value } => {
                let found: Vec<_> = answer.headers.get_all(name.as_str()).iter().collect();
                let right = found.iter().any(|found| found.as_bytes() == value.as_bytes());
                (!right).then(|| PageFailure::Header {
                    path: path(),
                    name: name.clone(),
                    expected: value.clone(),
                    found: found
                        .first()
                        .map(|found| excerpt(&String::from_utf8_lossy(found.as_bytes()))),
                })
            }
            Self::Json { pointer, value } => {
                let found = json(&answer.body, pointer);
                (found.as_ref() != Some(value)).then(|| PageFailure::Json {
                    path: path(),
                    pointer: pointer.clone(),
                    expected: value.clone(),
                    found: found.as_deref().map(excerpt),
                })
            }
        }
    }
}

/// What a JSON text has at a pointer, as text.
fn json(body: &[u8], pointer: &str) -> Option<String> {
    let document: Value = serde_json::from_slice(body).ok()?;
    Some(match document.pointer(pointer)? {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn failure(expectation: &Expectation, answer: &Answer) -> Option<PageFailure> {
        let failing = expectation.failure("/", answer, Instant::now());
        failing.now_or_never().unwrap()
    }

    fn met(expectation: &Expectation, body: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.append("x-role", "primary".parse().unwrap());
        headers.append("x-role", "voter".parse().unwrap());
        let answer = Answer { headers, digest: Md5Digest([0; 16]), body: body.to_owned().into() };
        failure(expectation, &answer).is_none()
    }

    fn json(pointer: &str, value: &str) -> Expectation {
        Expectation::Json { pointer: pointer.to_owned(), value: value.to_owned() }
    }

    #[test]
    fn json_is_compared_at_its_pointer_as_text() {
        let body = r#"{"status": "ok", "nodes": [{"up": true}], "lag": 0.5, "none": null}"#;
        for (pointer, value) in
            [("/status", "ok"), ("/nodes/0/up", "true"), ("/lag", "0.5"), ("/none", "null")]
        {
            assert!(met(&json(pointer, value), body), "{pointer}");
        }
        assert!(!met(&json("/status", "bad"), body));
        assert!(!met(&json("/absent", "ok"), body));
        assert!(!met(&json("/status", "ok"), "no JSON"));
    }

    #[test]
    fn json_that_is_wrong_is_shown_in_part_and_without_control_characters() {
        let body = format!(r#"{{"status": "\u001b{}"}}"#, "a".repeat(10_000));
        let answer =
            Answer { headers: HeaderMap::new(), digest: Md5Digest([0; 16]), body: body.into() };
        let failure = failure(&json("/status", "ok"), &answer).unwrap().to_string();
        assert!(failure.starts_with(r#"/: expected ok at "/status", got \u{1b}aaa"#), "{failure}");
        assert!(failure.len() < 300, "{failure}");
    }

    #[test]
    fn any_header_of_the_name_may_have_the_value() {
        let header = |name: &str, value: &str| Expectation::Header {
            name: name.to_owned(),
            value: value.to_owned(),
        };
        assert!(met(&header("X-Role", "voter"), ""));
        assert!(!met(&header("X-Role", "replica"), ""));
        assert!(!met(&header("X-Absent", ""), ""));
    }

    #[test]
    fn a_body_contains_what_is_anywhere_in_it() {
        assert!(met(&Expectation::Contains(b"lo w".to_vec()), "hello world"));
        assert!(!met(&Expectation::Contains(b"moon".to_vec()), "hello world"));
        assert!(met(&Expectation::Contains(Vec::new()), ""));
    }
}
