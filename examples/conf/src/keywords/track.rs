use super::{Arguments, Block, Keyword, WIDE_WEIGHT, works};

pub(super) static TRACK_FILE: Block = Block { name: "track_file", keywords: &[&FILE] };
pub(super) static TRACK_PROCESS: Block =
    Block { name: "vrrp_track_process", keywords: &[&PROCESS] };
pub(super) static TRACK_GROUP: Block = Block { name: "track_group", keywords: &[&GROUP] };

static GROUP: [Keyword; 1] = [works("group", Arguments::None).each().lines("INSTANCE")];

static FILE: [Keyword; 3] = [
    works("file", Arguments::Word("PATH")).required(),
    works("weight", WIDE_WEIGHT).or("1"),
    works("init_file", Arguments::OptionalWords("[VALUE] [overwrite]")),
];

const DELAY: Arguments = Arguments::Seconds { min: 1, max: 3_600_000_000 };

static PROCESS: [Keyword; 9] = [
    works("process", Arguments::CommandLine).required(),
    works("param_match", Arguments::OptionalWords("[initial|partial]")),
    works("weight", WIDE_WEIGHT).or("0"),
    works("quorum", Arguments::Integer { min: 1, max: 65_535 }).or("1"),
    works("quorum_max", Arguments::Integer { min: 0, max: 65_535 }),
    works("delay", DELAY),
    works("fork_delay", DELAY),
    works("terminate_delay", DELAY),
    works("full_command", Arguments::None),
];

/// What an instance or a group may track.
pub(super) static TRACKED: [Keyword; 4] = [
    works("track_interface", Arguments::None).each().lines("IF [weight N [reverse|noreverse]]"),
    works("track_script", Arguments::None).each().lines(NAMED),
    works("track_file", Arguments::None).each().lines(NAMED),
    works("track_process", Arguments::None).each().lines(NAMED),
];

const NAMED: &str = "NAME [weight N [reverse|noreverse]]";
