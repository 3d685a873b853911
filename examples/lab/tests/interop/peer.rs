//! A router that is a program: the other one, or the director.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use steadfast_lab::{Host, Network, Process, binary, wait_until};
use steadfast_vrrp::router::State;

use crate::scenario::PATIENCE;
use crate::variant::{Role, Side, Variant};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Implementation {
    Director,
    Keepalived,
    Frr,
}

/// Where its vrrpd looks for zebra.
const ZEBRAS_SOCKET: &str = "zserv";

/// A host on which a router of that kind can be started again and again.
pub(crate) struct Peer<'a> {
    host: &'a Host,
    side: Side,
    implementation: Implementation,
    variant: Variant,
    router: Option<Process>,
    /// How much it had said in earlier lives.
    said_before: usize,
    /// What FRR's vrrpd gets its knowledge of interfaces from.
    _zebra: Option<Process>,
}

impl<'a> Peer<'a> {
    pub(crate) fn new(
        network: &'a Network,
        side: Side,
        implementation: Implementation,
        variant: Variant,
    ) -> Self {
        let host = network.host(side.host()).unwrap();
        let zebra = match implementation {
            Implementation::Director | Implementation::Keepalived => None,
            Implementation::Frr => {
                let folder = host.folder();
                // It runs as a user of its own.
                std::fs::set_permissions(folder, PermissionsExt::from_mode(0o777)).unwrap();
                host.write("macvlan", &variant.macvlan().join("\n")).unwrap();
                let batch = folder.join("macvlan").display().to_string();
                host.run("ip", ["-batch", &batch]).unwrap();
                let zebra = frr(host, "zebra", "");
                let socket = folder.join(ZEBRAS_SOCKET);
                wait_until(PATIENCE, "zebra listens", || socket.exists()).unwrap();
                Some(zebra)
            }
        };
        Self { host, side, implementation, variant, router: None, said_before: 0, _zebra: zebra }
    }

    pub(crate) fn start(&mut self, role: Role) {
        let router = match self.implementation {
            Implementation::Director => self.start_keepalived(&binary("director").unwrap(), role),
            Implementation::Keepalived => {
                self.start_keepalived(Path::new("/usr/sbin/keepalived"), role)
            }
            Implementation::Frr => frr(self.host, "vrrpd", &self.variant.frr(role)),
        };
        self.router = Some(router);
    }

    fn start_keepalived(&self, program: &Path, role: Role) -> Process {
        let configuration = self.variant.keepalived(self.side, role);
        self.host.spawn_keepalived("router", program, &configuration).unwrap()
    }

    /// Stops it in order.
    pub(crate) fn stop(&mut self) {
        let mut router = self.router.take().unwrap();
        assert!(router.terminate(PATIENCE).unwrap().success());
        self.said_before = router.log().len();
    }

    pub(crate) fn becomes(&self, state: State) {
        let what = format!("{:?} is {state}", self.implementation);
        wait_until(PATIENCE, what, || self.state() == Some(state) && self.is_settled(state))
            .unwrap();
    }

    /// FRR has zebra change its macvlan, and that stays down for ever if it is to come up again
    /// before it has gone down.
    fn is_settled(&self, state: State) -> bool {
        if self.implementation != Implementation::Frr {
            return true;
        }
        let shown = self.host.run("ip", ["-oneline", "link", "show", "type", "macvlan"]).unwrap();
        shown.contains("LOWER_UP") == (state == State::Active)
    }

    pub(crate) fn says(&self, text: &str) {
        let what = format!("{:?} says: {text}", self.implementation);
        wait_until(PATIENCE, what, || self.said().contains(text)).unwrap();
    }

    /// What it has printed in this life.
    pub(crate) fn said(&self) -> String {
        let said = self.router.as_ref().unwrap().log();
        said[self.said_before..].to_owned()
    }

    /// Its state, as it said last.
    pub(crate) fn state(&self) -> Option<State> {
        let [backup, active] = match self.implementation {
            Implementation::Director | Implementation::Keepalived => {
                ["Entering BACKUP STATE", "Entering MASTER STATE"]
            }
            Implementation::Frr => ["-> Backup", "-> Master"],
        };
        self.said().lines().rev().find_map(|line| {
            let is = |text| line.contains(text);
            is(backup).then_some(State::Backup).or_else(|| is(active).then_some(State::Active))
        })
    }
}

fn frr(host: &Host, daemon: &str, configuration: &str) -> Process {
    let folder = host.folder();
    let file = host.write(&format!("{daemon}.conf"), configuration).unwrap();
    let pid_file = folder.join(format!("{daemon}.pid"));
    let sockets =
        [folder.join(ZEBRAS_SOCKET), folder.to_owned()].map(|path| path.display().to_string());
    let files = [file, pid_file].map(|path| path.display().to_string());
    let arguments = [
        ["--config_file", &files[0]],
        ["--pid_file", &files[1]],
        ["--socket", &sockets[0]],
        ["--vty_socket", &sockets[1]],
        // No port for the terminal.
        ["--vty_port", "0"],
        ["--log", "stdout"],
        ["--log-level", "debug"],
    ];
    host.spawn(daemon, format!("/usr/lib/frr/{daemon}"), arguments.as_flattened()).unwrap()
}
