//! Configurations that scenarios are made of.

/// Notifications of an object called `name`, with their arguments.
pub(crate) fn notify(name: &str) -> String {
    let line = |word: &str, keyword: &str| format!("{keyword} \"FOLDER/notify {name} {word}\"\n");
    [
        line("any", "notify"),
        line("master", "notify_master"),
        line("backup", "notify_backup"),
        line("fault", "notify_fault"),
        line("stop", "notify_stop"),
    ]
    .concat()
}

/// Without the second burst of announcements: the five seconds until then would be those of some later
/// step, and not of the same one for both.
pub(crate) const ANNOUNCED_ONCE: &str = "garp_master_delay 0\n";

/// An instance `VI_1` of version 2 on eth0, with `more` in it.
pub(crate) fn instance(more: &str) -> String {
    let notify = notify("VI_1");
    format!(
        "global_defs {{\n script_user root\n }}\n\
         vrrp_instance VI_1 {{\n interface eth0\n virtual_router_id 51\n \
         {ANNOUNCED_ONCE} {notify} {more}\n}}\n"
    )
}

/// The same in version 3, once a second, with one address.
pub(crate) fn quick(priority: u8, more: &str) -> String {
    instance(&format!(
        "version 3\n advert_int 1\n priority {priority}\n \
         virtual_ipaddress {{\n 10.77.0.100/24\n }}\n {more}"
    ))
}

/// What [`quick`] is, on another router.
pub(crate) fn peer(priority: u8) -> String {
    format!(
        "vrrp_instance PEER {{\n interface eth0\n virtual_router_id 51\n version 3\n advert_int 1\n \
         priority {priority}\n {ANNOUNCED_ONCE} virtual_ipaddress {{\n 10.77.0.100/24\n }}\n}}\n"
    )
}

/// A virtual server of weighted round robin and NAT, with `more` in it.
pub(crate) fn service(more: &str) -> String {
    format!(
        "global_defs {{
            script_user root
        }}
        virtual_server 10.77.0.100 80 {{
            delay_loop 1
            protocol TCP
            lb_algo wrr
            lb_kind NAT
            quorum_up \"FOLDER/notify quorum up\"
            quorum_down \"FOLDER/notify quorum down\"
            {more}
        }}\n"
    )
}

/// The real server on host `web1` or `web2`, with `more` in it.
pub(crate) fn server(number: u8, more: &str) -> String {
    format!(
        "real_server 10.78.0.1{number} 80 {{
            notify_up \"FOLDER/notify server {number} up\"
            notify_down \"FOLDER/notify server {number} down\"
            {more}
        }}\n"
    )
}

/// What a checker that is quick says beyond its own.
pub(crate) const QUICKLY: &str =
    "connect_timeout 5\n retry 1\n delay_before_retry 1\n warmup 0.001\n";

/// A [`service`] with both servers, `web1` with weight 3, and `more` in it.
pub(crate) fn two(more: &str) -> String {
    let check = format!("TCP_CHECK {{\n {QUICKLY} }}");
    let servers = server(1, &format!("weight 3\n {check}")) + &server(2, &check);
    service(&(more.to_owned() + "\n" + &servers))
}

/// What [`two`] has in the table.
pub(crate) const ONE: &str = "-r 10.78.0.11:80 -m -w 3";
pub(crate) const TWO: &str = "-r 10.78.0.12:80 -m -w 1";
