//! Hooks and snapshot (BAK-1, BAK-2), and what every restore works with.

use crate::backup::{self, BackupEnd, Context};
use crate::run::conductor::{Answer, StepEnd, Stepped, passed};
use crate::run::parts::{Known, Prepared, Saved};
use crate::run::tiers::Run;
use crate::workbench::{BenchUse, Workbench};
use cc_ci_model::plan::step::Step;
use cc_ci_model::report::text::count;
use std::time::Duration;

impl Run<'_> {
    /// Backs the app up, once it was seeded and has settled.
    pub(in crate::run) async fn snapshot(&mut self, step: &Step) -> Option<StepEnd> {
        let Self { known, tools, data, .. } = self;
        let (prepared, holdings) = (data.prepared.take()?, data.settled.take()?);
        let work = async {
            if let Err(finding) = &prepared.rehearsed {
                return Ok(Answer::failed(finding.clone()));
            }
            let bench = tools.benches.take(BenchUse::Save).await?;
            Ok(match backup::take(&context(known, &bench, &prepared, step)).await? {
                BackupEnd::Failed(finding) => Answer::failed(finding),
                BackupEnd::Snapshot(snapshot) => {
                    let (files, bytes) = snapshot.size;
                    let again = match snapshot.attempts {
                        0 | 1 => String::new(),
                        attempts => format!(", at attempt {attempts}"),
                    };
                    Answer::new(passed(format!("{}, {bytes} bytes{again}", count(files, "file"))), *snapshot)
                }
            })
        };
        let Stepped { end, value } = known.conductor.step(step, work).await;
        data.saved = value.map(|snapshot| Saved { prepared, snapshot, holdings, later: None });
        Some(end)
    }
}

/// What a backup or restore of this run works with.
pub(super) fn context<'c>(
    known: &'c Known<'_>,
    bench: &'c Workbench,
    prepared: &'c Prepared,
    step: &'c Step,
) -> Context<'c> {
    Context {
        bench,
        stack: &known.plan.stack,
        repository: &prepared.repository,
        spec: &prepared.spec,
        limit: Duration::from_secs(known.plan.limits.command),
        voice: &known.world.voice,
        step: &step.id,
    }
}
