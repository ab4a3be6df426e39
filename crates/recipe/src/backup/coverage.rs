//! What the backup of one version holds and that of a later one does not, and whose data is in no backup at all (BAK-1).

use super::{Backup, BackupSpec, NotCapable};
use crate::compose::{Compose, MountKind};
use crate::database::Database;
use std::collections::BTreeSet;

/// What one version of a recipe keeps, and what it promises to back up.
#[derive(Clone, Copy, Debug)]
pub struct Coverage<'a> {
    /// Its services and volumes.
    pub compose: &'a Compose,
    /// Its backup labels.
    pub backup: &'a Backup,
    /// Its databases.
    pub databases: &'a [Database],
}

impl Coverage<'_> {
    fn spec(&self) -> Option<&BackupSpec> {
        match self.backup {
            Backup::Capable(spec) => Some(spec),
            Backup::NotCapable(_) => None,
        }
    }

    fn covers(&self, volume: &str) -> bool {
        self.spec().is_some_and(|spec| spec.volumes.contains_key(volume))
    }

    /// The recipe's own volumes that a service mounts.
    fn volumes_of(&self, service: &str) -> BTreeSet<&str> {
        let mounts = self.compose.services.get(service).into_iter().flat_map(|service| &service.volumes);
        let named = mounts.filter(|mount| mount.kind == MountKind::Volume).filter_map(|mount| mount.source.as_deref());
        named.filter(|key| self.compose.volumes.get(*key).is_some_and(|volume| !volume.external)).collect()
    }

    fn is_covered(&self, service: &str) -> bool {
        self.volumes_of(service).into_iter().any(|volume| self.covers(volume))
    }

    fn users_of(&self, volume: &str) -> impl Iterator<Item = &str> {
        let names = self.compose.services.keys().map(String::as_str);
        names.filter(move |service| self.volumes_of(service).contains(volume))
    }

    /// Whether rows that cannot be had again lie in a volume; a server of keys is mostly a cache.
    fn holds_rows(&self, volume: &str) -> bool {
        let rows = self.databases.iter().filter(|database| !database.kind.is_mostly_a_cache());
        rows.filter_map(|database| database.data_volume.as_deref()).any(|one| one == volume)
    }
}

/// What `base` backs up and `head` keeps without backing it up, in sentences that go on after "head's backup lost"; nothing
/// where there is no such thing.
///
/// A volume that head does not have any more is no matter of its backup. One volume of several that a service leaves out, be
/// it a cache, is no loss either, unless rows of a database lie in it: [`unsaved`] and lint name it.
#[must_use]
pub fn lost(base: Coverage<'_>, head: Coverage<'_>) -> Vec<String> {
    let Some(before) = base.spec() else { return Vec::new() };
    match head.backup {
        Backup::NotCapable(NotCapable::Stateless) => return Vec::new(),
        Backup::NotCapable(why) => {
            let volumes: Vec<&str> = before.volumes.keys().map(String::as_str).collect();
            return vec![format!("everything that base's holds (volume {}): {}", volumes.join(", "), why.reason())];
        }
        Backup::Capable(_) => {}
    }
    let mut lost = Vec::new();
    for volume in before.volumes.keys().filter(|volume| !head.covers(volume)) {
        let users: Vec<&str> = head.users_of(volume).collect();
        let forgotten = !users.is_empty() && !users.iter().any(|service| head.is_covered(service));
        if forgotten {
            let whose = users.join(" and ");
            lost.push(format!(
                "the data of {whose} (volume {volume}), which base's holds: {}",
                switch_of(&head, &users)
            ));
        } else if !users.is_empty() && head.holds_rows(volume) {
            lost.push(format!("the rows of a database (volume {volume}), which base's holds"));
        }
    }
    lost
}

/// Why nothing of these services is backed up.
fn switch_of(head: &Coverage<'_>, services: &[&str]) -> String {
    let label = |name: &str| head.compose.services.get(name)?.deploy.labels.get("backupbot.backup");
    match services.iter().find_map(|name| label(name)) {
        None => "it does not carry `backupbot.backup=true` under `deploy` any more".to_owned(),
        Some(flag) if crate::traefik::truthy(flag) => "its labels name nothing that lies in a volume of it".to_owned(),
        Some(flag) => format!("`backupbot.backup` is `{flag}`"),
    }
}

/// The services whose volumes are in no backup at all, where the recipe promises one: a sentence for each.
#[must_use]
pub fn unsaved(recipe: Coverage<'_>) -> Vec<String> {
    if recipe.spec().is_none() {
        return Vec::new();
    }
    let names = recipe.compose.services.keys().map(String::as_str);
    let kept = names.map(|service| (service, recipe.volumes_of(service)));
    kept.filter(|(service, volumes)| !volumes.is_empty() && !recipe.is_covered(service))
        .map(|(service, volumes)| {
            let volumes = volumes.into_iter().collect::<Vec<_>>().join(", ");
            format!("the data of {service} is in no backup: no backup label covers its volume {volumes}")
        })
        .collect()
}

#[cfg(test)]
mod tests;
