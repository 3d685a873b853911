use steadfast_conf::Style;

use super::*;

const INSTANCE: &str = "vrrp_instance A {\n interface eth0\n virtual_router_id 1\n priority 100\n \
    authentication {\n auth_type PASS\n auth_pass secret1\n }\n virtual_ipaddress {\n 192.0.2.1\n }\n}\n";
const SERVICE: &str = "virtual_server 192.0.2.1 80 {\n protocol TCP\n lb_algo rr\n lb_kind NAT\n \
    real_server 192.0.2.2 80 {\n weight 1\n TCP_CHECK {\n connect_timeout 1\n }\n }\n}\n";

fn plan(current: &str, new: &str) -> String {
    let model = |text: &str| {
        let loaded = steadfast_conf::parse("test.conf", text);
        let shown = loaded.render(Style::Plain);
        loaded.model.unwrap_or_else(|| panic!("{shown}"))
    };
    Plan::between(&model(current), &model(new)).to_string()
}

#[test]
fn equal_configurations_differ_in_nothing() {
    let text = [INSTANCE, SERVICE].concat();
    assert_eq!(plan(&text, &format!("# a comment\n{text}")), "");
}

#[test]
fn a_changed_value_is_shown_with_what_it_was() {
    let changed = INSTANCE.replace("priority 100", "priority 150");
    let expected = "  vrrp_instance A\n    - priority 100\n    + priority 150\n";
    assert_eq!(plan(INSTANCE, &changed), expected);
}

#[test]
fn a_changed_server_is_shown_within_its_service() {
    let changed = SERVICE.replace("weight 1", "weight 2");
    let expected = "  virtual_server 192.0.2.1 80 / real_server 192.0.2.2 80\n    \
        - weight 1\n    + weight 2\n";
    assert_eq!(plan(SERVICE, &changed), expected);
}

#[test]
fn a_service_that_comes_or_goes_is_named_once() {
    let both = [INSTANCE, SERVICE].concat();
    assert_eq!(plan(INSTANCE, &both), "+ virtual_server 192.0.2.1 80\n");
    assert_eq!(plan(&both, INSTANCE), "- virtual_server 192.0.2.1 80\n");
}

#[test]
fn a_server_that_comes_to_a_service_is_named() {
    let server = "real_server 192.0.2.3 80 {\n TCP_CHECK {\n connect_timeout 1\n }\n }\n}\n";
    let more = format!("{}{server}", SERVICE.trim_end().trim_end_matches('}'));
    assert_eq!(plan(SERVICE, &more), "+ virtual_server 192.0.2.1 80 / real_server 192.0.2.3 80\n");
}

#[test]
fn what_is_removed_comes_first_and_the_rest_in_the_order_of_the_file() {
    let service = |port: u16, weight: u16| {
        SERVICE
            .replace(" 80 {\n protocol", &format!(" {port} {{\n protocol"))
            .replace("weight 1", &format!("weight {weight}"))
    };
    let current = [service(1, 1), service(2, 1), service(3, 1), INSTANCE.to_owned()].concat();
    let changed = INSTANCE.replace("priority 100", "priority 150");
    let new = [service(4, 1), service(3, 2), service(1, 2), changed].concat();
    let plan = plan(&current, &new);
    let objects: Vec<_> = plan.lines().filter(|line| !line.starts_with("    ")).collect();
    let expected = [
        "- virtual_server 192.0.2.1 2",
        "  vrrp_instance A",
        "+ virtual_server 192.0.2.1 4",
        "  virtual_server 192.0.2.1 3 / real_server 192.0.2.2 80",
        "  virtual_server 192.0.2.1 1 / real_server 192.0.2.2 80",
    ];
    assert_eq!(objects, expected);
}

#[test]
fn a_password_that_changes_is_not_shown() {
    let plan = plan(INSTANCE, &INSTANCE.replace("secret1", "secret2"));
    assert!(plan.contains("+ auth_pass ********") && !plan.contains("secret"), "{plan}");
}
