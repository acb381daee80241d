//! Every number of the four source documents has a row that says which command replays it, or which
//! figure is missing (`tests/fixtures/source-figures.csv`: source, line, text, class, row).
//!
//! Classes: `id` names something (a date, a request, a session, an ordinal), `word` is a figure of
//! speech, `baseline` is what the recording holds or the audit checks, `claim` is judged,
//! `replayed` is what a toggle replays (behind the colon what it asks for), `refused` names what
//! is missing.

use crate::docs::read;
use crate::run::json;
use clap::Parser;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use windtunnel::Cli;
use windtunnel::intervene;

/// The documents: their names in the rows, their files, and the recording that replays them.
const SOURCES: [(&str, &str, &str); 4] = [
    ("exec-budget", "000_0d00219600a8c6bf.txt", "cockpit-2026-02"),
    ("issue-792", "001_c56936729c28e10c.txt", "order-774"),
    ("decisions", "003_e0e226d26c810f23.txt", "cockpit-2026-02"),
    ("economics", "004_c0fd294b799362fb.txt", "economics-2026-06"),
];

/// Words that stand for a number.
const WORDS: [&str; 8] = ["two", "three", "zero", "half", "doubles", "weekly", "hourly", "daily"];

/// A number of a source.
struct SourceFigure {
    source: String,
    line: usize,
    text: String,
    class: String,
    row: String,
}

fn figures() -> Vec<SourceFigure> {
    let text = read("tests/fixtures/source-figures.csv");
    let mut rows = csv_rows(&text).into_iter();
    assert_eq!(rows.next().expect("a head"), ["source", "line", "text", "class", "row"]);
    let figure = |cells: Vec<String>| {
        let [source, line, text, class, row] = <[String; 5]>::try_from(cells).expect("five cells");
        SourceFigure { source, line: line.parse().expect("a line"), text, class, row }
    };
    rows.map(figure).collect()
}

/// The cells of a table: quoted where they hold a comma.
fn csv_rows(text: &str) -> Vec<Vec<String>> {
    let cells = |line: &str| {
        let (mut cells, mut quoted) = (vec![String::new()], false);
        for letter in line.chars() {
            match letter {
                '"' => quoted = !quoted,
                ',' if !quoted => cells.push(String::new()),
                _ => cells.last_mut().expect("a cell").push(letter),
            }
        }
        cells
    };
    text.lines().map(cells).collect()
}

/// The numbers of a line: words between blanks that hold a digit or stand for a number, without
/// what encloses them.
fn numbers_of_line(line: &str) -> impl Iterator<Item = &str> {
    let encloses = |letter: char| !(letter.is_ascii_alphanumeric() || "#%+~".contains(letter));
    line.split_whitespace().map(move |word| word.trim_matches(encloses)).filter(|word| {
        word.bytes().any(|byte| byte.is_ascii_digit())
            || WORDS.contains(&word.to_lowercase().as_str())
    })
}

#[test]
fn numbers_are_found_in_words() {
    let numbers = |line: &str| numbers_of_line(line).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(numbers("**303,323,485 tokens** across (avg ~2.33M)."), ["303,323,485", "~2.33M"]);
    assert_eq!(numbers("Zero turns, 165+ calls at 40-47%; none"), ["Zero", "165+", "40-47%"]);
    assert_eq!(numbers("(23:25 → 04:28 UTC) 60→4→1"), ["23:25", "04:28", "60→4→1"]);
}

#[test]
#[cfg_attr(not(sources_at_hand), ignore = "no source documents beside the shared data")]
fn every_number_of_the_sources_has_a_row() {
    let folder = crate::laws::data("README.md");
    let folder = folder.parent().and_then(|data| data.parent()).expect("a folder").join("sources");
    let figures = figures();
    for (source, file, _) in SOURCES {
        let text = std::fs::read_to_string(folder.join(file)).expect("a source document");
        let lines = text.split('\n').enumerate();
        let met: Vec<(usize, &str)> = lines
            .flat_map(|(at, line)| numbers_of_line(line).map(move |number| (at + 1, number)))
            .collect();
        let rows: Vec<(usize, &str)> = figures
            .iter()
            .filter(|figure| figure.source == source)
            .map(|figure| (figure.line, figure.text.as_str()))
            .collect();
        // The first place where they part names the number without a row, or the row without one.
        let parted = met.iter().zip(&rows).position(|(met, row)| met != row);
        let parted = parted.unwrap_or(met.len().min(rows.len()));
        assert_eq!(met.get(parted), rows.get(parted), "{source}: number, row");
    }
}

/// Whether a text names something, by its shape; a short number only where a line or a name counts.
fn is_name(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let is_hash = text.len() >= 8
        && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
        && text.bytes().take(8).all(|byte| byte != b'-');
    let is_date = text
        .split("..")
        .all(|day| day.len() == 10 && day.bytes().filter(|byte| *byte == b'-').count() == 2);
    let is_ordinal = digits <= 2 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let is_order = ["774", "775"].contains(&text);
    let is_phase = text.len() == 2 && text.ends_with(['a', 'b', 'c', 'd', 'e']);
    let is_recommendation = text.starts_with('R');
    let is_named = text.contains(['_', '/', ':']);
    let is_request = text.starts_with('#');
    is_hash
        || is_date
        || is_ordinal
        || is_order
        || is_phase
        || is_recommendation
        || is_named
        || is_request
}

#[test]
fn every_row_has_a_known_class_and_names_look_like_names() {
    for SourceFigure { source, line, text, class, row } in figures() {
        let place = format!("{source} {line}: {text}");
        assert!(SOURCES.iter().any(|(known, ..)| *known == source), "{place}");
        assert!(!row.is_empty(), "{place}");
        match class.as_str() {
            "id" => assert!(is_name(&text), "{place} is no name"),
            "word" | "baseline" | "claim" | "replayed" | "refused" => {}
            other => panic!("{place}: class {other}"),
        }
    }
}

/// The command of a row, and what stands behind its colon.
fn command_of_row(row: &str) -> (Vec<&str>, &str) {
    let (command, rest) = row.split_once(": ").unwrap_or((row, ""));
    (command.split(' ').collect(), rest)
}

#[test]
fn every_command_parses_and_what_it_names_is_there() {
    // What the audit of each recording finds, by id.
    let mut findings: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (_, _, recording) in SOURCES {
        let told = json(&["audit", recording]);
        let all = told["findings"].as_array().expect("findings");
        let ids = all.iter().map(|one| one["id"].as_str().expect("an id").to_owned());
        findings.insert(recording, ids.collect());
    }
    for SourceFigure { source, line, text, class, row } in figures() {
        if ["id", "word", "refused"].contains(&class.as_str()) {
            continue;
        }
        let (command, rest) = command_of_row(&row);
        let place = format!("{source} {line}: {text}: {row}");
        let parsed = Cli::try_parse_from(["windtunnel"].iter().chain(&command));
        assert!(parsed.is_ok(), "{place}");
        let with = command.iter().position(|word| *word == "--with").map(|at| command[at + 1]);
        for id in with.into_iter().flat_map(|ids| ids.split(',')) {
            assert!(intervene::find_by_id(id).is_some(), "{place}");
        }
        match command[..] {
            ["audit", recording] => {
                assert!(findings[recording].iter().any(|id| id == rest), "{place}");
            }
            _ if rest.is_empty() => {}
            // What is asked for is a parameter of the toggle that is asked for.
            _ => {
                let (id, key) = rest.split_once('.').expect("a toggle and its parameter");
                let card = intervene::find_by_id(id).expect("a toggle").card();
                let spec = card.params.iter().find(|spec| spec.key == key);
                assert!(spec.is_some_and(|spec| spec.asked), "{place}");
            }
        }
    }
}

/// How many figures of the sources each recommendation has, what replays it, what it asks for.
pub fn recommendation_table() -> String {
    let figures = figures();
    let mut table =
        "| recommendation | figures | replayed by | asks for |\n|---|---|---|---|\n".to_owned();
    for card in intervene::ALL.iter().map(|one| one.card()) {
        let Some((_, _, recording)) =
            SOURCES.iter().find(|(_, file, _)| card.source.contains(file))
        else {
            continue;
        };
        let claim = format!("claim-{}", card.id.to_lowercase());
        let is_own = |figure: &&SourceFigure| {
            let (command, rest) = command_of_row(&figure.row);
            let with = command.iter().position(|word| *word == "--with");
            let ids = with.map_or("", |at| command[at + 1]);
            let is_claim = rest == claim || rest.starts_with(&format!("{claim}-"));
            is_claim || ids.split(',').any(|id| id == card.id)
        };
        let count = figures.iter().filter(is_own).count();
        let asked = card.params.iter().filter(|spec| spec.asked).map(|spec| spec.key);
        let asked = asked.collect::<Vec<_>>().join(", ");
        let _ = writeln!(
            table,
            "| {} {} | {count} | `compare {recording} --with {}` | {asked} |",
            card.id, card.title, card.id
        );
    }
    let mut classes: BTreeMap<&str, usize> = BTreeMap::new();
    for figure in &figures {
        *classes.entry(&figure.class).or_default() += 1;
    }
    let mut missing: Vec<&str> = figures
        .iter()
        .filter(|figure| figure.class == "refused")
        .map(|figure| figure.row.as_str())
        .collect();
    missing.sort_unstable();
    missing.dedup();
    let of = |class: &str| classes.get(class).copied().unwrap_or(0);
    let _ = write!(
        table,
        "\n{} figures: {} in baselines and audits, {} replayed, {} in claims that are judged, {} \
         refused;\n{} name something, {} are figures of speech. Refused for want of:\n\n",
        figures.len(),
        of("baseline"),
        of("replayed"),
        of("claim"),
        of("refused"),
        of("id"),
        of("word")
    );
    for figure in missing {
        let _ = writeln!(table, "* {figure}");
    }
    table
}
