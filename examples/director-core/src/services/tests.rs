use steadfast_conf::{Model, Style};

use super::*;

const ONE: &str = "real_server 192.0.2.1 80 { TCP_CHECK { connect_timeout 1 } }";
const TWO: &str = "real_server 192.0.2.2 80 { TCP_CHECK { connect_timeout 1 } }";

fn model(port: u16, servers: &[&str]) -> Model {
    let servers = servers.join("\n");
    let text = format!(
        "virtual_server 192.0.2.100 {port} {{\n protocol TCP\n lb_algo rr\n lb_kind NAT\n{servers}\n}}"
    );
    let loaded = steadfast_conf::parse("test.conf", &text);
    let shown = loaded.render(Style::Plain);
    loaded.model.unwrap_or_else(|| panic!("{shown}"))
}

fn started(model: &Model) -> (Services, Checks) {
    let mut services = Services::default();
    let (checks, _) = services.reconcile(model, |_, _| Found::Nothing);
    (services, checks)
}

fn found(up: bool) -> Judgement {
    Judgement { up, weight: AskedWeight::Configured }
}

fn listed(services: &Services) -> Vec<Option<u32>> {
    services.listed().flat_map(|(_, listed)| listed.members).collect()
}

#[test]
fn a_reload_that_changes_nothing_starts_and_ends_no_check() {
    let model = model(80, &[ONE, TWO]);
    let (mut services, _) = started(&model);
    let (checks, occurrences) = services.reconcile(&model, |_, _| Found::Nothing);
    assert!(checks.started.is_empty() && checks.ended.is_empty() && occurrences.is_empty());
}

#[test]
fn a_server_that_is_down_is_down_after_a_reload_that_moves_it() {
    let (mut services, checks) = started(&model(80, &[ONE, TWO]));
    let second = checks.started[1];
    services.handle_check(second, found(false));
    services.reconcile(&model(80, &[TWO, ONE]), |_, _| Found::Nothing);
    assert_eq!(listed(&services), [None, Some(1)]);
    services.handle_check(second, found(true));
    assert_eq!(listed(&services), [Some(1), Some(1)]);
}

#[test]
fn the_checks_of_a_server_that_left_end() {
    let (mut services, first) = started(&model(80, &[ONE, TWO]));
    let (checks, _) = services.reconcile(&model(80, &[ONE]), |_, _| Found::Nothing);
    assert_eq!(checks.ended, [first.started[1]]);
    assert!(checks.started.is_empty());
}

#[test]
fn another_check_of_a_server_that_is_down_leaves_it_down_until_it_has_judged() {
    let (mut services, checks) = started(&model(80, &[ONE, TWO]));
    services.handle_check(checks.started[1], found(false));
    let changed = TWO.replace("connect_timeout 1", "connect_timeout 2");
    let (checks, _) = services.reconcile(&model(80, &[ONE, &changed]), |_, _| Found::Nothing);
    assert_eq!(listed(&services), [Some(1), None]);
    services.handle_check(checks.started[0], found(true));
    assert_eq!(listed(&services), [Some(1), Some(1)]);
}

#[test]
fn a_service_that_comes_with_a_reload_gains_its_quorum() {
    let (mut services, _) = started(&model(80, &[ONE]));
    let (checks, occurrences) = services.reconcile(&model(81, &[ONE]), |_, _| Found::Nothing);
    assert_eq!((checks.started.len(), checks.ended.len()), (1, 1));
    let gained = occurrences.iter().filter(
        |occurrence| matches!(occurrence, Occurrence::Quorum { change, .. } if change.has_quorum),
    );
    assert_eq!(gained.count(), 1);
}

/// Who goes down, or loses its quorum, as keepalived tells it at a reload.
fn fallen(occurrences: &[Occurrence]) -> Vec<&str> {
    let name = |occurrence| match occurrence {
        &Occurrence::Server { ref server, up: false, .. } => Some(server.as_str()),
        Occurrence::Quorum { service, change, .. } if !change.has_quorum => Some(service.as_str()),
        _ => None,
    };
    occurrences.iter().filter_map(name).collect()
}

#[test]
fn a_service_that_leaves_with_a_reload_goes_down_with_its_servers() {
    let (mut services, _) = started(&model(80, &[ONE]));
    let (_, occurrences) = services.reconcile(&Model::default(), |_, _| Found::Nothing);
    assert_eq!(fallen(&occurrences), ["[192.0.2.1]:tcp:80", "[192.0.2.100]:tcp:80"]);
}

#[test]
fn a_server_that_leaves_with_a_reload_goes_down() {
    let (mut services, _) = started(&model(80, &[ONE, TWO]));
    let (_, occurrences) = services.reconcile(&model(80, &[ONE]), |_, _| Found::Nothing);
    assert_eq!(fallen(&occurrences), ["[192.0.2.2]:tcp:80"]);
}

#[test]
fn a_server_that_is_down_leaves_with_a_reload_without_a_word() {
    let (mut services, checks) = started(&model(80, &[ONE, TWO]));
    services.handle_check(checks.started[1], found(false));
    let (_, occurrences) = services.reconcile(&model(80, &[ONE]), |_, _| Found::Nothing);
    assert_eq!(fallen(&occurrences), [""; 0]);
}

#[test]
fn a_word_of_a_check_that_has_ended_changes_nothing() {
    let (mut services, first) = started(&model(80, &[ONE, TWO]));
    services.reconcile(&model(80, &[ONE]), |_, _| Found::Nothing);
    assert_eq!(services.handle_check(first.started[1], found(false)), []);
}

#[test]
fn what_checks_ask_for_adds_up_within_bounds() {
    let weight = |asked: &[AskedWeight]| {
        let check = |&weight: &_| Check { number: 0, health: Health::Up, weight };
        Server { checks: asked.iter().map(check).collect(), found: Found::Nothing }.weight(10)
    };
    assert_eq!(weight(&[AskedWeight::Configured]), 10);
    assert_eq!(weight(&[AskedWeight::Exactly(3)]), 3);
    assert_eq!(weight(&[AskedWeight::Exactly(3), AskedWeight::More(5)]), 8);
    assert_eq!(weight(&[AskedWeight::More(-99)]), 0);
    assert_eq!(weight(&[AskedWeight::More(i32::MAX)]), 65_535);
}

fn said(text: &str) -> Vec<String> {
    let loaded = steadfast_conf::parse("test.conf", text);
    let shown = loaded.render(Style::Plain);
    let model = loaded.model.unwrap_or_else(|| panic!("{shown}"));
    let (_, occurrences) = Services::default().reconcile(&model, |_, _| Found::Nothing);
    let said = |occurrence: &Occurrence| match occurrence {
        Occurrence::Server { server, service, up, .. } => format!("{server} of {service} {up}"),
        Occurrence::Quorum { service, change, .. } => format!("{service} {}", change.has_quorum),
        Occurrence::Check { server, text, .. } => format!("{server} {text}"),
    };
    occurrences.iter().map(said).collect()
}

fn service(lines: &str) -> String {
    format!(
        "virtual_server 192.0.2.100 80 {{\n protocol TCP\n lb_algo rr\n lb_kind NAT\n{lines}\n{ONE}\n}}"
    )
}

#[test]
fn a_service_whose_servers_need_no_check_first_gains_its_quorum_at_the_start() {
    assert_eq!(said(&service("")), ["[192.0.2.100]:tcp:80 true"]);
}

#[test]
fn a_service_that_waits_for_checks_says_nothing_at_the_start() {
    assert_eq!(said(&service("alpha")), [""; 0]);
}

#[test]
fn a_service_that_waits_behind_a_sorry_server_has_lost_its_quorum() {
    let text = service("alpha\nsorry_server 192.0.2.9 80");
    assert_eq!(said(&text), ["[192.0.2.100]:tcp:80 false"]);
}

#[test]
fn a_server_that_waited_for_its_check_and_fails_it_goes_down() {
    let loaded = steadfast_conf::parse("test.conf", &service("alpha"));
    let mut services = Services::default();
    let (checks, _) = services.reconcile(&loaded.model.unwrap(), |_, _| Found::Nothing);
    let occurrences = services.handle_check(checks.started[0], found(false));
    assert!(matches!(occurrences.first(), Some(Occurrence::Server { up: false, .. })));
}

#[test]
fn a_check_at_another_interval_is_the_same_check() {
    let (mut services, first) = started(&model(80, &[ONE]));
    let slower = "real_server 192.0.2.1 80 { TCP_CHECK {\n connect_timeout 1\n retry 7\n} }";
    let (checks, _) = services.reconcile(&model(80, &[slower]), |_, _| Found::Nothing);
    assert!(checks.started.is_empty() && checks.ended.is_empty());
    assert_eq!(checks.retimed[0], first.started[0]);
    assert_eq!(services.checker(checks.retimed[0]).unwrap().1.rules.retry, 7);
}

#[test]
fn only_services_that_something_happened_to_are_looked_at() {
    let mut both = model(80, &[ONE]);
    both.virtual_servers.extend(model(81, &[TWO]).virtual_servers);
    let (mut services, checks) = started(&both);
    assert_eq!(services.take_touched().count(), 2);
    services.handle_check(checks.started[1], found(false));
    let touched: Vec<_> = services.take_touched().map(|(model, _)| name(model)).collect();
    assert_eq!(touched, ["[192.0.2.100]:tcp:81"]);
    assert_eq!(services.take_touched().count(), 0);
}

#[test]
fn servers_that_are_up_at_the_start_are_told_if_they_are_to_be() {
    let text = format!("global_defs {{ rs_init_notifies }}\n{}", service(""));
    assert_eq!(
        said(&text),
        ["[192.0.2.1]:tcp:80 of [192.0.2.100]:tcp:80 true", "[192.0.2.100]:tcp:80 true"]
    );
}

#[test]
fn a_server_that_an_earlier_run_had_taken_out_waits_for_its_first_check() {
    let mut services = Services::default();
    let model = model(80, &[ONE, TWO]);
    let waiting = &model.virtual_servers[0].real_servers[1];
    let left = |_: &_, server: &_| {
        if server == waiting { Found::Waiting } else { Found::Serving }
    };
    let (checks, _) = services.reconcile(&model, left);
    assert_eq!(listed(&services), [Some(1), None]);
    services.handle_check(checks.started[1], found(true));
    assert_eq!(listed(&services), [Some(1), Some(1)]);
}

#[test]
fn a_server_that_an_earlier_run_had_left_with_weight_0_stays_so_until_its_first_check() {
    let mut services = Services::default();
    let (checks, _) = services.reconcile(&model(80, &[ONE]), |_, _| Found::Idle);
    assert_eq!(listed(&services), [Some(0)]);
    services.handle_check(checks.started[0], found(false));
    assert_eq!(listed(&services), [None]);
    services.handle_check(checks.started[0], found(true));
    assert_eq!(listed(&services), [Some(1)]);
}

#[test]
fn a_service_that_an_earlier_run_had_found_good_enough_does_not_go_to_its_sorry_server() {
    let quorum = "sorry_server 192.0.2.9 80\nquorum 2\nhysteresis 1";
    let heavy = ONE.replace("{ TCP", "{\nweight 2\nTCP").replace("} }", "}\n}");
    let model = model(80, &[quorum, &heavy, TWO]);
    let heavy = &model.virtual_servers[0].real_servers[0];
    let left = |_: &_, server: &_| if server == heavy { Found::Serving } else { Found::Waiting };
    let mut services = Services::default();
    services.reconcile(&model, left);
    let (_, on_list) = services.listed().next().unwrap();
    assert_eq!((on_list.members, on_list.sorry), (vec![Some(2), None], None));
}

#[test]
fn after_a_reload_only_services_that_changed_are_looked_at() {
    let both = |servers: &[&str]| {
        let mut both = model(81, &[ONE]);
        both.virtual_servers.extend(model(80, servers).virtual_servers);
        both
    };
    let (mut services, _) = started(&both(&[ONE]));
    assert_eq!(services.take_touched().count(), 2);
    services.reconcile(&both(&[ONE, TWO]), |_, _| Found::Nothing);
    let touched: Vec<_> = services.take_touched().map(|(model, _)| name(model)).collect();
    assert_eq!(touched, ["[192.0.2.100]:tcp:80"]);
}

#[test]
fn what_a_check_has_changed_before_a_reload_moves_its_service_is_still_looked_at() {
    let (mut services, checks) = started(&model(80, &[ONE]));
    services.take_touched().for_each(drop);
    services.handle_check(checks.started[0], found(false));
    let mut both = model(81, &[TWO]);
    both.virtual_servers.extend(model(80, &[ONE]).virtual_servers);
    services.reconcile(&both, |_, _| Found::Nothing);
    assert_eq!(services.take_touched().count(), 2);
    services.handle_check(checks.started[0], found(true));
    let touched: Vec<_> = services.take_touched().map(|(model, _)| name(model)).collect();
    assert_eq!(touched, ["[192.0.2.100]:tcp:80"]);
}
