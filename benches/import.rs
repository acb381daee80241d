//! Import of a tree of transcripts, with a newline scan of the same bytes as its peer.
//!
//! `WINDTUNNEL_BENCH_MB` sets the size of the tree (64), `WINDTUNNEL_BENCH_TREE=codex` makes it one
//! of Codex rollouts instead of Claude Code transcripts, `=file` one file, `=small` one of files of
//! one call each. With `WINDTUNNEL_BENCH_ONCE=import` or
//! `=scan` or `=nothing` the program does that once and ends, to be measured from outside:
//! `/usr/bin/time -v`.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a bench makes its own tree and talks to whoever runs it"
)]

mod r#gen;

use criterion::{Criterion, Throughput};
use std::fs;
use std::hint::black_box;
use std::io::Read;
use std::path::{Path, PathBuf};
use windtunnel::import::{ImportOptions, import_transcripts};

/// Bytes of a call and its result.
const SMALL: u64 = 11 << 10;

fn main() {
    let megabytes = std::env::var("WINDTUNNEL_BENCH_MB").ok().and_then(|mb| mb.parse().ok());
    let bytes = megabytes.unwrap_or(64_u64) << 20;
    let kind = std::env::var("WINDTUNNEL_BENCH_TREE").unwrap_or_default();
    let root = std::env::temp_dir().join(format!("windtunnel-bench-{kind}{bytes}"));
    if !root.is_dir() {
        let made = match &*kind {
            "codex" => r#gen::codex::tree(&root, bytes, 7).map(drop),
            "file" => r#gen::one_file(&root, bytes, 7).map(drop),
            "small" => r#gen::one_call_sessions(&root, bytes / SMALL, false, 7),
            _ => r#gen::tree(&root, bytes, 7).map(drop),
        };
        made.expect("room for the tree");
    }
    if let Ok(once) = std::env::var("WINDTUNNEL_BENCH_ONCE") {
        return match once.as_str() {
            "import" => eprintln!("{} calls", whole_import(&root)),
            "scan" => eprintln!("{} lines", newline_scan(&root)),
            _ => {}
        };
    }
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("import");
    group.throughput(Throughput::Bytes(bytes)).sample_size(10);
    group.bench_function("whole_import", |b| {
        b.iter(|| whole_import(black_box(&root)));
    });
    group.bench_function("newline_scan", |b| {
        b.iter(|| newline_scan(black_box(&root)));
    });
    group.finish();
    criterion.final_summary();
}

fn whole_import(root: &Path) -> usize {
    let imported = import_transcripts(&[root.to_path_buf()], &ImportOptions::default(), &|_, _| {});
    imported.map_or(0, |imported| imported.recording.calls.len())
}

fn newline_scan(root: &Path) -> usize {
    let mut buffer = vec![0; 1 << 20];
    let mut lines = 0;
    let mut folders: Vec<PathBuf> = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else if let Ok(mut file) = fs::File::open(entry.path()) {
                while let Ok(read @ 1..) = file.read(&mut buffer) {
                    lines += memchr::memchr_iter(b'\n', &buffer[..read]).count();
                }
            }
        }
    }
    lines
}
