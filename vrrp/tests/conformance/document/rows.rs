//! The rows. Those without a number gather what the standard says in no one place.

pub(super) struct Row {
    pub(super) id: &'static str,
    pub(super) rule: &'static str,
}

const fn row(id: &'static str, rule: &'static str) -> Row {
    Row { id, rule }
}

pub(super) const SECTIONS: [(char, &str); 10] = [
    ('R', "Receive"),
    ('I', "Initialize"),
    ('B', "Backup"),
    ('A', "Active"),
    ('G', "Announcements"),
    ('S', "Send"),
    ('C', "Configuration"),
    ('X', "Beyond the standard"),
    ('M', "Counters and operational state (RFC 8347)"),
    ('P', "In any network"),
];

pub(super) const NOT_IMPLEMENTED: [&str; 1] = ["X5"];

pub(super) const ROWS: [Row; 61] = [
    row("R", "The checks are made in the order of section 7.1; the first that fails is the error"),
    row("R1", "TTL or hop limit is 255; of a unicast peer, within what is configured for it"),
    row("R2", "The version is the virtual router's"),
    row("R3", "The type is 1"),
    row("R4", "The packet is complete; bytes after its end are tolerated and reported"),
    row("R5", "The checksum is right; v3 over IPv4: with or without pseudo-header, by policy"),
    row("R6", "The VRID is the virtual router's, on this interface and in this address family"),
    row("R7", "The address count is not 0 (erratum 8299)"),
    row("R8", "v3: the interval is not 0 (erratum 8301)"),
    row("R9", "IPv6: the first address is link-local (erratum 8300), unless configured otherwise"),
    row("R10", "The owner reports another Active router and does not discard (erratum 8298)"),
    row(
        "R11",
        "v2: the authentication type is the configured one, and so is the password; an Authentication Header verifies and is no old one",
    ),
    row("R12", "Another interval: v2 discards, v3 reports once"),
    row("R13", "Another address list is reported once; v2 discards it where configured"),
    row("R14", "Own packets that come back are ignored silently"),
    row("R15", "Reserved bits are ignored"),
    row("I", "Before startup nothing has an effect"),
    row("I1", "Startup as owner: advertise, announce, Active"),
    row("I2", "Startup otherwise: Active_Down_Timer := Active_Down_Interval, Backup"),
    row("B", "Active_Down_Interval and Skew_Time are exact, not rounded"),
    row("B1", "A Backup holds no addresses and sends nothing"),
    row("B2", "Shutdown: no timer, nothing sent, Initialize"),
    row("B3", "Active_Down_Timer fires: advertise, announce, Active"),
    row("B4", "Priority 0: Active_Down_Timer := Skew_Time; a second one does not postpone"),
    row("B5", "Priority not below ours, or no preemption: learn the interval, restart the timer"),
    row("B6", "Priority below ours with preemption: the timer runs on, nothing is learned"),
    row("B7", "The learned interval governs"),
    row("A1", "Adver_Timer fires: advertise, restart; deadlines do not drift"),
    row("A2", "Priority 0: advertise at once, restart Adver_Timer"),
    row("A3", "A higher priority, or the same from a greater address: learn, Backup"),
    row("A4", "Otherwise: advertise at once; v2 and strict mode stay silent where configured"),
    row("A5", "Shutdown: advertise priority 0, Initialize"),
    row("A6", "The addresses are told with the virtual MAC, over IPv6 with the router flag"),
    row("A7", "Packets to the addresses are accepted by the owner and in Accept_Mode"),
    row("G", "Repetition, delay, refresh and pace of announcements: keepalived's `garp_*`"),
    row("G1", "IPv4: gratuitous ARP, each address in each round"),
    row("G2", "IPv6: unsolicited neighbour advertisement to all nodes, router and override set"),
    row("G3", "Nothing is announced before the addresses are configured, or after yielding"),
    row("S1", "Fields come from configuration and state: effective priority, configured checksum"),
    row("S2", "The source is the primary address of the interface; without one nothing is sent"),
    row("S3", "TTL or hop limit 255, type of service 0xC0"),
    row("S4", "Addresses in the order of the configuration"),
    row("C", "What does not go together is refused; what can change at run time does, in place"),
    row("C1", "Priority 1 to 254, 255 for the owner alone, who always preempts"),
    row("C2", "Interval 0.01 to 40.95 s (v3), whole seconds up to 255 (v2)"),
    row("C3", "No authentication with v3; v2: none, a password, or an Authentication Header"),
    row("C4", "A change of priority: Active advertises it, a Backup's timer is moved"),
    row("X1", "Fault: as A5 from Active; deaf and silent; recovery as at startup"),
    row("X2", "Who overslept listens before it relies on silence, and before it speaks"),
    row("X3", "keepalived's options: preemption, unicast, sync groups, tracking, strict mode, …"),
    row("X4", "Every change of state says why, as data and in words"),
    row(
        "X5",
        "v2 and v3 side by side, for the time of an upgrade (RFC 9568 section 8.4.2, a MAY): no \
         implementation is known to have it, so there is none to try it with",
    ),
    row("X6", "Restarted in time, an Active router resumes, unless another took over"),
    row("M", "Names and meanings of RFC 8347"),
    row("P", "Ties go to the greater address, two owners settle, different intervals do not flap"),
    row("P1", "One Active router after the down interval of the highest priority"),
    row("P2", "A dead router is replaced at the computed time"),
    row("P3", "A better router that joins takes over; no two stay Active"),
    row("P4", "Without preemption a healthy Active router is left alone"),
    row("P5", "A router that gives up is replaced within the skew time"),
    row("P6", "No sequence of events panics, grows without bound or leaves no timer armed"),
];
