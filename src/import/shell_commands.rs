//! Just enough shell to see which programs a command line runs.

/// One simple command: its words, wrappers and assignments removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SimpleCommand {
    /// Program and arguments, quotes removed.
    pub words: Vec<String>,
    /// Whether its input is a pipe.
    pub piped: bool,
}

impl SimpleCommand {
    /// The program without its folder.
    pub fn program_name(&self) -> &str {
        let word = self.word_at(0);
        word.rsplit('/').next().unwrap_or(word)
    }

    /// Word `index`, or nothing.
    pub fn word_at(&self, index: usize) -> &str {
        self.words.get(index).map_or("", String::as_str)
    }

    /// Whether one of its words is `word`.
    pub fn has_word(&self, word: &str) -> bool {
        self.words.iter().any(|w| w == word)
    }
}

/// Splits a command line into simple commands, in the order they stand.
///
/// Knows quotes, backslashes, `&&`, `||`, `;`, `|`, `&`, newlines, comments, redirections and
/// here-documents; looks through assignments, `cd x &&`, `timeout 60`, `env`, `sudo`, `npx`,
/// `uv run` and their like, and into `bash -c '...'`.
pub(super) fn parse_commands(line: &str) -> Vec<SimpleCommand> {
    parse_nested_commands(line, 0)
}

fn parse_nested_commands(line: &str, depth: u32) -> Vec<SimpleCommand> {
    let mut commands = Vec::new();
    for (words, piped) in split_commands(line) {
        let words = strip_wrappers(words);
        let shell = matches!(words.first().map(String::as_str), Some("bash" | "sh" | "zsh"));
        // `bash -c LINE` runs a line of its own; a line may nest another, but not without end.
        match words.iter().position(|word| matches!(word.as_str(), "-c" | "-lc")) {
            Some(at) if shell && at + 1 < words.len() && depth < 3 => {
                commands.extend(parse_nested_commands(&words[at + 1], depth + 1));
            }
            _ if words.is_empty() => {}
            _ => commands.push(SimpleCommand { words, piped }),
        }
    }
    commands
}

/// Words of each simple command, and whether it reads from a pipe.
fn split_commands(line: &str) -> Vec<(Vec<String>, bool)> {
    let mut splitter = CommandSplitter::default();
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\'' | '"' => {
                // Quotes begin a word even if nothing is in them.
                splitter.open = true;
                while let Some(inner) = chars.next() {
                    match inner {
                        _ if inner == c => break,
                        '\\' if c == '"' => splitter.word.extend(chars.next()),
                        _ => splitter.word.push(inner),
                    }
                }
            }
            // A backslash at the end of a line joins it with the next.
            '\\' => match chars.next() {
                Some('\n') | None => {}
                Some(escaped) => splitter.push(escaped),
            },
            '#' if !splitter.open => while chars.next_if(|&c| c != '\n').is_some() {},
            '>' | '<' => {
                // A redirection: `2>&1`, `> file`, `<<EOF`. Its target is no argument.
                if splitter.word.chars().all(|c| c.is_ascii_digit()) {
                    splitter.word.clear();
                    splitter.open = false;
                }
                splitter.end_word();
                let mut sign = String::from(c);
                while let Some(next) = chars.next_if(|&c| matches!(c, '>' | '<' | '&' | '|' | '-'))
                {
                    sign.push(next);
                }
                if sign.starts_with("<<") && sign != "<<<" {
                    // The body of a here-document is data: what follows it is rarely a command.
                    break;
                }
                splitter.skip = true;
            }
            '&' | '|' | ';' | '\n' | '(' | ')' => {
                // `||` and `&&` begin a command as `|` and `&` do, but only `|` feeds it.
                let twice = chars.next_if_eq(&c).is_some();
                splitter.end_command(c == '|' && !twice);
            }
            _ if c.is_whitespace() => splitter.end_word(),
            _ => splitter.push(c),
        }
    }
    splitter.end_command(false);
    splitter.commands
}

#[derive(Default)]
struct CommandSplitter {
    commands: Vec<(Vec<String>, bool)>,
    words: Vec<String>,
    word: String,
    /// A word has begun (it may be an empty pair of quotes).
    open: bool,
    /// The next word is the target of a redirection.
    skip: bool,
    piped: bool,
}

impl CommandSplitter {
    fn push(&mut self, c: char) {
        self.open = true;
        self.word.push(c);
    }

    fn end_word(&mut self) {
        if !std::mem::take(&mut self.open) {
            return;
        }
        let word = std::mem::take(&mut self.word);
        if !std::mem::take(&mut self.skip) {
            self.words.push(word);
        }
    }

    fn end_command(&mut self, pipe: bool) {
        self.end_word();
        self.skip = false;
        if !self.words.is_empty() {
            self.commands.push((std::mem::take(&mut self.words), self.piped));
        }
        self.piped = pipe;
    }
}

/// Removes what stands before the program proper.
fn strip_wrappers(mut words: Vec<String>) -> Vec<String> {
    // Wrappers wrap wrappers: `sudo timeout 60 env A=1 make test`.
    for _ in 0..16 {
        let drop = wrapper_length(&words);
        if drop == 0 {
            break;
        }
        words.drain(..drop.min(words.len()));
    }
    words
}

/// How many words at the front are a wrapper.
fn wrapper_length(words: &[String]) -> usize {
    let first = words.first().map_or("", String::as_str);
    let second = words.get(1).map_or("", String::as_str);
    if is_assignment(first) {
        return 1;
    }
    match (first, second) {
        // The word after the options is the time.
        ("timeout" | "gtimeout", _) => {
            options_end(words, 1, &["-s", "-k", "--signal", "--kill-after"]) + 1
        }
        (
            "env" | "sudo" | "command" | "nohup" | "exec" | "xvfb-run" | "stdbuf" | "npx" | "bunx"
            | "time",
            _,
        ) => options_end(words, 1, &[]),
        ("nice", "-n") => 3,
        ("rtk", "test" | "err" | "proxy") if words.len() > 2 => 2,
        ("rtk" | "nice" | "if" | "then" | "do" | "else" | "while" | "until" | "!" | "{", _) => 1,
        ("uv" | "poetry" | "pipenv" | "pdm" | "rye" | "hatch", "run")
        | ("bundle" | "pnpm" | "yarn" | "npm" | "mise", "exec")
        | ("pnpm" | "yarn", "dlx")
        | ("bun", "x") => {
            options_end(words, 2, &["--with", "--extra", "--group", "--python", "-p"])
        }
        ("python" | "python3" | "uv" | "py", "-m") => 2,
        (python, "-m") if python.ends_with("/python") || python.ends_with("/python3") => 2,
        _ => 0,
    }
}

/// Where the options that begin at `from` end; those of `valued` take the next word with them.
fn options_end(words: &[String], from: usize, valued: &[&str]) -> usize {
    let mut at = from;
    while let Some(option) = words.get(at).filter(|word| word.starts_with('-')) {
        at += if valued.contains(&option.as_str()) { 2 } else { 1 };
    }
    at
}

fn is_assignment(word: &str) -> bool {
    let Some((name, _)) = word.split_once('=') else { return false };
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expect: &[&str]) {
        let met: Vec<String> = parse_commands(line).iter().map(|c| c.words.join(" ")).collect();
        assert_eq!(met, expect, "{line}");
    }

    #[test]
    fn commands_are_seen_through_their_wrapping() {
        check("cargo test", &["cargo test"]);
        check(
            "cd /a/b && RUST_LOG=x timeout -k 5 60 cargo test -p x 2>&1 | tail -5",
            &["cd /a/b", "cargo test -p x", "tail -5"],
        );
        check("a; b || c & d", &["a", "b", "c", "d"]);
        check("bash -lc 'cd x && pytest'", &["cd x", "pytest"]);
        check("python3 -m pytest tests > out.txt", &["pytest tests"]);
        check("uv run --with x pytest", &["pytest"]);
        check("echo 'cargo test && x' # cargo test", &["echo cargo test && x"]);
        check(
            "git commit -m \"$(cat <<'EOF'\ncargo test\nEOF\n)\"",
            &["git commit -m $(cat <<'EOF'\ncargo test\nEOF\n)"],
        );
        check("cat <<EOF\ncargo test\nEOF", &["cat"]);
        check("a \\\n  b", &["a b"]);
        check("'unclosed", &["unclosed"]);
        check("", &[]);
    }
}
