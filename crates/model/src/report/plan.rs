//! A plan for a reader: what a run would do, why, within which limits and with which permits (RUN-4).

use crate::plan::base::Base;
use crate::plan::dependency::Dependency;
use crate::plan::kind::Kind;
use crate::plan::promotion::Promotion;
use crate::plan::{Disposition, Plan, PlannedTier};
use crate::verdict::level::AT_MOST;

/// Draws the plan. Plain text, ends with a line break.
#[must_use]
pub fn render(plan: &Plan) -> String {
    let version = plan.head_version.as_deref().unwrap_or("no version label");
    let mut rows = vec![
        ("recipe", format!("{} at {} ({version})", plan.recipe, plan.shown_head())),
        match &plan.kind {
            Kind::Cold | Kind::Quick { .. } => ("base", base(&plan.base)),
            Kind::Verify { canonical } => {
                ("starts", format!("as the canonical {} of run {}", canonical.version, canonical.run))
            }
        },
    ];
    match &plan.kind {
        Kind::Quick { .. } => rows.push(("kind", AT_MOST.to_owned())),
        Kind::Cold | Kind::Verify { .. } => {}
    }
    rows.extend(plan.cold_after_all.iter().map(|told| ("kind", told.clone())));
    rows.push(("deploys", plan.deploys_expected().to_string()));
    rows.extend(plan.permits.iter().map(|grant| ("", format!("{}: {}", grant.purpose, grant.reason))));
    rows.extend(headed("needs", plan.dependencies.iter().map(dependency)));
    rows.extend(headed("tiers", plan.tiers.iter().map(tier)));
    match &plan.promotion {
        Promotion::NotEnrolled => {}
        Promotion::No { why } => rows.push(("keeps", format!("nothing: {why}"))),
        Promotion::IfGreen { .. } => rows.push((
            "keeps",
            "the app as the recipe's canonical, if green: from this deployment, with 0 deploys".to_owned(),
        )),
    }
    let limits = plan.limits;
    let alive = match limits.alive {
        0 => String::new(),
        seconds => format!(", head watched for at least {seconds} s, since it has no tests of its own"),
    };
    rows.push((
        "limits",
        format!(
            "run {} s, converge {} s, serving {} s, one command {} s, stable for {} s{alive}",
            limits.run, limits.converge, limits.serving, limits.command, limits.stable
        ),
    ));
    rows.extend(headed("changes", plan.customization.iter().map(|(name, value)| format!("{name} = {value}"))));
    rows.extend(headed("notes", plan.notes.iter().cloned()));
    rows.into_iter().map(|(head, line)| format!("{head:<9}{line}\n")).collect()
}

/// Lines of which only the first carries the heading.
fn headed(head: &'static str, lines: impl Iterator<Item = String>) -> impl Iterator<Item = (&'static str, String)> {
    lines.enumerate().map(move |(at, line)| (if at == 0 { head } else { "" }, line))
}

fn base(base: &Base) -> String {
    match base {
        Base::Published { version, commit, reason } => format!("{version} at {}: {reason}", commit.short()),
        Base::Commit { commit, reason } => format!("{}: {reason}", commit.short()),
        Base::Head { reason, .. } => format!("none, the app starts at head: {reason}"),
    }
}

fn dependency(dependency: &Dependency) -> String {
    let Dependency { recipe, mode, why, stack, .. } = dependency;
    let taken = dependency.provides.iter().map(|taken| {
        let tests = match taken.tests.as_slice() {
            [] => String::new(),
            tests => format!(" for {}", tests.join(", ")),
        };
        format!("; provides {}{tests}", taken.capability)
    });
    format!("{recipe} {} ({mode}: {why}; stack {stack}){}", dependency.shown(), taken.collect::<String>())
}

fn tier(planned: &PlannedTier) -> String {
    let what = match &planned.disposition {
        Disposition::Skip { reason, .. } => format!("skipped: {reason}"),
        Disposition::Run => {
            let below = format!("{}/", planned.tier);
            let steps = planned.steps.iter().map(|step| step.id.as_str().strip_prefix(&below).unwrap_or_default());
            steps.collect::<Vec<_>>().join(", ")
        }
    };
    format!("{:<8} {what}", planned.tier.word())
}
