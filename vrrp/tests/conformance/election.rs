//! P: pairs and trios of routers on a LAN, their takeovers timed exactly.

use std::time::Duration;

use steadfast_vrrp::VirtualRouter;
use steadfast_vrrp::router::State::{Active, Backup, Initialize};

use crate::lan::{DELAY, Lan};
use crate::support::{centis, config, ms, prio};

fn lan(priorities: &[u8]) -> Lan {
    Lan::started(priorities.iter().map(|it| config().interval(centis(10)).priority(prio(*it))))
}

/// Down interval for 100 ms.
fn down(priority: u64) -> Duration {
    ms(300) + skew(priority)
}

fn skew(priority: u64) -> Duration {
    Duration::from_nanos(100_000_000 * (256 - priority) / 256)
}

#[test]
fn p1_the_highest_priority_becomes_active_after_its_down_interval() {
    let mut lan = lan(&[100, 150, 50]);
    let start = lan.now;
    lan.run_for(ms(2000));
    assert_eq!(lan.states(), [Backup, Active, Backup]);
    assert_eq!(lan.became_active(1, start), Some(down(150)));
    assert_eq!(lan.became_active(0, start), None);
    assert_eq!(lan.became_active(2, start), None);
}

#[test]
fn p2_a_dead_router_is_replaced_at_exactly_the_computed_time() {
    let mut lan = lan(&[150, 100, 50]);
    lan.run_for(down(150) + ms(1000) + ms(50));
    lan.kill(0);
    // The last advertisement left 50 ms before.
    let last = lan.now - ms(50);
    lan.run_for(ms(1000));
    assert_eq!(lan.states(), [Active, Active, Backup]);
    assert_eq!(lan.became_active(1, last), Some(DELAY + down(100)));
    assert_eq!(lan.became_active(2, last), None);
}

#[test]
fn p3_a_router_of_higher_priority_that_joins_preempts_after_its_down_interval() {
    let mut lan = Lan::new([100, 150].map(|it| config().interval(centis(10)).priority(prio(it))));
    lan.with(0, VirtualRouter::handle_startup);
    lan.run_for(ms(1000));
    let joined = lan.now;
    lan.with(1, VirtualRouter::handle_startup);
    lan.run_for(ms(1000));
    assert_eq!(lan.states(), [Backup, Active]);
    let took_over = lan.became_active(1, joined).unwrap();
    assert_eq!(took_over, down(150));
    let &(yielded, who, state) = lan.history.last().unwrap();
    assert_eq!((who, state), (0, Backup));
    assert_eq!(yielded, joined + took_over + DELAY);
}

#[test]
fn p4_without_preemption_the_active_router_is_left_alone() {
    let configs =
        [100, 150].map(|it| config().interval(centis(10)).priority(prio(it)).preempt(false));
    let mut lan = Lan::new(configs);
    lan.with(0, VirtualRouter::handle_startup);
    lan.run_for(ms(1000));
    lan.with(1, VirtualRouter::handle_startup);
    lan.run_for(ms(10_000));
    assert_eq!(lan.states(), [Active, Backup]);
}

#[test]
fn p5_a_router_that_gives_up_is_replaced_within_the_skew() {
    let mut lan = lan(&[150, 100, 50]);
    lan.run_for(ms(1000));
    let gave_up = lan.now;
    lan.with(0, VirtualRouter::handle_shutdown);
    lan.run_for(ms(1000));
    assert_eq!(lan.states(), [Initialize, Active, Backup]);
    assert_eq!(lan.became_active(1, gave_up), Some(DELAY + skew(100)));
}

#[test]
fn p_a_tie_goes_to_the_greater_address() {
    let mut lan = lan(&[100, 100, 100]);
    lan.run_for(ms(2000));
    assert_eq!(lan.states(), [Backup, Backup, Active]);
}

#[test]
fn p_two_owners_settle_by_address() {
    let mut lan = lan(&[255, 255]);
    lan.run_for(ms(2000));
    assert_eq!(lan.states(), [Backup, Active]);
}

#[test]
fn p_routers_of_different_intervals_do_not_flap() {
    let configs = [(150, 100), (100, 1)];
    let configs =
        configs.map(|(it, interval)| config().interval(centis(interval)).priority(prio(it)));
    let mut lan = Lan::started(configs);
    lan.run_for(ms(60_000));
    assert_eq!(lan.states(), [Active, Backup]);
    let changes = lan.history.len();
    lan.run_for(ms(60_000));
    assert_eq!(lan.history.len(), changes);
}
