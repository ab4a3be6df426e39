//! Reads one layer of escapes: those of URLs, of JSON and most languages, and of HTML.

use super::view::View;

/// The bytes that can begin an escape.
const BEGIN: &[u8] = b"%\\&";

/// What one escape stands for.
enum Escape {
    Byte(u8),
    Char(char),
    /// A line break, a tab or the like, which no form holds.
    Nothing,
}

/// The view with its escapes read; `None` when there are none.
pub(super) fn unescaped(view: &View) -> Option<View> {
    let bytes = view.bytes();
    if !bytes.iter().any(|byte| BEGIN.contains(byte)) {
        return None;
    }
    let (mut read, mut at, mut any) = (View::default(), 0, false);
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let Some((escape, length)) = escape(rest) else {
            read.take(rest[0], view, at, at + 1);
            at += 1;
            continue;
        };
        any = true;
        match escape {
            Escape::Byte(byte) => read.take(byte, view, at, at + length),
            Escape::Char(c) => {
                for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                    read.take(byte, view, at, at + length);
                }
            }
            Escape::Nothing => {}
        }
        at += length;
    }
    any.then(|| read.visible())
}

/// The escape at the beginning of a text, and its length.
fn escape(text: &[u8]) -> Option<(Escape, usize)> {
    match text {
        [b'%', high, low, ..] => Some((Escape::Byte(hex(*high)? << 4 | hex(*low)?), 3)),
        [b'\\', rest @ ..] => backslash(rest).map(|(escape, length)| (escape, length + 1)),
        [b'&', rest @ ..] => entity(rest).map(|(c, length)| (Escape::Char(c), length + 1)),
        _ => None,
    }
}

/// What follows a backslash.
fn backslash(text: &[u8]) -> Option<(Escape, usize)> {
    let (first, rest) = text.split_first()?;
    match first {
        b'n' | b'r' | b't' | b'b' | b'f' | b'v' | b'a' => Some((Escape::Nothing, 1)),
        b'e' => Some((Escape::Byte(0x1b), 1)),
        b'x' => Some((Escape::Byte(u8::try_from(number(rest, 2, 16)?).ok()?), 3)),
        b'u' => unicode(rest).map(|(c, length)| (Escape::Char(c), length + 1)),
        b'U' => Some((Escape::Char(char::from_u32(number(rest, 8, 16)?)?), 9)),
        b'0'..=b'3' => Some((Escape::Byte(u8::try_from(number(text, 3, 8)?).ok()?), 3)),
        mark if mark.is_ascii_punctuation() || *mark == b' ' => Some((Escape::Byte(*mark), 1)),
        _ => None,
    }
}

/// What follows `\u`: four digits, twice four for what needs two units, or any number of them in braces.
fn unicode(text: &[u8]) -> Option<(char, usize)> {
    if let [b'{', rest @ ..] = text {
        let digits = rest.iter().take(7).position(|byte| *byte == b'}')?;
        return Some((char::from_u32(number(rest, digits, 16)?)?, digits + 2));
    }
    let first = number(text, 4, 16)?;
    if let (0xd800..=0xdbff, Some([b'\\', b'u', rest @ ..])) = (first, text.get(4..)) {
        let second = number(rest, 4, 16).filter(|second| (0xdc00..=0xdfff).contains(second))?;
        return Some((char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00))?, 10));
    }
    Some((char::from_u32(first)?, 4))
}

/// What follows `&`: a name or a number, up to the semicolon.
fn entity(text: &[u8]) -> Option<(char, usize)> {
    let end = text.iter().take(10).position(|byte| *byte == b';')?;
    let c = match &text[..end] {
        b"amp" => '&',
        b"lt" => '<',
        b"gt" => '>',
        b"quot" => '"',
        b"apos" => '\'',
        [b'#', b'x' | b'X', digits @ ..] => char::from_u32(number(digits, digits.len(), 16)?)?,
        [b'#', digits @ ..] => char::from_u32(number(digits, digits.len(), 10)?)?,
        _ => return None,
    };
    Some((c, end + 1))
}

/// The first `digits` digits as a number.
fn number(text: &[u8], digits: usize, radix: u32) -> Option<u32> {
    let text = text.get(..digits).filter(|text| text.iter().all(u8::is_ascii_alphanumeric))?;
    u32::from_str_radix(str::from_utf8(text).ok()?, radix).ok()
}

/// The value of a hexadecimal digit.
pub(super) fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}
