//! Whole files with the habits of files found in the field.

use std::time::Duration;

use steadfast_conf::model::{AuthPass, Authentication, Forward, InitialState, Probe, Scheduler};

use super::{instance, model, said};

/// A pair's first half: comments in the middle of lines and in other scripts, defaults spelled out.
const DIRECTOR: &str = r#"! Configuration File for keepalived

global_defs {
   notification_email {
     ops@example.org                        # 收件人 {a brace in a comment
   }
   notification_email_from lb1@example.org
   smtp_server 127.0.0.1
   smtp_connect_timeout 30
   router_id LB_01        # имя машины
   vrrp_garp_interval 0
   vrrp_gna_interval 0
}

vrrp_script chk_web {  #    script "killall -0 web"
    script "/etc/keepalived/check web"
    interval 2
    weight -5
    fall 3
    rise 2
}

vrrp_instance VI_1 {
    state MASTER            # 主
    interface eth0
    virtual_router_id 51
    priority 101
    advert_int 5
    authentication {
        auth_type PASS
        auth_pass 2222
    }
    virtual_ipaddress {
        198.51.100.155/24 brd 198.51.100.255 dev eth0 label eth0:0
    }
    track_script {
       chk_web
    }
    notify_master "/etc/keepalived/notify.sh master"
    notify_backup "/etc/keepalived/notify.sh backup"
}

virtual_server 198.51.100.155 80 {          # VIP
    delay_loop 6
    lb_algo wrr
    lb_kind DR
    persistence_timeout 60
    protocol TCP
    sorry_server 127.0.0.1 80
    real_server 198.51.100.8 80 {
        weight 100
        notify_down /etc/keepalived/down.sh
        HTTP_GET {
            url {
                path "/healthcheck"
                digest 0123456789abcdef0123456789abcdef
                status_code 200
            }
            connect_timeout 10
            nb_get_retry 3
            delay_before_retry 3
        }
    }
}
"#;

#[test]
fn a_director_means_what_its_author_meant() {
    let model = model(DIRECTOR);
    assert_eq!(model.global.router_id.as_deref(), Some("LB_01"));
    let script = model.script("chk_web").unwrap();
    assert_eq!(script.script.argv, ["/etc/keepalived/check", "web"]);
    assert_eq!((script.fall, script.rise, script.weight.get()), (3, 2, -5));
    let instance = &model.instances[0];
    assert_eq!((instance.state, instance.priority.get()), (InitialState::Master, 101));
    assert_eq!(instance.advert_interval, Duration::from_secs(5));
    assert_eq!(instance.auth, Some(Authentication::Password(AuthPass::new("2222"))));
    assert_eq!(instance.addresses[0].label.as_deref(), Some("eth0:0"));
    assert_eq!(instance.notify.master.as_ref().unwrap().argv[1], "master");
    let service = &model.virtual_servers[0];
    assert_eq!(service.scheduler, Scheduler::WeightedRoundRobin);
    assert_eq!(service.persistence.unwrap().timeout, Duration::from_secs(60));
    assert_eq!(service.sorry_server.as_ref().unwrap().forward, Forward::DirectRouting);
    let server = &service.real_servers[0];
    assert_eq!((server.weight, server.checkers[0].rules.retry), (100, 3));
    let Probe::Http(http) = &server.checkers[0].probe else { panic!("HTTP_GET is an HTTP check") };
    assert_eq!(
        (http.urls[0].path.as_str(), http.urls[0].digest.unwrap()[0]),
        ("/healthcheck", 0x01)
    );
}

#[test]
fn a_director_is_told_what_is_not_done() {
    assert_eq!(
        said(DIRECTOR),
        [
            "note: `vrrp_garp_interval 0` means no pacing",
            "note: `vrrp_gna_interval 0` means no pacing",
            "warning: `nb_get_retry` is the old name of `retry`",
        ]
    );
}

/// Comments as in C, without indentation, with everything at the edge.
const SLASHES: &str = "\
vrrp_instance VI_1 {
state MASTER //BACKUP on the other machine
interface eth0
virtual_router_id 51
priority 100 ////less on the other { machine
virtual_ipaddress {
198.51.100.229
}
}
virtual_server 198.51.100.229 80 {
delay_loop 6 //seconds
lb_algo wrr //lvs
lb_kind DR //(Direct Route)
inhibit_on_failure //keep those who are here
protocol TCP
real_server 198.51.100.220 80 {
weight 3 //heavy
TCP_CHECK {
connect_timeout 10
}
}
}
";

#[test]
fn slashes_are_comments_and_one_warning() {
    assert_eq!(
        said(SLASHES),
        ["warning: keepalived does not know `//` comments: this one and 6 more"]
    );
    let model = model(SLASHES);
    assert_eq!(model.instances[0].state, InitialState::Master);
    let server = &model.virtual_servers[0].real_servers[0];
    assert_eq!((server.weight, server.inhibit_on_failure), (3, true));
}

/// Written from a tutorial by somebody in a hurry.
const WRONG: &str = "\
global_defs {
  vrrp_port 113
  log_file /var/log/web.log
}
vrrp_instance DB {
  state MASTER
  interface eth0
  virtual_router_id 71
  virtual_ipaddress {
    198.51.100.255/24
  }
  track_script {
    check_web
  }
}
virtual_server 198.51.100.255 3306 {
  lb_kind NAT
  real_server 198.51.100.103 3306 {
    TCP_CHECK { ... }
  }
}
";

#[test]
fn each_mistake_is_told_in_one_run() {
    assert_eq!(
        said(WRONG),
        [
            "error: unknown keyword `vrrp_port`",
            "error: unknown keyword `log_file`",
            "error: 198.51.100.255/24 is not a host address",
            "error: there is no vrrp_script `check_web`",
            "warning: `lb_algo` is missing",
            "error: `protocol` is missing",
            "error: 198.51.100.255 is not a host address",
            "error: `...` is not a keyword",
        ]
    );
}

#[test]
fn what_other_languages_write_is_explained() {
    assert_eq!(
        said(
            "vrrp_instance A {\ninterface = eth0\nvirtual_router_id = 5\nno_virtual_ipaddress\n}\n"
        ),
        ["error: no `=` follows `interface`", "error: no `=` follows `virtual_router_id`"]
    );
    assert_eq!(
        said("global_defs {\nrouter_id a;\n}\n"),
        ["warning: the `;` is a part of this word"]
    );
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_first_keyword() {
    let text = format!("\u{feff}{}", instance(""));
    assert_eq!(said(&text), ["warning: this file begins with a byte order mark"]);
    assert_eq!(model(&text).instances.len(), 1);
}
