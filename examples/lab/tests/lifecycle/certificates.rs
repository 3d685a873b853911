use std::path::PathBuf;

use steadfast_lab::{Host, wait_until};

use crate::bed::{
    PATIENCE, ask, instance, pair, replace_worker, start, start_with, wait_for_address,
};

/// A virtual router, and a service whose server is asked for a certificate of an authority; where that
/// one's own is.
fn configuration(host: &Host) -> (String, PathBuf) {
    let ca = host.folder().join("ca.pem");
    let ssl = format!("SSL {{\n ca {}\n}}\n", ca.display());
    let service = "virtual_server 192.168.21.155 443 {\n protocol TCP\n lb_algo rr\n lb_kind NAT\n \
                   real_server 192.168.21.101 443 {\n  SSL_GET {\n   url {\n    path /\n   }\n  }\n }\n}\n";
    ([ssl, instance(150), service.to_owned()].concat(), ca)
}

fn make(ca: PathBuf, host: &Host) {
    let (key, ca) = (host.folder().join("key").display().to_string(), ca.display().to_string());
    let request =
        ["req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
    let names = ["-subj", "/CN=authority", "-keyout", &key, "-out", &ca];
    host.run("openssl", [&request[..], &names].concat()).unwrap();
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn without_a_certificate_that_checks_need_it_does_not_start() {
    let network = pair();
    let a = network.host("a").unwrap();
    let (configuration, ca) = configuration(a);
    let mut director = start_with(a, &configuration, &["--dont-fork"]);
    assert_eq!(director.wait(PATIENCE).unwrap().code(), Some(2));
    let said = format!("error: cannot read {}: No such file", ca.display());
    assert!(director.log().contains(&said), "{}", director.log());
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn with_a_certificate_gone_a_reload_is_refused_and_a_worker_that_dies_is_replaced() {
    let network = pair();
    let a = network.host("a").unwrap();
    let (configuration, ca) = configuration(a);
    make(ca.clone(), a);
    let director = start(a, &configuration);
    wait_for_address(a);
    wait_until(PATIENCE, "its check is made", || director.log().contains("is down")).unwrap();
    std::fs::remove_file(ca).unwrap();
    let refused = ask(a, &["reload"]).unwrap_err().to_string();
    assert!(refused.contains("error: cannot read"), "{refused}");
    replace_worker(a);
}
