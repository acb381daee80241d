//! Any partition gives what one import gives.

#![expect(clippy::disallowed_methods, reason = "tests write folders of transcripts")]

use super::*;
use crate::import::{ImportOptions, import_transcripts};
use crate::recording::format;
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use std::path::Path;

/// Everything that an import tells.
fn told(imported: &ImportResult) -> (Vec<u8>, String) {
    let ImportResult { skips, skip_counts, files, bytes, copies, billed_cost, notes, .. } =
        imported;
    let skips: Vec<String> = skips.iter().map(ToString::to_string).collect();
    let rest =
        format!("{skips:?} {skip_counts:?} {files} {bytes} {copies} {billed_cost:?} {notes:?}");
    (format::to_columns(&imported.recording), rest)
}

/// The groups of units that keys connect, each by its least unit.
fn groups_of_units(units: &[UnitFacts]) -> BTreeMap<String, String> {
    let mut group: BTreeMap<String, String> =
        units.iter().map(|it| (it.unit.clone(), it.unit.clone())).collect();
    // Labels spread along shared keys until none gets less.
    loop {
        let mut least: BTreeMap<ConnectionKey, String> = BTreeMap::new();
        for unit in units {
            for key in &unit.keys {
                let own = &group[&unit.unit];
                let least = least.entry(*key).or_insert_with(|| own.clone());
                if own < least {
                    least.clone_from(own);
                }
            }
        }
        let mut is_done = true;
        for unit in units {
            let own = group.get_mut(&unit.unit).expect("all of them are there");
            if let Some(least) = unit.keys.iter().map(|key| &least[key]).min()
                && least < own
            {
                own.clone_from(least);
                is_done = false;
            }
        }
        if is_done {
            return group;
        }
    }
}

/// Imports a folder in so many parts, everything in any order.
fn import_in_parts(folder: &Path, parts: usize, rng: &mut ChaCha8Rng) -> ImportResult {
    let files = find_unit_files(&[folder.to_owned()]).expect("transcripts");
    let units: BTreeSet<&str> = files.iter().map(|file| file.unit.as_str()).collect();
    let mut reader_of_unit: BTreeMap<&str, usize> = BTreeMap::new();
    for unit in units {
        reader_of_unit.insert(unit, rng.random_range(0..parts));
    }
    let mut told: Vec<UnitFacts> = Vec::new();
    for part in 0..parts {
        let own = files.iter().filter(|file| reader_of_unit[&*file.unit] == part);
        told.extend(facts_of_units(own.cloned().collect()));
    }
    told.shuffle(rng);
    let plan = ImportPlan::from_facts(told.iter().flat_map(|it| &it.facts).map(String::as_str));
    let plan = ImportPlan::from_json(plan.expect("facts").to_json().as_bytes()).expect("a plan");
    let groups = groups_of_units(&told);
    let mut part_of_group: BTreeMap<&str, usize> = BTreeMap::new();
    for group in groups.values() {
        part_of_group.entry(group).or_insert_with(|| rng.random_range(0..parts));
    }
    let mut shards: Vec<Vec<u8>> = Vec::new();
    for part in 0..parts {
        let own = files.iter().filter(|file| part_of_group[&*groups[&file.unit]] == part);
        let mut own: Vec<FoundFile> = own.map(|file| file.file.clone()).collect();
        own.shuffle(rng);
        shards.extend(import_shard(own, &plan));
    }
    shards.shuffle(rng);
    let shards: Vec<&[u8]> = shards.iter().map(Vec::as_slice).collect();
    merge_shards("fleet", &shards).expect("an import")
}

/// How many units and groups there are: parts tell something where several units are some groups.
fn count_groups(folder: &Path) -> (usize, usize) {
    let units = facts_of_units(find_unit_files(&[folder.to_owned()]).expect("transcripts"));
    let groups: BTreeSet<String> = groups_of_units(&units).into_values().collect();
    (units.len(), groups.len())
}

fn check_folder(folder: &Path, all_parts: &[usize]) {
    let options = ImportOptions { name: "fleet".to_owned(), ..ImportOptions::default() };
    let whole = import_transcripts(&[folder.to_owned()], &options, &|_, _| {});
    let Ok(whole) = whole else { return };
    let (bytes, rest) = told(&whole);
    let mut rng = ChaCha8Rng::seed_from_u64(774);
    for &parts in all_parts {
        let (in_parts, rest_in_parts) = told(&import_in_parts(folder, parts, &mut rng));
        assert_eq!(rest_in_parts, rest, "{}, {parts} parts", folder.display());
        assert!(in_parts == bytes, "{}, {parts} parts: another recording", folder.display());
    }
}

/// A folder with copies beside each transcript of another one, as backups and resumes leave them:
/// the first part of its lines, under its name in another folder.
fn with_copies(folder: &Path, to: &Path) {
    for (at, UnitFile { file, .. }) in
        find_unit_files(&[folder.to_owned()]).expect("transcripts").into_iter().enumerate()
    {
        let text = std::fs::read(&file.path).expect("readable");
        let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
        for (copy, take) in [("a", lines.len()), ("b", lines.len() * (at % 3 + 1) / 3)] {
            let path = to.join(copy).join(&file.label);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            std::fs::write(path, lines[..take].concat()).expect("written");
        }
    }
}

#[test]
fn parts_of_the_fixtures_are_the_whole() {
    for name in ["probes", "codex-probes", "autoskillit"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
        check_folder(&folder, &[1, 2, 7, 64]);
        let copies = tempfile::tempdir().expect("a folder");
        with_copies(&folder, copies.path());
        check_folder(copies.path(), &[1, 2, 7, 64]);
        let (units, groups) = count_groups(copies.path());
        // One log ties everything together that it names.
        let least = if name == "autoskillit" { 1 } else { 2 };
        assert!(least <= groups && groups < units, "{name}: {units} units, {groups} groups");
    }
}

#[test]
fn parts_that_tear_a_group_are_another_recording() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/probes");
    let copies = tempfile::tempdir().expect("a folder");
    with_copies(&folder, copies.path());
    let files = find_unit_files(&[copies.path().to_owned()]).expect("transcripts");
    let (a, b): (Vec<_>, Vec<_>) =
        files.into_iter().map(|it| it.file).partition(|file| file.label.starts_with("a/"));
    let plan = ImportPlan::default();
    let calls = |files| import_shard(files, &plan).map(|it| merge_shards("x", &[&it]));
    let calls = |files| match calls(files) {
        Some(Ok(imported)) => imported.recording.calls.len(),
        other => panic!("{other:?}"),
    };
    let whole = calls([a.clone(), b.clone()].concat());
    let torn = calls(a) + calls(b);
    assert!(torn > whole, "{torn} calls in two parts, {whole} in one");
}

#[test]
fn parts_of_every_field_report_are_the_whole() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/field-reports");
    let cases: Vec<_> =
        std::fs::read_dir(folder).expect("cases").map(|it| it.expect("one").path()).collect();
    assert!(cases.len() > 100, "{}", cases.len());
    for case in cases.into_iter().filter(|case| case.is_dir()) {
        check_folder(&case, &[7]);
    }
}

#[test]
#[cfg_attr(not(transcripts_at_hand), ignore = "no transcripts: WINDTUNNEL_DATA names a folder")]
fn parts_of_real_transcripts_are_the_whole() {
    let data = std::env::var("WINDTUNNEL_DATA").unwrap_or_else(|_| "../shared/data".to_owned());
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join(data);
    for (name, parts) in [("claude", 7), ("codex", 2), ("newer", 64)] {
        let folder = data.join(name);
        check_folder(&folder, &[parts]);
        let (units, groups) = count_groups(&folder);
        assert!(1 < groups && groups <= units, "{name}: {units} units, {groups} groups");
    }
}

#[test]
fn a_part_that_comes_twice_or_is_damaged_is_refused() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/probes");
    let files = find_unit_files(&[folder]).expect("transcripts");
    let plan = ImportPlan::default();
    let files = files.into_iter().map(|file| file.file).collect();
    let shard = import_shard(files, &plan).expect("files");
    let refusal = |shards: &[&[u8]]| merge_shards("x", shards).expect_err("refused").to_string();
    let said = refusal(&[&shard, &shard]);
    assert!(said.starts_with("shards 1 and 2 both hold sessions of "), "{said}");
    assert_eq!(refusal(&[&shard[..99]]), "shard 1 is damaged, or another version's");
    assert!(refusal(&[]).starts_with("no calls found"));
    let said = ImportPlan::from_facts(["{\"source\":\"codex\"}", "{}"]).expect_err("no fact");
    assert!(said.to_string().starts_with("fact 2: "), "{said}");
    let other = br#"{"schema":"x","source":"","prefixes":[]}"#;
    let said = ImportPlan::from_json(other).expect_err("no plan").to_string();
    assert!(said.contains("schema is 'x'"), "{said}");
}

#[test]
fn the_driver_lists_what_an_import_reads() {
    // Of a store that Spark lists nothing else can tell which files are read.
    let driver = include_str!("../../commands/fleet/spark_driver.py");
    let (_, listed) = driver.split_once("TRANSCRIPTS = ").expect("its endings");
    let (listed, _) = listed.split_once("\nLEDGER").expect("what follows");
    let listed: Vec<&str> =
        listed.split('"').skip(1).step_by(2).filter(|it| !it.is_empty()).collect();
    for ending in crate::import::file_endings() {
        assert!(listed.iter().any(|known| ending.ends_with(known)), "{ending}: {listed:?}");
        for packed in [".gz", ".zst"] {
            assert!(listed.contains(&packed), "{packed}: {listed:?}");
        }
    }
}
