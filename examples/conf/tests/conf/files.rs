//! What `load` does with files: includes, scripts, and what is missing.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use steadfast_conf::model::RuleAction;
use steadfast_conf::{Loaded, Surroundings, load_again};

fn load(path: &Path) -> Loaded {
    steadfast_conf::load(path, &Surroundings::default())
}

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
fn virtual_servers_that_are_as_they_were_are_shared_with_the_earlier_model() {
    let other = super::service("").replace("192.0.2.10 ", "192.0.2.11 ");
    let write = |first: &str| folder(&[("k.conf", &format!("{first}{other}"))]);
    let (before, after) = (write(&super::service("")), write(&super::service("alpha")));
    let earlier = load(&before.path().join("k.conf")).model.unwrap();
    let path = after.path().join("k.conf");
    let model = load_again(&path, &Surroundings::default(), &earlier).model.unwrap();
    let shared = earlier.virtual_servers.iter().zip(&model.virtual_servers);
    let shared: Vec<_> = shared.map(|(before, after)| Arc::ptr_eq(before, after)).collect();
    assert_eq!(shared, [false, true]);
    assert_eq!(Some(model), load(&path).model);
}

#[test]
fn a_service_that_conflicts_with_one_of_the_earlier_model_is_told_where_that_one_is_now() {
    let before = folder(&[("k.conf", &super::service(""))]);
    let earlier = load(&before.path().join("k.conf")).model.unwrap();
    let text = format!("# a line\n{}{}", super::service(""), super::service("alpha"));
    let after = folder(&[("k.conf", &text)]);
    let path = after.path().join("k.conf");
    let loaded = load_again(&path, &Surroundings::default(), &earlier);
    let conflict = loaded.diagnostics.iter().next().unwrap();
    let line = loaded.sources.location(conflict.related[0].0).unwrap().line;
    assert_eq!((messages(&loaded), line), (vec!["there is another service 192.0.2.10 80"], 2));
}

#[test]
fn what_is_missing_is_told_where_it_is_now_although_its_service_is_as_it_was() {
    let service = super::service("quorum_up /nonexistent/up");
    let before = folder(&[("k.conf", &service)]);
    let earlier = load(&before.path().join("k.conf")).model.unwrap();
    let after = folder(&[("k.conf", &format!("# a line\n# and another\n{service}"))]);
    let loaded = load_again(&after.path().join("k.conf"), &Surroundings::default(), &earlier);
    let place = loaded.diagnostics.iter().next().unwrap().span.unwrap();
    assert_eq!(loaded.sources.location(place).unwrap().line, 7);
    assert_eq!(messages(&loaded), ["`/nonexistent/up` does not exist"]);
}

#[test]
fn routing_tables_have_the_names_that_iproute2_gives_them() {
    let text = "static_routes {\n192.0.2.0/24 dev eth0 table blue\n\
                192.0.2.0/24 dev eth0 table red\n}\n\
                static_rules {\nfrom 192.0.2.1 lookup green pref 7\n}\n";
    let folder = folder(&[
        ("usr/rt_tables", "# names\n254 main\n0x64 red # once\n7\n"),
        ("etc/rt_tables", "101\tblue\n102 red\n"),
        ("etc/rt_tables.d/mine.conf", "103 green\n"),
        ("etc/rt_tables.d/other", "104 green\n"),
    ]);
    let path = folder.path().join("k.conf");
    let dirs = ["usr", "etc"].map(|dir| folder.path().join(dir).display().to_string());
    let global =
        format!("global_defs {{\niproute_usr_dir {}\niproute_etc_dir {}\n}}\n", dirs[0], dirs[1]);
    fs::write(&path, global.clone() + text).unwrap();
    let model = load(&path).model.unwrap();
    let tables: Vec<_> = model.static_routes.iter().map(|route| route.table).collect();
    assert_eq!(tables, [101, 102]);
    assert_eq!(model.static_rules[0].action, RuleAction::Table(103));

    fs::write(&path, global + &text.replace("blue", "grey")).unwrap();
    assert_eq!(messages(&load(&path)), ["`table` cannot be `grey`"]);
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
fn each_letter_of_include_insists_on_what_it_stands_for() {
    let insists = |keyword: &str| {
        let on = |pattern: &str| {
            let folder = folder(&[("main.conf", &format!("{keyword} {pattern}")), ("a", "")]);
            load(&folder.path().join("main.conf")).model.is_none()
        };
        [on("none"), on("none*"), on("{a,none}")]
    };
    assert_eq!(insists("include"), [false; 3]);
    assert_eq!(insists("includer"), [false; 3]);
    assert_eq!(insists("includem"), [true, false, true]);
    assert_eq!(insists("includew"), [false, true, false]);
    assert_eq!(insists("includeb"), [false, false, true]);
    assert_eq!(insists("includea"), [true; 3]);
}

#[test]
fn every_include_insists_on_all_where_that_is_asked_for() {
    let folder = folder(&[("main.conf", "include none*")]);
    let surroundings = Surroundings { includes_insist: true, ..Surroundings::default() };
    let loaded = steadfast_conf::load(&folder.path().join("main.conf"), &surroundings);
    assert!(loaded.model.is_none());
}

#[test]
fn braces_stand_for_several_files() {
    let folder = folder(&[
        ("main.conf", "vrrp_instance A { include {a,d/{b,c}}.part }"),
        ("a.part", "interface eth0"),
        ("d/b.part", "virtual_router_id 7"),
        ("d/c.part", "no_virtual_ipaddress"),
    ]);
    let loaded = load(&folder.path().join("main.conf"));
    assert_eq!(messages(&loaded), [""; 0]);
}

#[test]
fn definitions_hold_across_files_and_the_folder_is_that_of_the_file() {
    let folder = folder(&[
        ("main.conf", "$NAME=here\ninclude d/part\n"),
        ("d/part", "global_defs { router_id ${NAME}:${_PWD} }"),
    ]);
    let loaded = load(&folder.path().join("main.conf"));
    let expected = format!("here:{}/d", folder.path().display());
    assert_eq!(loaded.model.unwrap().global.router_id, Some(expected));
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
        "notify_master {}\nnotify_backup {}\nnotify_fault {}\nnotify_stop {}\n\
         notify /bin/true",
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
fn a_program_without_a_path_that_is_nowhere_is_warned_of() {
    let text = super::instance("notify sh\nnotify_stop no-such-program-anywhere");
    let folder = folder(&[("main.conf", &text)]);
    let loaded = load(&folder.path().join("main.conf"));
    assert_eq!(messages(&loaded), ["`no-such-program-anywhere` is in no folder of PATH"]);
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
