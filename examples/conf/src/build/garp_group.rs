//! `garp_group`.

use std::collections::HashMap;

use crate::Span;
use crate::check::{Entries, Entry};
use crate::model::GarpGroup;
use crate::tree::Word;

use super::{Context, address};

/// The groups; an interface is in one at most.
pub(super) fn build(root: &Entries<'_>, context: &mut Context<'_>) -> Vec<GarpGroup> {
    let mut taken: HashMap<String, Span> = HashMap::new();
    let mut groups = Vec::new();
    for entry in root.all("garp_group") {
        let mut interfaces = Vec::new();
        for word in interfaces_of(entry) {
            if !address::expect_interface(word.text, word.span, context) {
                continue;
            }
            if let Some(earlier) = taken.get(word.text) {
                context
                    .warning(word.span, format!("{} is in a garp_group already", word.text))
                    .label("ignored here, as keepalived does")
                    .related(*earlier, "the group that it is in");
            } else {
                taken.insert(word.text.to_owned(), word.span);
                interfaces.push(word.text.to_owned());
            }
        }
        let seconds = |name| entry.inside.seconds(name).unwrap_or_default();
        let group = GarpGroup {
            interfaces,
            garp_interval: seconds("garp_interval"),
            gna_interval: seconds("gna_interval"),
        };
        if group.garp_interval.is_zero() && group.gna_interval.is_zero() {
            context
                .warning(entry.statement.keyword.span, "this group paces nothing")
                .label("the interfaces in it do not follow `vrrp_garp_interval` either")
                .help("write `garp_interval` or `gna_interval`, in seconds");
        }
        if group.interfaces.is_empty() {
            context
                .warning(entry.statement.keyword.span, "this group has no interface")
                .label("left out, as keepalived does")
                .help("name it: `interface IF`, or several: `interfaces { … }`");
        } else {
            groups.push(group);
        }
    }
    groups
}

fn interfaces_of<'e>(entry: &'e Entry<'e>) -> impl Iterator<Item = &'e Word<'e>> {
    let one = entry.inside.get("interface").into_iter();
    let one = one.filter_map(|entry| entry.statement.arguments.first());
    let lines = entry.inside.all("interfaces").flat_map(Entry::lines);
    one.chain(lines.flat_map(|line| std::iter::once(&line.keyword).chain(&line.arguments)))
}
