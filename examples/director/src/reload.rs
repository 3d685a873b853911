//! Reading another configuration while the present one runs: off the loop, one after the other.

use std::sync::Arc;

use steadfast_conf::{Model, Style};
use steadfast_director_core::plan::Plan;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::check::{Configuration, Purpose, Runnable};
use crate::control::Answer;
use crate::run::Part;
use crate::vrrp;

/// Another configuration that can be run, and what it would change.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) runnable: Runnable,
    pub(crate) plan: Plan,
    /// What there is to say about it.
    pub(crate) said: String,
}

/// Who waits to hear what became of a reload.
pub(crate) type Waiting = Vec<oneshot::Sender<Answer>>;

/// Reads the configuration file again whenever it is asked to.
#[derive(Debug)]
pub(crate) struct Reloader {
    configuration: Arc<Configuration>,
    part: Part,
    reading: JoinSet<Result<Candidate, String>>,
    waiting: Waiting,
    /// Asked for while one was being read, which may have been read before the file was changed.
    next: Option<Waiting>,
}

impl Reloader {
    /// Nothing is to be read.
    pub(crate) fn new(configuration: Arc<Configuration>, part: Part) -> Self {
        Self { configuration, part, reading: JoinSet::new(), waiting: Vec::new(), next: None }
    }

    /// Reads the file, or does so again once what is being read is done with.
    pub(crate) fn ask(&mut self, current: &Arc<Model>, answer: Option<oneshot::Sender<Answer>>) {
        if self.reading.is_empty() {
            self.waiting.extend(answer);
            let (configuration, current) = (Arc::clone(&self.configuration), Arc::clone(current));
            let part = self.part;
            self.reading.spawn_blocking(move || read(&configuration, part, &current));
        } else {
            self.next.get_or_insert_default().extend(answer);
        }
    }

    /// Waits until the file has been read: what it is, or why it cannot be run, and who wants to know.
    pub(crate) async fn next(&mut self) -> (Result<Candidate, String>, Waiting) {
        let read = match self.reading.join_next().await {
            Some(Ok(read)) => read,
            Some(Err(panicked)) => Err(format!("reading the configuration: {panicked}")),
            None => return std::future::pending().await,
        };
        (read, std::mem::take(&mut self.waiting))
    }

    /// What was read has been taken over, or refused.
    pub(crate) fn done(&mut self, current: &Arc<Model>) {
        if let Some(waiting) = self.next.take() {
            self.waiting = waiting;
            self.ask(current, None);
        }
    }
}

/// Reads a configuration and finds out whether it can be run and what it would change. It takes its
/// time.
pub(crate) fn read(
    configuration: &Configuration,
    part: Part,
    current: &Model,
) -> Result<Candidate, String> {
    let looked = configuration.look(current, Purpose::Run);
    let said = looked.0.render(Style::Plain);
    let Some(Runnable { model, machine }) = Runnable::of(looked) else { return Err(said) };
    if says_nothing(&model) && !says_nothing(current) {
        return Err(format!(
            "error: {} has nothing in it, as if it were being written\n  = help: to run nothing, \
             stop the director\n",
            configuration.file().display()
        ));
    }
    let model = part.of(model);
    vrrp::instances(&model).map_err(|error| error.to_string())?;
    let plan = Plan::between(current, &model);
    Ok(Candidate { runnable: Runnable { model, machine }, plan, said })
}

/// Whether a file has nothing in it, or comments only.
pub(crate) fn says_nothing(model: &Model) -> bool {
    *model == Model { process: model.process.clone(), ..Model::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments;

    fn reloader(text: &str) -> (tempfile::TempDir, Reloader) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("test.conf");
        std::fs::write(&file, text).unwrap();
        let configuration = Arc::new(Configuration::new(arguments::Configuration {
            file,
            ..arguments::Configuration::default()
        }));
        (folder, Reloader::new(configuration, Part { vrrp: true, services: true }))
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_run_is_refused_with_its_errors() {
        let (_folder, mut reloader) = reloader("vrrp_instnce A {\n}\n");
        reloader.ask(&Arc::default(), None);
        let (read, _) = reloader.next().await;
        assert!(read.unwrap_err().contains("did you mean `vrrp_instance`"));
    }

    #[tokio::test]
    async fn an_instance_that_is_against_the_protocol_is_refused_at_its_place() {
        let (_folder, mut reloader) = reloader(
            "vrrp_instance A {\n interface lo0\n virtual_router_id 5\n strict_mode\n accept\n \
             virtual_ipaddress {\n  2001:db8::1\n }\n}\n",
        );
        reloader.ask(&Arc::default(), None);
        let refused = reloader.next().await.0.unwrap_err();
        let place =
            "error: this instance cannot be run: first address 2001:db8::1 is not link-local";
        assert!(refused.contains(place) && refused.contains("test.conf:1:15"), "{refused}");
    }

    #[tokio::test]
    async fn a_server_that_the_kernel_would_not_take_is_refused_at_its_service() {
        let (_folder, mut reloader) = reloader(
            "virtual_server 192.0.2.1 80 {\n protocol TCP\n lb_algo rr\n lb_kind NAT\n \
             real_server 192.0.2.2 80 {\n lthreshold 5\n }\n}\n",
        );
        reloader.ask(&Arc::default(), None);
        let refused = reloader.next().await.0.unwrap_err();
        let why = "error: this service cannot be run: [192.0.2.2]:tcp:80 of [192.0.2.1]:tcp:80: \
                   thresholds must be";
        assert!(refused.contains(why) && refused.contains("test.conf:1:16"), "{refused}");
    }

    #[tokio::test]
    async fn a_file_with_nothing_in_it_is_refused_by_one_that_runs_something() {
        let (folder, mut reloader) = reloader("! being written\n");
        reloader.ask(&Arc::default(), None);
        assert!(reloader.next().await.0.is_ok(), "nothing runs that could end");
        let router = "global_defs {\n router_id a\n}\n";
        let current = Arc::new(steadfast_conf::parse("test.conf", router).model.unwrap());
        reloader.ask(&current, None);
        let refused = reloader.next().await.0.unwrap_err();
        assert!(refused.contains("test.conf has nothing in it"), "{refused}");
        std::fs::write(folder.path().join("test.conf"), router).unwrap();
        reloader.ask(&current, None);
        assert!(reloader.next().await.0.is_ok());
    }

    #[tokio::test]
    async fn who_asks_while_a_file_is_being_read_has_it_read_again() {
        let (folder, mut reloader) = reloader("");
        let current = Arc::default();
        reloader.ask(&current, None);
        let (answer, _answered) = oneshot::channel();
        reloader.ask(&current, Some(answer));
        let (_, waiting) = reloader.next().await;
        assert!(waiting.is_empty());

        std::fs::write(folder.path().join("test.conf"), "nonsense\n").unwrap();
        reloader.done(&current);
        let (read, waiting) = reloader.next().await;
        assert!(read.is_err() && waiting.len() == 1);
    }
}
