//! `results.json`: the run for programs. Schema 3 has every key of schema 2 with the same meaning, and more.

mod fill;

use super::ReportView;
use crate::object::Object;
use crate::outcome::{Cause, Finding};
use crate::plan::dependency::Mode;
use crate::testcase::TestCase;
use crate::tier::Tier;
use crate::usage::advice::IntervalAdvice;
use crate::usage::compare::Compared;
use crate::verdict::blame::Blame;
use crate::verdict::budget::Agreement;
use crate::verdict::level::Rungs;
use crate::verdict::{Color, Status};
use cc_ci_recipe::lint::LintFinding;
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
