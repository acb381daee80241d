//! Names that hold markup and scripts are text.

use super::Written;
use crate::run::Folder;
use crate::small::{MODEL, call, session};
use std::io::Read;
use std::net::TcpListener;
use std::time::Duration;
use windtunnel::recording::{BlockKind, Packet, Recording, RecordingBuilder, format};
use windtunnel::report::foreign_text::clean_foreign_text;

const NAME: &str = "<script>window.pwned = 'name'</script>\u{1f32a}\u{fe0f} & \"'`${pwned = 1}";

const STEPS: [&str; 5] = [
    "\"><img src=x onerror=\"window.pwned = 'step'\">",
    "</script></style></title><script>window.pwned = 'end'</script><!--<script>",
    "javascript:window.pwned='link' \u{2028}\u{2029} \u{202e}desrever\u{202c}",
    "&lt;b&gt; &amp;amp; ]]> --> <svg onload=\"window.pwned = 'svg'\">",
    "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467} z\u{335}\u{301} \u{6f22}\u{5b57} \\u003c \\n",
];

/// A recording of which every name is hostile.
fn recording() -> Recording {
    let mut builder = RecordingBuilder::new(NAME, STEPS[1]);
    for (at, step) in STEPS.into_iter().enumerate() {
        let made = |nth: i64| {
            let (start_s, context) = (1_791_590_400 + 60 * nth, 20_000 + 1_000 * nth);
            let read = if nth == 0 { 0 } else { context - 1_000 };
            let input = if nth == 0 { 20_000 } else { 500 };
            call(start_s, context, read, &[(BlockKind::User, input)], &[(BlockKind::Text, 500)])
        };
        let mut raw = session(&[MODEL], (0..12).map(made).collect());
        for name in [&mut raw.id, &mut raw.file, &mut raw.pipeline, &mut raw.version] {
            *name = format!("{at}{step}");
        }
        step.clone_into(&mut raw.step);
        step.clone_into(&mut raw.source);
        raw.tools = vec![step.to_owned()];
        let name = || step.to_owned();
        let packet =
            Packet { id: name(), agent: name(), kind: name(), root: name(), source: name() };
        raw.invocations = vec![(0, packet)];
        builder.push_session(raw);
    }
    builder.finish()
}

#[test]
#[cfg_attr(not(browser_at_hand), ignore = "no browser: WINDTUNNEL_BROWSER names one")]
fn hostile_names_are_text() {
    let folder = Folder::new(&[("hostile.json", &format::to_json(&recording()))]);
    let scenario = "schema = \"windtunnel.scenario/1\"\n\
                    name = \"</script><script>window.pwned = 'scenario'</script>\"\n\
                    [toggles.R1]\n[toggles.R2]\n[toggles.G1]\n[toggles.G6]\n[toggles.G7]\n";
    let written = Written::under(&folder.at("hostile.json"), scenario);
    let hash = "on=R1,%3Cimg%20src%3Dx%20onerror%3D%22window.pwned%3D1%22%3E";
    let mut open = written.open(hash);
    // Everything that can be pressed is pressed.
    for id in ["all", "none", "all"] {
        open.0.click(&format!("#{id}"));
    }
    open.0.press("/");
    open.0.type_in(STEPS[0]);
    open.settle();
    let text = open.0.text("document.documentElement.textContent");
    for name in [NAME].iter().chain(&STEPS) {
        assert!(text.contains(&*clean_foreign_text(name)), "not shown as it is: {name:?}");
    }
    assert_eq!(
        open.0.eval("/[\\u2028\\u2029\\u202a-\\u202e]/.test(document.body.textContent)"),
        false
    );
    assert_eq!(open.0.eval("typeof window.pwned"), "undefined");
    let foreign =
        "document.querySelectorAll('img, iframe, object, embed, b > b, svg[onload]').length";
    assert_eq!(open.0.eval(foreign), 0);
    assert_eq!(open.0.eval("document.querySelectorAll('a[href^=\"javascript:\" i]').length"), 0);
    open.0.is_quiet();
}

#[test]
#[cfg_attr(not(browser_at_hand), ignore = "no browser: WINDTUNNEL_BROWSER names one")]
fn the_policy_refuses_scripts_that_are_not_the_pages() {
    let mut open = Written::of("order-774", "order-774").open("");
    let elsewhere = TcpListener::bind("127.0.0.1:0").expect("a port");
    elsewhere.set_nonblocking(true).expect("no waiting");
    let port = elsewhere.local_addr().expect("an address").port();
    // Scripts, their evaluation, images, frames, styles and requests from elsewhere.
    let check = |open: &mut super::Open, attempt: &str| {
        open.0.try_eval(attempt);
        assert_eq!(open.0.eval("typeof window.pwned"), "undefined", "{attempt}");
        let refused = open.0.complaints();
        assert!(refused.iter().any(|one| one.contains("Content Security Policy")), "{refused:?}");
        assert_eq!(asked(&elsewhere), "", "{attempt}: somebody was asked");
    };
    let add = |tag: &str, fill: &str| {
        format!(
            "(() => {{
                const one = document.createElement('{tag}');
                {fill};
                document.body.append(one);
            }})()"
        )
    };
    let site = format!("http://127.0.0.1:{port}");
    check(&mut open, &add("script", "one.textContent = 'window.pwned = 1'"));
    check(&mut open, &add("script", "one.src = 'data:text/javascript,window.pwned = 1'"));
    check(&mut open, &add("img", &format!("one.src = '{site}/pixel.png'")));
    check(&mut open, &add("iframe", &format!("one.src = '{site}'")));
    check(&mut open, &add("link", &format!("one.rel = 'stylesheet'; one.href = '{site}/x.css'")));
    check(&mut open, &format!("fetch('{site}')"));
    check(&mut open, &add("div", "one.setAttribute('onclick', 'window.pwned = 1'); one.click()"));
}

/// What a caller asked for, if one called. The browser may warm up a connection before it looks at
/// the policy, and then says nothing on it.
fn asked(listener: &TcpListener) -> String {
    let Ok((mut caller, _)) = listener.accept() else { return String::new() };
    caller.set_nonblocking(false).expect("waiting");
    caller.set_read_timeout(Some(Duration::from_millis(500))).expect("a time limit");
    let mut words = [0; 200];
    let count = caller.read(&mut words).unwrap_or(0);
    String::from_utf8_lossy(&words[..count]).into_owned()
}
