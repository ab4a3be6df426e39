//! Gathers what the answer about a recipe hangs on.

use crate::error::RunnerError;
use crate::prepare::Prepared;
use crate::prepare::customize;
use crate::prepare::dependencies::DependencyTree;
use crate::readiness::{self, Adaptations};
use crate::request::Request;
use crate::series::Series;
use cc_ci_engine::host::{self, findings};
use cc_ci_engine::images;
use cc_ci_engine::swarm::{Doors, Node};
use cc_ci_model::ids::RecipeName;
use cc_ci_model::plan::base::Base;
use cc_ci_model::sweep::facts::{AnswerFacts, digest};
use cc_ci_store::state::StateFolder;
use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind as Io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// A folder of the catalogue with more bytes than this is no folder of settings and tests.
const MOST: u64 = 64 << 20;

/// What all runs of a sweep stand on.
pub(super) struct Ground {
    pub(super) doors: Doors,
    pub(super) adaptations: Adaptations,
}

impl Ground {
    pub(super) async fn of(series: &Series) -> Result<Self, RunnerError> {
        let opened = series.engine.open().await;
        let node = (series.engine.address(), readiness::node(&opened));
        let adaptations = readiness::ready(&host::look(series.state.root(), node, series.stop.token()).await)?;
        Ok(Self { doors: opened?, adaptations })
    }
}

/// What facts are gathered about.
pub(super) struct About<'a> {
    pub(super) state: &'a StateFolder,
    pub(super) request: &'a Request,
    pub(super) recipe: &'a RecipeName,
    pub(super) prepared: &'a Prepared,
    /// Where the recipe comes from, as a policy names it.
    pub(super) address: String,
    pub(super) program: &'a Path,
}

/// Everything that a run made now would hang on. Version and commit are compared apart.
pub(super) async fn gather(about: &About<'_>, ground: &Ground) -> AnswerFacts {
    let (plan, mut facts) = (&about.prepared.approved.plan, AnswerFacts::default());
    facts.add("repository", Ok(about.address.clone()));
    facts.add("base", Ok(base(&plan.base)));
    facts.add("settings and tests of the catalogue", catalogue(about, about.recipe));
    facts.add("policy", policy(about));
    facts.add("cc-ci", program(about.program));
    for (name, seen) in ground.adaptations.facts.iter().filter(|(name, _)| STEADY.contains(&name.as_str())) {
        facts.add(name, Ok(seen.clone()));
    }
    for needed in &about.prepared.needed {
        facts.add(format!("dependency {}", needed.planned.recipe), provider(about, needed));
    }
    for (reference, told) in images(ground.doors.node.as_ref(), &references(about.prepared)).await {
        facts.image(&reference, told);
    }
    facts
}

/// Facts about the host that do not come and go.
const STEADY: [&str; 3] = ["engine", "endpoint mode", "bounds of a container"];

fn base(base: &Base) -> String {
    match base {
        Base::Published { version, commit, .. } => format!("{version} at {commit}"),
        Base::Commit { commit, .. } => commit.to_string(),
        Base::Head { .. } => "none".to_owned(),
    }
}

fn catalogue(about: &About<'_>, recipe: &RecipeName) -> Result<String, String> {
    match customize::catalogue(about.state, about.request, recipe) {
        Ok(Some(folder)) => folder_digest(&folder),
        Ok(None) => Ok("none".to_owned()),
        Err(error) => Err(error.message),
    }
}

fn policy(about: &About<'_>) -> Result<String, String> {
    let path = about.request.policy.clone().unwrap_or_else(|| about.state.policy());
    match std::fs::read(&path) {
        Ok(bytes) => Ok(digest([("", bytes.as_slice())])),
        Err(error) if error.kind() == Io::NotFound => Ok("none".to_owned()),
        Err(error) => Err(format!("cannot read {}: {error}", path.display())),
    }
}

/// The program by its version, and by its file: builds of one version differ.
fn program(path: &Path) -> Result<String, String> {
    let about = std::fs::metadata(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let (size, seconds, nanos) = (about.size(), about.mtime(), about.mtime_nsec());
    Ok(format!("{} of {size} bytes, built {seconds}.{nanos:09}", env!("CARGO_PKG_VERSION")))
}

/// A recipe that the recipe needs: which commit of it, with which settings and scripts; a warm one by when it came up, too.
fn provider(about: &About<'_>, needed: &DependencyTree) -> Result<String, String> {
    let planned = &needed.planned;
    let since = needed.warm.as_ref().map(|warm| format!(" since {}", warm.record.since)).unwrap_or_default();
    let catalogue = catalogue(about, &planned.recipe)?;
    Ok(format!("{} at {}, {}{since}, catalogue {catalogue}", planned.shown(), planned.commit, planned.mode))
}

/// All images that a run needs: of the recipe at head and base, of what it needs, and our own.
fn references(prepared: &Prepared) -> BTreeSet<String> {
    let needed = prepared.needed.iter().map(|needed| &needed.tree);
    let trees = [Some(&prepared.head), prepared.base.as_ref()].into_iter().flatten().chain(needed);
    let services = trees.flat_map(|tree| tree.recipe.compose.services.values());
    let own = [findings::TOOLS_IMAGE, findings::BROWSER_IMAGE].map(str::to_owned);
    services.map(|service| service.image.clone()).chain(own).collect()
}

/// What a run that begins now would be pinned to, by reference.
pub(super) async fn images<'a>(
    node: &dyn Node,
    references: impl IntoIterator<Item = &'a String>,
) -> BTreeMap<String, Result<String, String>> {
    let mut told = BTreeMap::new();
    for reference in references {
        let is = match images::on_engine(node, reference).await {
            Some(digest) => Ok(digest),
            // Nothing pulls that one: without it there is no picture.
            None if reference == findings::BROWSER_IMAGE => Ok("none".to_owned()),
            None => Err("it is not on the engine, and what its registry has is known when it is pulled".to_owned()),
        };
        told.insert(reference.clone(), is);
    }
    told
}

/// A digest over everything in a folder: names, modes and contents. What cannot be read whole has none.
fn folder_digest(folder: &Path) -> Result<String, String> {
    let (mut files, mut open, mut bytes) = (BTreeMap::new(), vec![folder.to_owned()], 0);
    while let Some(one) = open.pop() {
        let failed = |path: &Path, error: &std::io::Error| format!("cannot read {}: {error}", path.display());
        for entry in std::fs::read_dir(&one).map_err(|error| failed(&one, &error))? {
            let path = entry.map_err(|error| failed(&one, &error))?.path();
            let link = path.is_symlink();
            let about = std::fs::metadata(&path).map_err(|error| failed(&path, &error))?;
            if about.is_dir() {
                if link {
                    return Err(format!("{} is a link to a folder", path.display()));
                }
                open.push(path);
                continue;
            }
            bytes += about.len();
            if !about.is_file() || bytes > MOST {
                return Err(format!("{} is no ordinary file, or there is too much", path.display()));
            }
            let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
            let content = std::fs::read(&path).map_err(|error| failed(&path, &error))?;
            files.insert(format!("{name} {:o}", about.mode()), content);
        }
    }
    Ok(digest(files.iter().map(|(name, content)| (name.as_str(), content.as_slice()))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_folder_is_another_when_anything_in_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        std::fs::create_dir(path.join("tests")).unwrap();
        std::fs::write(path.join("tests/a.sh"), "true").unwrap();
        std::fs::write(path.join("ci.toml"), "").unwrap();
        let mut seen = vec![folder_digest(path).unwrap()];
        assert_eq!(folder_digest(path).unwrap(), seen[0]);
        let mut another = |what: &str| {
            let now = folder_digest(path).unwrap();
            assert!(!seen.contains(&now), "{what}");
            seen.push(now);
        };
        std::fs::write(path.join("tests/a.sh"), "false").unwrap();
        another("a content");
        std::fs::set_permissions(path.join("tests/a.sh"), std::fs::Permissions::from_mode(0o755)).unwrap();
        another("a mode");
        std::fs::rename(path.join("tests/a.sh"), path.join("tests/b.sh")).unwrap();
        another("a name");
        std::fs::write(path.join("tests/c.sh"), "").unwrap();
        another("an empty file");
        std::os::unix::fs::symlink("/", path.join("root")).unwrap();
        assert!(folder_digest(path).unwrap_err().contains("link to a folder"));
        std::fs::remove_file(path.join("root")).unwrap();
        std::os::unix::fs::symlink("/no/such/file", path.join("gone")).unwrap();
        assert!(folder_digest(path).is_err());
    }
}
