//! `timeline.json`: where the time went, in the trace event format that Perfetto and Chrome open.

use super::{ReportView, StepRow};
use serde::Serialize;

/// Draws the trace. Times are microseconds since the start of the run.
pub fn render(view: &ReportView) -> Result<String, serde_json::Error> {
    let mut tracks = Tracks::default();
    tracks.name(Track::Tiers, "tiers");
    for row in &view.tiers {
        if let (Some(began), Some(ms)) = (row.span.began_ms, row.span.ms()) {
            tracks.block(Track::Tiers, row.tier.word(), "tier", began, ms, row.status.word());
        }
    }
    let steps = view.tiers.iter().flat_map(|row| &row.steps);
    for (step, began, ms) in steps.filter_map(timed) {
        let lane = tracks.lane(began, ms);
        tracks.block(lane, step.id.as_str(), "step", began, ms, step.status.word());
    }
    let mut pulls = 0;
    for image in &view.images {
        if let Some(ms) = image.pulled_ms {
            let track = Track::Pulls(pulls);
            tracks.name(track, "pull");
            tracks.block(track, &image.image, "pull", image.at_ms.saturating_sub(ms), ms, "pulled");
            pulls += 1;
        }
    }
    if let Some(due) = view.due_ms {
        tracks.mark("verdict", due, view.verdict.color.word());
        if let Some(end) = view.end_ms {
            tracks.block(Track::Tiers, "teardown", "teardown", due, end.saturating_sub(due), "");
        }
    }
    let file = File {
        trace_events: tracks.events,
        display_time_unit: "ms",
        other_data: Other { run: view.run.as_str(), recipe: view.recipe.as_str(), commit: view.head.as_str() },
    };
    Ok(serde_json::to_string(&file)? + "\n")
}

fn timed(step: &StepRow) -> Option<(&StepRow, u64, u64)> {
    Some((step, step.began_ms?, step.ms?))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct File<'a> {
    trace_events: Vec<TraceEvent>,
    display_time_unit: &'static str,
    other_data: Other<'a>,
}

#[derive(Serialize)]
struct Other<'a> {
    run: &'a str,
    recipe: &'a str,
    #[serde(rename = "ref")]
    commit: &'a str,
}

/// One entry of the trace; the field names are the format's.
#[derive(Serialize)]
struct TraceEvent {
    name: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    cat: &'static str,
    ph: &'static str,
    pid: u32,
    tid: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    ts: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dur: Option<u64>,
    /// The scope of an instant: the whole process.
    #[serde(skip_serializing_if = "Option::is_none")]
    s: Option<&'static str>,
    args: Args,
}

#[derive(Serialize)]
struct Args {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
}

/// The rows of the trace. Steps may overlap (a stability watch goes on while the next steps run), and a row may not.
#[derive(Clone, Copy)]
enum Track {
    Tiers,
    Steps(usize),
    Pulls(usize),
}

impl Track {
    fn tid(self) -> usize {
        match self {
            Self::Tiers => 1,
            Self::Steps(lane) => 10 + lane,
            Self::Pulls(lane) => 100 + lane,
        }
    }
}

#[derive(Default)]
struct Tracks {
    events: Vec<TraceEvent>,
    /// Per lane of steps, the blocks in it.
    lanes: Vec<Vec<(u64, u64)>>,
}

impl Tracks {
    /// The first lane in which nothing overlaps.
    fn lane(&mut self, began: u64, ms: u64) -> Track {
        let end = began.saturating_add(ms);
        let free = |lane: &Vec<(u64, u64)>| lane.iter().all(|(from, to)| end <= *from || *to <= began);
        let at = self.lanes.iter().position(free).unwrap_or(self.lanes.len());
        if at == self.lanes.len() {
            self.lanes.push(Vec::new());
            self.name(Track::Steps(at), "steps");
        }
        if let Some(lane) = self.lanes.get_mut(at) {
            lane.push((began, end));
        }
        Track::Steps(at)
    }

    fn name(&mut self, track: Track, name: &str) {
        self.events.push(TraceEvent {
            name: "thread_name".to_owned(),
            cat: "",
            ph: "M",
            pid: 1,
            tid: track.tid(),
            ts: None,
            dur: None,
            s: None,
            args: Args { name: Some(name.to_owned()), status: None },
        });
    }

    fn block(&mut self, track: Track, name: &str, cat: &'static str, began: u64, ms: u64, status: &str) {
        self.events.push(TraceEvent {
            name: name.to_owned(),
            cat,
            ph: "X",
            pid: 1,
            tid: track.tid(),
            ts: Some(began.saturating_mul(1000)),
            dur: Some(ms.saturating_mul(1000)),
            s: None,
            args: Args { name: None, status: Some(status.to_owned()).filter(|text| !text.is_empty()) },
        });
    }

    fn mark(&mut self, name: &str, at: u64, status: &str) {
        self.events.push(TraceEvent {
            name: name.to_owned(),
            cat: "run",
            ph: "i",
            pid: 1,
            tid: Track::Tiers.tid(),
            ts: Some(at.saturating_mul(1000)),
            dur: None,
            s: Some("p"),
            args: Args { name: None, status: Some(status.to_owned()) },
        });
    }
}
