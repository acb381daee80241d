//! Any bytes as a transcript of whatever format they look like.

#![cfg_attr(feature = "fuzzer", no_main)]

mod target;

fn check(bytes: &[u8]) {
    let _ = target::import(&target::folder_of(&[("p/s.jsonl", bytes)]));
}

target!(check);
