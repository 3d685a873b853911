//! Settings of interfaces that instances ask for, and that are put back when nobody does any more.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::path::{Path, PathBuf};

use nix::net::if_::if_nametoindex;
use steadfast_conf::Model;
use tracing::{info, warn};

use crate::estate::{Estate, Setting};
use crate::following::Indices;
use crate::links::Links;

/// `promote_secondaries`: when the first address of a prefix goes, the kernel keeps the others.
#[derive(Debug)]
pub(crate) struct PromoteSecondaries {
    estate: Estate,
    wanted: Vec<String>,
    /// The index of each interface that it was set on.
    made: BTreeMap<String, u32>,
    /// Only while it is wanted: interfaces come and go.
    indices: Option<Indices>,
}

impl PromoteSecondaries {
    /// Nobody wants it.
    pub(crate) fn new(estate: Estate) -> Self {
        Self { estate, wanted: Vec::new(), made: BTreeMap::new(), indices: None }
    }

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
            if self.made.get(&interface) != Some(&index) {
                self.set(interface, index);
            }
        }
        for (interface, was) in self.estate.promote_secondaries() {
            if !self.wanted.contains(&interface) {
                self.put_back(&interface, &was);
            }
        }
    }

    fn set(&mut self, interface: String, index: u32) {
        let path = path(&interface);
        match self.note(&interface, index, &path).and_then(|()| std::fs::write(&path, "1")) {
            Ok(()) => {
                info!("promote_secondaries is on for {interface}");
                self.made.insert(interface, index);
            }
            Err(error) => warn!("setting {}: {error}", path.display()),
        }
    }

    /// Notes what it was, unless that is noted already.
    fn note(&self, interface: &str, index: u32, path: &Path) -> io::Result<()> {
        let noted = self.estate.promote_secondaries();
        if noted.get(interface).is_none_or(|was| was.index != index) {
            let value = std::fs::read_to_string(path)?.trim().to_owned();
            self.estate.set_promote_secondaries(interface, Some(Setting { index, value }));
        }
        Ok(())
    }

    fn put_back(&mut self, interface: &str, was: &Setting) {
        self.made.remove(interface);
        let path = path(interface);
        if if_nametoindex(interface) == Ok(was.index)
            && let Err(error) = std::fs::write(&path, &was.value)
        {
            warn!("putting back {}: {error}", path.display());
        }
        self.estate.set_promote_secondaries(interface, None);
    }
}

fn path(interface: &str) -> PathBuf {
    ["/proc/sys/net/ipv4/conf", interface, "promote_secondaries"].iter().collect()
}
