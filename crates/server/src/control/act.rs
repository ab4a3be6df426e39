//! What an operator can ask for, and what then happens. Every change is noted.

use crate::core::{Core, now};
use crate::db::jobs::{self, JobPhase, NewJob};
use crate::db::requests::{self, RequestPhase};
use crate::db::{DbError, meta, reports, repos};
use crate::tell;
use crate::words;
use cc_ci_forge::{Cursor, RepoAccess, RepoName, RepoPulls, RepoStorage, RightsAnswer};
use cc_ci_web::board::Intake;
use cc_ci_web::board::job::{JobId, Lane};
use serde::{Deserialize, Serialize};

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ask {
    /// How everything stands.
    Status,
    /// How the request stands that a comment made, by the address of the comment on its forge.
    Request(String),
    /// No new run starts; requests are still taken in.
    Pause,
    /// Runs start again.
    Resume,
    /// No new run starts, because the server is to end.
    Drain,
    /// A job ends.
    Cancel(i64),
    /// A job that ended is done once more.
    Retry(i64),
    /// A repository is looked after from now on: the forge's name in the settings, if there are several.
    Enrol(Option<String>, String),
    /// What a person has to see to.
    Alerts,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Whether it was done.
    pub done: bool,
    /// In words, of several lines.
    pub text: String,
    /// How many runs go on.
    pub running: usize,
    /// How the request stands that was asked about, if one was.
    #[serde(default)]
    pub request: Option<RequestStands>,
}

/// How far a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RequestStands {
    /// No such comment was read yet, or it is none that asks for anything.
    Unseen,
    /// It is not answered to its end.
    Open,
    /// Nothing more becomes of it.
    Over {
        /// The exit code that says what did.
        code: u8,
    },
}

impl Told {
    pub(super) fn refused(text: impl Into<String>) -> Self {
        Self { done: false, text: text.into(), running: 0, request: None }
    }

    pub(super) fn done(text: impl Into<String>) -> Self {
        Self { done: true, text: text.into(), running: 0, request: None }
    }
}

impl Core {
    /// Does what an operator asks for.
    pub(super) async fn obey(&self, ask: Ask) -> Told {
        let told = match ask {
            Ask::Status => self.stands().await,
            Ask::Request(address) => self.request(&address).await,
            Ask::Pause => self.set_intake(Intake::Paused, "paused: no new run starts").await,
            Ask::Resume => self.set_intake(Intake::Open, "runs start again").await,
            Ask::Drain => {
                self.set_intake(Intake::Draining, "draining: no new run starts, those that go on come to their end")
                    .await
            }
            Ask::Cancel(id) => self.cancel_job(JobId(id)).await,
            Ask::Retry(id) => self.retry(JobId(id)).await,
            Ask::Enrol(forge, repo) => self.enrol(forge, &repo).await,
            Ask::Alerts => self.alerts().await,
        };
        self.alarm.ring();
        let running = self.db.act(|db| Ok(jobs::live(db)?.len())).await.unwrap_or(0);
        let told = told.unwrap_or_else(|error| Told::refused(error.to_string()));
        Told { running, ..told }
    }

    async fn set_intake(&self, intake: Intake, said: &str) -> Result<Told, DbError> {
        let (now, note) = (now(), said.to_owned());
        let act = self.db.act(move |db| {
            meta::set_intake(db, intake)?;
            if intake == Intake::Open {
                meta::set_swarm_again(db, 0)?;
            }
            meta::audit(db, now, &note)
        });
        act.await?;
        Ok(Told::done(said))
    }

    async fn stands(&self) -> Result<Told, DbError> {
        let now = now();
        let act = self.db.act(move |db| {
            let mut lines = vec![match meta::intake(db)? {
                Intake::Open => "open: runs are started".to_owned(),
                Intake::Paused => "paused".to_owned(),
                Intake::Draining => "draining".to_owned(),
            }];
            for job in jobs::live(db)? {
                let run = jobs::attempts(db, job.id)?.pop().map(|attempt| attempt.run.to_string()).unwrap_or_default();
                let repo = repos::get(db, job.repo)?;
                lines.push(format!("job {}: {} #{} runs as {run}", job.id, repo.name, job.pr));
            }
            for id in tell::order(db, now)? {
                let job = jobs::get(db, id)?;
                let repo = repos::get(db, job.repo)?;
                lines.push(format!("job {id}: {} #{} waits; {}", repo.name, job.pr, words::reason(&job.waits)));
            }
            let pending = reports::pending(db)?;
            if pending > 0 {
                lines.push(format!("{pending} reports are still to be delivered"));
            }
            for repo in repos::enrolled(db)? {
                let how = match (&repo.failing, repo.polled_at) {
                    (Some((since, why)), _) => format!("cannot be read for {} s: {why}", now - since),
                    (None, Some(at)) => format!("read {} s ago", now - at),
                    (None, None) => "not read yet".to_owned(),
                };
                lines.push(format!("{} on {}: {how}", repo.name, repo.forge));
            }
            Ok(Told::done(lines.join("\n")))
        });
        act.await
    }

    async fn alerts(&self) -> Result<Told, DbError> {
        let now = now();
        let alerts = self.db.act(|db| meta::alerts(db)).await?;
        let line = |alert: &meta::Alert| format!("{} (for {} s): {}", alert.key, now - alert.since, alert.text);
        let lines: Vec<String> = alerts.iter().map(line).collect();
        Ok(Told::done(if lines.is_empty() { "nothing to see to".to_owned() } else { lines.join("\n") }))
    }

    async fn cancel_job(&self, id: JobId) -> Result<Told, DbError> {
        let (now, teller) = (now(), self.teller());
        let act = self.db.act(move |db| {
            let Some(job) = jobs::find(db, id)? else { return Ok(no_job(id)) };
            match job.phase {
                JobPhase::Ended => Ok(Told::refused(format!("job {id} ended already"))),
                JobPhase::Queued | JobPhase::Starting | JobPhase::Running | JobPhase::Cancelling => {
                    tell::cancel(db, &teller, &job, "an operator ended it")?;
                    meta::audit(db, now, &format!("cancelled job {id}"))?;
                    Ok(Told::done(format!("job {id} is ended")))
                }
            }
        });
        act.await
    }

    async fn retry(&self, id: JobId) -> Result<Told, DbError> {
        let (now, teller) = (now(), self.teller());
        let act = self.db.act(move |db| {
            let Some(job) = jobs::find(db, id)? else { return Ok(no_job(id)) };
            if job.phase != JobPhase::Ended {
                return Ok(Told::refused(format!("job {id} has not ended")));
            }
            let lane = Lane::Operator;
            let again = NewJob { repo: job.repo, pr: job.pr, sha: &job.sha, wish: &job.wish, lane };
            let again = jobs::queue(db, &again, now)?;
            for request in requests::of_job(db, id.0)?.iter().filter(|one| one.phase == RequestPhase::Accepted) {
                requests::decide(db, request.id, RequestPhase::Accepted, None, Some(again.0))?;
            }
            meta::audit(db, now, &format!("retried job {id} as job {again}"))?;
            tell::queue(db, &teller)?;
            Ok(Told::done(format!("job {id} is done once more as job {again}; its comment is the same")))
        });
        act.await
    }

    async fn enrol(&self, forge: Option<String>, repo: &str) -> Result<Told, DbError> {
        let Ok(name) = repo.parse::<RepoName>() else {
            return Ok(Told::refused(format!("`{repo}` is no repository: write `owner/name`")));
        };
        let names = || self.forges.keys().cloned().collect::<Vec<_>>().join(", ");
        let desk = match &forge {
            Some(forge) => self.forges.get(forge),
            None if self.forges.len() == 1 => self.forges.values().next(),
            None => None,
        };
        let Some(desk) = desk else { return Ok(Told::refused(format!("say which forge with --forge: {}", names()))) };
        if let Err(error) = cc_ci_model::ids::RecipeName::parse(name.name()) {
            return Ok(Told::refused(error.to_string()));
        }
        let missing = match desk.known.door.rights(&name).await {
            Err(error) => Some(error.to_string()),
            Ok(RightsAnswer::NotSeen) => Some(format!("the forge shows no repository `{name}` to the bot")),
            Ok(RightsAnswer::Seen(rights)) => match (rights.access, rights.storage, rights.pulls) {
                (RepoAccess::None, ..) => Some("the bot may not read it".to_owned()),
                (_, RepoStorage::Archived, _) => Some("it is archived".to_owned()),
                (_, _, RepoPulls::Off) => Some("it has no pull requests".to_owned()),
                (RepoAccess::Read | RepoAccess::Write | RepoAccess::Admin, RepoStorage::Live, RepoPulls::On) => None,
            },
        };
        if let Some(missing) = missing {
            return Ok(Told::refused(format!("cannot look after `{name}`: {missing}")));
        }
        let theirs = match desk.known.door.now().await {
            Ok(theirs) => theirs,
            Err(error) => return Ok(Told::refused(error.to_string())),
        };
        let (forge, now, full) = (desk.known.name.clone(), now(), name.clone());
        let act = self.db.act(move |db| {
            repos::enrol(db, &forge, &full, Cursor::at(theirs))?;
            meta::audit(db, now, &format!("enrolled {full} on {forge}"))
        });
        act.await?;
        Ok(Told::done(format!("`{name}` is looked after from now on; comments from before are not")))
    }
}

fn no_job(id: JobId) -> Told {
    Told::refused(format!("there is no job {id}; `cc-ci server status` names those that run or wait"))
}
