//! What tests and hooks read that not every run has, told from their texts (WARM-3).

use super::{OwnTests, Runner};
use crate::canonical::SecretValues;
use crate::plan::hook::HookTime;
use crate::plan::kind::Kind;
use crate::tier::Tier;
use std::collections::BTreeSet;

/// How a program names the values of the app's secrets.
const SECRETS: [&str; 2] = ["CC_CI_SECRETS_DIR", "/run/cc-ci/"];

/// How a Hurl file does.
const HURL_SECRETS: &str = "secret_";

/// How a program names the folder in which earlier tests and hooks leave something.
const STATE: [&str; 2] = ["CC_CI_STATE_DIR", "/state"];

/// What a test or hook reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reads {
    /// Values of the app's secrets.
    Secrets,
    /// What earlier tests and hooks of the run left.
    State,
}

impl Reads {
    /// What a file of this kind reads; one that is no text may read anything.
    fn of(runner: Runner, text: Option<&str>) -> BTreeSet<Self> {
        let Some(text) = text else { return BTreeSet::from([Self::Secrets, Self::State]) };
        let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
        match runner {
            Runner::Hurl => text.contains(HURL_SECRETS).then_some(Self::Secrets).into_iter().collect(),
            Runner::Pytest | Runner::Browser | Runner::Executable => {
                let (secrets, state) = (has(&SECRETS).then_some(Self::Secrets), has(&STATE).then_some(Self::State));
                secrets.into_iter().chain(state).collect()
            }
        }
    }
}

impl OwnTests {
    /// Learns what tests and hooks read. `text` is a file's text, if it has one; `beside` are the texts of files that are neither,
    /// which any program among them may use.
    #[must_use]
    pub(super) fn with_reads<'a>(
        mut self,
        text: impl Fn(&str) -> Option<&'a str>,
        beside: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let shared: BTreeSet<Reads> =
            beside.into_iter().flat_map(|text| Reads::of(Runner::Executable, Some(text))).collect();
        let paths = self.tests.values().flatten().chain(self.hooks.values()).cloned();
        self.reads = paths
            .map(|path| {
                let runner = Runner::of(&path);
                let mut reads = Reads::of(runner, text(&path));
                match runner {
                    Runner::Hurl => {}
                    Runner::Pytest | Runner::Browser | Runner::Executable => reads.extend(shared.iter().copied()),
                }
                (path, reads)
            })
            .collect();
        self
    }

    /// Whether a file is one of ours: a test, or a hook.
    #[must_use]
    pub fn runs(&self, path: &str) -> bool {
        self.tests.values().flatten().chain(self.hooks.values()).any(|one| one == path)
    }

    /// A hook that a quick run would perform, and that reads what such a run does not have.
    #[must_use]
    pub fn hook_in_want(&self, secrets: SecretValues) -> Option<&str> {
        let performed = self.hooks.iter().filter(|((time, _), _)| is_of_quick(*time));
        performed.map(|(_, path)| path.as_str()).find(|path| self.is_in_want(path, secrets))
    }

    /// Leaves out what a quick run does not perform, where the run is one: hooks and tests of other tiers, and tests that read
    /// what it does not have. Answers with the tiers that have no test any more, and a note.
    pub fn for_kind(&mut self, kind: &Kind) -> (BTreeSet<Tier>, Option<String>) {
        match kind {
            Kind::Cold | Kind::Verify { .. } => return (BTreeSet::new(), None),
            Kind::Quick { .. } => {}
        }
        let secrets = kind.secrets();
        let (mut untested, mut left_out) = (BTreeSet::new(), Vec::new());
        for (tier, paths) in std::mem::take(&mut self.tests) {
            let (stays, goes): (Vec<_>, Vec<_>) =
                paths.into_iter().partition(|path| is_upgraded(tier) && !self.is_in_want(path, secrets));
            left_out.extend(goes);
            if stays.is_empty() {
                untested.insert(tier);
            } else {
                self.tests.insert(tier, stays);
            }
        }
        for ((time, place), path) in std::mem::take(&mut self.hooks) {
            if is_of_quick(time) {
                self.hooks.insert((time, place), path);
            } else {
                left_out.push(path);
            }
        }
        let note = format!(
            "left out of a quick run: {} (of tiers that it does not try, done when the canonical was made, or reading what it does not \
             have: values of secrets, or what earlier tests and hooks left)",
            left_out.join(", ")
        );
        (untested, (!left_out.is_empty()).then_some(note))
    }

    /// Whether a file reads what a quick run does not have.
    fn is_in_want(&self, path: &str, secrets: SecretValues) -> bool {
        let reads = self.reads.get(path);
        let wants = |read: &Reads| match (read, secrets) {
            (Reads::State, _) | (Reads::Secrets, SecretValues::Unknown) => true,
            (Reads::Secrets, SecretValues::Known) => false,
        };
        reads.is_none_or(|reads| reads.iter().any(wants))
    }
}

/// Whether a quick run performs tests of this tier: those that meet head.
fn is_upgraded(tier: Tier) -> bool {
    match tier {
        Tier::Upgrade | Tier::Custom => true,
        Tier::Install | Tier::Backup | Tier::Restore => false,
    }
}

/// Whether a quick run performs hooks of this moment.
fn is_of_quick(time: HookTime) -> bool {
    match time {
        HookTime::PreUpgrade => true,
        HookTime::PreInstall
        | HookTime::InstallSteps
        | HookTime::PreBackup
        | HookTime::BackupVerify
        | HookTime::PreRestore => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::Canonical;
    use crate::ids::{Commit, Domain, RunId, StackName};

    fn quick(secrets: &[&str]) -> Kind {
        let stack = StackName::observed("shop-abc123");
        let canonical = Canonical {
            version: "1.0.0+1".to_owned(),
            commit: Commit::parse(&"2".repeat(40)).unwrap(),
            run: RunId::parse("r7").unwrap(),
            promoted: "2026-11-29T12:00:00Z".to_owned(),
            domain: Domain::of_stack(&stack, "cc-ci.test"),
            stack,
            secrets: secrets.iter().map(|name| (*name).to_owned()).collect(),
            data: None,
        };
        Kind::Quick { canonical: Box::new(canonical) }
    }

    /// What runs in a quick run of a recipe with these files: its tests, and the tiers without one.
    fn check(kind: &Kind, files: &[(&str, &str)], beside: &[&str]) -> String {
        let found = OwnTests::find(files.iter().map(|(path, _)| (*path, true)));
        let text = |path: &str| files.iter().find(|(one, _)| *one == path).map(|(_, text)| *text);
        let mut own = found.with_reads(text, beside.iter().copied());
        if let Some(hook) = own.hook_in_want(kind.secrets()) {
            return format!("{hook} cannot");
        }
        let (untested, note) = own.for_kind(kind);
        let runs: Vec<&String> = own.tests.values().flatten().chain(own.hooks.values()).collect();
        assert_eq!(note.is_none(), runs.len() == files.len(), "{note:?}");
        let untested: Vec<&str> = untested.into_iter().map(Tier::word).collect();
        format!("{runs:?} {}", untested.join(" "))
    }

    #[test]
    fn a_quick_run_performs_the_tests_that_meet_head_and_miss_nothing() {
        let files = [
            ("install.hurl", "GET {{base_url}}/"),
            ("upgrade.hurl", "GET {{base_url}}/"),
            ("restore.sh", "true"),
            ("custom/login.hurl", "admin: {{secret_admin}}"),
            ("custom/kept.sh", "cat $CC_CI_STATE_DIR/post"),
            ("custom/page.sh", "curl $CC_CI_BASE_URL"),
        ];
        assert_eq!(check(&Kind::Cold, &files, &[]).matches(", ").count(), 5);
        let runs = r#"["upgrade.hurl", "custom/page.sh"] install restore"#;
        assert_eq!(check(&quick(&["pw"]), &files, &[]), runs);
        // Where the canonical has no secrets the run makes all that there are.
        let runs = r#"["upgrade.hurl", "custom/login.hurl", "custom/page.sh"] install restore"#;
        assert_eq!(check(&quick(&[]), &files, &[]), runs);
        // What a program sources is told from its text by nobody, so any file beside it counts.
        let login = ["login() { cat $CC_CI_SECRETS_DIR/pw; }"];
        assert_eq!(check(&quick(&["pw"]), &files, &login), r#"["upgrade.hurl"] install restore custom"#);
    }

    #[test]
    fn a_program_that_is_no_text_may_read_anything() {
        let mut own = OwnTests::find([("custom/a", true)]).with_reads(|_| None, []);
        own.for_kind(&quick(&["pw"]));
        assert!(own.tests.is_empty());
    }

    #[test]
    fn only_the_hook_before_the_upgrade_runs_and_one_that_misses_something_cannot() {
        let hooks = [("hooks/install_steps", "cat $CC_CI_SECRETS_DIR/pw"), ("hooks/pre_upgrade", "true")];
        assert_eq!(check(&quick(&["pw"]), &hooks, &[]), r#"["hooks/pre_upgrade"] "#);
        let hooks = [("hooks/host/pre_upgrade", "cat $CC_CI_STATE_DIR/post")];
        assert_eq!(check(&quick(&[]), &hooks, &[]), "hooks/host/pre_upgrade cannot");
        let hooks = [("hooks/pre_upgrade", "cat $CC_CI_SECRETS_DIR/pw")];
        assert_eq!(check(&quick(&["pw"]), &hooks, &[]), "hooks/pre_upgrade cannot");
    }
}
