//! What sweeps leave in the state folder: a record and a page of each, and the last answer about each recipe (WARM-4).

use crate::run_dir::{RunDir, RunDirError};
use crate::state::StateFolder;
use cc_ci_model::ids::{RecipeName, RunId};
use cc_ci_model::sweep::facts::LastAnswer;
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

/// The folder of the last answers.
const ANSWERS: &str = "answers";

/// The record of a sweep, for programs.
const REPORT: &str = "report.json";

/// The sweep on one page.
const PAGE: &str = "index.html";

/// How many reports are kept: those of a year of weekly sweeps. Nothing but people reads them.
const KEPT: usize = 52;

/// What is kept of sweeps.
#[derive(Debug, Clone)]
pub struct Sweeps {
    folder: PathBuf,
}

/// The last answer about a recipe, as it lies there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeptAnswer {
    /// There is none.
    None,
    /// There is one.
    Some(Box<LastAnswer>),
    /// What lies there is none, or cannot be read. It is evidence of nothing.
    Unreadable {
        /// Why.
        why: String,
    },
}

impl Sweeps {
    /// Those of a state folder; nothing has to be there.
    #[must_use]
    pub fn of(state: &StateFolder) -> Self {
        Self { folder: state.sweeps() }
    }

    /// The last answer about a recipe.
    #[must_use]
    pub fn answer(&self, recipe: &RecipeName) -> KeptAnswer {
        let path = self.folder.join(ANSWERS).join(format!("{recipe}.json"));
        let unreadable = |why: String| KeptAnswer::Unreadable { why: format!("{}: {why}", path.display()) };
        match fs::read(&path) {
            Ok(bytes) => match serde_json::from_slice::<LastAnswer>(&bytes) {
                Ok(answer) if answer.recipe == *recipe => KeptAnswer::Some(Box::new(answer)),
                Ok(answer) => unreadable(format!("it is about {}", answer.recipe)),
                Err(error) => unreadable(error.to_string()),
            },
            Err(error) if error.kind() == ErrorKind::NotFound => KeptAnswer::None,
            Err(error) => unreadable(error.to_string()),
        }
    }

    /// Replaces the last answer about a recipe in one moment.
    pub fn put_answer(&self, answer: &LastAnswer) -> Result<(), RunDirError> {
        let text = serde_json::to_vec_pretty(answer).unwrap_or_default();
        RunDir::at(&self.folder).write(&format!("{ANSWERS}/{}.json", answer.recipe), &text).map(drop)
    }

    /// Writes the record of a sweep and its page; returns where the page is. Reports of long ago make room for it.
    pub fn put_report(&self, sweep: &RunId, record: &str, page: &str) -> Result<PathBuf, RunDirError> {
        let dir = RunDir::at(&self.folder);
        dir.write(&format!("{sweep}/{REPORT}"), record.as_bytes())?;
        let page = dir.write(&format!("{sweep}/{PAGE}"), page.as_bytes())?;
        self.retain(KEPT)?;
        Ok(page)
    }

    /// Removes the oldest reports until no more than `most` are left. The last answers are none of them.
    fn retain(&self, most: usize) -> Result<(), RunDirError> {
        let unreadable = |source| RunDirError::io("read", &self.folder, source);
        let mut reports = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(unreadable)? {
            let folder = entry.map_err(unreadable)?.path();
            // A folder without a record is none of a sweep.
            if let Ok(record) = fs::metadata(folder.join(REPORT)) {
                reports.push((record.modified().map_err(unreadable)?, folder));
            }
        }
        reports.sort();
        let gone = reports.len().saturating_sub(most);
        for (_, folder) in reports.into_iter().take(gone) {
            fs::remove_dir_all(&folder).map_err(|source| RunDirError::io("remove", &folder, source))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cc_ci_model::ids::Commit;
    use cc_ci_model::sweep::facts::{ANSWER_FORMAT, AnswerFacts};
    use cc_ci_model::verdict::Color;
    use std::time::{Duration, SystemTime};

    fn answer(recipe: &str) -> LastAnswer {
        LastAnswer {
            format: ANSWER_FORMAT,
            recipe: RecipeName::parse(recipe).unwrap(),
            version: "1.0.0+1".to_owned(),
            commit: Commit::parse(&"a".repeat(40)).unwrap(),
            run: RunId::parse("r1").unwrap(),
            sweep: RunId::parse("s1").unwrap(),
            at: "2026-11-29T12:00:00Z".to_owned(),
            color: Color::Green,
            level: Some(5),
            exit_code: 0,
            ms: 1,
            facts: AnswerFacts::default(),
        }
    }

    #[test]
    fn an_answer_is_read_back_and_one_that_is_torn_or_about_another_recipe_is_no_evidence() {
        let folder = tempfile::tempdir().unwrap();
        let sweeps = Sweeps::of(&StateFolder::open(folder.path()).unwrap());
        let shop = answer("shop");
        assert_eq!(sweeps.answer(&shop.recipe), KeptAnswer::None);
        sweeps.put_answer(&shop).unwrap();
        assert_eq!(sweeps.answer(&shop.recipe), KeptAnswer::Some(Box::new(shop.clone())));
        let path = folder.path().join("sweeps/answers");
        fs::copy(path.join("shop.json"), path.join("other.json")).unwrap();
        assert!(matches!(sweeps.answer(&answer("other").recipe), KeptAnswer::Unreadable { .. }));
        let text = fs::read_to_string(path.join("shop.json")).unwrap();
        fs::write(path.join("shop.json"), &text[..text.len() / 2]).unwrap();
        assert!(matches!(sweeps.answer(&shop.recipe), KeptAnswer::Unreadable { .. }));
        let page = sweeps.put_report(&shop.sweep, "{}", "<p>").unwrap();
        assert_eq!(fs::read_to_string(page).unwrap(), "<p>");
    }

    #[test]
    fn the_oldest_reports_go_and_answers_stay() {
        let folder = tempfile::tempdir().unwrap();
        let sweeps = Sweeps::of(&StateFolder::open(folder.path()).unwrap());
        sweeps.put_answer(&answer("shop")).unwrap();
        let long_ago = SystemTime::now() - Duration::from_hours(24 * 365);
        for (days, id) in (0_u32..).zip(["first", "second", "third"]) {
            sweeps.put_report(&RunId::parse(id).unwrap(), "{}", "<p>").unwrap();
            let record = fs::File::options().write(true).open(sweeps.folder.join(id).join(REPORT)).unwrap();
            record.set_modified(long_ago + Duration::from_hours(24) * days).unwrap();
        }
        sweeps.retain(2).unwrap();
        let there = |name: &str| sweeps.folder.join(name).exists();
        assert_eq!(["first", "second", "third", ANSWERS].map(there), [false, true, true, true]);
        assert!(matches!(sweeps.answer(&answer("shop").recipe), KeptAnswer::Some(_)));
    }
}
