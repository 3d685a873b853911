//! Timeouts, and the settings under `net.ipv4.vs`.

use std::time::Duration;

use steadfast_ipvs::{Defence, Error, SyncThreshold, SysctlError, Sysctls, Timeouts};

use crate::{connect, one_host, run};

/// How long a kernel takes them depends on its ticks in a second.
#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn the_longest_timeouts_are_set_or_explained() {
    let network = one_host();
    run(async {
        let mut client = connect(&network).await;
        let before = client.timeouts().await.unwrap();
        let longest = Duration::from_secs(21_474_836);
        let longest = Timeouts::new(longest, longest, longest).unwrap();
        match client.set_timeouts(&longest).await {
            Ok(()) => assert_eq!(client.timeouts().await.unwrap(), longest),
            Err(error) => {
                assert!(matches!(error, Error::TimeoutsRefused(_)), "{error}");
                assert_eq!(client.timeouts().await.unwrap(), before);
            }
        }
    });
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn what_was_written_is_read_and_all_else_stays() {
    let network = one_host();
    let path = network.host("a").unwrap().namespace_path();
    let before = Sysctls::read_in_netns(&path).unwrap();
    assert_eq!(before.conn_reuse_mode, Some(1));
    assert_eq!(before.sync_threshold, Some(SyncThreshold { threshold: 3, period: 50 }));
    let wanted = Sysctls {
        conntrack: Some(true),
        expire_nodest_conn: Some(true),
        drop_entry: Some(Defence::Automatic),
        sync_threshold: Some(SyncThreshold { threshold: 1, period: 2 }),
        sync_retries: Some(3),
        ..Sysctls::default()
    };
    wanted.write_in_netns(&path).unwrap();
    let expected = Sysctls {
        conntrack: wanted.conntrack,
        expire_nodest_conn: wanted.expire_nodest_conn,
        drop_entry: wanted.drop_entry,
        sync_threshold: wanted.sync_threshold,
        sync_retries: wanted.sync_retries,
        ..before
    };
    assert_eq!(Sysctls::read_in_netns(&path).unwrap(), expected);
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn what_the_kernel_has_not_is_read_as_nothing_and_cannot_be_written() {
    let network = one_host();
    let path = network.host("a").unwrap().namespace_path();
    let found = Sysctls::read_in_netns(&path).unwrap();
    // Both kernels are Linux 6.1.
    assert_eq!((found.run_estimation, found.est_nice), (Some(true), None));
    let refused = Sysctls { est_nice: Some(5), ..Sysctls::default() }.write_in_netns(&path);
    assert!(matches!(refused, Err(SysctlError::Unsupported("est_nice"))), "{refused:?}");
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_value_that_the_kernel_refuses_is_named() {
    let network = one_host();
    let path = network.host("a").unwrap().namespace_path();
    let refused = Sysctls { sync_retries: Some(4), ..Sysctls::default() }.write_in_netns(&path);
    let said = refused.unwrap_err().to_string();
    assert!(said.starts_with("cannot set net.ipv4.vs.sync_retries to 4: "), "{said}");
}
