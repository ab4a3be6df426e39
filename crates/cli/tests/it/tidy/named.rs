//! A test that a design page names is there, in the file that it is said to be in.

use std::path::Path;

/// Pages that say which test shows what.
const PAGES: [&str; 1] = ["docs/design/server.md"];

/// Names of tests are sentences; what has fewer words is a module, or no test.
const WORDS: usize = 4;

#[test]
fn tests_that_design_pages_name_are_there() {
    let sources = super::sources();
    let mut seen = 0;
    let mut missing = Vec::new();
    for (page, text) in super::texts().into_iter().filter(|(name, _)| PAGES.contains(&name.as_str())) {
        // What stands between backticks is every second part.
        for code in text.split('`').skip(1).step_by(2) {
            let Some((module, test)) = code.rsplit_once("::") else { continue };
            if test.split('_').count() < WORDS {
                continue;
            }
            seen += 1;
            let file = module.rsplit("::").next().unwrap_or(module);
            let holds = |(name, text): &(String, String)| {
                Path::new(name).file_stem().is_some_and(|stem| stem == file) && text.contains(&format!("fn {test}("))
            };
            if !sources.iter().any(holds) {
                missing.push(format!("{page}: {code}"));
            }
        }
    }
    assert!(seen > 20, "only {seen} names were read");
    super::none("tests that are named and not there", &missing);
}
