//! Links that come and go.

use std::time::{Duration, Instant};

use steadfast_vrrp::debounce::Delays;
use steadfast_vrrp::router::{FaultReason, State, StateReason};

use crate::router::{Router, config, instance, lan};

const ADDRESS: &str = "10.0.0.100";

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn a_link_that_comes_back_in_time_is_no_fault_and_one_that_does_not_is_one_only_then() {
    let delays = Delays { down: Duration::from_secs(4), up: Duration::from_secs(2) };
    let network = lan();
    let mut instance = instance(config(&[ADDRESS]));
    instance.link_delays = delays;
    let mut router = Router::start(network.host("a").unwrap(), instance);
    router.adds(ADDRESS);

    network.cut("a", "eth0").unwrap();
    network.mend("a", "eth0").unwrap();
    let cut = Instant::now();
    network.cut("a", "eth0").unwrap();
    let reason = router.reaches(State::Fault);
    let fault = FaultReason::InterfaceDown("eth0".into());
    assert_eq!(reason, StateReason::Fault(fault.clone()));
    assert_eq!(router.snapshot().fault, Some(fault));
    assert!(cut.elapsed() >= delays.down, "it was that of the first time");

    let mended = Instant::now();
    network.mend("a", "eth0").unwrap();
    router.reaches(State::Backup);
    assert!(mended.elapsed() >= delays.up);
    assert_eq!(router.snapshot().fault, None);
    router.adds(ADDRESS);
    router.stop();
}
