//! How far long work is: a bar on standard error, on terminals only, from one second on, wiped at
//! the end.

use crate::study::progress::ProgressListener;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::time::Duration;

/// Work shorter than this leaves nothing on the terminal.
const HIDDEN_FOR: Duration = Duration::from_secs(1);

/// Reading of transcripts, in bytes.
pub const READING: &str = "reading {bar:32} {bytes} of {total_bytes}  {bytes_per_sec}  {eta} left";

/// Draws of a comparison.
pub const TRIALS: &str = "trials {bar:32} {pos} of {len}  {per_sec}  {eta} left";

/// Sets of fixes, by the rows that they replay.
pub const SETS: &str = "all sets {bar:32} {percent} %  {eta} left";

/// Comparisons that a gate could make.
pub const COMPARISONS: &str = "comparisons {bar:32} {pos} of {len}  {per_sec}  {eta} left";

/// Figures of a look back.
pub const FIGURES: &str = "figures {bar:32} {pos} of {len}  {per_sec}  {eta} left";

/// Work that tells how far it is.
pub fn with_progress<T>(template: &str, work: impl FnOnce(ProgressListener<'_>) -> T) -> T {
    let bar = WorkBar::new(template);
    work(ProgressListener(&|done, all| bar.advance(done, all)))
}

/// A bar that wipes itself away when it is dropped; none where standard error is no terminal.
pub struct WorkBar(Option<ProgressBar>);

impl WorkBar {
    /// A bar that nobody sees yet.
    pub fn new(template: &str) -> Self {
        // Asked once: work tells of itself for every file, and the answer costs a system call.
        if !super::tells_a_person() {
            return Self(None);
        }
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden());
        let style = ProgressStyle::with_template(template);
        Self(Some(bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))))
    }

    /// So much of all is done.
    pub fn advance(&self, done: u64, all: u64) {
        let Some(bar) = &self.0 else { return };
        if bar.elapsed() > HIDDEN_FOR && bar.is_hidden() {
            bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        bar.set_length(all);
        bar.set_position(done);
    }
}

impl Drop for WorkBar {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
