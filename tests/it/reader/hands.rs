//! Mouse, keys and addresses: what a reader does, and what a link remembers.

use super::{Open, Written};

fn written() -> Written {
    Written::of("order-774", "order-774")
}

fn ids(words: &str) -> Vec<String> {
    words.split(',').filter(|id| !id.is_empty()).map(str::to_owned).collect()
}

/// The part of the address that says what is on.
fn linked(open: &mut Open) -> String {
    open.settle();
    open.0.text("new URLSearchParams(location.hash.slice(1)).get('on') ?? 'no on='")
}

#[test]
#[cfg_attr(not(browser_at_hand), ignore = "no browser: WINDTUNNEL_BROWSER names one")]
fn a_link_restores_what_is_ticked() {
    let written = written();
    let mut open = written.open("on=R2,R6");
    assert_eq!(open.ticked(), ids("R2,R6"));
    open.0.click("input[data-toggle=R4]");
    assert_eq!(linked(&mut open), "R2,R4,R6");
    let link = open.0.text("location.hash.slice(1)");
    let totals = open.numbers("total");
    open.visit(&written, &link);
    assert_eq!((open.ticked(), open.numbers("total")), (ids("R2,R4,R6"), totals.clone()));

    // Another link in the same window, and the way back.
    open.0.eval("location.hash = '#on=R1'");
    open.0.wait("document.querySelectorAll('input[data-toggle]:checked').length === 1");
    assert_eq!(open.ticked(), ids("R1"));
    assert_ne!(open.numbers("total"), totals);

    open.0.click("#none");
    assert_eq!((open.ticked(), linked(&mut open)), (vec![], String::new()));
    let none = open.0.text("location.hash.slice(1)");
    open.visit(&written, &none);
    assert_eq!(open.ticked(), ids(""), "nothing ticked is a state too");
    open.0.click("#all");
    assert_eq!(open.ticked(), open.choices());
    open.0.is_quiet();
}

#[test]
#[cfg_attr(not(browser_at_hand), ignore = "no browser: WINDTUNNEL_BROWSER names one")]
fn links_that_are_wrong_break_nothing() {
    let written = written();
    let mut open = written.open("");
    let best = open.ticked();
    assert!(!best.is_empty() && best != open.choices(), "without a link the best set is on");
    let notice = "(document.querySelector('#notice').checkVisibility() ? \
                  document.querySelector('#notice').textContent : '')";
    assert_eq!(open.0.text(notice), "");
    open.visit(&written, "on=R2,ZZ9&colour=red");
    assert_eq!(open.ticked(), ids("R2"));
    assert!(open.0.text(notice).contains("ZZ9"), "{}", open.0.text(notice));
    let odd =
        ["on=%E0%A4%A", "%%%", "on=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E", "theme=pink", "&=&"];
    for hash in odd {
        open.visit(&written, hash);
        open.0.click("#all");
        assert_eq!(open.ticked(), open.choices(), "{hash}");
    }
    open.0.is_quiet();
}

#[test]
#[cfg_attr(not(browser_at_hand), ignore = "no browser: WINDTUNNEL_BROWSER names one")]
fn keys_alone_do_everything() {
    let mut open = written().open("");
    let all = open.choices();
    open.0.press("n");
    assert_eq!(open.ticked(), ids(""));
    open.0.press("b");
    let best = open.ticked();
    assert!(!best.is_empty() && best != all);
    open.0.press("a");
    assert_eq!(open.ticked(), all);
    // Every toggle is reached, seen to have the focus, and ticked.
    let mut reached = Vec::new();
    for _ in 0..60 {
        open.0.press("Tab");
        let at = open.0.text("document.activeElement.dataset.toggle ?? ''");
        if at.is_empty() {
            continue;
        }
        let ring = "(() => {
            const style = getComputedStyle(document.activeElement);
            return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1
                || style.boxShadow !== 'none';
        })()";
        assert_eq!(open.0.eval(ring), true, "{at}: the focus is not seen");
        open.0.press("Space");
        assert!(!open.ticked().contains(&at), "{at}");
        reached.push(at);
        if reached.len() == all.len() {
            break;
        }
    }
    reached.sort_unstable();
    assert_eq!((reached, open.ticked()), (all.clone(), ids("")));

    open.0.press("/");
    assert_eq!(open.0.text("document.activeElement.id"), "search");
    open.0.press("a");
    assert_eq!(open.0.text("document.querySelector('#search').value"), "a");
    assert_eq!(open.ticked(), ids(""), "a letter in the field is a letter");
    open.0.press("Escape");
    assert_eq!(open.0.text("document.querySelector('#search').value"), "");
    open.0.press("Escape");
    open.0.press("?");
    open.0.wait("document.querySelector('#help').open");
    open.0.press("a");
    assert_eq!(open.ticked(), ids(""), "behind the dialog nothing moves");
    open.0.press("Escape");
    open.0.wait("!document.querySelector('#help').open");
    open.0.is_quiet();
}

#[test]
#[cfg_attr(not(browser_at_hand), ignore = "no browser: WINDTUNNEL_BROWSER names one")]
fn rows_are_searched_and_sorted() {
    let mut open = written().open("");
    let rows = "[...document.querySelectorAll('table.toggles tbody tr')]\
                .filter((row) => row.checkVisibility())\
                .map((row) => row.querySelector('input').dataset.toggle)";
    let (all, ticked) = (open.words(rows), open.ticked());
    let title = open.0.text("document.querySelector('label[for=t-R7]').textContent");
    open.0.click("#search");
    open.0.type_in(&title.to_uppercase());
    assert_eq!(open.words(rows), ids("R7"));
    assert_eq!(open.ticked(), ticked, "what is not seen stays ticked");
    open.0.press("Escape");
    assert_eq!(open.words(rows), all);

    // By value, not by text: 90.2 k is less than 3.2 M.
    for (name, key) in [("alone", "sort"), ("saves now", "value"), ("effort", "sort")] {
        let column = format!(
            "[...document.querySelectorAll('table.toggles thead tr > *')]\
             .findIndex((one) => one.textContent === '{name}')"
        );
        let at = 1 + open.0.eval(&column).as_i64().expect("a column");
        let head = format!("table.toggles thead tr > :nth-child({at})");
        let order = format!("document.querySelector('{head}').ariaSort ?? 'none'");
        let cells = format!("table.toggles tbody tr > :nth-child({at})");
        let values = format!(
            "[...document.querySelectorAll('{cells}')].map((one) => Number(one.dataset.{key}))"
        );
        let numbers = |open: &mut Open, expected: &str| -> Vec<i64> {
            assert_eq!(open.0.text(&order), expected, "{name}");
            serde_json::from_value(open.0.eval(&values)).expect("whole numbers")
        };
        let unsorted = numbers(&mut open, "none");
        let mut sorted = unsorted.clone();
        sorted.sort_unstable();
        open.0.click(&format!("{head} button"));
        let reversed = sorted.iter().rev().copied().collect::<Vec<_>>();
        assert_eq!(numbers(&mut open, "descending"), reversed, "{name}");
        open.0.press("Enter");
        assert_eq!(numbers(&mut open, "ascending"), sorted, "{name}");
        open.0.press("Space");
        assert_eq!(numbers(&mut open, "none"), unsorted, "{name}");
    }
    assert_eq!(open.ticked(), ticked);
    open.0.is_quiet();
}
