//! The effective configuration. That it parses to the same model, [`super::model`] looks at in every
//! test.

use super::{instance, model, server};

#[test]
fn an_instance_with_every_default_written_out() {
    assert_eq!(
        model(&instance("")).to_string(),
        "\
global_defs {
    vrrp_garp_interval 0
    vrrp_gna_interval 0
    vrrp_rt_priority 1
    nftables keepalived
    nftables_priority -1
    smtp_connect_timeout 30
    state_dump_file /tmp/keepalived.data
    json_dump_file /tmp/keepalived.json
    stats_dump_file /tmp/keepalived.stats
}
vrrp_instance A {
    interface eth0
    virtual_router_id 5
    version 2
    state BACKUP
    priority 100
    advert_int 1
    mcast_dst_ip 224.0.0.18
    preempt
    preempt_delay 0
    strict_mode off
    accept
    garp_master_delay 5
    garp_master_repeat 5
    garp_master_refresh 0
    garp_master_refresh_repeat 1
    garp_lower_prio_delay 5
    garp_lower_prio_repeat 5
    down_timer_adverts 3
    lower_prio_no_advert off
    higher_prio_send_advert off
    skip_check_adv_addr off
    v3_checksum_as_v2 off
    virtual_ipaddress {
        192.0.2.10/24 scope 0
    }
    notify_priority_changes off
    smtp_alert off
}
"
    );
}

#[test]
fn a_service_with_every_default_written_out() {
    assert_eq!(
        model(&server("TCP_CHECK { }")).to_string(),
        "\
global_defs {
    vrrp_garp_interval 0
    vrrp_gna_interval 0
    vrrp_rt_priority 1
    nftables keepalived
    nftables_priority -1
    smtp_connect_timeout 30
    state_dump_file /tmp/keepalived.data
    json_dump_file /tmp/keepalived.json
    stats_dump_file /tmp/keepalived.stats
}
virtual_server 192.0.2.10 80 {
    ip_family inet
    protocol TCP
    lb_algo rr
    lb_kind NAT
    quorum 1
    hysteresis 0
    smtp_alert off
    real_server 192.0.2.21 8080 {
        weight 1
        lvs_method NAT
        uthreshold 0
        lthreshold 0
        inhibit_on_failure off
        smtp_alert on
        TCP_CHECK {
            connect_ip 192.0.2.21
            connect_port 8080
            connect_timeout 5
            retry 1
            delay_before_retry 1
            delay_loop 6
            warmup 6
            alpha off
            log_all_failures off
        }
    }
}
"
    );
}

#[test]
fn words_of_every_kind_are_printed_so_that_they_are_read_again() {
    let text = instance(
        r##"authentication {
auth_type PASS
auth_pass "a b!{}#"
}
notify_master "/bin/echo 'x  y' \"it's\" \\\\ '' a\#b" root :wheel
track_script {
s weight 0 reverse
}"##,
    ) + "vrrp_script s {\nscript \"/bin/a b\"\nuser nobody\nweight 10 reverse\ninterval 0.5\n}";
    let model = model(&text);
    let notify = model.instances[0].notify.master.as_ref().unwrap();
    assert_eq!(notify.argv, ["/bin/echo", "x  y", "it's", "\\", "", "a#b"]);
}

#[test]
fn an_authentication_header_is_printed_so_that_it_is_read_again() {
    model(&instance("authentication {\nauth_type AH\nauth_pass secret\n}"));
}

#[test]
fn a_password_cut_within_a_character_stays_the_same() {
    model(&instance("authentication {\nauth_type PASS\nauth_pass 主服务器\n}"));
}
