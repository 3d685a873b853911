//! What ipvsadm's manual page shows, done by both.

use crate::{Program, assert_same, assert_same_transcripts, one_host};

const DAEMON_OPTIONS: [&str; 27] = [
    "",
    "--syncid 0",
    "--syncid 255",
    "--syncid 0x10",
    "--syncid 007",
    "--sync-maxlen 1",
    "--sync-maxlen 100",
    "--sync-maxlen 1023",
    "--sync-maxlen 1024",
    "--sync-maxlen 1473",
    "--sync-maxlen 65507",
    "--mcast-group 224.0.0.1",
    "--mcast-group 239.1.2.3",
    "--mcast-group 10.0.0.1",
    "--mcast-group ff02::81",
    "--mcast-group ff05::1",
    "--mcast-group ff02::81%eth0",
    "--mcast-group fe80::1",
    "--mcast-port 1",
    "--mcast-port 65535",
    "--mcast-group ff02::81 --mcast-port 65535",
    "--mcast-ttl 1",
    "--mcast-ttl 255",
    "--mcast-ttl 256",
    "--mcast-group ff02::81 --mcast-ttl 64",
    "--syncid 5 --sync-maxlen 1400 --mcast-group 239.1.2.3 --mcast-port 9999 --mcast-ttl 7",
    "--syncid=5 --sync-maxlen=1400 --mcast-group=ff05::9 --mcast-port=9999 --mcast-ttl=7",
];

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn daemons_with_any_options_are_as_by_ipvsadm() {
    let (_alone, network) = one_host();
    let host = network.host("a").unwrap();
    let mut lines = Vec::new();
    for options in DAEMON_OPTIONS {
        for role in ["master", "backup"] {
            let mut start = vec!["--start-daemon", role, "--mcast-interface", "eth0"];
            start.extend(options.split_ascii_whitespace());
            // The listing gives the daemon's thread the time to run: ipvsadm waits for ever for the
            // end of one that has not.
            lines.extend([start, vec!["-L", "--daemon"], vec!["--stop-daemon", role]]);
        }
    }
    lines.push(vec!["--start-daemon", "master", "--mcast-interface", "nosuch0"]);
    let shown = assert_same_transcripts(host, &lines);
    assert!(shown.contains("group=ff05::9, port=9999, ttl=7"), "{shown}");
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn timeouts_of_up_to_31_days_are_set_as_by_ipvsadm() {
    let (_alone, network) = one_host();
    let host = network.host("a").unwrap();
    let set = ["1 2 3", "0 0 0", "0 5 0", "2678400 2678400 2678400", "2678401 1 1"];
    let lines = set.map(|seconds| {
        let set = ["--set"].into_iter().chain(seconds.split(' ')).collect();
        [set, vec!["-L", "--timeout"]]
    });
    assert_same_transcripts(host, lines.as_flattened());
}

const EXAMPLES: [&str; 5] = [
    "
-A -t 207.175.44.110:80 -s rr
-a -t 207.175.44.110:80 -r 192.168.10.1:80 -m
-a -t 207.175.44.110:80 -r 192.168.10.2:80 -m
",
    "-A -f 1\t-s rr
-a -f 1 -r 192.168.10.1:0 -m
ipvsadm -a -f 1 -r 192.168.10.2:0 -m
",
    "-A -t 207.175.44.110:80 -s rr
-a -t 207.175.44.110:80 -r 192.168.10.1:80 -i --tun-type gue --tun-port 6080 --tun-nocsum
-a -t 207.175.44.110:80 -r 192.168.10.2:80 -i --tun-type gue --tun-port 6080 --tun-csum
-a -t 207.175.44.110:80 -r 192.168.10.3:80 -i --tun-type gue --tun-port 6080 --tun-remcsum
-a -t 207.175.44.110:80 -r 192.168.10.4:80 -i --tun-type gue --tun-port 6078
",
    "-A -t 10.0.0.1:80 -s rr
-a -t 10.0.0.1:80 -r 192.168.11.1:80 -i --tun-type gre --tun-csum
",
    "-A -t [2001:db8::80]:80 -s rr
-a -t [2001:db8::80]:80 -r [2001:db8::a0a0]:80 -m
-A -f 2 -6 -o
",
];

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn the_examples_give_what_ipvsadm_gives() {
    const LISTINGS: &str = "-Ln\n-Ln --tun-info\n-Ln --sort\n-Ln --thresholds\n-Sn\n";
    let (_alone, network) = one_host();
    let host = network.host("a").unwrap();
    for example in EXAMPLES {
        let script = format!("-C\n{example}{LISTINGS}");
        let ours = Program::Lvsadm.run(host, &["-R"], &script);
        assert_same(&ours, &Program::Ipvsadm.run(host, &["-R"], &script));
        assert!(ours.contains("-A -"), "{ours}");
    }
}
