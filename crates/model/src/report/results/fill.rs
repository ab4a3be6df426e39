//! How `results.json` is filled from the view of a run.

use super::{
    BaseResult, CARD, DependencyResult, DeployResult, Deploys, Flags, Lint, Results, SCHEMA, SCREENSHOT, Skips,
    StageResult, TestResult, Timings, TriageResult,
};
use crate::event::Triage;
use crate::exit;
use crate::plan::base::Base;
use crate::report::{DependencyRow, DeployRow, ReportView, StepRow, TierRow};
use crate::verdict::Status;
use crate::verdict::level::rung_of;
use cc_ci_recipe::source::Severity;
use std::collections::BTreeMap;

impl Results {
    /// Draws the results from the view.
    #[must_use]
    pub fn new(view: &ReportView) -> Self {
        let verdict = &view.verdict;
        Self {
            schema: SCHEMA,
            run_id: view.run.to_string(),
            recipe: view.recipe.to_string(),
            version: view.version.clone(),
            commit: view.head.clone(),
            pr: view.pr,
            started: view.started.clone(),
            finished: view.finished.clone(),
            program: view.program.clone(),
            verdict: verdict.color,
            provisional: verdict.provisional,
            level: verdict.shown_level(),
            level_capped_by: verdict.capped_by().map(str::to_owned),
            rungs: verdict.rungs,
            blame: verdict.blame,
            reasons: verdict.reasons.iter().cloned().chain(view.unfinished().map(str::to_owned)).collect(),
            exit_code: exit::of_verdict(verdict),
            results: view.tiers.iter().map(|row| (row.tier, row.status)).collect(),
            stages: stages(view),
            skips: skips(view),
            flags: Flags {
                clean_teardown: view.after.is_some().then_some(view.left.is_empty() && view.namespaces_left.is_empty()),
                no_secret_leak: (!verdict.provisional).then_some(view.leaks.is_empty()),
            },
            lint: lint(view),
            customization: Some(view.customization.clone()).filter(|customization| !customization.is_empty()),
            screenshot: view.has_screenshot().then(|| SCREENSHOT.to_owned()),
            summary_card: Some(CARD.to_owned()),
            base: base(&view.base),
            deploys: Deploys {
                expected: verdict.budget.expected,
                count: verdict.budget.ledger,
                witness: verdict.budget.witness,
                agreement: verdict.budget.agreement,
                disagreements: verdict.budget.words.clone(),
                list: view.deploys.iter().map(deploy).collect(),
            },
            dependencies: view.providers.iter().map(DependencyResult::of).collect(),
            timings: timings(view),
            triage: view.triage.first().map(triage),
            pruned: view.pruned.clone(),
            left_behind: view.left.clone(),
            notes: view.notes.clone(),
            usage: view.usage.clone(),
            advice: view.advice.clone(),
            promotion: view.promotion.clone(),
        }
    }
}

impl DependencyResult {
    fn of(row: &DependencyRow) -> Self {
        let (tests_needed, tests_ran) = row.tests();
        Self {
            recipe: row.recipe.to_string(),
            version: row.version.clone(),
            mode: row.mode,
            why: row.why.clone(),
            stack: row.stack.to_string(),
            capabilities: row.capabilities.clone(),
            tests_needed,
            tests_ran,
        }
    }
}

fn lint(view: &ReportView) -> Lint {
    let report = view.lint.clone().unwrap_or_default();
    Lint {
        status: view.verdict.rungs.lint,
        detail: view.lint_note(),
        rules_failed: report.rules(Severity::Error),
        rules_warned: report.rules(Severity::Warning),
        compared_with: report.compared_with,
        findings: report.findings,
        unchecked: report.unchecked,
    }
}

fn stages(view: &ReportView) -> Vec<StageResult> {
    let lint = StageResult {
        name: "lint".to_owned(),
        status: view.verdict.rungs.lint,
        note: Some(view.lint_note()),
        ms: None,
        tests: Vec::new(),
    };
    view.tiers.iter().map(stage).chain([lint]).collect()
}

fn stage(row: &TierRow) -> StageResult {
    StageResult {
        name: row.tier.word().to_owned(),
        status: row.status,
        note: row.note.clone(),
        ms: row.span.ms(),
        tests: row.steps.iter().map(test).collect(),
    }
}

fn test(step: &StepRow) -> TestResult {
    TestResult {
        name: step.id.to_string(),
        status: step.status,
        ms: step.ms,
        note: step.note.clone(),
        finding: step.finding.clone(),
        cases: step.cases.clone(),
    }
}

fn skips(view: &ReportView) -> Skips {
    let mut skips = Skips { intentional: BTreeMap::new(), unintentional: Vec::new() };
    for (rung, status) in view.verdict.rungs.named() {
        match status {
            Status::Pass | Status::Fail => {}
            Status::Unver => skips.unintentional.push(rung.to_owned()),
            Status::Skip => {
                let reasons: Vec<_> = view
                    .tiers
                    .iter()
                    .filter(|row| row.status == Status::Skip && rung_of(row.tier) == rung)
                    .map(|row| row.note.clone().unwrap_or_default())
                    .collect();
                skips.intentional.insert(rung.to_owned(), reasons.first().cloned().unwrap_or_default());
            }
        }
    }
    skips
}

fn base(base: &Base) -> BaseResult {
    let version = match base {
        Base::Published { version, .. } => Some(version.clone()),
        Base::Commit { .. } | Base::Head { .. } => None,
    };
    BaseResult { version, commit: base.commit().map(ToString::to_string), reason: base.reason().to_owned() }
}

fn deploy(row: &DeployRow) -> DeployResult {
    DeployResult { stack: row.stack.to_string(), purpose: row.purpose.to_string(), reason: row.reason.clone() }
}

fn timings(view: &ReportView) -> Timings {
    let (pull_ms, images_pulled) = view.pulls();
    let first_seen = view.services.iter().rev().flat_map(|(_, services)| services);
    Timings {
        verdict_ms: view.due_ms,
        total_ms: view.end_ms,
        pull_ms,
        images_pulled,
        images: view.images.len(),
        tiers: view.tiers.iter().filter_map(|row| Some((row.tier, row.span.ms()?))).collect(),
        services_ready: first_seen.filter_map(|seen| Some((seen.service.clone(), seen.ready_ms?))).collect(),
    }
}

fn triage(triage: &Triage) -> TriageResult {
    TriageResult {
        step: triage.step.to_string(),
        service: triage.service.clone(),
        cause: triage.finding.cause,
        summary: triage.finding.summary.clone(),
        exit_code: triage.exit_code,
        oom: triage.oom,
        health: triage.health.clone(),
        log: triage.log.clone(),
        then: triage.then.clone(),
    }
}
