//! The queue: what goes on is attended to, and what waits is started when its turn comes. It looks at rows and claims, and
//! needs no event to find what is to be done.

mod attend;
mod begin;
mod judge;
mod level;
mod wanted;

use crate::core::{Core, now};
use crate::db::jobs::{self, JobPhase, JobRow};
use crate::db::{DbError, meta};
use crate::decide::admission::{Machine, Swarm, admit};
use crate::machine;
use crate::tell::{self, Teller};
use cc_ci_web::board::job::WaitsFor;
use std::collections::BTreeSet;

pub(crate) use wanted::Wanted;

impl Core {
    /// What texts need beyond the database.
    pub(crate) fn teller(&self) -> Teller {
        let address = |(name, desk): (&String, &crate::core::ForgeDesk)| (name.clone(), desk.known.url.to_string());
        Teller {
            pages: self.public.as_ref().map(|at| at.as_str().to_owned()),
            forges: self.forges.iter().map(address).collect(),
            slots: self.capacity.slots,
            now: now(),
        }
    }

    /// Looks at every job once and does what is to be done.
    pub(crate) async fn manage(self: &std::sync::Arc<Self>) -> Result<(), DbError> {
        for job in self.db.act(|db| jobs::live(db)).await? {
            Box::pin(self.attend(&job)).await?;
        }
        // One start changes what holds for the next.
        while let Some(job) = self.next().await? {
            if !Box::pin(self.begin(&job)).await? {
                break;
            }
        }
        Ok(())
    }

    /// The job that starts now. What the others wait for is written down.
    async fn next(&self) -> Result<Option<JobRow>, DbError> {
        let (now, teller, capacity) = (now(), self.teller(), self.capacity);
        let latest = now.saturating_add(attend::seconds(self.pace.swarm).max(1));
        let (memory, disk) = (machine::memory(), machine::disk(self.state.root()));
        let act = self.db.act(move |db| {
            let live = jobs::live(db)?;
            let busy: BTreeSet<(i64, u64)> = live.iter().map(|job| (job.repo, job.pr)).collect();
            let again = meta::swarm_again(db)?;
            // A later time was noted by a clock that was put back since.
            let swarm = if again > now && again <= latest { Swarm::Missing } else { Swarm::Presumed };
            let machine = Machine { running: live.len(), memory, disk, swarm };
            let admitted = admit(meta::intake(db)?, &capacity, &machine);
            let (mut next, mut changed) = (None, false);
            for id in tell::order(db, now)? {
                let job = jobs::get(db, id)?;
                let waits = if busy.contains(&(job.repo, job.pr)) {
                    WaitsFor::SamePull
                } else if admitted == WaitsFor::Nothing && next.is_some() {
                    WaitsFor::Slot
                } else {
                    admitted.clone()
                };
                changed |= jobs::wait_for(db, id, &coarse(&waits))?;
                if waits == WaitsFor::Nothing && next.is_none() {
                    next = Some(job);
                }
            }
            if changed {
                tell::queue(db, &teller)?;
            }
            Ok(next)
        });
        act.await
    }

    /// Notes how a job stands and says so.
    async fn set_phase(&self, job: &JobRow, phase: JobPhase) -> Result<(), DbError> {
        let (id, teller) = (job.id, self.teller());
        let act = self.db.act(move |db| {
            jobs::set_phase(db, id, phase)?;
            tell::job(db, &teller, id, tell::Shown::default())
        });
        act.await?;
        self.alarm.ring();
        Ok(())
    }
}

/// What is missing in steps that people notice, so that a comment is not edited for every byte.
fn coarse(waits: &WaitsFor) -> WaitsFor {
    const STEP: u64 = 256 << 20;
    let step = |missing: u64| missing.div_ceil(STEP) * STEP;
    match waits {
        WaitsFor::Memory { missing } => WaitsFor::Memory { missing: step(*missing) },
        WaitsFor::Disk { missing } => WaitsFor::Disk { missing: step(*missing) },
        WaitsFor::Nothing
        | WaitsFor::Slot
        | WaitsFor::Addresses
        | WaitsFor::SamePull
        | WaitsFor::Operator
        | WaitsFor::Swarm
        | WaitsFor::Repository => waits.clone(),
    }
}
