//! `global_defs`, `vrrp_script`, and what instances take from them.

use std::time::Duration;

use steadfast_conf::model::{
    Destination, Global, ReloadTimeFile, Scheduling, TrackWeight, VrrpVersion,
};

use super::{instance, model, said, service};

#[test]
fn an_empty_file_is_a_model_of_nothing() {
    assert_eq!(said(""), [""; 0]);
    assert_eq!(model("").global, Global::default());
}

#[test]
fn several_blocks_are_one() {
    let text = "global_defs {\nrouter_id a\n}\nglobal_defs {\nscript_user nobody\n}";
    let global = model(text).global;
    assert_eq!(global.router_id.unwrap(), "a");
    assert_eq!(global.script_user.unwrap().user, "nobody");
}

#[test]
fn instances_take_what_they_do_not_say() {
    let text = format!(
        "global_defs {{\nvrrp_version 3\nvrrp_mcast_group4 224.0.45.1\nvrrp_garp_master_delay 7\n\
         vrrp_garp_master_repeat 2\nvrrp_down_timer_adverts 4\nvrrp_skip_check_adv_addr\n}}\n{}",
        instance("garp_master_repeat 9")
    );
    let instance = &model(&text).instances[0];
    assert_eq!(instance.version, VrrpVersion::V3);
    let group = "224.0.45.1".parse().unwrap();
    assert_eq!(instance.destination, Destination::Multicast(group));
    assert_eq!(instance.garp.master_delay, Duration::from_secs(7));
    assert_eq!(instance.garp.lower_prio_delay, Duration::from_secs(7));
    assert_eq!((instance.garp.master_repeat, instance.garp.lower_prio_repeat), (9, 2));
    assert_eq!(instance.down_timer_adverts, 4);
    assert!(instance.skip_check_adv_addr);
}

#[test]
fn pacing_of_zero_is_none_and_said() {
    let text = "global_defs {\nvrrp_garp_interval 0\nvrrp_gna_interval 0.5\n}";
    assert_eq!(said(text), ["note: `vrrp_garp_interval 0` means no pacing"]);
    let global = model(text).global;
    assert_eq!(global.garp_interval, Duration::ZERO);
    assert_eq!(global.gna_interval, Duration::from_millis(500));
}

#[test]
fn interfaces_may_appear_later_if_it_says_so() {
    assert!(!model("").global.dynamic_interfaces);
    for words in ["", "allow_if_changes"] {
        let text = format!("global_defs {{\ndynamic_interfaces {words}\n}}");
        assert!(model(&text).global.dynamic_interfaces, "{words}");
        assert_eq!(said(&text), [""; 0]);
    }
    let text = "global_defs {\ndynamic_interfaces allow\n}";
    assert_eq!(said(text), ["error: `dynamic_interfaces` cannot be `allow`"]);
}

#[test]
fn vrrp_gets_its_priority_or_the_least_unless_it_is_to_have_none() {
    for (lines, priority) in [
        ("", Some(1)),
        ("vrrp_rt_priority 50", Some(50)),
        ("max_auto_priority 20", Some(1)),
        ("max_auto_priority", Some(1)),
        ("max_auto_priority -1", None),
        ("max_auto_priority 0", None),
        ("max_auto_priority 20\nvrrp_rt_priority 50", Some(50)),
    ] {
        let scheduling = model(&format!("global_defs {{\n{lines}\n}}")).global.scheduling;
        let realtime = match scheduling {
            Scheduling::Realtime(priority) => Some(priority.get()),
            Scheduling::Ordinary => None,
        };
        assert_eq!(realtime, priority, "{lines}");
    }
    let text = "global_defs {\nvrrp_rt_priority 100\n}";
    assert_eq!(said(text), ["error: `vrrp_rt_priority` cannot be `100`"]);
}

#[test]
fn memory_is_locked_if_vrrp_is_not_to_be_swapped_out() {
    assert!(!model("").global.lock_memory);
    assert!(model("global_defs {\nvrrp_no_swap\n}").global.lock_memory);
}

#[test]
fn a_group_must_be_multicast() {
    let text = "global_defs {\nvrrp_mcast_group4 192.0.2.1\n}";
    assert_eq!(said(text), ["error: 192.0.2.1 is no multicast address"]);
}

fn scripted(lines: &str, track: &str) -> String {
    format!("vrrp_script s {{\n{lines}\n}}\n{}", instance(&format!("track_script {{\n{track}\n}}")))
}

#[test]
fn a_script_has_defaults() {
    let model = model(&scripted("script \"/bin/check a\"", "s"));
    let script = model.script("s").unwrap();
    assert_eq!(script.script.argv, ["/bin/check", "a"]);
    assert_eq!(script.interval, Duration::from_secs(1));
    assert_eq!(script.timeout, script.interval);
    assert_eq!((script.rise, script.fall, script.weight.get()), (1, 1, 0));
    assert!(!script.init_fail);
}

#[test]
fn a_script_says_what_it_says() {
    let text = scripted(
        "script /bin/c\ninterval 0.5\ntimeout 3\nweight -5 reverse\nrise 2\nfall 3\nuser u g\ninit_fail",
        "s",
    );
    let model = model(&text);
    let script = model.script("s").unwrap();
    assert_eq!(script.interval, Duration::from_millis(500));
    assert_eq!(script.timeout, Duration::from_secs(3));
    assert_eq!((script.rise, script.fall, script.init_fail), (2, 3, true));
    assert_eq!(script.weight, TrackWeight::new(-5, true).unwrap());
    assert_eq!(script.script.user.as_ref().unwrap().group.as_deref(), Some("g"));
    assert_eq!(model.instances[0].tracking.scripts[0].weight, script.weight);
}

#[test]
fn scripts_run_as_the_script_user_unless_they_name_one() {
    let text = format!(
        "global_defs {{\nscript_user general\n}}\n{}",
        instance("notify_master /bin/a\nnotify_backup /bin/b special")
    );
    let notify = &model(&text).instances[0].notify;
    assert_eq!(notify.master.as_ref().unwrap().user.as_ref().unwrap().user, "general");
    assert_eq!(notify.backup.as_ref().unwrap().user.as_ref().unwrap().user, "special");
}

#[test]
fn arguments_outside_quotes_are_lost_and_said() {
    let text = scripted("script /bin/check a", "s");
    assert_eq!(said(&text), ["warning: `a` is not passed to the command"]);
}

#[test]
fn what_only_a_shell_reads_is_warned_of() {
    for (command, word) in [
        ("/bin/curl localhost | grep 200", "|"),
        ("/bin/curl localhost > /dev/null", ">"),
        ("/bin/curl localhost 2>/dev/null", "2>/dev/null"),
        ("/bin/check && /bin/other", "&&"),
    ] {
        let text = scripted(&format!("script \"{command}\""), "s");
        assert_eq!(said(&text), [format!("warning: no shell reads the `{word}`")], "{command}");
    }
    assert_eq!(said(&scripted("script \"/bin/sh -c 'a | b > c'\"", "s")), [""; 0]);
}

#[test]
fn a_redirection_alone_is_run_by_a_shell() {
    let text = scripted("script \"</dev/tcp/127.0.0.1/80\"", "s");
    assert_eq!(said(&text), [""; 0]);
    let argv = &model(&text).scripts[0].script.argv;
    assert_eq!(*argv, ["/bin/sh", "-c", "</dev/tcp/127.0.0.1/80"]);
}

#[test]
fn an_interval_of_zero_is_an_error() {
    let text = scripted("script /bin/check\ninterval 0", "s");
    assert_eq!(said(&text), ["error: `interval` cannot be `0`"]);
}

#[test]
fn a_script_nobody_tracks_is_left_out() {
    let text = "vrrp_script s {\nscript /bin/true\n}";
    assert_eq!(said(text), ["warning: no instance tracks the script `s`: it is not run"]);
    assert!(model(text).scripts.is_empty());
}

#[test]
fn two_scripts_of_one_name_are_an_error() {
    let block = "vrrp_script s {\nscript /bin/true\n}\n";
    let text = format!("{block}{}", scripted("script /bin/true", "s"));
    assert_eq!(said(&text), ["error: there is another vrrp_script `s`"]);
}

#[test]
fn an_unknown_script_is_an_error() {
    assert_eq!(
        said(&scripted("script /bin/true", "t")),
        ["error: there is no vrrp_script `t`"],
        "nothing is said of `s`, which it may mean"
    );
}

#[test]
fn a_script_that_is_wrong_itself_is_not_called_unknown() {
    assert_eq!(said(&scripted("script", "s")), ["error: `script` needs a command"]);
}

#[test]
fn a_line_of_track_script_may_have_its_own_weight() {
    let text = scripted("script /bin/true\nweight 2", "s weight -254 reverse");
    assert_eq!(said(&text), ["warning: a weight goes from -253 to 253"]);
    let weight = model(&text).instances[0].tracking.scripts[0].weight;
    assert_eq!(weight, TrackWeight::new(-253, true).unwrap());
}

#[test]
fn tracking_a_script_twice_counts_once() {
    let text = scripted("script /bin/true", "s weight 1\ns weight 2");
    assert_eq!(said(&text), ["warning: `s` is tracked twice"]);
    let tracked = &model(&text).instances[0].tracking.scripts;
    assert_eq!((tracked.len(), tracked[0].weight.get()), (1, 1));
}

#[test]
fn an_owner_has_no_weights() {
    let text =
        scripted("script /bin/true\nweight 2", "s").replace("interface", "priority 255\ninterface");
    assert_eq!(said(&text), ["warning: priority 255 never changes: a weight has no effect"]);
    assert_eq!(model(&text).instances[0].tracking.scripts[0].weight, TrackWeight::default());
}

#[test]
fn what_a_signal_has_written_can_be_elsewhere_but_not_nowhere() {
    let dumps = |lines: &str| model(&format!("global_defs {{\n{lines}\n}}")).global.dumps;
    assert_eq!(dumps("").json.display().to_string(), "/tmp/keepalived.json");
    let state = dumps("data_use_instance\nstate_dump_file /run/state");
    assert!(state.use_instance);
    assert_eq!(state.state.display().to_string(), "/run/state");
    assert_eq!(
        said("global_defs {\njson_dump_file keepalived.json\n}"),
        ["error: `json_dump_file` needs an absolute path"]
    );
}

#[test]
fn a_reload_can_be_asked_for_by_a_file_once_or_every_day() {
    let asked = |lines: &str| model(&format!("global_defs {{\n{lines}\n}}")).global.reload_time;
    assert_eq!(asked("reload_repeat"), None);
    let file = |repeat| Some(ReloadTimeFile { path: "/run/when".into(), repeat });
    assert_eq!(asked("reload_time_file /run/when"), file(false));
    assert_eq!(asked("reload_time_file /run/when\nreload_repeat"), file(true));
    assert_eq!(
        said("global_defs {\nreload_time_file when\n}"),
        ["error: `reload_time_file` needs an absolute path"]
    );
}

#[test]
fn there_is_something_to_run_with_an_instance_a_service_or_something_static() {
    let globals = "global_defs {\nrouter_id a\n}\n";
    assert!(model(globals).is_idle());
    let address = "static_ipaddress {\n192.0.2.1/24\n}\n";
    for text in [&instance(""), &service(""), address] {
        assert!(!model(&format!("{globals}{text}")).is_idle(), "{text}");
    }
}
