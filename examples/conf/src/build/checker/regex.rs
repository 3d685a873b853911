use fancy_regex::{BytesMode, RegexBuilder};

use crate::build::Context;
use crate::check::Entries;
use crate::model::HttpRegex;
use crate::tree::Word;

/// Options of keepalived's that say how its library should go about it, not what matches.
const WITHOUT_MEANING: [&str; 11] = [
    "auto_callout",
    "dupnames",
    "never_backslash_c",
    "never_ucp",
    "never_utf",
    "no_auto_capture",
    "no_auto_possess",
    "no_dotstar_anchor",
    "no_start_optimize",
    "ungreedy",
    "use_offset_limit",
];
/// Options that would make something else match.
const UNSUPPORTED: [&str; 9] = [
    "allow_empty_class",
    "alt_bsux",
    "alt_circumflex",
    "alt_verbnames",
    "dollar_endonly",
    "firstline",
    "match_unset_backref",
    "ucp",
    "utf",
];

/// `regex` and what belongs to it, of a `url`.
pub(super) fn build(url: &Entries<'_>, context: &mut Context<'_>) -> Option<HttpRegex> {
    let Some(entry) = url.get("regex") else {
        for name in ["regex_no_match", "regex_options", "regex_min_offset", "regex_max_offset"] {
            if let Some(stray) = url.get(name) {
                context
                    .warning(stray.span(), format!("`{name}` has no effect: there is no `regex`"));
            }
        }
        return None;
    };
    let mut regex = HttpRegex {
        pattern: url.text("regex")?,
        no_match: url.has("regex_no_match"),
        caseless: false,
        multiline: false,
        dotall: false,
        extended: false,
        min_offset: url.integer("regex_min_offset").unwrap_or_default(),
        max_offset: url.integer("regex_max_offset"),
    };
    for word in url.all("regex_options").flat_map(|entry| &entry.statement.arguments) {
        option(&mut regex, word, context);
    }
    if regex.max_offset.is_some_and(|max| max < regex.min_offset)
        && let Some(max) = url.get("regex_max_offset")
    {
        context.error(max.span(), "`regex_max_offset` is below `regex_min_offset`");
    }
    let compiled = RegexBuilder::new(&regex.pattern)
        .case_insensitive(regex.caseless)
        .multi_line(regex.multiline)
        .dot_matches_new_line(regex.dotall)
        .ignore_whitespace(regex.extended)
        .bytes_mode(BytesMode::Ascii)
        .build();
    if let Err(error) = compiled {
        let message = format!("`{}` is no regular expression", regex.pattern);
        context.error(entry.span(), message).label(error.to_string());
    }
    Some(regex)
}

fn option(regex: &mut HttpRegex, word: &Word<'_>, context: &mut Context<'_>) {
    match word.text {
        "caseless" => regex.caseless = true,
        "multiline" => regex.multiline = true,
        "dotall" => regex.dotall = true,
        "extended" => regex.extended = true,
        "anchored" => regex.max_offset = Some(regex.min_offset),
        name if WITHOUT_MEANING.contains(&name) => {}
        name if UNSUPPORTED.contains(&name) => {
            context
                .error(word.span, format!("`regex_options {name}` is not supported"))
                .label("without it, something else would match")
                .help("write the pattern so that it needs no such option");
        }
        name => {
            context
                .error(word.span, format!("`regex_options` cannot be `{name}`"))
                .label("expected caseless, multiline, dotall, extended or another of PCRE2's");
        }
    }
}
