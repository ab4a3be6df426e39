//! `results.json`: the run for programs. Schema 3 has every key of schema 2 with the same meaning, and more.

use super::{DependencyRow, DeployRow, ReportView, StepRow, TierRow};
use crate::event::Triage;
use crate::exit;
use crate::object::Object;
use crate::outcome::{Cause, Finding};
use crate::plan::base::Base;
use crate::plan::dependency::Mode;
use crate::testcase::TestCase;
use crate::tier::Tier;
use crate::usage::advice::IntervalAdvice;
use crate::usage::compare::Compared;
use crate::verdict::blame::Blame;
use crate::verdict::budget::Agreement;
use crate::verdict::level::{Rungs, rung_of};
use crate::verdict::{Color, Status};
use cc_ci_recipe::lint::LintFinding;
use cc_ci_recipe::source::Severity;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The schema's number, raised when a reader of the old one would misread the new one.
pub const SCHEMA: u32 = 3;

/// File name of the picture of the app.
pub const SCREENSHOT: &str = "screenshot.png";
/// File name of the summary card.
pub const CARD: &str = "card.png";

/// The whole file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Results {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The run's id.
    pub run_id: String,
    /// The recipe under test.
    pub recipe: String,
    /// The version label at head; `null` if it has none.
    pub version: Option<String>,
    /// The commit under test, 40 digits; with `+U` behind them where what lies uncommitted over it was tested.
    #[serde(rename = "ref")]
    pub commit: String,
    /// The pull request's number; `null` for a run by hand.
    pub pr: Option<u64>,
    /// When the run started, RFC 3339, UTC.
    pub started: Option<String>,
    /// When it ended (teardown included), RFC 3339, UTC.
    pub finished: Option<String>,
    /// The version of cc-ci.
    pub program: Option<String>,
    /// The verdict in one word.
    pub verdict: Color,
    /// The run has not ended yet; the final results are never better.
    pub provisional: bool,
    /// 0 to 5; `null` for a run that was not asked to prove everything, or that was about a work tree.
    pub level: Option<u8>,
    /// Why the level is not more, or is missing, though nothing failed; `null` when the whole ladder could be climbed.
    #[serde(default)]
    pub level_capped_by: Option<String>,
    /// The five rungs.
    pub rungs: Rungs,
    /// Whose fault it is that the run is not green; `null` when it is.
    pub blame: Option<Blame>,
    /// Why it is not green, most important first.
    pub reasons: Vec<String>,
    /// The exit code of the verdict.
    pub exit_code: u8,
    /// Per tier how it stands.
    pub results: BTreeMap<Tier, Status>,
    /// Per tier its steps; `lint` is a stage too.
    pub stages: Vec<StageResult>,
    /// What was skipped on purpose, and what has no answer.
    pub skips: Skips,
    /// Yes or no questions.
    pub flags: Flags,
    /// The lint rung.
    pub lint: Lint,
    /// What the run was changed by, with what looks like a secret masked; `null` for nothing.
    pub customization: Option<BTreeMap<String, String>>,
    /// File name of the screenshot; `null` when there is none.
    pub screenshot: Option<String>,
    /// File name of the summary card.
    pub summary_card: Option<String>,
    /// Where the app was first deployed.
    pub base: BaseResult,
    /// The deploy budget.
    pub deploys: Deploys,
    /// Other recipes the app needed.
    #[serde(default)]
    pub dependencies: Vec<DependencyResult>,
    /// Where the time went.
    pub timings: Timings,
    /// The service that failed first, if one did.
    pub triage: Option<TriageResult>,
    /// Services that head dropped and that were removed.
    pub pruned: Vec<String>,
    /// Objects teardown could not remove.
    pub left_behind: Vec<Object>,
    /// Notes of the plan, and how busy the machine was where that is worth a word.
    pub notes: Vec<String>,
    /// What each service used at base and at head; left out where that was not compared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub usage: Vec<Compared>,
    /// Health checks whose interval made this run wait; left out where there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub advice: Vec<IntervalAdvice>,
    /// What became of the promotion to the recipe's canonical; `None` where there is nothing to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promotion: Option<String>,
}

/// One dependency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DependencyResult {
    /// Its recipe.
    pub recipe: String,
    /// Its version, or its commit where it has none.
    pub version: String,
    /// Whether the run deployed it (`cold`) or used one that was up (`warm`).
    pub mode: Mode,
    /// Why in that mode.
    pub why: String,
    /// Its stack.
    pub stack: String,
    /// What was taken from it.
    pub capabilities: Vec<String>,
    /// How many tests need it.
    pub tests_needed: usize,
    /// How many of them ran.
    pub tests_ran: usize,
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

/// One tier with its steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StageResult {
    /// The tier's word, or `lint`.
    pub name: String,
    /// How it stands.
    pub status: Status,
    /// Why it did not pass, or what was seen.
    pub note: Option<String>,
    /// How long it took, in milliseconds.
    pub ms: Option<u64>,
    /// Its steps.
    pub tests: Vec<TestResult>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TestResult {
    /// The step's id.
    pub name: String,
    /// How it stands.
    pub status: Status,
    /// How long it took, in milliseconds.
    pub ms: Option<u64>,
    /// What was seen, or why it was skipped.
    pub note: Option<String>,
    /// What was found, unless it passed.
    pub finding: Option<Finding>,
    /// The test cases of a file whose runner tells them apart; left out for every other step.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cases: Vec<TestCase>,
}

/// What did not run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Skips {
    /// Rung and reason.
    pub intentional: BTreeMap<String, String>,
    /// Rungs that should have given an answer.
    pub unintentional: Vec<String>,
}

/// Yes or no questions; `null` is "not known", as before teardown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Flags {
    /// Nothing was left.
    pub clean_teardown: Option<bool>,
    /// No secret was found in an artifact.
    pub no_secret_leak: Option<bool>,
}

/// The lint rung.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Lint {
    /// How it stands.
    pub status: Status,
    /// In words.
    pub detail: String,
    /// Numbers of the rules of severity error that found something.
    pub rules_failed: Vec<String>,
    /// Numbers of the other rules that found something.
    #[serde(default)]
    pub rules_warned: Vec<String>,
    /// What head was compared with: a version, or a revision; `null` for nothing.
    #[serde(default)]
    pub compared_with: Option<String>,
    /// Everything found, by file and line.
    #[serde(default)]
    pub findings: Vec<LintFinding>,
    /// Numbers of rules that were not checked.
    #[serde(default)]
    pub unchecked: Vec<String>,
}

/// Where the app was first deployed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BaseResult {
    /// The published version, if it is one.
    pub version: Option<String>,
    /// The commit; `null` when the app started at head.
    pub commit: Option<String>,
    /// Why this one.
    pub reason: String,
}

/// The deploy budget.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Deploys {
    /// Deploys the plan permits.
    pub expected: usize,
    /// Deploys in the ledger; `null` if never counted.
    pub count: Option<usize>,
    /// Deploys the engine's event stream showed; `null` if never counted.
    pub witness: Option<usize>,
    /// Whether the three agree.
    pub agreement: Agreement,
    /// Every disagreement in words.
    pub disagreements: Vec<String>,
    /// Each deploy with its purpose and reason.
    pub list: Vec<DeployResult>,
}

/// One deploy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeployResult {
    /// The stack.
    pub stack: String,
    /// What for.
    pub purpose: String,
    /// Why the plan permitted it.
    pub reason: Option<String>,
}

/// Where the time went, in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Timings {
    /// From the start to the verdict.
    pub verdict_ms: Option<u64>,
    /// From the start to the end, teardown included.
    pub total_ms: Option<u64>,
    /// Pulling, added up over all images; not part of any tier.
    pub pull_ms: u64,
    /// How many images were pulled.
    pub images_pulled: usize,
    /// How many images there are.
    pub images: usize,
    /// Per tier.
    pub tiers: BTreeMap<Tier, u64>,
    /// Per service, from the deploy to its first running task.
    pub services_ready: BTreeMap<String, u64>,
}

/// The service that failed first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TriageResult {
    /// During which step.
    pub step: String,
    /// The service.
    pub service: String,
    /// What it died of.
    pub cause: Cause,
    /// In words.
    pub summary: String,
    /// Exit code of the dead attempt.
    pub exit_code: Option<i64>,
    /// Whether the kernel killed it for memory.
    pub oom: bool,
    /// Output of the last health probe.
    pub health: Option<String>,
    /// Last lines of the dead attempt.
    pub log: Vec<String>,
    /// Services that failed after it or were waiting.
    pub then: Vec<String>,
}

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

/// The JSON Schema of the file as this version writes it (2020-12), made from the types above.
#[must_use]
pub fn schema() -> serde_json::Value {
    let generator = schemars::generate::SchemaSettings::draft2020_12().for_serialize().into_generator();
    generator.into_root_schema_for::<Results>().to_value()
}

/// The file's text, indented, with a line break at the end.
pub fn render(view: &ReportView) -> Result<String, serde_json::Error> {
    Ok(serde_json::to_string_pretty(&Results::new(view))? + "\n")
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
