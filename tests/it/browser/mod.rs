//! A real browser without a screen, driven over its `DevTools` protocol.
//!
//! `WINDTUNNEL_BROWSER` names the program; else the usual names are looked for. Where there is
//! none, `tests/at_hand/build.rs` has these tests ignored, unless `WINDTUNNEL_BROWSER_REQUIRED=1`.
//! Tests that run at the same time share one process, each with a profile and a window of its own;
//! the last one ends it.

mod checks;
mod client;
mod tab;

pub use tab::Tab;

use client::Client;
use serde_json::json;
use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, Weak};
use std::thread;
use std::time::{Duration, Instant};

/// Names that a browser is installed under.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];

/// How long a start, an answer, or something on a page may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// How long a browser that was asked to end may take.
const END: Duration = Duration::from_secs(10);

/// Nothing goes out: no updates, no accounts, and no name but this machine's is ever resolved.
const FLAGS: [&str; 18] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-extensions",
    "--disable-dev-shm-usage",
    "--mute-audio",
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--remote-debugging-port=0",
    "about:blank",
];

/// The process that tests share while any of them runs.
static SHARED: Mutex<Weak<Process>> = Mutex::new(Weak::new());

/// A running browser. Its profile is a folder that goes with it.
pub struct Process {
    child: Child,
    /// Where it listens.
    address: String,
    _profile: tempfile::TempDir,
}

/// A window on an empty page. Tests that ask for it are ignored where no browser starts.
pub fn tab() -> Tab {
    Tab::open(process())
}

/// The shared browser, started where none runs.
fn process() -> Arc<Process> {
    let names = NAMES.join(", ");
    let program = program().unwrap_or_else(|| panic!("no browser: install one of {names}"));
    let mut shared = SHARED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    shared.upgrade().unwrap_or_else(|| {
        let started = Arc::new(Process::start(&program));
        *shared = Arc::downgrade(&started);
        started
    })
}

/// The browser to use.
fn program() -> Option<String> {
    let runs = |name: &String| {
        let mut version = Command::new(name);
        version.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
        version.status().is_ok_and(|status| status.success())
    };
    match env::var("WINDTUNNEL_BROWSER") {
        Ok(name) if !name.is_empty() => Some(name),
        _ => NAMES.map(str::to_owned).into_iter().find(runs),
    }
}

impl Process {
    fn start(program: &str) -> Self {
        let profile = tempfile::tempdir().expect("a temporary folder");
        let mut child = Command::new(program)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .args(FLAGS)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{program} does not start: {error}"));
        let said = lines(&mut child);
        // From here on a panic ends the process as well.
        let mut process = Self { child, address: String::new(), _profile: profile };
        let until = Instant::now() + PATIENCE;
        let mut heard = Vec::new();
        while process.address.is_empty() {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(line) = said.recv_timeout(left) else {
                panic!("{program} does not listen; it said:\n{}", heard.join("\n"));
            };
            match line.strip_prefix("DevTools listening on ") {
                Some(address) => address.trim().clone_into(&mut process.address),
                None => heard.push(line),
            }
        }
        process
    }

    /// A connection to the browser as a whole.
    fn connect(&self) -> Client {
        Client::connect(&self.address)
    }

    /// A connection to one of its pages.
    fn connect_page(&self, target: &str) -> Client {
        let (host, _) = self.address.split_once("/browser/").expect("the address of a browser");
        Client::connect(&format!("{host}/page/{target}"))
    }

    fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }
}

/// What a process says on standard error, which is read to its end so that it never has to wait.
fn lines(child: &mut Child) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    let stderr = child.stderr.take().expect("a pipe");
    thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            // After the start nobody listens.
            let _ = sender.send(line);
        }
    });
    receiver
}

impl Drop for Process {
    /// Asks it to end, so that its own children end too; then makes sure.
    fn drop(&mut self) {
        if !thread::panicking() && !self.address.is_empty() && !self.has_ended() {
            self.connect().ask("Browser.close", json!({}));
            let until = Instant::now() + END;
            while !self.has_ended() && Instant::now() < until {
                thread::sleep(Duration::from_millis(20));
            }
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
