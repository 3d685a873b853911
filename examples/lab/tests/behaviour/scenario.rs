//! A configuration, what happens, and what must be seen.

use std::thread::sleep;
use std::time::{Duration, Instant};

use steadfast_lab::despite_standstills;

use crate::observe::{Observation, Watched};
use crate::scene::{Program, Scene, network};

/// How long a step may take until both agree.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long both must agree and stand still before the next step.
const QUIET: Duration = Duration::from_secs(1);
/// The least time between two looks: several programs start for each.
const EVERY: Duration = Duration::from_millis(500);
/// For how long the machine may stand still: routers that advertise every second bear more.
const BORNE: Duration = Duration::from_millis(500);

type Action = Box<dyn Fn(&mut Scene<'_>)>;

/// What is played with keepalived and with the director.
#[must_use = "a scenario is only a description until it is played"]
pub(crate) struct Scenario {
    watched: &'static [Watched],
    before: Vec<Action>,
    steps: Vec<Step>,
}

struct Step {
    what: &'static str,
    action: Action,
    expected: &'static [&'static str],
}

impl Scenario {
    pub(crate) fn new(watched: &'static [Watched]) -> Self {
        Self { watched, before: Vec::new(), steps: Vec::new() }
    }

    /// Does something before the first step, at which nothing is compared.
    pub(crate) fn before(mut self, action: impl Fn(&mut Scene<'_>) + 'static) -> Self {
        self.before.push(Box::new(action));
        self
    }

    /// The program starts with this configuration; the scene's own words are put in, see
    /// [`Scene::filled_in`].
    pub(crate) fn start(
        self,
        configuration: impl Into<String>,
        expected: &'static [&'static str],
    ) -> Self {
        let configuration = configuration.into();
        self.step("it starts", move |scene| scene.start(&configuration), expected)
    }

    /// Something happens, after which each of `expected` is to be in some line of what is seen; what
    /// begins with `!` is to be in none.
    pub(crate) fn step(
        mut self,
        what: &'static str,
        action: impl Fn(&mut Scene<'_>) + 'static,
        expected: &'static [&'static str],
    ) -> Self {
        self.steps.push(Step { what, action: Box::new(action), expected });
        self
    }

    /// Plays it with both.
    pub(crate) fn play(self) {
        despite_standstills(BORNE, || self.play_once());
    }

    fn play_once(&self) {
        let networks = [network(), network()];
        let captures = networks.each_ref().map(|network| network.capture("lan").unwrap());
        let mut scenes = [
            Scene::new(&networks[0], &captures[0], Program::Keepalived),
            Scene::new(&networks[1], &captures[1], Program::Director),
        ];
        for action in &self.before {
            scenes.iter_mut().for_each(action);
        }
        for step in &self.steps {
            self.take(step, &mut scenes);
        }
    }

    fn take(&self, step: &Step, scenes: &mut [Scene<'_>; 2]) {
        for scene in scenes.iter_mut() {
            scene.begin_step();
            (step.action)(scene);
        }
        let begun = Instant::now();
        let mut steady: Option<(Observation, Instant)> = None;
        loop {
            let looked = Instant::now();
            let [theirs, ours] = scenes.each_mut().map(|scene| scene.observe(self.watched));
            scenes.iter_mut().for_each(Scene::assert_alive);
            let now = Instant::now();
            let wrong = ours.missing(step.expected);
            match steady {
                _ if theirs != ours || !wrong.is_empty() => steady = None,
                Some((ref before, since)) if *before == ours => {
                    if now - since >= QUIET {
                        return;
                    }
                }
                _ => steady = Some((ours.clone(), now)),
            }
            assert!(
                now - begun < PATIENCE,
                "{}: expected {wrong:?}\n{}",
                step.what,
                theirs.difference(&ours)
            );
            sleep(looked.elapsed().max(EVERY));
        }
    }
}
