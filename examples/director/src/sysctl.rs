//! Settings of interfaces that instances ask for, and that are put back when nobody does any more.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::PathBuf;

use nix::net::if_::if_nametoindex;
use steadfast_conf::Model;
use tracing::{info, warn};

use crate::following::Indices;
use crate::links::Links;

/// `promote_secondaries`: when the first address of a prefix goes, the kernel keeps the others.
#[derive(Debug, Default)]
pub(crate) struct PromoteSecondaries {
    wanted: Vec<String>,
    before: BTreeMap<String, Before>,
    /// Only while it is wanted: interfaces come and go.
    indices: Option<Indices>,
}

/// What it was, and on which interface of a name: another one of the same name has a setting of its
/// own.
#[derive(Debug)]
struct Before {
    index: u32,
    setting: String,
}

impl PromoteSecondaries {
    /// Sets it on the interfaces of the instances that ask for it, and puts it back on the others.
    pub(crate) fn reconcile(&mut self, model: &Model) {
        let asking = model.instances.iter().filter(|instance| instance.promote_secondaries);
        self.wanted = asking.filter_map(|instance| instance.interface.clone()).collect();
        match &self.indices {
            None if !self.wanted.is_empty() => self.indices = Some(Indices::follow(Links::indices)),
            Some(_) if self.wanted.is_empty() => self.indices = None,
            _ => {}
        }
        self.make();
    }

    /// Sets it also on interfaces that appear.
    pub(crate) async fn follow(&mut self) -> Infallible {
        loop {
            match &mut self.indices {
                Some(indices) => drop(indices.changed().await),
                None => return std::future::pending().await,
            }
            self.make();
        }
    }

    /// Puts all back.
    pub(crate) fn stop(mut self) {
        self.reconcile(&Model::default());
    }

    fn make(&mut self) {
        for interface in self.wanted.clone() {
            let Ok(index) = if_nametoindex(interface.as_str()) else { continue };
            if self.before.get(&interface).is_none_or(|before| before.index != index) {
                self.set(&interface, index);
            }
        }
        let others = self.before.keys().filter(|name| !self.wanted.contains(name));
        for interface in others.cloned().collect::<Vec<_>>() {
            self.put_back(&interface);
        }
    }

    fn set(&mut self, interface: &str, index: u32) {
        let path = path(interface);
        let changed = std::fs::read_to_string(&path).and_then(|before| {
            std::fs::write(&path, "1")?;
            let before = Before { index, setting: before.trim().to_owned() };
            self.before.insert(interface.to_owned(), before);
            Ok(())
        });
        match changed {
            Ok(()) => info!("promote_secondaries is on for {interface}"),
            Err(error) => warn!("setting {}: {error}", path.display()),
        }
    }

    fn put_back(&mut self, interface: &str) {
        let Some(before) = self.before.remove(interface) else { return };
        if if_nametoindex(interface) != Ok(before.index) {
            return;
        }
        let path = path(interface);
        if let Err(error) = std::fs::write(&path, before.setting) {
            warn!("putting back {}: {error}", path.display());
        }
    }
}

fn path(interface: &str) -> PathBuf {
    ["/proc/sys/net/ipv4/conf", interface, "promote_secondaries"].iter().collect()
}
