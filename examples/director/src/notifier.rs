//! Who is told that something happened: scripts, the readers of FIFOs, people by mail. What each is
//! told is decided in `steadfast-director-core`.

mod fifo;
mod mail;
mod scripts;

use steadfast_conf::Model;
use steadfast_conf::model::{Fifos, LifecycleScript};
use steadfast_director_core::herald::{Herald, News};
use steadfast_director_core::notify::{Side, Told};
use steadfast_director_core::services::Occurrence;
use tokio::task::JoinError;
use tracing::{error, info, warn};

use crate::check::Runnable;
use crate::script::Scripts;
use fifo::Fifo;
use mail::Mailer;
use scripts::Queues;

/// All who are told.
#[derive(Debug)]
pub(crate) struct Notifier {
    herald: Herald,
    scripts: Scripts,
    queues: Queues,
    /// `notify_fifo`, `vrrp_notify_fifo` and `lvs_notify_fifo`, as far as there are.
    fifos: [Option<Fifo>; 3],
    mailer: Mailer,
    shutdown_script: Option<LifecycleScript>,
}

/// What the FIFOs are for, in the order in which [`Notifier`] has them.
const SIDES: [&[Side]; 3] = [&[Side::Vrrp, Side::Lvs], &[Side::Vrrp], &[Side::Lvs]];

impl Notifier {
    /// Nobody is to be told anything.
    pub(crate) fn new() -> Self {
        Self {
            herald: Herald::default(),
            scripts: Scripts::default(),
            queues: Queues::default(),
            fifos: [None, None, None],
            mailer: Mailer::new(),
            shutdown_script: None,
        }
    }

    /// Tells from now on whom this model says. What is queued is run as it was queued, what waits is
    /// written and mailed.
    pub(crate) async fn reconcile(&mut self, model: &Model, scripts: &Scripts) {
        self.scripts.clone_from(scripts);
        self.mailer.reconcile(&model.global);
        self.shutdown_script.clone_from(&model.global.shutdown_script);
        let Fifos { all, vrrp, lvs, .. } = &model.global.fifos;
        let mut leaving = Vec::new();
        for (fifo, wanted) in self.fifos.iter_mut().zip([all, vrrp, lvs]) {
            let stays = match (fifo.as_mut(), wanted) {
                (Some(open), Some(wanted)) => open.adopt(wanted, scripts),
                _ => false,
            };
            if !stays {
                leaving.extend(fifo.take());
            }
        }
        let told = self.herald.reconcile(model);
        for fifo in leaving {
            fifo.close().await;
        }
        for (fifo, wanted) in self.fifos.iter_mut().zip([all, vrrp, lvs]) {
            let (None, Some(wanted)) = (&fifo, wanted) else { continue };
            match Fifo::open(wanted, scripts) {
                Ok(open) => *fifo = Some(open),
                Err(error) => error!("{error}"),
            }
        }
        for told in told {
            self.tell(told);
        }
    }

    /// Something happened to an instance.
    pub(crate) fn handle_news(&mut self, news: &News) {
        if let Some(told) = self.herald.handle_news(news) {
            self.tell(told);
        }
    }

    /// Something happened to a service or a server.
    pub(crate) fn handle_occurrence(&mut self, occurrence: &Occurrence) {
        let told = self.herald.handle_occurrence(occurrence);
        self.tell(told);
    }

    /// All instances have ended.
    pub(crate) fn handle_end(&mut self) {
        for told in self.herald.handle_end() {
            self.tell(told);
        }
    }

    fn tell(&mut self, told: Told) {
        let Told { object, scripts, lines, alert } = told;
        for line in &lines {
            for (fifo, sides) in self.fifos.iter().zip(SIDES) {
                if let Some(fifo) = fifo.as_ref().filter(|_| sides.contains(&line.side)) {
                    fifo.write(&line.text);
                }
            }
        }
        for command in scripts {
            info!("{object}: running {command}");
            self.queues.push(self.scripts.clone(), &object, command);
        }
        if let Some(alert) = alert {
            self.mailer.send(alert);
        }
    }

    /// Waits for something of it that broke.
    pub(crate) async fn next(&mut self) -> JoinError {
        tokio::select! {
            broken = self.queues.broken() => broken,
            broken = self.mailer.broken() => broken,
        }
    }

    /// Waits for what is queued to be run, written and mailed, but not for ever; then runs the
    /// `shutdown_script`.
    pub(crate) async fn stop(self) {
        let fifos = async {
            for fifo in self.fifos.into_iter().flatten() {
                fifo.close().await;
            }
        };
        tokio::join!(self.queues.stop(), fifos, self.mailer.stop());
        if let Some(script) = &self.shutdown_script {
            run_once("shutdown", script, &self.scripts).await;
        }
    }
}

/// Runs the `startup_script`, before anything else starts.
pub(crate) async fn startup(Runnable { model, machine }: &Runnable) {
    if let Some(script) = &model.global.startup_script {
        run_once("startup", script, &machine.scripts).await;
    }
}

async fn run_once(which: &str, script: &LifecycleScript, scripts: &Scripts) {
    let LifecycleScript { script, timeout } = script;
    info!("Running {which} script {}", script.argv.join(" "));
    match scripts.run(script, &[], *timeout).await {
        Ok(ran) => {
            for line in ran.output.lines() {
                info!("{which} script: {line}");
            }
            if ran.succeeded() {
                info!("{which} script succeeded");
            } else {
                warn!("{which} script {ran}");
            }
        }
        Err(error) => error!("{which} script: {error}"),
    }
}
