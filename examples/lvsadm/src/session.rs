//! Commands, obeyed one after the other.

use std::io::Write;
use std::time::Duration;

use steadfast_ipvs::{Change, Client, ConnectionTable, Plan, Timeouts};

use crate::command::{Command, List, NewTimeouts};
use crate::failure::Failure;
use crate::json::{JsonConnection, JsonDaemons, JsonTable, JsonTimeouts};
use crate::names::Names;
use crate::restore::Rule;
use crate::table;
use crate::text::{self, Style};

/// A connection to the kernel, and where listings go.
pub(crate) struct Session<'a, W> {
    client: Client,
    names: &'a dyn Names,
    output: W,
}

impl<'a, W: Write> Session<'a, W> {
    pub(crate) fn new(client: Client, names: &'a dyn Names, output: W) -> Self {
        Self { client, names, output }
    }

    /// Obeys one command.
    pub(crate) async fn obey(&mut self, command: Command) -> Result<(), Failure> {
        match command {
            Command::List(list) => self.list(&list).await,
            Command::ListTimeouts { json } => self.list_timeouts(json).await,
            Command::Save { numeric } => {
                let mut services = self.client.services().await?;
                table::sort(&mut services);
                self.print(&text::save(&services, self.style(numeric)))
            }
            Command::Clear => Ok(self.client.flush().await?),
            Command::Zero(None) => Ok(self.client.zero_all().await?),
            Command::Zero(Some(key)) => Ok(self.client.zero(&key).await?),
            Command::Change(change) => Ok(self.client.change(change).await?),
            Command::SetTimeouts(timeouts) => self.set_timeouts(timeouts).await,
            Command::ListConnections { numeric, engine, json: false } => {
                self.list_connections(self.style(numeric), engine)
            }
            Command::ListConnections { json: true, .. } => self.list_connections_as_json(),
            Command::ListDaemons { json } => self.list_daemons(json).await,
            Command::StartDaemon(daemon) => Ok(self.client.start_sync_daemon(&daemon).await?),
            Command::StopDaemon(role) => Ok(self.client.stop_sync_daemon(role).await?),
        }
    }

    /// Obeys rules, changes many at a time; one that fails does not keep the others from being
    /// obeyed.
    ///
    /// # Errors
    ///
    /// [`Failure::Rules`]: all that failed.
    pub(crate) async fn restore(&mut self, rules: Vec<Rule<Command>>) -> Result<(), Failure> {
        let mut failures = Vec::new();
        let mut changes = Vec::new();
        for Rule { line, content } in rules {
            if let Command::Change(content) = content {
                changes.push(Rule { line, content });
                continue;
            }
            self.apply(&mut changes, &mut failures).await;
            if ended(&failures) {
                break;
            }
            if let Err(content) = self.obey(content).await {
                failures.push(Rule { line, content });
            }
        }
        self.apply(&mut changes, &mut failures).await;
        if failures.is_empty() { Ok(()) } else { Err(Failure::Rules(failures)) }
    }

    async fn apply(&mut self, changes: &mut Vec<Rule<Change>>, failures: &mut Vec<Rule<Failure>>) {
        if ended(failures) {
            return;
        }
        let lines: Vec<_> = changes.iter().map(|rule| rule.line).collect();
        let plan: Plan = changes.drain(..).map(|rule| rule.content).collect();
        match self.client.apply(&plan).await {
            Ok(applied) => {
                for failure in applied.failed {
                    let line = lines.get(failure.position).copied().unwrap_or_default();
                    failures.push(Rule { line, content: failure.error.into() });
                    if ended(failures) {
                        return;
                    }
                }
            }
            Err(error) => {
                let line = lines.first().copied().unwrap_or_default();
                failures.push(Rule { line, content: error.into() });
            }
        }
    }

    async fn list(&mut self, list: &List) -> Result<(), Failure> {
        let mut services = match &list.service {
            Some(key) => vec![self.client.service(key).await.map_err(Failure::listing)?],
            None => self.client.services().await?,
        };
        if list.json {
            if !list.unsorted {
                table::sort_by_key(&mut services);
            }
            let info = self.client.info().await?;
            return self.print_json(&JsonTable::new(&info, &services));
        }
        if !list.unsorted {
            table::sort(&mut services);
        }
        if list.service.is_none() {
            let info = self.client.info().await?;
            self.print(&text::version(&info))?;
        }
        self.print(&text::listing(&services, list, self.style(list.numeric)))
    }

    fn list_connections(&mut self, style: Style<'_>, engine: bool) -> Result<(), Failure> {
        self.print(text::connections_title(engine))?;
        for connection in ConnectionTable::open()? {
            self.print(&text::connection(&connection?, engine, style))?;
        }
        Ok(())
    }

    /// One to a line, written as it is read: there can be millions.
    fn list_connections_as_json(&mut self) -> Result<(), Failure> {
        self.print("{\"connections\":[")?;
        let mut separator = "\n";
        for connection in ConnectionTable::open()? {
            self.print(separator)?;
            serde_json::to_writer(&mut self.output, &JsonConnection::new(&connection?))
                .map_err(|error| Failure::Output(error.into()))?;
            separator = ",\n";
        }
        self.print("\n]}\n")
    }

    async fn list_timeouts(&mut self, json: bool) -> Result<(), Failure> {
        let timeouts = self.client.timeouts().await?;
        match json {
            true => self.print_json(&JsonTimeouts::new(&timeouts)),
            false => self.print(&text::timeouts(&timeouts)),
        }
    }

    async fn list_daemons(&mut self, json: bool) -> Result<(), Failure> {
        let daemons = self.client.sync_daemons().await?;
        match json {
            true => self.print_json(&JsonDaemons::new(&daemons)),
            false => self.print(&text::daemons(&daemons)),
        }
    }

    async fn set_timeouts(&mut self, new: NewTimeouts) -> Result<(), Failure> {
        let current = self.client.timeouts().await?;
        let chosen = |new: u32, current| match new {
            0 => current,
            seconds => Duration::from_secs(seconds.into()),
        };
        let timeouts = Timeouts::new(
            chosen(new.tcp, current.tcp()),
            chosen(new.tcp_fin, current.tcp_fin()),
            chosen(new.udp, current.udp()),
        )?;
        Ok(self.client.set_timeouts(&timeouts).await?)
    }

    fn style(&self, numeric: bool) -> Style<'a> {
        if numeric { Style::Numeric } else { Style::Named(self.names) }
    }

    fn print(&mut self, text: &str) -> Result<(), Failure> {
        self.output.write_all(text.as_bytes()).map_err(Failure::Output)
    }

    fn print_json(&mut self, value: &impl serde::Serialize) -> Result<(), Failure> {
        serde_json::to_writer_pretty(&mut self.output, value)
            .map_err(|error| Failure::Output(error.into()))?;
        self.print("\n")
    }
}

fn ended(failures: &[Rule<Failure>]) -> bool {
    failures.last().is_some_and(|failure| failure.content.is_final())
}
