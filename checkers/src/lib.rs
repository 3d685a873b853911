//! Health checks: one probe per protocol, the judgement over their outcomes, and a monitor that runs thousands.
