//! Checkers other than `TCP_CHECK` and `HTTP_GET`.

use std::path::Path;
use std::time::Duration;

use steadfast_conf::model::{Checker, Probe};

use super::{model, said, server};

fn checkers(check: &str) -> Vec<Checker> {
    model(&server(check)).virtual_servers[0].real_servers[0].checkers.to_vec()
}

fn probe(check: &str) -> Probe {
    checkers(check)[0].probe.clone()
}

#[test]
fn ssl_get_tells_a_name_only_if_it_is_to() {
    let sni = |lines: &str| {
        let check = format!("SSL_GET {{\n{lines}\nurl {{\npath /\nvirtualhost a.example\n}}\n}}");
        let Probe::Http(http) = probe(&check) else { panic!("SSL_GET is an HTTP check") };
        assert!(http.tls.is_some());
        http.urls[0].sni.clone()
    };
    assert_eq!(sni(""), None);
    assert_eq!(sni("enable_sni").as_deref(), Some("a.example"));
    assert_eq!(sni("sni_name b.example").as_deref(), Some("b.example"));
}

#[test]
fn the_name_that_ssl_get_tells_is_its_virtual_host_without_a_port_and_no_address() {
    let sni = |host: &str| {
        let check = format!("SSL_GET {{\nenable_sni\nurl {{\npath /\nvirtualhost {host}\n}}\n}}");
        let Probe::Http(http) = probe(&check) else { panic!("SSL_GET is an HTTP check") };
        assert_eq!(http.urls[0].host.as_deref(), Some(host));
        http.urls[0].sni.clone()
    };
    assert_eq!(sni("a.example:8443").as_deref(), Some("a.example"));
    for address in
        ["192.0.2.1", "192.0.2.1:8443", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:8443"]
    {
        assert_eq!(sni(address), None, "{address}");
    }
}

#[test]
fn tls_compliance_is_of_a_page_or_of_all() {
    let check = "SSL_GET {\nurl {\npath /a\ntls_compliant\n}\nurl {\npath /b\n}\n}";
    let compliant = |check: &str| {
        let Probe::Http(http) = probe(check) else { panic!("SSL_GET is an HTTP check") };
        http.urls.iter().map(|url| url.tls_compliant).collect::<Vec<_>>()
    };
    assert_eq!(compliant(check), [true, false]);
    assert_eq!(compliant(&check.replacen('{', "{\ntls_compliant\n", 1)), [true, true]);
}

#[test]
fn ssl_says_who_we_are_and_whom_we_believe() {
    let ssl = "SSL {\nca /etc/ca.pem\ncertificate /etc/us.pem\nkey /etc/us.key\n}\n";
    let text = format!("{ssl}{}", server("SSL_GET {\nurl {\npath /\n}\n}"));
    let note = "note: servers must have a certificate that these have signed";
    assert_eq!(said(&text), [note]);
    let checker = model(&text).virtual_servers[0].real_servers[0].checkers[0].clone();
    let Probe::Http(http) = checker.probe else { panic!("SSL_GET is an HTTP check") };
    let ssl = http.tls.unwrap();
    assert_eq!(ssl.authorities.as_deref(), Some(Path::new("/etc/ca.pem")));
    assert_eq!(ssl.certificate.as_deref(), Some(Path::new("/etc/us.pem")));
    assert_eq!(
        said("SSL {\ncertificate /etc/us.pem\n}"),
        ["error: `certificate` and `key` go together"]
    );
}

#[test]
fn a_mail_server_is_greeted_by_a_name() {
    let Probe::Smtp(smtp) = probe("SMTP_CHECK { }") else { panic!("SMTP_CHECK is an SMTP check") };
    assert_eq!(smtp.helo_name, "smtpchecker.keepalived.org");
    assert_eq!((smtp.connection.address, smtp.connection.port), (None, None));
    assert_eq!(
        said(&server("SMTP_CHECK {\nhelo_name \"a b\"\n}")),
        ["error: `helo_name` cannot be `a b`"]
    );
}

#[test]
fn each_host_of_a_mail_server_is_a_check() {
    let check = "SMTP_CHECK {\nconnect_timeout 7\nhost {\nconnect_ip 192.0.2.31\n}\n\
                 host {\nconnect_port 26\nconnect_timeout 3\n}\n}";
    assert_eq!(said(&server(check)), ["note: `host` in an SMTP_CHECK is deprecated"]);
    let server = &model(&server(check)).virtual_servers[0].real_servers[0];
    let connections = server.checkers.iter().map(|checker| checker.probe.connection().unwrap());
    let found: Vec<_> = connections
        .map(|connection| (server.target(connection).to_string(), connection.timeout))
        .collect();
    let expected = [
        ("192.0.2.31:8080".to_owned(), Duration::from_secs(7)),
        ("192.0.2.21:26".to_owned(), Duration::from_secs(3)),
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_name_server_is_asked_for_the_root_three_times_more() {
    let check = "DNS_CHECK { }";
    let Probe::Dns(dns) = probe(check) else { panic!("DNS_CHECK is a DNS check") };
    assert_eq!((dns.name.as_str(), dns.record_type.as_str()), (".", "SOA"));
    let checker = &checkers(check)[0];
    assert_eq!(
        (checker.rules.retry, checker.rules.delay_before_retry),
        (3, Duration::from_secs(6))
    );
    let long = "x".repeat(64);
    assert_eq!(
        said(&server(&format!("DNS_CHECK {{\nname {long}.example\n}}"))),
        [format!("error: `name` cannot be `{long}.example`")]
    );
}

#[test]
fn a_program_may_take_as_long_as_the_delay_loop() {
    let misc = |lines: &str| {
        let check = format!("MISC_CHECK {{\nmisc_path \"/bin/check a\"\n{lines}\n}}");
        assert_eq!(checkers(&check)[0].rules.retry, 0);
        let Probe::Misc(misc) = probe(&check) else { panic!("MISC_CHECK is a MISC check") };
        misc
    };
    let plain = misc("");
    assert_eq!(plain.script.argv, ["/bin/check", "a"]);
    assert_eq!((plain.timeout, plain.dynamic), (Duration::from_secs(6), false));
    let other = misc("misc_timeout 3\nmisc_dynamic\nuser nobody");
    assert_eq!((other.timeout, other.dynamic), (Duration::from_secs(3), true));
    assert_eq!(other.script.user.unwrap().user, "nobody");
}

#[test]
fn a_datagram_has_a_payload_and_perhaps_a_reply() {
    let udp = |lines: &str| {
        let Probe::Udp(udp) = probe(&format!("UDP_CHECK {{\n{lines}\n}}")) else {
            panic!("UDP_CHECK is a UDP check")
        };
        udp
    };
    assert_eq!((udp("").payload, udp("").reply), (Vec::new(), None));
    let both = udp("payload 0aFF 10\nrequire_reply 0X xx\nmin_reply_length 2");
    assert_eq!(both.payload, [0x0a, 0xff, 0x10]);
    let reply = both.reply.unwrap();
    assert_eq!((reply.begins.as_str(), reply.lengths), ("0xxx", 2..=255));
    let any = udp("require_reply\nmax_reply_length 4").reply.unwrap();
    assert_eq!(any.lengths, 0..=65_535);
}

#[test]
fn wrong_datagrams_are_errors() {
    for (lines, error) in [
        ("payload 0g", "`payload` needs bytes in hexadecimal"),
        ("payload 012", "`payload` needs bytes in hexadecimal"),
        ("payload xx", "`payload` needs bytes in hexadecimal"),
        (
            "require_reply 00\nmin_reply_length 9\nmax_reply_length 8",
            "`min_reply_length` 9 is above `max_reply_length` 8",
        ),
    ] {
        let text = server(&format!("UDP_CHECK {{\n{lines}\n}}"));
        assert_eq!(said(&text), [format!("error: {error}")]);
    }
}

#[test]
fn a_ping_needs_only_the_address() {
    let Probe::Ping(connection) = probe("PING_CHECK {\nconnect_timeout 2\n}") else {
        panic!("PING_CHECK is a ping check")
    };
    assert_eq!(connection.timeout, Duration::from_secs(2));
}

#[test]
fn a_file_has_a_weight_of_its_own_or_here() {
    let weight = |file: &str, check: &str| {
        let text = format!("track_file f {{\nfile /run/f\n{file}\n}}\n")
            + &server(&format!("FILE_CHECK {{\ntrack_file f\n{check}\n}}"));
        let checker = model(&text).virtual_servers[0].real_servers[0].checkers[0].clone();
        let Probe::File(file) = checker.probe else { panic!("FILE_CHECK is a file check") };
        assert_eq!(file.path, Path::new("/run/f"));
        file.weight
    };
    assert_eq!(weight("", ""), 1);
    assert_eq!(weight("weight 3", ""), 3);
    assert_eq!(weight("weight 3", "weight 65535 reverse"), -65_535);
    assert_eq!(
        said(&server("FILE_CHECK {\ntrack_file g\n}")),
        ["error: there is no track_file `g`"]
    );
}

#[test]
fn what_would_not_be_checked_is_refused() {
    let check = "BFD_CHECK {\nname a\n}";
    assert_eq!(said(&server(check)), ["error: `BFD_CHECK` is not supported yet"]);
}

#[test]
fn what_is_about_tls_has_no_effect_in_a_check_without() {
    for line in ["enable_sni", "sni_name a.example", "tls_compliant"] {
        let name = line.split(' ').next().unwrap();
        let why = "HTTP_GET has no TLS; that is SSL_GET";
        let text = server(&format!("HTTP_GET {{\nurl {{\npath /\n}}\n{line}\n}}"));
        assert_eq!(said(&text), [format!("warning: `{name}` has no effect: {why}")]);
    }
}
