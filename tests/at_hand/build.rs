//! Build script: what the tests may count on here, so that those which cannot run are reported as
//! ignored, with the reason, rather than passing without having looked.
//!
//! `sources_at_hand`: the source documents beside the transcripts.
//! `transcripts_at_hand`: the folder of transcripts and histories, `../shared/data` unless
//! `WINDTUNNEL_DATA` names another. `browser_at_hand`: a browser that starts, or one that
//! `WINDTUNNEL_BROWSER_REQUIRED=1` insists on; `valgrind_at_hand`: the same of valgrind. The
//! library and the program read none of them.

#![expect(clippy::disallowed_methods, reason = "a build script looks at the machine")]

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where browsers are looked for; `tests/it/browser` looks for the same names.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];

fn main() {
    let known = "transcripts_at_hand, sources_at_hand, browser_at_hand, valgrind_at_hand";
    println!("cargo::rustc-check-cfg=cfg({known})");
    let flags = ["WINDTUNNEL_BROWSER_REQUIRED", "WINDTUNNEL_VALGRIND_REQUIRED"];
    for name in ["WINDTUNNEL_DATA", "WINDTUNNEL_BROWSER", "PATH"].into_iter().chain(flags) {
        println!("cargo::rerun-if-env-changed={name}");
    }
    println!("cargo::rerun-if-changed=tests/at_hand/build.rs");
    let data = data_folder();
    // A path that is not there would have this script run, and everything be built, every time;
    // that the folder has come or gone is told by touching this file.
    if data.is_dir() {
        println!("cargo::rerun-if-changed={}", data.join("README.md").display());
        println!("cargo::rustc-cfg=transcripts_at_hand");
    }
    // The documents that the project was created from lie beside the data.
    if data.parent().is_some_and(|shared| shared.join("sources").is_dir()) {
        println!("cargo::rustc-cfg=sources_at_hand");
    }
    let is_required = |name: &str| env::var(name).is_ok_and(|value| value == "1");
    if browser_starts() || is_required("WINDTUNNEL_BROWSER_REQUIRED") {
        println!("cargo::rustc-cfg=browser_at_hand");
    }
    if starts("valgrind") || is_required("WINDTUNNEL_VALGRIND_REQUIRED") {
        println!("cargo::rustc-cfg=valgrind_at_hand");
    }
}

fn data_folder() -> PathBuf {
    match env::var_os("WINDTUNNEL_DATA") {
        Some(named) => PathBuf::from(named),
        None => {
            let package = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default();
            let beside = package.join("../shared/data");
            if beside.is_dir() { beside } else { package.join("../../shared/data") }
        }
    }
}

fn starts(name: &str) -> bool {
    let mut version = Command::new(Path::new(name));
    version.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    version.status().is_ok_and(|status| status.success())
}

fn browser_starts() -> bool {
    match env::var("WINDTUNNEL_BROWSER") {
        Ok(name) if !name.is_empty() => starts(&name),
        _ => BROWSERS.into_iter().any(starts),
    }
}
