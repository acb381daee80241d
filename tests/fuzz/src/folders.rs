//! Folders of several files: logs of AutoSkillit, rollouts of a cockpit, subagents beside sessions.
//!
//! The input is text: a line `=== NAME` begins a file.

#![cfg_attr(feature = "fuzzer", no_main)]

mod target;

fn check(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let files = text.split("=== ").skip(1).filter_map(|file| file.split_once('\n'));
    let files: Vec<(&str, &[u8])> = files.map(|(name, text)| (name, text.as_bytes())).collect();
    let folder = target::folder_of(&files);
    let _ = target::import(&folder);
    // The cockpit's own sums, as its script makes them.
    target::run_on(&folder, "", &["routes", "--compat", "rollout-metrics", "FILE"]);
}

target!(check);
