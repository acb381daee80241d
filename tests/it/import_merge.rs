//! Calls are counted once, and the same files give the same bytes.

use crate::import_bad_input::{import_bytes, import_files, prompt, response};
use crate::laws::imported;
use std::fs;
use std::path::PathBuf;
use windtunnel::import::{ImportOptions, import_transcripts};
use windtunnel::recording::{BlockKind, CacheBreak, ContextRestart, Role};

#[test]
fn the_last_usage_of_a_call_counts_wherever_its_records_lie() {
    let text = format!(
        "{}{}{}{}",
        prompt("\"hi\""),
        response("a", 0, 5),
        prompt("[{\"type\":\"tool_result\",\"tool_use_id\":\"t\",\"content\":\"r\"}]"),
        response("a", 0, 50).replace("u-a", "u-a2"),
    );
    let recording = import_bytes(text.as_bytes()).recording;
    assert_eq!(recording.calls.len(), 1);
    assert_eq!((recording.calls[0].usage.output, recording.calls[0].records), (50, 2));
    let text = recording.blocks.iter().filter(|block| block.kind == BlockKind::Text).count();
    assert_eq!(text, 2, "content blocks are merged");
}

#[test]
fn a_resumed_copy_keeps_only_what_is_its_own() {
    let old = format!("{}{}{}", prompt("\"hi\""), response("a", 0, 5), response("b", 100, 6));
    let later = response("c", 200, 7).replace("00:00:10", "00:09:10");
    let copied = format!("{old}{later}").replace("\"sessionId\":\"s\"", "\"sessionId\":\"z\"");
    for names in [["old.jsonl", "new.jsonl"], ["z.jsonl", "a.jsonl"]] {
        let files = [(names[0], old.as_bytes()), (names[1], copied.as_bytes())];
        let imported = import_files(&files).expect("calls");
        let recording = imported.recording;
        assert_eq!((recording.calls.len(), imported.copies), (3, 2));
        let by_id = |id: &str| recording.sessions.iter().find(|s| s.id == id).expect("the session");
        assert_eq!((by_id("s").calls, by_id("z").calls), (2, 1));
        let history = &recording.blocks_of_call(by_id("z").call_range().start)[1];
        assert_eq!(history.kind, BlockKind::Unattributed, "the copied history is one block");
    }
}

#[test]
fn a_call_without_its_request_id_is_the_same_call() {
    let bare = response("a", 0, 5).replace("\"requestId\":\"r-a\",", "");
    let files = [("a.jsonl", response("a", 0, 5)), ("b.jsonl", bare)];
    let files: Vec<(&str, &[u8])> = files.iter().map(|(n, t)| (*n, t.as_bytes())).collect();
    assert_eq!(import_files(&files).expect("calls").recording.calls.len(), 1);
}

#[test]
fn a_side_thread_is_its_own_session_without_its_parents_calls() {
    let aside = |id: &str, agent: &str| {
        let agent = format!("\"isSidechain\":true,\"agentId\":\"{agent}\",\"uuid\"");
        response(id, 0, 3).replace("\"uuid\"", &agent)
    };
    let replayed = aside("a", "btw").replace("r-a", "another-request");
    let text =
        format!("{}{}{replayed}{}", response("a", 0, 5), aside("x", "one"), aside("y", "btw"));
    let recording = import_bytes(text.as_bytes()).recording;
    let told: Vec<(&str, Role, u32)> =
        recording.sessions.iter().map(|s| (s.id.as_str(), s.role, s.calls)).collect();
    assert_eq!(
        told,
        [
            ("s", Role::Main, 1),
            ("s/agent-one", Role::Subagent, 1),
            ("s/agent-btw", Role::Subagent, 1)
        ]
    );
    assert!(recording.sessions.iter().all(|session| session.pipeline == "s"));
}

#[test]
fn a_side_thread_without_agent_follows_its_parents() {
    let link = |id: &str, parent: &str| {
        let parent = format!("\"isSidechain\":true,\"parentUuid\":\"{parent}\",\"uuid\"");
        response(id, 0, 3).replace("\"uuid\"", &parent)
    };
    let text = format!(
        "{}{}{}{}{}",
        response("a", 0, 5),
        link("x1", ""),
        link("y1", ""),
        link("x2", "u-x1"),
        link("y2", "u-y1")
    );
    let recording = import_bytes(text.as_bytes()).recording;
    let calls: Vec<u32> = recording.sessions.iter().map(|session| session.calls).collect();
    assert_eq!(calls, [1, 2, 2]);
}

#[test]
fn breaks_follow_what_happened_between_calls() {
    let boundary = "{\"type\":\"system\",\"subtype\":\"compact_boundary\",\"sessionId\":\"s\",\
                    \"compactMetadata\":{\"trigger\":\"manual\",\"preTokens\":9}}\n";
    let summary = prompt("\"Summary\"").replace("\"uuid\"", "\"isCompactSummary\":true,\"uuid\"");
    let started = "{\"type\":\"attachment\",\"sessionId\":\"s\",\"attachment\":{\"type\":\"hook_success\",\
                   \"hookEvent\":\"SessionStart\",\"content\":\"not sent\"}}\n";
    let text = format!(
        "{}{boundary}{summary}{}{started}{}{}{}{}",
        response("a", 9_000, 5),
        response("b", 5_000, 5),
        response("c", 5_000, 5),
        response("d", 5_200, 5).replace("sonnet-4-5", "opus-4-5"),
        response("e", 5_000, 5).replace("sonnet-4-5", "opus-4-5"),
        response("f", 1_000, 5).replace("sonnet-4-5", "opus-4-5"),
    );
    let recording = import_bytes(text.as_bytes()).recording;
    let told: Vec<(ContextRestart, CacheBreak)> =
        recording.calls.iter().map(|call| (call.restart, call.cache_break)).collect();
    assert_eq!(
        told,
        [
            (ContextRestart::Fresh, CacheBreak::No),
            (ContextRestart::ManualCompacted, CacheBreak::ToStatic),
            (ContextRestart::No, CacheBreak::ToStatic),
            (ContextRestart::No, CacheBreak::ToZero),
            (ContextRestart::No, CacheBreak::ToStatic),
            (ContextRestart::Fresh, CacheBreak::ToStatic),
        ]
    );
    let second = recording.blocks_of_call(1);
    assert!(second.iter().any(|block| block.kind == BlockKind::Summary && block.chars == 7));
}

#[test]
fn the_same_files_give_the_same_recording() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut paths: Vec<PathBuf> = Vec::new();
    for (folder_name, ids) in [("x", ["a", "b"]), ("y", ["b", "c"]), ("w", ["c", "a"])] {
        let inner = folder.path().join(folder_name);
        fs::create_dir(&inner).expect("a folder");
        for id in ids {
            fs::write(inner.join(format!("{id}.jsonl")), response(id, 7, 5)).expect("a file");
        }
        paths.push(inner);
    }
    let read = |paths: &[PathBuf]| {
        import_transcripts(paths, &ImportOptions::default(), &|_, _| {}).expect("calls").recording
    };
    let forward = read(&paths);
    paths.reverse();
    paths.push(paths[0].clone());
    assert_eq!(forward, read(&paths));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("one thread");
    assert_eq!(forward, pool.install(|| read(&paths)));
    assert_eq!(forward.calls.len(), 3);
    let labels: Vec<&str> = forward.sessions.iter().map(|s| s.file.as_str()).collect();
    assert!(labels.iter().all(|label| !label.starts_with('/')), "{labels:?}");
    assert_eq!(imported(folder.path()).recording.calls.len(), 3);
}

#[test]
fn responses_without_any_id_stand_for_themselves() {
    let bare = |output| {
        response("a", 0, output)
            .replace("\"id\":\"a\",", "")
            .replace("\"uuid\":\"u-a\",", "")
            .replace("\"requestId\":\"r-a\",", "")
    };
    let text = format!("{}{}", bare(5), bare(6));
    assert_eq!(import_bytes(text.as_bytes()).recording.calls.len(), 2);
}
