//! Data that lies in no named volume, and so goes with its container at the next update (DATA-2).

use super::Mounted;
use super::churn::Churn;
use super::path::inside;
use crate::outcome::{Cause, Finding};
use std::collections::{BTreeMap, BTreeSet};

/// Paths of a container that hold nothing worth keeping.
const PASSING: [&str; 15] = [
    "/tmp",
    "/var/tmp",
    "/run",
    "/var/run",
    "/var/log",
    "/var/cache",
    "/var/lock",
    "/var/lib/nginx",
    "/var/lib/apt",
    "/dev",
    "/proc",
    "/sys",
    "/etc",
    "root/.*",
    "home/*/.*",
];

/// Folders whose files users would miss.
const MISSED: [&str; 13] = [
    "upload",
    "uploads",
    "media",
    "attachment",
    "attachments",
    "avatars",
    "documents",
    "files",
    "images",
    "photos",
    "pictures",
    "userdata",
    "data",
];

/// Files that programs make of their own sources.
const MADE: [&str; 8] = ["__pycache__", "*.pyc", "node_modules", "*.map", "assets", "*.css", "*.js", "*.mo"];

/// At most this many files are named.
const NAMED: usize = 5;

/// Where a database says that its data lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// Its service, without the stack's name.
    pub service: String,
    /// The server or file as a reader knows it: `PostgreSQL of db`.
    pub name: String,
    /// The folder or file, absolute.
    pub path: String,
    /// Whether its data is meant to last.
    pub lasts: Lasts,
}

/// Whether a database's data is meant to last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lasts {
    /// It is.
    Yes,
    /// It is a cache.
    No,
}

/// What an app wrote into a volume that has no name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nameless {
    /// The service that mounts it.
    pub service: String,
    /// Where.
    pub target: String,
    /// Files that did not come with the image, relative to its root.
    pub files: Vec<String>,
}

/// Files that services wrote into their containers, by service; absolute paths.
pub type Written = BTreeMap<String, BTreeSet<String>>;

/// Everything about an app that may lie in no named volume.
#[derive(Debug, Clone, Default)]
pub struct Outside {
    /// What its containers mount now.
    pub mounts: BTreeSet<Mounted>,
    /// Where its databases say that their data lies.
    pub located: Vec<Located>,
    /// Its nameless volumes.
    pub nameless: Vec<Nameless>,
    /// What was written into containers that the update replaced, and is not in the new ones.
    pub gone: Written,
    /// What it has begun anew in its containers.
    pub anew: Vec<Finding>,
}

/// What is wrong, and what a reader should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutsideJudged {
    /// Data that is lost at every update.
    pub finding: Option<Finding>,
    /// Files that are gone and may be nothing.
    pub notes: Vec<String>,
}

/// Whether the engine made up a volume's name: 64 hexadecimal digits. No later container gets such a volume again.
#[must_use]
pub fn is_nameless(volume: &str) -> bool {
    volume.len() == 64 && volume.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The changed paths that are files, given that the engine names the folders above each of them, too.
#[must_use]
pub fn leaves(changed: &BTreeSet<String>) -> BTreeSet<String> {
    let is_folder = |path: &String| {
        let below = format!("{path}/");
        changed.range(below.clone()..).next().is_some_and(|next| next.starts_with(&below))
    };
    changed.iter().filter(|path| !is_folder(path)).cloned().collect()
}

/// The services that wrote something into their containers which somebody may miss, should it go with them: all else needs no second
/// look. `mounts` are those of the containers that came after.
#[must_use]
pub fn may_be_missed(before: &Written, mounts: &BTreeSet<Mounted>, churn: &Churn) -> BTreeSet<String> {
    let lasting = |(service, files): &(&String, &BTreeSet<String>)| {
        files.iter().any(|path| !passes(path, churn) && !is_kept(mounts, service, path))
    };
    before.iter().filter(lasting).map(|(service, _)| service.clone()).collect()
}

/// What `before` has and `after` has not, of services that both know.
#[must_use]
pub fn gone(before: &Written, after: &Written) -> Written {
    let both = before.iter().filter_map(|(service, old)| Some((service, old, after.get(service)?)));
    both.map(|(service, old, new)| (service.clone(), old.difference(new).cloned().collect())).collect()
}

/// Whether a file in a container may be a database of SQLite, by its name.
#[must_use]
pub fn may_be_sqlite(path: &str) -> bool {
    let ends = [".sqlite", ".sqlite3", ".db", ".db3"].iter().any(|end| path.ends_with(end));
    ends && !passes(path, &Churn::default())
}

impl Outside {
    /// Judges it; `churn` covers what comes and goes by itself.
    #[must_use]
    pub fn judge(&self, churn: &Churn) -> OutsideJudged {
        let (missed, notes) = self.written(churn);
        let databases = self.located.iter().filter_map(|one| self.database(one));
        let nameless = self.nameless.iter().filter_map(|one| self.in_nameless(one, churn));
        let mut all = self.anew.iter().cloned().chain(databases).chain(nameless).chain(missed);
        let finding = all.next().map(|mut first| {
            first.details.extend(all.map(|finding| finding.summary));
            first
        });
        OutsideJudged { finding, notes }
    }

    fn database(&self, located: &Located) -> Option<Finding> {
        let Located { service, name, path, lasts } = located;
        match lasts {
            Lasts::Yes if !is_kept(&self.mounts, service, path) => {
                let summary = format!(
                    "the data of {name}, {path}, is in no named volume: it is lost with the container, at every update"
                );
                Some(Finding::new(Cause::DataLost, summary).of_service(service))
            }
            Lasts::Yes | Lasts::No => None,
        }
    }

    fn in_nameless(&self, volume: &Nameless, churn: &Churn) -> Option<Finding> {
        let Nameless { service, target, files } = volume;
        // What a database writes there is that database's matter.
        let of_database =
            |one: &Located| one.service == *service && (is_in(&one.path, target) || is_in(target, &one.path));
        if self.located.iter().any(of_database) {
            return None;
        }
        let lasting: Vec<&String> =
            files.iter().filter(|file| !passes(&format!("{}/{file}", target.trim_end_matches('/')), churn)).collect();
        let first = lasting.first()?;
        let more = and_more(lasting.len());
        let summary = format!(
            "what {service} writes to {target} is in a volume without a name, which the next update replaces: {first}{more}"
        );
        Some(Finding::new(Cause::DataLost, summary).of_service(service))
    }

    /// Files that are gone with their container: those that users would miss, and a line about others.
    fn written(&self, churn: &Churn) -> (Vec<Finding>, Vec<String>) {
        let (mut missed, mut notes) = (Vec::new(), Vec::new());
        let (precious, made) = (Churn::only(&MISSED.map(str::to_owned)), Churn::only(&MADE.map(str::to_owned)));
        for (service, files) in &self.gone {
            let lasting = files.iter().filter(|path| !passes(path, churn) && !is_kept(&self.mounts, service, path));
            let (users, others): (Vec<&String>, Vec<&String>) = lasting.partition(|path| {
                let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
                precious.covers(folder.trim_start_matches('/')) && !made.covers(path.trim_start_matches('/'))
            });
            if let Some(first) = users.first() {
                let folder = first.rsplit_once('/').map_or("/", |(folder, _)| folder);
                let summary =
                    format!("files of {folder} of {service} lie in no volume and are gone with the container");
                let names = users.iter().take(NAMED).map(|path| (*path).clone()).collect();
                missed.push(Finding::new(Cause::DataLost, summary).of_service(service).with_details(names));
            }
            if !others.is_empty() {
                let names: Vec<&str> = others.iter().take(NAMED).map(|path| path.as_str()).collect();
                let more = and_more(others.len().saturating_sub(names.len()) + 1);
                notes.push(format!("gone with the old container of {service}: {}{more}", names.join(", ")));
            }
        }
        (missed, notes)
    }
}

fn and_more(count: usize) -> String {
    match count {
        0 | 1 => String::new(),
        some => format!(" and {} more", some - 1),
    }
}

/// Whether a path of a service lies in a volume that the next container gets, too.
fn is_kept(mounts: &BTreeSet<Mounted>, service: &str, path: &str) -> bool {
    let own = mounts.iter().filter(|mount| mount.service == service && is_in(path, &mount.target));
    own.max_by_key(|mount| mount.target.len()).is_some_and(|mount| !is_nameless(&mount.volume))
}

fn passes(path: &str, churn: &Churn) -> bool {
    let passing = Churn::only(&PASSING.map(str::to_owned));
    let path = path.trim_start_matches('/');
    churn.covers(path) || passing.covers(path)
}

fn is_in(path: &str, folder: &str) -> bool {
    inside(path, folder).is_some()
}

#[cfg(test)]
mod tests;
