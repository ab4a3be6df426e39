//! Whether a run may become its recipe's canonical, as far as its request tells.

use super::find::Found;
use crate::request::{BaseWish, Deployer, KindWish, Request};
use cc_ci_model::plan::hook::{HookPlace, HookTime};
use cc_ci_model::plan::promotion::{self, Promotion};
use cc_ci_model::settings::Settings;
use cc_ci_model::tier::Tier;
use std::collections::{BTreeMap, BTreeSet};

/// What the plan says about promotion.
pub(super) fn planned(
    request: &Request,
    settings: &Settings,
    found: &Found,
    hooks: &BTreeMap<(HookTime, HookPlace), String>,
) -> Promotion {
    let departures = departures(request, settings, hooks);
    promotion::planned(settings.enrolment, found.head.committed(), &found.published, &departures)
}

/// In which ways the run is less than a complete one, or more than what can be brought back later.
fn departures(request: &Request, settings: &Settings, hooks: &BTreeMap<(HookTime, HookPlace), String>) -> Vec<String> {
    let mut found = Vec::new();
    let mut add = |departs: bool, what: &str| found.extend(departs.then(|| what.to_owned()));
    match request.kind {
        KindWish::Cold | KindWish::Verify => {}
        // Also where it runs cold: who wants a quick look changes nothing that is kept.
        KindWish::Quick => add(true, "`--quick`"),
    }
    add(request.stages != BTreeSet::from(Tier::ALL), "`--stages`");
    match &request.base {
        BaseWish::Automatic => {}
        BaseWish::Version(_) => add(true, "`--base`"),
        BaseWish::NoUpgrade { .. } => add(true, "`--no-upgrade`"),
    }
    add(request.tests.is_some(), "`--tests`");
    add(!request.allow.is_empty(), "`--allow`");
    match &request.deployer {
        Deployer::Swarm => {}
        Deployer::Abra(_) => add(true, "`--deployer abra`"),
    }
    add(hooks.keys().any(|(_, place)| *place == HookPlace::Host), "a hook on the host");
    add(!settings.dependencies.is_empty(), "it needs other recipes, which are not kept");
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(request: &Request) -> String {
        departures(request, &Settings::default(), &BTreeMap::new()).join(", ")
    }

    #[test]
    fn whatever_makes_a_run_less_than_complete_is_named() {
        let plain = Request::of("shop");
        assert_eq!(check(&plain), "");
        // To name the commit is not less.
        assert_eq!(check(&Request { revision: Some("1.0.0+1".to_owned()), ..plain.clone() }), "");
        let base = BaseWish::NoUpgrade { why: "x".to_owned() };
        let stages = BTreeSet::from([Tier::Install]);
        let less = Request { stages, base, tests: Some("/t".into()), ..plain.clone() };
        assert_eq!(check(&less), "`--stages`, `--no-upgrade`, `--tests`");
        assert_eq!(check(&Request { base: BaseWish::Version("1.0.0+1".to_owned()), ..plain.clone() }), "`--base`");
        assert_eq!(check(&Request { kind: KindWish::Quick, ..plain.clone() }), "`--quick`");
        let hooks = BTreeMap::from([((HookTime::PreInstall, HookPlace::Host), "x".to_owned())]);
        assert_eq!(departures(&plain, &Settings::default(), &hooks), ["a hook on the host"]);
    }
}
