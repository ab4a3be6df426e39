//! Reads the JUnit file that pytest writes.

use super::{MOST_BYTES, MOST_CASES};
use crate::testcase::{CaseEnd, TestCase};
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

/// The longest name, in characters.
const NAME: usize = 200;

/// The longest message or line, in characters.
const LINE: usize = 300;

/// The most lines kept of one failure, its last ones.
const LINES: usize = 20;

/// How deep elements may lie: testsuites, testsuite, testcase, failure, and room.
const DEPTH: usize = 16;

/// Why a JUnit file is no record of test cases.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JunitError {
    /// There is none.
    #[error("left no JUnit file")]
    Missing,
    /// It is larger than [`MOST_BYTES`].
    #[error("its JUnit file is larger than {} MiB", MOST_BYTES >> 20)]
    TooLarge,
    /// It is no XML, or uses what no such file needs.
    #[error("its JUnit file cannot be read: {0}")]
    Malformed(String),
    /// It has more than [`MOST_CASES`].
    #[error("its JUnit file has more than {MOST_CASES} test cases")]
    TooMany,
}

/// Reads the text of a JUnit file. `path` is the test file below the tests folder, for names.
///
/// # Errors
/// Everything but a complete, plain file of a sensible size is refused.
pub fn read(path: &str, text: &str) -> Result<Vec<TestCase>, JunitError> {
    if text.len() > MOST_BYTES {
        return Err(JunitError::TooLarge);
    }
    let module = path.strip_suffix(".py").unwrap_or(path).replace('/', ".");
    let mut reader = Reader::from_str(text);
    let mut sheet = Sheet { module, ..Sheet::default() };
    loop {
        let event = reader.read_event().map_err(|error| malformed(&error))?;
        match event {
            Event::Start(element) => sheet.open(&element)?,
            Event::Empty(element) => {
                sheet.open(&element)?;
                sheet.close();
            }
            Event::End(_) => sheet.close(),
            Event::Text(text) => sheet.text(&text.decode().map_err(|error| malformed(&error))?),
            Event::CData(text) => sheet.text(&text.decode().map_err(|error| malformed(&error))?),
            Event::GeneralRef(name) => {
                let character = name.resolve_char_ref().map_err(|error| malformed(&error))?;
                let name = name.decode().map_err(|error| malformed(&error))?;
                match (character, resolve_xml_entity(&name)) {
                    (Some(character), _) => sheet.text(character.encode_utf8(&mut [0; 4])),
                    (None, Some(text)) => sheet.text(text),
                    (None, None) => return Err(JunitError::Malformed(format!("unknown entity `{}`", cut(&name, 40)))),
                }
            }
            Event::DocType(_) => return Err(JunitError::Malformed("it declares a document type".to_owned())),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof => return sheet.finished(),
        }
    }
}

fn malformed(error: &dyn std::fmt::Display) -> JunitError {
    JunitError::Malformed(cut(&error.to_string(), LINE))
}

/// What was read so far.
#[derive(Default)]
struct Sheet {
    module: String,
    open: Vec<Element>,
    seen_root: bool,
    case: Option<TestCase>,
    cases: Vec<TestCase>,
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Element {
    Case,
    /// `failure` and `error`.
    Failure,
    Skipped,
    Other,
}

impl Sheet {
    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), JunitError> {
        let wrong = |what: &str| Err(JunitError::Malformed(what.to_owned()));
        let name = start.name();
        if self.open.is_empty() {
            if self.seen_root || !matches!(name.as_ref(), b"testsuites" | b"testsuite") {
                return wrong("it has another root than `testsuites`");
            }
            self.seen_root = true;
        }
        if self.open.len() == DEPTH {
            return wrong("its elements lie too deep");
        }
        let element = match name.as_ref() {
            b"testcase" => Element::Case,
            b"failure" | b"error" => Element::Failure,
            b"skipped" => Element::Skipped,
            _ => Element::Other,
        };
        match element {
            Element::Case => {
                if self.case.is_some() {
                    return wrong("a test case lies in another");
                }
                if self.cases.len() == MOST_CASES {
                    return Err(JunitError::TooMany);
                }
                self.case = Some(self.new_case(start)?);
            }
            Element::Failure | Element::Skipped => {
                let Some(case) = &mut self.case else { return wrong("a result lies outside of a test case") };
                let message = attribute(start, "message")?.unwrap_or_default();
                let expected = attribute(start, "type")?.as_deref() == Some("pytest.xfail");
                let message = one_line(&message);
                case.end = match (element, std::mem::replace(&mut case.end, CaseEnd::Passed)) {
                    // One case can fail twice: in itself and in what cleans up after it.
                    (Element::Failure, CaseEnd::Failed { message: first, details }) => {
                        CaseEnd::Failed { message: cut(&format!("{first}; {message}"), LINE), details }
                    }
                    (Element::Failure, _) => CaseEnd::Failed { message, details: Vec::new() },
                    (_, failed @ CaseEnd::Failed { .. }) => failed,
                    (_, CaseEnd::Passed | CaseEnd::Skipped { .. }) if expected => {
                        let why = if message.is_empty() { String::new() } else { format!(": {message}") };
                        CaseEnd::Skipped { reason: format!("expected to fail, and did{why}") }
                    }
                    (_, CaseEnd::Passed | CaseEnd::Skipped { .. }) => CaseEnd::Skipped { reason: message },
                };
                self.text.clear();
            }
            Element::Other => {}
        }
        self.open.push(element);
        Ok(())
    }

    fn new_case(&self, start: &BytesStart<'_>) -> Result<TestCase, JunitError> {
        let Some(name) = attribute(start, "name")? else {
            return Err(JunitError::Malformed("a test case has no name".to_owned()));
        };
        let class = attribute(start, "classname")?.unwrap_or_default();
        let class = class.strip_prefix(&self.module).unwrap_or(&class).trim_start_matches('.').replace('.', "::");
        let name = if class.is_empty() { name } else { format!("{class}::{name}") };
        let seconds: f64 = attribute(start, "time")?.and_then(|time| time.parse().ok()).unwrap_or_default();
        let ms = std::time::Duration::try_from_secs_f64(seconds).map_or(0, |took| took.as_millis());
        let ms = u64::try_from(ms).unwrap_or(u64::MAX);
        Ok(TestCase { name: cut(&one_line(&name), NAME), ms, end: CaseEnd::Passed })
    }

    fn text(&mut self, text: &str) {
        if matches!(self.open.last(), Some(Element::Failure | Element::Skipped)) {
            self.text.push_str(text);
        }
    }

    fn close(&mut self) {
        match self.open.pop() {
            Some(Element::Case) => {
                if let Some(case) = self.case.take() {
                    self.add(case);
                }
            }
            Some(Element::Failure) => {
                let text = std::mem::take(&mut self.text);
                if let Some(TestCase { end: CaseEnd::Failed { details, .. }, .. }) = &mut self.case {
                    details.extend(last_lines(&text));
                }
            }
            Some(Element::Skipped) => {
                let text = std::mem::take(&mut self.text);
                // What a whole file that was skipped says is there only as text.
                if let Some(TestCase { end: CaseEnd::Skipped { reason }, .. }) = &mut self.case
                    && (reason.is_empty() || reason == "collection skipped")
                {
                    *reason = one_line(&text);
                }
            }
            Some(Element::Other) | None => {}
        }
    }

    /// A case whose clean-up fails is there twice.
    fn add(&mut self, case: TestCase) {
        match (self.cases.last_mut(), case) {
            (
                Some(TestCase { name, ms, end: CaseEnd::Failed { message, details } }),
                TestCase { name: again, ms: more, end: CaseEnd::Failed { message: second, details: further } },
            ) if *name == again => {
                *ms += more;
                *message = cut(&format!("{message}; {second}"), LINE);
                details.extend(further);
            }
            (
                Some(TestCase { name, end: end @ CaseEnd::Passed, .. }),
                case @ TestCase { end: CaseEnd::Failed { .. }, .. },
            ) if *name == case.name => {
                *end = case.end;
            }
            (_, case) => self.cases.push(case),
        }
    }

    fn finished(self) -> Result<Vec<TestCase>, JunitError> {
        if self.seen_root && self.open.is_empty() {
            return Ok(self.cases);
        }
        Err(JunitError::Malformed("it ends before its end".to_owned()))
    }
}

fn attribute(start: &BytesStart<'_>, name: &str) -> Result<Option<String>, JunitError> {
    let mut value = None;
    // All of them are looked at, so that one that is there twice, or is none, is found.
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| malformed(&error))?;
        if attribute.key.as_ref() == name.as_bytes() {
            let text = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| malformed(&error))?;
            value = Some(text.into_owned());
        }
    }
    Ok(value)
}

/// The first line that says something.
fn one_line(text: &str) -> String {
    cut(text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default(), LINE)
}

fn last_lines(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(LINES)..].iter().map(|line| cut(line, LINE)).collect()
}

fn cut(text: &str, most: usize) -> String {
    let mut kept: String =
        text.chars().map(|one| if one.is_control() && one != '\t' { ' ' } else { one }).take(most).collect();
    if text.chars().nth(most).is_some() {
        kept.push('…');
    }
    kept
}

#[cfg(test)]
mod tests;
