//! `windtunnel fleet files`, `keys`, `plan`, `map` and `merge`: an import in parts.

use crate::cli::{FleetFilesArgs, FleetMapArgs, FleetMergeArgs};
use crate::commands::import::{name_of_written, write_recording};
use crate::commands::{
    AtPlace, Audience, CommandError, CommandOutput, CommandResult, LoadOptions, load,
};
use crate::import::shards::{
    self, ImportPlan, UnitFacts, UnitFile, facts_of_units, find_unit_files, import_shard,
};
use crate::reconstruct::Lens;
use crate::report::arrow_rows::{ArrowRows, OutColumn, write_rows};
use crate::store::{self, FoundFile, SpooledFiles};
use std::path::{Path, PathBuf};

/// The list of files that the others are given in parts.
pub fn list_files(args: &FleetFilesArgs) -> CommandResult {
    let paths: Vec<PathBuf> = args.paths.iter().map(PathBuf::from).collect();
    let files = find_unit_files(&paths).map_err(crate::import::ImportError::from)?;
    let texts = |text: fn(&UnitFile) -> String| files.iter().map(|it| Some(text(it))).collect();
    finish_rows(vec![
        OutColumn::Text("unit", texts(|it| it.unit.clone())),
        OutColumn::Text("label", texts(|it| it.file.label.clone())),
        OutColumn::Text("path", texts(|it| it.file.path.to_string_lossy().into_owned())),
        OutColumn::Numbers("bytes", files.iter().map(|it| it.file.bytes as i64).collect()),
    ])
}

/// What ties the units of a part to others, and what they add to the plan.
pub fn tell_keys() -> CommandResult {
    let mut spool = SpooledFiles::default();
    let files = listed_files(&read_rows()?, &mut spool)?;
    let (mut units, mut keys, mut facts) = (Vec::new(), Vec::new(), Vec::new());
    for UnitFacts { unit, keys: own_keys, facts: own_facts } in facts_of_units(files) {
        for key in own_keys {
            units.push(Some(unit.clone()));
            keys.push(Some(key.to_vec()));
            facts.push(None);
        }
        for fact in own_facts {
            units.push(Some(unit.clone()));
            keys.push(None);
            facts.push(Some(fact));
        }
    }
    finish_rows(vec![
        OutColumn::Text("unit", units),
        OutColumn::Bytes("key", keys),
        OutColumn::Text("fact", facts),
    ])
}

/// The plan from all facts.
pub fn make_plan() -> CommandResult {
    let rows = read_rows()?;
    let facts = rows.texts("fact").at(STDIN)?;
    let plan = ImportPlan::from_facts(facts.into_iter().flatten()).at(STDIN)?;
    Ok(CommandOutput { stdout: plan.to_json().into_bytes(), ..CommandOutput::default() })
}

/// Imports whole groups.
pub fn import_part(args: &FleetMapArgs) -> CommandResult {
    let plan = ImportPlan::from_json(&store::read_file(&args.plan)?).at(args.plan.display())?;
    let mut spool = SpooledFiles::default();
    let files = listed_files(&read_rows()?, &mut spool)?;
    let files = files.into_iter().map(|file| file.file).collect();
    finish_rows(vec![OutColumn::Bytes(
        "shard",
        import_shard(files, &plan).into_iter().map(Some).collect(),
    )])
}

/// Puts the parts together.
pub fn merge_parts(args: &FleetMergeArgs) -> CommandResult {
    let rows = read_rows()?;
    let shards = rows.bytes("shard").at(STDIN)?.unwrap_or_default();
    let shards: Vec<&[u8]> = shards.into_iter().flatten().collect();
    let name = args.name.clone().or_else(|| name_of_written(&args.out)).unwrap_or_default();
    let imported = shards::merge_shards(&name, &shards).at(STDIN)?;
    let options = LoadOptions { lens: Lens::default(), strict: false, audience: Audience::Anybody };
    let loaded = load::loaded_from_import(imported, options).for_audience();
    write_recording(&loaded, &args.out, &[], args.overwrite.force)
}

/// How standard input is called in errors.
const STDIN: &str = "standard input";

fn read_rows() -> Result<ArrowRows, CommandError> {
    let bytes = store::read_file(Path::new(store::STANDARD_INPUT))?;
    ArrowRows::read(&bytes).at(STDIN)
}

/// The files of some rows; what stands in a row itself is kept in a folder of its own meanwhile.
fn listed_files(rows: &ArrowRows, spool: &mut SpooledFiles) -> Result<Vec<UnitFile>, CommandError> {
    let labels = rows.all_texts("label").at(STDIN)?;
    let units = rows.all_texts("unit").at(STDIN)?;
    let contents = rows.bytes("content").at(STDIN)?.unwrap_or_else(|| vec![None; labels.len()]);
    // Without a content every row has a path.
    let paths = if contents.contains(&None) {
        rows.texts("path").at(STDIN)?
    } else {
        vec![None; labels.len()]
    };
    let mut files = Vec::with_capacity(labels.len());
    for (((unit, label), path), content) in units.into_iter().zip(labels).zip(paths).zip(contents) {
        let path = match (content, path) {
            (Some(content), _) => spool.keep(content)?,
            (None, Some(path)) => PathBuf::from(path),
            (None, None) => {
                let problem = format!("{label}: neither a path nor a content");
                return Err(CommandError::content(STDIN, problem));
            }
        };
        let file = FoundFile::listed(label.to_owned(), path);
        files.push(UnitFile { unit: unit.to_owned(), file });
    }
    Ok(files)
}

fn finish_rows(columns: Vec<OutColumn>) -> CommandResult {
    Ok(CommandOutput { stdout: write_rows(columns)?, ..CommandOutput::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_with_a_row_is_read_instead_of_a_file() {
        let column = |name, texts: [&str; 2]| {
            OutColumn::Text(name, texts.map(|text| Some(text.to_owned())).to_vec())
        };
        let rows = |contents: [Option<&[u8]>; 2]| {
            let contents = contents.map(|content| content.map(<[u8]>::to_vec)).to_vec();
            let columns = [
                column("unit", ["a", "b"]),
                column("label", ["a", "b"]),
                OutColumn::Text("path", vec![Some("/there".to_owned()), None]),
                OutColumn::Bytes("content", contents),
            ];
            ArrowRows::read(&write_rows(columns.into()).expect("written")).expect("rows")
        };
        let mut spool = SpooledFiles::default();
        let files = listed_files(&rows([None, Some(b"text")]), &mut spool).expect("files");
        assert_eq!(files[0].file.path, Path::new("/there"));
        assert_eq!(store::read_file(&files[1].file.path).expect("kept"), b"text");
        assert_eq!((files[0].file.bytes, files[1].file.bytes), (0, 4));
        let both = rows([Some(b"1"), Some(b"2")]);
        let files = listed_files(&both, &mut spool).expect("files");
        assert_ne!(files[0].file.path, files[1].file.path);
        let said = listed_files(&rows([None, None]), &mut spool).expect_err("nothing");
        assert!(said.to_string().ends_with("b: neither a path nor a content"), "{said}");
        let kept = files[0].file.path.clone();
        drop(spool);
        assert!(!store::path_exists(&kept));
    }
}
