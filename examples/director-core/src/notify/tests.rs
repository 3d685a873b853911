use steadfast_conf::{Model, Style, parse};

use super::*;

fn model(global: &str, instance: &str) -> Model {
    let text = format!(
        "global_defs {{\nscript_user root\n{global}\n}}\n\
         vrrp_instance A {{\ninterface eth0\nvirtual_router_id 5\npriority 100\n\
         virtual_ipaddress {{ 192.0.2.10/24 }}\n{instance}\n}}\n"
    );
    let loaded = parse("t.conf", &text);
    let rendered = loaded.render(Style::Plain);
    loaded.model.unwrap_or_else(|| panic!("{rendered}"))
}

fn entered(global: &str, instance: &str, state: InstanceState) -> Told {
    let model = model(global, instance);
    instance_entered(&model.global, &model.instances[0], state, 100)
}

fn scripts(told: &Told) -> Vec<String> {
    told.scripts.iter().map(Command::to_string).collect()
}

const SCRIPTS: &str = "notify_master \"/bin/m 1\"\nnotify_backup /bin/b\nnotify_fault /bin/f\n\
                       notify_stop /bin/s\nnotify \"/bin/any x\"";

#[test]
fn each_state_has_its_own_script_and_then_the_one_for_all() {
    let run = |state| scripts(&entered("", SCRIPTS, state));
    assert_eq!(run(InstanceState::Master), ["/bin/m 1", "/bin/any x INSTANCE A MASTER 100"]);
    assert_eq!(run(InstanceState::Backup), ["/bin/b", "/bin/any x INSTANCE A BACKUP 100"]);
    assert_eq!(run(InstanceState::Fault), ["/bin/f", "/bin/any x INSTANCE A FAULT 100"]);
    assert_eq!(run(InstanceState::Stop), ["/bin/s", "/bin/any x INSTANCE A STOP 100"]);
}

#[test]
fn each_state_is_a_line_for_the_fifo() {
    let line = |state| entered("", "", state).lines[0].clone();
    let text = "INSTANCE \"A\" MASTER 100".to_owned();
    assert_eq!(line(InstanceState::Master), Line { side: Side::Vrrp, text });
    assert_eq!(line(InstanceState::Stop).text, "INSTANCE \"A\" STOP 100");
}
