//! A database server of the app, whichever kind it is of, and what it can be asked. A new kind is a file beside this one, and a
//! line in each match here.

use super::rows::Taken;
use super::sql::{self, SqlLogin};
use super::tables::Held;
use super::{FoundMarkers, MarkerPhase, mysql, postgres, redis};
use crate::backup::dump::DumpKind;
use crate::swarm::Containers;
use crate::workbench::WorkError;
use cc_ci_model::data::outside::Lasts;
use cc_ci_model::data::rows::Counted;
use cc_ci_model::ids::StackName;
use cc_ci_recipe::database::{Database, DatabaseKind};
use std::fmt;

/// A server that is asked by its own client in its own container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseServer {
    /// PostgreSQL.
    Postgres(SqlLogin),
    /// MariaDB or MySQL.
    Mysql(SqlLogin),
    /// Redis or one that speaks like it.
    Redis(redis::RedisLogin),
}

/// What it said, or what it or its container said instead.
type Answered<T> = Result<Result<T, String>, WorkError>;

impl DatabaseServer {
    /// The server of a recognised database; `None` for SQLite, which has none.
    #[must_use]
    pub fn of(database: &Database) -> Option<Self> {
        match database.kind {
            DatabaseKind::Postgres => Some(Self::Postgres(SqlLogin::to(database))),
            DatabaseKind::Mysql => Some(Self::Mysql(SqlLogin::to(database))),
            DatabaseKind::Redis => Some(Self::Redis(redis::RedisLogin::to(database))),
            DatabaseKind::Sqlite => None,
        }
    }

    /// The service it is, without the stack's name.
    #[must_use]
    pub fn service(&self) -> &str {
        match self {
            Self::Postgres(login) => &login.service,
            Self::Mysql(login) => &login.service,
            Self::Redis(login) => &login.service,
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Postgres(_) => "PostgreSQL",
            Self::Mysql(_) => "MariaDB/MySQL",
            Self::Redis(_) => "Redis",
        }
    }

    /// The server by itself, since not one of its databases is meant.
    pub(super) fn title(&self) -> String {
        format!("{} of {}", self.kind(), self.service())
    }

    /// What is counted in it.
    pub(super) fn counted(&self) -> Counted {
        match self {
            Self::Postgres(_) | Self::Mysql(_) => Counted::Rows,
            Self::Redis(_) => Counted::Keys,
        }
    }

    /// Of which kind its dumps are, where their rows can be counted.
    pub(crate) fn dumps(&self) -> Option<DumpKind> {
        match self {
            Self::Postgres(_) => Some(DumpKind::Postgres),
            Self::Mysql(_) => Some(DumpKind::Mysql),
            Self::Redis(_) => None,
        }
    }

    /// Whether it is a cache where no volume is kept for it.
    pub(crate) fn may_be_a_cache(&self) -> bool {
        match self {
            Self::Postgres(_) | Self::Mysql(_) => false,
            Self::Redis(_) => true,
        }
    }

    /// Whether what looks like a dump at `path` is a file of its own; `logged`: it reads a log of all changes instead.
    pub(crate) fn does_not_read(&self, path: &str, logged: bool) -> bool {
        match self {
            Self::Postgres(_) | Self::Mysql(_) => false,
            Self::Redis(_) => logged && path.ends_with("/dump.rdb"),
        }
    }

    pub(super) async fn seed(
        &self,
        containers: &Containers,
        stack: &StackName,
        phase: MarkerPhase,
        value: &str,
    ) -> Answered<Taken> {
        // A server says so, too, when the table is there already; only whether it refuses counts.
        let taken = |answer: Result<String, String>| answer.map(|_| Taken::Yes);
        let sql = sql::seed(phase, value);
        match self {
            Self::Postgres(login) => Ok(taken(postgres::ask(containers, stack, login, &sql).await?)),
            Self::Mysql(login) => Ok(taken(mysql::ask(containers, stack, login, &sql).await?)),
            Self::Redis(login) => redis::seed(containers, stack, login, phase, value).await,
        }
    }

    pub(super) async fn mutate(
        &self,
        containers: &Containers,
        stack: &StackName,
        phase: MarkerPhase,
        value: &str,
    ) -> Answered<()> {
        let sql = sql::mutate(phase, value);
        match self {
            Self::Postgres(login) => Ok(postgres::ask(containers, stack, login, &sql).await?.map(drop)),
            Self::Mysql(login) => Ok(mysql::ask(containers, stack, login, &sql).await?.map(drop)),
            Self::Redis(login) => redis::mutate(containers, stack, login, phase, value).await,
        }
    }

    pub(super) async fn read(
        &self,
        containers: &Containers,
        stack: &StackName,
        phase: MarkerPhase,
    ) -> Answered<FoundMarkers> {
        let sql = sql::read(phase);
        let (answer, no_table) = match self {
            Self::Postgres(login) => (postgres::ask(containers, stack, login, &sql).await?, postgres::NO_TABLE),
            Self::Mysql(login) => (mysql::ask(containers, stack, login, &sql).await?, mysql::NO_TABLE),
            Self::Redis(login) => return redis::read(containers, stack, login, phase).await,
        };
        Ok(match answer {
            Err(refusal) if refusal.contains(no_table) => Ok(FoundMarkers::default()),
            answer => answer.map(|rows| sql::found(&rows, phase)),
        })
    }

    /// Counts everything in it.
    pub(super) async fn count(&self, containers: &Containers, stack: &StackName) -> Answered<Held> {
        match self {
            Self::Postgres(login) => postgres::count(containers, stack, login).await,
            Self::Mysql(login) => mysql::count(containers, stack, login).await,
            Self::Redis(login) => redis::count(containers, stack, login).await,
        }
    }

    /// The folder that it says its data lies in.
    pub(super) async fn folder(&self, containers: &Containers, stack: &StackName) -> Answered<(String, Lasts)> {
        let lasting = |folder: Result<String, String>| folder.map(|folder| (folder, Lasts::Yes));
        match self {
            Self::Postgres(login) => Ok(lasting(postgres::folder(containers, stack, login).await?)),
            Self::Mysql(login) => Ok(lasting(mysql::folder(containers, stack, login).await?)),
            Self::Redis(login) => redis::folder(containers, stack, login).await,
        }
    }

    /// Waits until it answers a trivial question; the inner error is what it said instead.
    pub async fn ready(&self, containers: &Containers, stack: &StackName) -> Answered<()> {
        match self {
            Self::Postgres(login) => Ok(postgres::ask(containers, stack, login, sql::HELLO).await?.map(drop)),
            Self::Mysql(login) => Ok(mysql::ask(containers, stack, login, sql::HELLO).await?.map(drop)),
            Self::Redis(login) => redis::ready(containers, stack, login).await,
        }
    }
}

impl fmt::Display for DatabaseServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Postgres(login) | Self::Mysql(login) => match &login.database {
                Some(database) => write!(f, "{} database {database} of {}", self.kind(), login.service),
                None => write!(f, "the {} database of {}", self.kind(), login.service),
            },
            Self::Redis(login) => login.fmt(f),
        }
    }
}
