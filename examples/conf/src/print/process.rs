use crate::model::{IpvsNamespace, Process};

use super::Print;
use super::page::{Page, Word};

impl Print for Process {
    fn print(&self, page: &mut Page<'_>) {
        let Self { net_namespace, net_namespace_ipvs, instance, use_pid_dir } = self;
        page.optional("net_namespace", net_namespace.as_deref().map(Word));
        match net_namespace_ipvs {
            None => {}
            Some(IpvsNamespace::Initial) => page.line("net_namespace_ipvs"),
            Some(IpvsNamespace::Named(name)) => page.value("net_namespace_ipvs", Word(name)),
        }
        page.optional("instance", instance.as_deref().map(Word));
        page.alone("use_pid_dir", *use_pid_dir);
    }
}
