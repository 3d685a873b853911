//! What checkers have in common, and pages.

use std::time::Duration;

use steadfast_conf::model::{Checker, Connection, HttpCheck, HttpVersion, Probe};

use super::{model, said, server};

fn checker(text: &str) -> Checker {
    model(text).virtual_servers[0].real_servers[0].checkers[0].clone()
}

fn connection(checker: &Checker) -> &Connection {
    checker.probe.connection().unwrap()
}

fn http(lines: &str) -> HttpCheck {
    let Probe::Http(http) = checker(&server(&format!("HTTP_GET {{\n{lines}\n}}"))).probe else {
        panic!("HTTP_GET is an HTTP check")
    };
    *http
}

#[test]
fn a_tcp_check_has_defaults() {
    let checker = checker(&server("TCP_CHECK { }").replace("delay_loop 6\n", ""));
    let Probe::Tcp(connection) = &checker.probe else { panic!("TCP_CHECK is a TCP check") };
    assert_eq!((connection.address, connection.port), (None, None));
    assert_eq!(connection.origin, None);
    assert_eq!(connection.timeout, Duration::from_secs(5));
    assert_eq!(
        (checker.rules.retry, checker.rules.alpha, checker.rules.log_all_failures),
        (1, false, false)
    );
    assert_eq!(checker.rules.delay_before_retry, Duration::from_secs(1));
    assert_eq!(checker.rules.delay_loop, Duration::from_secs(60));
    assert_eq!(checker.rules.warmup, Duration::from_secs(60));
}

#[test]
fn an_http_check_waits_three_seconds_before_a_retry() {
    let checker = checker(&server("HTTP_GET {\nurl {\npath /\n}\n}"));
    assert_eq!(checker.rules.delay_before_retry, Duration::from_secs(3));
    assert_eq!(checker.rules.delay_loop, Duration::from_secs(6));
}

#[test]
fn checker_beats_server_beats_service() {
    let text = server(
        "connect_timeout 2\nretry 2\ndelay_before_retry 2\nwarmup 2\nalpha\n\
         TCP_CHECK {\nconnect_timeout 3\nretry 0\nalpha off\n}\nTCP_CHECK {\nconnect_port 81\n}",
    )
    .replace("delay_loop 6", "delay_loop 6\nretry 9\nwarmup 9\nconnect_timeout 9");
    let model = model(&text);
    let [own, inherited] = model.virtual_servers[0].real_servers[0].checkers.as_slice() else {
        panic!("two checkers")
    };
    assert_eq!((own.rules.retry, own.rules.alpha), (0, false));
    assert_eq!(connection(own).timeout, Duration::from_secs(3));
    assert_eq!((inherited.rules.retry, inherited.rules.alpha), (2, true));
    assert_eq!(connection(inherited).timeout, Duration::from_secs(2));
    assert_eq!(inherited.rules.delay_before_retry, Duration::from_secs(2));
    assert_eq!(inherited.rules.warmup, Duration::from_secs(2));
    assert_eq!(inherited.rules.delay_loop, Duration::from_secs(6));
}

#[test]
fn a_check_connects_where_it_is_told() {
    let text = server(
        "TCP_CHECK {\nconnect_ip 192.0.2.31\nconnect_port 81\nbindto 192.0.2.1\nbind_port 1024\n\
         bind_if eth1\nfwmark 7\n}",
    );
    let checker = checker(&text);
    let connection = connection(&checker);
    assert_eq!(connection.address.unwrap().to_string(), "192.0.2.31");
    assert_eq!(connection.port, Some(81));
    let origin = connection.origin.as_deref().unwrap();
    assert_eq!(origin.bind.unwrap().to_string(), "192.0.2.1:1024");
    assert_eq!(origin.interface.as_deref(), Some("eth1"));
    assert_eq!(origin.mark.unwrap().get(), 7);
    let text = server("TCP_CHECK {\nbindto 2001:db8::1\n}");
    assert_eq!(said(&text), ["error: 2001:db8::1 cannot reach 192.0.2.21"]);
}

#[test]
fn nb_get_retry_is_retry() {
    let text = server("TCP_CHECK {\nnb_get_retry 4\n}");
    assert_eq!(said(&text), ["warning: `nb_get_retry` is the old name of `retry`"]);
    assert_eq!(checker(&text).rules.retry, 4);
}

#[test]
fn a_page_has_a_path_a_digest_and_codes() {
    let http = http(
        "http_protocol 1.1\nurl {\npath \"/a b\"\ndigest 000102030405060708090A0b0c0d0e0f\n\
         status_code 200 301-302\nstatus_code 404\n}\nurl {\npath /\n}",
    );
    assert_eq!(http.version, HttpVersion::Http11);
    let [page, plain] = http.urls.as_slice() else { panic!("two pages") };
    assert_eq!(page.path, "/a b");
    assert_eq!(page.digest, Some([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]));
    assert_eq!(page.status, [200..=200, 301..=302, 404..=404]);
    assert_eq!((plain.digest, plain.status.as_slice()), (None, [200..=299].as_slice()));
}

#[test]
fn the_innermost_virtualhost_counts() {
    let text = server(
        "virtualhost server\nHTTP_GET {\nurl {\npath /\nvirtualhost page\n}\nurl {\npath /\n}\n}",
    )
    .replace("delay_loop 6", "virtualhost service");
    let Probe::Http(http) = checker(&text).probe else { panic!("HTTP_GET is an HTTP check") };
    let hosts: Vec<_> = http.urls.iter().map(|url| url.host.as_deref().unwrap()).collect();
    assert_eq!(hosts, ["page", "server"]);
}

#[test]
fn wrong_pages_are_errors() {
    for (lines, error) in [
        ("", "`HTTP_GET` has no `url`"),
        ("url { }", "`path` is missing"),
        ("url {\npath /\ndigest abc\n}", "`digest` cannot be `abc`"),
        ("url {\npath /\nstatus_code 299-200\n}", "`status_code` cannot be `299-200`"),
        ("url {\npath /\nstatus_code 99\n}", "`status_code` cannot be `99`"),
        ("url {\npath /\nregex (\n}", "`(` is no regular expression"),
        ("url {\npath /\nregex x\nregex_options utf\n}", "`regex_options utf` is not supported"),
        ("url {\npath /\nregex x\nregex_options no\n}", "`regex_options` cannot be `no`"),
        ("url {\npath /\n}\nhttp_protocol 2", "`http_protocol` cannot be `2`"),
    ] {
        let text = server(&format!("HTTP_GET {{\n{lines}\n}}"));
        assert_eq!(said(&text), [format!("error: {error}")]);
    }
}

#[test]
fn what_may_be_in_a_body_is_a_pattern_with_options() {
    let http = http(
        "url {\npath /\nregex \"state: \\\\S+ ok\"\nregex_options caseless dotall\n\
         regex_options no_auto_possess\nregex_no_match\nregex_min_offset 3\nregex_max_offset 9\n}",
    );
    let regex = http.urls[0].regex.as_ref().unwrap();
    assert_eq!(regex.pattern, r"state: \S+ ok");
    assert!(regex.no_match && regex.caseless && regex.dotall);
    assert!(!regex.multiline && !regex.extended);
    assert_eq!((regex.min_offset, regex.max_offset), (3, Some(9)));
}

#[test]
fn recovery_is_fast_if_it_is_told_to_be() {
    assert!(!http("url {\npath /\n}").fast_recovery);
    assert!(http("fast_recovery\nurl {\npath /\n}").fast_recovery);
}

#[test]
fn all_failures_are_logged_by_default_if_they_are_globally() {
    let global = "global_defs { checker_log_all_failures }\n";
    let of = |lines: &str| checker(&format!("{global}{}", server(lines))).rules.log_all_failures;
    assert!(of("TCP_CHECK { }"));
    assert!(!of("TCP_CHECK {\nlog_all_failures no\n}"));
}

#[test]
fn a_server_without_checks_is_noted() {
    assert_eq!(said(&server("")), ["note: 192.0.2.21 is never checked"]);
}
