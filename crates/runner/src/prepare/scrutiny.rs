//! What head changes about its own judgement, what it leaves to operators, and the environment an operator's app has.

use super::customize::Customized;
use super::linted::Compared;
use super::with;
use crate::error::RunnerError;
use crate::request::{BaseWish, Request};
use cc_ci_model::plan::own_tests::{FOLDER, OwnTests};
use cc_ci_model::plan::scrutiny::{AppHas, OperatorWork, Scrutiny, Softened};
use cc_ci_model::settings::softening::softened;
use cc_ci_model::settings::{self, Capable, Settings};
use cc_ci_model::tier::Tier;
use cc_ci_recipe::AppEnvironment;
use cc_ci_recipe::Environment;
use cc_ci_recipe::env_sample::EnvSample;
use cc_ci_recipe::operator::{self, News, NewsKind};
use cc_ci_recipe::source::Files;
use std::collections::BTreeSet;

const SAMPLE: &str = ".env.sample";

/// The environment that head is deployed with, and what its sample has that this environment has not. Over a base that is
/// an operator's: the base's sample, `env.install`, then `env.upgrade` and the versions of new secrets. Else a new app's.
pub(super) fn head_environment(
    customized: &Customized,
    app: &Environment,
    provided: &Environment,
    (base, head): (Option<&Files>, &Files),
) -> Result<(AppEnvironment, Vec<OperatorWork>), RunnerError> {
    let Some(base) = base else {
        return Ok((AppEnvironment::New(with(customized.head_environment(app)?, provided)), Vec::new()));
    };
    let given = with(customized.base_environment(app)?, provided);
    let mut later = customized.upgrade_environment(app)?;
    let mut work = Vec::new();
    for news in operator::news(base, head) {
        let has = match &news.what {
            _ if given.contains_key(&news.name) || later.contains_key(&news.name) => AppHas::Given,
            NewsKind::Secret { version } => {
                later.insert(news.name.clone(), version.clone());
                AppHas::Made
            }
            NewsKind::Variable | NewsKind::Value { .. } => AppHas::Not,
        };
        work.push(OperatorWork { words: News::words(&news), name: news.name, app: has });
    }
    let sample = base.text(SAMPLE).map_or_else(EnvSample::default, |text| EnvSample::read(SAMPLE, text).0);
    Ok((AppEnvironment::Existing { sample, given, later }, work))
}

/// What head's own settings change about its judgement, held against those of the tree it is compared with.
pub(super) fn scrutiny(
    request: &Request,
    settings: &Settings,
    compared: Option<&Compared>,
    tests: &OwnTests,
    work: Vec<OperatorWork>,
) -> Scrutiny {
    // The folder of `--tests` is the caller's, not the commit's.
    if request.tests.is_some() {
        return Scrutiny { work, state: request.state, ..Scrutiny::default() };
    }
    let own = format!("{FOLDER}/{}", settings::FILE);
    let softened = match compared {
        Some(compared) => {
            let text = compared.files.text(&own).unwrap_or_default();
            // Settings that cannot be used there excuse nothing here.
            let before = Settings::read([(own.as_str(), text)]).unwrap_or_default();
            let found = softened(settings, &before, &own);
            found.into_iter().chain(without_tests(compared.tests().1, tests)).collect()
        }
        None => Vec::new(),
    };
    // A base that the caller named is not the commit's choice.
    let counts = |one: &Softened| one.key != "base.version" || !matches!(request.base, BaseWish::Version(_));
    let is_own = |key: &str| settings.given.get(key).is_some_and(|given| given.file == own);
    let mut own_skips: BTreeSet<Tier> =
        settings.skips.keys().copied().filter(|tier| is_own(&format!("skip.{tier}"))).collect();
    if settings.backup == Some(Capable::No) && is_own("backup.capable") {
        own_skips.insert(Tier::Backup);
    }
    Scrutiny { own_skips, softened: softened.into_iter().filter(counts).collect(), work, state: request.state }
}

/// Taking all tests of the custom tier out asks less of head than a setting that skips the tier: it would be skipped for want of any.
fn without_tests(before: &OwnTests, head: &OwnTests) -> Option<Softened> {
    let gone = head.gone_since(before).remove(&Tier::Custom)?;
    let words = format!(
        "{} taken out by the commit under test; its base has {}",
        are(&gone),
        if gone.len() == 1 { "it" } else { "them" }
    );
    let key = format!("{FOLDER}/custom");
    (!head.tests.contains_key(&Tier::Custom)).then(|| Softened { key, tiers: [Tier::Custom].into(), words })
}

fn are(tests: &[String]) -> String {
    let (what, verb) = if tests.len() == 1 { ("test", "was") } else { ("tests", "were") };
    format!("the {what} {} {verb}", tests.join(", "))
}
