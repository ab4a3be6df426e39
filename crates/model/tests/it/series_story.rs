//! Tells whole series of upgrades: a plan from the real planner, runs told as stories, and what one witness saw of all of them.

use crate::story::*;
use cc_ci_model::evidence::Evidence;
use cc_ci_model::exit;
use cc_ci_model::ids::{Commit, RecipeName, RunId};
use cc_ci_model::plan::Plan;
use cc_ci_model::plan::base::Base;
use cc_ci_model::plan::build::{PlanFacts, plan};
use cc_ci_model::report::ReportView;
use cc_ci_model::tier::Tier;
use cc_ci_model::upgrades::choose::LeftOutVersion;
use cc_ci_model::upgrades::count::{SeenStack, SeriesSeen};
use cc_ci_model::upgrades::plan::{ApprovedUpgrades, SeriesFacts, UpgradeFacts, UpgradesPlan, upgrades};
use cc_ci_model::upgrades::report::UpgradesReport;
use cc_ci_model::upgrades::tried::TriedUpgrade;
use cc_ci_model::verdict::judge;
use std::collections::BTreeSet;

/// A series that was planned, with the plan of each run.
pub(crate) struct Tale {
    pub(crate) approved: ApprovedUpgrades,
    pub(crate) plans: Vec<Plan>,
}

/// The plan of the run from a version: the first one of everything, others as usual.
pub(crate) fn plan_from(version: &str, number: usize) -> Plan {
    let stages = match number {
        1 => BTreeSet::from(Tier::ALL),
        _ => BTreeSet::from([Tier::Install, Tier::Upgrade, Tier::Custom]),
    };
    plan(PlanFacts {
        run: RunId::parse(&format!("s1-{number}")).unwrap(),
        base: Base::Published {
            version: version.to_owned(),
            commit: Commit::parse(&number.to_string().repeat(40)).unwrap(),
            reason: "asked for".to_owned(),
        },
        stages,
        ..facts()
    })
    .plan
}

/// A series from these versions, the newest first. One that begins with `!` cannot be planned.
pub(crate) fn from(versions: &[&str]) -> Tale {
    let mut plans = Vec::new();
    let mut told = Vec::new();
    for (name, number) in versions.iter().zip(1..) {
        let version = name.trim_start_matches('!').to_owned();
        let plan = plan_from(&version, number);
        told.push(UpgradeFacts {
            version,
            commit: plan.base.commit().unwrap().clone(),
            remark: None,
            run: plan.run.clone(),
            planned: match name.starts_with('!') {
                true => Err(("the base is not usable: cannot read compose.yml".to_owned(), exit::BAD_RECIPE)),
                false => Ok(Box::new(plan.clone())),
            },
        });
        plans.push(plan);
    }
    let series = SeriesFacts {
        series: RunId::parse("s1").unwrap(),
        recipe: RecipeName::parse("miniflux").unwrap(),
        head: Commit::parse(&"b".repeat(40)).unwrap(),
        head_version: Some("2.0.0+2.3.4".to_owned()),
        left_out: vec![LeftOutVersion {
            version: "1.9.0+2.3.0".to_owned(),
            why: "does not come before head".to_owned(),
        }],
        not_asked: 0,
    };
    Tale { approved: upgrades(series, told), plans }
}

impl Tale {
    pub(crate) fn plan(&self) -> &UpgradesPlan {
        &self.approved.plan
    }

    /// The run from the version at a place, as it went.
    pub(crate) fn tried(&self, place: usize, went: impl FnOnce(&Plan, Story) -> Story) -> TriedUpgrade {
        let plan = &self.plans[place];
        let evidence = Evidence::fold(&went(plan, Story::green(plan)).told());
        let verdict = judge(plan, &evidence);
        let end = evidence.end.as_ref().map(|(end, _)| end);
        let code = exit::of_process(&verdict, end);
        let view = ReportView::new(plan, &evidence, &verdict);
        TriedUpgrade::of(&self.plan().upgrades[place].version, &view, &evidence, code)
    }

    pub(crate) fn green(&self, place: usize) -> TriedUpgrade {
        self.tried(place, |_, story| story)
    }

    /// Every stack of the plan, seen once.
    pub(crate) fn seen(&self) -> SeriesSeen {
        let seen = |upgrade: &cc_ci_model::upgrades::plan::PlannedUpgrade| {
            let run = upgrade.run.to_string();
            let stacks = upgrade.permits().iter().map(|grant| grant.stack.clone());
            stacks.map(|name| SeenStack { name, run: Some(run.clone()) }).collect::<Vec<_>>()
        };
        SeriesSeen { stacks: self.plan().upgrades.iter().flat_map(seen).collect(), unbroken: true }
    }

    pub(crate) fn report(&self, tried: &[TriedUpgrade], seen: &SeriesSeen) -> UpgradesReport {
        UpgradesReport::new(self.plan().clone(), tried, Some(seen), "2026-11-29T23:00:00Z".to_owned(), None)
    }
}
