//! Everything the server says on a forge. No text begins with `!`: what we say is never a command.

use crate::command::{Speed, Wish, quoted};
use cc_ci_forge::StatusState;
use cc_ci_model::verdict::Color;
use cc_ci_model::verdict::blame::Blame;
use cc_ci_web::board::job::{JobEnd, WaitsFor};
use serde::{Deserialize, Serialize};

/// What a job is about, for people.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About<'a> {
    /// The recipe.
    pub(crate) recipe: &'a str,
    /// The commit under test.
    pub(crate) sha: &'a str,
    /// What was asked for.
    pub(crate) wish: &'a Wish,
    /// Where the repository can be fetched.
    pub(crate) clone: &'a str,
    /// Where our pages are.
    pub(crate) pages: Option<&'a str>,
    /// A word that belongs to every report of it.
    pub(crate) note: Option<&'a str>,
    /// Which attempt it is.
    pub(crate) attempt: usize,
}

/// How a job stands, for people.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Scene<'a> {
    /// It waits.
    Queued {
        /// How many go before it.
        before: usize,
        /// In how many seconds it begins.
        begins: Option<i64>,
        /// Why.
        waits: &'a WaitsFor,
    },
    /// It goes on.
    Running {
        /// Its run.
        run: &'a str,
        /// Where it is.
        place: Option<&'a str>,
    },
    /// It was told to end.
    Cancelling {
        /// By whom.
        by: &'a str,
    },
    /// It ended.
    Ended {
        /// How.
        end: &'a JobEnd,
        /// Its run.
        run: Option<&'a str>,
        /// The report of the run.
        report: Option<&'a str>,
    },
}

/// A commit status but for its context.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StatusWords {
    pub(crate) state: StatusWord,
    pub(crate) description: String,
    pub(crate) url: String,
}

/// What a status says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StatusWord {
    Pending,
    Success,
    Failure,
    Error,
}

impl From<StatusWord> for StatusState {
    fn from(word: StatusWord) -> Self {
        match word {
            StatusWord::Pending => Self::Pending,
            StatusWord::Success => Self::Success,
            StatusWord::Failure => Self::Failure,
            StatusWord::Error => Self::Error,
        }
    }
}

/// The line that our comment begins with, by which it is found again. Text of others never stands in front of it.
pub(crate) fn marker(comment: &str) -> String {
    format!("<!-- cc-ci: answer to comment {comment} -->\n")
}

/// A whole comment that answers another one.
pub(crate) fn answer(comment: &str, text: &str) -> String {
    format!("{}{text}", marker(comment))
}

/// The help.
pub(crate) const HELP: &str = "A comment of one line that begins with `!testme` is for me:

| comment | what happens |
|---|---|
| `!testme` | everything is tested: install, upgrade, backup, restore, the recipe's own tests |
| `!testme only=install,upgrade` | only these tiers; never sets the status that gates merges |
| `!testme base=1.2.0+3.4` | the upgrade begins at this version; never sets that status either |
| `!testme --quick` | a quick look from the kept known-good app, where there is one: at most level 2; never sets that status either |
| `!testme status` | how the runs of this pull request stand |
| `!testme cancel` | ends them |

Edits of a comment and comments in a review are not read.";

/// The answer to a command that was not understood.
pub(crate) fn unclear(why: &str) -> String {
    format!("I did not understand that: {why}.")
}

/// The answer to a request that is not obeyed.
pub(crate) fn refused(why: &str) -> String {
    format!("Not tested: {why}.")
}

/// What a job is about, in words.
fn subject(about: &About<'_>) -> String {
    let short = about.sha.get(..8).unwrap_or(about.sha);
    let what = about.wish.arguments().iter().map(|word| format!(" {}", quoted(word))).collect::<String>();
    format!("**{}** at {short}{what}", about.recipe)
}

/// Why a job waits.
pub(crate) fn reason(waits: &WaitsFor) -> String {
    match waits {
        WaitsFor::Nothing => "it starts next".to_owned(),
        WaitsFor::Slot => "as many runs go on as may".to_owned(),
        WaitsFor::Memory { missing } => format!("waiting for {} of memory", bytes(*missing)),
        WaitsFor::Disk { missing } => format!("waiting for {} of disk", bytes(*missing)),
        WaitsFor::Addresses => "waiting for free network addresses".to_owned(),
        WaitsFor::SamePull => "an earlier run of this pull request goes first".to_owned(),
        WaitsFor::Operator => "the queue is paused by its operator".to_owned(),
        WaitsFor::Swarm => "waiting for a swarm: none answers".to_owned(),
        WaitsFor::Repository => "waiting for the repository".to_owned(),
    }
}

/// Bytes as people read them.
pub(crate) fn bytes(count: u64) -> String {
    let mebi = count.div_ceil(1 << 20);
    if mebi < 1024 { format!("{mebi} MiB") } else { format!("{}.{} GiB", mebi / 1024, mebi % 1024 * 10 / 1024) }
}

/// The comment on a job.
pub(crate) fn job(about: &About<'_>, scene: &Scene<'_>) -> String {
    let subject = subject(about);
    let watch = |run: &str| about.pages.map(|at| format!(" [Watch it]({at}/run/{run}).")).unwrap_or_default();
    let attempt = if about.attempt > 1 { format!(" This is attempt {}.", about.attempt) } else { String::new() };
    let mut text = match scene {
        Scene::Queued { before, begins, waits } => {
            let place = match before {
                0 => "next in the queue".to_owned(),
                before => format!("{before} before it in the queue"),
            };
            format!("⏳ {subject}: {place}; {}{}.{attempt}\n", reason(waits), about_when(*begins))
        }
        Scene::Running { run, place } => {
            let place = place.map_or_else(|| "getting ready".to_owned(), str::to_owned);
            format!("⏳ {subject}: running, {place}.{attempt}{}\n", watch(run))
        }
        Scene::Cancelling { by } => format!("⏹️ {subject}: ending, because {by}.\n"),
        Scene::Ended { end, run, report } => ended(about, end, *run, *report),
    };
    if about.wish.speed == Speed::Quick {
        text.push_str(
            "\nQuick: at most level 2 where it begins with the recipe's known-good app, and no status that gates merges either way.\n",
        );
    }
    if let Some(note) = about.note {
        text.extend(["\n", note, "\n"]);
    }
    text
}

/// When a job begins, in steps that people notice.
fn about_when(begins: Option<i64>) -> String {
    match begins.map(|seconds| (seconds + 30) / 60) {
        None | Some(0) => String::new(),
        Some(1) => ", about a minute".to_owned(),
        Some(minutes) => format!(", about {minutes} minutes"),
    }
}

/// How a run did beside the last one of what was merged already.
pub(crate) fn beside_merged(level: Option<u8>, merged: u8) -> String {
    match level {
        Some(level) if level < merged => format!("Down from level {merged}, where the default branch was last."),
        Some(level) if level > merged => format!("Up from level {merged}, where the default branch was last."),
        Some(_) => "The default branch was last at this level, too.".to_owned(),
        None => format!("The default branch was last at level {merged}."),
    }
}

/// The comment on a job that ended.
fn ended(about: &About<'_>, end: &JobEnd, run: Option<&str>, report: Option<&str>) -> String {
    let subject = subject(about);
    let mut text = match (end, report) {
        (JobEnd::Judged { .. }, Some(report)) => report.to_owned(),
        (JobEnd::Judged { color, level, blame }, None) => {
            let level = level.map(|level| format!(", level {level} of 5")).unwrap_or_default();
            let blame = blame.map(|blame| format!(", blame: **{}**", blame_word(blame))).unwrap_or_default();
            format!("{} {subject}: {}{level}{blame}\n", mark(*color), color.word())
        }
        (JobEnd::Refused { why }, _) => format!("❌ {subject}: it could not be tested as it is.\n\n{}\n", fenced(why)),
        (JobEnd::Withdrawn { why }, _) => format!("⏹️ {subject}: not tested, because {why}.\n"),
        (JobEnd::Lost { why }, _) => {
            format!(
                "⚠️ {subject}: no verdict, and nothing was learnt about the recipe.\n\n{}\n\nComment again to have it tested.\n",
                fenced(why)
            )
        }
    };
    match end {
        JobEnd::Judged { .. } | JobEnd::Refused { .. } => {
            let more: String = about.wish.arguments().iter().map(|word| format!(" {word}")).collect();
            let command = format!("cc-ci run {} --ref {}{more}", about.clone, about.sha);
            text.extend(["\nThe same on a laptop:\n\n```sh\n", &command, "\n```\n"]);
        }
        JobEnd::Withdrawn { .. } | JobEnd::Lost { .. } => {}
    }
    if let Some(run) = run.filter(|_| about.attempt > 1) {
        let attempt = about.attempt.to_string();
        text.extend(["\nAttempt ", &attempt, ", run ", run, ".\n"]);
    }
    text
}

const fn mark(color: Color) -> &'static str {
    match color {
        Color::Green => "✅",
        Color::Red => "❌",
        Color::Unverified => "⚠️",
        Color::Cancelled => "⏹️",
    }
}

const fn blame_word(blame: Blame) -> &'static str {
    match blame {
        Blame::Recipe => "recipe",
        Blame::Base => "base",
        Blame::Dependency => "dependency",
        Blame::Test => "test",
        Blame::Infrastructure => "infrastructure",
        Blame::Harness => "harness",
        Blame::Cancelled => "cancelled",
    }
}

/// Text of a run, which may quote the pull request, as letters: nothing in it is markup, and no fence in it ends ours.
pub(crate) fn fenced(text: &str) -> String {
    let plain: String = cc_ci_pages::escape::plain(text).chars().take(4000).collect();
    let longest = plain.split(|letter| letter != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}text\n{plain}\n{fence}")
}

/// The status of a job.
pub(crate) fn status(scene: &Scene<'_>, pages: Option<&str>) -> StatusWords {
    let link = |run: Option<&str>| match (pages, run) {
        (Some(at), Some(run)) => format!("{at}/run/{run}"),
        (Some(at), None) => format!("{at}/queue"),
        (None, _) => String::new(),
    };
    let words =
        |state, description: &str, run| StatusWords { state, description: description.to_owned(), url: link(run) };
    match scene {
        Scene::Queued { .. } => words(StatusWord::Pending, "waiting in the queue", None),
        Scene::Running { run, .. } => words(StatusWord::Pending, "running", Some(*run)),
        Scene::Cancelling { .. } => words(StatusWord::Pending, "ending", None),
        Scene::Ended { end, run, .. } => {
            let (state, description) = verdict(end);
            words(state, &description, *run)
        }
    }
}

fn verdict(end: &JobEnd) -> (StatusWord, String) {
    match end {
        JobEnd::Judged { color, level, .. } => {
            let level = level.map(|level| format!(", level {level} of 5")).unwrap_or_default();
            let state = match color {
                Color::Green => StatusWord::Success,
                Color::Red => StatusWord::Failure,
                Color::Unverified | Color::Cancelled => StatusWord::Error,
            };
            (state, format!("{}{level}", color.word()))
        }
        JobEnd::Refused { .. } => (StatusWord::Failure, "could not be tested as it is".to_owned()),
        JobEnd::Withdrawn { .. } => (StatusWord::Error, "not tested".to_owned()),
        JobEnd::Lost { .. } => (StatusWord::Error, "no verdict".to_owned()),
    }
}
