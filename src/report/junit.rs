//! `JUnit` XML: what CI systems read as test results.
//!
//! There is no one standard; this is the part of it that Jenkins, GitLab and GitHub's readers
//! share: suites with counts, cases with a class, a failure with a message, a skip with a reason.

use super::foreign_text::clean_foreign_text;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use std::io;

/// How a case went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaseOutcome {
    /// It passed.
    Passed,
    /// It failed, for this reason.
    Failed(String),
    /// It could not be run, for this reason.
    Errored(String),
    /// It was not judged, for this reason.
    Skipped(String),
}

/// One case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JunitCase {
    /// What it is about.
    pub name: String,
    /// How it went.
    pub outcome: CaseOutcome,
}

/// Cases of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JunitSuite {
    /// Its name.
    pub name: String,
    /// Its cases in order.
    pub cases: Vec<JunitCase>,
}

impl JunitSuite {
    fn count_cases(&self, is_counted: fn(&CaseOutcome) -> bool) -> String {
        self.cases.iter().filter(|case| is_counted(&case.outcome)).count().to_string()
    }

    fn count_outcomes(&self) -> [(&'static str, String); 4] {
        [
            ("tests", self.cases.len().to_string()),
            ("failures", self.count_cases(|outcome| matches!(outcome, CaseOutcome::Failed(_)))),
            ("errors", self.count_cases(|outcome| matches!(outcome, CaseOutcome::Errored(_)))),
            ("skipped", self.count_cases(|outcome| matches!(outcome, CaseOutcome::Skipped(_)))),
        ]
    }
}

/// The file of some suites, ended by a line break. Without times: the same result is the same file.
///
/// # Panics
/// Never: writing to memory does not fail.
#[must_use]
pub fn render_suites(name: &str, suites: &[JunitSuite]) -> Vec<u8> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    write_suites(&mut writer, name, suites).expect("memory takes everything");
    let mut bytes = writer.into_inner();
    bytes.push(b'\n');
    bytes
}

fn write_suites(writer: &mut Writer<Vec<u8>>, name: &str, suites: &[JunitSuite]) -> io::Result<()> {
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    // The counts of the whole are those of one suite with all cases.
    let all = JunitSuite {
        name: name.to_owned(),
        cases: suites.iter().flat_map(|suite| suite.cases.clone()).collect(),
    };
    let counts = all.count_outcomes();
    let element = writer.create_element("testsuites").with_attribute(("name", name));
    let element = element.with_attributes(counts.iter().map(|(key, n)| (*key, n.as_str())));
    element.write_inner_content(|writer| {
        for suite in suites {
            let counts = suite.count_outcomes();
            let class = format!("{name}.{}", suite.name);
            let element = writer.create_element("testsuite");
            let element = element.with_attribute(("name", suite.name.as_str()));
            let element = element.with_attributes(counts.iter().map(|(key, n)| (*key, n.as_str())));
            element.write_inner_content(|writer| {
                suite.cases.iter().try_for_each(|one| write_case(writer, &class, one))
            })?;
        }
        Ok(())
    })?;
    Ok(())
}

fn write_case(writer: &mut Writer<Vec<u8>>, class: &str, case: &JunitCase) -> io::Result<()> {
    let name = clean_foreign_text(&case.name);
    let element = writer.create_element("testcase");
    let element = element.with_attributes([("classname", class), ("name", &*name)]);
    match &case.outcome {
        CaseOutcome::Passed => element.write_empty()?,
        CaseOutcome::Failed(reason) => element
            .write_inner_content(|writer| write_reason(writer, "failure", "limit", reason))?,
        CaseOutcome::Errored(reason) => {
            element.write_inner_content(|writer| write_reason(writer, "error", "defect", reason))?
        }
        CaseOutcome::Skipped(reason) => element.write_inner_content(|writer| {
            let reason = clean_foreign_text(reason);
            let skipped = writer.create_element("skipped");
            skipped.with_attribute(("message", &*reason)).write_empty().map(|_| ())
        })?,
    };
    Ok(())
}

fn write_reason(
    writer: &mut Writer<Vec<u8>>,
    name: &str,
    kind: &str,
    reason: &str,
) -> io::Result<()> {
    let reason = clean_foreign_text(reason);
    // Readers show the attribute or the text, so that both hold the reason.
    let element = writer.create_element(name);
    let element = element.with_attributes([("message", &*reason), ("type", kind)]);
    element.write_text_content(BytesText::new(&reason)).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_counts_its_cases_and_escapes_their_words() {
        let case = |name: &str, went| JunitCase { name: name.to_owned(), outcome: went };
        let suites = [JunitSuite {
            name: "step".to_owned(),
            cases: vec![
                case("calls of <a> & \"b\"", CaseOutcome::Passed),
                case("reads\u{1b}[31m", CaseOutcome::Failed("1 < 2 & more".to_owned())),
                case("damaged", CaseOutcome::Errored("9 lines".to_owned())),
                case("dollars", CaseOutcome::Skipped("may be chance".to_owned())),
            ],
        }];
        let text = String::from_utf8(render_suites("gate", &suites)).unwrap();
        let expect = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="gate" tests="4" failures="1" errors="1" skipped="1">
  <testsuite name="step" tests="4" failures="1" errors="1" skipped="1">
    <testcase classname="gate.step" name="calls of &lt;a&gt; &amp; &quot;b&quot;"/>
    <testcase classname="gate.step" name="reads">
      <failure message="1 &lt; 2 &amp; more" type="limit">1 &lt; 2 &amp; more</failure>
    </testcase>
    <testcase classname="gate.step" name="damaged">
      <error message="9 lines" type="defect">9 lines</error>
    </testcase>
    <testcase classname="gate.step" name="dollars">
      <skipped message="may be chance"/>
    </testcase>
  </testsuite>
</testsuites>
"#;
        assert_eq!(text, expect);
    }

    #[test]
    fn nothing_is_a_file_too() {
        let text = String::from_utf8(render_suites("gate", &[])).unwrap();
        assert!(text.contains("tests=\"0\""), "{text}");
    }
}
