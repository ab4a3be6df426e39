//! Rust sources as the rules read them: code without comments, texts and tests, and the module that each file is.

/// The code of a file: comments, the content of texts and letters, and items under `#[cfg(test)]` are left out.
pub(super) fn code(text: &str) -> String {
    without_tests(&without_words(text))
}

fn without_words(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let skipped = comment(rest).or_else(|| quoted(rest)).or_else(|| raw(rest));
        if let Some(skipped) = skipped {
            // What stood there separated what stands beside it.
            code.push(' ');
            rest = &rest[skipped..];
        } else {
            code.push(letter);
            rest = &rest[letter.len_utf8()..];
        }
    }
    code
}

/// How long the comment is that begins here.
fn comment(text: &str) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    text.starts_with("/*").then(|| text.find("*/").map_or(text.len(), |end| end + 2))
}

/// How long the text or the letter in quotes is that begins here. A lifetime is none.
fn quoted(text: &str) -> Option<usize> {
    let quote = text.chars().next().filter(|letter| matches!(letter, '"' | '\''))?;
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if letter == quote => return Some(at + 1),
            _ if quote == '\'' && text[1..at].chars().count() >= 1 && !text[1..].starts_with('\\') => return None,
            _ => {}
        }
    }
    None
}

/// How long the raw text is that begins here: `r"…"`, `r#"…"#`.
fn raw(text: &str) -> Option<usize> {
    let hashes = text.strip_prefix('r')?.chars().take_while(|letter| *letter == '#').count();
    text[1 + hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let from = 2 + hashes;
    text[from..].find(&end).map(|at| from + at + end.len())
}

fn without_tests(code: &str) -> String {
    let mut kept = String::with_capacity(code.len());
    let mut rest = code;
    while let Some((before, after)) = rest.split_once("#[cfg(test)]") {
        kept.push_str(before);
        rest = &after[item(after)..];
    }
    kept + rest
}

/// How long the item is that begins here: up to its semicolon or its closing brace.
fn item(code: &str) -> usize {
    let mut depth = 0;
    for (at, letter) in code.char_indices() {
        match letter {
            ';' if depth == 0 => return at + 1,
            '{' => depth += 1,
            '}' if depth == 1 => return at + 1,
            '}' => depth -= 1,
            _ => {}
        }
    }
    code.len()
}

/// A module by the names that lead to it from the root of its crate.
pub(super) type Module = Vec<String>;

/// The crate and the module that a source file is; `None` for a file that is not the product's.
pub(super) fn module(file: &str) -> Option<(&str, Module)> {
    let (krate, path) = file.strip_prefix("crates/")?.split_once("/src/")?;
    let path = path.strip_suffix(".rs")?;
    let root = path == "lib";
    Some((krate, if root { Vec::new() } else { path.split('/').map(str::to_owned).collect() }))
}

/// Every path in the code that begins at `crate`, `super` or `self`, as the module it starts from sees it.
pub(super) fn paths(code: &str, from: &Module) -> Vec<Module> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("::") {
        let start = code[..at].rfind(|letter: char| !is_name(letter)).map_or(0, |before| before + 1);
        let first = &code[start..at];
        let inside = code[..start].ends_with("::");
        let base = match first {
            "crate" if !inside => Vec::new(),
            "self" if !inside => from.clone(),
            "super" if !inside => from[..from.len().saturating_sub(1)].to_vec(),
            _ => continue,
        };
        branches(&code[at + 2..], base, &mut found);
    }
    found
}

const fn is_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

/// Reads a tree of names such as `a::{b, c::D}`; returns what follows it.
fn branches<'a>(code: &'a str, base: Module, found: &mut Vec<Module>) -> &'a str {
    let code = code.trim_start();
    if let Some(mut rest) = code.strip_prefix('{') {
        loop {
            rest = rest.trim_start_matches([',', ' ', '\n']);
            if let Some(after) = rest.strip_prefix('}') {
                return after;
            }
            let before = rest.len();
            rest = branches(rest, base.clone(), found);
            rest = rest.trim_start();
            if let Some(renamed) = rest.strip_prefix("as ") {
                rest = renamed.trim_start_matches(is_name);
            }
            if rest.len() == before {
                return rest;
            }
        }
    }
    let name = &code[..code.find(|letter| !is_name(letter)).unwrap_or(code.len())];
    let rest = &code[name.len()..];
    let mut path = base;
    match name {
        "super" => drop(path.pop()),
        "self" => {}
        _ => path.push(name.to_owned()),
    }
    match rest.strip_prefix("::") {
        Some(more) if !name.is_empty() => branches(more, path, found),
        _ => {
            found.push(path);
            rest
        }
    }
}

#[test]
fn code_is_read_without_words_and_tests() {
    let text = "use a; // crate::b\nconst C: &str = \"crate::d\"; 'x'; '\\''; fn e<'a>() {}\nr#\"crate::f\"#\n\
                #[cfg(test)]\nmod g { fn h() { } }\nfn i() {}";
    let words: Vec<String> = code(text).split_whitespace().map(str::to_owned).collect();
    assert_eq!(words.join(" "), "use a; const C: &str = ; ; ; fn e<'a>() {} fn i() {}");
}

#[test]
fn paths_are_followed_from_where_they_stand() {
    let code = "use crate::{a::B, c::{self, D as E}}; super::f::g(); self::h::I { j: std::k::crate_l }; x::super_::m";
    let from = vec!["one".to_owned(), "two".to_owned()];
    let found: Vec<String> = paths(code, &from).iter().map(|path| path.join("::")).collect();
    assert_eq!(found, ["a::B", "c", "c::D", "one::f::g", "one::two::h::I"]);
}
