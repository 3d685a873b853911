//! What both routers of a scenario are told, in the words of each.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use steadfast_vrrp::packet::{
    Authentication, ChecksumForm, MULTICAST_IPV4, MULTICAST_IPV6, Password,
};
use steadfast_vrrp::router::{Destination, VirtualAddresses};
use steadfast_vrrp::{AdverInterval, Config, Family, MacAddress, Priority, Version, Vrid};
use steadfast_vrrp_linux::{Instance, VirtualMac};

pub(crate) const INTERFACE: &str = "eth0";
const VRID: u8 = 51;

/// Which of the two routers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Ours,
    Peer,
}

impl Side {
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Ours => Self::Peer,
            Self::Peer => Self::Ours,
        }
    }

    /// The host it runs on.
    pub(crate) fn host(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Peer => "peer",
        }
    }
}

/// What both routers have in common.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Variant {
    pub(crate) version: Version,
    pub(crate) family: Family,
    pub(crate) interval: AdverInterval,
    pub(crate) password: Option<&'static str>,
    /// Whether the password is the key of an Authentication Header.
    pub(crate) header: bool,
    /// What ours sends; the others know one form only.
    pub(crate) checksum: ChecksumForm,
    /// Whether each sends to the other only, instead of to the group.
    pub(crate) unicast: bool,
    /// Whether ours and keepalived use the virtual router's MAC address; FRR always does.
    pub(crate) virtual_mac: bool,
    /// Whose address to send from is the greater one.
    pub(crate) greater: Side,
}

pub(crate) const VERSION_2: Variant = Variant {
    version: Version::V2,
    family: Family::Ipv4,
    interval: AdverInterval::DEFAULT,
    password: None,
    header: false,
    checksum: ChecksumForm::PseudoHeader,
    unicast: false,
    virtual_mac: false,
    greater: Side::Peer,
};
pub(crate) const VERSION_3: Variant = Variant { version: Version::V3, ..VERSION_2 };
pub(crate) const OVER_IPV6: Variant = Variant { family: Family::Ipv6, ..VERSION_3 };

/// What each router has for itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Role {
    pub(crate) priority: u8,
    pub(crate) preempt: bool,
}

impl Role {
    pub(crate) const OWNER: Self = Self::new(255);

    pub(crate) const fn new(priority: u8) -> Self {
        Self { priority, preempt: true }
    }

    pub(crate) const fn nopreempt(priority: u8) -> Self {
        Self { priority, preempt: false }
    }
}

impl Variant {
    pub(crate) fn every(self, centis: u16) -> Self {
        Self { interval: AdverInterval::from_centis(centis).unwrap(), ..self }
    }

    /// As quick as a loaded machine can be trusted to be in time.
    pub(crate) fn quick(self) -> Self {
        self.every(40)
    }

    /// The addresses that a side sends from, in both families.
    pub(crate) fn addresses_of(&self, side: Side) -> [IpAddr; 2] {
        let last = if side == self.greater { 2 } else { 1 };
        [
            Ipv4Addr::new(10, 0, 0, last).into(),
            Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, last.into()).into(),
        ]
    }

    /// The address that a side sends advertisements from.
    pub(crate) fn address_of(&self, side: Side) -> IpAddr {
        let [ipv4, ipv6] = self.addresses_of(side);
        match self.family {
            Family::Ipv4 => ipv4,
            Family::Ipv6 => ipv6,
        }
    }

    /// The address that a side sends advertisements to.
    pub(crate) fn destination_of(&self, side: Side) -> IpAddr {
        match self.family {
            _ if self.unicast => self.address_of(side.other()),
            Family::Ipv4 => MULTICAST_IPV4.into(),
            Family::Ipv6 => MULTICAST_IPV6.into(),
        }
    }

    /// The virtual addresses.
    pub(crate) fn addresses(&self) -> Vec<IpAddr> {
        match self.family {
            Family::Ipv4 => vec![[10, 0, 0, 100].into(), [10, 0, 0, 101].into()],
            Family::Ipv6 => ["fe80::100", "2001:db8::100"].map(|text| text.parse().unwrap()).into(),
        }
    }

    pub(crate) fn instance(&self, role: Role) -> Instance {
        let addresses = VirtualAddresses::new(self.addresses()).unwrap();
        let config = Config::builder(vrid(), addresses)
            .version(self.version)
            .priority(Priority::new(role.priority).unwrap())
            .interval(self.interval)
            .preempt(role.preempt)
            .checksum(self.checksum)
            .destination(match self.destination_of(Side::Ours) {
                peer if self.unicast => Destination::unicast([peer]),
                group => Destination::Multicast(group),
            });
        let config = match (self.key(), self.password()) {
            (Some(key), _) => config.authentication_header(key),
            (None, Some(password)) => {
                config.authentication(Authentication::SimplePassword(password))
            }
            (None, None) => config,
        };
        let config = config.build().unwrap();
        let mut instance = Instance::new("ours", INTERFACE, config);
        instance.virtual_mac = self.virtual_mac.then(|| VirtualMac::new(vrid(), self.family));
        instance
    }

    fn password(&self) -> Option<Password> {
        self.password.map(|password| Password::new(password.as_bytes()).unwrap())
    }

    /// The key of the Authentication Header, if there is one.
    pub(crate) fn key(&self) -> Option<Password> {
        self.password().filter(|_| self.header)
    }

    /// The MAC address that both send from, where there is one.
    pub(crate) fn mac(&self) -> Option<MacAddress> {
        self.virtual_mac.then(|| MacAddress::virtual_router(vrid(), self.family))
    }

    /// For keepalived and the director.
    pub(crate) fn keepalived(&self, side: Side, role: Role) -> String {
        let Role { priority, preempt } = role;
        let state = if priority == Role::OWNER.priority { "MASTER" } else { "BACKUP" };
        let nopreempt = if preempt { "" } else { "nopreempt" };
        let version = self.version.number();
        let interval = self.interval.as_duration().as_secs_f64();
        let password = self.password.map_or(String::new(), |password| {
            let kind = if self.header { "AH" } else { "PASS" };
            format!("authentication {{\nauth_type {kind}\nauth_pass {password}\n}}")
        });
        let unicast = if self.unicast {
            let (from, to) = (self.address_of(side), self.destination_of(side));
            format!("unicast_src_ip {from}\nunicast_peer {{\n{to}\n}}")
        } else {
            String::new()
        };
        let virtual_mac = if self.virtual_mac { "use_vmac" } else { "" };
        let addresses: String =
            self.addresses().iter().map(|address| format!("{address}\n")).collect();
        format!(
            "vrrp_instance VI_1 {{\n\
             state {state}\ninterface {INTERFACE}\nvirtual_router_id {VRID}\n\
             priority {priority}\n{nopreempt}\nversion {version}\nadvert_int {interval}\n\
             {password}\n{unicast}\n{virtual_mac}\n\
             virtual_ipaddress {{\n{addresses}}}\n\
             }}\n"
        )
    }

    /// For FRR's vrrpd.
    pub(crate) fn frr(&self, role: Role) -> String {
        assert!(self.password.is_none() && !self.unicast, "FRR knows neither");
        let nopreempt = if role.preempt { "" } else { "no " };
        let ip = match self.family {
            Family::Ipv4 => "ip",
            Family::Ipv6 => "ipv6",
        };
        let mut lines = vec![
            format!("vrrp {VRID} version {}", self.version.number()),
            format!("vrrp {VRID} priority {}", role.priority),
            format!(
                "vrrp {VRID} advertisement-interval {}",
                self.interval.as_duration().as_millis()
            ),
            format!("{nopreempt}vrrp {VRID} preempt"),
        ];
        lines.extend(self.addresses().iter().map(|address| format!("vrrp {VRID} {ip} {address}")));
        format!("debug vrrp\ninterface {INTERFACE}\n {}\n", lines.join("\n "))
    }

    /// The `ip` commands that make the macvlan in which FRR wants to find the virtual addresses.
    pub(crate) fn macvlan(&self) -> Vec<String> {
        let (name, mac) = match self.family {
            Family::Ipv4 => ("vrrp4", format!("00:00:5e:00:01:{VRID:02x}")),
            Family::Ipv6 => ("vrrp6", format!("00:00:5e:00:02:{VRID:02x}")),
        };
        let mut lines = vec![format!(
            "link add {name} link {INTERFACE} address {mac} type macvlan mode bridge"
        )];
        let mut addresses = self.addresses();
        if self.family == Family::Ipv6 {
            // It sends from the link-local address that came last.
            addresses.push(self.address_of(Side::Peer));
        }
        lines.extend(addresses.iter().map(|address| {
            let length = if address.is_ipv4() { 32 } else { 64 };
            format!("addr add {address}/{length} dev {name}")
        }));
        lines.push(format!("link set {name} up"));
        lines
    }
}

fn vrid() -> Vrid {
    Vrid::new(VRID).unwrap()
}
