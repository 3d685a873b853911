use super::checker::{
    BFD_CHECK, CHECK_DEFAULTS, DNS_CHECK, FILE_CHECK, MISC_CHECK, PING_CHECK, SMTP_CHECK,
    TCP_CHECK, UDP_CHECK,
};
use super::http::{HTTP_GET, SSL_GET};
use super::{
    Arguments, Block, COUNT, Keyword, NAME, NO_MAIL, NO_SNMP, POSITIVE, accepted, refused, works,
};

pub(super) static VIRTUAL_SERVER: Block =
    Block { name: "virtual_server", keywords: &[&SERVICE, &FLAGS, &QUORUM, &CHECK_DEFAULTS] };

static REAL_SERVER: Block =
    Block { name: "real_server", keywords: &[&SERVER, &CHECKERS, &CHECK_DEFAULTS] };

const METHOD: Arguments =
    Arguments::Words("NAT|DR|TUN [type ipip|gue port N|gre] [nocsum|csum|remcsum]");
const SCHEDULERS: Arguments = Arguments::Choice(&[
    "rr", "wrr", "lc", "wlc", "lblc", "lblcr", "sh", "mh", "dh", "fo", "ovf", "sed", "nq", "twos",
]);

static SERVICE: [Keyword; 18] = [
    works("lb_algo", SCHEDULERS),
    works("lvs_sched", SCHEDULERS),
    works("lb_kind", METHOD),
    works("lvs_method", METHOD),
    works("protocol", Arguments::ChoiceAnyCase(&["TCP", "UDP", "SCTP"])),
    works("persistence_timeout", Arguments::OptionalInteger { min: 0, max: 2_678_400, alone: 360 }),
    works("persistence_granularity", Arguments::Word("MASK")),
    refused("persistence_engine", NAME, "clients would not stay with their server"),
    refused("ha_suspend", Arguments::None, "servers would be checked all the time"),
    accepted("ip_family", Arguments::Choice(&["inet", "inet6"]), "the address says it"),
    works("sorry_server", Arguments::Endpoint),
    works("sorry_server_inhibit", Arguments::None),
    works("sorry_server_lvs_method", METHOD),
    works("inhibit_on_failure", Arguments::None),
    works("weight", Arguments::Integer { min: 1, max: 65_535 }).or("1"),
    works("real_server", Arguments::Endpoint).each().block(&REAL_SERVER),
    accepted("smtp_alert", Arguments::Flag, NO_MAIL),
    accepted("snmp_name", NAME, NO_SNMP),
];

static FLAGS: [Keyword; 9] = [
    works("ops", Arguments::None),
    works("flag-1", Arguments::None),
    works("flag-2", Arguments::None),
    works("flag-3", Arguments::None),
    works("sh-port", Arguments::None),
    works("sh-fallback", Arguments::None),
    works("mh-port", Arguments::None),
    works("mh-fallback", Arguments::None),
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
    accepted("smtp_alert", Arguments::Flag, NO_MAIL),
    accepted("snmp_name", NAME, NO_SNMP),
];

const UNCHECKED: &str = "the server would not be checked by it";

static CHECKERS: [Keyword; 10] = [
    works("TCP_CHECK", Arguments::None).each().block(&TCP_CHECK),
    works("HTTP_GET", Arguments::None).each().block(&HTTP_GET),
    refused("SSL_GET", Arguments::None, UNCHECKED).each().block(&SSL_GET),
    refused("SMTP_CHECK", Arguments::None, UNCHECKED).each().block(&SMTP_CHECK),
    refused("DNS_CHECK", Arguments::None, UNCHECKED).each().block(&DNS_CHECK),
    refused("MISC_CHECK", Arguments::None, UNCHECKED).each().block(&MISC_CHECK),
    refused("UDP_CHECK", Arguments::None, UNCHECKED).each().block(&UDP_CHECK),
    refused("PING_CHECK", Arguments::None, UNCHECKED).each().block(&PING_CHECK),
    refused("BFD_CHECK", Arguments::None, UNCHECKED).each().block(&BFD_CHECK),
    refused("FILE_CHECK", Arguments::None, UNCHECKED).each().block(&FILE_CHECK),
];
