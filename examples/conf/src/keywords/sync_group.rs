use super::track::TRACKED;
use super::{Arguments, Block, Keyword, accepted, refused, works};

pub(super) static VRRP_SYNC_GROUP: Block =
    Block { name: "vrrp_sync_group", keywords: &[&KEYWORDS, &TRACKED] };

static KEYWORDS: [Keyword; 11] = [
    works("group", Arguments::None).each().required().lines("INSTANCE"),
    refused("track_bfd", Arguments::None, "these sessions would not be watched").each().lines("…"),
    works("sync_group_tracking_weight", Arguments::None),
    works("global_tracking", Arguments::None),
    works("notify_master", Arguments::CommandAndUser).first(),
    works("notify_backup", Arguments::CommandAndUser).first(),
    works("notify_fault", Arguments::CommandAndUser).first(),
    works("notify_stop", Arguments::CommandAndUser).first(),
    works("notify", Arguments::CommandAndUser).first(),
    works("smtp_alert", Arguments::Flag),
    accepted("notify_priority_changes", Arguments::Flag, "a group has no priority"),
];
