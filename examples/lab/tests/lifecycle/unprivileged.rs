use std::fs::{Permissions, copy, create_dir, set_permissions, write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::bed::director;

fn put(path: &Path, text: &str, mode: u32) {
    write(path, text).unwrap();
    set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// What `director check` says to nobody of a configuration; `SECRET` in it is a folder of root's, with a
/// script and a key.
fn said_to_nobody(configuration: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let secret = at("secret");
    create_dir(&secret).unwrap();
    put(&secret.join("script"), "#!/bin/sh\n", 0o755);
    put(&secret.join("key"), "a key", 0o600);
    set_permissions(&secret, Permissions::from_mode(0o700)).unwrap();
    put(&at("c.conf"), &configuration.replace("SECRET", &secret.display().to_string()), 0o644);
    // Where it was built may be closed to others.
    copy(director(), at("director")).unwrap();
    let mut check = Command::new("setpriv");
    check.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(at("director"));
    let output = check.args(["check", "-f"]).arg(at("c.conf")).output().unwrap();
    String::from_utf8(output.stdout).unwrap().replace(&secret.display().to_string(), "SECRET")
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_script_that_somebody_may_not_look_at_is_not_said_to_be_missing() {
    let said =
        said_to_nobody("global_defs {\n script_user root\n startup_script SECRET/script\n}\n");
    assert!(said.contains("warning: `SECRET/script` may not be looked at from here"), "{said}");
    assert!(!said.contains("does not exist"), "{said}");
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_key_that_somebody_may_not_read_is_no_error_of_the_configuration() {
    let said = said_to_nobody(
        "SSL {\n certificate SECRET/certificate\n key SECRET/key\n}\n\
         virtual_server 192.0.2.10 443 {\n lb_algo rr\n lb_kind NAT\n protocol TCP\n \
         real_server 192.0.2.21 443 {\n  SSL_GET {\n   url {\n    path /\n   }\n  }\n }\n}\n",
    );
    assert!(said.contains("warning: cannot read SECRET/key: Permission denied"), "{said}");
    assert!(said.contains(": can be run,"), "{said}");
}
