//! The kernel's sync daemons.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::num::{NonZeroU8, NonZeroU16};

use steadfast_ipvs::{
    Destination, DestinationKey, Error, ForwardMethod, MulticastGroup, Scheduler, SyncDaemon,
    SyncRole, Tunnel, Weight,
};

use crate::{connect, entry, key, one_host, run};

fn on(role: SyncRole, interface: &str) -> SyncDaemon {
    SyncDaemon::new(role, interface.parse().unwrap())
}

fn chosen() -> SyncDaemon {
    SyncDaemon {
        sync_id: 7,
        max_length: NonZeroU16::new(1200),
        group: Some(MulticastGroup::new(Ipv4Addr::new(239, 1, 2, 3)).unwrap()),
        port: NonZeroU16::new(9000),
        ttl: NonZeroU8::new(3),
        ..on(SyncRole::Backup, "eth0")
    }
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn both_daemons_run_as_they_were_started() {
    let network = one_host();
    run(async {
        let mut client = connect(&network).await;
        client.start_sync_daemon(&on(SyncRole::Master, "eth0")).await.unwrap();
        client.start_sync_daemon(&chosen()).await.unwrap();
        let defaults = SyncDaemon {
            max_length: NonZeroU16::new(1472),
            group: Some(MulticastGroup::new(Ipv4Addr::new(224, 0, 0, 81)).unwrap()),
            port: NonZeroU16::new(8848),
            ttl: NonZeroU8::new(1),
            ..on(SyncRole::Master, "eth0")
        };
        assert_eq!(client.sync_daemons().await.unwrap(), [defaults, chosen()]);
    });
    let shown = network.host("a").unwrap().run("ipvsadm", ["-L", "--daemon"]).unwrap();
    assert_eq!(
        shown,
        "master sync daemon (mcast=eth0, syncid=0, maxlen=1472, group=224.0.0.81, port=8848, ttl=1)\n\
         backup sync daemon (mcast=eth0, syncid=7, maxlen=1200, group=239.1.2.3, port=9000, ttl=3)\n"
    );
    run(async {
        let mut client = connect(&network).await;
        for role in [SyncRole::Master, SyncRole::Backup] {
            client.stop_sync_daemon(role).await.unwrap();
        }
        assert_eq!(client.sync_daemons().await.unwrap(), []);
    });
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_daemon_that_cannot_start_or_stop_says_why() {
    let network = one_host();
    run(async {
        let mut client = connect(&network).await;
        let master = on(SyncRole::Master, "eth0");
        let refused = client.start_sync_daemon(&on(SyncRole::Master, "eth9")).await;
        assert!(matches!(refused, Err(Error::NoSuchInterface(name)) if name.name() == "eth9"));
        let refused = client.stop_sync_daemon(SyncRole::Master).await;
        assert!(matches!(refused, Err(Error::NoSyncDaemon(SyncRole::Master))));

        let mut mixed = entry(key(80), Scheduler::RR, &[]);
        let server = DestinationKey { address: Ipv6Addr::LOCALHOST.into(), port: 80 };
        let tunnel = Destination::new(ForwardMethod::Tunnel(Tunnel::Ipip), Weight::from(1));
        mixed.insert(server, tunnel).unwrap();
        crate::apply(&mut client, &[mixed].into_iter().collect()).await;
        let refused = client.start_sync_daemon(&master).await;
        assert!(matches!(refused, Err(Error::SyncDaemonRefused(_))), "{refused:?}");

        client.flush().await.unwrap();
        client.start_sync_daemon(&master).await.unwrap();
        let refused = client.start_sync_daemon(&master).await;
        assert!(matches!(refused, Err(Error::SyncDaemonRuns(SyncRole::Master))));
    });
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_daemon_that_is_stopped_before_it_ran_is_gone() {
    let network = one_host();
    run(async {
        let mut client = connect(&network).await;
        let master = on(SyncRole::Master, "eth0");
        for _ in 0..3 {
            client.start_sync_daemon(&master).await.unwrap();
            client.stop_sync_daemon(SyncRole::Master).await.unwrap();
            assert_eq!(client.sync_daemons().await.unwrap(), []);
        }
    });
}
