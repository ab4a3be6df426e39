//! Runs that go on, watched by many: one reader per record however many look on, at most four drawings a second.

pub(crate) mod drawing;
pub(crate) mod onlookers;
pub(crate) mod watched;

use crate::source::PageSource;
use cc_ci_model::ids::RunId;
use cc_ci_model::report::life::Life;
use cc_ci_store::follow;
use cc_ci_store::run_dir::RunDir;
use drawing::{Drawn, Record};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

/// How often a record is looked at: what comes faster is drawn together.
const PACE: Duration = Duration::from_millis(250);

/// Joins those who watch a run; the first begins to read its record.
pub(crate) fn watch(source: &PageSource, run: &RunId, dir: RunDir) -> watch::Receiver<Arc<Drawn>> {
    source.watched().join(run, |publish| {
        tokio::spawn(tail(source.clone(), run.clone(), dir, publish));
    })
}

/// Reads a record to its end, and publishes each drawing that differs from the one before.
async fn tail(source: PageSource, run: RunId, dir: RunDir, publish: watch::Sender<Arc<Drawn>>) {
    let mut clock = tokio::time::interval(PACE);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut record = Record::default();
    let mut next = 0;
    loop {
        clock.tick().await;
        let about = (source.clone(), run.clone(), dir.clone(), record);
        let Ok((read, at, drawn)) = beside(move || look(about, next)).await else {
            source.watched().forget(&run);
            return;
        };
        (record, next) = (read, at);
        let over = drawn.over;
        publish.send_if_modified(|known| {
            let changed = **known != drawn;
            if changed {
                *known = Arc::new(drawn);
            }
            changed
        });
        if over {
            // Whoever joins now is still told how it ended.
            source.watched().forget(&run);
            return;
        }
        if source.watched().is_left_alone(&run, &publish) {
            return;
        }
    }
}

/// Reads what was added and draws it.
fn look((source, run, dir, mut record): (PageSource, RunId, RunDir, Record), from: u64) -> (Record, u64, Drawn) {
    // In this order: what is added meanwhile is seen the next time, and a run that ended stays so.
    let life = cc_ci_store::life(&dir).unwrap_or(Life::Died);
    let mut next = from;
    let mut readable = true;
    loop {
        match follow(&dir, next) {
            Ok(added) if added.events.is_empty() => break,
            Ok(added) => {
                next = added.next;
                added.events.iter().for_each(|event| record.add(event));
            }
            Err(_) => {
                readable = false;
                break;
            }
        }
    }
    let board = source.board();
    let row = board.running.iter().find(|row| row.run == run);
    // A record that cannot be read ends the view of it, and not the run: the page says what is wrong.
    let life = if readable { life } else { Life::Died };
    let drawn = record.draw(&run, life, row);
    (record, next, drawn)
}

/// Does what takes a moment beside the threads that answer.
#[expect(clippy::disallowed_methods, reason = "no program is started by this crate")]
pub(crate) async fn beside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, tokio::task::JoinError> {
    tokio::task::spawn_blocking(work).await
}
