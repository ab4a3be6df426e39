//! Reads tables that are drawn with lines.

/// Cells by row, the head first. Lines that only draw are left out; so is text around the table.
pub(super) fn rows(text: &str) -> Vec<Vec<String>> {
    let walls = ['│', '┃', '║', '|'];
    let drawn = |letter: char| ('\u{2500}'..='\u{257f}').contains(&letter) || "+-|=".contains(letter);
    let lines = text.lines().map(str::trim).filter(|line| line.contains(walls));
    let lines = lines.filter(|line| !line.chars().all(|letter| drawn(letter) || letter.is_whitespace()));
    lines
        .map(|line| {
            let inner = line.strip_prefix(walls).unwrap_or(line);
            let inner = inner.strip_suffix(walls).unwrap_or(inner);
            inner.split(walls).map(|cell| cell.trim().to_owned()).collect()
        })
        .collect()
}

/// The rows below the first one that names every column of `wanted`, each cut down to those columns.
pub(super) fn columns<const N: usize>(text: &str, wanted: [&str; N]) -> Option<Vec<[String; N]>> {
    let mut rows = rows(text).into_iter();
    let places = rows.find_map(|head| {
        let place = |name: &str| head.iter().position(|cell| cell.eq_ignore_ascii_case(name));
        let found: Vec<usize> = wanted.iter().filter_map(|name| place(name)).collect();
        <[usize; N]>::try_from(found).ok()
    })?;
    let cell = |row: &[String], at: usize| row.get(at).cloned().unwrap_or_default();
    Some(rows.map(|row| places.map(|at| cell(&row, at))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_of_drawing_are_read() {
        let round = "INFO before\n╭──────┬────────────╮\n│ NAME │ VALUE      │\n├──────┼────────────┤\n│ pass │ one two -3 │\n╰──────┴────────────╯\nWARN after";
        let plain = "+------+------------+\n| NAME |   VALUE    |\n+------+------------+\n| pass | one two -3 |\n+------+------------+";
        let open = " NAME ┃ VALUE\n━━━━━━╋━━━━━━━━━━━\n pass ┃ one two -3 ";
        for text in [round, plain, open] {
            let read = columns(text, ["name", "value"]).unwrap();
            assert_eq!(read, [["pass".to_owned(), "one two -3".to_owned()]], "{text}");
        }
        assert_eq!(columns("no table | here", ["name", "value"]), None);
    }
}
