//! A search in words.

use super::report::{BisectPlan, BisectReport, CommitProbe, LineCommit, ProbeSource};
use super::{Before, BisectEnd, Stopped};
use crate::report::text::{count, first_line, seconds, whole};

/// How many commits of a range are named.
const NAMED: usize = 12;

impl BisectPlan {
    /// What is searched and what it may cost, before it starts.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let Self { recipe, tier, line, base, most_runs, most_deploys } = self;
        let end = |one: Option<&LineCommit>| one.map(|one| one.commit.short().to_owned()).unwrap_or_default();
        let commits = count(line.len().saturating_sub(1), "commit");
        let base = match base {
            Some(version) => format!("every run begins at {version}, the base of BAD"),
            None => "every run begins at its commit".to_owned(),
        };
        vec![
            format!(
                "bisect {recipe}: {commits} from {} (passes) to {} (fails), along first parents; tier {tier}; {base}",
                end(line.first()),
                end(line.last())
            ),
            format!("at most {} with {} in all", count(*most_runs, "run"), count(*most_deploys, "deploy")),
        ]
    }

    /// The commit at a place, with its subject.
    fn shown(&self, place: usize) -> String {
        self.line.get(place).map(LineCommit::shown).unwrap_or_default()
    }
}

impl LineCommit {
    fn shown(&self) -> String {
        format!("{} {}", self.commit.short(), first_line(&self.subject)).trim_end().to_owned()
    }
}

impl CommitProbe {
    /// One line: `8 of 16  1a2b3c4d  fail  12.3 s  run 2026…`.
    #[must_use]
    pub fn line(&self, of: usize) -> String {
        let place = if self.place == 0 { "GOOD".to_owned() } else { format!("{} of {of}", self.place) };
        let took = self.ms.filter(|_| self.source == ProbeSource::Made).map_or_else(|| "-".to_owned(), seconds);
        let run = self.run.as_ref().map(|run| format!("run {run}")).unwrap_or_default();
        let source = match self.source {
            ProbeSource::Made => run,
            ProbeSource::Stored => format!("stored {run}, 0 deploys"),
            ProbeSource::Refused => "0 deploys".to_owned(),
        };
        let reason = self.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        let answer = format!("{}{reason}", self.answer.words());
        format!("{place:>9}  {}  {took:>8}  {source}  {}", self.commit.short(), first_line(&answer))
    }
}

impl BisectReport {
    /// As text for a reader: a line for each commit that was looked at, the counts, and the answer last.
    #[must_use]
    pub fn text(&self) -> String {
        render(self)
    }

    /// The answer in one line.
    #[must_use]
    pub fn headline(&self) -> String {
        headline(self)
    }
}

fn render(report: &BisectReport) -> String {
    let of = report.plan.line.len().saturating_sub(1);
    let mut lines = report.plan.lines();
    lines.push(String::new());
    lines.extend(report.probes.iter().map(|probe| probe.line(of)));
    lines.push(String::new());
    lines.push(format!("{} in {}", report.deploys.line(), count(report.deploys.runs, "run")));
    for (probe, left) in report.probes.iter().flat_map(|probe| probe.left.iter().map(move |left| (probe, left))) {
        let run = probe.run.as_ref().map(ToString::to_string).unwrap_or_default();
        lines.push(format!("left behind by run {run}: {}", first_line(left)));
    }
    lines.extend(remarks(report));
    lines.push(String::new());
    lines.push(headline(report));
    whole(&lines)
}

fn headline(report: &BisectReport) -> String {
    let BisectPlan { tier, .. } = &report.plan;
    let ended = report.ended_by.as_ref().map(|by| format!("ENDED by {by}. So far: ")).unwrap_or_default();
    let said = match &report.end {
        BisectEnd::First { at, .. } => {
            let found = report.probes.iter().rev().find(|probe| probe.place == *at);
            let reason =
                found.and_then(|probe| probe.reason.as_deref()).map(|reason| format!(": {}", first_line(reason)));
            format!("FIRST BAD COMMIT  {}: {tier} fails{}", report.plan.shown(*at), reason.unwrap_or_default())
        }
        BisectEnd::Among { from, to, why } => {
            let why = match why {
                Stopped::NoAnswer => "those before the last have no answer",
                Stopped::BoundReached => "as many runs were made as were stated",
                Stopped::Ended => "the search was not over",
            };
            let number = count(to - from + 1, "commit");
            format!("NOT FOUND  {tier} fails first at one of {number}: {why}")
        }
        BisectEnd::BadPasses => {
            let whole = match tier {
                crate::tier::Tier::Install | crate::tier::Tier::Upgrade => "",
                crate::tier::Tier::Backup | crate::tier::Tier::Restore | crate::tier::Tier::Custom => {
                    " when the app starts there; with --base VERSION it is upgraded first"
                }
            };
            format!(
                "NOTHING TO FIND  {tier} passes at BAD, {}{}",
                report.plan.shown(report.last()),
                base_words(report, whole)
            )
        }
        BisectEnd::BadUnknown { why } => {
            format!("NOT FOUND  {tier} has no answer at BAD, {}: {}", report.plan.shown(report.last()), first_line(why))
        }
        BisectEnd::GoodFails => format!("NOTHING TO FIND  {tier} fails at GOOD, {}, already", report.plan.shown(0)),
    };
    format!("{ended}{said}")
}

fn base_words<'a>(report: &BisectReport, without: &'a str) -> &'a str {
    if report.plan.base.is_none() { without } else { "" }
}

impl BisectReport {
    fn last(&self) -> usize {
        self.plan.line.len().saturating_sub(1)
    }
}

/// What a reader has to know beside the answer, and what to do now.
fn remarks(report: &BisectReport) -> Vec<String> {
    let shown = |place| report.plan.shown(place);
    let mut lines = Vec::new();
    match &report.end {
        BisectEnd::First { at, before } => {
            match before {
                Before::Passes => lines.push(format!("before it: {} passes", shown(at - 1))),
                Before::TakenAtItsWord => lines.push(
                    "no run passed: that the tier passes at GOOD is taken at its word, since no run was left for it"
                        .to_owned(),
                ),
                Before::IsTheBase => lines
                    .push("no run passed: GOOD is the base itself, and that it works is taken at its word".to_owned()),
            }
            lines.extend(merged(report, *at));
        }
        BisectEnd::Among { from, to, why } => {
            lines.extend((*from..=*to).take(NAMED).map(|place| format!("one of: {}", shown(place))));
            let more = (to - from + 1).saturating_sub(NAMED);
            if more > 0 {
                lines.push(format!("one of: {more} more"));
            }
            match why {
                Stopped::NoAnswer => {}
                Stopped::BoundReached | Stopped::Ended => lines.push(further(report, from - 1, *to)),
            }
        }
        BisectEnd::BadPasses | BisectEnd::BadUnknown { .. } | BisectEnd::GoodFails => {}
    }
    if let Some((fails, passes)) = report.contradiction {
        lines.push(format!(
            "the answers contradict each other: {} fails and {}, which is later, passes; one of them may be chance: \
             `cc-ci soak` at both tells",
            shown(fails),
            shown(passes)
        ));
    }
    lines
}

/// How to go on with what is left.
fn further(report: &BisectReport, good: usize, bad: usize) -> String {
    let name = |place: usize| report.plan.line.get(place).map(|one| one.commit.short()).unwrap_or_default();
    let BisectPlan { tier, .. } = &report.plan;
    format!("goes on with: `cc-ci bisect RECIPE {} {} --tier {tier}`, which uses what is stored", name(good), name(bad))
}

/// A merge brought in more than one commit; where to look for it.
fn merged(report: &BisectReport, at: usize) -> Option<String> {
    let parents = &report.plan.line.get(at)?.parents;
    let (first, second) = (parents.first()?, parents.get(1)?);
    Some(format!(
        "it is a merge: what it merged is searched with `cc-ci bisect RECIPE $(git merge-base {} {second}) {second} --tier {}`",
        first.short(),
        report.plan.tier,
        second = second.short()
    ))
}

#[cfg(test)]
mod tests;
