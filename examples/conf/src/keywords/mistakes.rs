/// What people write although keepalived does not know it, and what to tell them.
const MISTAKES: [(&str, &str); 9] = [
    ("vrrp_port", "VRRP has no port: give each cluster on a network its own `virtual_router_id`"),
    ("log_file", "where to log is chosen on the command line, or by the journal"),
    ("state_file_location", "the keyword is `state_dump_file`"),
    ("stats_file_location", "the keyword is `stats_dump_file`"),
    ("json_file_location", "the keyword is `json_dump_file`"),
    ("vrid", "the keyword is `virtual_router_id`"),
    ("lvs_id", "the keyword is `router_id`"),
    ("...", "this stands for something left out: write what belongs here, or nothing"),
    ("…", "this stands for something left out: write what belongs here, or nothing"),
];

pub(crate) fn advice(name: &str) -> Option<&'static str> {
    MISTAKES.iter().find(|(mistake, _)| *mistake == name).map(|(_, advice)| *advice)
}
