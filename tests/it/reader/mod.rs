//! The page that `report` writes, in a real browser, as a reader meets it.

mod hands;
mod hostile;
mod looks;
mod money;
mod numbers;

use crate::browser::{Tab, tab};
use crate::run::{Folder, here, json, ok};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use toml::Table;

/// When the first picture of a page stands, or never will.
const READY: &str = "document.documentElement.dataset.ready || \
                     document.documentElement.dataset.failed";

/// What `report` wrote of a scenario, and what `compare` says of its subsets.
struct Written {
    folder: Folder,
    recording: String,
    scenario: Table,
    compared: BTreeMap<Vec<String>, Value>,
}

impl Written {
    /// A report under a scenario of this repository.
    fn of(recording: &str, scenario: &str) -> Self {
        let text = fs::read_to_string(here(&format!("scenarios/{scenario}.toml"))).expect("text");
        Self::under(recording, &text)
    }

    /// A report under a scenario, with few draws, because no number of the page's toggles depends
    /// on them.
    fn under(recording: &str, scenario: &str) -> Self {
        let mut scenario: Table = scenario.parse().expect("TOML");
        scenario.insert("draws".into(), 20.into());
        let folder = Folder::new(&[("scenario.toml", scenario.to_string().as_bytes())]);
        let (file, out) = (folder.at("scenario.toml"), folder.at("out"));
        ok(&["report", recording, "--scenario", &file, "--out", &out]);
        Self { folder, recording: recording.to_owned(), scenario, compared: BTreeMap::new() }
    }

    /// The page.
    fn index(&self) -> String {
        self.folder.at("out/index.html")
    }

    /// `compare` with exactly these toggles, each as in the scenario.
    fn compare(&mut self, on: &[String]) -> &Value {
        self.compare_moved(on, "")
    }

    /// The same with a parameter at another value, as behind `--set`.
    fn compare_moved(&mut self, on: &[String], moved: &str) -> &Value {
        let key = [on, &[moved.to_owned()]].concat();
        self.compared.entry(key).or_insert_with(|| {
            let mut part = self.scenario.clone();
            part.insert("draws".into(), 0.into());
            let toggles = part["toggles"].as_table_mut().expect("toggles");
            toggles.retain(|id, _| on.iter().any(|one| one == id));
            let file = self.folder.file("part.toml", part.to_string().as_bytes());
            let set: &[&str] = if moved.is_empty() { &[] } else { &["--set", moved] };
            json(&[&["compare", &self.recording, "--scenario", &file], set].concat())
        })
    }

    /// The page in a window.
    fn open(&self, hash: &str) -> Open {
        let mut open = Open(tab());
        open.visit(self, hash);
        open
    }
}

/// An open page.
struct Open(Tab);

impl Open {
    fn visit(&mut self, written: &Written, hash: &str) {
        self.0.visit(&written.index(), hash, READY);
        let failed = self.0.eval("document.documentElement.dataset.failed ?? ''");
        assert_eq!(failed, "", "{}", written.recording);
    }

    /// Waits until what was done is drawn.
    fn settle(&mut self) {
        let frames = "new Promise((done) => requestAnimationFrame(() => \
                      requestAnimationFrame(() => done(true))))";
        self.0.eval(frames);
    }

    /// Words that an expression gives a list of.
    fn words(&mut self, expression: &str) -> Vec<String> {
        let value = self.0.eval(expression);
        serde_json::from_value(value).unwrap_or_else(|error| panic!("{expression}: {error}"))
    }

    /// The toggles, sorted: the page has them in the order of building.
    fn toggles(&mut self) -> Vec<String> {
        self.boxes("")
    }

    /// The toggles whose boxes a selector meets, sorted.
    fn boxes(&mut self, which: &str) -> Vec<String> {
        self.words(&format!(
            "[...document.querySelectorAll('input[data-toggle]{which}')]\
             .map((one) => one.dataset.toggle).sort()"
        ))
    }

    /// Those that can be ticked.
    fn choices(&mut self) -> Vec<String> {
        self.boxes(":not(:disabled)")
    }

    /// Those that are ticked.
    fn ticked(&mut self) -> Vec<String> {
        self.boxes(":checked")
    }

    /// Ticks and unticks with the mouse until exactly these are on.
    fn tick(&mut self, on: &[String]) {
        let before = self.ticked();
        for id in self.toggles() {
            if before.contains(&id) != on.contains(&id) {
                self.0.click(&format!("input[data-toggle=\"{id}\"]"));
            }
        }
        self.settle();
        assert_eq!(self.ticked(), on);
    }

    /// The numbers of everything that has an attribute, e.g. `data-bar`, by what it says, a side
    /// after a slash.
    fn numbers(&mut self, attribute: &str) -> BTreeMap<String, i128> {
        let found = self.0.eval(&format!(
            "[...document.querySelectorAll('[data-{attribute}]')].map((one) => [
                [one.dataset.{attribute}, one.dataset.side].filter(Boolean).join('/'),
                one.dataset.value ?? '',
            ])"
        ));
        let pairs: Vec<(String, String)> = serde_json::from_value(found).expect("pairs");
        let mut numbers = BTreeMap::new();
        for (name, value) in pairs {
            let number = value.parse().unwrap_or_else(|_| panic!("{attribute} {name}: {value:?}"));
            // What stands in two places says the same in both.
            assert_eq!(*numbers.entry(name.clone()).or_insert(number), number, "{name}");
        }
        numbers
    }
}
