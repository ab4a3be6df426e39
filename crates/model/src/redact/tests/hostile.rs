//! Texts and secrets made to cost time. Work is counted in bytes looked at, so that no clock decides.

use super::*;

/// The most bytes that a scan may look at for each byte of a text: three layers, five readings of what may be encoded, each
/// with one layer more, and each part of the text up to twice.
const STEPS: usize = 26;

fn steps(redactor: &Redactor, text: &str) -> usize {
    let Looking::For(scan) = &redactor.looking else { panic!("no scan") };
    scan.find(text.as_bytes()).steps
}

#[test]
fn secrets_that_feed_each_others_mask_are_looked_for_once() {
    let fed = redactor(&[("A_PASSWORD", "zzzzzz1Q"), ("B_PASSWORD", "*****a")]);
    let text = format!("zzzzzz1Q{}", "a".repeat(100_000));
    assert_eq!(fed.mask(&text), format!("*****{}", "a".repeat(100_000)));
    assert!(steps(&fed, &text) <= STEPS * text.len());
}

#[test]
fn hundreds_of_secrets_that_end_alike_cost_no_more_than_one() {
    let secrets: Vec<_> = (6..300).map(|letters| (format!("s{letters}"), "a".repeat(letters))).collect();
    let many = Redactor::new(&secrets);
    let text = "a".repeat(300_000);
    assert_eq!(many.mask(&text), MASK);
    // Each form is met once besides.
    let forms = many.owners.len();
    assert!(steps(&many, &text) <= (STEPS + 12) * text.len() + 300 * forms);
}

#[test]
fn more_secrets_than_can_be_looked_for_let_nothing_pass() {
    let secrets: Vec<_> = (0..20_000).map(|at| (format!("s{at}"), format!("secret-{at:032}"))).collect();
    assert_eq!(Redactor::new(&secrets).mask("hello"), MASK);
}

#[test]
fn a_whole_file_that_is_a_secret_is_masked_as_it_is_in_base64_and_line_by_line() {
    let file: String = (0..4000).map(|line| format!("user{line}:{:08x}/{line}\n", line * 7919)).collect();
    let one = redactor(&[("htpasswd", &file)]);
    assert_eq!(one.mask(&format!("<{}>", STANDARD.encode(&file))).matches(MASK).count(), 1);
    assert_eq!(one.mask(&file.lines().take(2).collect::<Vec<_>>().join("\n")), "*****\n*****");
    assert_eq!(one.mask("user:0123/4"), "user:0123/4");
}

#[test]
fn many_short_lines_are_masked_no_more_than_twice_each() {
    let vault = Vault::new(vec![("s".to_owned(), "k".repeat(3000))]);
    let mut lines = LineMasker::new(&vault);
    let shown: usize = (0..20_000).map(|_| lines.push("")).filter(|shown| !shown.is_empty()).count();
    // Each time at least as much is let go as is held.
    assert!(shown <= 1 + 20_000 / vault.redactor().reach().min(64 * 1024), "{shown}");
    assert!(lines.finish().len() <= 20_000);
}

#[test]
fn a_secret_is_found_wherever_a_long_text_is_cut_into_parts() {
    let one = redactor(&[("s", "correct horse battery")]);
    for before in (262_100..262_200).step_by(7) {
        let text = format!("{}correct horse battery{}", "-".repeat(before), "-".repeat(1000));
        assert_eq!(one.mask(&text), text.replace("correct horse battery", MASK), "{before}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn the_work_grows_with_the_text_and_nothing_else(
        piece in prop::sample::select(vec![
            "a", "ab", "%41", "%25", "%", "\\", "\\x41", "\\u0041", "&#65;", "&amp;", "&", "\u{1b}", "\u{1b}[", "\u{1b}]",
            "\u{1b}[1;", "\u{1b}]0;t", "\u{200b}", "''", "$$", "\"\"", "41:", "0x41, ", "QUFB", "aaaaaaa\n", "\0", "*", "*****",
        ]),
        other in "[a-f0-9%\\\\&\u{1b}*]{0,6}",
        values in prop::collection::vec("[a*b]{6,12}", 1..6),
    ) {
        let secrets: Vec<_> = values.iter().enumerate().map(|(at, value)| (format!("s{at}"), value.clone())).collect();
        let redactor = Redactor::new(&secrets);
        let unit = format!("{piece}{other}");
        let text = unit.repeat(30_000 / unit.len());
        if redactor.is_needed() {
            // Forms that end at one byte are met together once, and as forms of a few letters no more than a dozen times.
            prop_assert!(steps(&redactor, &text) <= STEPS * text.len() + 100 * redactor.owners.len());
        }
        let masked = redactor.mask(&text);
        prop_assert!(redactor.find(masked.as_bytes()).is_empty(), "{unit} {values:?}");
    }
}
