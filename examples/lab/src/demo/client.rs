//! The client: a request every so often, whatever became of the ones before.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use steadfast_lab::{Host, LabError, wait_until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::scene::VIRTUAL_ADDRESS;

/// A request starts this often.
const EVERY: Duration = Duration::from_millis(50);
/// A request that has not been answered by then is lost. A lost SYN is sent again after a second.
const PATIENCE: Duration = Duration::from_millis(2500);
/// No load goes on for ever.
const MOST_REQUESTS: usize = 6000;
/// More than a server's answer has.
const LONGEST_ANSWER: u64 = 4096;

/// One request and what became of it.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) begin: Instant,
    pub(crate) end: Instant,
    /// The server that answered, or why there was no answer.
    pub(crate) answer: Result<String, String>,
    /// The first connection was reset and, as HTTP clients do with a GET, it was asked once more.
    pub(crate) asked_again: bool,
}

/// What became of the requests that began in some span of time.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) answered: usize,
    pub(crate) lost: usize,
    pub(crate) asked_again: usize,
    /// The longest time from one answer to the next.
    pub(crate) longest_silence: Duration,
    /// Why some were lost.
    pub(crate) reasons: BTreeSet<String>,
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { answered, lost, asked_again, longest_silence, reasons } = self;
        write!(f, "{answered} answered, {lost} lost")?;
        if *asked_again > 0 {
            write!(f, ", {asked_again} asked again after a reset")?;
        }
        write!(f, ", longest silence {} ms", longest_silence.as_millis())?;
        for reason in reasons {
            write!(f, " ({reason})")?;
        }
        Ok(())
    }
}

#[derive(Debug, Default)]
struct Log {
    under_way: BTreeSet<Instant>,
    ended: Vec<Request>,
}

/// A steady stream of requests to the virtual address.
#[derive(Debug)]
pub(crate) struct Client {
    log: Arc<Mutex<Log>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Client {
    pub(crate) fn start(host: &Host) -> Result<Self, LabError> {
        let log = Arc::new(Mutex::new(Log::default()));
        let stop = Arc::new(AtomicBool::new(false));
        let (shared, ended) = (Arc::clone(&log), Arc::clone(&stop));
        let thread = host.enter(move || {
            // A thread is born in the network namespace of the one that makes it.
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                match runtime {
                    Ok(runtime) => runtime.block_on(stream(&shared, &ended)),
                    Err(error) => eprintln!("the client cannot run: {error}"),
                }
            })
        })?;
        Ok(Self { log, stop, thread: Some(thread) })
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until every request that began in this span has ended, and says what became of them.
    pub(crate) fn tally(&self, span: Range<Instant>) -> Result<Tally, LabError> {
        wait_until(PATIENCE * 2, "all requests have been answered or given up", || {
            self.log().under_way.range(span.clone()).next().is_none()
        })?;
        Ok(Tally::of(&self.log().ended, span))
    }

    /// How many requests that began since then were answered by this server.
    pub(crate) fn answers_since(&self, begin: Instant, server: &str) -> usize {
        let by_server =
            |r: &&Request| r.begin >= begin && r.answer.as_deref().is_ok_and(|name| name == server);
        self.log().ended.iter().filter(by_server).count()
    }

    /// When the first answer to a request that began since then came; of this server, or of any.
    pub(crate) fn first_answer(&self, since: Instant, server: Option<&str>) -> Option<Instant> {
        let log = self.log();
        let wanted = |r: &&Request| {
            r.begin >= since
                && r.answer.as_deref().is_ok_and(|name| server.is_none_or(|server| server == name))
        };
        log.ended.iter().filter(wanted).map(|request| request.end).min()
    }
}

impl Tally {
    fn of(requests: &[Request], span: Range<Instant>) -> Self {
        let mut requests: Vec<_> = requests.iter().filter(|r| span.contains(&r.begin)).collect();
        requests.sort_by_key(|request| request.end);
        let mut tally = Self::default();
        let mut last_answer = span.start;
        for request in requests {
            tally.asked_again += usize::from(request.asked_again);
            match &request.answer {
                Ok(_server) => {
                    tally.answered += 1;
                    let silence = request.end.saturating_duration_since(last_answer);
                    tally.longest_silence = tally.longest_silence.max(silence);
                    last_answer = request.end;
                }
                Err(reason) => {
                    tally.lost += 1;
                    tally.reasons.insert(reason.clone());
                }
            }
        }
        tally
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            eprintln!("the client panicked");
        }
    }
}

async fn stream(log: &Arc<Mutex<Log>>, ended: &AtomicBool) {
    let mut ticks = tokio::time::interval(EVERY);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..MOST_REQUESTS {
        ticks.tick().await;
        if ended.load(Ordering::Relaxed) {
            break;
        }
        let begin = Instant::now();
        log.lock().unwrap_or_else(PoisonError::into_inner).under_way.insert(begin);
        let log = Arc::clone(log);
        tasks.spawn(async move {
            let request = request(begin).await;
            let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
            log.under_way.remove(&begin);
            log.ended.push(request);
        });
        while tasks.try_join_next().is_some() {}
    }
}

async fn request(begin: Instant) -> Request {
    let mut asked_again = false;
    let asking = async {
        let first = ask().await;
        match first {
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => {
                asked_again = true;
                ask().await
            }
            other => other,
        }
    };
    let answer = match tokio::time::timeout(PATIENCE, asking).await {
        Ok(Ok(server)) => Ok(server),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer within {PATIENCE:?}")),
    };
    Request { begin, end: Instant::now(), answer, asked_again }
}

/// One plain request on a connection of its own; the page is the server's name.
async fn ask() -> std::io::Result<String> {
    let mut stream = TcpStream::connect((VIRTUAL_ADDRESS, 80)).await?;
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").await?;
    let mut text = String::new();
    stream.take(LONGEST_ANSWER).read_to_string(&mut text).await?;
    let page = text.split_once("\r\n\r\n").map(|(_head, page)| page.trim().to_owned());
    page.filter(|name| !name.is_empty()).ok_or_else(|| {
        std::io::Error::new(std::io::ErrorKind::InvalidData, "no page in the answer")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(begin: Instant, took: u64, answer: Result<&str, &str>) -> Request {
        Request {
            begin,
            end: begin + Duration::from_millis(took),
            answer: answer.map(str::to_owned).map_err(str::to_owned),
            asked_again: false,
        }
    }

    #[test]
    fn the_longest_silence_lies_between_answers_whatever_was_lost_in_it() {
        let begin = Instant::now();
        let at = |ms| begin + Duration::from_millis(ms);
        let requests = [
            request(at(10), 5, Ok("web1")),
            request(at(60), 100, Err("refused")),
            request(at(500), 5, Ok("web2")),
        ];
        let tally = Tally::of(&requests, begin..at(1000));
        assert_eq!((tally.answered, tally.lost), (2, 1));
        assert_eq!(tally.longest_silence, Duration::from_millis(490));
    }

    #[test]
    fn a_request_that_began_before_the_span_does_not_count() {
        let begin = Instant::now();
        let requests = [request(begin, 50, Ok("web1"))];
        let later = begin + Duration::from_millis(10);
        let tally = Tally::of(&requests, later..later + Duration::from_secs(1));
        assert_eq!(tally.answered, 0);
    }
}
