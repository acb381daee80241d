//! The pass against its slow twin, on cases that the fuzzer draws.

#![cfg_attr(feature = "fuzzer", no_main)]
#![allow(dead_code, unused_imports, reason = "modules of the integration tests hold more")]

#[path = "../../it/generated.rs"]
mod generated;
mod target;
#[path = "../../it/twin.rs"]
mod twin;
#[path = "../../it/twin_cycles.rs"]
mod twin_cycles;
#[path = "../../it/twin_patch.rs"]
mod twin_patch;
#[path = "../../it/twin_rules.rs"]
mod twin_rules;

fn check(bytes: &[u8]) {
    let numbers = bytes.chunks_exact(4).map(|word| u32::from_le_bytes(word.try_into().expect("4")));
    let mut numbers: Vec<u32> = numbers.collect();
    let subset = numbers.pop().unwrap_or(0);
    let patches = numbers.split_off(numbers.len() * 3 / 4);
    let case = generated::Case::from_tapes(numbers, patches, subset.into());
    twin::check(&case).expect("the pass and its twin agree");
}

target!(check);
