//! Finds the settings by which a commit asks less of itself than its base did (VER-2).

use super::{Capable, Settings};
use crate::plan::demands::{Health, Probe};
use crate::plan::limits::Limits;
use crate::plan::scrutiny::Softened;
use crate::tier::Tier;
use std::collections::BTreeSet;

/// Tiers that run at head, whatever the base.
const AT_HEAD: [Tier; 2] = [Tier::Upgrade, Tier::Restore];

/// What `head` asks less of than `before`, the settings at its base. Only what stands in `own`, the file of the commit under
/// test, is looked at: the catalogue is the operator's.
#[must_use]
pub fn softened(head: &Settings, before: &Settings, own: &str) -> Vec<Softened> {
    let look = Look { head, before, own };
    let mut found = Vec::new();
    for (tier, reason) in &head.skips {
        if !before.skips.contains_key(tier) {
            let tiers = if *tier == Tier::Backup { vec![Tier::Backup, Tier::Restore] } else { vec![*tier] };
            found.extend(look.at(&format!("skip.{tier}"), &tiers, &format!("{tier} is skipped (\"{reason}\")")));
        }
    }
    if head.backup == Some(Capable::No) && before.backup != Some(Capable::No) {
        let what = "the recipe is said to promise no backup";
        found.extend(look.at("backup.capable", &[Tier::Backup, Tier::Restore], what));
    }
    found.extend(look.health());
    let new: Vec<&str> = head.churn.iter().filter(|one| !before.churn.contains(one)).map(String::as_str).collect();
    if !new.is_empty() {
        let what = format!("files like `{}` may be lost", new.join("`, `"));
        found.extend(look.at("data.churn", &AT_HEAD, &what));
    }
    let pin = |settings: &Settings| settings.base.as_ref().map(|pin| pin.version.clone());
    if let Some(version) = pin(head).filter(|version| pin(before).as_ref() != Some(version)) {
        found.extend(look.at("base.version", &[Tier::Upgrade], &format!("the upgrade starts at {version}")));
    }
    let window = |settings: &Settings| settings.limits.stable.unwrap_or(Limits::default().stable);
    if window(head) < window(before) {
        let what = format!("the app is watched for {} s, not for {} s", window(head), window(before));
        found.extend(look.at("limits.stable", &AT_HEAD, &what));
    }
    found.extend(look.dropped());
    found
}

struct Look<'a> {
    head: &'a Settings,
    before: &'a Settings,
    own: &'a str,
}

impl Look<'_> {
    /// A setting that stands in the commit's own file.
    fn at(&self, key: &str, tiers: &[Tier], what: &str) -> Option<Softened> {
        let given = self.head.given.get(key).filter(|given| given.file == self.own)?;
        let words = format!("{what} by the commit under test ({}: {key}), not by its base", given.place());
        Some(Softened { key: key.to_owned(), tiers: tiers.iter().copied().collect(), words })
    }

    fn health(&self) -> Vec<Softened> {
        // A change of the front page is declared by the commit that makes it: `upgrade` excuses that page alone, and no error.
        let (Health { path, statuses, scheme, upgrade: _ }, old) = (&self.head.health, &self.before.health);
        let mut found = Vec::new();
        let new: Vec<String> =
            statuses.iter().filter(|one| !old.statuses.contains(one)).map(ToString::to_string).collect();
        if !new.is_empty() {
            let what = format!("{} is accepted", new.join(", "));
            found.extend(self.at("health.statuses", &AT_HEAD, &what));
        }
        if *path != old.path {
            let what = format!("`{path}` is asked in place of `{}`", old.path);
            found.extend(self.at("health.path", &AT_HEAD, &what));
        }
        if *scheme != old.scheme {
            found.extend(self.at("health.scheme", &AT_HEAD, "the app is asked another way"));
        }
        found
    }

    /// Demands of the base that head no longer makes. They stand in no file of head, so the base's place is named.
    fn dropped(&self) -> Vec<Softened> {
        let gone = |key: &str, tiers: &[Tier], what: &str| Softened {
            key: key.to_owned(),
            tiers: tiers.iter().copied().collect(),
            words: format!("{what} by the commit under test; its base has `{key}`"),
        };
        let mut found = Vec::new();
        let probes: BTreeSet<String> = self.head.ready.iter().map(Probe::name).collect();
        let lost: Vec<String> = self.before.ready.iter().map(Probe::name).filter(|one| !probes.contains(one)).collect();
        if !lost.is_empty() {
            found.push(gone("ready", &AT_HEAD, &format!("{} is no longer waited for", lost.join(", "))));
        }
        if self.before.verify.is_some() && self.head.verify != self.before.verify {
            found.push(gone("backup.verify", &[Tier::Backup], "the check of the backup was taken out or changed"));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    fn read(own: &str, catalogue: &str) -> Settings {
        Settings::read([("tests/ci.toml", own), ("catalogue/a/ci.toml", catalogue)]).unwrap()
    }

    fn keys(own: &str, catalogue: &str, base: &str) -> String {
        let found = softened(&read(own, catalogue), &read(base, ""), "tests/ci.toml");
        found.iter().map(|one| one.key.as_str()).collect::<Vec<_>>().join(" ")
    }

    const SOFT: [&str; 9] = [
        "skip.upgrade = \"it loses all data\"",
        "skip.backup = \"there is no backup\"",
        "backup.capable = false",
        "health.statuses = [200, 301, 302, 500]",
        "health.path = \"/static/logo.png\"",
        "health.scheme = \"http\"",
        "data.churn = [\"*.db\"]",
        "base.version = \"0.1.0+1\"",
        "limits.stable = 1",
    ];

    #[test]
    fn a_setting_that_is_new_at_head_is_found_and_one_that_base_or_catalogue_have_is_not() {
        for soft in SOFT {
            let key = soft.split(" = ").next().unwrap();
            assert_eq!(keys(soft, "", ""), key, "{soft}");
            assert_eq!(keys(soft, "", soft), "", "{soft}");
            assert_eq!(keys(soft, soft, ""), "", "{soft}");
            assert_eq!(keys("", soft, ""), "", "{soft}");
        }
    }

    #[test]
    fn settings_that_ask_more_or_belong_to_operators_are_none_of_this() {
        for other in [
            "health.statuses = [200]",
            "limits.stable = 60",
            "health.upgrade = \"Welcome, admin\"",
            "limits.converge = 900",
            "env.upgrade = { TOKEN = \"x\" }",
            "ready = [{ tcp = \"app:80\" }]",
            "backup.verify = { service = \"db\", command = \"test -s /d\" }",
            "backup.capable = true",
            "screenshot.path = \"/about\"",
        ] {
            assert_eq!(keys(other, "", ""), "", "{other}");
        }
    }

    #[test]
    fn a_check_that_was_taken_out_is_found() {
        assert_eq!(keys("", "", "ready = [{ tcp = \"app:80\" }]"), "ready");
        let verify = "backup.verify = { service = \"db\", command = \"test -s /d\" }";
        assert_eq!(keys("", "", verify), "backup.verify");
        assert_eq!(keys("backup.verify = { service = \"db\", command = \"true\" }", "", verify), "backup.verify");
    }

    #[test]
    fn the_words_say_what_and_where() {
        let head = read("[health]\nstatuses = [200, 500, 503]\n", "");
        let found = softened(&head, &Settings::default(), "tests/ci.toml");
        assert_eq!(
            found[0].words,
            "500, 503 is accepted by the commit under test (tests/ci.toml, line 2: health.statuses), not by its base"
        );
        assert_eq!(found[0].tiers, BTreeSet::from([Tier::Upgrade, Tier::Restore]));
    }
}
