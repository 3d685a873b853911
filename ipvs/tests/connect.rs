//! Connecting, on whatever kernel this is.

#![cfg(feature = "client")]
#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::path::Path;

use steadfast_ipvs::{Client, Error};

#[test]
fn a_kernel_without_ipvs_is_told_from_one_that_has_it() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let connected = runtime.block_on(Client::connect());
    // The kernel loads its module when it is asked for IPVS.
    if Path::new("/proc/net/ip_vs").exists() {
        assert!(connected.is_ok(), "{connected:?}");
    } else {
        let Err(error) = connected else { panic!("connected to nothing") };
        assert!(matches!(error, Error::NoIpvs), "{error:?}");
        assert!(error.to_string().contains("modprobe ip_vs"), "{error}");
    }
}
