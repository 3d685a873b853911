//! What holds for the process as a whole.

use std::fs;

use steadfast_conf::model::{IpvsNamespace, Process};
use steadfast_conf::{Surroundings, load_process};

use super::{model, said};

#[test]
fn one_that_is_alone_has_no_name() {
    assert_eq!(model("").process, Process::default());
}

#[test]
fn one_of_several_has_a_name() {
    let process = model("instance blue\nuse_pid_dir").process;
    assert_eq!(process.instance.as_deref(), Some("blue"));
    assert!(process.use_pid_dir);
}

#[test]
fn the_first_name_counts() {
    let text = "instance blue\ninstance red";
    assert_eq!(
        said(text),
        ["warning: `instance` is given twice: the first one counts, as in keepalived"]
    );
    assert_eq!(model(text).process.instance.as_deref(), Some("blue"));
}

#[test]
fn a_name_that_leads_elsewhere_is_an_error() {
    assert_eq!(said("instance ../blue"), ["error: `../blue` can be no part of a file name"]);
    assert_eq!(said("instance \"\""), ["error: `` can be no part of a file name"]);
}

#[test]
fn everything_can_be_in_another_network_namespace() {
    let process = model("net_namespace blue").process;
    assert_eq!(process.net_namespace.as_deref(), Some("blue"));
    assert_eq!(process.net_namespace_ipvs, None);
}

#[test]
fn virtual_servers_can_be_in_another_one_than_everything_else() {
    let namespace = |text| model(text).process.net_namespace_ipvs.unwrap();
    assert_eq!(namespace("net_namespace_ipvs blue"), IpvsNamespace::Named("blue".to_owned()));
    assert_eq!(namespace("net_namespace_ipvs"), IpvsNamespace::Initial);
    assert_eq!(namespace("net_namespace_ipvs \"\""), IpvsNamespace::Initial);
}

#[test]
fn a_network_namespace_that_is_a_path_is_an_error() {
    for keyword in ["net_namespace", "net_namespace_ipvs"] {
        let error = "error: `/run/netns/blue` can be no part of a file name";
        assert_eq!(said(&format!("{keyword} /run/netns/blue")), [error]);
    }
}

#[test]
fn it_can_be_read_alone_whatever_is_wrong_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("test.conf");
    fs::write(folder.path().join("name.conf"), "@here instance $NAME\n@there instance red\n")
        .unwrap();
    fs::write(folder.path().join("inside.conf"), " instance no\n track_script {\n instance no\n")
        .unwrap();
    let text = "$NAME=blue\nvrrp_instance A {\n nonsense\n instance no\n include inside.conf\n }\n\
                 instance no\n}\ninclude name.conf\nuse_pid_dir\n";
    fs::write(&file, text).unwrap();
    let surroundings = Surroundings { config_id: "here".to_owned(), ..Surroundings::default() };
    let instance = Some("blue".to_owned());
    let expected = Process { instance, use_pid_dir: true, ..Process::default() };
    assert_eq!(load_process(&file, &surroundings), expected);
}

#[test]
fn it_can_be_read_alone_from_a_file_of_any_length() {
    let folder = tempfile::tempdir().unwrap();
    let (file, included) = (folder.path().join("test.conf"), folder.path().join("name.conf"));
    let long = |line: &str| line.repeat(200_000 / line.len());
    let definition = format!("$ALL=\\\n{}instance blue\n", long("use_pid_dir\\\n"));
    fs::write(&included, long("! ü\n") + &definition).unwrap();
    let block = format!("vrrp_instance A {{\n{} }}\n", long(" instance no {\n }\n"));
    fs::write(&file, format!("\u{feff}net_namespace red\n{block}include name.conf\n$ALL")).unwrap();
    let expected = Process {
        net_namespace: Some("red".to_owned()),
        instance: Some("blue".to_owned()),
        use_pid_dir: true,
        ..Process::default()
    };
    assert_eq!(load_process(&file, &Surroundings::default()), expected);
}

#[test]
fn of_a_file_that_is_not_there_nothing_is_known() {
    let nowhere = std::path::Path::new("/nowhere/keepalived.conf");
    assert_eq!(load_process(nowhere, &Surroundings::default()), Process::default());
}
