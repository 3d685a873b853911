use super::*;

fn process(text: &str) -> Process {
    steadfast_conf::parse("t.conf", text).model.unwrap().process
}

fn files(text: &str) -> [String; 3] {
    let PidFiles { main, vrrp, checkers } = PidFiles::of(&process(text));
    [main, vrrp, checkers].map(|path| path.display().to_string())
}

#[test]
fn one_that_is_alone_has_its_files_where_everybody_looks() {
    assert_eq!(
        files(""),
        ["/run/keepalived.pid", "/run/keepalived_vrrp.pid", "/run/keepalived_checkers.pid"]
    );
}

#[test]
fn files_can_be_in_a_folder_of_their_own() {
    assert_eq!(
        files("use_pid_dir"),
        [
            "/run/keepalived/keepalived.pid",
            "/run/keepalived/vrrp.pid",
            "/run/keepalived/checkers.pid"
        ]
    );
}

#[test]
fn one_of_several_has_its_name_in_those_of_its_files() {
    let named = [
        "/run/keepalived/keepalived_blue.pid",
        "/run/keepalived/vrrp_blue.pid",
        "/run/keepalived/checkers_blue.pid",
    ];
    assert_eq!(files("instance blue"), named);
    assert_eq!(files("use_pid_dir\ninstance blue"), named);
}

#[test]
fn those_in_another_network_namespace_have_a_folder_for_each() {
    let named = [
        "/run/keepalived/blue/keepalived.pid",
        "/run/keepalived/blue/vrrp.pid",
        "/run/keepalived/blue/checkers.pid",
    ];
    assert_eq!(files("net_namespace blue"), named);
    let both = files("net_namespace blue\ninstance one");
    assert_eq!(both[0], "/run/keepalived/blue/keepalived_one.pid");
    assert_eq!(files("net_namespace_ipvs blue"), files(""));
}

#[test]
fn it_says_who_it_is_where_there_may_be_others() {
    assert_eq!(own_name(&process("")), None);
    assert_eq!(own_name(&process("instance blue")).as_deref(), Some("blue"));
    let both = process("net_namespace n1\ninstance blue");
    assert_eq!(own_name(&both).as_deref(), Some("n1_blue"));
}

#[test]
fn the_file_of_its_state_is_named_after_it_if_it_is_to_be() {
    let file = |text: &str| {
        let model = steadfast_conf::parse("t.conf", text).model.unwrap();
        state_file(&model.global.dumps, &model.process).display().to_string()
    };
    let blue = "net_namespace n1\ninstance blue\n";
    assert_eq!(file(blue), "/tmp/keepalived.data");
    let named = "global_defs {\ndata_use_instance\n}";
    assert_eq!(file(named), "/tmp/keepalived.data");
    assert_eq!(file(&format!("{blue}{named}")), "/tmp/keepalived.n1_blue.data");
    let elsewhere = "global_defs {\ndata_use_instance\nstate_dump_file /run/state\n}";
    assert_eq!(file(&format!("{blue}{elsewhere}")), "/run/state.n1_blue");
}

#[test]
fn its_network_namespaces_cannot_change_later() {
    let blue = process("net_namespace blue");
    assert_eq!(change(&blue, &process("net_namespace red")), Some("net_namespace"));
    assert_eq!(change(&blue, &process("")), Some("net_namespace"));
    let text = "net_namespace blue\nnet_namespace_ipvs";
    assert_eq!(change(&blue, &process(text)), Some("net_namespace_ipvs"));
    assert_eq!(change(&blue, &blue), None);
}

#[test]
fn its_name_cannot_change_later() {
    let blue = process("instance blue");
    assert_eq!(change(&blue, &process("instance red")), Some("instance"));
    assert_eq!(change(&blue, &process("")), Some("instance"));
    assert_eq!(change(&blue, &process("instance blue\nuse_pid_dir")), None);
}
