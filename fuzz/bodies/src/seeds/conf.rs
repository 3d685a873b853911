//! Small configurations, each with something that a fuzzer should know to exist.

use super::Seed;

const INSTANCE: &str = "\
global_defs {
    router_id LB1 # the first
    vrrp_garp_interval 0.01
    script_user nobody : users
}
vrrp_script check {
    script \"/usr/bin/check 'a b' \\\"c\\\" \\\\x20\"
    weight -20 reverse
}
vrrp_instance VI_1 {
    state BACKUP
    interface eth0
    virtual_router_id 51
    priority 150
    nopreempt
    authentication {
        auth_type PASS
        auth_pass \"s!cret\"
    }
    virtual_ipaddress {
        192.0.2.10/24 brd + dev eth0 label eth0:1
    }
    track_script { check weight 10 }
    notify_master \"/etc/notify master\" root
}
";

const SERVICE: &str = "\
virtual_server 192.0.2.10 80 {
    delay_loop 6
    lb_algo wlc
    lb_kind NAT
    persistence_timeout
    protocol TCP
    quorum 2
    hysteresis 1
    sorry_server 127.0.0.1 8080
    real_server 192.0.2.21 8080 {
        weight 3
        HTTP_GET {
            url {
                path /health
                status_code 200-299 404
                digest 0123456789abcdef0123456789abcdef
            }
            connect_timeout 2.5
        }
    }
    real_server 192.0.2.22 8080 {
        TCP_CHECK { }
    }
}
";

const EXPANSION: &str = "\
$NET=192.0.${SUB}
$SUB=2
$VI= \\
vrrp_instance V${N} { \\
    interface eth${N} \\
    virtual_router_id ${N} \\
    @main priority 200 \\
    @^main priority 100 \\
    $LAST=${N} \\
    virtual_ipaddress { ${NET}.${LAST} } \\
}
~SEQ(N, 1, 2, 5) $VI
~LST({N, X}, {7, a}, {8, b}) $VI
";

const SEQUENCES: &str = "\
virtual_server 192.0.2.1 80 {
    protocol TCP
    lb_algo rr
    lb_kind NAT
    ~SEQx(A, 0x9, 0xb) ~LST(B, 1, 2) real_server 10.0.${_RANDOM 1 9}.${B} 80${_HASH}
}
";

const MISTAKES: &str = "\
global_defs { // what people write
  vrrp_verson 3
  router_id ${UNDEFINED}
  include none{a,b}*
}}
vrrp_instance A {
  priority 10x
  auth_pass \"open
  virtual_ipaddress { ... }
  @ x
  ~SEQ(A,1,0,2) y
";

pub(super) fn conf() -> impl Iterator<Item = Seed> {
    [
        ("expansion", EXPANSION),
        ("instance", INSTANCE),
        ("mistakes", MISTAKES),
        ("sequences", SEQUENCES),
        ("service", SERVICE),
    ]
    .into_iter()
    .map(|(name, text)| Seed { target: "conf", name, bytes: text.as_bytes().to_vec() })
}
