//! An ordinary user, who is root in a network of his own.

use std::process::Command;

use steadfast_lab::binary;

/// Has `vrrp-speaker` take over and stop; fails where something of that fails, or is left behind.
const SCRIPT: &str = r#"
ip link set lo up
ip link add eth0 type veth peer name eth1
ip link set eth1 up
ip link set eth0 up
ip addr add 10.0.0.1/24 dev eth0
"$0" --interface eth0 --vrid 51 --advert-int 0.1 --use-vmac 10.0.0.100 &
for attempt in $(seq 200); do
    ip addr show dev vrrp.51 | grep -q 10.0.0.100/32 && break
    sleep 0.1
done
ip addr show dev vrrp.51 | grep 10.0.0.100/32
kill -TERM $!
wait $!
! ip link show dev vrrp.51
"#;

#[test]
#[ignore = "needs root and network namespaces: run by cargo lab test"]
fn works_without_root_in_a_user_and_network_namespace() {
    let nobody = ["--reuid", "65534", "--regid", "65534", "--clear-groups"];
    let namespaces = ["unshare", "--user", "--map-root-user", "--net", "sh", "-ec", SCRIPT];
    let mut command = Command::new("setpriv");
    command.args(nobody).args(namespaces).arg(binary("vrrp-speaker").unwrap());
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].map(|said| String::from_utf8(said).unwrap());
    assert!(output.status.success(), "{}\n{}", said[0], said[1]);
}
