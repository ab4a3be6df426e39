//! The upgrades from several versions in words: what is planned, and a grid of what came of it.

use super::plan::{PlannedUpgrade, UpgradeLoan, UpgradesPlan};
use super::report::UpgradesReport;
use super::tried::{CellStatus, TriedUpgrade, UpgradeAnswer};
use crate::plan::permit::Purpose;
use crate::report::text::{count, first_line, seconds, whole};
use crate::tier::Tier;
use crate::verdict::Color;
use crate::verdict::blame::Blame;

impl UpgradesPlan {
    /// Draws the plan. Plain text, ends with a line break.
    #[must_use]
    pub fn text(&self) -> String {
        let mut rows = vec![
            ("recipe", self.subject()),
            ("from", count(self.upgrades.len(), "published version")),
            ("deploys", format!("{} in {}, one after the other", self.deploys(), count(self.runs(), "run"))),
        ];
        for upgrade in &self.upgrades {
            for grant in upgrade.permits() {
                let of = match &grant.purpose {
                    Purpose::Base | Purpose::Canonical => format!("{} at {}", grant.stack, upgrade.version),
                    Purpose::Dependency { recipe } => format!("{} of {recipe}, for {}", grant.stack, upgrade.version),
                };
                rows.push(("", format!("{of}: {}", grant.reason)));
            }
        }
        rows.extend(headed("runs", self.upgrades.iter().map(run_line)));
        let remarks = self.upgrades.iter().filter_map(|one| Some(format!("{} {}", one.version, one.remark.as_ref()?)));
        let left_out = self.left_out.iter().map(|one| format!("{} is left out: it {}", one.version, one.why));
        let older = (self.not_asked > 0).then(|| format!("{} not asked for", count(self.not_asked, "older version")));
        rows.extend(headed("notes", remarks.chain(left_out).chain(older)));
        rows.push(("each", "one run is planned in full by `cc-ci plan --base VERSION`".to_owned()));
        rows.into_iter().map(|(head, line)| format!("{head:<9}{line}\n")).collect()
    }

    /// What is said before the first run.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let versions = count(self.upgrades.len(), "published version");
        let runs = count(self.runs(), "run");
        let mut lines = vec![
            format!("{}, from each of {versions}", self.subject()),
            format!("{runs}, {}", count(self.deploys(), "deploy")),
        ];
        lines.extend(self.left_out.iter().map(|one| format!("{} is left out: it {}", one.version, one.why)));
        lines.extend((self.not_asked > 0).then(|| format!("{} not asked for", count(self.not_asked, "older version"))));
        lines
    }

    fn subject(&self) -> String {
        let version = self.head_version.as_deref().unwrap_or("no version label");
        format!("{} at {} ({version})", self.recipe, self.head.short())
    }
}

/// Lines of which only the first carries the heading.
fn headed(head: &'static str, lines: impl Iterator<Item = String>) -> impl Iterator<Item = (&'static str, String)> {
    lines.enumerate().map(move |(at, line)| (if at == 0 { head } else { "" }, line))
}

fn run_line(upgrade: &PlannedUpgrade) -> String {
    let PlannedUpgrade { version, commit, run, loan, .. } = upgrade;
    let at = format!("{version} ({})", commit.short());
    match loan {
        UpgradeLoan::Lent { tiers, .. } => {
            let tiers: Vec<&str> = tiers.iter().map(|tier| tier.word()).collect();
            format!("{at}: {}; run {run}", tiers.join(", "))
        }
        UpgradeLoan::None { why, .. } => format!("{at}: no run can begin: {}", first_line(why)),
    }
}

impl TriedUpgrade {
    /// One line: `1.0.0+2.2.6: fail after 12.3 s: upgrade failed: … (blame: recipe; run 2026…)`.
    #[must_use]
    pub fn line(&self) -> String {
        let after = self.ms.map(|ms| format!(" after {}", seconds(ms))).unwrap_or_default();
        let why = self.answer.reason().map(|(why, _)| format!(": {}", first_line(why))).unwrap_or_default();
        let blame = self.answer.reason().and_then(|(_, blame)| blame).map(|blame| format!("blame: {blame}"));
        let run = self.run.as_ref().map(|run| format!("run {run}"));
        let beside: Vec<String> = blame.into_iter().chain(run).collect();
        let beside = if beside.is_empty() { String::new() } else { format!(" ({})", beside.join("; ")) };
        format!("{}: {}{after}{why}{beside}", self.version, self.answer.word())
    }

    /// What is wrong with it, in one line.
    #[must_use]
    pub fn cause(&self) -> String {
        let Some((why, blame)) = self.answer.reason() else { return String::new() };
        format!("{}{}", first_line(why), blamed(blame))
    }
}

fn blamed(blame: Option<Blame>) -> String {
    blame.map(|blame| format!(" (blame: {blame})")).unwrap_or_default()
}

impl UpgradesReport {
    /// The answer in one line. It names the version and the cause, and how many versions have an answer where not all do.
    #[must_use]
    pub fn headline(&self) -> String {
        let all = self.tried.len();
        let (answered, word) = (self.answered(), self.color.word().to_uppercase());
        let tested = if answered < all { format!("{answered} of {all} versions were tested; ") } else { String::new() };
        if let Some(first) = self.failing().next() {
            let failing = self.failing().count();
            let more = if failing > 1 { format!("; it fails from {failing} of {all} versions") } else { String::new() };
            return format!("{word}  {tested}the upgrade from {} fails: {}{more}", first.version, first.cause());
        }
        match self.color {
            Color::Green => format!("{word}  the upgrade works from {all} of {all} versions"),
            Color::Red => format!("{word}  {tested}{}: {}", self.counts.line(), self.counts.words.join("; ")),
            Color::Cancelled => {
                let by = self.ended_by.as_deref().unwrap_or("somebody");
                format!("{word}  {answered} of {all} versions were tested, then {by} ended the series")
            }
            Color::Unverified => match self.silent().next() {
                Some(first) => format!("{word}  {tested}{} has no answer: {}", first.version, first.cause()),
                None => format!("{word}  {}: {}", self.counts.line(), self.counts.words.join("; ")),
            },
        }
    }

    /// As text for a reader: the answer, the grid, the counts.
    #[must_use]
    pub fn text(&self) -> String {
        let mut lines = vec![self.headline(), String::new(), format!("{}, from", self.plan.subject())];
        lines.extend(self.grid());
        lines.push(String::new());
        lines.extend(self.remarks());
        lines.push(format!("{} in {}", self.counts.line(), count(self.made(), "run")));
        lines.extend(self.counts.words.iter().map(|words| format!("  {words}")));
        whole(&lines)
    }

    /// How many runs were made.
    #[must_use]
    pub fn made(&self) -> usize {
        self.tried.iter().filter(|one| one.run.is_some()).count()
    }

    fn grid(&self) -> Vec<String> {
        let versions = self.tried.iter().map(|one| one.version.chars().count());
        let width = versions.chain([12]).max().unwrap_or(12) + 2;
        let head: String = Tier::ALL.iter().map(|tier| format!("{:<9}", tier.word())).collect();
        let mut lines = vec![format!("  {:<width$}{head}{:>9}  answer", "", "verdict")];
        lines.extend(self.tried.iter().map(|one| {
            let cells: String = Tier::ALL.iter().map(|tier| format!("{:<9}", shown(one, *tier))).collect();
            let took = one.ms.map_or_else(|| "-".to_owned(), seconds);
            let cause = match one.answer {
                UpgradeAnswer::Passes => String::new(),
                UpgradeAnswer::Fails { .. } | UpgradeAnswer::None { .. } => format!("  {}", one.cause()),
            };
            format!("  {:<width$}{cells}{took:>9}  {}{cause}", one.version, word(&one.answer))
        }));
        lines
    }

    /// What the grid does not say by itself.
    fn remarks(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if self.tried.iter().flat_map(|one| &one.cells).any(|cell| cell.stands == CellStatus::NotAsked) {
            lines.push(
                "- was not looked at from that version; --stages names what is looked at from every one".to_owned(),
            );
        }
        let of_planned = |one: &PlannedUpgrade| Some(format!("{} {}", one.version, one.remark.as_ref()?));
        lines.extend(self.plan.upgrades.iter().filter_map(of_planned));
        lines.extend(self.plan.left_out.iter().map(|one| format!("{} was left out: it {}", one.version, one.why)));
        if self.plan.not_asked > 0 {
            lines.push(format!("{} not asked for", count(self.plan.not_asked, "older version")));
        }
        lines.extend(self.levels());
        lines
    }

    /// The level is that of a run, not of the series.
    fn levels(&self) -> Option<String> {
        let one = self.tried.iter().find(|one| one.level.is_some())?;
        Some(format!("level {} in the run from {}; the series has none of its own", one.level?, one.version))
    }
}

fn word(answer: &UpgradeAnswer) -> &'static str {
    match answer {
        UpgradeAnswer::Passes => "pass",
        UpgradeAnswer::Fails { .. } => "FAIL",
        UpgradeAnswer::None { .. } => "unver",
    }
}

fn shown(tried: &TriedUpgrade, tier: Tier) -> &'static str {
    match UpgradesReport::cell(tried, tier).map(|cell| cell.stands) {
        None | Some(CellStatus::NotAsked) => "-",
        Some(CellStatus::Fail) => "FAIL",
        Some(stands @ (CellStatus::Pass | CellStatus::Skip | CellStatus::Unver)) => stands.word(),
    }
}
