use super::{Arguments, Block, Keyword, PACING, works};

pub(super) static GARP_GROUP: Block = Block { name: "garp_group", keywords: &[&KEYWORDS] };

static KEYWORDS: [Keyword; 4] = [
    works("garp_interval", PACING).or("0"),
    works("gna_interval", PACING).or("0"),
    works("interface", Arguments::Word("IF")),
    works("interfaces", Arguments::None).each().lines("IF"),
];
