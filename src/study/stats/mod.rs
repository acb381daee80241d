//! Statistics that several studies share: quantiles, the bootstrap, least squares, random draws.
//!
//! Numbers in, numbers out: nothing here knows a recording or a toggle. Each quantity has one
//! definition, so that a median of one table is a median in every other one.

pub mod bootstrap;
pub(crate) mod least_squares;
pub mod quantile;
pub(crate) mod random_draws;
