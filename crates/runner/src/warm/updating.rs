//! `cc-ci warm update`: moves providers to newer versions, with a way back (WARM-5).

use super::going::{Back, Going, StepError, Tools, Which};
use super::mending;
use crate::error::{ErrorKind, RunnerError};
use crate::prepare::Looking;
use crate::prepare::dependencies;
use crate::prepare::warmth::{self, Record};
use crate::providers::{self, Alert, Became};
use crate::request::{EngineChoice, Request, Say};
use cc_ci_engine::run::Cancel;
use cc_ci_engine::warm;
use cc_ci_engine::warm::updating::LaidOut;
use cc_ci_model::ids::{Commit, RecipeName};
use cc_ci_model::warm::choice::{self, Unfit, UpdateDecision, UpdateTarget, UpdateWish, WarmStanding};
use cc_ci_model::warm::notes::Note;
use cc_ci_model::warm::steps::{ORDER, Stage, UpdateStep};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

/// How an update is to be done.
#[derive(Debug, Clone)]
pub struct UpdateRequest {
    /// The version; `None` is the newest, unless a person has to look first.
    pub version: Option<String>,
    /// How long to wait for whoever uses the provider.
    pub patience: Duration,
    /// How long it has to stay healthy.
    pub steady: Duration,
}

/// What became of one provider.
#[derive(Debug)]
pub enum Updated {
    /// Nothing was to be done.
    UpToDate {
        /// What is up.
        up: String,
        /// Why.
        why: String,
    },
    /// A person has to look first; nothing was changed.
    Held(Held),
    /// It is up at the new version, with its data.
    Updated {
        /// The version before.
        from: String,
        /// The one that is up.
        to: String,
    },
    /// The old version is up, with its data; the alert says why.
    RolledBack(Alert),
    /// It is not up as it was.
    Broken {
        /// What is written down about it.
        alert: Alert,
        /// What a person can do.
        by_hand: Vec<String>,
    },
}

/// An update that waits for a person.
#[derive(Debug, Clone)]
pub struct Held {
    /// What is up.
    pub from: String,
    /// What it would be updated to.
    pub to: String,
    /// Why a person has to look.
    pub why: Vec<String>,
}

/// What an update would come to, as far as the repository says.
#[derive(Debug)]
pub enum Aim {
    /// Nothing is to be done.
    UpToDate(String),
    /// A person has to look first.
    Held(Held),
    /// This version, by its tag and commit.
    Update(String, Commit),
}

/// Looks what an update would come to. Nothing of the provider is touched.
pub async fn aim(record: &Record, wish: UpdateWish<'_>, looking: &Looking<'_>) -> Result<Aim, RunnerError> {
    let up = &record.provider;
    let (repository, published) = dependencies::published(&up.recipe, looking).await?;
    let standing = WarmStanding { version: up.version.as_deref(), commit: &up.commit };
    let to = match choice::target(&standing, &published.versions, wish) {
        Ok(UpdateTarget::None(why)) => return Ok(Aim::UpToDate(why.to_string())),
        Ok(UpdateTarget::Some(to)) => to,
        Err(unfit) => return Err(refused(&up.recipe, up.shown(), wish, &unfit)),
    };
    let commit = Commit::parse(&to.commit).map_err(|error| RunnerError::internal(error.to_string()))?;
    let files = repository.files(&commit).await?;
    let notes: Vec<Note> = files.text.iter().filter_map(|(path, text)| Note::read(path, text)).collect();
    Ok(match choice::decide(&standing, to, wish, &notes) {
        UpdateDecision::Update => Aim::Update(to.tag.clone(), commit),
        UpdateDecision::Held(why) => {
            let why = why.iter().map(ToString::to_string).collect();
            Aim::Held(Held { from: up.shown().to_owned(), to: to.tag.clone(), why })
        }
    })
}

fn refused(recipe: &RecipeName, up: &str, wish: UpdateWish<'_>, unfit: &Unfit) -> RunnerError {
    let wanted = match wish {
        UpdateWish::Newest => "the newest version",
        UpdateWish::Version(wanted) => wanted,
    };
    let usage = |what: String| RunnerError::new(ErrorKind::Usage, what);
    match unfit {
        Unfit::NotPublished => usage(format!("`{recipe}` has no published version `{wanted}`"))
            .hint("name a tag of its repository, such as `1.2.3+4.5`"),
        Unfit::Older => usage(format!("{wanted} is older than {up}, which is up, and data does not go back"))
            .hint(format!("`cc-ci warm down {recipe}` removes it with its data, and `cc-ci warm up` begins anew")),
    }
}

/// Updates one provider.
pub async fn update(
    recipe: &RecipeName,
    wanted: &UpdateRequest,
    (request, looking): (&Request, &Looking<'_>),
    engine: &EngineChoice,
    cancel: &Cancel,
    say: &Say,
) -> Result<Updated, RunnerError> {
    let state = looking.state;
    let up = || warmth::read(state, recipe)?.ok_or_else(|| not_up(recipe));
    let first = up()?;
    let doors = engine.open().await?;
    let tools = Tools { request, looking, engine, doors: &doors, cancel, say };
    if let Some(Back::Broken { alert, by_hand }) = mending::mend(&tools, recipe).await? {
        return Ok(Updated::Broken { alert, by_hand });
    }
    let wish = wanted.version.as_deref().map_or(UpdateWish::Newest, UpdateWish::Version);
    if let Err(done) = on(recipe, &first, wish, looking).await? {
        return Ok(done);
    }
    let alone = mending::alone(state, recipe, wanted.patience, cancel, say).await?;
    // Another process may have been at it meanwhile.
    let record = up()?;
    if providers::journal(state, recipe)?.is_some() {
        let what = format!("another update of the warm {recipe} was killed just now");
        return Err(RunnerError::new(ErrorKind::Infrastructure, what)
            .hint(format!("`cc-ci warm update {recipe}` puts that right first")));
    }
    let at = match on(recipe, &record, wish, looking).await? {
        Ok(at) => at,
        Err(done) => return Ok(done),
    };
    warm::health(&doors, &record.run, &record.provider, &record.authority).await.map_err(|why| unwell(recipe, &why))?;
    Box::pin(perform(Going::open(&tools, record, alone).await?, &tools, at, wanted.steady)).await
}

/// The version to move to; the inner `Err` is what becomes of a provider that does not move.
async fn on(
    recipe: &RecipeName,
    record: &Record,
    wish: UpdateWish<'_>,
    looking: &Looking<'_>,
) -> Result<Result<(String, Commit), Updated>, RunnerError> {
    let state = looking.state;
    Ok(match aim(record, wish, looking).await? {
        Aim::Update(version, commit) => Ok((version, commit)),
        Aim::Held(held) => Err(Updated::Held(held)),
        Aim::UpToDate(why) => {
            // What went wrong with an update that is not there any more concerns nobody, unless it is still broken.
            match providers::alert(state, recipe)?.map(|alert| alert.became) {
                Some(Became::RolledBack) => providers::put_alert(state, recipe, None)?,
                Some(Became::Broken(_)) | None => {}
            }
            Err(Updated::UpToDate { up: record.provider.shown().to_owned(), why })
        }
    })
}

fn not_up(recipe: &RecipeName) -> RunnerError {
    RunnerError::new(ErrorKind::Usage, format!("no warm {recipe} is up"))
        .hint(format!("`cc-ci warm up {recipe}` brings the newest version up"))
}

fn unwell(recipe: &RecipeName, why: &str) -> RunnerError {
    let what = format!("the warm {recipe} is not healthy, so nobody could go back to it: {why}");
    RunnerError::new(ErrorKind::Infrastructure, what)
        .hint(format!("nothing was changed; `cc-ci warm down {recipe}` removes it with its data"))
}

/// What the steps have made so far.
#[derive(Default)]
struct Made {
    old: Option<LaidOut>,
    new: Option<(LaidOut, Option<PathBuf>)>,
    /// The namespaces that are in it.
    namespaces: BTreeSet<(String, String)>,
}

/// One step after the other; the first that fails leads back.
async fn perform(
    going: Going<'_>,
    tools: &Tools<'_>,
    at: (String, Commit),
    steady: Duration,
) -> Result<Updated, RunnerError> {
    let (from, to) = (going.record.provider.shown().to_owned(), at.0.clone());
    let mut made = Made::default();
    for step in ORDER {
        going.say(&said(step, &from, &to, steady));
        if let Err(error) = take(&going, tools, step, &mut made, &at, steady).await {
            return Box::pin(back(going, tools, (step, error), made.old, &to)).await;
        }
    }
    let (new, catalogue) = made.new.ok_or_else(|| RunnerError::internal("no version was laid out"))?;
    going.keep(new, catalogue).await?;
    Ok(Updated::Updated { from, to })
}

fn said(step: UpdateStep, from: &str, to: &str, steady: Duration) -> String {
    match step {
        UpdateStep::Prepare => format!("preparing {from} and {to}"),
        UpdateStep::Note => "writing down what is about to be done".to_owned(),
        UpdateStep::Stop => format!("stopping {from}"),
        UpdateStep::Save => "saving its volumes".to_owned(),
        UpdateStep::Redeploy => {
            format!("deploying {to} in its place; it has to stay healthy for {} s", steady.as_secs())
        }
        UpdateStep::Keep => format!("keeping {to}"),
    }
}

async fn take(
    going: &Going<'_>,
    tools: &Tools<'_>,
    step: UpdateStep,
    made: &mut Made,
    (version, commit): &(String, Commit),
    steady: Duration,
) -> Result<(), StepError> {
    let new = |made: &Made| -> Result<LaidOut, StepError> {
        let new = made.new.as_ref().map(|(new, _)| new.clone());
        Ok(new.ok_or_else(|| RunnerError::internal("no version was laid out"))?)
    };
    match step {
        UpdateStep::Prepare => {
            made.namespaces = super::namespaces(tools.doors, &going.record).await?;
            made.old = Some(going.old(tools).await?);
            let at = (Some(version.clone()), commit.clone());
            made.new = Some(going.lay_out(tools, Which::New, at).await?);
            Ok(())
        }
        UpdateStep::Note => going.note(&new(made)?, Stage::Stopping),
        UpdateStep::Stop => going.stop().await,
        UpdateStep::Save => {
            let saved = going.save().await?;
            going.note(&new(made)?, Stage::Changing { saved })
        }
        UpdateStep::Redeploy => {
            going.redeploy(&new(made)?, steady).await?;
            // Its scripts have to work as before, and to find what they made.
            let found = super::namespaces(tools.doors, &going.record).await?;
            match made.namespaces.difference(&found).next() {
                Some((capability, name)) => Err(lost(capability, name).into()),
                None => Ok(()),
            }
        }
        // It ends what is going on, so it is done when every step before it is.
        UpdateStep::Keep => Ok(()),
    }
}

fn lost(capability: &str, name: &str) -> RunnerError {
    let what = format!("the new version does not have the namespace {name} of `{capability}` any more");
    RunnerError::new(ErrorKind::Recipe, what)
}

/// What is told about an update that failed at a step, once the old version is up again or is not.
async fn back(
    going: Going<'_>,
    tools: &Tools<'_>,
    (step, error): (UpdateStep, StepError),
    old: Option<LaidOut>,
    to: &str,
) -> Result<Updated, RunnerError> {
    let (recipe, from) = (going.record.provider.recipe.clone(), going.record.provider.shown().to_owned());
    let why = going.mask(&error);
    let told = |after: &str| error.told(&format!("the warm {recipe} cannot be updated to {to}: ")).hint(after);
    if step == UpdateStep::Prepare {
        going.remove_trees();
        return Err(told("nothing was changed"));
    }
    going.say(&format!("{why}; going back to {from}"));
    let state = tools.looking.state;
    // Whoever ends an update knows: nobody has to be told.
    let ended = tools.cancel.token().is_cancelled();
    let journal = providers::journal(state, &recipe)?.filter(|journal| !ended && journal.stage != Stage::Stopping);
    let alert = journal.map(|journal| going.alert(&journal, Became::RolledBack, &why));
    if let Some(alert) = &alert {
        providers::put_alert(state, &recipe, Some(alert))?;
    }
    match (going.back(tools, old, &why).await?, alert) {
        (Back::Broken { alert, by_hand }, _) => Ok(Updated::Broken { alert, by_hand }),
        (Back::Forgotten | Back::StartedAgain | Back::RolledBack, _) if ended => {
            let what = format!("the update of the warm {recipe} to {to} was ended");
            Err(RunnerError::new(ErrorKind::Cancelled, what).hint(format!("{from} is up again, with its data")))
        }
        (Back::RolledBack, Some(alert)) => Ok(Updated::RolledBack(alert)),
        (Back::Forgotten | Back::StartedAgain | Back::RolledBack, _) => {
            Err(told(&format!("{from} is up again, as it was")))
        }
    }
}
