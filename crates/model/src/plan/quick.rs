//! Whether a run can be a quick one: it begins with the recipe's canonical where a cold run would begin at that version (WARM-3).

use super::base::Base;
use super::kind::Kind;
use crate::canonical::Canonical;

/// What decides it.
#[derive(Debug, Clone, Copy)]
pub struct Chance<'a> {
    /// The recipe's canonical, where there is one.
    pub canonical: Option<&'a Canonical>,
    /// The place in the settings that leaves canonicals out, if one does.
    pub left_out_by: Option<&'a str>,
    /// The base that a cold run would have.
    pub base: &'a Base,
    /// Another recipe that the app needs.
    pub needs: Option<&'a str>,
    /// A hook that would run, and reads what a quick run does not have.
    pub hook: Option<&'a str>,
}

/// The quick run, with the base in its words.
///
/// # Errors
/// Says why the run has to be a cold one.
pub fn planned(chance: Chance<'_>) -> Result<(Kind, Base), String> {
    if let Some(place) = chance.left_out_by {
        return Err(format!("the settings leave canonicals out ({place})"));
    }
    let Some(canonical) = chance.canonical else {
        return Err("the recipe has no canonical".to_owned());
    };
    let Canonical { version, commit, run, .. } = canonical;
    match chance.base {
        Base::Published { version: base, commit: at, .. } if base == version && at == commit => {}
        Base::Published { version: base, .. } if base == version => {
            return Err(format!("the tag {version} is at another commit than the canonical of that name"));
        }
        Base::Published { version: base, reason, .. } => return Err(elsewhere(base, reason, version)),
        Base::Commit { commit, reason } => return Err(elsewhere(commit.short(), reason, version)),
        Base::Head { reason, .. } => {
            return Err(format!("there is no upgrade from the canonical {version} to head: {reason}"));
        }
    }
    if let Some(other) = chance.needs {
        return Err(format!("the app needs {other}, of which a canonical keeps nothing"));
    }
    if let Some(hook) = chance.hook {
        return Err(format!(
            "{hook} reads what a quick run does not have: values of secrets, or what earlier tests and hooks left"
        ));
    }
    let reason = format!("the recipe's canonical, brought back with its data and its secrets (run {run})");
    let base = Base::Published { version: version.clone(), commit: commit.clone(), reason };
    Ok((Kind::Quick { canonical: Box::new(canonical.clone()) }, base))
}

fn elsewhere(base: &str, reason: &str, canonical: &str) -> String {
    format!("the upgrade starts at {base} ({reason}), and not at the canonical {canonical}")
}

/// What is told of a run that was to be quick and cannot be.
#[must_use]
pub fn cold_after_all(why: &str) -> String {
    format!("quick was asked for, but {why}: runs cold")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{Commit, Domain, RunId, StackName};
    use crate::plan::base::NoBase;
    use std::collections::BTreeSet;

    fn commit(digit: char) -> Commit {
        Commit::parse(&digit.to_string().repeat(40)).unwrap()
    }

    fn canonical() -> Canonical {
        let stack = StackName::observed("shop-abc123");
        Canonical {
            version: "1.1.0+1".to_owned(),
            commit: commit('2'),
            run: RunId::parse("r7").unwrap(),
            promoted: "2026-11-29T12:00:00Z".to_owned(),
            domain: Domain::of_stack(&stack, "cc-ci.test"),
            stack,
            secrets: BTreeSet::new(),
            data: None,
        }
    }

    fn published(version: &str, digit: char) -> Base {
        Base::Published { version: version.to_owned(), commit: commit(digit), reason: "so".to_owned() }
    }

    fn from(base: &Base, change: impl FnOnce(&mut Chance<'_>)) -> String {
        let canonical = canonical();
        let mut chance = Chance { canonical: Some(&canonical), left_out_by: None, base, needs: None, hook: None };
        change(&mut chance);
        match planned(chance) {
            Ok((kind, base)) => format!("{:?} from {}", kind.purpose(), base.reason()),
            Err(why) => cold_after_all(&why),
        }
    }

    fn check(change: impl FnOnce(&mut Chance<'_>)) -> String {
        from(&published("1.1.0+1", '2'), change)
    }

    #[test]
    fn it_is_quick_where_a_cold_run_would_begin_at_the_canonicals_commit() {
        let quick = "Canonical from the recipe's canonical, brought back with its data and its secrets (run r7)";
        assert_eq!(check(|_| {}), quick);
    }

    #[test]
    fn else_it_is_cold_and_says_why() {
        let cold = |why: &str| format!("quick was asked for, but {why}: runs cold");
        assert_eq!(check(|chance| chance.canonical = None), cold("the recipe has no canonical"));
        let settings = cold("the settings leave canonicals out (tests/ci.toml:3)");
        assert_eq!(check(|chance| chance.left_out_by = Some("tests/ci.toml:3")), settings);
        let elsewhere = cold("the upgrade starts at 1.0.0+1 (so), and not at the canonical 1.1.0+1");
        let older = published("1.0.0+1", '1');
        assert_eq!(from(&older, |_| {}), elsewhere);
        // A tag that was set anew: the same name says nothing.
        let moved = published("1.1.0+1", '3');
        let at = cold("the tag 1.1.0+1 is at another commit than the canonical of that name");
        assert_eq!(from(&moved, |_| {}), at);
        let tip = Base::Commit { commit: commit('2'), reason: "so".to_owned() };
        let at = cold("the upgrade starts at 22222222 (so), and not at the canonical 1.1.0+1");
        assert_eq!(from(&tip, |_| {}), at);
        let none = Base::Head { reason: "head is it".to_owned(), why: NoBase::NothingOlder };
        let no_upgrade = cold("there is no upgrade from the canonical 1.1.0+1 to head: head is it");
        assert_eq!(from(&none, |_| {}), no_upgrade);
        let needs = cold("the app needs auth, of which a canonical keeps nothing");
        assert_eq!(check(|chance| chance.needs = Some("auth")), needs);
        assert!(check(|chance| chance.hook = Some("hooks/pre_upgrade")).contains("hooks/pre_upgrade reads what"));
    }
}
