//! What happens in the demo, act by act, and what must come out.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use steadfast_lab::{LabError, Process, wait_until};

use super::client::{Client, Tally};
use super::scene::{
    CLIENT, DIRECTORS, Forwarding, SERVERS, Scene, VIRTUAL_ADDRESS, server_address,
};
use super::timeline::{Finding, Timeline};
use super::watch::{Sight, Watch};

const ADVERTISEMENT_INTERVAL: Duration = Duration::from_secs(1);
/// VRRPv2, one second, priorities 100 and 99: RFC 3768 6.1.
const MASTER_DOWN_INTERVAL: Duration = Duration::from_millis(3613);
const SKEW_TIME: Duration = Duration::from_millis(613);
/// What a shared machine may add to an interval before it counts as a fault: what takes over too
/// late for a reason does so by a whole interval.
const TOLERANCE: Duration = ADVERTISEMENT_INTERVAL;
/// One check a second, one retry after a second, each answered at once.
const NOTICED_WITHIN: Duration = Duration::from_millis(3000);
/// As many answers are counted by server; with weights 3, 2 and 1 it comes out even.
const ENOUGH_ANSWERS: usize = 72;
const PATIENCE: Duration = Duration::from_secs(15);
/// How far a server's share of the answers may be off, of all answers.
const SHARE_TOLERANCE: f64 = 0.05;

/// The director with priority 100, and the one with 99.
const FIRST: &str = DIRECTORS[0];
const SECOND: &str = DIRECTORS[1];

/// Lines of a director's log that say why something happened.
const REASONS: [&str; 2] = [" STATE: ", "Check of "];
/// What a director says when its first interval begins. What it takes to load a program, seconds on
/// User-Mode Linux, says nothing about the director.
const LISTENING: &str = "Entering BACKUP STATE: startup";
/// What stands before what a director says.
const LEVEL: &str = " INFO ";

struct Play {
    forwarding: Forwarding,
    timeline: Arc<Timeline>,
    scene: Scene,
    client: Client,
    watch: Watch,
    findings: Vec<Finding>,
    /// How much of each director's log has been shown.
    shown: BTreeMap<&'static str, usize>,
}

type Act = fn(&mut Play) -> Result<(), LabError>;

/// Plays the demo to its end, or to the first thing that did not happen.
pub(crate) fn play(
    forwarding: Forwarding,
    director: PathBuf,
    json: bool,
) -> Result<ExitCode, LabError> {
    let timeline = Arc::new(Timeline::new(json));
    timeline.heading(&format!("The network ({forwarding}): a client, 2 directors, 3 web servers"));
    let scene = Scene::new(forwarding, director)?;
    let mut watch = Watch::new(Arc::clone(&timeline));
    for name in DIRECTORS {
        watch.director(scene.network.host(name)?)?;
    }
    watch.client(scene.network.host(CLIENT)?)?;
    let client = Client::start(scene.network.host(CLIENT)?)?;
    let mut play = Play {
        forwarding,
        timeline,
        scene,
        client,
        watch,
        findings: Vec::new(),
        shown: BTreeMap::new(),
    };
    let ended = play.acts();
    if let Err(error) = &ended {
        play.find("the demo reaches its end", error.to_string(), "no error".to_owned(), false);
        for name in DIRECTORS {
            eprintln!("---- {name} said ----\n{}", play.scene.director_log(name)?);
        }
    }
    play.timeline.summary(&play.findings);
    let good = play.findings.iter().all(|finding| finding.good);
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Play {
    fn acts(&mut self) -> Result<(), LabError> {
        let acts: [Act; 9] = [
            Self::election,
            Self::distribution,
            Self::server_stops,
            Self::server_is_sick,
            Self::director_is_killed,
            |play| play.director_returns("6. The first director is started again"),
            Self::director_loses_power,
            |play| play.director_returns("8. The first director has power again"),
            Self::director_is_stopped,
        ];
        for act in acts {
            act(self)?;
            self.directors_say_why()?;
        }
        Ok(())
    }

    /// What the directors give as their reasons; nothing that is measured comes from there.
    fn directors_say_why(&mut self) -> Result<(), LabError> {
        for name in DIRECTORS {
            let log = self.scene.director_log(name)?;
            let shown = self.shown.insert(name, log.len()).unwrap_or(0);
            let lines = log.get(shown..).unwrap_or_default().lines();
            let reasons = lines.filter(|line| REASONS.iter().any(|word| line.contains(word)));
            let mut said: Vec<_> = reasons
                .map(|line| line.split_once(LEVEL).map_or(line, |(_time, said)| said))
                .collect();
            said.dedup();
            for line in said {
                self.timeline.say(name, format!("says: {line}"));
            }
        }
        Ok(())
    }

    fn find(&mut self, what: &str, measured: String, required: String, good: bool) {
        self.findings.push(Finding { what: what.to_owned(), measured, required, good });
    }

    /// A duration that must not be longer than that.
    fn find_within(&mut self, what: &str, took: Duration, limit: Duration) {
        self.find(what, seconds(took), format!("within {}", seconds(limit)), took <= limit);
    }

    fn find_no_loss(&mut self, what: &str, since: Instant) -> Result<(), LabError> {
        self.find_loss_of(0, "none lost", what, since)
    }

    /// The connection that is open when the address moves is not known to the other director; one
    /// whose server is removed leads nowhere (net/netfilter/ipvs/ip_vs_core.c, ip_vs_in_hook).
    fn find_only_loss_of_what_was_under_way(
        &mut self,
        what: &str,
        since: Instant,
    ) -> Result<(), LabError> {
        self.find_loss_of(1, "none lost but one under way", what, since)
    }

    fn find_loss_of(
        &mut self,
        most: usize,
        required: &str,
        what: &str,
        since: Instant,
    ) -> Result<(), LabError> {
        let tally = self.tally(since)?;
        let good = tally.lost <= most && tally.answered > 0;
        self.find(what, tally.to_string(), required.to_owned(), good);
        Ok(())
    }

    /// What became of the requests from then until now.
    fn tally(&self, since: Instant) -> Result<Tally, LabError> {
        let tally = self.client.tally(since..Instant::now())?;
        self.timeline.say(CLIENT, &tally);
        Ok(tally)
    }

    fn wait_answer(&self, since: Instant, server: Option<&str>) -> Result<Instant, LabError> {
        let what = format!("the client gets an answer of {}", server.unwrap_or("any server"));
        let mut first = None;
        wait_until(PATIENCE, what.clone(), || {
            first = self.client.first_answer(since, server);
            first.is_some()
        })?;
        first.ok_or(LabError::TimedOut { what, limit: PATIENCE })
    }

    fn election(&mut self) -> Result<(), LabError> {
        self.timeline.heading("1. Election: both directors start");
        let begin = Instant::now();
        for name in DIRECTORS {
            self.scene.start_director(name)?;
            self.timeline.say(name, "started");
        }
        let listening = self.wait_listening(FIRST)?;
        for (_, last, _) in SERVERS {
            self.wait_destination(begin, FIRST, last, true)?;
        }
        let elected = self.wait_address(begin, FIRST)?;
        let limit = MASTER_DOWN_INTERVAL + TOLERANCE;
        self.find_within("election", elected - listening, limit);
        let first = self.wait_answer(begin, None)?;
        self.timeline.say_at(first, CLIENT, "first answer from the virtual address");
        self.find_within("first answer", first - listening, limit + TOLERANCE);
        // Timers 4 ms apart may fire together; one advertisement settles it (RFC 9568 6.4.3).
        let settled = wait_until(ADVERTISEMENT_INTERVAL + TOLERANCE, "one yields", || {
            self.watch.has_address(FIRST) && !self.watch.has_address(SECOND)
        });
        self.find(
            "one director has the address",
            if settled.is_ok() { FIRST.to_owned() } else { "both".to_owned() },
            "the one with priority 100".to_owned(),
            settled.is_ok(),
        );
        Ok(())
    }

    /// Since when a director that was started in this act listens for others.
    fn wait_listening(&self, name: &str) -> Result<Instant, LabError> {
        let earlier = self.shown.get(name).copied().unwrap_or(0);
        wait_until(PATIENCE, format!("{name} listens"), || {
            let log = self.scene.director_log(name).unwrap_or_default();
            log.get(earlier..).is_some_and(|said| said.contains(LISTENING))
        })?;
        self.timeline.say(name, "listens");
        Ok(Instant::now())
    }

    fn distribution(&mut self) -> Result<(), LabError> {
        self.timeline.heading("2. A steady stream of requests, spread by weight");
        let begin = Instant::now();
        wait_until(PATIENCE, "enough requests have been answered", || {
            self.answers_by_server(begin).into_iter().sum::<usize>() >= ENOUGH_ANSWERS
        })?;
        let counts = self.answers_by_server(begin);
        let answers: usize = counts.iter().sum();
        let weights: u32 = SERVERS.iter().map(|(.., weight)| weight).sum();
        for ((name, _, weight), count) in SERVERS.into_iter().zip(counts) {
            let share = count as f64 / answers.max(1) as f64;
            let wanted = f64::from(weight) / f64::from(weights);
            let measured = format!("{count} of {answers} ({:.0} %)", share * 100.0);
            self.timeline.say(CLIENT, format!("{name}, weight {weight}: {measured}"));
            let required = format!("{:.0} % by weight", wanted * 100.0);
            let good = (share - wanted).abs() <= SHARE_TOLERANCE;
            self.find(&format!("answers of {name}"), measured, required, good);
        }
        self.find_no_loss("requests while nothing happens", begin)?;
        Ok(())
    }

    fn answers_by_server(&self, since: Instant) -> [usize; SERVERS.len()] {
        SERVERS.map(|(name, ..)| self.client.answers_since(since, name))
    }

    fn server_stops(&mut self) -> Result<(), LabError> {
        let (name, last, _) = SERVERS[0];
        self.timeline.heading("3. A server stops, and comes back");
        let begin = Instant::now();
        self.scene.take(name)?.terminate(PATIENCE)?;
        self.timeline.say(name, "nginx stopped");
        let out = self.wait_destination(begin, FIRST, last, false)?;
        self.find_within("stopped server leaves the table", out - begin, NOTICED_WITHIN);
        self.tally(begin)?;

        let begin = Instant::now();
        self.scene.start_server(name)?;
        self.timeline.say(name, "nginx started");
        self.server_returns(begin, "started server returns to the table", name, last)
    }

    fn server_is_sick(&mut self) -> Result<(), LabError> {
        let (name, last, _) = SERVERS[1];
        self.timeline.heading("4. A server answers, but not what it should: its digest differs");
        let begin = Instant::now();
        self.scene.make_server_sick(name, true)?;
        self.timeline.say(name, "its health page says something else");
        let out = self.wait_destination(begin, FIRST, last, false)?;
        self.find_within("sick server leaves the table", out - begin, NOTICED_WITHIN);
        self.find_only_loss_of_what_was_under_way("requests while a server is sick", begin)?;

        let begin = Instant::now();
        self.scene.make_server_sick(name, false)?;
        self.timeline.say(name, "its health page is as before");
        self.server_returns(begin, "healthy server returns to the table", name, last)
    }

    fn server_returns(
        &mut self,
        begin: Instant,
        what: &str,
        name: &str,
        last: u8,
    ) -> Result<(), LabError> {
        let well = Instant::now();
        let listed = self.wait_destination(begin, FIRST, last, true)?;
        self.find_within(what, listed - well, NOTICED_WITHIN);
        self.wait_answer(listed, Some(name))?;
        self.timeline.say(CLIENT, format!("{name} answers again"));
        Ok(())
    }

    fn director_is_killed(&mut self) -> Result<(), LabError> {
        self.timeline.heading("5. SIGKILL to the active director");
        let begin = Instant::now();
        self.scene.take(FIRST)?.kill()?;
        self.timeline.say(FIRST, "its first process is killed; the other gives up in order");
        let killed = Instant::now();
        self.second_takes_over("takeover after SIGKILL", begin, killed, SKEW_TIME)?;
        self.find_only_loss_of_what_was_under_way("requests while the second takes over", begin)?;
        Ok(())
    }

    fn director_returns(&mut self, how: &str) -> Result<(), LabError> {
        self.timeline.heading(how);
        let begin = Instant::now();
        self.scene.start_director(FIRST)?;
        self.timeline.say(FIRST, "started");
        let listening = self.wait_listening(FIRST)?;
        let left = self.watch.wait(
            begin,
            PATIENCE,
            &format!("{SECOND} gave up {VIRTUAL_ADDRESS}"),
            |sight| is_address(sight, SECOND, false),
        )?;
        let limit = MASTER_DOWN_INTERVAL + TOLERANCE;
        self.find_within("the first takes over again", left - listening, limit);
        self.wait_arp(begin, FIRST)?;
        wait_until(PATIENCE, "the address is where it belongs", || {
            self.watch.has_address(FIRST) && !self.watch.has_address(SECOND)
        })?;
        self.find_only_loss_of_what_was_under_way("requests while it takes over", begin)?;
        Ok(())
    }

    fn director_loses_power(&mut self) -> Result<(), LabError> {
        self.timeline.heading("7. The active director loses power: process and cable at once");
        let begin = Instant::now();
        self.scene.network.cut(FIRST, "eth0")?;
        self.scene.take(FIRST)?.kill_with_children()?;
        self.timeline.say(FIRST, "gone");
        let gone = Instant::now();
        let what = "takeover after a power cut";
        let taken = self.second_takes_over(what, begin, gone, MASTER_DOWN_INTERVAL)?;
        self.wait_answer(taken, None)?;
        let tally = self.tally(begin)?;
        let limit = MASTER_DOWN_INTERVAL + TOLERANCE;
        self.find_within("address unreachable", tally.longest_silence, limit);
        self.find(
            "requests lost meanwhile",
            tally.lost.to_string(),
            "as many as the time it takes".to_owned(),
            true,
        );
        self.scene.network.mend(FIRST, "eth0")
    }

    fn director_is_stopped(&mut self) -> Result<(), LabError> {
        self.timeline.heading("9. SIGTERM to the active director: it hands over");
        let begin = Instant::now();
        let mut process: Process = self.scene.take(FIRST)?;
        process.signal(rustix::process::Signal::TERM)?;
        self.timeline.say(FIRST, "asked to stop");
        self.second_takes_over("hand-over after SIGTERM", begin, begin, SKEW_TIME)?;
        let status = process.wait(PATIENCE)?;
        let clean = status.success() && !self.watch.has_address(FIRST);
        let listed = !self.watch.destinations(FIRST).is_empty();
        self.find(
            "it leaves nothing behind",
            format!("{status}, address {}, table {}", left(!clean), left(listed)),
            "exit 0, nothing left".to_owned(),
            clean && !listed,
        );
        let tally = self.tally(begin)?;
        let limit = SKEW_TIME + TOLERANCE;
        self.find_within("address unreachable", tally.longest_silence, limit);
        Ok(())
    }

    /// The second director gets the address within an interval from that moment, and the client
    /// finds it there; says when.
    fn second_takes_over(
        &mut self,
        what: &str,
        since: Instant,
        from: Instant,
        interval: Duration,
    ) -> Result<Instant, LabError> {
        let taken = self.wait_address(since, SECOND)?;
        self.find_within(what, taken - from, interval + TOLERANCE);
        self.wait_arp(since, SECOND)?;
        Ok(taken)
    }

    fn wait_address(&self, since: Instant, director: &str) -> Result<Instant, LabError> {
        let what = format!("{director} has {VIRTUAL_ADDRESS}");
        self.watch.wait(since, PATIENCE, &what, |sight| is_address(sight, director, true))
    }

    fn wait_destination(
        &self,
        since: Instant,
        director: &str,
        last: u8,
        listed: bool,
    ) -> Result<Instant, LabError> {
        let text = server_address(self.forwarding, last);
        let verb = if listed { "lists" } else { "no longer lists" };
        let what = format!("{director} {verb} {text} in its IPVS table");
        let wanted: Option<Ipv4Addr> = text.parse().ok();
        self.watch.wait(since, PATIENCE, &what, |sight| {
            matches!(sight, Sight::Destination { director: at, address, listed: now }
                if at == director && Some(*address) == wanted && *now == listed)
        })
    }

    /// The client knows by ARP which director it talks to.
    fn wait_arp(&self, since: Instant, director: &str) -> Result<(), LabError> {
        let shown =
            self.scene.network.host(director)?.run("ip", ["-br", "link", "show", "eth0"])?;
        let hardware = shown.split_whitespace().nth(2).unwrap_or_default();
        let what = format!("the client's ARP table points to {director}");
        self.watch
            .wait(
                since,
                PATIENCE,
                &what,
                |sight| matches!(sight, Sight::Arp { hardware: now } if now == hardware),
            )
            .map(drop)
    }
}

fn left(left: bool) -> &'static str {
    if left { "left" } else { "gone" }
}

fn seconds(duration: Duration) -> String {
    format!("{:.2} s", duration.as_secs_f64())
}

fn is_address(sight: &Sight, of: &str, wanted: bool) -> bool {
    matches!(sight, Sight::Address { director, held } if director == of && *held == wanted)
}
