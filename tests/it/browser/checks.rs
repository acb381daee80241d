//! The harness itself: it sees what it looks for, and its hands work.

use super::Tab;
use crate::browser;
use crate::run::Folder;

/// Pages that do what no page may do.
#[test]
#[cfg_attr(not(browser_at_hand), ignore = "no browser: WINDTUNNEL_BROWSER names one")]
fn bad_pages_are_seen() {
    let mut tab = browser::tab();
    let check = |tab: &mut Tab, body: &str, expect: &str| {
        let folder = Folder::new(&[]);
        let policy = "<meta http-equiv=Content-Security-Policy content=\"style-src 'none'\">";
        let file = folder.file("bad.html", format!("<title>t</title>{policy}{body}").as_bytes());
        tab.visit(&file, "", "document.readyState === 'complete'");
        let found = tab.complaints();
        assert_eq!(found.is_empty(), expect.is_empty(), "{body}: {found:?}");
        assert!(found.iter().any(|one| one.contains(expect)) || expect.is_empty(), "{found:?}");
    };
    check(&mut tab, "<p>fine<script>console.log('fine')</script>", "");
    check(&mut tab, "<script>console.error('e')</script>", "console: error");
    check(&mut tab, "<script>console.warn('w')</script>", "console: warning");
    check(&mut tab, "<script>nothing.there()</script>", "exception: ");
    check(&mut tab, "<script>Promise.reject(Error('late'))</script>", "late");
    check(&mut tab, "<style>p { color: red }</style>", "security log: error");
    check(&mut tab, "<img src='http://example.invalid/x.png'>", "request: http://example.invalid/");
    check(&mut tab, "<script src='other.js'></script>", "request: file://");
}

#[test]
#[cfg_attr(not(browser_at_hand), ignore = "no browser: WINDTUNNEL_BROWSER names one")]
fn hands_and_eyes_work() {
    let mut tab = browser::tab();
    let page = "<title>t</title><label>tick <input type=checkbox id=c></label>\
                <input id=i aria-label=words><button onclick=\"out.textContent = i.value\">go\
                </button><output id=out></output>";
    let folder = Folder::new(&[("good.html", page.as_bytes())]);
    tab.visit(&folder.at("good.html"), "on=R1", "document.querySelector('#out')");
    assert_eq!(tab.eval("location.hash"), "#on=R1");
    tab.click("#c");
    assert_eq!(tab.eval("document.querySelector('#c').checked"), true);
    tab.press("Space");
    assert_eq!(tab.eval("document.querySelector('#c').checked"), false);
    tab.press("Tab");
    tab.press("a");
    tab.type_in("\u{e9} \u{1f600}");
    tab.press("Tab");
    tab.press("Enter");
    assert_eq!(tab.text("document.querySelector('#out').textContent"), "a\u{e9} \u{1f600}");
    let spoken = tab.spoken();
    for (role, name) in [("checkbox", "tick"), ("textbox", "words"), ("button", "go")] {
        assert!(spoken.contains(&(role.into(), name.into())), "no {role} {name}: {spoken:?}");
    }
    tab.media("print", &[("prefers-color-scheme", "dark")]);
    let matches =
        "matchMedia('print').matches && matchMedia('(prefers-color-scheme: dark)').matches";
    assert_eq!(tab.eval(matches), true);
    tab.resize(390, 800);
    assert_eq!(tab.eval("innerWidth"), 390);
    tab.shot("hands");
    tab.is_quiet();
}
