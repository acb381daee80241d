//! For every reader: screen readers, dark rooms, paper, small windows.

use super::{Open, Written};

fn open() -> Open {
    Written::of("order-774", "order-774").open("")
}

/// Roles that need a name: what is worked with, tables and pictures.
const NAMED: [&str; 15] = [
    "button",
    "checkbox",
    "combobox",
    "link",
    "listbox",
    "menuitem",
    "radio",
    "searchbox",
    "slider",
    "spinbutton",
    "switch",
    "textbox",
    "table",
    "img",
    "image",
];

#[test]
#[cfg_attr(not(browser_at_hand), ignore = "no browser: WINDTUNNEL_BROWSER names one")]
fn screen_readers_find_their_way() {
    let mut open = open();
    let spoken = open.0.spoken();
    let count = |role: &str| spoken.iter().filter(|(one, _)| one == role).count();
    for (role, name) in &spoken {
        assert!(!NAMED.contains(&role.as_str()) || !name.is_empty(), "a {role} without a name");
    }
    assert_eq!(count("checkbox"), open.toggles().len());
    assert_eq!(count("main"), 1);
    for id in open.toggles() {
        let named = |(role, name): &(String, String)| role == "checkbox" && name.contains(&id);
        assert!(spoken.iter().any(named), "no checkbox is called {id}");
    }
    let rules = [
        "document.documentElement.lang === 'en'",
        "document.title.includes('order-774')",
        "all('h1').length === 1",
        "all('table').every((one) => one.caption?.textContent.trim())",
        "all('th').every((one) => one.scope || one.textContent === '')",
        "all('svg').every((one) => one.ariaHidden === 'true' || one.role === 'img')",
        "all('#live').every((one) => one.ariaLive === 'polite' || one.role === 'status')",
    ];
    for rule in rules {
        let all = "const all = (what) => [...document.querySelectorAll(what)]";
        assert_eq!(
            open.0.eval(&format!("(() => {{ {all}; return !!({rule}); }})()")),
            true,
            "{rule}"
        );
    }
    // Headings go down one step at a time.
    let levels =
        open.words("[...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map((h) => h.tagName)");
    let step = |pair: &[String]| pair[1].as_bytes()[1] <= pair[0].as_bytes()[1] + 1;
    assert!(levels.windows(2).all(step), "{levels:?}");
    // A tick is told, with what is saved now as it stands on the page.
    open.0.click("#all");
    open.0.click("input[data-toggle=R2]");
    let saved = "document.querySelector('[data-total=cost_pico_usd][data-side=saved]').textContent";
    let told = "document.querySelector('#live').textContent";
    open.0.wait(&format!("{told}.includes('R2 off') && {told}.includes({saved}.trim())"));
    open.0.is_quiet();
}

/// How light the page is: 0 for black, 255 for white.
fn light(open: &mut Open) -> u64 {
    open.settle();
    let colour = "(() => {
        const canvas = document.createElement('canvas').getContext('2d');
        canvas.fillStyle = getComputedStyle(document.body).backgroundColor;
        canvas.fillRect(0, 0, 1, 1);
        return Math.max(...canvas.getImageData(0, 0, 1, 1).data.slice(0, 3));
    })()";
    open.0.eval(colour).as_u64().expect("a colour")
}

#[test]
#[cfg_attr(not(browser_at_hand), ignore = "no browser: WINDTUNNEL_BROWSER names one")]
fn the_page_is_dark_where_that_is_wanted() {
    let written = Written::of("order-774", "order-774");
    let mut open = written.open("");
    assert!(light(&mut open) > 200);
    open.0.shot("light");
    open.0.media("", &[("prefers-color-scheme", "dark")]);
    assert!(light(&mut open) < 60);
    open.0.shot("dark");
    // The button has the last word, and the link remembers it.
    open.0.click("#theme");
    if light(&mut open) < 60 {
        open.0.click("#theme");
    }
    assert!(light(&mut open) > 200);
    let link = open.0.text("location.hash.slice(1)");
    assert!(link.contains("theme=light"), "{link}");
    open.visit(&written, &link);
    assert!(light(&mut open) > 200);
    open.0.media("", &[]);
    open.visit(&written, "theme=dark");
    assert!(light(&mut open) < 60);
    // Paper is white.
    open.0.media("print", &[]);
    assert!(light(&mut open) > 200);
    open.0.is_quiet();
}

#[test]
#[cfg_attr(not(browser_at_hand), ignore = "no browser: WINDTUNNEL_BROWSER names one")]
fn paper_has_no_controls() {
    let mut open = open();
    let seen = "['#best', '#all', '#none', '#theme', '#copy', '#search', '#effort', '#units']\
                .filter((id) => document.querySelector(id).checkVisibility()).length";
    assert_eq!(open.0.eval(seen), 8);
    // A4 at 96 dots an inch, less a margin of 1 cm.
    open.0.resize(718, 1_047);
    open.0.media("print", &[]);
    assert_eq!(open.0.eval(seen), 0);
    // The decision, what to build, one picture: on one page.
    let shown = "['#short > p', '.toggles tr.on', '#sum', '#waterfall svg']\
                 .filter((id) => document.querySelector(id).checkVisibility()).length";
    assert_eq!(open.0.eval(shown), 4);
    let pictures = "[...document.querySelectorAll('svg')].filter((one) => one.checkVisibility())";
    assert_eq!(open.0.eval(&format!("{pictures}.length")), 1);
    let height = open.0.eval("document.body.getBoundingClientRect().height");
    assert!(height.as_f64().expect("pixels") < 1_047.0, "{height} is more than a page");
    open.0.shot("print");
}

#[test]
#[cfg_attr(not(browser_at_hand), ignore = "no browser: WINDTUNNEL_BROWSER names one")]
fn small_windows_do_not_scroll_sideways() {
    let mut open = open();
    for width in [390, 768, 1280, 1600] {
        open.0.resize(width, 844);
        open.settle();
        let over = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
        assert_eq!(open.0.eval(over), 0, "{width} pixels wide");
        open.0.shot(&format!("wide-{width}"));
        // No number slips under the box of its toggle, where rows become cards.
        let slipped = "[...document.querySelectorAll('.toggles td[data-label]')].filter((cell) => {
            const name = cell.closest('tr').querySelector('th');
            const left = (one) => one.getBoundingClientRect().left;
            return cell.checkVisibility() && left(cell) < left(name) - 1;
        }).length";
        assert_eq!(open.0.eval(slipped), 0, "{width} pixels wide");
    }
    // The picture of what runs in time is in the page, with its caption.
    let lanes = "[...document.querySelectorAll('figure.chart')].filter((one) => \
                 one.querySelector('svg') && one.textContent.includes('what waits')).length";
    assert_eq!(open.0.eval(lanes), 1);
    // Without movement where that is wanted.
    open.0.media("", &[("prefers-reduced-motion", "reduce")]);
    let moving = "[...document.querySelectorAll('*')].filter((one) => {
        const style = getComputedStyle(one);
        const longest = (times) => Math.max(...times.split(',').map(parseFloat));
        return longest(style.transitionDuration) > 0.01 || longest(style.animationDuration) > 0.01;
    }).length";
    assert_eq!(open.0.eval(moving), 0);
}
