use std::fmt;

use crate::model::{Script, ScriptUser, TrackWeight, VrrpScript};

use super::Print;
use super::page::{Page, Quoted, Seconds, Word};

impl Print for VrrpScript {
    fn print(&self, page: &mut Page<'_>) {
        let Self { name, script, interval, timeout, weight, rise, fall, init_fail, span: _ } = self;
        page.block(format_args!("vrrp_script {}", Word(name)), |page| {
            page.value("script", Command(&script.argv));
            page.optional("user", script.user.as_ref());
            page.value("interval", Seconds(*interval));
            page.value("timeout", Seconds(*timeout));
            page.value("weight", weight);
            page.value("rise", rise);
            page.value("fall", fall);
            page.alone("init_fail", *init_fail);
        });
    }
}

/// `COMMAND [USER [[:]GROUP]]`.
impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { argv, user, span: _ } = self;
        Command(argv).fmt(f)?;
        user.as_ref().map_or(Ok(()), |user| write!(f, " {user}"))
    }
}

/// `USER [[:]GROUP]`.
impl fmt::Display for ScriptUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { user, group, supplementary_groups } = self;
        Word(user).fmt(f)?;
        match (supplementary_groups, group) {
            (true, Some(group)) => write!(f, " : {}", Word(group)),
            (true, None) => f.write_str(" :"),
            (false, Some(group)) => write!(f, " {}", Word(group)),
            (false, None) => Ok(()),
        }
    }
}

/// `N [reverse]`.
impl fmt::Display for TrackWeight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.get(), if self.reverse() { " reverse" } else { "" })
    }
}

/// A program and its arguments: in one pair of quotes, each in quotes of its own if it needs them.
pub(super) struct Command<'a>(pub(super) &'a [String]);

impl fmt::Display for Command<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Read twice: once as one word in quotes, then as the words within.
        Quoted(&CommandLine(self.0).to_string()).fmt(f)
    }
}

/// A program and its arguments, each in quotes of its own if it needs them.
pub(super) struct CommandLine<'a>(pub(super) &'a [String]);

impl fmt::Display for CommandLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<String> = self.0.iter().map(|word| argument(word)).collect();
        f.write_str(&words.join(" "))
    }
}

fn argument(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:,@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    let mut text = String::from('"');
    for c in word.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            c if c.is_control() => text.extend(format!("\\x{:02x}", u32::from(c)).chars()),
            c => text.push(c),
        }
    }
    text.push('"');
    text
}
