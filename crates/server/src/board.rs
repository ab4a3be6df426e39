//! Tells the pages how everything stands.

mod rows;

use crate::core::{Core, at, now};
use crate::db::{DbError, jobs, meta, repos, requests};
use crate::machine;
use cc_ci_web::board::counters::Counters;
use cc_ci_web::board::forge::{Failing, ForgeRow};
use cc_ci_web::board::{AlertRow, Board};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};
use tokio::sync::watch;

/// So many ended jobs and requests are shown.
const SHOWN: u32 = 50;

/// Publishes a new board whenever something changed, and at least at every tick.
pub(crate) async fn publish(core: Arc<Core>, to: watch::Sender<Arc<Board>>) -> Result<(), DbError> {
    let mut bell = core.alarm.bell();
    loop {
        bell.listen();
        let board = core.board().await?;
        to.send_replace(Arc::new(board));
        bell.rung_within(core.pace.tick).await;
        // Ten changes within a moment are one for who looks.
        tokio::time::sleep(Duration::from_millis(100).min(core.pace.tick)).await;
    }
}

impl Core {
    /// How everything stands now.
    pub(crate) async fn board(&self) -> Result<Board, DbError> {
        let (now, teller) = (now(), self.teller());
        let (slots, guard) = (self.capacity.slots, self.pace.guard);
        let act = self.db.act(move |db| {
            let repos = repos::all(db)?;
            let rows = rows::Rows { db, repos: &repos, forges: &teller.forges, slots, now };
            let alerts = meta::alerts(db)?.into_iter();
            Ok(Board {
                at: SystemTime::now(),
                intake: meta::intake(db)?,
                not_ready: Vec::new(),
                slots,
                queued: rows.queued()?,
                running: rows.running(guard)?,
                ended: rows.ended(&jobs::ended(db, SHOWN)?)?,
                requests: rows.requests(&requests::latest(db, 200)?)?,
                repositories: rows.repositories(),
                forges: Vec::new(),
                alerts: alerts
                    .map(|alert| AlertRow { key: alert.key, text: alert.text, since: at(alert.since) })
                    .collect(),
                counters: Counters {
                    runs: rows.counts()?,
                    reports_pending: u64::try_from(crate::db::reports::pending(db)?).unwrap_or(0),
                    ..Counters::default()
                },
            })
        });
        let mut board = act.await?;
        board.forges = self.forge_rows();
        board.counters.free_bytes = machine::disk(self.state.root());
        board.not_ready = self.not_ready(&board);
        Ok(board)
    }

    fn forge_rows(&self) -> Vec<ForgeRow> {
        let rows = self.forges.values().map(|desk| {
            let some = |seconds: i64| (seconds > 0).then(|| at(seconds));
            let failing = some(desk.failing_since.load(Ordering::Relaxed));
            ForgeRow {
                name: desk.known.name.clone(),
                answered: some(desk.answered.load(Ordering::Relaxed)),
                failing: failing.map(|since| Failing { since, why: "it gives no answer".to_owned() }),
                ahead_s: desk.clock().map_or(0, |theirs| theirs - now()),
            }
        });
        rows.collect()
    }

    fn not_ready(&self, board: &Board) -> Vec<String> {
        let away = board.forges.iter().filter(|forge| forge.failing.is_some());
        let mut why: Vec<String> = away.map(|forge| format!("the forge `{}` gives no answer", forge.name)).collect();
        why.extend(board.alerts.iter().filter(|alert| alert.key == "no-swarm").map(|_| "no swarm answers".to_owned()));
        why
    }
}
