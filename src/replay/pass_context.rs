//! What a pass goes by: the plan, the subset, the cache, and where contexts start over.

use super::schedule::Schedule;
use crate::plan::{Plan, ToggleSubset};

/// What a pass goes by.
pub(super) struct PassContext<'a, P> {
    pub(super) plan: &'a Plan,
    pub(super) subset: ToggleSubset,
    pub(super) policy: &'a P,
    /// Where contexts start over and are cleared by themselves; `None` where prompts and
    /// thresholds decide that afresh.
    pub(super) schedule: Option<&'a Schedule>,
}
