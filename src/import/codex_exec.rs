//! `codex exec --json`: the events of headless Codex runs.
//!
//! They name no model, no time and no single call. `turn.completed` states the running total of the
//! thread, also where a run takes up an earlier thread (openai/codex issue 17539; read 2026-11-29),
//! so that the last statement counts, whichever file it is in. Where a total falls, a new count
//! began, and both count. What was billed becomes a remainder of a model that nobody stated.

use super::importer::Importer;
use super::json_reader;
use super::line_reader::LineReader;
use super::measured_text::{LenientObject, ShortText};
use super::parsed_file::{FileInfo, ParsedFile};
use super::record_lines::{for_each_line, skip_reason};
use super::skip::SkipReason;
use super::thread_totals::{EXEC_SOURCE, ThreadTotal};
use crate::units::Usage;
use serde::Deserialize;
use std::collections::HashMap;

/// The importer.
#[derive(Clone, Copy, Debug)]
pub(super) struct CodexExec;

/// No thread bills more tokens of a class; as in stream-json.
const MOST: f64 = 1e12;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ExecEvent<'a> {
    #[serde(borrow, rename = "type")]
    kind: ShortText<'a>,
    #[serde(borrow)]
    thread_id: ShortText<'a>,
    usage: LenientObject<ExecUsage>,
}

/// Totals of a thread, tokens: cached and written ones are parts of the input, reasoning is part of
/// the output.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ExecUsage {
    #[serde(rename = "input_tokens")]
    input: Option<f64>,
    #[serde(rename = "cached_input_tokens")]
    cached: Option<f64>,
    #[serde(rename = "cache_write_input_tokens")]
    written: Option<f64>,
    #[serde(rename = "output_tokens")]
    output: Option<f64>,
}

impl Importer for CodexExec {
    fn id(&self) -> &'static str {
        EXEC_SOURCE
    }

    fn file_endings(&self) -> &'static [&'static str] {
        &[".jsonl", ".ndjson"]
    }

    fn loose_file_endings(&self) -> &'static [&'static str] {
        &[".json", ".log", ".txt", ".out"]
    }

    fn sniff(&self, head: &[&[u8]]) -> bool {
        head.iter().any(|line| {
            json_reader::from_slice::<ExecEvent>(line).is_ok_and(|event| match event.kind.0 {
                b"thread.started" => !event.thread_id.0.is_empty(),
                b"turn.completed" => event.usage.0.is_some(),
                _ => false,
            })
        })
    }

    fn parse(&self, file: &FileInfo<'_>, lines: &mut LineReader<'_>, parsed: &mut ParsedFile) {
        let mut threads = ExecThreads::default();
        // A stream that lost its first event still has a name: that of its file.
        let mut current = file.label.to_owned();
        for_each_line(
            lines,
            &mut |_, line| match json_reader::from_slice::<ExecEvent>(line) {
                Ok(event) if event.kind.0 == b"thread.started" => {
                    current = event.thread_id.to_text().into_owned();
                    None
                }
                Ok(event) if event.kind.0 == b"turn.completed" => {
                    let Some(usage) = &event.usage.0 else {
                        return Some(SkipReason::MissingUsage);
                    };
                    match usage.checked_usage() {
                        Ok(total) => threads.take_total(&current, total),
                        Err(reason) => return Some(reason),
                    }
                    None
                }
                Ok(_) => None,
                Err(fault) => skip_reason(line, fault, is_known_kind, SkipReason::RecordShape),
            },
            &mut |number, reason| parsed.add_skip(number, reason),
        );
        parsed.bills.extend(threads.all.into_iter().map(ThreadTotal::into_bill));
    }
}

fn is_known_kind(kind: &[u8]) -> bool {
    matches!(kind, b"thread.started" | b"turn.completed")
}

/// The threads of a file, in the order of their first totals.
#[derive(Default)]
struct ExecThreads {
    all: Vec<ThreadTotal>,
    by_id: HashMap<String, usize>,
}

impl ExecThreads {
    fn take_total(&mut self, id: &str, total: Usage) {
        let at = self.by_id.get(id).copied().unwrap_or_else(|| {
            self.by_id.insert(id.to_owned(), self.all.len());
            self.all.push(ThreadTotal::of_thread(id));
            self.all.len() - 1
        });
        self.all[at].take_total(total);
    }
}

impl ExecUsage {
    fn checked_usage(&self) -> Result<Usage, SkipReason> {
        let counts = [self.input, self.cached, self.written, self.output];
        // What is not told is nothing of it.
        let counts = counts.map(|count| count.unwrap_or(0.0));
        if !counts.iter().all(|count| (0.0..=MOST).contains(count)) {
            return Err(SkipReason::CountOutOfRange);
        }
        let [input, read, written, output] = counts.map(|count| count as i64);
        if read > input {
            return Err(SkipReason::PartBeyondWhole);
        }
        // As in rollouts: more written than was left uncached is cut to that.
        let write_5m = written.min(input - read);
        Ok(Usage { fresh: input - read - write_5m, read, write_5m, output, ..Usage::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::super::parsed_file::ReadFile;
    use super::super::thread_totals::join_threads;
    use super::*;
    use crate::price::UNSTATED_MODEL;

    fn usage(input: i64, read: i64, output: i64) -> Usage {
        Usage { fresh: input - read, read, output, ..Usage::default() }
    }

    fn parse(text: &str) -> ParsedFile {
        let mut parsed = ParsedFile::default();
        let mut source = text.as_bytes();
        let mut lines = LineReader::new(&mut source, &|_| false);
        CodexExec.parse(&FileInfo { label: "run.jsonl" }, &mut lines, &mut parsed);
        parsed
    }

    fn turn(input: i64, read: i64, output: i64) -> String {
        format!(
            "{{\"type\":\"turn.completed\",\"usage\":{{\"input_tokens\":{input},\
             \"cached_input_tokens\":{read},\"output_tokens\":{output}}}}}\n"
        )
    }

    #[test]
    fn the_last_total_of_a_thread_counts() {
        let start = "{\"type\":\"thread.started\",\"thread_id\":\"t\"}\n";
        let text = [start, &turn(100, 40, 5), start, &turn(300, 90, 9)].concat();
        let bill = &parse(&text).bills[0];
        assert_eq!((bill.session.as_str(), bill.restated), ("t", 1));
        assert_eq!(bill.models, [(UNSTATED_MODEL.to_owned(), usage(300, 90, 9))]);
    }

    #[test]
    fn a_total_that_falls_is_a_new_count() {
        let bill = &parse(&[turn(100, 40, 5), turn(60, 0, 6)].concat()).bills[0];
        assert_eq!(bill.models[0].1, usage(160, 40, 11));
    }

    #[test]
    fn what_was_written_is_a_part_of_the_input() {
        let write = "\"cache_write_input_tokens\":5000,\"output_tokens\":47";
        let told = turn(21_294, 6_912, 0).replace("\"output_tokens\":0", write);
        let right = Usage { write_5m: 5_000, ..usage(16_294, 6_912, 47) };
        assert_eq!(parse(&told).bills[0].models[0].1, right);
        let beyond = turn(9, 4, 0).replace("\"output_tokens\":0", write);
        let right = Usage { write_5m: 5, ..usage(4, 4, 47) };
        assert_eq!(parse(&beyond).bills[0].models[0].1, right);
    }

    #[test]
    fn a_thread_goes_on_in_another_file() {
        let start = "{\"type\":\"thread.started\",\"thread_id\":\"t\"}\n";
        let files = [turn(300, 90, 9), turn(100, 40, 5), turn(300, 90, 9), turn(400, 90, 8)];
        let mut read: Vec<ReadFile> =
            files.map(|turn| (Some("codex-exec"), parse(&[start, &turn].concat()))).into();
        read.push((Some("codex-exec"), parse(&turn(7, 0, 1))));
        let last = read.remove(3);
        join_threads(&mut read);
        let bills: Vec<_> = read.iter().map(|(_, parsed)| parsed.bills.clone()).collect();
        assert_eq!(bills.iter().map(Vec::len).collect::<Vec<_>>(), [1, 0, 0, 1]);
        assert_eq!((bills[0][0].models[0].1, bills[0][0].restated), (usage(300, 90, 9), 2));
        // Output that falls while input grows is another count's.
        read.push(last);
        join_threads(&mut read);
        assert_eq!(read[4].1.bills[0].models[0].1, usage(700, 180, 17));
    }

    #[test]
    fn what_cannot_be_is_told() {
        for bad in [turn(1, 2, 0), turn(-1, 0, 0), "{\"type\":\"turn.completed\"}".to_owned()] {
            let parsed = parse(&bad);
            assert_eq!((parsed.bills.len(), parsed.skips.len()), (0, 1), "{bad}");
        }
    }
}
