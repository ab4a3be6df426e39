//! What would keep a server from its work: settings, secrets, the forge, the folder.

use super::plan;
use cc_ci_model::exit;
use cc_ci_model::serving::ServingSettings;
use cc_ci_runner::error::RunnerError;
use cc_ci_server::KnownForge;
use cc_ci_store::state::StateFolder;
use cc_ci_terminal as terminal;

/// So many seconds may a forge's clock differ from ours before it is shown.
const SKEW: i64 = 5;

/// Asks each forge, and says what is missing. Nothing is started.
pub(super) async fn check(state: &StateFolder, settings: &ServingSettings) -> Result<u8, RunnerError> {
    let plan = plan::plan(state, settings)?;
    let mut bad = 0_usize;
    let mut line = |good: bool, text: &str| {
        bad += usize::from(!good);
        terminal::out(&format!("{} {text}\n", if good { "ok     " } else { "missing" }));
    };
    line(!plan.forges.is_empty(), "a forge in the settings");
    line(plan.public.is_some(), "`public_url`, without which no comment has a link");
    for forge in &plan.forges {
        for (good, text) in asked(forge).await {
            line(good, &format!("forge `{}`: {text}", forge.name));
        }
    }
    line(true, "the engine is looked at by `cc-ci doctor`");
    Ok(if bad == 0 { exit::GREEN } else { exit::RED })
}

/// What a forge says.
async fn asked(forge: &KnownForge) -> Vec<(bool, String)> {
    let mut lines = vec![match forge.door.identity().await {
        Ok(account) => (true, format!("the token is of `{}`", account.login)),
        Err(error) => (false, error.to_string()),
    }];
    match forge.door.now().await {
        Ok(theirs) => {
            let ours = cc_ci_server::clock();
            let ahead = theirs.seconds() - ours;
            lines.push((ahead.abs() <= SKEW, format!("its clock is {ahead} s ahead of ours")));
        }
        Err(error) => lines.push((false, error.to_string())),
    }
    lines.push((forge.statuses.is_some(), "a token for statuses, without which there are none".to_owned()));
    lines.push((forge.hooks.is_some(), "a secret of webhooks, without which comments are seen within 30 s".to_owned()));
    lines
}
