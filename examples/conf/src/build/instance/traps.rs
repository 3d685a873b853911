//! What is allowed and does not do what people think.

use crate::model::Tracking;

use super::super::Context;
use super::Reader;

impl Reader<'_, '_> {
    /// With `nopreempt`, a BACKUP listens to any MASTER, however low its priority has fallen. A file can
    /// still say FAULT.
    pub(super) fn warn_of_idle_weights(
        &self,
        preempt: bool,
        tracking: &Tracking,
        context: &mut Context<'_>,
    ) {
        let Some(nopreempt) = self.inside().get("nopreempt").filter(|_| !preempt) else { return };
        let Tracking { interfaces, scripts, processes, files: _ } = tracking;
        let tracked = interfaces.iter().chain(scripts).chain(processes);
        for track in tracked.filter(|track| track.weight.get() != 0) {
            context
                .warning(
                    track.span,
                    format!("the weight of `{}` never moves the addresses", track.name),
                )
                .label("a lower priority is not enough to lose them")
                .related(nopreempt.span(), "since nobody preempts")
                .help(
                    "give it weight 0: a failure means FAULT then, and another router takes over",
                );
        }
    }
}
