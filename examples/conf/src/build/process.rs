use crate::check::Entries;
use crate::model::{IpvsNamespace, Process};
use crate::{Diagnostic, Diagnostics, Severity};

pub(crate) fn build(root: &Entries<'_>, diagnostics: &mut Diagnostics) -> Process {
    Process {
        net_namespace: file_name(root, "net_namespace", diagnostics),
        net_namespace_ipvs: ipvs_namespace(root, diagnostics),
        instance: file_name(root, "instance", diagnostics),
        use_pid_dir: root.has("use_pid_dir"),
    }
}

fn ipvs_namespace(root: &Entries<'_>, diagnostics: &mut Diagnostics) -> Option<IpvsNamespace> {
    const KEYWORD: &str = "net_namespace_ipvs";
    if root.text(KEYWORD).is_none_or(|name| name.is_empty()) {
        return root.has(KEYWORD).then_some(IpvsNamespace::Initial);
    }
    file_name(root, KEYWORD, diagnostics).map(IpvsNamespace::Named)
}

/// A name that can be part of the name of a file.
fn file_name(root: &Entries<'_>, keyword: &str, diagnostics: &mut Diagnostics) -> Option<String> {
    let name = root.text(keyword)?;
    if !name.contains('/') && !["", ".", ".."].contains(&name.as_str()) {
        return Some(name);
    }
    let span = root.get(keyword)?.span();
    diagnostics.push(
        Diagnostic::new(Severity::Error, span, format!("`{name}` can be no part of a file name"))
            .label("files are named after it"),
    );
    None
}
