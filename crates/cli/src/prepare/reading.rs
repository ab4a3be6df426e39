//! Reads one tree of a recipe, under the overlays of CI, and says where it cannot be read.

use super::customize::{Customized, Overlays};
use super::problems_error;
use crate::error::{Kind, UserError};
use cc_ci_engine::git::{Files, LeftOut};
use cc_ci_model::ids::{Commit, RecipeName};
use cc_ci_model::plan::base::Base;
use cc_ci_recipe::source::Problem;
use cc_ci_recipe::{Recipe, source};
use std::collections::BTreeMap;

/// A tree that can be read under different overlays.
pub(super) struct Reading<'a> {
    pub(super) name: &'a RecipeName,
    pub(super) commit: &'a Commit,
    pub(super) files: &'a Files,
    pub(super) environment: &'a BTreeMap<String, String>,
}

impl Reading<'_> {
    pub(super) fn read(&self, overlays: &Overlays) -> Result<(Recipe, Vec<Problem>), UserError> {
        let mut files = texts(self.files);
        files.texts.extend(overlays.iter().cloned());
        let names: Vec<String> = overlays.iter().map(|(name, _)| name.clone()).collect();
        Recipe::read(self.name.as_str(), &files, self.environment, &names).map_err(|problems| {
            let message = format!("cannot read the recipe `{}` at {}", self.name, self.commit.short());
            problems_error(Kind::Recipe, message, &problems)
        })
    }
}

/// The base as messages name it.
pub(super) fn shown_base(base: &Base) -> String {
    match base {
        Base::Published { version, .. } => format!("its base {version}"),
        Base::Commit { commit, .. } => format!("its base {}", commit.short()),
        Base::Head { .. } => "head".to_owned(),
    }
}

/// Says that the base is meant, and names the files as their authors know them.
pub(super) fn unusable_base(customized: &Customized, base: &Base, error: UserError) -> UserError {
    let message = format!("the base is not usable: {}", error.message);
    let own = |line: &str| {
        let (file, rest) = line.split_once(',').unwrap_or((line, ""));
        format!("{},{rest}", customized.shown(base, file))
    };
    let location =
        error.location.map(|lines| lines.lines().map(|line| own(line.trim_start())).collect::<Vec<_>>().join("\n  "));
    let hint = "choose another with --base, or go without with --no-upgrade";
    UserError { message, location, hint: Some(hint.to_owned()), ..error }
}

/// Every file's name, with its text where it is text: the model asks of the others only whether they are there.
pub(crate) fn texts(files: &Files) -> source::Files {
    let named = files.left_out.iter().filter(|(_, why)| match why {
        LeftOut::TooLarge | LeftOut::Binary => true,
        LeftOut::Link | LeftOut::Submodule => false,
    });
    let named = named.map(|(path, _)| (path.clone(), String::new()));
    let texts = files.text.iter().map(|(path, text)| (path.clone(), text.clone()));
    texts.chain(named).collect()
}
