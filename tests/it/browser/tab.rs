//! One window: what a reader does with a page, and what a page must not do.

use super::client::Client;
use super::{PATIENCE, Process};
use serde_json::{Value, json};
use std::env;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// A window with a page. Closing the connection closes it, so that the fields are in this order.
pub struct Tab {
    page: Client,
    _browser: Client,
    /// Everything that a page must never do, as it came.
    complaints: Vec<String>,
    /// The file that is shown.
    file: String,
    _process: Arc<Process>,
}

impl Tab {
    /// A new window with a profile of its own, 1280 pixels wide.
    pub(super) fn open(process: Arc<Process>) -> Self {
        let mut browser = process.connect();
        let context = browser.ask("Target.createBrowserContext", json!({"disposeOnDetach": true}));
        let id = &context["browserContextId"];
        let target = browser.ask(
            "Target.createTarget",
            json!({"url": "about:blank", "browserContextId": id, "newWindow": true}),
        );
        let page = process.connect_page(target["targetId"].as_str().expect("a target"));
        let (complaints, file) = (Vec::new(), String::new());
        let mut tab = Self { page, _browser: browser, complaints, file, _process: process };
        for domain in ["Page", "Runtime", "Log", "Network", "Accessibility"] {
            tab.page.ask(&format!("{domain}.enable"), json!({}));
        }
        tab.page.ask("Performance.enable", json!({"timeDomain": "threadTicks"}));
        tab.page.ask("Emulation.setFocusEmulationEnabled", json!({"enabled": true}));
        tab.resize(1280, 900);
        tab
    }

    /// Opens a file, with what stands after the `#` of its address, and waits until `ready` holds.
    pub fn visit(&mut self, file: &str, hash: &str, ready: &str) {
        // Only another document is loaded; another hash alone is not.
        self.page.ask("Page.navigate", json!({"url": "about:blank"}));
        self.wait("location.href === 'about:blank'");
        file.clone_into(&mut self.file);
        let hash = if hash.is_empty() { String::new() } else { format!("#{hash}") };
        let gone = self.page.ask("Page.navigate", json!({"url": format!("file://{file}{hash}")}));
        assert!(gone["errorText"].is_null(), "{file}: {}", gone["errorText"]);
        self.wait(&format!("location.protocol === 'file:' && !!({ready})"));
    }

    /// The value of a JavaScript expression, a promise waited for. An exception ends the test.
    pub fn eval(&mut self, expression: &str) -> Value {
        let (value, thrown) = self.try_eval(expression);
        assert!(thrown.is_empty(), "{expression}: {thrown}");
        value
    }

    /// The same, and what was thrown.
    pub fn try_eval(&mut self, expression: &str) -> (Value, String) {
        let mut answer = self.page.ask(
            "Runtime.evaluate",
            json!({"expression": expression, "awaitPromise": true, "returnByValue": true}),
        );
        self.listen();
        let details = &answer["exceptionDetails"];
        let description = details["exception"]["description"].as_str();
        let thrown = description.or(details["text"].as_str()).unwrap_or_default().to_owned();
        (answer["result"]["value"].take(), thrown)
    }

    /// The text that an expression gives.
    pub fn text(&mut self, expression: &str) -> String {
        let value = self.eval(expression);
        value.as_str().unwrap_or_else(|| panic!("{expression}: {value} is no text")).to_owned()
    }

    /// Waits until an expression holds.
    pub fn wait(&mut self, expression: &str) {
        let until = Instant::now() + PATIENCE;
        // While a document is being replaced there may be nothing to ask.
        while self.try_eval(expression).0 != true {
            let said = &self.complaints;
            assert!(Instant::now() < until, "{}: never {expression}; {said:#?}", self.file);
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Clicks the middle of the first element that a selector finds, with the mouse. It must be in
    /// sight and on top.
    pub fn click(&mut self, selector: &str) {
        let at = self.eval(&format!(
            "(() => {{
                const wanted = document.querySelector({selector:?});
                if (!wanted) return 'not there';
                wanted.scrollIntoView({{block: 'center', behavior: 'instant'}});
                const box = wanted.getBoundingClientRect();
                const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
                const top = document.elementFromPoint(x, y);
                const labels = [...(wanted.labels ?? [])];
                const hit = top && [wanted, ...labels].some((one) => one.contains(top));
                return hit ? {{x, y}} : 'covered by ' + (top?.outerHTML ?? 'nothing');
            }})()"
        ));
        assert!(at.is_object(), "{selector}: {at}");
        let mouse = |kind: &str, buttons: u8, count: u8| {
            json!({
                "type": kind, "x": at["x"], "y": at["y"], "buttons": buttons, "clickCount": count,
                "button": if kind == "mouseMoved" { "none" } else { "left" },
            })
        };
        let steps = [("mouseMoved", 0, 0), ("mousePressed", 1, 1), ("mouseReleased", 0, 1)];
        for (kind, buttons, count) in steps {
            self.page.ask("Input.dispatchMouseEvent", mouse(kind, buttons, count));
        }
        self.listen();
    }

    /// Presses a key: a character, or `Tab`, `Enter`, `Escape`, `Space`.
    pub fn press(&mut self, key: &str) {
        let (key, code, number, text) = match key {
            "Tab" => ("Tab", "Tab".to_owned(), 9, ""),
            "Enter" => ("Enter", "Enter".to_owned(), 13, "\r"),
            "Escape" => ("Escape", "Escape".to_owned(), 27, ""),
            "Space" => (" ", "Space".to_owned(), 32, " "),
            "/" => ("/", "Slash".to_owned(), 191, "/"),
            "?" => ("?", "Slash".to_owned(), 191, "?"),
            letter => {
                let capital = letter.to_uppercase();
                let number = u32::from(capital.chars().next().expect("a key"));
                (letter, format!("Key{capital}"), number, letter)
            }
        };
        for kind in ["keyDown", "keyUp"] {
            let mut params = json!({
                "type": kind, "key": key, "code": code, "windowsVirtualKeyCode": number,
                "modifiers": if key == "?" { 8 } else { 0 },
            });
            if kind == "keyDown" && !text.is_empty() {
                params["text"] = json!(text);
            }
            self.page.ask("Input.dispatchKeyEvent", params);
        }
        self.listen();
    }

    /// Types a text into what has the focus.
    pub fn type_in(&mut self, text: &str) {
        self.page.ask("Input.insertText", json!({ "text": text }));
        self.listen();
    }

    /// Shows the page in another medium (`screen`, `print`) and with preferences such as
    /// `("prefers-color-scheme", "dark")`.
    pub fn media(&mut self, medium: &str, features: &[(&str, &str)]) {
        let feature = |(name, value): &(&str, &str)| json!({"name": name, "value": value});
        let features: Vec<Value> = features.iter().map(feature).collect();
        let params = json!({"media": medium, "features": features});
        self.page.ask("Emulation.setEmulatedMedia", params);
    }

    /// Makes the window so large, in CSS pixels.
    pub fn resize(&mut self, width: u32, height: u32) {
        self.page.ask(
            "Emulation.setDeviceMetricsOverride",
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false}),
        );
    }

    /// Everything that a screen reader can come to: role and name, in order.
    pub fn spoken(&mut self) -> Vec<(String, String)> {
        let tree = self.page.ask("Accessibility.getFullAXTree", json!({}));
        let word = |value: &Value| value["value"].as_str().unwrap_or_default().to_owned();
        let nodes = tree["nodes"].as_array().expect("nodes").iter();
        let heard = nodes.filter(|node| node["ignored"] != true);
        heard.map(|node| (word(&node["role"]), word(&node["name"]).trim().to_owned())).collect()
    }

    /// Seconds of processor time that the page has used so far, whatever else the machine does.
    pub fn used(&mut self) -> f64 {
        let answer = self.page.ask("Performance.getMetrics", json!({}));
        let mut metrics = answer["metrics"].as_array().expect("metrics").iter();
        let task = metrics.find(|one| one["name"] == "TaskDuration").expect("a duration");
        task["value"].as_f64().expect("seconds")
    }

    /// A picture of the window for people, where `WINDTUNNEL_SHOTS` names a folder.
    pub fn shot(&mut self, name: &str) {
        let Ok(folder) = env::var("WINDTUNNEL_SHOTS") else { return };
        let answer = self.page.ask("Page.captureScreenshot", json!({"format": "png"}));
        let bytes = base64(answer["data"].as_str().expect("a picture"));
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(Path::new(&folder).join(format!("{name}.png")), bytes).expect("a file");
    }

    /// What the pages of this window did that no page may do, so far, and forgets it: messages and
    /// exceptions on the console, refusals of the content-security policy, dialogs, and requests
    /// for anything but the file that is shown.
    pub fn complaints(&mut self) -> Vec<String> {
        // What is under way has an answer to overtake.
        self.eval("new Promise((done) => setTimeout(done, 50))");
        std::mem::take(&mut self.complaints)
    }

    /// That there are none.
    pub fn is_quiet(&mut self) {
        let complaints = self.complaints();
        assert!(complaints.is_empty(), "{}: {complaints:#?}", self.file);
    }

    fn listen(&mut self) {
        for event in self.page.events() {
            self.complaints.extend(complaint(&event, &self.file));
        }
    }
}

/// What is wrong with an event, if anything.
fn complaint(event: &Value, file: &str) -> Option<String> {
    let params = &event["params"];
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match event["method"].as_str()? {
        "Runtime.consoleAPICalled" => {
            let level = word(&params["type"]);
            ["error", "warning", "assert"]
                .contains(&level.as_str())
                .then(|| format!("console: {level}: {}", params["args"]))
        }
        "Runtime.exceptionThrown" => {
            let details = &params["exceptionDetails"];
            Some(format!("exception: {}: {}", details["text"], details["exception"]["description"]))
        }
        "Log.entryAdded" => {
            let entry = &params["entry"];
            let level = word(&entry["level"]);
            ["error", "warning"]
                .contains(&level.as_str())
                .then(|| format!("{} log: {level}: {}", word(&entry["source"]), entry["text"]))
        }
        "Network.requestWillBeSent" => {
            let address = word(&params["request"]["url"]);
            let own = address.strip_prefix("file://").and_then(|rest| rest.split('#').next());
            let inside = own == Some(file)
                || ["data:", "blob:", "about:"].iter().any(|start| address.starts_with(start));
            (!inside).then(|| format!("request: {address}"))
        }
        "Page.javascriptDialogOpening" => Some(format!("dialog: {}", params["message"])),
        _ => None,
    }
}

/// Bytes of a text in base 64.
fn base64(text: &str) -> Vec<u8> {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits: Vec<u32> = text
        .bytes()
        .filter_map(|byte| alphabet.iter().position(|&a| a == byte))
        .map(|at| at as u32)
        .collect();
    digits
        .chunks(4)
        .flat_map(|four| {
            let bits =
                four.iter().fold(0, |bits, digit| bits << 6 | digit) << (6 * (4 - four.len()));
            bits.to_be_bytes()[1..four.len()].to_vec()
        })
        .collect()
}
