//! No bytes make an import panic, and what it gives always balances.

use crate::import_bad_input::import_files;
use proptest::prelude::*;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use std::path::Path;

fn probe(name: &str) -> Vec<u8> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let bytes = std::fs::read(root.join(name)).unwrap_or_default();
    assert!(!bytes.is_empty(), "{name}");
    bytes
}

/// One of each format: a Claude Code transcript, a Codex rollout, a rollout with a packet.
const PROBES: [&str; 3] = [
    "probes/02_split_growing_output/claude/projects/-p/24cc96d5-b5b2-43bf-808f-a40d081853c5.jsonl",
    "codex-probes/11_codex_reemits/codex/sessions/2026/10/01/\
     rollout-2026-10-01T00-00-00-7f171bb0-e273-4c00-b374-6396bb880315.jsonl",
    "rollout-metrics/c06a_fork_replays_parent/sessions/2026/02/06/\
     rollout-2026-02-06T10-30-00-child.jsonl",
];

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(48)
    })]

    #[test]
    fn changed_bytes_never_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40),
        cut in any::<prop::sample::Index>(),
        which in 0..PROBES.len(),
    ) {
        let mut bytes = probe(PROBES[which]);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(bytes.len() - cut.index(bytes.len()) / 4);
        if let Ok(imported) = import_files(&[("s.jsonl", &bytes)]) {
            prop_assert_eq!(imported.recording.check_balance(), Ok(()));
        }
    }

    #[test]
    fn swapped_numbers_never_panic(
        numbers in prop::collection::vec(any::<i64>(), 1..8),
        from in 0_usize..400,
        which in 0..PROBES.len(),
    ) {
        let text = String::from_utf8_lossy(&probe(PROBES[which])).into_owned();
        let mut parts: Vec<String> = text.split("_tokens\":").map(str::to_owned).collect();
        let count = parts.len();
        for (step, number) in numbers.iter().enumerate() {
            let at = 1 + (from + step) % (count - 1);
            let rest = parts[at].trim_start_matches(|c: char| c.is_ascii_digit()).to_owned();
            parts[at] = format!("{number}{rest}");
        }
        let text = parts.join("_tokens\":");
        if let Ok(imported) = import_files(&[("s.jsonl", text.as_bytes())]) {
            prop_assert_eq!(imported.recording.check_balance(), Ok(()));
        }
    }

    #[test]
    fn changed_packed_bytes_never_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = compress_to_vec(probe(PROBES[1]).as_slice(), CompressionLevel::Fastest);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(bytes.len() - cut.index(bytes.len()) / 2);
        if let Ok(imported) = import_files(&[("s.jsonl.zst", &bytes)]) {
            prop_assert_eq!(imported.recording.check_balance(), Ok(()));
        }
    }

    #[test]
    fn any_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let _ = import_files(&[("s.jsonl", &bytes)]);
    }
}
