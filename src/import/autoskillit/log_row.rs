//! One session of the log: its row in the index and the files of its folder, of any generation.

use super::crash_records::ProcessRecord;
use crate::import::ledger::LedgerEntry;
use crate::import::skip::SkipReason;
use crate::import::{timestamps, tool_marks};
use crate::recording::HarnessTotals;
use crate::units::Usage;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A foreign JSON object: any field may be absent, null or of another type.
pub(super) type JsonObject = Map<String, Value>;

/// Name of the index of a log root.
pub(super) const INDEX: &str = "sessions.jsonl";

/// No session used more tokens of a class.
const MOST: i64 = 1_000_000_000_000;

/// The text of a field; empty where there is none.
pub(super) fn text_field<'a>(object: &'a JsonObject, key: &str) -> &'a str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// How the names of folders and sessions of processes begin that were found dead.
const CRASHED: &str = "crashed_";

/// The process id in `crashed_<pid>_<time>`.
fn crashed_pid(name: &str) -> Option<i64> {
    name.strip_prefix(CRASHED)?.split('_').next()?.parse().ok()
}

/// A session as the log has it.
pub(super) struct LogRow<'a> {
    /// Name of its folder.
    pub folder: &'a str,
    /// Its line in the index.
    pub line: u64,
    /// Its row.
    pub object: &'a JsonObject,
    /// The files of its folder, by name.
    pub files: &'a BTreeMap<String, JsonObject>,
}

impl LogRow<'_> {
    /// The first text under `key` in the row, its tokens, its summary.
    fn first_text(&self, key: &str) -> &str {
        let names = ["token_usage.json", "summary.json", "step_timing.json"];
        let files = names.into_iter().filter_map(|name| self.files.get(name));
        let mut texts =
            std::iter::once(self.object).chain(files).map(|object| text_field(object, key));
        texts.find(|text| !text.is_empty()).unwrap_or_default()
    }

    /// The first text under the first of several names that generations gave one field.
    fn first_text_of(&self, keys: &[&str]) -> &str {
        let mut texts = keys.iter().map(|key| self.first_text(key));
        texts.find(|text| !text.is_empty()).unwrap_or_default()
    }

    /// The id of the session; that of its folder where the row has none.
    pub fn session_id(&self) -> String {
        match self.first_text("session_id") {
            "" => self.folder.to_owned(),
            id => id.to_owned(),
        }
    }

    /// Whether it is the record of a process that was found dead.
    pub fn is_crash(&self) -> bool {
        self.folder.starts_with(CRASHED) || self.first_text("session_id").starts_with(CRASHED)
    }

    /// Its start.
    pub fn start_ms(&self) -> Option<i64> {
        let mut times = ["timestamp", "start_ts"].into_iter().map(|key| self.first_text(key));
        times.find_map(|time| timestamps::parse_stamp_ms(time.as_bytes()))
    }

    fn is_successful(&self) -> bool {
        let mut objects = std::iter::once(self.object).chain(self.files.get("summary.json"));
        objects.find_map(|object| object.get("success")?.as_bool()).unwrap_or(false)
    }

    /// What the log says of its process.
    pub fn process_record(&self) -> ProcessRecord {
        let summary = self.files.get("summary.json");
        ProcessRecord {
            pid: summary
                .and_then(|summary| summary.get("pid")?.as_i64())
                .or_else(|| crashed_pid(self.folder))
                .or_else(|| crashed_pid(self.first_text("session_id"))),
            crashed: self.is_crash(),
            ended_well: self.is_successful() && !self.is_crash(),
            cwd: self.first_text("cwd").to_owned(),
            at_ms: self.start_ms(),
        }
    }

    /// The pipeline: order, else the fleet's dispatch, else the kitchen under either of its names.
    fn pipeline_name(&self) -> &str {
        self.first_text_of(&["order_id", "dispatch_id", "kitchen_id", "pipeline_id"])
    }

    /// The step, without the number of a repetition. Labels are taken as they are.
    fn step_name(&self) -> String {
        tool_marks::canonical_step(self.first_text_of(&["step_name", "session_label"]))
    }

    /// Whether it ended with a `result` record, whose usage counts each response once.
    fn has_result(&self) -> bool {
        // Rows of old have no subtype; a failed session's result is a result all the same.
        match self.first_text("cli_subtype") {
            "" => self.is_successful(),
            subtype => subtype == "success" || subtype.starts_with("error_"),
        }
    }

    /// A number of tokens or records: none where it is absent.
    fn checked_count(&self, key: &str) -> Result<Option<i64>, SkipReason> {
        let mut objects = self.files.get("token_usage.json").into_iter().chain([self.object]);
        let value = objects.find_map(|object| object.get(key)).unwrap_or(&Value::Null);
        // What is no count spoils the whole row: half its tokens would be worse than none.
        match value.as_i64() {
            Some(count @ 0..=MOST) => Ok(Some(count)),
            None if value.is_null() => Ok(None),
            _ => Err(SkipReason::NoCount { name: key.to_owned(), value: value.to_string() }),
        }
    }

    /// Tokens by class, where the log tells any. The tier of its cache writes is not told: they
    /// belong to the five-minute cache, as in transcripts.
    fn token_usage(&self) -> Result<Option<Usage>, SkipReason> {
        let counts = [
            self.checked_count("input_tokens")?,
            self.checked_count("cache_read_input_tokens")?,
            self.checked_count("cache_creation_input_tokens")?,
            self.checked_count("output_tokens")?,
        ];
        // Rows of old have no cache classes: without the file beside them they tell half.
        let is_complete = counts.iter().all(Option::is_some);
        let [fresh, read, write_5m, output] = counts.map(Option::unwrap_or_default);
        let usage = Usage { fresh, read, write_5m, write_1h: 0, output };
        Ok((is_complete && !usage.is_zero()).then_some(usage))
    }

    /// Wall clock: the seconds of the file that has them.
    fn duration_ms(&self) -> Option<i64> {
        let sources = [
            (self.files.get("token_usage.json"), "timing_seconds"),
            (self.files.get("step_timing.json"), "total_seconds"),
            (Some(self.object), "duration_seconds"),
            (self.files.get("summary.json"), "duration_seconds"),
        ];
        let seconds = sources
            .into_iter()
            .find_map(|(object, key)| object?.get(key)?.as_f64())
            .filter(|seconds| (0.0..1e9).contains(seconds))?;
        Some((seconds * 1_000.0).round() as i64)
    }

    /// What the log says of the session.
    ///
    /// # Errors
    /// A count that is none.
    pub fn ledger_entry(&self, index: &str) -> Result<LedgerEntry, SkipReason> {
        let summary = self.files.get("summary.json");
        // Each request id is one call, whatever the log counts as turns.
        let requests = summary.and_then(|summary| summary.get("request_ids")?.as_array());
        let calls = requests.map(Vec::len).filter(|&calls| calls > 0);
        let versions = summary.and_then(|summary| summary.get("versions")?.as_object());
        // The model stands beside the tokens or, in other generations, among the versions.
        let mut models = [self.files.get("token_usage.json"), versions]
            .into_iter()
            .flatten()
            .map(|object| text_field(object, "model_identifier"));
        let model = models.find(|model| !model.is_empty()).unwrap_or(crate::price::UNSTATED_MODEL);
        Ok(LedgerEntry {
            file: format!("{}sessions/{}", index.trim_end_matches(INDEX), self.folder),
            pipeline: self.pipeline_name().to_owned(),
            step: self.step_name(),
            version: self.first_text("claude_code_version").to_owned(),
            caller: self.first_text("caller_session_id").to_owned(),
            usage: self.token_usage()?.map(|usage| (model.to_owned(), usage)),
            records: u32::try_from(self.checked_count("turn_count")?.unwrap_or(0))
                .unwrap_or(u32::MAX),
            totals: HarnessTotals {
                start_ms: self.start_ms(),
                calls: calls.and_then(|calls| u32::try_from(calls).ok()),
                peak_context: self.checked_count("peak_context")?,
                duration_ms: self.duration_ms(),
                unfinished: !self.has_result(),
            },
        })
    }

    /// The transcript that the log names, if the name is that of the session.
    pub fn transcript_path(&self, session: &str) -> Option<PathBuf> {
        // A path of another session would bring that one's calls in under this one's name.
        let path = Path::new(self.first_text("claude_code_log"));
        (path.file_stem()?.to_str()? == session).then(|| path.to_owned())
    }
}
