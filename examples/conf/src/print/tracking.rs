use crate::model::{
    InitFile, LinkDelays, ParameterMatch, SyncGroup, Track, TrackFile, TrackProcess, Tracking,
};

use super::Print;
use super::page::{Page, Seconds, Word};
use super::script::CommandLine;

impl Print for Tracking {
    fn print(&self, page: &mut Page<'_>) {
        let Self { interfaces, scripts, files, processes } = self;
        page.lines("track_interface", interfaces);
        page.lines("track_script", scripts);
        page.lines("track_file", files);
        page.lines("track_process", processes);
    }
}

impl Print for Track {
    fn print(&self, page: &mut Page<'_>) {
        let Self { name, weight, span: _ } = self;
        page.line(format_args!("{} weight {weight}", Word(name)));
    }
}

impl Print for LinkDelays {
    fn print(&self, page: &mut Page<'_>) {
        let Self { interface, down, up, span: _ } = self;
        page.line(format_args!("{} {} {}", Word(interface), Seconds(*down), Seconds(*up)));
    }
}

impl Print for TrackFile {
    fn print(&self, page: &mut Page<'_>) {
        let Self { name, path, weight, init, span: _ } = self;
        page.block(format_args!("track_file {}", Word(name)), |page| {
            page.value("file", Word(path));
            page.value("weight", weight);
            if let Some(InitFile { value, overwrite }) = init {
                let overwrite = if *overwrite { " overwrite" } else { "" };
                page.value("init_file", format_args!("{value}{overwrite}"));
            }
        });
    }
}

impl Print for TrackProcess {
    fn print(&self, page: &mut Page<'_>) {
        let Self {
            name,
            command,
            parameters,
            full_command,
            weight,
            quorum,
            quorum_max,
            fork_delay,
            terminate_delay,
            span: _,
        } = self;
        page.block(format_args!("vrrp_track_process {}", Word(name)), |page| {
            page.value("process", CommandLine(command));
            match parameters {
                None => {}
                Some(ParameterMatch::Exact) => page.line("param_match"),
                Some(ParameterMatch::Initial) => page.value("param_match", "initial"),
                Some(ParameterMatch::Partial) => page.value("param_match", "partial"),
            }
            page.alone("full_command", *full_command);
            page.value("weight", weight);
            page.value("quorum", quorum);
            page.optional("quorum_max", quorum_max.as_ref());
            for (keyword, delay) in
                [("fork_delay", fork_delay), ("terminate_delay", terminate_delay)]
            {
                if !delay.is_zero() {
                    page.value(keyword, Seconds(*delay));
                }
            }
        });
    }
}

impl Print for SyncGroup {
    fn print(&self, page: &mut Page<'_>) {
        let Self { name, members, tracking, tracking_weight, notify, span: _ } = self;
        page.block(format_args!("vrrp_sync_group {}", Word(name)), |page| {
            page.block("group", |page| {
                for member in members {
                    page.line(Word(member));
                }
            });
            page.alone("sync_group_tracking_weight", *tracking_weight);
            tracking.print(page);
            notify.print(page);
        });
    }
}
