//! How far long work is: numbers do not depend on it.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// Who hears how much is done, and of how much.
#[derive(Clone, Copy)]
pub struct ProgressListener<'a>(pub &'a (dyn Fn(u64, u64) + Sync));

impl Default for ProgressListener<'_> {
    fn default() -> Self {
        Self(&|_, _| {})
    }
}

impl fmt::Debug for ProgressListener<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProgressListener")
    }
}

/// Work of known size in parts that end in any order.
#[derive(Debug, Default)]
pub(crate) struct WorkMeter<'a> {
    listener: ProgressListener<'a>,
    all: u64,
    done: AtomicU64,
}

impl<'a> WorkMeter<'a> {
    /// Nothing of it is done.
    #[must_use]
    pub(crate) fn new(listener: ProgressListener<'a>, all: u64) -> Self {
        Self { listener, all, done: AtomicU64::new(0) }
    }

    /// A part is done: how much there is is told, not which.
    pub(crate) fn add(&self, part: u64) {
        let done = self.done.fetch_add(part, Ordering::Relaxed) + part;
        (self.listener.0)(done, self.all);
    }
}
