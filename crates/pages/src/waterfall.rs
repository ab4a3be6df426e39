//! Where the time went: a row per tier, slow step, service and wait, each with its bar on the run's own time line.

use cc_ci_model::report::text::seconds;
use cc_ci_model::report::waits::Wait;
use cc_ci_model::report::{ReportView, StepRow, TierRow};
use cc_ci_model::verdict::Status;

/// Bars are drawn on a line of so many units.
const LINE: u64 = 1000;

/// A quick step gets no row of its own. Milliseconds.
const QUICK: u64 = 100;

/// The waterfall of a run.
#[derive(Debug, Default)]
pub(crate) struct Waterfall {
    pub(crate) rows: Vec<Row>,
    /// Where the verdict was due, in units of the line.
    pub(crate) due: Option<u64>,
    /// Steps too quick to be drawn.
    pub(crate) quick: usize,
}

/// One row.
#[derive(Debug)]
pub(crate) struct Row {
    /// `tier`, `step`, `service`, `pull` or `rest`: how it is dressed.
    pub(crate) class: &'static str,
    pub(crate) name: String,
    pub(crate) bars: Vec<Bar>,
    /// How long it took, and since when, in words.
    pub(crate) took: String,
    pub(crate) since: String,
    /// What it waited for the longest.
    pub(crate) words: Option<String>,
}

/// One bar, in units of the line.
#[derive(Debug)]
pub(crate) struct Bar {
    pub(crate) x: u64,
    pub(crate) width: u64,
    pub(crate) class: &'static str,
}

/// Lays the rows out.
pub(crate) fn of(view: &ReportView) -> Waterfall {
    let steps = view.tiers.iter().flat_map(|row| &row.steps);
    let ends = steps.filter_map(|step| Some(step.began_ms?.saturating_add(step.ms?)));
    let whole = ends.chain(view.end_ms).chain(view.due_ms).max().unwrap_or(0);
    if whole == 0 {
        return Waterfall::default();
    }
    let line = Line { whole };
    let mut waterfall = Waterfall { due: view.due_ms.map(|due| line.place(due)), ..Waterfall::default() };
    for image in &view.images {
        if let Some(ms) = image.pulled_ms {
            waterfall.rows.push(line.row(
                "pull",
                format!("pull {}", image.image),
                image.at_ms.saturating_sub(ms),
                ms,
                "pull",
            ));
        }
    }
    for tier in &view.tiers {
        line.tier(tier, view, &mut waterfall);
    }
    if let (Some(due), Some(end)) = (view.due_ms, view.end_ms) {
        let promotion = view.promotion_ms.min(end.saturating_sub(due));
        if promotion > 0 {
            waterfall.rows.push(line.row("rest", "promotion".to_owned(), due, promotion, "rest"));
        }
        let from = due + promotion;
        waterfall.rows.push(line.row("rest", "teardown".to_owned(), from, end.saturating_sub(from), "rest"));
    }
    waterfall
}

/// The run's time line.
struct Line {
    whole: u64,
}

impl Line {
    fn place(&self, ms: u64) -> u64 {
        ms.min(self.whole).saturating_mul(LINE) / self.whole
    }

    fn bar(&self, began: u64, ms: u64, class: &'static str) -> Bar {
        let x = self.place(began);
        let end = self.place(began.saturating_add(ms));
        // What took any time can be seen.
        Bar { x: x.min(LINE - 3), width: (end - x).max(3), class }
    }

    fn row(&self, class: &'static str, name: String, began: u64, ms: u64, bar: &'static str) -> Row {
        Row { class, name, bars: vec![self.bar(began, ms, bar)], took: seconds(ms), since: seconds(began), words: None }
    }

    fn tier(&self, tier: &TierRow, view: &ReportView, waterfall: &mut Waterfall) {
        if let (Some(began), Some(ms)) = (tier.span.began_ms, tier.span.ms()) {
            waterfall.rows.push(self.row("tier", tier.tier.word().to_owned(), began, ms, class(tier.status)));
        }
        for step in &tier.steps {
            let (Some(began), Some(ms)) = (step.began_ms, step.ms) else { continue };
            if ms < QUICK && step.status.lets_pass() {
                waterfall.quick += 1;
                continue;
            }
            waterfall.rows.push(self.row("step", short(step), began, ms, class(step.status)));
            let waits: Vec<&Wait> = view.waits.iter().filter(|wait| wait.step == step.id).collect();
            self.services(&waits, waterfall);
        }
    }

    /// A row per service the step waited for, in the order they were named, and one for other waits.
    fn services(&self, waits: &[&Wait], waterfall: &mut Waterfall) {
        let mut names: Vec<Option<&str>> = Vec::new();
        for wait in waits {
            if !names.contains(&wait.service.as_deref()) {
                names.push(wait.service.as_deref());
            }
        }
        for name in names {
            let own: Vec<&&Wait> = waits.iter().filter(|wait| wait.service.as_deref() == name).collect();
            let ms: u64 = own.iter().map(|wait| wait.ms).sum();
            let (Some(first), Some(longest)) = (own.first(), own.iter().max_by_key(|wait| wait.ms)) else { continue };
            let bars = own.iter().zip(["wait one", "wait two"].into_iter().cycle());
            waterfall.rows.push(Row {
                class: "service",
                name: name.map_or_else(|| "the app's answer".to_owned(), |name| format!("service {name}")),
                bars: bars.map(|(wait, class)| self.bar(wait.began_ms, wait.ms, class)).collect(),
                took: seconds(ms),
                since: seconds(first.began_ms),
                words: Some(format!("{} ({})", longest.on, seconds(longest.ms))),
            });
        }
    }
}

fn class(status: Status) -> &'static str {
    match status {
        Status::Pass => "pass",
        Status::Fail => "fail",
        Status::Skip => "skip",
        Status::Unver => "unver",
    }
}

/// A step's name without its tier, under which it stands.
fn short(step: &StepRow) -> String {
    let name = step.id.as_str();
    name.split_once('/').map_or(name, |(_, rest)| rest).to_owned()
}
