//! Finds the dependencies of a recipe and reads them as far as a plan needs: their trees, the settings and the provider
//! scripts that the catalogue has for them. Touches git and files, never Docker.

mod shared;

use super::allowed::Allowance;
use super::customize::{self, Customized, catalogue};
use super::find::{self, app_environment};
use super::snapshot::Snapshot;
use super::tree::{Rules, Tree, TreeAt, label};
use super::warmth::Warm;
use super::{Looking, ZONE, limits, route};
use crate::error::{ErrorKind, RunnerError};
use crate::request::Request;
use cc_ci_engine::git::Repository;
use cc_ci_engine::run::app::Scripts;
use cc_ci_model::ids::{Commit, Domain, RecipeName, RunId, StackName};
use cc_ci_model::plan::build::HasRoute;
use cc_ci_model::plan::demands::{Health, Probe, Scheme};
use cc_ci_model::plan::dependency::{Dependency, Mode, ProviderRoute, TakenCapability};
use cc_ci_model::plan::own_tests::FOLDER;
use cc_ci_model::policy::{PolicyFile, RepositoryAddress};
use cc_ci_model::settings::provided::DependencyRequest;
use cc_ci_model::settings::provides::{self, Provides};
use cc_ci_model::settings::{self, Settings};
use cc_ci_recipe::AppEnvironment;
use cc_ci_recipe::Recipe;
use cc_ci_recipe::secrets::SecretOrigin;
use cc_ci_recipe::source::Problem;
use cc_ci_recipe::traefik::http_scheme;
use cc_ci_recipe::version::{self, Publications};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

pub(crate) use shared::{Stay, scripts_of, shared, warm_at};

/// A dependency and everything that a run needs of it.
#[derive(Debug)]
pub struct DependencyTree {
    /// What the plan says about it.
    pub planned: Dependency,
    /// The commit that is deployed.
    pub tree: Tree,
    /// The provider's scripts, by capability.
    pub scripts: BTreeMap<String, Scripts>,
    /// The warm one that the run uses.
    pub warm: Option<Warm>,
}

/// Where a run's dependencies are looked for.
pub(crate) struct Search<'a> {
    pub(crate) request: &'a Request,
    pub(crate) run: &'a RunId,
    pub(crate) policy: &'a PolicyFile,
    pub(crate) looking: &'a Looking<'a>,
}

/// The dependencies that `settings` of `name` ask for, in order, and what a reader should know about them.
pub(crate) async fn needed(
    search: &Search<'_>,
    name: &RecipeName,
    settings: &Settings,
) -> Result<(Vec<DependencyTree>, Vec<String>), RunnerError> {
    let unusable = |problems: Vec<Problem>| {
        RunnerError::of_problems(ErrorKind::Settings, format!("cannot use the settings of `{name}`"), &problems)
    };
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
) -> Result<Option<(String, Provides)>, RunnerError> {
    let Some(capability) = request.capabilities.keys().next() else { return Ok(None) };
    let recipe = &request.recipe;
    let shown = format!("{}/{recipe}/{}", customize::CATALOGUE, provides::FILE);
    let folder = catalogue(search.looking.state, search.request, recipe)?;
    let text = match folder.map(|folder| std::fs::read_to_string(folder.join(provides::FILE))) {
        Some(Ok(text)) => text,
        Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => {
            return Err(RunnerError::new(ErrorKind::Settings, format!("cannot read {shown}: {error}")));
        }
        Some(Err(_)) | None => {
            let hint = "the catalogue belongs to the operator; docs/guide/dependencies.md says what goes there";
            let key = format!("provided.{capability}");
            let problem = settings.contradiction(&key, &format!("there is no {shown}"), hint);
            let message = format!("nothing says how `{recipe}` provides `{capability}`");
            return Err(RunnerError::of_problems(ErrorKind::Settings, message, &[problem]));
        }
    };
    let provides = Provides::read(&shown, &text).map_err(|problems| {
        RunnerError::of_problems(ErrorKind::Settings, format!("cannot use what `{recipe}` provides"), &problems)
    })?;
    Ok(Some((shown, provides)))
}

async fn one(
    search: &Search<'_>,
    asking: &Settings,
    request: &DependencyRequest,
    provides: Provides,
) -> Result<(DependencyTree, Vec<String>), RunnerError> {
    let recipe = &request.recipe;
    let newest = newest(search, asking, recipe).await?;
    let warm = search.looking.warmth.of(search.looking.state, recipe).await?;
    let stack = StackName::of_run(recipe, &newest.commit, search.run);
    let (tree, settings) = tree(search.request, search.policy, search.looking, recipe, &newest, &stack).await?;
    let scripts = scripts(search, request, &provides, &tree.recipe)?;
    let mut notes = Vec::new();
    let asks = asks(&settings, &tree.recipe, |probe| {
        notes.push(format!("{recipe}: the probe `{probe}` is left out: a dependency is only asked over HTTP"));
    });
    let (mode, why, warm) = match warm {
        Ok(warm) => (Mode::Warm, warm.why.clone(), Some(warm)),
        Err(why) => (Mode::Cold, why, None),
    };
    let mut planned = Dependency {
        recipe: recipe.clone(),
        commit: newest.commit,
        version: newest.version,
        domain: Domain::of_stack(&stack, ZONE),
        stack,
        mode,
        why,
        route: asks,
        limits: settings.limits.over(limits(&tree.recipe)),
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
    Ok((DependencyTree { planned, tree, scripts, warm }, notes))
}

/// What is deployed of a dependency.
struct Newest {
    repository: Repository,
    address: RepositoryAddress,
    commit: Commit,
    /// The published version, if it is one.
    version: Option<String>,
}

/// The newest published version of a dependency, else the tip of its default branch.
async fn newest(search: &Search<'_>, settings: &Settings, recipe: &RecipeName) -> Result<Newest, RunnerError> {
    let found = newest_of(recipe, search.looking).await;
    found.map_err(|error| {
        RunnerError {
            message: format!("the dependency `{recipe}` cannot be had: {}", error.message),
            kind: if error.kind == ErrorKind::Cancelled { error.kind } else { ErrorKind::Recipe },
            problems: Vec::new(),
            hint: Some(format!("put its repository into `recipes/{recipe}` of the state folder, or correct its name")),
            source: error.source,
        }
        .at(format!("{}: dependencies", settings.place("dependencies")))
    })
}

/// A recipe's repository, and the versions that it publishes, oldest first.
pub(crate) async fn published(
    recipe: &RecipeName,
    looking: &Looking<'_>,
) -> Result<(Repository, Publications), RunnerError> {
    let (_, repository) = find::repository(recipe.as_str(), looking).await?;
    let published = version::published(&repository.tags().await?);
    Ok((repository, published))
}

async fn newest_of(recipe: &RecipeName, looking: &Looking<'_>) -> Result<Newest, RunnerError> {
    let (repository, published) = published(recipe, looking).await?;
    let address = find::address(recipe.as_str(), looking, &repository).await?;
    if let Some(newest) = published.versions.last() {
        let commit = Commit::parse(&newest.commit).map_err(|error| RunnerError::internal(error.to_string()))?;
        return Ok(Newest { repository, address, commit, version: Some(newest.tag.clone()) });
    }
    let commit = match repository.default_branch_tip().await? {
        Some((_, commit)) => commit,
        None => repository.resolve("HEAD").await?,
    };
    Ok(Newest { repository, address, commit, version: None })
}

/// Reads a dependency under its own settings, and refuses what cannot be a dependency.
async fn tree(
    request: &Request,
    policy: &PolicyFile,
    looking: &Looking<'_>,
    name: &RecipeName,
    newest: &Newest,
    stack: &StackName,
) -> Result<(Tree, Settings), RunnerError> {
    let files = newest.repository.files(&newest.commit).await?;
    // The tests folder of the request is about the recipe under test.
    let request = Request { tests: None, ..request.clone() };
    let customized = Customized::read(looking.state, &request, name, &files)?;
    if !customized.settings.dependencies.is_empty() {
        let place = customized.settings.place("dependencies");
        return Err(RunnerError::new(
            ErrorKind::Settings,
            format!("the dependency `{name}` has dependencies of its own"),
        )
        .at(format!("{place}: dependencies: dependencies of dependencies are not part of this version"))
        .hint(format!("give it what it needs by the settings in {}/{name}", customize::CATALOGUE)));
    }
    let at = TreeAt {
        repository: &newest.repository,
        name,
        snapshot: Snapshot::Commit(newest.commit.clone()),
        label: label(newest.version.as_ref(), &newest.commit),
        environment: AppEnvironment::New(
            customized.base_environment(&app_environment(stack, &Domain::of_stack(stack, ZONE)))?,
        ),
        repairs: Vec::new(),
    };
    let variables = |recipe: &Recipe| customized.variables(recipe);
    let allowance = Allowance::of(policy, newest.address.clone(), looking.state, &request);
    let rules = Rules { allowance: &allowance, shown: newest.commit.short(), variables: &variables };
    let tree = Tree::of_files(at, files, &rules)
        .map_err(|error| RunnerError { message: format!("dependency: {}", error.message), ..error })?;
    comes_up_by_itself(name, &tree.recipe)?;
    Ok((tree, customized.settings))
}

/// Nobody gives a dependency the secrets that only its operator knows.
fn comes_up_by_itself(name: &RecipeName, recipe: &Recipe) -> Result<(), RunnerError> {
    let inserted = recipe.secrets.iter().find(|secret| secret.origin == SecretOrigin::Inserted);
    let Some(secret) = inserted else { return Ok(()) };
    let variable = secret.variable.clone().unwrap_or_default();
    Err(RunnerError::new(ErrorKind::Settings, format!("nobody gives the secret `{}` of `{name}` a value", secret.id))
        .at(format!("{name}: .env.sample: {variable}: `generate=false` leaves it to the operator"))
        .hint("a recipe that cannot come up by itself cannot be a dependency yet"))
}

/// The texts of the scripts of everything that is asked for.
fn scripts(
    search: &Search<'_>,
    request: &DependencyRequest,
    provides: &Provides,
    recipe: &Recipe,
) -> Result<BTreeMap<String, Scripts>, RunnerError> {
    let folder = catalogue(search.looking.state, search.request, &request.recipe)?.unwrap_or_default();
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
) -> Result<Scripts, RunnerError> {
    let shown = |path: &str| format!("{}/{provider}/{path}", customize::CATALOGUE);
    let refuse = |key: &str, what: String| {
        RunnerError::new(ErrorKind::Settings, format!("cannot use what `{provider}` provides"))
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
                asks.push(Health { path: path.clone(), statuses: statuses.clone(), ..Health::default() });
            }
            Probe::Tcp { .. } => left_out(&probe.name()),
        }
    }
    match route(recipe) {
        HasRoute::None => None,
        HasRoute::Http => {
            let own = if http_scheme(&recipe.routes) == Some("https") { Scheme::Https } else { Scheme::Http };
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
pub(crate) fn known_tests<'a>(
    name: &RecipeName,
    settings: &Settings,
    known: impl Iterator<Item = &'a String> + Clone,
) -> Result<(), RunnerError> {
    for (capability, provided) in &settings.provided {
        let Some(missing) = provided.tests.iter().find(|test| !known.clone().any(|one| one == *test)) else { continue };
        let key = format!("provided.{capability}.tests");
        let tests: Vec<&str> = known.map(String::as_str).collect();
        let tests = if tests.is_empty() { "none".to_owned() } else { tests.join(", ") };
        return Err(RunnerError::new(ErrorKind::Settings, format!("cannot use the settings of `{name}`"))
            .at(format!("{}: {key}: there is no test `{missing}` that would run", settings.place(&key)))
            .hint(format!("the tests are {tests}, below `{FOLDER}`")));
    }
    Ok(())
}

/// What a run is changed by because of its dependencies, for the manifest.
pub(crate) fn manifest(dependencies: &[DependencyTree]) -> BTreeMap<String, String> {
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
