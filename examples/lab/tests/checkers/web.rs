//! Web servers: nginx, Apache, HAProxy, and Python's of HTTP/1.0.

use std::fs;

use steadfast_checkers::Failure;
use steadfast_checkers::http::{HttpGet, HttpVersion, PageFailure, Pattern, PatternOptions, Url};

use crate::bed::{Bed, IMPATIENCE, options};

/// Of `well\n`, by md5sum.
const WELL: &str = "1b42a11f5f647e53d20da8c8f57a9f02";

fn page(path: &str) -> Url {
    Url::new(path)
}

fn get(url: Url) -> HttpGet {
    HttpGet::new(options(80), [url])
}

/// Of a page that failed by its status.
fn status_of(failure: Failure) -> u16 {
    match failure {
        Failure::Page(page) => match *page {
            PageFailure::Status { found, .. } => found,
            other => panic!("{other}"),
        },
        other => panic!("{other}"),
    }
}

fn nginx() -> Bed {
    let mut bed = Bed::new();
    fs::write(bed.host().folder().join("large"), vec![b'x'; 300_000]).unwrap();
    bed.start(&[80, 81], |host| {
        let folder = host.folder().display();
        host.spawn_nginx(&format!(
            "listen 80; listen 81 http2; root {folder}; \
             location = /well {{ default_type text/plain; return 200 'well\\n'; }} \
             location = /moved {{ return 302 /well; }} \
             location = /broken {{ return 500; }} \
             location = /gone {{ return 444; }} \
             location = /who {{ return 200 $host; }} \
             location = /slow {{ alias {folder}/large; limit_rate 1; }}"
        ))
        .unwrap()
    });
    bed
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn nginx_is_judged_by_status_and_digest_over_every_http() {
    let bed = nginx();
    for version in [HttpVersion::Http10, HttpVersion::Http10Close, HttpVersion::Http11] {
        bed.passes(&get(page("/well").digest(WELL.parse().unwrap())).version(version));
    }
    let over_http2 = HttpGet::new(options(81), [page("/well").digest(WELL.parse().unwrap())]);
    bed.passes(&over_http2.version(HttpVersion::Http2));
    bed.passes(&get(page("/large")).version(HttpVersion::Http11));
    for (path, status) in [("/absent", 404), ("/broken", 500), ("/moved", 302)] {
        assert_eq!(status_of(bed.fails(&get(page(path)))), status);
    }
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn nginx_gets_the_virtual_host_and_its_bad_manners_have_names() {
    let bed = nginx();
    let www = Pattern::new("^www.example.org$", PatternOptions::default()).unwrap();
    bed.passes(&get(page("/who").host("www.example.org").matches(www)));
    let closed = bed.fails(&get(page("/gone")));
    assert!(matches!(closed, Failure::NoResponse(_)), "{closed}");
    let slow = HttpGet::new(options(80).timeout(IMPATIENCE), [page("/slow")]);
    let slow = bed.fails(&slow);
    assert!(matches!(slow, Failure::AnswerTimedOut(..)), "{slow}");
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn apache_lets_in_who_has_the_password() {
    let mut bed = Bed::new();
    let folder = bed.host().folder().display().to_string();
    bed.host().write("index.html", "well\n").unwrap();
    // `openssl passwd -apr1 -salt 8sFt66rZ sesame`
    bed.host().write("users", "ali:$apr1$8sFt66rZ$.Fgq7orJhW5Cy.Fc/ZfDS1\n").unwrap();
    let modules =
        ["mpm_event", "authn_core", "authn_file", "authz_core", "authz_user", "auth_basic", "dir"];
    let load: String = modules
        .map(|name| format!("LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"))
        .concat();
    let configuration = format!(
        "{load}ServerName test\nListen 80\nPidFile {folder}/apache.pid\nMutex file:{folder}\n\
         ErrorLog /dev/stderr\nDocumentRoot {folder}\nUser nobody\nGroup nogroup\n\
         <Directory {folder}>\n\
         AuthType Basic\nAuthName lab\nAuthUserFile {folder}/users\nRequire valid-user\n\
         </Directory>\n"
    );
    let file = bed.host().write("apache.conf", &configuration).unwrap();
    open_to_everybody(bed.host().folder());
    bed.program(&[80], "/usr/sbin/apache2", &["-X", "-f", file.to_str().unwrap()]);
    let index = || page("/index.html").digest(WELL.parse().unwrap());
    bed.passes(&get(index().basic_auth("ali", "sesame")));
    assert_eq!(status_of(bed.fails(&get(index().basic_auth("ali", "wrong")))), 401);
}

/// A server that gives up root must still find its files.
fn open_to_everybody(folder: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    for folder in folder.ancestors().take(2) {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn haproxy_answers_denies_and_drops() {
    let mut bed = Bed::new();
    let configuration = "defaults\n mode http\n timeout client 30s\n timeout connect 5s\n \
         timeout server 30s\n timeout tarpit 30s\n\
         frontend web\n bind :80\n bind :81 proto h2\n \
         http-request return status 200 content-type text/plain string \"well\" if { path /well }\n \
         http-request deny deny_status 503 if { path /down }\n \
         http-request silent-drop if { path /drop }\n \
         http-request tarpit if { path /tarpit }\n";
    let file = bed.host().write("haproxy.cfg", configuration).unwrap();
    bed.program(&[80, 81], "/usr/sbin/haproxy", &["-db", "-f", file.to_str().unwrap()]);
    bed.passes(&get(page("/well").contains("well")).version(HttpVersion::Http11));
    let over_http2 = HttpGet::new(options(81), [page("/well").contains("well")]);
    bed.passes(&over_http2.version(HttpVersion::Http2));
    bed.passes(&get(page("/well").head()));
    assert_eq!(status_of(bed.fails(&get(page("/down")))), 503);
    for path in ["/drop", "/tarpit"] {
        let failure = bed.fails(&HttpGet::new(options(80).timeout(IMPATIENCE), [page(path)]));
        assert!(matches!(failure, Failure::AnswerTimedOut(..)), "{path}: {failure}");
    }
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn the_digest_of_a_page_is_what_genhash_says() {
    let mut bed = Bed::new();
    let folder = bed.host().folder().display().to_string();
    let serve = ["-m", "http.server", "--directory", &folder, "80"];
    bed.program(&[80], "/usr/bin/python3", &serve);
    fs::write(
        bed.host().folder().join("page"),
        (0..100_000).map(|n| (n % 251) as u8).collect::<Vec<_>>(),
    )
    .unwrap();
    let ours = steadfast_lab::binary("healthcheck").unwrap();
    for path in ["/page", "/absent"] {
        let options = ["-s", "192.168.21.108", "-p", "80", "-u", path];
        let genhash = bed.host().run("genhash", options).unwrap();
        let healthcheck = [&["genhash"], &options[..]].concat();
        let healthcheck = bed.host().run(&ours, healthcheck).unwrap();
        assert_eq!(healthcheck.lines().last(), genhash.lines().last());
        let digest = genhash.lines().last().unwrap().parse().unwrap();
        let status = [100..=599];
        let page = page(path).digest(digest);
        bed.passes(&get(page.status(steadfast_checkers::http::StatusRanges::new(status))));
    }
}
