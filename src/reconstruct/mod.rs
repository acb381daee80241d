//! Reported pipelines: from published totals to calls that meet them.
//!
//! `recorded/*.json` hold published figures and nothing invented ([`reported`], [`published`],
//! [`event`], `read`). [`reconstruct`] derives a recording in five steps, one file each:
//!
//! 1. [`lens`]: how many calls each session made;
//! 2. [`script`]: which call does what, as far as events are known (`stage` lays events on tool
//!    calls, `prose` adds what is said between them);
//! 3. [`solve`]: how the context grew, so that reads and writes are met to the token;
//! 4. [`calls`]: the blocks of every call;
//! 5. `fit`: all of it for each step of the table, after `split` shared it among its sessions.
//!
//! Sources that publish tokens of agents and kinds of work only are another shape: [`routes`].

pub mod calls;
pub mod event;
mod fit;
pub mod lens;
mod prose;
pub mod published;
mod read;
pub mod reported;
pub mod routes;
pub mod script;
pub mod solve;
mod split;
mod stage;

pub use calls::MODEL;
pub use fit::{ReconstructError, Reconstruction, SessionFit, reconstruct, reconstruct_with};
pub use lens::Lens;
pub use published::Figure;
pub use read::ReportedError;
pub use reported::Reported;
pub use routes::Routes;

/// The reported pipelines that every binary carries, by name.
pub const BUILTIN: [(&str, &str); 2] = [
    ("order-774", include_str!("../../recorded/order-774.json")),
    ("order-775", include_str!("../../recorded/order-775.json")),
];

/// The reported routes that every binary carries, by name.
pub const BUILTIN_ROUTES: [(&str, &str); 2] = [
    ("cockpit-2026-02", include_str!("../../recorded/cockpit-2026-02.json")),
    ("economics-2026-06", include_str!("../../recorded/economics-2026-06.json")),
];

/// The names of everything that is built in.
pub fn builtin_names() -> impl Iterator<Item = &'static str> {
    BUILTIN.iter().chain(&BUILTIN_ROUTES).map(|(name, _)| *name)
}

/// The built-in reported routes of a name.
///
/// # Panics
/// If an embedded file does not parse: a test reads them all.
#[must_use]
pub fn builtin_routes(name: &str) -> Option<Routes> {
    let (file, json) = BUILTIN_ROUTES.iter().find(|(known, _)| *known == name)?;
    Some(Routes::parse(file, json).unwrap_or_else(|error| panic!("built-in {error}")))
}

/// The built-in reported pipeline of a name.
///
/// # Panics
/// If an embedded file does not parse: a test reads them all.
#[must_use]
pub fn builtin(name: &str) -> Option<Reported> {
    let (file, json) = BUILTIN.iter().find(|(known, _)| *known == name)?;
    Some(Reported::parse(file, json).unwrap_or_else(|error| panic!("built-in {error}")))
}
