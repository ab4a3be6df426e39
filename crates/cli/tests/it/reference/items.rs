//! Reads documented enums and structs from their source, for reference pages that cannot drift from it.

/// One line of an item: a variant, or a field of a variant or of the item itself.
struct Member {
    name: String,
    doc: String,
    depth: usize,
}

/// A section per named item, in the order given.
pub(crate) fn page(source: &str, names: &[&str]) -> String {
    names.iter().map(|name| section(source, name)).collect::<Vec<_>>().join("\n")
}

fn section(source: &str, name: &str) -> String {
    let (doc, kebab, body) = item(source, name);
    let members = members(&body);
    assert!(!members.is_empty() && members.iter().all(|member| !member.doc.is_empty()), "{name} is not documented");
    let mut text = format!("## {name}\n\n{doc}\n\n");
    for member in &members {
        let shown = match (member.depth, member.name.starts_with(char::is_uppercase)) {
            (1, true) if kebab => kebab_case(&member.name),
            (1, true) => member.name.to_lowercase(),
            _ => member.name.clone(),
        };
        let line = format!("{}- `{shown}`: {}\n", "  ".repeat(member.depth - 1), member.doc);
        text.push_str(&line);
    }
    text
}

/// Documentation, whether its variants are written in kebab case, and the lines between its braces.
fn item<'a>(source: &'a str, name: &str) -> (String, bool, Vec<&'a str>) {
    let lines: Vec<&str> = source.lines().collect();
    let opens = [format!("pub enum {name} {{"), format!("pub struct {name} {{")];
    let start = lines.iter().position(|line| opens.iter().any(|open| line == open));
    let start = start.unwrap_or_else(|| panic!("there is no item {name}"));
    let end = lines[start..].iter().position(|line| *line == "}").map(|at| start + at).unwrap_or(lines.len());
    let above = lines[..start].iter().rev().take_while(|line| line.starts_with("///") || line.starts_with("#["));
    let above: Vec<&str> = above.copied().collect();
    let doc: Vec<&str> = above.iter().rev().filter_map(|line| line.strip_prefix("/// ")).collect();
    let kebab = above.iter().any(|line| line.contains("kebab-case"));
    (plain(&doc.join(" ")), kebab, lines[start + 1..end].to_vec())
}

fn members(body: &[&str]) -> Vec<Member> {
    let mut members = Vec::new();
    let mut doc: Vec<&str> = Vec::new();
    for line in body {
        let depth = (line.len() - line.trim_start().len()) / 4;
        let line = line.trim();
        if let Some(text) = line.strip_prefix("///") {
            doc.push(text.trim());
        } else if !line.starts_with("#[") && !line.starts_with('}') && !line.is_empty() {
            let name = line.trim_start_matches("pub ").split([' ', ':', ',', '(']).next().unwrap_or_default();
            members.push(Member { name: name.to_owned(), doc: plain(&doc.join(" ")), depth });
            doc.clear();
        }
    }
    members
}

/// Links to code mean nothing outside of it.
fn plain(doc: &str) -> String {
    doc.replace("[`", "`").replace("`]", "`").replace("crate::", "")
}

fn kebab_case(name: &str) -> String {
    let mut text = String::new();
    for (at, letter) in name.chars().enumerate() {
        if letter.is_uppercase() && at > 0 {
            text.push('-');
        }
        text.extend(letter.to_lowercase());
    }
    text
}
