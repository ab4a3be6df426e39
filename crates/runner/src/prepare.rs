//! From a request to an approved plan: finds the recipe, reads both trees, chooses the base. Touches git, never Docker.

mod addresses;
mod alike;
mod allowed;
mod base;
mod checked;
pub(crate) mod choosing;
mod coverage;
pub mod customize;
pub mod dependencies;
pub(crate) mod find;
mod kind;
pub(crate) mod linted;
mod own;
mod promotes;
mod scrutiny;
mod secrecy;
mod secrets;
pub(crate) mod snapshot;
pub(crate) mod tree;
pub mod warmth;

use crate::error::{ErrorKind, RunnerError};
use crate::request::{Places, Request};
use allowed::Allowance;
use base::wish;
use cc_ci_model::ids::RunId;
use cc_ci_model::plan::build::{self, BackupPromise, Data, HasConnections, HasOpenings, HasRoute, PlanFacts};
use cc_ci_model::plan::choose;
use cc_ci_model::plan::demands::Demands;
use cc_ci_model::plan::dependency::{Dependency, Outputs};
use cc_ci_model::plan::kind::Kind;
use cc_ci_model::plan::limits::Limits;
use cc_ci_model::plan::permit::Approved;
use cc_ci_model::plan::scrutiny::Scrutiny;
use cc_ci_model::policy::PolicyFile;
use cc_ci_model::redact::Configured;
use cc_ci_model::settings::Settings;
use cc_ci_recipe::AppEnvironment;
use cc_ci_recipe::Recipe;
use cc_ci_recipe::backup::Backup;
use cc_ci_recipe::lint::LintReport;
use cc_ci_recipe::opening;
use cc_ci_recipe::source::Problem;
use cc_ci_recipe::traefik::{self, RouteProtocol};
use cc_ci_recipe::version::Version;
use cc_ci_store::state::StateFolder;
use choosing::{ChosenBase, Subject, choose_base};
use customize::Customized;
use dependencies::{DependencyTree, Search};
use find::Found;
use kind::{Circumstances, Decided};
use linted::Compared;
use own::Own;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use tokio_util::sync::CancellationToken;
pub use tree::Tree;
use tree::{Rules, TreeAt, texts};
use warmth::Warmth;

/// Domains of runs lie below this; no resolver on the internet answers for it.
pub const ZONE: &str = "cc-ci.test";

/// Where a recipe and what it needs are looked for.
pub struct Looking<'a> {
    /// The state folder.
    pub state: &'a StateFolder,
    /// Folders outside of it.
    pub places: &'a Places,
    /// How warm dependencies are looked for.
    pub warmth: Warmth<'a>,
    /// Ends the search.
    pub cancel: &'a CancellationToken,
}

/// A plan and everything it was made from that a run needs again.
#[derive(Debug)]
pub struct Prepared {
    /// The plan with its permits.
    pub approved: Approved,
    /// The commit under test.
    pub head: Tree,
    /// Its base; `None` when the app starts at head.
    pub base: Option<Tree>,
    /// Other recipes that the app needs.
    pub needed: Vec<DependencyTree>,
    /// Values of secrets that cannot be generated, by name.
    pub given: BTreeMap<String, String>,
    /// The names of those that the recipe's own tests do not get.
    pub withheld: BTreeSet<String>,
    /// What the configuration of all trees holds in the way of secrets.
    pub configured: Configured,
    /// What lint says about head.
    pub lint: LintReport,
    /// Where tests are, besides the recipe's own folder.
    pub tests: TestFolders,
}

/// Folders with tests that are not the recipe's own, absolute.
#[derive(Debug, Clone, Default)]
pub struct TestFolders {
    /// The one that takes the place of the recipe's own.
    pub given: Option<PathBuf>,
    /// The catalogue's for the recipe.
    pub catalogue: Option<PathBuf>,
}

/// What the operator and the recipe say about the run.
struct Asked {
    customized: Customized,
    file: PolicyFile,
    allowance: Allowance,
}

impl Asked {
    fn of(request: &Request, looking: &Looking<'_>, found: &Found) -> Result<Self, RunnerError> {
        let customized = Customized::read(looking.state, request, &found.name, &found.files)?;
        let file = allowed::policy(looking.state, request)?;
        allowed::short_enough(&customized.settings, &file)?;
        let allowance = Allowance::of(&file, found.address.clone(), looking.state, request).with(&request.allow);
        Ok(Self { customized, file, allowance })
    }
}

/// Plans a run of what is asked for.
pub async fn prepare(request: &Request, run: &RunId, looking: &Looking<'_>) -> Result<Prepared, RunnerError> {
    let found = Found::find(request, run, looking).await?;
    let asked = Asked::of(request, looking, &found)?;
    let search = Search { request, run, policy: &asked.file, looking };
    let (needed, said) = dependencies::needed(&search, &found.name, &asked.customized.settings).await?;
    let planned: Vec<Dependency> = needed.iter().map(|needed| needed.planned.clone()).collect();
    let provided = Outputs::placeholders(&planned).environment(&planned);
    let texts = texts(&found.files);
    let version = linted::version_of(found.name.as_str(), &texts);
    let canonical = base::canonical(looking.state, &found.name, &asked.customized.settings)?;
    let subject = Subject { canonical: canonical.as_ref(), ..subject(&found, version.as_ref()) };
    let wish = wish(request, &asked.customized.settings)?;
    let ChosenBase { base, notes } = choose_base(&found.repository, &wish, &subject).await?;
    let own = own::own(request, &found.name, &found.files, &asked.customized, &asked.allowance.policy)?;
    let (settings, canonical) = (&asked.customized.settings, canonical.as_ref());
    let circumstances = Circumstances { settings, canonical, base, needed: &planned, own: &own };
    let Decided { kind, base, cold_after_all, app } = kind::decided(request, looking.state, &found, circumstances)?;
    let chosen = ChosenBase { base, notes };
    let base_files = base::files(&found, &chosen.base).await?;
    let compared = base_files.as_ref().map(|files| (&chosen.base, files));
    let (compared, unlinted) = linted::compared_with(&found.repository, &subject, compared).await;
    let trees = (base_files.as_ref().map(tree::texts), &texts);
    let (newer, work) = scrutiny::head_environment(&asked.customized, &app, &provided, (trees.0.as_ref(), trees.1))?;
    let head = read_head(&found, &asked, newer)?;
    let older = AppEnvironment::New(with(asked.customized.base_environment(&app)?, &provided));
    let at_base = (&chosen.base, base_files);
    let new_app = AppEnvironment::New(with(asked.customized.head_environment(&app)?, &provided));
    let base = base::read(&found, at_base, &asked.customized, &asked.allowance, &head.variables, older)?;
    alike::read_alike(request, [Some(&head), base.as_ref()])?;
    let lint = linted::lint(found.name.as_str(), &found.head, &found.files, &found.tags, compared.as_ref());
    let scrutiny = scrutiny::scrutiny(request, &asked.customized.settings, compared.as_ref(), &own.tests, work);
    let recipes = [Some(&head.recipe), base.as_ref().map(|base| &base.recipe)];
    let given = secrets::given_secrets(request, &asked.customized.settings, recipes, &kind)?;
    let own = own.after(request, compared.as_ref().map(Compared::tests)).of_kind(&kind).without(request, &given);
    let new = read_head(&found, &asked, new_app).ok();
    let uncovered = base.as_ref().map(|base| coverage::uncovered(base, &head, new.as_ref())).unwrap_or_default();
    let dropped_addresses =
        base.as_ref().map(|base| addresses::dropped(base, &head, &asked.customized.settings)).unwrap_or_default();
    let parts = Parts {
        request,
        run,
        kind,
        found: &found,
        asked: &asked,
        chosen,
        cold_after_all,
        said,
        unlinted,
        planned,
        needed: &needed,
        scrutiny,
        uncovered,
        dropped_addresses,
    };
    let (tests, withheld) = (own.folders.clone(), own.withheld.clone());
    let approved = parts.plan(&head, base.as_ref(), own)?;
    let configured = secrecy::secrecy(&approved.plan, &head, base.as_ref(), &needed, &given)?;
    Ok(Prepared { approved, head, base, needed, given, withheld, configured, lint, tests })
}

fn read_head(found: &Found, asked: &Asked, environment: AppEnvironment) -> Result<Tree, RunnerError> {
    let at = TreeAt {
        repository: &found.repository,
        name: &found.name,
        snapshot: found.head.clone(),
        label: found.head.label(),
        environment,
        repairs: Vec::new(),
    };
    let shown = format!("head, {}", found.head.shown());
    let variables = |recipe: &Recipe| asked.customized.variables(recipe);
    let rules = Rules { allowance: &asked.allowance, shown: &shown, variables: &variables };
    Tree::of_files(at, found.files.clone(), &rules)
}

fn subject<'a>(found: &'a Found, version: Option<&'a Version>) -> Subject<'a> {
    Subject { head: &found.head, version, published: &found.published, files: &found.files, canonical: None }
}

/// Everything that a plan is made from, beside the trees.
struct Parts<'a> {
    request: &'a Request,
    run: &'a RunId,
    kind: Kind,
    found: &'a Found,
    asked: &'a Asked,
    chosen: ChosenBase,
    cold_after_all: Option<String>,
    said: Vec<String>,
    unlinted: Option<String>,
    planned: Vec<Dependency>,
    needed: &'a [DependencyTree],
    scrutiny: Scrutiny,
    uncovered: Vec<String>,
    dropped_addresses: Vec<String>,
}

impl Parts<'_> {
    fn plan(self, head: &Tree, base: Option<&Tree>, own: Own) -> Result<Approved, RunnerError> {
        let settings = &self.asked.customized.settings;
        let name = &self.found.name;
        dependencies::known_tests(name, settings, own.tests.tests.values().flatten())?;
        checked::checked(settings, &head.recipe)?;
        let at_base = base.map_or(&head.recipe, |base| &base.recipe);
        let missing = |one: &&String| !at_base.compose.services.contains_key(*one);
        Ok(build::plan(PlanFacts {
            run: self.run.clone(),
            recipe: name.clone(),
            kind: self.kind.clone(),
            cold_after_all: self.cold_after_all.clone(),
            head: self.found.head.commit().clone(),
            head_version: head.recipe.version_label.clone(),
            stages: self.request.stages.clone(),
            zone: ZONE.to_owned(),
            route: route(&head.recipe),
            connections: connections(&head.recipe),
            openings: openings(&head.recipe),
            backup: backup(&head.recipe),
            data: data(&head.recipe),
            limits: settings.limits.over(limits(&head.recipe)).with_tests(own.written),
            demands: demands(settings),
            ready: settings.ready.clone(),
            not_at_base: head.recipe.compose.services.keys().filter(missing).cloned().collect(),
            verify: settings.verify.clone(),
            skips: checked::skips(settings),
            customization: self.manifest(head, base, &own),
            notes: self.notes(head, &own),
            promotion: promotes::planned(self.request, settings, self.found, &own.tests.hooks),
            untested: own.untested,
            tests: own.tests.tests,
            hooks: own.tests.hooks,
            base: self.chosen.base,
            dependencies: self.planned,
            scrutiny: self.scrutiny,
            uncovered: self.uncovered,
            dropped_addresses: self.dropped_addresses,
        }))
    }

    /// What the run is changed by (CUST-5).
    fn manifest(&self, head: &Tree, base: Option<&Tree>, own: &Own) -> BTreeMap<String, String> {
        let mut lines = self.asked.customized.manifest(&self.chosen.base, &head.variables);
        lines.extend(dependencies::manifest(self.needed));
        lines.extend(own.tests.manifest(&own.approval));
        if let Some(dir) = &self.request.tests {
            lines.insert("tests".to_owned(), dir.display().to_string());
        }
        let mut permitted: Vec<&String> =
            [Some(head), base].into_iter().flatten().flat_map(|tree| &tree.allowed).collect();
        permitted.sort();
        permitted.dedup();
        lines.extend(permitted.iter().enumerate().map(|(at, line)| (format!("policy {}", at + 1), (*line).clone())));
        lines
    }

    fn notes(&self, head: &Tree, own: &Own) -> Vec<String> {
        let mut notes = self.found.notes.clone();
        notes.extend(head.warnings.iter().map(one_line));
        notes.extend(coverage::unsaved(head));
        notes.extend(self.found.lightweight());
        notes.extend(self.said.iter().cloned());
        notes.extend(self.chosen.notes.iter().cloned());
        notes.extend(choose::remarks(&self.chosen.base, head.recipe.version.as_ref()));
        notes.extend(self.found.published.odd_in_words());
        notes.extend(self.asked.customized.stale(&self.chosen.base));
        notes.extend(self.unlinted.clone());
        notes.extend(own.notes.iter().cloned());
        notes
    }
}

fn demands(settings: &Settings) -> Demands {
    let usual = Demands::default();
    Demands {
        health: settings.health.clone(),
        churn: settings.churn.clone(),
        expected_losses: settings.expected_losses.clone(),
        screenshot: settings.screenshot.clone().unwrap_or(usual.screenshot),
    }
}

/// An environment with what dependencies provide laid over it.
fn with(mut environment: BTreeMap<String, String>, provided: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    environment.extend(provided.iter().map(|(name, value)| (name.clone(), value.clone())));
    environment
}

/// A problem without its hint.
fn one_line(problem: &Problem) -> String {
    Problem { hint: None, ..problem.clone() }.to_string()
}

fn unusable(path: &Path, source: &std::io::Error) -> RunnerError {
    RunnerError::new(ErrorKind::Usage, format!("cannot read {}: {source}", path.display()))
}

fn route(recipe: &Recipe) -> HasRoute {
    if recipe.routes.iter().any(|route| route.protocol == RouteProtocol::Http) {
        HasRoute::Http
    } else {
        HasRoute::None
    }
}

fn connections(recipe: &Recipe) -> HasConnections {
    if traefik::connections(&recipe.compose).is_empty() { HasConnections::None } else { HasConnections::Some }
}

fn openings(recipe: &Recipe) -> HasOpenings {
    if opening::openings(&recipe.compose, &recipe.routes).is_empty() { HasOpenings::None } else { HasOpenings::Some }
}

fn backup(recipe: &Recipe) -> BackupPromise {
    match &recipe.backup {
        Backup::Capable(_) => BackupPromise::Promised,
        Backup::NotCapable(why) => BackupPromise::Not { reason: why.reason().to_owned() },
    }
}

fn data(recipe: &Recipe) -> Data {
    if recipe.volumes.values().any(|volume| !volume.external) { Data::Kept } else { Data::None }
}

/// A recipe that asks for more time than usual gets it.
fn limits(recipe: &Recipe) -> Limits {
    let usual = Limits::default();
    Limits { converge: usual.converge.max(recipe.timeout), ..usual }
}
