//! Servers that stop behaving at any byte of what they should say.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use steadfast_checkers::{Check, ConnectOptions, Outcome};
use tokio_rustls::TlsAcceptor;

use crate::allocation::most_held;
use crate::protocol::{PROTOCOLS, Protocol, reason};
use crate::server::{Manners, Then, start, tls};

/// The time that a check has of a server that never ends.
pub(crate) const IMPATIENT: Duration = Duration::from_millis(500);
/// The same of all others: so much that a slow machine fails no test.
pub(crate) const PATIENT: Duration = Duration::from_secs(20);
/// So much later a check has ended at the latest.
pub(crate) const GRACE: Duration = Duration::from_secs(10);
/// The most that a check may hold in memory, and a server of ours beside it: less than what any of them
/// is ready to read.
pub(crate) const MEMORY: usize = 512 * 1024;
/// So many attempts at once.
const AT_ONCE: usize = 100;

/// One attempt at such a server; it ends in its time.
pub(crate) async fn judged(protocol: &Protocol, manners: Manners, limit: Duration) -> Outcome {
    let connect = ConnectOptions::new(start(manners).await).timeout(limit);
    let begin = Instant::now();
    let outcome = (protocol.check)(connect).check().await;
    let took = begin.elapsed();
    assert!(took < limit + GRACE, "{}: took {took:?} ({outcome})", protocol.name);
    outcome
}

fn manners(protocol: &Protocol, tls: &TlsAcceptor, after: usize, then: Then) -> Manners {
    Manners {
        script: (protocol.script)(),
        after,
        then,
        tls: protocol.over_tls.then(|| tls.clone()),
        said: Arc::new(AtomicUsize::new(0)),
    }
}

/// The reasons for which servers fail that behave like that from some byte on.
async fn reasons(
    protocol: &Protocol,
    tls: &TlsAcceptor,
    then: Then,
    length: usize,
) -> BTreeSet<&'static str> {
    // A handshake has some hundreds of bytes.
    let step = if protocol.over_tls { 41 } else { 1 };
    let from: Vec<usize> = (0..length).step_by(step).collect();
    let mut reasons = BTreeSet::new();
    for part in from.chunks(AT_ONCE) {
        let limit = match then {
            Then::IsSilent | Then::Trickles => IMPATIENT,
            Then::Closes | Then::Resets | Then::Babbles => PATIENT,
        };
        let attempts =
            part.iter().map(|after| judged(protocol, manners(protocol, tls, *after, then), limit));
        let (outcomes, held) = most_held(join_all(attempts)).await;
        let bound = MEMORY * part.len();
        assert!(held < bound, "{} {then:?}: {held} bytes held", protocol.name);
        reasons.extend(outcomes.into_iter().map(reason));
    }
    reasons
}

#[tokio::test]
async fn whoever_stops_behaving_at_any_byte_fails_in_time_for_the_right_reason() {
    let tls = tls();
    let mut wrong = String::new();
    for protocol in &PROTOCOLS {
        let well = manners(protocol, &tls, usize::MAX, Then::Closes);
        let said = Arc::clone(&well.said);
        let outcome = judged(protocol, well, PATIENT).await;
        assert!(outcome.is_pass(), "{}: {outcome}", protocol.name);
        let length = said.load(Ordering::Relaxed) - protocol.afterthought;
        for then in [Then::Closes, Then::Resets, Then::IsSilent, Then::Trickles, Then::Babbles] {
            let row = format!("{:<9} {:<9} ", protocol.name, format!("{then:?}"));
            let allowed = TABLE.lines().find_map(|line| line.strip_prefix(&row)).unwrap();
            let allowed: BTreeSet<_> = allowed.split(", ").collect();
            let found = reasons(protocol, &tls, then, length).await;
            if !found.is_subset(&allowed) {
                wrong += &format!("{row}{found:?}, not only {allowed:?}\n");
            }
        }
    }
    assert_eq!(wrong, "", "\n{wrong}");
}

/// For what reasons alone whoever behaves like that may fail; where in the answer it begins decides.
///
/// Over HTTP/2, hyper does not always tell how a connection has ended before there is an answer.
const TABLE: &str = "\
HTTP/1.0  Closes    closed early, no response
HTTP/1.0  Resets    reset
HTTP/1.0  IsSilent  timed out
HTTP/1.0  Trickles  timed out
HTTP/1.0  Babbles   malformed, wrong page
HTTP/1.1  Closes    closed early, no response
HTTP/1.1  Resets    reset
HTTP/1.1  IsSilent  timed out
HTTP/1.1  Trickles  timed out
HTTP/1.1  Babbles   malformed, wrong page
chunked   Closes    closed early, no response
chunked   Resets    reset
chunked   IsSilent  timed out
chunked   Trickles  timed out
chunked   Babbles   malformed
HTTPS     Closes    closed early, no response
HTTPS     Resets    reset
HTTPS     IsSilent  no handshake, timed out
HTTPS     Trickles  no handshake, timed out
HTTPS     Babbles   bad TLS
HTTP/2    Closes    closed early, no response
HTTP/2    Resets    no response, reset
HTTP/2    IsSilent  timed out
HTTP/2    Trickles  timed out
HTTP/2    Babbles   malformed, no response, wrong page
gRPC      Closes    closed early, no response
gRPC      Resets    no response, reset
gRPC      IsSilent  timed out
gRPC      Trickles  timed out
gRPC      Babbles   malformed, no response, wrong answer
SMTP      Closes    closed early, no response
SMTP      Resets    reset
SMTP      IsSilent  timed out
SMTP      Trickles  timed out
SMTP      Babbles   wrong reply
dialogue  Closes    no response, wrong words
dialogue  Resets    reset
dialogue  IsSilent  timed out, wrong words
dialogue  Trickles  timed out, wrong words
dialogue  Babbles   wrong words
agent     Closes    malformed, no response
agent     Resets    reset
agent     IsSilent  timed out
agent     Trickles  timed out
agent     Babbles   malformed
";
