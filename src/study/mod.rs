//! The office: numbers in, numbers out. Comparisons, verdicts, audits.

pub mod audit;
