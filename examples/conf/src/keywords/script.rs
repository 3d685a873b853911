use super::{Arguments, Block, Keyword, POSITIVE, TIMER_MAX, WEIGHT, works};

pub(super) static VRRP_SCRIPT: Block = Block { name: "vrrp_script", keywords: &[&KEYWORDS] };

/// keepalived keeps these times in milliseconds.
const MILLISECONDS: Arguments = Arguments::Seconds { min: 1_000, max: TIMER_MAX };

static KEYWORDS: [Keyword; 8] = [
    works("script", Arguments::Command).required(),
    works("interval", MILLISECONDS).or("1"),
    works("timeout", MILLISECONDS),
    works("weight", WEIGHT).or("0"),
    works("rise", POSITIVE).or("1"),
    works("fall", POSITIVE).or("1"),
    works("user", Arguments::User),
    works("init_fail", Arguments::None),
];
