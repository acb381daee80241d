//! One session of the log: its row in the index and the files of its folder, of any generation.

use super::crash_records::ProcessRecord;
use crate::import::ledger::LedgerEntry;
use crate::import::{timestamps, tool_marks};
use crate::recording::HarnessTotals;
use crate::units::Usage;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A foreign JSON object: any field may be absent, null or of another type.
pub type JsonObject = Map<String, Value>;

/// No session used more tokens of a class.
const MOST: i64 = 1_000_000_000_000;

/// The text of a field; empty where there is none.
pub fn text_field<'a>(object: &'a JsonObject, key: &str) -> &'a str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// A session as the log has it.
pub struct LogRow<'a> {
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
    fn folder_file(&self, name: &str) -> Option<&JsonObject> {
        self.files.get(name)
    }

    /// The first text under `key` in the row, its tokens, its summary.
    fn first_text(&self, key: &str) -> &str {
        let files = ["token_usage.json", "summary.json", "step_timing.json"];
        let files = files.iter().filter_map(|name| self.folder_file(name));
        let texts = std::iter::once(self.object).chain(files).map(|object| text_field(object, key));
        texts.into_iter().find(|text| !text.is_empty()).unwrap_or_default()
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
        let named = |name: &str| name.starts_with("crashed_");
        named(self.folder) || named(self.first_text("session_id"))
    }

    /// Its start.
    pub fn start_ms(&self) -> Option<i64> {
        let of = |key| timestamps::parse_ms(self.first_text(key).as_bytes());
        of("timestamp").or_else(|| of("start_ts"))
    }

    fn is_successful(&self) -> bool {
        let of = |object: &JsonObject| object.get("success").and_then(Value::as_bool);
        of(self.object).or_else(|| of(self.folder_file("summary.json")?)).unwrap_or(false)
    }

    /// What the log says of its process.
    pub fn process_record(&self) -> ProcessRecord {
        let named = |name: &str| -> Option<i64> {
            name.strip_prefix("crashed_")?.split('_').next()?.parse().ok()
        };
        let told =
            self.folder_file("summary.json").and_then(|summary| summary.get("pid")?.as_i64());
        let pid =
            told.or_else(|| named(self.folder)).or_else(|| named(self.first_text("session_id")));
        ProcessRecord {
            pid,
            crashed: self.is_crash(),
            ended_well: self.is_successful() && !self.is_crash(),
            cwd: self.first_text("cwd").to_owned(),
            at_ms: self.start_ms(),
        }
    }

    /// The pipeline: order, else the fleet's dispatch, else the kitchen under either of its names.
    fn pipeline_name(&self) -> &str {
        let keys = ["order_id", "dispatch_id", "kitchen_id", "pipeline_id"];
        let texts = keys.into_iter().map(|key| self.first_text(key));
        texts.into_iter().find(|text| !text.is_empty()).unwrap_or_default()
    }

    /// The step, without the number of a repetition. Labels are taken as they are.
    fn step_name(&self) -> String {
        let keys = ["step_name", "session_label"];
        let texts = keys.into_iter().map(|key| self.first_text(key));
        tool_marks::canonical_step(
            texts.into_iter().find(|text| !text.is_empty()).unwrap_or_default(),
        )
    }

    /// Whether it ended with a `result` record, whose usage counts each response once.
    fn has_result(&self) -> bool {
        match self.first_text("cli_subtype") {
            "" => self.is_successful(),
            subtype => subtype == "success" || subtype.starts_with("error_"),
        }
    }

    /// A number of tokens or records: none where it is absent.
    fn checked_count(&self, key: &str) -> Result<Option<i64>, String> {
        let sources = [self.folder_file("token_usage.json"), Some(self.object)];
        let value = sources.into_iter().flatten().find_map(|object| object.get(key));
        match value {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match value.as_i64() {
                Some(count @ 0..=MOST) => Ok(Some(count)),
                _ => Err(format!("{key}: {value} is no count")),
            },
        }
    }

    /// Tokens by class, where the log tells any. The tier of its cache writes is not told: they
    /// belong to the five-minute cache, as in transcripts.
    fn token_usage(&self) -> Result<Option<Usage>, String> {
        let counts = [
            self.checked_count("input_tokens")?,
            self.checked_count("cache_read_input_tokens")?,
            self.checked_count("cache_creation_input_tokens")?,
            self.checked_count("output_tokens")?,
        ];
        // Rows of old have no cache classes: without the file beside them they tell half.
        let complete = counts.iter().all(Option::is_some);
        let [fresh, read, write_5m, output] = counts.map(Option::unwrap_or_default);
        let usage = Usage { fresh, read, write_5m, write_1h: 0, output };
        Ok((complete && !usage.is_zero()).then_some(usage))
    }

    /// Wall clock: the seconds of the file that has them.
    fn duration_ms(&self) -> Option<i64> {
        let sources = [
            (self.folder_file("token_usage.json"), "timing_seconds"),
            (self.folder_file("step_timing.json"), "total_seconds"),
            (Some(self.object), "duration_seconds"),
            (self.folder_file("summary.json"), "duration_seconds"),
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
    pub fn ledger_entry(&self, index: &str) -> Result<LedgerEntry, String> {
        let summary = self.folder_file("summary.json");
        let requests = summary.and_then(|summary| summary.get("request_ids")?.as_array());
        let calls = requests.map(Vec::len).filter(|&calls| calls > 0);
        let versions = summary.and_then(|summary| summary.get("versions")?.as_object());
        let named = |object: Option<&JsonObject>| {
            object.map(|object| text_field(object, "model_identifier").to_owned())
        };
        let model = named(self.folder_file("token_usage.json")).filter(|model| !model.is_empty());
        let model = model.or_else(|| named(versions)).filter(|model| !model.is_empty());
        let model = model.unwrap_or_else(|| crate::price::UNSTATED_MODEL.to_owned());
        Ok(LedgerEntry {
            file: format!("{}sessions/{}", index.trim_end_matches(super::INDEX), self.folder),
            pipeline: self.pipeline_name().to_owned(),
            step: self.step_name(),
            version: self.first_text("claude_code_version").to_owned(),
            caller: self.first_text("caller_session_id").to_owned(),
            usage: self.token_usage()?.map(|usage| (model, usage)),
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
        let path = Path::new(self.first_text("claude_code_log"));
        (path.file_stem()?.to_str()? == session).then(|| path.to_owned())
    }
}
