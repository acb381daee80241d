//! Studies: many replays, and what follows from them. Numbers in, numbers out.

pub mod audit;
pub mod claims;
pub mod compare;
pub mod fidelity;
pub mod hygiene;
pub mod lattice;
#[cfg(feature = "tables")]
pub mod pivot;
pub mod sides;
pub mod summary;
