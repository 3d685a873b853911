//! Tables of everything that ipvsadm can make, as its rules. The same number makes the same table.

/// Marks up to here are saved as numbers that can be read again.
const LARGEST_SAVED_MARK: u64 = 2_147_483_647;
const SCHEDULERS: [&str; 14] =
    ["rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "sed", "nq", "fo", "ovf", "mh", "none"];

/// Rules that make table `number`.
pub(crate) fn table(number: u64) -> String {
    let mut random = Random(number);
    let mut rules = String::new();
    for index in 0..random.below(12) {
        let service = Service::any(index, &mut random);
        rules += &service.rule(&mut random);
        for index in 0..random.below(6) {
            rules += &service.server(index, &mut random);
        }
    }
    rules
}

struct Service {
    name: String,
    udp: bool,
    mark: bool,
    all_ports: bool,
    persistent: bool,
    ipv6: bool,
}

impl Service {
    fn any(index: u64, random: &mut Random) -> Self {
        let (ipv6, persistent) = (random.chance(35), random.chance(40));
        if random.chance(15) {
            let mark = 1 + (random.below(LARGEST_SAVED_MARK) & !15) + index;
            let name = format!("-f {}{}", mark.min(LARGEST_SAVED_MARK), word(ipv6, " -6"));
            return Self { name, udp: false, mark: true, all_ports: false, persistent, ipv6 };
        }
        let protocol = random.pick(&["-t", "-u", "--sctp-service"]);
        let all_ports = persistent && random.chance(20);
        let port = if all_ports { 0 } else { 1 + random.below(65_535) };
        let name = format!("{protocol} {}:{port}", address(ipv6, index, random));
        Self { name, udp: protocol == "-u", mark: false, all_ports, persistent, ipv6 }
    }

    fn rule(&self, random: &mut Random) -> String {
        let scheduler = random.pick(&SCHEDULERS);
        let mut rule = format!("-A {} -s {scheduler}", self.name);
        if self.persistent {
            rule += " -p";
            if random.chance(80) {
                rule += &format!(" {}", 1 + random.below(2_678_400));
            }
            if random.chance(50) {
                rule += &match self.ipv6 {
                    true => format!(" -M {}", 1 + random.below(128)),
                    false => format!(" -M {}", random.pick(&NETMASKS)),
                };
            }
        }
        rule += word(random.chance(20), " --pe sip");
        let names: &[_] = match scheduler {
            "sh" => &["flag-1", "flag-2", "flag-3", "sh-fallback", "sh-port"],
            "mh" => &["flag-1", "flag-2", "flag-3", "mh-fallback", "mh-port"],
            _ => &["flag-1", "flag-2", "flag-3"],
        };
        let flags: Vec<_> = names.iter().copied().filter(|_| random.chance(20)).collect();
        if !flags.is_empty() {
            rule += &format!(" -b {}", flags.join(","));
        }
        rule += word((self.udp || self.mark) && random.chance(30), " -o");
        rule + "\n"
    }

    fn server(&self, index: u64, random: &mut Random) -> String {
        let forward = random.pick(&["", " -g", " -m", " -m", " -i", " -i"]);
        let other_family = forward == " -i" && random.chance(30);
        let mut rule =
            format!("-a {} -r {}", self.name, address(self.ipv6 ^ other_family, index, random));
        if self.all_ports {
            rule += ":0";
        } else if random.chance(70) || self.ipv6 ^ other_family {
            rule += &format!(":{}", 1 + random.below(65_535));
        }
        rule += forward;
        if forward == " -i" {
            rule += &tunnel(random);
        }
        if random.chance(80) {
            rule += &format!(" -w {}", random.pick(&[0, 1, 5, 65_535, 70_000, 2_147_483_647]));
        }
        if random.chance(40) {
            let upper = random.below(1 << 31);
            rule += &format!(" -x {upper}");
            if random.chance(50) {
                rule += &format!(" -y {}", random.below(upper + 1));
            }
        }
        rule + "\n"
    }
}

const NETMASKS: [&str; 5] =
    ["255.255.255.0", "255.255.0.0", "255.255.255.255", "0.0.0.0", "255.0.255.0"];

/// One of the index, from both halves of the address space, with a route to it.
fn address(ipv6: bool, index: u64, random: &mut Random) -> String {
    if ipv6 {
        let net = random.pick(&["fd00", "2001:db8", "8000"]);
        format!("[{net}:{:x}::{:x}]", random.below(1 << 16), index + 1)
    } else {
        let net = random.pick(&["10.0", "192.168", "198.18", "200.1"]);
        format!("{net}.{}.{}", random.below(256), index + 10)
    }
}

fn tunnel(random: &mut Random) -> String {
    match random.pick(&["", "ipip", "gue", "gre"]) {
        "" => String::new(),
        "ipip" => " --tun-type ipip".to_owned(),
        "gue" => {
            let checksum = random.pick(&["", " --tun-csum", " --tun-nocsum", " --tun-remcsum"]);
            format!(" --tun-type gue --tun-port {}{checksum}", 1 + random.below(65_535))
        }
        _ => format!(" --tun-type gre{}", random.pick(&["", " --tun-csum", " --tun-nocsum"])),
    }
}

fn word(condition: bool, word: &'static str) -> &'static str {
    if condition { word } else { "" }
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::try_from(self.below(choices.len() as u64)).unwrap()]
    }
}
