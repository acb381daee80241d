//! Import of growing trees, the whole process: does CPU grow as the tree does?
//!
//! By bytes (`WINDTUNNEL_BENCH_GIB`: 1,4,10) and by files of one call each
//! (`WINDTUNNEL_BENCH_FILES`: 50000,100000,200000). Trees are made in the folder for temporary
//! files and removed (15 GiB). CPU is user and system seconds, the least of five runs in turns;
//! the last column is CPU a part of the tree against that of the smallest tree, 1.00 on a
//! straight line. Needs GNU time.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a bench makes its own trees and talks to whoever runs it"
)]

#[expect(dead_code, reason = "trees of Codex rollouts are for the import bench")]
mod r#gen;

use std::fs;
use std::path::Path;
use std::process::Command;

/// Of each size.
const RUNS: u32 = 5;

fn main() {
    println!("| tree | CPU-s | peak MB | against a straight line |\n|---|---|---|---|");
    measure("WINDTUNNEL_BENCH_GIB", "1,4,10", "GiB", &|root, gib| {
        r#gen::tree(root, gib << 30, 7).expect("room for the tree");
    });
    measure("WINDTUNNEL_BENCH_FILES", "50000,100000,200000", "files", &|root, files| {
        r#gen::one_call_sessions(root, files, false, 7).expect("room for the tree");
    });
}

/// Measures the import of trees of these sizes, in turns, so that a busy machine is busy for all.
fn measure(variable: &str, default: &str, unit: &str, make: &dyn Fn(&Path, u64)) {
    let sizes = std::env::var(variable).unwrap_or_else(|_| default.to_owned());
    let sizes: Vec<u64> = sizes.split(',').filter_map(|size| size.parse().ok()).collect();
    let folders: Vec<_> = sizes.iter().map(|_| tempfile::tempdir().expect("a folder")).collect();
    for (folder, size) in folders.iter().zip(&sizes) {
        make(&folder.path().join("tree"), *size);
    }
    let mut least = vec![(f64::INFINITY, 0); sizes.len()];
    for _ in 0..RUNS {
        for (folder, (least, most)) in folders.iter().zip(&mut least) {
            let (cpu, peak) = import(folder.path());
            (*least, *most) = (least.min(cpu), peak.max(*most));
        }
    }
    let parts = least.iter().zip(&sizes).map(|((cpu, _), size)| cpu / *size as f64);
    let parts: Vec<f64> = parts.collect();
    for (at, (cpu, peak)) in least.into_iter().enumerate() {
        let ratio = parts[at] / parts[0];
        println!("| {} {unit} | {cpu:.2} | {} | {ratio:.3} |", sizes[at], peak >> 10);
    }
}

/// CPU-seconds and the peak in KiB of one import of the tree in `folder`.
fn import(folder: &Path) -> (f64, u64) {
    let (tree, out) = (folder.join("tree"), folder.join("recording.json"));
    let mut timed = Command::new("time");
    timed.args(["-f", "%U %S %M", env!("CARGO_BIN_EXE_windtunnel")]);
    timed.args(["import", "--no-cache", "--force"]);
    let ran = timed.arg(tree).arg("-o").arg(&out).output().expect("GNU time");
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success() && fs::metadata(&out).is_ok_and(|it| it.len() > 0), "{said}");
    let last = said.lines().last().unwrap_or_default();
    let figures: Vec<f64> = last.split(' ').filter_map(|figure| figure.parse().ok()).collect();
    assert_eq!(figures.len(), 3, "{said}");
    (figures[0] + figures[1], figures[2] as u64)
}
