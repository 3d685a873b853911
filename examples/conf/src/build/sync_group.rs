//! `vrrp_sync_group`.

use crate::check::{Entries, Entry};
use crate::model::{Priority, SyncGroup, TrackWeight, VrrpInstance};
use crate::nearest::nearest;
use crate::tree::Word;

use super::track::{self, Trackable};
use super::{Context, notify};

/// The groups; what being in one means for its instances is done to them.
pub(super) fn build(
    root: &Entries<'_>,
    trackable: &Trackable,
    instances: &mut [VrrpInstance],
    context: &mut Context<'_>,
) -> Vec<SyncGroup> {
    let mut groups: Vec<SyncGroup> = Vec::new();
    for entry in root.all("vrrp_sync_group") {
        let Some(name) = entry.statement.arguments.first() else { continue };
        if let Some(earlier) = groups.iter().find(|group| group.name == name.text) {
            context
                .error(name.span, format!("there is another vrrp_sync_group `{}`", name.text))
                .related(earlier.span, "the other one");
            continue;
        }
        let members = members(entry, &groups, instances, context);
        match members.as_slice() {
            // Those that it has may be what is wrong.
            [] | [_] if context.diagnostics.has_errors() => {}
            [] => {
                context
                    .warning(name.span, "this group has no instance")
                    .label("left out, as keepalived does");
                continue;
            }
            [_] => drop(
                context
                    .warning(name.span, "this group has one instance only")
                    .help("name all that are to fail over together"),
            ),
            _ => {}
        }
        let group = group(name, entry, members, trackable, instances, context);
        groups.push(group);
    }
    groups
}

fn group(
    name: &Word<'_>,
    entry: &Entry<'_>,
    members: Vec<String>,
    trackable: &Trackable,
    instances: &mut [VrrpInstance],
    context: &mut Context<'_>,
) -> SyncGroup {
    let inside = &entry.inside;
    let mut tracking = track::build(inside, None, trackable, context);
    let tracking_weight = inside.has("sync_group_tracking_weight") || inside.has("global_tracking");
    let of_group = |instance: &&mut VrrpInstance| members.contains(&instance.name);
    let mut has_owner = false;
    for instance in instances.iter_mut().filter(of_group) {
        has_owner |= instance.priority == Priority::OWNER;
        if !tracking_weight {
            leave_out_weighted(instance, context);
        }
    }
    if has_owner {
        track::drop_weights(
            &mut tracking,
            "a member has priority 255, which never changes",
            context,
        );
        for instance in instances.iter_mut().filter(of_group) {
            let because = "a member of its group has priority 255";
            track::drop_weights(&mut instance.tracking, because, context);
        }
    }
    SyncGroup {
        name: name.text.to_owned(),
        members,
        tracking,
        tracking_weight,
        notify: notify::group(inside, context),
        span: name.span.into(),
    }
}

/// Members of different priorities would not move together.
fn leave_out_weighted(instance: &mut VrrpInstance, context: &mut Context<'_>) {
    let is_weighted = |weight: TrackWeight| weight.get() != 0;
    for track in instance.tracking.iter_mut().filter(|track| is_weighted(track.weight)) {
        context
            .warning(track.span, format!("`{}` has a weight, and this is in a group", track.name))
            .label("not tracked, as keepalived does")
            .help("track it in the group, or write `sync_group_tracking_weight` there");
    }
    instance.tracking.retain(|track| !is_weighted(track.weight));
}

fn members(
    entry: &Entry<'_>,
    groups: &[SyncGroup],
    instances: &[VrrpInstance],
    context: &mut Context<'_>,
) -> Vec<String> {
    let mut members: Vec<String> = Vec::new();
    let lines = entry.inside.all("group").flat_map(|entry| entry.lines());
    // Several may stand on one line.
    for word in lines.flat_map(|line| std::iter::once(&line.keyword).chain(&line.arguments)) {
        if context.broken_instances.contains(word.text) {
            continue;
        }
        if !instances.iter().any(|instance| instance.name == word.text) {
            let names = instances.iter().map(|instance| instance.name.as_str());
            let error =
                context.error(word.span, format!("there is no vrrp_instance `{}`", word.text));
            if let Some(near) = nearest(word.text, names) {
                error.help(format!("did you mean `{near}`?"));
            }
            continue;
        }
        if members.iter().any(|member| member == word.text) {
            context
                .warning(word.span, format!("`{}` is in this group already", word.text))
                .label("ignored");
            continue;
        }
        if let Some(other) =
            groups.iter().find(|group| group.members.iter().any(|member| member == word.text))
        {
            context
                .error(word.span, format!("`{}` is in two groups", word.text))
                .related(other.span, "it is in this one too");
            continue;
        }
        members.push(word.text.to_owned());
    }
    members
}
