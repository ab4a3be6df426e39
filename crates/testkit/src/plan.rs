//! A plan's facts for an app that keeps nothing and has no tests: what a test says otherwise, it says by name.

use cc_ci_model::ids::{Commit, RecipeName, RunId};
use cc_ci_model::plan::base::{Base, NoBase};
use cc_ci_model::plan::build::{BackupPromise, Data, HasConnections, HasOpenings, HasRoute, PlanFacts};
use cc_ci_model::plan::demands::Demands;
use cc_ci_model::plan::kind::Kind;
use cc_ci_model::plan::limits::Limits;
use cc_ci_model::plan::promotion::Promotion;
use cc_ci_model::plan::scrutiny::Scrutiny;
use cc_ci_model::tier::Tier;
use std::collections::{BTreeMap, BTreeSet};

/// The facts of a run that starts at head, with an HTTP route and nothing else.
#[must_use]
pub fn plain_facts(run: RunId, recipe: RecipeName, head: Commit) -> PlanFacts {
    PlanFacts {
        run,
        recipe,
        kind: Kind::Cold,
        cold_after_all: None,
        head,
        head_version: None,
        base: Base::Head { reason: "no published version".to_owned(), why: NoBase::NothingOlder },
        stages: Tier::ALL.into_iter().collect(),
        zone: "ci.test".to_owned(),
        route: HasRoute::Http,
        connections: HasConnections::None,
        openings: HasOpenings::None,
        backup: BackupPromise::Not { reason: "no backup labels".to_owned() },
        uncovered: Vec::new(),
        dropped_addresses: Vec::new(),
        data: Data::None,
        tests: BTreeMap::new(),
        hooks: BTreeMap::new(),
        limits: Limits::default(),
        demands: Demands::default(),
        ready: Vec::new(),
        not_at_base: BTreeSet::new(),
        verify: None,
        skips: BTreeMap::new(),
        untested: BTreeSet::new(),
        dependencies: Vec::new(),
        customization: BTreeMap::new(),
        notes: Vec::new(),
        scrutiny: Scrutiny::default(),
        promotion: Promotion::default(),
    }
}
