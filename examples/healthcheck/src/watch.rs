//! Checking again and again, with a live line for each target.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use steadfast_checkers::{Events, Monitor, MonitorOptions, Policy, spread};
use tokio::time::MissedTickBehavior;

use self::line::{Line, word};
use self::screen::{Size, screen};
use crate::report::{Format, members};
use crate::target::Target;

mod line;
mod screen;

/// So often the screen is drawn anew, however many checks there are.
const FRAME: Duration = Duration::from_millis(250);

/// Until somebody interrupts it.
pub(crate) async fn run(targets: Vec<Target>, policy: Policy, format: Format) {
    let options = MonitorOptions { every_attempt: true, ..MonitorOptions::default() };
    let (monitor, events) = Monitor::new(options);
    let count = targets.len();
    let mut lines = Vec::new();
    for (position, target) in targets.into_iter().enumerate() {
        monitor.add(position, target.check, policy, spread(policy.delay_loop, position, count));
        lines.push(Line::new(target.name));
    }
    let live = format == Format::Text && std::io::stdout().is_terminal();
    let show = async {
        if live { show_live(events, lines).await } else { show_each(events, lines, format).await }
    };
    tokio::select! {
        () = show => {}
        _interrupted = tokio::signal::ctrl_c() => {}
    }
}

/// Every attempt.
async fn show_each(mut events: Events<usize>, mut lines: Vec<Line>, format: Format) {
    while let Some(event) = events.next().await {
        let Some(line) = lines.get_mut(event.key) else { continue };
        line.take(&event);
        if format == Format::Json {
            let mut members = members(&line.name, &event.outcome);
            members.insert("standing".to_owned(), word(event.standing).into());
            print(&format!("{}\n", serde_json::Value::Object(members)));
        } else {
            print(&format!("{}\n", line.text(0, Instant::now())));
        }
    }
}

/// What is so at present, on a terminal.
async fn show_live(mut events: Events<usize>, mut lines: Vec<Line>) {
    let mut frames = tokio::time::interval(FRAME);
    frames.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut drawn = 0;
    loop {
        tokio::select! {
            event = events.next() => match event {
                Some(event) => {
                    if let Some(line) = lines.get_mut(event.key) {
                        line.take(&event);
                    }
                }
                None => return,
            },
            _ = frames.tick() => {
                let rows = screen(&lines, Size::of_terminal(), Instant::now());
                print(&frame(&rows, drawn));
                drawn = rows.len();
            }
        }
    }
}

/// The rows in place of those drawn before.
fn frame(rows: &[String], drawn: usize) -> String {
    let mut frame = "\r".to_owned();
    if drawn > 0 {
        frame += &format!("\x1b[{drawn}A");
    }
    for row in rows {
        frame += &format!("\x1b[2K{row}\n");
    }
    frame + "\x1b[J"
}

/// A reader who has gone has seen enough.
fn print(text: &str) {
    let mut output = std::io::stdout().lock();
    if output.write_all(text.as_bytes()).and_then(|()| output.flush()).is_err() {
        std::process::exit(0);
    }
}
