//! `track_group`, and the static addresses, routes and rules that are of one.
//!
//! What keepalived does is not what its manual says: what somebody removes is put back, and that is
//! all. It is the interface of such a line that the instances of the group cannot do without.

use crate::check::{Entries, Entry};
use crate::model::{Track, TrackWeight, VrrpInstance};
use crate::nearest::nearest;
use crate::tree::{Statement, Word};

use super::Context;

/// The groups.
pub(super) struct TrackGroups<'t>(Vec<Group<'t>>);

struct Group<'t> {
    name: Word<'t>,
    /// The names of instances, as written.
    members: Vec<Word<'t>>,
    /// The names of interfaces that something of the group is on, and where that is said.
    interfaces: Vec<(String, Word<'t>)>,
}

/// What is static.
#[derive(Clone, Copy)]
pub(super) enum Static<'d> {
    Addresses {
        /// What they are on that do not say.
        interface: &'d str,
    },
    Routes,
    Rules,
}

impl Static<'_> {
    const fn block(self) -> &'static str {
        match self {
            Self::Addresses { .. } => "static_ipaddress",
            Self::Routes => "static_routes",
            Self::Rules => "static_rules",
        }
    }

    /// What stands before the name of an interface.
    const fn interface_words(self) -> &'static [&'static str] {
        match self {
            Self::Addresses { .. } => &["dev"],
            Self::Routes => &["dev", "oif"],
            Self::Rules => &["iif", "dev"],
        }
    }

    /// What a line is on.
    fn interface_of(self, line: &Statement<'_>) -> Option<String> {
        let words = self.interface_words();
        let mut written = line.arguments.iter().skip_while(|word| !words.contains(&word.text));
        match (written.nth(1), self) {
            (Some(name), _) => Some(name.text.to_owned()),
            (None, Self::Addresses { interface }) => Some(interface.to_owned()),
            (None, Self::Routes | Self::Rules) => None,
        }
    }
}

impl<'t> TrackGroups<'t> {
    pub(super) fn new(root: &Entries<'t>, context: &mut Context<'_>) -> Self {
        let mut groups: Vec<Group<'t>> = Vec::new();
        for entry in root.all("track_group") {
            let Some(name) = entry.statement.arguments.first().copied() else { continue };
            if let Some(earlier) = groups.iter().find(|group| group.name.text == name.text) {
                context
                    .error(name.span, format!("there is another track_group `{}`", name.text))
                    .related(earlier.name.span, "the other one");
                continue;
            }
            let members = members(entry);
            if members.is_empty() {
                context
                    .warning(name.span, "this group has no instance")
                    .label("nothing comes of it, as with keepalived");
            }
            groups.push(Group { name, members, interfaces: Vec::new() });
        }
        Self(groups)
    }

    /// The static lines without their `track_group NAME`, which is noted.
    pub(super) fn lines_of(
        &mut self,
        kind: Static<'_>,
        root: &Entries<'t>,
        context: &mut Context<'_>,
    ) -> Vec<Statement<'t>> {
        let mut lines: Vec<_> = root.lines(kind.block()).cloned().collect();
        for line in &mut lines {
            let is_ours = |word: &Word<'_>| word.text == "track_group";
            let Some(at) = line.arguments.iter().position(is_ours) else { continue };
            let keyword = line.arguments.remove(at);
            if at < line.arguments.len() {
                let name = line.arguments.remove(at);
                self.note(name, kind.interface_of(line), context);
            } else {
                context.error(keyword.span, "`track_group` needs a value");
            }
        }
        lines
    }

    fn note(&mut self, name: Word<'t>, interface: Option<String>, context: &mut Context<'_>) {
        let near = nearest(name.text, self.0.iter().map(|group| group.name.text));
        let group = self.0.iter_mut().find(|group| group.name.text == name.text);
        match (group, interface) {
            (Some(group), Some(interface)) => group.interfaces.push((interface, name)),
            (Some(_), None) => drop(
                context
                    .warning(name.span, "`track_group` is about an interface, and here is none")
                    .label("ignored, as keepalived does"),
            ),
            (None, _) => {
                let message = format!("there is no track_group `{}`", name.text);
                say_unknown(&name, message, near, context);
            }
        }
    }

    /// Has the instances of each group track its interfaces.
    pub(super) fn apply(&self, instances: &mut [VrrpInstance], context: &mut Context<'_>) {
        for Group { members, interfaces, .. } in &self.0 {
            for member in members {
                if let Some(instance) = instances.iter_mut().find(|it| it.name == member.text) {
                    interfaces.iter().for_each(|(name, word)| track(instance, name, word));
                } else if !context.broken_instances.contains(member.text) {
                    let names = instances.iter().map(|instance| instance.name.as_str());
                    let message = format!("there is no vrrp_instance `{}`", member.text);
                    say_unknown(member, message, nearest(member.text, names), context);
                }
            }
        }
    }
}

fn members<'t>(entry: &Entry<'t>) -> Vec<Word<'t>> {
    // Several may stand on one line.
    let lines = entry.inside.lines("group");
    lines.flat_map(|line| std::iter::once(&line.keyword).chain(&line.arguments)).copied().collect()
}

fn say_unknown(name: &Word<'_>, message: String, near: Option<&str>, context: &mut Context<'_>) {
    let error = context.error(name.span, message);
    if let Some(near) = near {
        error.help(format!("did you mean `{near}`?"));
    }
}

/// Without the interface it is in FAULT, whatever it says of that interface itself.
fn track(instance: &mut VrrpInstance, interface: &str, word: &Word<'_>) {
    if instance.interface.as_deref() == Some(interface) {
        instance.track_primary = true;
        return;
    }
    let weight = TrackWeight::default();
    let tracked = &mut instance.tracking.interfaces;
    match tracked.iter_mut().find(|track| track.name == interface) {
        Some(track) => track.weight = weight,
        None => {
            let name = interface.to_owned();
            tracked.push(Track { name, weight, span: word.span.into() });
        }
    }
}
