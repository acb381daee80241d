//! The clock: what a pipeline does in time, beside the pass that prices it.
//!
//! Sessions, dispatches, test runs and turns are events on one integer clock. It knows no tokens
//! and changes none: lengths go in, and who waits for whom, how long, and what released what comes
//! out. Every event has the key (time, step, content): what it is about decides between equal
//! times, never the order of files or threads. MODEL.md, "Clock".

mod event_heap;
pub mod pipeline;
pub mod turn_limiter;

pub use event_heap::{ClockStep, EventHeap};
