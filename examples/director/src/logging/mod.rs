//! Where messages go: the terminal or the journal in the foreground, syslog in the background, a file
//! if one is named.

use std::fmt::{self, Debug, Write as _};
use std::fs::File;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::sync::Mutex;

use rustix::fs::fstat;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, layer};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use crate::arguments::{Daemon, Facility, LogFormat};

mod syslog;

/// Who a message to syslog is from; keepalived adds which of several it is, in the same way.
const IDENT: &str = "director";

/// How a message is written.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Style {
    /// The time, how serious it is, and what it says.
    Plain,
    /// A JSON object.
    Json,
    /// As a service's output is understood by systemd: sd-daemon(3).
    Journal,
    /// As syslog(3) sends it.
    Syslog { facility: Facility, ident: String },
}

/// Messages go from now on where the options say. Said once in a process. `name`: which of several
/// daemons it is.
pub(crate) fn start(daemon: &Daemon, name: Option<&str>, foreground: bool) {
    let level = if daemon.log_detail { LevelFilter::DEBUG } else { LevelFilter::INFO };
    let plain = match daemon.log_format {
        LogFormat::Plain => Style::Plain,
        LogFormat::Json => Style::Json,
    };
    let console = (foreground || daemon.log_console).then(|| {
        let journal = plain == Style::Plain && is_journal();
        let style = if journal { Style::Journal } else { plain.clone() };
        layer().event_format(style).with_ansi(io::stderr().is_terminal()).with_writer(io::stderr)
    });
    let syslog = (!foreground && !daemon.no_syslog).then(|| {
        let ident = name.map_or_else(|| IDENT.to_owned(), |name| format!("{IDENT}_{name}"));
        let style = Style::Syslog { facility: daemon.log_facility, ident };
        layer()
            .event_format(style)
            .with_ansi(false)
            .with_writer(Mutex::new(syslog::Syslog::default()))
    });
    let mut refused = None;
    let file = daemon.log_file.as_deref().and_then(|path| match open(path) {
        Ok(file) => {
            Some(layer().event_format(plain).with_ansi(false).with_writer(Mutex::new(file)))
        }
        Err(error) => {
            refused = Some(format!("no log file {}: {error}", path.display()));
            None
        }
    });
    let layers = [console.map(Layer::boxed), syslog.map(Layer::boxed), file.map(Layer::boxed)];
    let layers: Vec<_> = layers.into_iter().flatten().collect();
    tracing_subscriber::registry().with(layers.with_filter(level)).init();
    if let Some(refused) = refused {
        tracing::warn!("{refused}");
    }
}

fn open(path: &Path) -> io::Result<File> {
    File::options().append(true).create(true).open(path)
}

/// Whether what we write is read by the journal: systemd.exec(5), `$JOURNAL_STREAM`.
fn is_journal() -> bool {
    let Ok(stream) = std::env::var("JOURNAL_STREAM") else { return false };
    let Ok(stat) = fstat(io::stderr()) else { return false };
    stream == format!("{}:{}", stat.st_dev, stat.st_ino)
}

/// The severity as syslog(3) numbers it.
fn severity(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        Level::DEBUG | Level::TRACE => 7,
    }
}

#[derive(Default)]
struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // Writing to a string cannot fail.
        let _ = match field.name() {
            "message" => write!(self.0, "{value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
    }
}

impl<S, N> FormatEvent<S, N> for Style
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut message = Message::default();
        event.record(&mut message);
        let level = *event.metadata().level();
        self.write(level, &message.0, &mut writer)
    }
}

impl Style {
    fn write(&self, level: Level, message: &str, writer: &mut Writer<'_>) -> fmt::Result {
        match self {
            Self::Plain => {
                SystemTime.format_time(writer)?;
                writeln!(writer, " {} {message}", coloured(level, writer.has_ansi_escapes()))
            }
            Self::Json => {
                let mut time = String::new();
                SystemTime.format_time(&mut Writer::new(&mut time))?;
                let object = serde_json::json!({
                    "time": time, "level": level.as_str(), "message": message
                });
                writeln!(writer, "{object}")
            }
            Self::Journal => {
                let severity = severity(level);
                message.lines().try_for_each(|line| writeln!(writer, "<{severity}>{line}"))
            }
            Self::Syslog { facility: Facility(facility), ident } => {
                let priority = facility * 8 + severity(level);
                write!(writer, "<{priority}>{ident}[{}]: {message}", std::process::id())
            }
        }
    }
}

fn coloured(level: Level, ansi: bool) -> String {
    let colour = match level {
        Level::ERROR => 31,
        Level::WARN => 33,
        Level::INFO => 32,
        Level::DEBUG | Level::TRACE => 34,
    };
    if ansi { format!("\x1b[{colour}m{level:>5}\x1b[0m") } else { format!("{level:>5}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(style: &Style, message: &str) -> String {
        let mut text = String::new();
        style.write(Level::WARN, message, &mut Writer::new(&mut text)).unwrap();
        text
    }

    #[test]
    fn a_plain_line_has_the_time_and_how_serious_it_is() {
        let line = written(&Style::Plain, "(VI_1) Entering MASTER STATE");
        assert!(line.ends_with("Z  WARN (VI_1) Entering MASTER STATE\n"), "{line}");
    }

    #[test]
    fn each_line_for_the_journal_has_its_severity() {
        assert_eq!(written(&Style::Journal, "one\ntwo"), "<4>one\n<4>two\n");
    }

    #[test]
    fn a_line_of_json_is_an_object() {
        let object: serde_json::Value =
            serde_json::from_str(&written(&Style::Json, "say \"yes\"")).unwrap();
        assert_eq!(object["message"], "say \"yes\"");
        assert_eq!(object["level"], "WARN");
    }

    #[test]
    fn a_message_to_syslog_has_facility_and_severity() {
        let style = Style::Syslog { facility: Facility(3), ident: "director_blue".to_owned() };
        let line = written(&style, "hello");
        assert_eq!(line, format!("<28>director_blue[{}]: hello", std::process::id()));
    }
}
