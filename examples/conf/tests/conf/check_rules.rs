//! `TCP_CHECK` and `HTTP_GET`.

use std::time::Duration;

use steadfast_conf::model::{Checker, HttpCheck, HttpVersion, Probe};

use super::{model, said, server};

fn checker(text: &str) -> Checker {
    model(text).virtual_servers[0].real_servers[0].checkers[0].clone()
}

fn http(lines: &str) -> HttpCheck {
    let Probe::Http(http) = checker(&server(&format!("HTTP_GET {{\n{lines}\n}}"))).probe else {
        panic!("HTTP_GET is an HTTP check")
    };
    http
}

#[test]
fn a_tcp_check_has_defaults() {
    let checker = checker(&server("TCP_CHECK { }").replace("delay_loop 6\n", ""));
    assert_eq!(checker.probe, Probe::Tcp);
    assert_eq!(checker.target.to_string(), "192.0.2.21:8080");
    assert_eq!((checker.bind, checker.retry, checker.alpha), (None, 1, false));
    assert_eq!(checker.connect_timeout, Duration::from_secs(5));
    assert_eq!(checker.delay_before_retry, Duration::from_secs(1));
    assert_eq!(checker.delay_loop, Duration::from_secs(60));
    assert_eq!(checker.warmup, Duration::from_secs(60));
}

#[test]
fn an_http_check_waits_three_seconds_before_a_retry() {
    let checker = checker(&server("HTTP_GET {\nurl {\npath /\n}\n}"));
    assert_eq!(checker.delay_before_retry, Duration::from_secs(3));
    assert_eq!(checker.delay_loop, Duration::from_secs(6));
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
    assert_eq!((own.connect_timeout, own.retry, own.alpha), (Duration::from_secs(3), 0, false));
    assert_eq!((inherited.retry, inherited.alpha), (2, true));
    assert_eq!(inherited.connect_timeout, Duration::from_secs(2));
    assert_eq!(inherited.delay_before_retry, Duration::from_secs(2));
    assert_eq!(inherited.warmup, Duration::from_secs(2));
    assert_eq!(inherited.delay_loop, Duration::from_secs(6));
}

#[test]
fn a_check_connects_where_it_is_told() {
    let text = server(
        "TCP_CHECK {\nconnect_ip 192.0.2.31\nconnect_port 81\nbindto 192.0.2.1\nbind_port 1024\n}",
    );
    let checker = checker(&text);
    assert_eq!(checker.target.to_string(), "192.0.2.31:81");
    assert_eq!(checker.bind.unwrap().to_string(), "192.0.2.1:1024");
    let text = server("TCP_CHECK {\nbindto 2001:db8::1\n}");
    assert_eq!(said(&text), ["error: 2001:db8::1 cannot reach 192.0.2.21"]);
}

#[test]
fn nb_get_retry_is_retry() {
    let text = server("TCP_CHECK {\nnb_get_retry 4\n}");
    assert_eq!(said(&text), ["warning: `nb_get_retry` is the old name of `retry`"]);
    assert_eq!(checker(&text).retry, 4);
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
        ("url {\npath /\nregex x\n}", "`regex` is not supported yet"),
        ("url {\npath /\n}\nhttp_protocol 2", "`http_protocol` cannot be `2`"),
    ] {
        let text = server(&format!("HTTP_GET {{\n{lines}\n}}"));
        assert_eq!(said(&text), [format!("error: {error}")]);
    }
}

#[test]
fn other_checks_are_refused_and_are_not_called_missing() {
    for check in ["SSL_GET", "SMTP_CHECK", "MISC_CHECK", "DNS_CHECK", "UDP_CHECK", "PING_CHECK"] {
        let text = server(&format!("{check} {{ }}"));
        assert_eq!(said(&text), [format!("error: `{check}` is not supported yet")]);
    }
}

#[test]
fn a_server_without_checks_is_noted() {
    assert_eq!(said(&server("")), ["note: 192.0.2.21 is never checked"]);
}
