//! What `load` does with files: includes, scripts, and what is missing.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use steadfast_conf::{Loaded, load};

fn messages(loaded: &Loaded) -> Vec<&str> {
    loaded.diagnostics.iter().map(|said| said.message.as_str()).collect()
}

/// Writes files into a new folder.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

#[test]
fn a_missing_file_is_an_error() {
    let loaded = load(Path::new("/nonexistent/keepalived.conf"));
    assert!(loaded.model.is_none());
    assert_eq!(
        messages(&loaded),
        ["cannot read /nonexistent/keepalived.conf: No such file or directory (os error 2)"]
    );
}

#[test]
fn includes_are_found_beside_their_file_in_order() {
    let instance = super::instance("");
    let folder = folder(&[
        ("main.conf", "include d/*.conf\n"),
        ("d/1.conf", "include id.part"),
        ("d/2.conf", &instance),
        ("d/id.part", "global_defs { router_id here }"),
    ]);
    let loaded = load(&folder.path().join("main.conf"));
    assert_eq!(messages(&loaded), [""; 0]);
    let model = loaded.model.unwrap();
    assert_eq!(model.global.router_id.as_deref(), Some("here"));
    assert_eq!(model.instances.len(), 1);
    assert_eq!(loaded.sources.iter().count(), 4);
}

#[test]
fn an_include_may_stand_inside_a_block() {
    let folder = folder(&[
        ("main.conf", "vrrp_instance A {\ninclude common\nvirtual_router_id 5\n}"),
        ("common", "interface eth0\nvirtual_ipaddress { 192.0.2.1 }"),
    ]);
    let loaded = load(&folder.path().join("main.conf"));
    assert_eq!(messages(&loaded), [""; 0]);
}

#[test]
fn mistakes_are_shown_in_the_file_they_are_in() {
    let folder = folder(&[("main.conf", "include part"), ("part", "\n  foo bar")]);
    let loaded = load(&folder.path().join("main.conf"));
    let span = loaded.diagnostics.iter().next().unwrap().span.unwrap();
    let location = loaded.sources.location(span).unwrap();
    assert!(location.file.ends_with("/part"));
    assert_eq!((location.line, location.column), (2, 3));
}

#[test]
fn an_include_that_matches_nothing_is_doubtful_or_wrong() {
    let folder = folder(&[("may", "include x/*"), ("must", "includea x/*")]);
    assert!(load(&folder.path().join("may")).model.is_some());
    assert!(load(&folder.path().join("must")).model.is_none());
}

#[test]
fn a_file_that_includes_itself_ends() {
    let folder = folder(&[("main.conf", "include main.conf\ninclude main.conf\n")]);
    let loaded = load(&folder.path().join("main.conf"));
    assert!(messages(&loaded).contains(&"files include each other endlessly here"));
}

#[test]
fn text_from_memory_includes_nothing() {
    let loaded = steadfast_conf::parse("t.conf", "include /etc/hostname");
    assert_eq!(messages(&loaded), ["cannot include: text from memory cannot include files"]);
}

#[test]
fn scripts_that_cannot_run_are_warned_of_once() {
    let folder = folder(&[("good", ""), ("bad", "")]);
    let path = |name| folder.path().join(name).display().to_string();
    fs::set_permissions(folder.path().join("good"), fs::Permissions::from_mode(0o755)).unwrap();
    let text = super::instance(&format!(
        "notify_master {}\nnotify_backup {}\nnotify_fault {}\nnotify_stop {}\nnotify bare",
        path("good"),
        path("bad"),
        path("none"),
        path("none")
    ));
    fs::write(folder.path().join("main.conf"), text).unwrap();
    let loaded = load(&folder.path().join("main.conf"));
    let expected = [
        format!("`{}` is not executable", path("bad")),
        format!("`{}` does not exist", path("none")),
    ];
    assert_eq!(messages(&loaded), expected);
    assert!(loaded.model.is_some());
}

#[test]
fn bytes_that_are_no_text_are_harmless_in_comments() {
    let folder = folder(&[]);
    fs::write(
        folder.path().join("main.conf"),
        b"# \xc4\xe3\xba\xc3\nglobal_defs { router_id a }\n",
    )
    .unwrap();
    let loaded = load(&folder.path().join("main.conf"));
    assert_eq!(messages(&loaded), [""; 0]);
    assert!(loaded.model.is_some());
}
