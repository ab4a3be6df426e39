//! From arguments to an approved plan: finds the recipe, reads both trees, chooses the base. Touches git, never Docker.

mod allowed;
mod checked;
pub(crate) mod choosing;
pub mod customize;
pub mod dependencies;
pub(crate) mod linted;
mod reading;
mod secrecy;
mod secrets;
pub mod warmth;

use crate::args::{self, RecipeArgs};
use crate::clock::Moment;
use crate::error::{Kind, UserError};
use cc_ci_engine::git::{Files, Repository, Source};
use cc_ci_engine::run::app::TreeSource;
use cc_ci_model::ids::{Domain, RecipeName, RunId, StackName};
use cc_ci_model::plan::base::NoBase;
use cc_ci_model::plan::build::{self, Backup, Data, HasRoute, PlanFacts};
use cc_ci_model::plan::choose::{self, Wish};
use cc_ci_model::plan::demands::Demands;
use cc_ci_model::plan::dependency::{Dependency, Outputs};
use cc_ci_model::plan::hook::Approval;
use cc_ci_model::plan::limits::Limits;
use cc_ci_model::plan::own_tests::{FOLDER, OwnTests};
use cc_ci_model::plan::permit::Approved;
use cc_ci_model::redact::Configured;
use cc_ci_model::settings::Settings;
use cc_ci_model::tier::Tier;
use cc_ci_recipe::Recipe;
use cc_ci_recipe::backup::Backup as Promise;
use cc_ci_recipe::lint::LintReport;
use cc_ci_recipe::overlays;
use cc_ci_recipe::source::{Problem, Severity};
use cc_ci_recipe::traefik::RouteProtocol;
use cc_ci_recipe::version::{self, TagKind};
use cc_ci_store::state::StateFolder;
use checked::{checked, skips};
use choosing::{Subject, choose_base};
use customize::{Customized, Overlays};
use dependencies::{Needed, Search};
pub(crate) use reading::texts;
use reading::{Reading, shown_base, unusable_base};
use secrets::given_secrets;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tokio_util::sync::CancellationToken;
use warmth::Warmth;

/// Domains of runs lie below this; no resolver on the internet answers for it.
pub const ZONE: &str = "cc-ci.test";

/// A plan and everything it was made from that a run needs again.
#[derive(Debug)]
pub struct Prepared {
    /// The plan with its permits.
    pub approved: Approved,
    /// Where both trees can be checked out from.
    pub repository: Repository,
    /// The recipe at the commit under test.
    pub head: Recipe,
    /// The recipe at its base; `None` when the app starts at head.
    pub base: Option<Recipe>,
    /// The folder given with `--tests`, absolute; else the recipe's own is meant.
    pub tests: Option<PathBuf>,
    /// The catalogue's folder for the recipe, absolute, if it has one.
    pub catalogue: Option<PathBuf>,
    /// Compose files that are laid over the head's, which its reading already knows.
    pub head_overlays: Overlays,
    /// The same for the base.
    pub base_overlays: Overlays,
    /// Values of secrets that cannot be generated, by name.
    pub secrets: BTreeMap<String, String>,
    /// What the configuration of both trees holds in the way of secrets.
    pub configured: Configured,
    /// Other recipes that the app needs.
    pub dependencies: Vec<Needed>,
    /// How head is read again once the dependencies have given their outputs; `None` without any.
    pub head_source: Option<TreeSource>,
    /// The same for the base.
    pub base_source: Option<TreeSource>,
    /// What lint says about head.
    pub lint: LintReport,
}

/// Plans a run of what the arguments name.
pub async fn prepare(
    state: &StateFolder,
    args: &RecipeArgs,
    warmth: &Warmth<'_>,
    cancel: &CancellationToken,
) -> Result<Prepared, UserError> {
    let stages = stages(args)?;
    let source = find(state, &args.recipe)?;
    let name = RecipeName::parse(&source.name()).map_err(|error| UserError::new(Kind::Recipe, error.to_string()))?;
    let repository = Repository::open(&source, &state.repositories(), cancel.clone()).await?;
    let (head, tags, notes) = tokio::join!(repository.resolve(args.revision()), repository.tags(), repository.notes());
    let (head, tags) = (head?, version_tags(tags?));
    let published = version::published(&tags);
    let mut notes = notes?;

    let run = new_run_id(&name)?;
    let stack = StackName::of_run(&name, &head, &run);
    let app = app_environment(&stack);
    let files = repository.files(&head).await?;
    let customized = Customized::read(state, args, &name, &files)?;
    let policy = allowed::policy(state, args)?;
    allowed::short_enough(&customized.settings, &policy)?;
    let search = Search { state, args, policy: &policy, run: &run, warmth, cancel };
    let (needed, said) = dependencies::needed(&search, &name, &customized.settings).await?;
    let planned: Vec<Dependency> = needed.iter().map(|needed| needed.planned.clone()).collect();
    let provided = Outputs::placeholders(&planned).environment(&planned);
    let newer = with(customized.head_environment(&app)?, &provided);
    let at_head = Reading { name: &name, commit: &head, files: &files, environment: &newer };
    let (mut recipe, mut warnings) = at_head.read(&Vec::new())?;
    let variables = customized.variables(&recipe)?;
    let head_overlays = overlaid(Vec::new(), variables.text(&recipe));
    if !head_overlays.is_empty() {
        let (overlaid, more) = at_head.read(&head_overlays)?;
        keeps_ports(&recipe, &overlaid)?;
        (recipe, warnings) = (overlaid, more);
    }
    let mut permitted = allowed::allowed(&recipe, &format!("head, {}", head.short()), &policy)?;
    notes.extend(warnings.iter().map(one_line));
    notes.extend(
        published.versions.iter().filter(|one| one.kind == TagKind::Lightweight).map(|one| {
            format!("the tag {} is lightweight: abra does not take it for a version (`git tag -a`)", one.tag)
        }),
    );

    let settings = &customized.settings;
    let wish = wish(args, &stages, settings);
    notes.extend(said);
    let older = with(customized.base_environment(&app)?, &provided);
    let subject =
        Subject { name: &name, head: &head, version: recipe.version.as_ref(), published: &published, files: &files };
    let chosen = choose_base(&repository, &wish?, &subject).await?;
    let base = chosen.base;
    notes.extend(chosen.notes);
    notes.extend(choose::remarks(&base, recipe.version.as_ref()));
    notes.extend(published.odd_in_words());
    let mut base_overlays = customized.repairs(&base);
    notes.extend(customized.stale(&base));
    let source = |files: &Files, environment: &BTreeMap<String, String>, overlays: &Overlays| {
        let mut files = texts(files);
        files.texts.extend(overlays.iter().cloned());
        let overlays = overlays.iter().map(|(name, _)| name.clone()).collect();
        let environment = environment.clone();
        (!planned.is_empty()).then(|| TreeSource { files, environment, overlays, policy: policy.clone() })
    };
    let head_source = source(&files, &newer, &head_overlays);
    let mut base_source = None;
    let base_files = match base.clone().commit() {
        Some(commit) => Some((commit.clone(), repository.files(commit).await?)),
        None => None,
    };
    let base_recipe = match &base_files {
        Some((commit, files)) => {
            let at_base = Reading { name: &name, commit, files, environment: &older };
            let usable = |error| unusable_base(&customized, &base, error);
            let (plain, _) = at_base.read(&base_overlays).map_err(usable)?;
            base_overlays = overlaid(base_overlays, variables.text(&plain));
            let (read, _) = at_base.read(&base_overlays).map_err(usable)?;
            keeps_ports(&plain, &read)?;
            permitted.extend(allowed::allowed(&read, &shown_base(&base), &policy).map_err(usable)?);
            base_source = source(files, &older, &base_overlays);
            Some(read)
        }
        None => None,
    };
    let (lint, said) = linted::lint_run(&repository, &subject, &tags, &base).await?;
    notes.extend(said);
    let secrets = given_secrets(args, settings, [Some(&recipe), base_recipe.as_ref()])?;
    let mut own = match &args.tests {
        Some(dir) => own_tests_in(dir)?,
        None => own_tests_of(&files),
    };
    if let Some(folder) = &customized.catalogue {
        own = own.and(customize::CATALOGUE, own_tests_in(folder)?);
    }
    if !own.refused.is_empty() {
        return Err(problems_error(Kind::Settings, format!("cannot use the hooks of `{name}`"), &own.refused));
    }
    let approval = match policy.host_hooks(name.as_str()) {
        _ if args.trust_hooks => Approval::By("--trust-hooks".to_owned()),
        Some(place) => Approval::By(place.to_owned()),
        None => Approval::No,
    };
    notes.extend(own.apply(&approval));
    let tests = match &args.tests {
        Some(dir) => Some(std::path::absolute(dir).map_err(|source| unusable(dir, &source))?),
        None => None,
    };
    dependencies::known_tests(&name, settings, own.tests.values().flatten())?;
    let mut customization = customized.manifest(&base, &variables);
    customization.extend(dependencies::manifest(&needed));
    customization.extend(own.manifest(&approval));
    if let Some(dir) = &args.tests {
        customization.insert("tests".to_owned(), dir.display().to_string());
    }
    permitted.sort();
    permitted.dedup();
    customization.extend(permitted.into_iter().enumerate().map(|(at, line)| (format!("policy {}", at + 1), line)));
    let skips = skips(settings);
    checked(settings, &recipe)?;
    let at_base = base_recipe.as_ref().unwrap_or(&recipe);
    let approved = build::plan(PlanFacts {
        run,
        recipe: name.clone(),
        head: head.clone(),
        head_version: recipe.version_label.clone(),
        base,
        stages,
        zone: ZONE.to_owned(),
        route: route(&recipe),
        backup: backup(&recipe),
        data: data(&recipe),
        tests: own.tests,
        hooks: own.hooks,
        limits: settings.limits.over(limits(&recipe)),
        demands: demands(settings),
        ready: settings.ready.clone(),
        not_at_base: recipe
            .compose
            .services
            .keys()
            .filter(|one| !at_base.compose.services.contains_key(*one))
            .cloned()
            .collect(),
        verify: settings.verify.clone(),
        skips,
        dependencies: planned,
        customization,
        notes,
    });
    let older = base_recipe.as_ref().zip(base_files.as_ref()).map(|(recipe, (_, files))| (recipe, files));
    let trees: Vec<_> = [(&recipe, &files)].into_iter().chain(older).collect();
    let others: Vec<&Recipe> = needed.iter().map(|needed| &needed.recipe).collect();
    let configured = secrecy::secrecy(&approved.plan, &trees, &others, &secrets)?;
    let catalogue = customized.catalogue;
    Ok(Prepared {
        approved,
        repository,
        head: recipe,
        base: base_recipe,
        tests,
        catalogue,
        head_overlays,
        base_overlays,
        secrets,
        configured,
        dependencies: needed,
        head_source,
        base_source,
        lint,
    })
}

fn demands(settings: &Settings) -> Demands {
    let usual = Demands::default();
    Demands {
        health: settings.health.clone(),
        churn: settings.churn.clone(),
        screenshot: settings.screenshot.clone().unwrap_or(usual.screenshot),
    }
}

/// An environment with what dependencies provide laid over it.
fn with(mut environment: BTreeMap<String, String>, provided: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    environment.extend(provided.iter().map(|(name, value)| (name.clone(), value.clone())));
    environment
}

/// Overlays with the generated one, which is laid over everything else.
fn overlaid(mut overlays: Overlays, generated: Option<String>) -> Overlays {
    overlays.extend(generated.map(|text| (format!("{}/compose.ci.json", customize::OURS), text)));
    overlays
}

/// CI must never test something other than the recipe, and the loader drops ports where an overlay names their service.
fn keeps_ports(plain: &Recipe, overlaid: &Recipe) -> Result<(), UserError> {
    let lost = overlays::lost_ports(&plain.compose, &overlaid.compose);
    if lost.is_empty() {
        return Ok(());
    }
    Err(UserError::new(Kind::Settings, "cannot lay `compose.ci.yml` over the recipe")
        .at(format!("{}: `docker stack deploy` keeps one of two ports with one number", lost.join("; ")))
        .hint("set the variables in ci.toml, under `[env.install]`, and let the recipe's `environment` take them"))
}

/// A path, a URL, or the name of a recipe: one that the set-up assembled, one that `abra` has, else the commons' own.
pub(crate) fn find(state: &StateFolder, text: &str) -> Result<Source, UserError> {
    let is_name = RecipeName::parse(text).is_ok() && !text.starts_with('.');
    if !is_name || Path::new(text).join(".git").exists() {
        return Ok(Source::parse(text)?);
    }
    let known = [Some(state.recipes()), args::abra_recipes()].into_iter().flatten();
    for folder in known {
        let candidate = folder.join(text);
        if candidate.is_dir() {
            return Ok(Source::Directory(candidate));
        }
    }
    if Path::new(text).is_dir() {
        return Ok(Source::Directory(PathBuf::from(text)));
    }
    Ok(Source::Url(format!("https://git.coopcloud.tech/coop-cloud/{text}.git")))
}

fn stages(args: &RecipeArgs) -> Result<BTreeSet<Tier>, UserError> {
    let words = args.stages.as_deref().unwrap_or_default().split(',').map(str::trim).filter(|word| !word.is_empty());
    let chosen: Result<BTreeSet<Tier>, _> = words.map(Tier::parse).collect();
    let chosen = chosen.map_err(|error| UserError::new(Kind::Usage, error.to_string()))?;
    Ok(if chosen.is_empty() { BTreeSet::from(Tier::ALL) } else { chosen })
}

/// What the caller and the settings ask for. A base that was named on the command line wins, or is an error.
fn wish(args: &RecipeArgs, stages: &BTreeSet<Tier>, settings: &Settings) -> Result<Wish, UserError> {
    let none = |reason: String, why| match &args.base {
        Some(base) => Err(UserError::new(Kind::Usage, format!("cannot start at `{base}`: {reason}"))
            .hint("leave --base out, or let the upgrade tier run")),
        None => Ok(Wish::NoUpgrade { reason, why }),
    };
    if args.no_upgrade {
        return none("--no-upgrade was given".to_owned(), NoBase::NotAsked);
    }
    if !stages.contains(&Tier::Upgrade) {
        return none("the upgrade tier is not among the stages".to_owned(), NoBase::NotAsked);
    }
    if settings.skips.contains_key(&Tier::Upgrade) {
        let place = settings.place("skip.upgrade");
        return none(format!("the settings skip the upgrade ({place})"), NoBase::Skipped);
    }
    Ok(match (&args.base, &settings.base) {
        (Some(version), _) => Wish::Version(version.clone()),
        (None, Some(pin)) => Wish::Pinned { version: pin.version.clone(), by: pin.by.clone() },
        (None, None) => Wish::Automatic,
    })
}

/// Sorts like the time, and two runs that start in the same second differ.
fn new_run_id(name: &RecipeName) -> Result<RunId, UserError> {
    let mut random = RandomState::new().build_hasher();
    random.write(name.as_str().as_bytes());
    let text = format!("{}-{:06x}", Moment::now().compact(), random.finish() & 0x00ff_ffff);
    RunId::parse(&text).map_err(|error| UserError::internal(error.to_string()))
}

/// What stands in for an operator's own settings. Certificates are never asked for.
fn app_environment(stack: &StackName) -> BTreeMap<String, String> {
    BTreeMap::from([
        ("STACK_NAME".to_owned(), stack.to_string()),
        ("DOMAIN".to_owned(), Domain::of_stack(stack, ZONE).to_string()),
        ("LETS_ENCRYPT_ENV".to_owned(), String::new()),
    ])
}

pub(crate) fn version_tags(tags: Vec<cc_ci_engine::git::Tag>) -> Vec<version::Tag> {
    tags.into_iter()
        .map(|tag| version::Tag {
            name: tag.name,
            kind: if tag.annotated { TagKind::Annotated } else { TagKind::Lightweight },
            commit: tag.commit.to_string(),
        })
        .collect()
}

fn problems_error(kind: Kind, message: String, problems: &[Problem]) -> UserError {
    let errors: Vec<&Problem> = problems.iter().filter(|problem| problem.severity == Severity::Error).collect();
    let places: Vec<String> = errors.iter().map(|problem| one_line(problem)).collect();
    let hint = errors.iter().find_map(|problem| problem.hint.clone());
    UserError { kind, message, location: Some(places.join("\n  ")), hint }
}

/// A problem without its hint.
fn one_line(problem: &Problem) -> String {
    Problem { hint: None, ..problem.clone() }.to_string()
}

fn own_tests_of(files: &Files) -> OwnTests {
    let folder = format!("{FOLDER}/");
    let paths = files.text.keys().chain(files.left_out.keys());
    OwnTests::find(paths.filter_map(|path| Some((path.strip_prefix(&folder)?, files.executable.contains(path)))))
}

fn own_tests_in(dir: &Path) -> Result<OwnTests, UserError> {
    let mut found = Vec::new();
    for folder in ["", "custom", "hooks", "hooks/host"] {
        let at = dir.join(folder);
        if !folder.is_empty() && !at.is_dir() {
            continue;
        }
        for entry in std::fs::read_dir(&at).map_err(|source| unusable(&at, &source))? {
            let path = entry.map_err(|source| unusable(&at, &source))?.path();
            let meta = std::fs::metadata(&path).map_err(|source| unusable(&path, &source))?;
            let below = path.strip_prefix(dir).ok().and_then(Path::to_str);
            if let Some(below) = below.filter(|_| meta.is_file()) {
                found.push((below.to_owned(), meta.permissions().mode() & 0o111 != 0));
            }
        }
    }
    Ok(OwnTests::find(found.iter().map(|(path, executable)| (path.as_str(), *executable))))
}

fn unusable(path: &Path, source: &std::io::Error) -> UserError {
    UserError::new(Kind::Usage, format!("cannot read {}: {source}", path.display()))
}

fn route(recipe: &Recipe) -> HasRoute {
    if recipe.routes.iter().any(|route| route.protocol == RouteProtocol::Http) {
        HasRoute::Http
    } else {
        HasRoute::None
    }
}

fn backup(recipe: &Recipe) -> Backup {
    match &recipe.backup {
        Promise::Capable(_) => Backup::Promised,
        Promise::NotCapable(why) => Backup::Not { reason: why.reason().to_owned() },
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
