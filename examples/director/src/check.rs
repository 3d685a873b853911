//! `director check` and `--config-test`.

use std::hash::{BuildHasher, RandomState};
use std::io::{self, IsTerminal, stderr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use rustix::process::{Resource, geteuid, getrlimit};
use steadfast_conf::model::Process;
use steadfast_conf::{
    Diagnostic, Loaded, Model, Severity, Style, Surroundings, load_again, load_process, parse,
    parse_in,
};
use steadfast_director_core::standing;
use tracing::warn;

use crate::arguments;
use crate::balancer;
use crate::checks::{self, Handshakes};
use crate::interfaces;
use crate::memory::Memory;
use crate::output::print;
use crate::script::Scripts;
use crate::script::audit::audit;
use crate::vrrp;

/// Which configuration is read. It stays the same at each reload, random numbers in it too.
#[derive(Debug, Clone)]
pub(crate) struct Configuration {
    file: PathBuf,
    surroundings: Surroundings,
    /// Where the supervisor remembers what was run last.
    last_good: Option<Memory>,
    /// The network namespace that is to be entered, whichever it names.
    namespace: Option<String>,
    /// What cannot change any more, once the daemon runs.
    settled: Option<Process>,
    /// How many files scripts may have open: as many as we when we were started. The checks have that
    /// raised.
    open_files: Option<u64>,
}

/// What a configuration is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To be run by us: what it lacks on this machine keeps it from that.
    Run,
    /// To go on as one before us did. What it lacks by now is not to end the rest.
    GoOn,
    /// To say what is wrong with it. Who runs it may be allowed more than we.
    Check,
}

impl Purpose {
    /// Whether an error is no more than that we are not allowed to look.
    pub(crate) fn may_not_see(self, error: &io::Error) -> bool {
        self == Self::Check
            && error.kind() == io::ErrorKind::PermissionDenied
            && !geteuid().is_root()
    }
}

/// What this machine has for a configuration, as it was when that was read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Machine {
    pub(crate) scripts: Scripts,
    pub(crate) handshakes: Handshakes,
}

/// A configuration that can be run.
#[derive(Debug)]
pub(crate) struct Runnable {
    pub(crate) model: Model,
    pub(crate) machine: Machine,
}

impl Runnable {
    pub(crate) fn of((loaded, machine): (Loaded, Machine)) -> Option<Self> {
        Some(Self { model: loaded.model?, machine })
    }
}

impl Configuration {
    pub(crate) fn new(arguments: arguments::Configuration) -> Self {
        let surroundings = Surroundings {
            config_id: arguments.config_id.unwrap_or_else(host_name),
            seed: arguments.seed.unwrap_or_else(random),
            includes_insist: arguments.all_config,
            environment: std::env::vars_os()
                .filter_map(|(name, value)| {
                    Some((name.into_string().ok()?, value.into_string().ok()?))
                })
                .collect(),
        };
        let last_good = arguments.last_good.try_into().ok().map(Memory::new);
        let settled = arguments.settled.and_then(|text| parse("settled", &text).model);
        let settled = settled.map(|model| model.process);
        let open_files = getrlimit(Resource::Nofile).current;
        Self { file: arguments.file, surroundings, last_good, namespace: None, settled, open_files }
    }

    /// The same for a daemon that was told where to run, if it was.
    pub(crate) fn in_namespace(self, namespace: Option<String>) -> Self {
        Self { namespace, ..self }
    }

    /// What holds for the process as a whole: what is settled, or else what the file says now.
    pub(crate) fn process(&self) -> Process {
        self.settled.clone().unwrap_or_else(|| {
            let mut process = load_process(&self.file, &self.surroundings);
            self.override_namespace(&mut process);
            process
        })
    }

    fn override_namespace(&self, process: &mut Process) {
        if let Some(name) = &self.namespace {
            process.net_namespace = Some(name.clone());
        }
    }

    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// Another file, read as this one is.
    pub(crate) fn of_file(&self, file: PathBuf) -> Self {
        Self { file, ..self.clone() }
    }

    /// Remembers a model: should this process die, the next one may find nothing in the file that
    /// can be run.
    pub(crate) fn remember(&self, model: &Model) {
        let Some(last_good) = &self.last_good else { return };
        if let Err(error) = last_good.write(model) {
            warn!("the configuration cannot be remembered: {error}");
        }
    }

    /// What was remembered last.
    pub(crate) fn remembered(&self) -> Option<Runnable> {
        let text = match self.last_good.as_ref()?.read() {
            Ok(text) => text?,
            Err(error) => {
                warn!("the configuration that was run before cannot be read: {error}");
                return None;
            }
        };
        let loaded = parse_in("what was run before", text, &self.surroundings);
        Runnable::of(self.look_at(loaded, &Model::default(), Purpose::GoOn))
    }

    /// Prints what there is to say about it, and gives it if it can be run.
    pub(crate) fn read(&self, purpose: Purpose) -> Option<Runnable> {
        let (loaded, machine) = self.look(&Model::default(), purpose);
        let style = if stderr().is_terminal() { Style::Coloured } else { Style::Plain };
        eprint!("{}", loaded.render(style));
        Runnable::of((loaded, machine))
    }

    /// Reads it and looks at what it needs of this machine, which may take its time; what is as in an
    /// earlier model is shared with that.
    pub(crate) fn look(&self, earlier: &Model, purpose: Purpose) -> (Loaded, Machine) {
        let loaded = load_again(&self.file, &self.surroundings, earlier);
        self.look_at(loaded, earlier, purpose)
    }

    fn look_at(&self, mut loaded: Loaded, earlier: &Model, purpose: Purpose) -> (Loaded, Machine) {
        if let Some(model) = &mut loaded.model {
            self.override_namespace(&mut model.process);
        }
        self.compare_with_settled(&mut loaded);
        let scripts = audit(&mut loaded, self.open_files, purpose);
        interfaces::audit(&mut loaded);
        vrrp::audit(&mut loaded);
        balancer::audit(&mut loaded, earlier);
        let handshakes = checks::audit(&mut loaded, purpose);
        (loaded, Machine { scripts, handshakes })
    }

    fn compare_with_settled(&self, loaded: &mut Loaded) {
        let (Some(settled), Some(model)) = (&self.settled, &loaded.model) else { return };
        let Some(keyword) = standing::change(settled, &model.process) else { return };
        loaded.say(vec![Diagnostic {
            severity: Severity::Error,
            message: format!("`{keyword}` cannot change while the director runs"),
            span: None,
            label: String::new(),
            related: Vec::new(),
            help: Some("restart the director, or leave it as it was".to_owned()),
        }]);
    }

    /// Prints what there is to say about it and a summary, and says whether it can be run.
    pub(crate) fn check(&self) -> bool {
        let (loaded, _) = self.look(&Model::default(), Purpose::Check);
        let style = if io::stdout().is_terminal() { Style::Coloured } else { Style::Plain };
        print(loaded.render(style));
        print(format_args!("{}: {}\n", self.file.display(), summary(&loaded)));
        loaded.model.is_some()
    }

    /// keepalived's `--config-test`: its exit codes, as far as there is a difference. What there is to
    /// say goes to a file, if one is named.
    pub(crate) fn config_test(&self, log: Option<&Path>) -> ExitCode {
        const REFUSED: u8 = 5;
        let good = match log {
            None => self.check(),
            Some(log) => {
                let (loaded, _) = self.look(&Model::default(), Purpose::Check);
                if let Err(error) = std::fs::write(log, loaded.render(Style::Plain)) {
                    eprintln!("director: writing {}: {error}", log.display());
                }
                loaded.model.is_some()
            }
        };
        if good { ExitCode::SUCCESS } else { REFUSED.into() }
    }

    /// As [`Self::check`], for programs.
    pub(crate) fn check_as_json(&self) -> bool {
        let (loaded, _) = self.look(&Model::default(), Purpose::Check);
        print(format_args!("{}\n", loaded.json()));
        loaded.model.is_some()
    }

    /// Prints it with every default written out, if it can be run; what there is to say goes to the
    /// error output.
    pub(crate) fn print(&self) -> bool {
        let runnable = self.read(Purpose::Check);
        if let Some(Runnable { model, .. }) = &runnable {
            print(model);
        }
        runnable.is_some()
    }
}

/// A number that nobody can tell before.
pub(crate) fn random() -> u64 {
    RandomState::new().hash_one(())
}

/// Up to its first dot.
fn host_name() -> String {
    let name = rustix::system::uname();
    let name = name.nodename().to_string_lossy();
    name.split('.').next().unwrap_or_default().to_owned()
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
