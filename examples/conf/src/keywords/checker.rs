use super::{Arguments, Block, COUNT, Keyword, NAME, POSITIVE, TIMER, TIMER_MAX, works};

/// Zero means "start at once" here.
const DELAY: Arguments = Arguments::Seconds { min: 0, max: TIMER_MAX };

/// What a service and a real server may say for all their checkers.
pub(super) static CHECK_DEFAULTS: [Keyword; 6] = [
    works("delay_loop", TIMER),
    works("connect_timeout", TIMER),
    works("retry", POSITIVE),
    works("delay_before_retry", TIMER),
    works("warmup", DELAY),
    works("virtualhost", NAME),
];

/// How a checker reaches its server.
pub(super) static CONNECTION: [Keyword; 7] = [
    works("connect_ip", Arguments::Address),
    works("connect_port", Arguments::Integer { min: 1, max: 65_535 }),
    works("bindto", Arguments::Address),
    works("bind_port", Arguments::Integer { min: 1, max: 65_535 }),
    works("bind_if", Arguments::Word("IF")),
    works("fwmark", COUNT),
    works("connect_timeout", TIMER),
];

/// When a checker tries, and when it believes.
pub(super) static TIMING: [Keyword; 5] = [
    works("retry", COUNT),
    works("delay_before_retry", TIMER),
    works("warmup", DELAY),
    works("delay_loop", TIMER),
    works("alpha", Arguments::Flag),
];

/// What every checker may say but those that follow something else.
pub(super) static LOGGING: [Keyword; 1] = [works("log_all_failures", Arguments::Flag)];

pub(super) static TCP_CHECK: Block =
    Block { name: "TCP_CHECK", keywords: &[&CONNECTION, &TIMING, &LOGGING, &NB_GET_RETRY] };

/// The old name of `retry`.
pub(super) static NB_GET_RETRY: [Keyword; 1] = [works("nb_get_retry", COUNT)];

/// Other targets of one SMTP_CHECK, each checked by itself.
static HOST: Block = Block { name: "host", keywords: &[&CONNECTION] };

pub(super) static SMTP_CHECK: Block = Block {
    name: "SMTP_CHECK",
    keywords: &[
        &CONNECTION,
        &TIMING,
        &LOGGING,
        &[
            works("helo_name", NAME).or("smtpchecker.keepalived.org"),
            works("host", Arguments::None).each().block(&HOST),
        ],
    ],
};

pub(super) static DNS_CHECK: Block = Block {
    name: "DNS_CHECK",
    keywords: &[
        &CONNECTION,
        &TIMING,
        &LOGGING,
        &[
            works("type", Arguments::Choice(&["A", "NS", "CNAME", "SOA", "MX", "TXT", "AAAA"]))
                .or("SOA"),
            works("name", NAME).or("."),
        ],
    ],
};

pub(super) static MISC_CHECK: Block = Block {
    name: "MISC_CHECK",
    keywords: &[
        &TIMING,
        &LOGGING,
        &[
            works("misc_path", Arguments::Command).required(),
            works("misc_timeout", COUNT),
            works("misc_dynamic", Arguments::None),
            works("user", Arguments::User),
        ],
    ],
};

pub(super) static UDP_CHECK: Block = Block {
    name: "UDP_CHECK",
    keywords: &[
        &CONNECTION,
        &TIMING,
        &LOGGING,
        &[
            works("payload", Arguments::Words("HEX")),
            works("require_reply", Arguments::OptionalWords("HEX")),
            works("min_reply_length", Arguments::Integer { min: 0, max: 65_535 }).or("0"),
            works("max_reply_length", Arguments::Integer { min: 0, max: 65_535 }).or("255"),
        ],
    ],
};

pub(super) static PING_CHECK: Block =
    Block { name: "PING_CHECK", keywords: &[&CONNECTION, &TIMING, &LOGGING] };

pub(super) static BFD_CHECK: Block = Block {
    name: "BFD_CHECK",
    keywords: &[&[works("name", NAME).required(), works("alpha", Arguments::Flag)]],
};

pub(super) static FILE_CHECK: Block = Block {
    name: "FILE_CHECK",
    keywords: &[
        &TIMING,
        &LOGGING,
        &[
            works("track_file", NAME).required(),
            works("weight", Arguments::Words("N [reverse|noreverse]")),
        ],
    ],
};
