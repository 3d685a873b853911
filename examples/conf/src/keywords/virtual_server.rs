use super::checker::{
    BFD_CHECK, CHECK_DEFAULTS, DNS_CHECK, FILE_CHECK, MISC_CHECK, PING_CHECK, SMTP_CHECK,
    TCP_CHECK, UDP_CHECK,
};
use super::http::{HTTP_GET, SSL_GET};
use super::{Arguments, Block, COUNT, Keyword, NAME, NO_SNMP, POSITIVE, accepted, refused, works};

pub(super) static VIRTUAL_SERVER: Block =
    Block { name: "virtual_server", keywords: &[&SERVICE, &FLAGS, &QUORUM, &CHECK_DEFAULTS] };

static REAL_SERVER: Block =
    Block { name: "real_server", keywords: &[&SERVER, &CHECKERS, &CHECK_DEFAULTS] };

const METHOD: Arguments =
    Arguments::Words("NAT|DR|TUN [type ipip|gue port N|gre] [nocsum|csum|remcsum]");
const SCHEDULERS: Arguments = Arguments::Choice(&[
    "rr", "wrr", "lc", "wlc", "lblc", "lblcr", "sh", "mh", "dh", "fo", "ovf", "sed", "nq", "twos",
]);

static SERVICE: [Keyword; 19] = [
    works("lb_algo", SCHEDULERS),
    works("lvs_sched", SCHEDULERS),
    works("lb_kind", METHOD),
    works("lvs_method", METHOD),
    works("protocol", Arguments::ChoiceAnyCase(&["TCP", "UDP", "SCTP"])),
    works("persistence_timeout", Arguments::OptionalInteger { min: 0, max: 2_678_400, alone: 360 }),
    works("persistence_granularity", Arguments::Word("MASK")),
    works("persistence_engine", Arguments::Choice(&["sip"])),
    works("ha_suspend", Arguments::None),
    works("ip_family", Arguments::Choice(&["inet", "inet6"])),
    works("sorry_server", Arguments::Endpoint),
    works("sorry_server_inhibit", Arguments::None).below(&["sorry_server"]),
    works("sorry_server_lvs_method", METHOD),
    works("inhibit_on_failure", Arguments::None),
    works("weight", Arguments::Integer { min: 1, max: 65_535 }).or("1"),
    works("real_server", Arguments::Endpoint).each().block(&REAL_SERVER),
    works("smtp_alert", Arguments::Flag),
    accepted("snmp_name", NAME, NO_SNMP),
    accepted("nat_mask", Arguments::Word("MASK"), "keepalived knows it no more"),
];

/// keepalived must know the scheduler to know its flags.
const SCHEDULER: &[&str] = &["lb_algo", "lvs_sched"];

static FLAGS: [Keyword; 9] = [
    works("ops", Arguments::None),
    works("flag-1", Arguments::None),
    works("flag-2", Arguments::None),
    works("flag-3", Arguments::None),
    works("sh-port", Arguments::None).below(SCHEDULER),
    works("sh-fallback", Arguments::None).below(SCHEDULER),
    works("mh-port", Arguments::None).below(SCHEDULER),
    works("mh-fallback", Arguments::None).below(SCHEDULER),
    refused("hashed", Arguments::None, "nothing changes: keepalived does not accept it either"),
];

static QUORUM: [Keyword; 6] = [
    works("alpha", Arguments::None),
    works("omega", Arguments::None),
    works("quorum", POSITIVE).or("1"),
    works("hysteresis", COUNT).or("0"),
    works("quorum_up", Arguments::CommandAndUser).first(),
    works("quorum_down", Arguments::CommandAndUser).first(),
];

static SERVER: [Keyword; 10] = [
    works("weight", Arguments::Integer { min: 0, max: 65_535 }),
    works("lvs_method", METHOD),
    works("uthreshold", COUNT).or("0"),
    works("lthreshold", COUNT).or("0"),
    works("inhibit_on_failure", Arguments::Flag),
    works("notify_up", Arguments::CommandAndUser).first(),
    works("notify_down", Arguments::CommandAndUser).first(),
    works("alpha", Arguments::Flag),
    works("smtp_alert", Arguments::Flag),
    accepted("snmp_name", NAME, NO_SNMP),
];

const UNCHECKED: &str = "the server would not be checked by it";

static CHECKERS: [Keyword; 10] = [
    works("TCP_CHECK", Arguments::None).each().block(&TCP_CHECK),
    works("HTTP_GET", Arguments::None).each().block(&HTTP_GET),
    works("SSL_GET", Arguments::None).each().block(&SSL_GET),
    works("SMTP_CHECK", Arguments::None).each().block(&SMTP_CHECK),
    works("DNS_CHECK", Arguments::None).each().block(&DNS_CHECK),
    works("MISC_CHECK", Arguments::None).each().block(&MISC_CHECK),
    works("UDP_CHECK", Arguments::None).each().block(&UDP_CHECK),
    works("PING_CHECK", Arguments::None).each().block(&PING_CHECK),
    refused("BFD_CHECK", Arguments::None, UNCHECKED).each().block(&BFD_CHECK),
    works("FILE_CHECK", Arguments::None).each().block(&FILE_CHECK),
];
