//! Whether what a record shows is good enough to be kept as its recipe's canonical (WARM-1).

use super::budget::Agreement;
use super::{Color, Status, Verdict};
use crate::evidence::Evidence;
use crate::plan::promotion::Promotion;
use crate::plan::{Disposition, Plan, Skip};

/// Whether what a record shows so far is good enough to be kept, or why not. Asked when the verdict is due, and again when
/// everything of the run is gone.
///
/// # Errors
/// Says why the run cannot become the canonical.
pub fn due(plan: &Plan, evidence: &Evidence, verdict: &Verdict) -> Result<(), String> {
    match &plan.promotion {
        Promotion::IfGreen { .. } => {}
        Promotion::NotEnrolled => return Err("the recipe is not enrolled".to_owned()),
        Promotion::No { why } => return Err(why.clone()),
    }
    match verdict.color {
        Color::Green => {}
        Color::Red | Color::Unverified | Color::Cancelled => {
            return Err(format!("the run is not green, but {}", verdict.color));
        }
    }
    if evidence.budget.is_none() || verdict.budget.agreement != Agreement::Agreed {
        return Err("the three counts of the deploys do not agree".to_owned());
    }
    for tier in &verdict.tiers {
        let structural = plan.tier(tier.tier).is_some_and(|planned| match &planned.disposition {
            Disposition::Skip { why, .. } => match why {
                Skip::Structural => true,
                Skip::Declared | Skip::NotAsked | Skip::OwnSettings | Skip::NoTags | Skip::Quick => false,
            },
            Disposition::Run => false,
        });
        match tier.status {
            Status::Pass => {}
            Status::Skip if structural => {}
            Status::Skip | Status::Fail | Status::Unver => return Err(format!("{} did not pass", tier.tier)),
        }
    }
    Ok(())
}
