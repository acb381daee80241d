//! Statistics that several studies share. Numbers in, numbers out; floats are at home here.

pub mod bootstrap;
