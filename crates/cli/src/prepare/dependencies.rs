//! Finds the dependencies of a recipe and reads them as far as a plan needs: their trees, the settings and the provider
//! scripts that the catalogue has for them. Touches git and files, never Docker.

use super::customize::{self, Customized, Overlays, catalogue};
use super::reading::Reading;
use super::warmth::{self, Warm, Warmth};
use super::{ZONE, allowed, app_environment, find, limits, overlaid, problems_error, route, version_tags};
use crate::args::RecipeArgs;
use crate::error::{Kind, UserError};
use cc_ci_engine::git::{Files, Repository};
use cc_ci_engine::run::app::Scripts;
use cc_ci_model::ids::{Commit, Domain, RecipeName, RunId, StackName};
use cc_ci_model::plan::build::HasRoute;
use cc_ci_model::plan::demands::{Health, Probe, Scheme};
use cc_ci_model::plan::dependency::{Dependency, Mode, ProviderRoute, TakenCapability};
use cc_ci_model::plan::own_tests::FOLDER;
use cc_ci_model::policy::Policy;
use cc_ci_model::settings::provided::DependencyRequest;
use cc_ci_model::settings::provides::{self, Provides};
use cc_ci_model::settings::{self, Settings};
use cc_ci_recipe::Recipe;
use cc_ci_recipe::secrets::SecretOrigin;
use cc_ci_recipe::traefik::RouteTls;
use cc_ci_recipe::version;
use cc_ci_store::state::StateFolder;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use tokio_util::sync::CancellationToken;

/// A dependency and everything that a run needs of it.
#[derive(Debug)]
pub struct Needed {
    /// What the plan says about it.
    pub planned: Dependency,
    /// Where its tree can be checked out from.
    pub repository: Repository,
    /// Its recipe, with the environment it is deployed in.
    pub recipe: Recipe,
    /// Compose files laid over its own.
    pub overlays: Overlays,
    /// The provider's scripts, by capability.
    pub scripts: BTreeMap<String, Scripts>,
    /// The warm one that the run uses.
    pub warm: Option<Warm>,
}

/// Where a run's dependencies are looked for.
pub(super) struct Search<'a> {
    pub(super) state: &'a StateFolder,
    pub(super) args: &'a RecipeArgs,
    pub(super) policy: &'a Policy,
    pub(super) run: &'a RunId,
    pub(super) warmth: &'a Warmth<'a>,
    pub(super) cancel: &'a CancellationToken,
}

/// The dependencies that `settings` of `name` ask for, in order, and what a reader should know about them.
pub(super) async fn needed(
    search: &Search<'_>,
    name: &RecipeName,
    settings: &Settings,
) -> Result<(Vec<Needed>, Vec<String>), UserError> {
    let unusable =
        |problems: Vec<_>| problems_error(Kind::Settings, format!("cannot use the settings of `{name}`"), &problems);
    let (mut found, mut notes) = (Vec::new(), Vec::new());
    for request in settings.requests(name).map_err(unusable)? {
        let provides = provider(search, settings, &request)?;
        if let Some((file, provides)) = &provides {
            provides.check(file, settings, &request).map_err(unusable)?;
        }
        let one = Box::pin(one(search, settings, &request, provides.map(|(_, provides)| provides).unwrap_or_default()));
        let (one, said) = one.await?;
        found.push(one);
        notes.extend(said);
    }
    Ok((found, notes))
}

/// What the catalogue says that the provider offers; needed only where something is taken from it.
fn provider(
    search: &Search<'_>,
    settings: &Settings,
    request: &DependencyRequest,
) -> Result<Option<(String, Provides)>, UserError> {
    let Some(capability) = request.capabilities.keys().next() else { return Ok(None) };
    let recipe = &request.recipe;
    let shown = format!("{}/{recipe}/{}", customize::CATALOGUE, provides::FILE);
    let folder = catalogue(search.state, search.args, recipe)?;
    let text = match folder.map(|folder| std::fs::read_to_string(folder.join(provides::FILE))) {
        Some(Ok(text)) => text,
        Some(Err(error)) if error.kind() != ErrorKind::NotFound => {
            return Err(UserError::new(Kind::Settings, format!("cannot read {shown}: {error}")));
        }
        Some(Err(_)) | None => {
            let hint = "the catalogue belongs to the operator; docs/guide/dependencies.md says what goes there";
            let key = format!("provided.{capability}");
            let problem = settings.contradiction(&key, &format!("there is no {shown}"), hint);
            let message = format!("nothing says how `{recipe}` provides `{capability}`");
            return Err(problems_error(Kind::Settings, message, &[problem]));
        }
    };
    let provides = Provides::read(&shown, &text).map_err(|problems| {
        problems_error(Kind::Settings, format!("cannot use what `{recipe}` provides"), &problems)
    })?;
    Ok(Some((shown, provides)))
}

async fn one(
    search: &Search<'_>,
    asking: &Settings,
    request: &DependencyRequest,
    provides: Provides,
) -> Result<(Needed, Vec<String>), UserError> {
    let recipe = &request.recipe;
    let (repository, commit, version) = newest(search, asking, recipe).await?;
    let files = repository.files(&commit).await?;
    let warm = search.warmth.of(search.state, recipe).await;
    let stack = StackName::of_run(recipe, &commit, search.run);
    let Tree { recipe: read, overlays, settings } = tree(search, recipe, &commit, &files, &stack)?;
    let scripts = scripts(search, request, &provides, &read)?;
    let mut notes = Vec::new();
    let asks = asks(&settings, &read, |probe| {
        notes.push(format!("{recipe}: the probe `{probe}` is left out: a dependency is only asked over HTTP"));
    });
    let (mode, why, warm) = match warm {
        Ok(warm) => (Mode::Warm, warm.why.clone(), Some(warm)),
        Err(why) => (Mode::Cold, why, None),
    };
    let mut planned = Dependency {
        recipe: recipe.clone(),
        commit,
        version,
        domain: Domain::of_stack(&stack, ZONE),
        stack,
        mode,
        why,
        route: asks,
        limits: settings.limits.over(limits(&read)),
        provides: taken(request, &provides),
    };
    if let Some(warm) = &warm {
        let up = &warm.record.provider;
        planned.commit = up.commit.clone();
        planned.version = up.version.clone();
        planned.stack = up.stack.clone();
        planned.domain = up.domain.clone();
        planned.route = up.route.clone();
    }
    Ok((Needed { planned, repository, recipe: read, overlays, scripts, warm }, notes))
}

/// The newest published version of a dependency, else the tip of its default branch.
async fn newest(
    search: &Search<'_>,
    settings: &Settings,
    recipe: &RecipeName,
) -> Result<(Repository, Commit, Option<String>), UserError> {
    let found = newest_of(search.state, recipe, search.cancel).await;
    found.map_err(|error| UserError {
        message: format!("the dependency `{recipe}` cannot be had: {}", error.message),
        kind: if error.kind == Kind::Cancelled { error.kind } else { Kind::Recipe },
        location: Some(format!("{}: dependencies", settings.place("dependencies"))),
        hint: Some(format!("put its repository into `recipes/{recipe}` of the state folder, or correct its name")),
    })
}

async fn newest_of(
    state: &StateFolder,
    recipe: &RecipeName,
    cancel: &CancellationToken,
) -> Result<(Repository, Commit, Option<String>), UserError> {
    let source = find(state, recipe.as_str())?;
    let repository = Repository::open(&source, &state.repositories(), cancel.clone()).await?;
    let published = version::published(&version_tags(repository.tags().await?));
    if let Some(newest) = published.versions.last() {
        let commit = Commit::parse(&newest.commit).map_err(|error| UserError::internal(error.to_string()))?;
        return Ok((repository, commit, Some(newest.tag.clone())));
    }
    let commit = match repository.default_branch_tip().await? {
        Some((_, commit)) => commit,
        None => repository.resolve("HEAD").await?,
    };
    Ok((repository, commit, None))
}

/// A provider as `cc-ci warm up` deploys it, and the catalogue's folder for it.
pub(crate) async fn warm(
    state: &StateFolder,
    args: &RecipeArgs,
    recipe: &RecipeName,
    cancel: &CancellationToken,
) -> Result<(Needed, Option<PathBuf>), UserError> {
    let (repository, commit, version) = newest_of(state, recipe, cancel).await?;
    let files = repository.files(&commit).await?;
    let plain: String = recipe.as_str().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let stack = StackName::observed(&format!("warm-{}", plain.to_ascii_lowercase()));
    let policy = allowed::policy(state, args)?;
    let tree = dependency_tree(state, args, &policy, recipe, &commit, &files, &app_environment(&stack))?;
    let planned = Dependency {
        recipe: recipe.clone(),
        commit,
        version,
        domain: Domain::of_stack(&stack, ZONE),
        stack,
        mode: Mode::Warm,
        why: "it was brought up by hand".to_owned(),
        route: asks(&tree.settings, &tree.recipe, |_| {}),
        limits: tree.settings.limits.over(limits(&tree.recipe)),
        provides: Vec::new(),
    };
    let folder = catalogue(state, args, recipe)?;
    if let Some(folder) = &folder {
        // What runs will ask for should not turn out to be wrong only then.
        all_scripts(folder, recipe, &tree.recipe.compose.services.keys().map(String::as_str).collect::<Vec<_>>())?;
    }
    let (recipe, overlays) = (tree.recipe, tree.overlays);
    Ok((Needed { planned, repository, recipe, overlays, scripts: BTreeMap::new(), warm: None }, folder))
}

/// The scripts of every capability of a warm provider, as the catalogue has them now.
pub(crate) fn scripts_of(record: &warmth::Record) -> Result<BTreeMap<String, Scripts>, UserError> {
    match &record.catalogue {
        Some(folder) => all_scripts(folder, &record.provider.recipe, &[]),
        None => Ok(BTreeMap::new()),
    }
}

/// The scripts of everything that a catalogue's folder offers.
fn all_scripts(
    folder: &Path,
    provider: &RecipeName,
    services: &[&str],
) -> Result<BTreeMap<String, Scripts>, UserError> {
    let shown = format!("{}/{provider}/{}", customize::CATALOGUE, provides::FILE);
    let text = match std::fs::read_to_string(folder.join(provides::FILE)) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(UserError::new(Kind::Settings, format!("cannot read {shown}: {error}"))),
    };
    let provides = Provides::read(&shown, &text).map_err(|problems| {
        problems_error(Kind::Settings, format!("cannot use what `{provider}` provides"), &problems)
    })?;
    let all = provides.capabilities.iter();
    all.map(|(name, one)| Ok((name.clone(), read_scripts(folder, provider, name, one, services)?))).collect()
}

/// A dependency as it is deployed.
struct Tree {
    recipe: Recipe,
    overlays: Overlays,
    settings: Settings,
}

/// Reads a dependency under its own settings, and refuses what cannot be a dependency.
fn tree(
    search: &Search<'_>,
    name: &RecipeName,
    commit: &Commit,
    files: &Files,
    stack: &StackName,
) -> Result<Tree, UserError> {
    let Search { state, args, policy, .. } = search;
    dependency_tree(state, args, policy, name, commit, files, &app_environment(stack))
}

/// Reads a recipe as it is deployed as a dependency in the environment `app`.
fn dependency_tree(
    state: &StateFolder,
    args: &RecipeArgs,
    policy: &Policy,
    name: &RecipeName,
    commit: &Commit,
    files: &Files,
    app: &BTreeMap<String, String>,
) -> Result<Tree, UserError> {
    // `--tests` is about the recipe under test.
    let args = RecipeArgs { tests: None, ..args.clone() };
    let customized = Customized::read(state, &args, name, files)?;
    if !customized.settings.dependencies.is_empty() {
        let place = customized.settings.place("dependencies");
        return Err(UserError::new(Kind::Settings, format!("the dependency `{name}` has dependencies of its own"))
            .at(format!("{place}: dependencies: dependencies of dependencies are not part of this version"))
            .hint(format!("give it what it needs by the settings in {}/{name}", customize::CATALOGUE)));
    }
    let of_dependency = |error: UserError| UserError { message: format!("dependency: {}", error.message), ..error };
    let environment = customized.base_environment(app)?;
    let reading = Reading { name, commit, files, environment: &environment };
    let (mut recipe, _) = reading.read(&Vec::new()).map_err(of_dependency)?;
    let overlays = overlaid(Vec::new(), customized.variables(&recipe)?.text(&recipe));
    if !overlays.is_empty() {
        (recipe, _) = reading.read(&overlays).map_err(of_dependency)?;
    }
    allowed::allowed(&recipe, commit.short(), policy)?;
    if let Some(secret) = recipe.secrets.iter().find(|secret| secret.origin == SecretOrigin::Inserted) {
        let variable = secret.variable.clone().unwrap_or_default();
        return Err(UserError::new(
            Kind::Settings,
            format!("nobody gives the secret `{}` of `{name}` a value", secret.id),
        )
        .at(format!("{name}: .env.sample: {variable}: `generate=false` leaves it to the operator"))
        .hint("a recipe that cannot come up by itself cannot be a dependency yet"));
    }
    Ok(Tree { recipe, overlays, settings: customized.settings })
}

/// The texts of the scripts of everything that is asked for.
fn scripts(
    search: &Search<'_>,
    request: &DependencyRequest,
    provides: &Provides,
    recipe: &Recipe,
) -> Result<BTreeMap<String, Scripts>, UserError> {
    let folder = catalogue(search.state, search.args, &request.recipe)?.unwrap_or_default();
    let services: Vec<&str> = recipe.compose.services.keys().map(String::as_str).collect();
    let asked = provides.capabilities.iter().filter(|(name, _)| request.capabilities.contains_key(*name));
    let mut found = BTreeMap::new();
    for (name, capability) in asked {
        found.insert(name.clone(), read_scripts(&folder, &request.recipe, name, capability, &services)?);
    }
    Ok(found)
}

/// The texts of the scripts of one capability; `services` is what the provider has, if that is known.
fn read_scripts(
    folder: &Path,
    provider: &RecipeName,
    name: &str,
    capability: &provides::Capability,
    services: &[&str],
) -> Result<Scripts, UserError> {
    let shown = |path: &str| format!("{}/{provider}/{path}", customize::CATALOGUE);
    let refuse = |key: &str, what: String| {
        UserError::new(Kind::Settings, format!("cannot use what `{provider}` provides"))
            .at(format!("{}: {name}.{key}: {what}", shown(provides::FILE)))
    };
    if !services.is_empty() && !services.contains(&capability.service.as_str()) {
        let what = format!("there is no service `{}`: it has {}", capability.service, services.join(", "));
        return Err(refuse("service", what));
    }
    let text = |key: &str, path: &String| {
        std::fs::read_to_string(folder.join(path))
            .map_err(|error| refuse(key, format!("cannot read {}: {error}", shown(path))))
    };
    Ok(Scripts {
        service: capability.service.clone(),
        create: text("create", &capability.create)?,
        delete: text("delete", &capability.delete)?,
        list: text("list", &capability.list)?,
    })
}

/// How a dependency is asked; `left_out` hears of each probe that cannot be made.
fn asks(settings: &Settings, recipe: &Recipe, mut left_out: impl FnMut(&str)) -> Option<ProviderRoute> {
    let mut asks = vec![settings.health.clone()];
    for probe in &settings.ready {
        match probe {
            Probe::Http { path, statuses } => {
                asks.push(Health { path: path.clone(), statuses: statuses.clone(), scheme: None });
            }
            Probe::Tcp { .. } => left_out(&probe.name()),
        }
    }
    match route(recipe) {
        HasRoute::None => None,
        HasRoute::Http => {
            let tls = recipe.routes.iter().any(|route| route.tls != RouteTls::Off);
            let own = if tls { Scheme::Https } else { Scheme::Http };
            Some(ProviderRoute { scheme: settings.health.scheme.unwrap_or(own), asks })
        }
    }
}

fn taken(request: &DependencyRequest, provides: &Provides) -> Vec<TakenCapability> {
    let one = |(name, provided): (&String, &settings::provided::Provided)| {
        let capability = provides.capabilities.get(name)?;
        Some(TakenCapability {
            capability: name.clone(),
            service: capability.service.clone(),
            inputs: provided.inputs.clone(),
            outputs: capability.outputs.clone(),
            secret_outputs: capability.secrets.clone(),
            env: provided.env.clone(),
            secrets: provided.secrets.clone(),
            tests: provided.tests.clone(),
        })
    };
    request.capabilities.iter().filter_map(one).collect()
}

/// Refuses tests that are to need something and that are not there.
pub(super) fn known_tests<'a>(
    name: &RecipeName,
    settings: &Settings,
    known: impl Iterator<Item = &'a String> + Clone,
) -> Result<(), UserError> {
    for (capability, provided) in &settings.provided {
        let Some(missing) = provided.tests.iter().find(|test| !known.clone().any(|one| one == *test)) else { continue };
        let key = format!("provided.{capability}.tests");
        let tests: Vec<&str> = known.map(String::as_str).collect();
        let tests = if tests.is_empty() { "none".to_owned() } else { tests.join(", ") };
        return Err(UserError::new(Kind::Settings, format!("cannot use the settings of `{name}`"))
            .at(format!("{}: {key}: there is no test `{missing}` that would run", settings.place(&key)))
            .hint(format!("the tests are {tests}, below `{FOLDER}`")));
    }
    Ok(())
}

/// What a run is changed by because of its dependencies, for the manifest.
pub(super) fn manifest(dependencies: &[Needed]) -> BTreeMap<String, String> {
    let mut lines = BTreeMap::new();
    for needed in dependencies {
        let Dependency { recipe, mode, why, .. } = &needed.planned;
        let shown = needed.planned.shown();
        lines.insert(format!("dependency {recipe}"), format!("{shown}, {mode}: {why}"));
    }
    if !dependencies.is_empty() {
        let what = "every service trusts the authorities of the run and of warm dependencies beside the system's \
                    (config `cc-ci-authorities`; SSL_CERT_FILE, REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE and \
                    NODE_EXTRA_CA_CERTS where the recipe sets none)";
        lines.insert("authorities".to_owned(), what.to_owned());
    }
    lines
}
