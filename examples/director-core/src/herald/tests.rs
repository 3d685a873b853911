use steadfast_conf::{Style, parse};

use super::*;
use crate::notify::Side;

fn model(global: &str, instances: &[(&str, &str)]) -> Model {
    let mut text = format!("global_defs {{\nscript_user root\n{global}\n}}\n");
    for (position, (name, lines)) in instances.iter().enumerate() {
        text += &format!(
            "vrrp_instance {name} {{\ninterface eth0\nvirtual_router_id {0}\npriority 100\n\
             virtual_ipaddress {{ 192.0.2.{0}/24 }}\n{lines}\n}}\n",
            position + 1
        );
    }
    let loaded = parse("t.conf", &text);
    let rendered = loaded.render(Style::Plain);
    loaded.model.unwrap_or_else(|| panic!("{rendered}"))
}

fn herald(model: &Model) -> Herald {
    let mut herald = Herald::default();
    assert_eq!(herald.reconcile(model), []);
    herald
}

fn news(what: Happening, priority: u8) -> News {
    News::Instance { name: "A".to_owned(), what, priority }
}

fn lines(told: &[Told]) -> Vec<String> {
    let lines = told.iter().flat_map(|told| &told.lines);
    lines.map(|line| line.text.clone()).collect()
}

fn as_master(model: &Model) -> Herald {
    let mut herald = herald(model);
    herald.handle_news(&news(Happening::Entered(InstanceState::Master), 100)).unwrap();
    herald
}

#[test]
fn a_change_of_priority_is_told_with_the_state_if_that_is_wanted() {
    let change = news(Happening::PriorityChanged, 90);
    let mut wanted = as_master(&model("vrrp_notify_priority_changes", &[("A", "")]));
    let told = wanted.handle_news(&change).unwrap();
    assert_eq!(lines(&[told]), ["INSTANCE \"A\" MASTER_PRIORITY 90"]);
    let told = as_master(&model("", &[("A", "")])).handle_news(&change);
    assert_eq!(told.unwrap(), Told { object: "A".to_owned(), ..Told::default() });
}

#[test]
fn hearing_a_lower_priority_runs_a_script_without_arguments() {
    let mut herald = as_master(&model("", &[("A", "notify_master_rx_lower_pri /bin/take")]));
    let told = herald.handle_news(&news(Happening::HeardLowerPriority, 100)).unwrap();
    assert_eq!(told.scripts[0].to_string(), "/bin/take");
    assert_eq!(lines(&[told]), ["INSTANCE \"A\" MASTER_RX_LOWER_PRI 100"]);
}

#[test]
fn an_instance_that_a_reload_removes_is_told_as_fault() {
    let mut herald = as_master(&model("", &[("A", "notify /bin/any\nnotify_fault /bin/f")]));
    let told = herald.reconcile(&model("", &[]));
    assert_eq!(told[0].scripts[0].to_string(), "/bin/any INSTANCE A FAULT 100");
    assert_eq!(told[0].scripts.len(), 1);
    assert_eq!(lines(&told), ["INSTANCE \"A\" FAULT 100"]);
}

#[test]
fn an_instance_that_a_reload_removes_is_told_as_deleted_if_that_is_wanted() {
    let mut herald = as_master(&model("", &[("A", "notify /bin/any\nnotify_deleted /bin/d")]));
    let told = herald.reconcile(&model("", &[]));
    let scripts: Vec<_> = told[0].scripts.iter().map(ToString::to_string).collect();
    assert_eq!(scripts, ["/bin/d", "/bin/any INSTANCE A DELETED 100"]);
    assert_eq!(lines(&told), ["INSTANCE \"A\" DELETED 100"]);
}

#[test]
fn a_reload_tells_nothing_of_what_stays_unless_that_is_wanted() {
    let plain = model("", &[("A", "")]);
    assert_eq!(as_master(&plain).reconcile(&plain), []);
    let wanted = model("fifo_write_vrrp_states_on_reload", &[("A", "")]);
    let told = as_master(&wanted).reconcile(&wanted);
    assert_eq!(lines(&told), ["INSTANCE \"A\" MASTER 100"]);
    assert_eq!(told[0].lines[0].side, Side::Vrrp);
}

#[test]
fn at_the_end_instances_stop_in_the_order_of_the_file_and_without_mail() {
    let mut herald = herald(&model("smtp_alert", &[("B", ""), ("A", "")]));
    for instance in ["A", "B"] {
        let what = Happening::Entered(InstanceState::Backup);
        let news = News::Instance { name: instance.to_owned(), what, priority: 100 };
        let told = herald.handle_news(&news);
        assert!(told.unwrap().alert.is_some());
    }
    let told = herald.handle_end();
    assert_eq!(lines(&told), ["INSTANCE \"B\" STOP 100", "INSTANCE \"A\" STOP 100"]);
    assert!(told.iter().all(|told| told.alert.is_none()));
}

#[test]
fn a_group_is_told_like_an_instance_without_a_priority_and_stops_after_them() {
    let mut with_group = model("", &[("A", ""), ("B", "")]);
    let text = format!("{with_group}vrrp_sync_group G {{\ngroup {{ A B }}\nnotify /bin/g\n}}\n");
    with_group = parse("t.conf", &text).model.unwrap();
    let mut herald = herald(&with_group);
    herald.handle_news(&news(Happening::Entered(InstanceState::Master), 100)).unwrap();
    let entered = News::Group { name: "G".to_owned(), state: InstanceState::Master };
    let told = herald.handle_news(&entered).unwrap();
    assert_eq!(told.scripts[0].to_string(), "/bin/g GROUP G MASTER 0");
    assert_eq!(lines(&[told]), ["GROUP \"G\" MASTER 0"]);
    assert_eq!(lines(&herald.handle_end()), ["INSTANCE \"A\" STOP 100", "GROUP \"G\" STOP 0"]);
}

#[test]
fn news_of_an_instance_that_is_gone_are_nothing() {
    let mut herald = herald(&model("", &[]));
    assert_eq!(herald.handle_news(&news(Happening::HeardLowerPriority, 1)), None);
}
