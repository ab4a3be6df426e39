//! Follows the files: new routes and a new certificate are used from the next request or connection on.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::sync::{Notify, watch};

use crate::certificate::{self, CertificateFiles};
use crate::log::{EdgeLog, EventLine};
use crate::routes::Routes;
use crate::table::{Table, TableError};

/// How often the files are looked at. They are small and their content is compared, so a change is never missed because
/// two writes share a time stamp or a length.
const LOOK: Duration = Duration::from_millis(50);

/// Why a routes file cannot be followed.
#[derive(Debug, thiserror::Error)]
pub enum RoutesError {
    /// The file is there but cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not JSON of the wanted shape.
    #[error("{} is no routes file: {source}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// What the reader said, with line and column.
        source: serde_json::Error,
    },
    /// The file holds a router that cannot be followed.
    #[error("{}: {source}", path.display())]
    Table {
        /// The file.
        path: PathBuf,
        /// Which router, and why.
        source: TableError,
    },
}

/// The files, with what was in them at the last look.
#[derive(Debug)]
pub(crate) struct FollowedFiles {
    routes: PathBuf,
    routes_seen: Option<Vec<u8>>,
    routes_doubted: Option<Vec<u8>>,
    certificate: Option<(CertificateFiles, [Option<Vec<u8>>; 2])>,
}

impl FollowedFiles {
    pub(crate) fn new(routes: PathBuf) -> Self {
        Self { routes, routes_seen: None, routes_doubted: None, certificate: None }
    }

    /// The routes to start with; none if there is no file yet.
    pub(crate) async fn first_table(&mut self, log: &EdgeLog) -> Result<Table, RoutesError> {
        self.routes_seen = read(&self.routes).await?;
        let table = compile(&self.routes, self.routes_seen.as_deref())?;
        say_routes(log, &table);
        Ok(table)
    }

    /// Takes note of a certificate that was just loaded.
    pub(crate) async fn watch_certificate(&mut self, files: CertificateFiles) {
        let seen = contents(&files).await;
        self.certificate = Some((files, seen));
    }

    /// Looks at the files every 50 ms, and when told to. What cannot be used is logged once, and what was used before
    /// stays in use, also when a file is removed.
    pub(crate) async fn follow(
        mut self,
        table: watch::Sender<Arc<Table>>,
        tls: Option<watch::Sender<Arc<ServerConfig>>>,
        reload: Arc<Notify>,
        log: &EdgeLog,
    ) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = reload.notified() => {}
            }
            self.look_at_routes(&table, log).await;
            if let Some(tls) = &tls {
                self.look_at_certificate(tls, log).await;
            }
        }
    }

    async fn look_at_routes(&mut self, table: &watch::Sender<Arc<Table>>, log: &EdgeLog) {
        // A file that is gone or cannot be read is taken for one in the middle of being replaced.
        let Ok(Some(content)) = read(&self.routes).await else { return };
        if self.routes_seen.as_ref() == Some(&content) {
            return;
        }
        match compile(&self.routes, Some(&content)) {
            Ok(new) => {
                say_routes(log, &new);
                table.send_replace(Arc::new(new));
            }
            // So is one that makes no sense, until it says the same at two looks.
            Err(_) if self.routes_doubted.as_ref() != Some(&content) => {
                self.routes_doubted = Some(content);
                return;
            }
            Err(error) => log.event(&EventLine::RoutesRefused { reason: error.to_string() }),
        }
        self.routes_seen = Some(content);
    }

    async fn look_at_certificate(&mut self, tls: &watch::Sender<Arc<ServerConfig>>, log: &EdgeLog) {
        let Some((files, seen)) = &mut self.certificate else {
            return;
        };
        let content = contents(files).await;
        if content == *seen {
            return;
        }
        *seen = content;
        match certificate::load(files).await {
            Ok(config) => {
                log.event(&EventLine::Certificate);
                tls.send_replace(Arc::new(config));
            }
            Err(error) => log.event(&EventLine::CertificateRefused { reason: error.to_string() }),
        }
    }
}

fn say_routes(log: &EdgeLog, table: &Table) {
    log.event(&EventLine::Routes { revision: table.revision(), routers: table.routes().len() });
}

/// What a file holds; `None` if there is no such file.
async fn read(path: &Path) -> Result<Option<Vec<u8>>, RoutesError> {
    match tokio::fs::read(path).await {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(RoutesError::Read { path: path.to_owned(), source }),
    }
}

async fn contents(files: &CertificateFiles) -> [Option<Vec<u8>>; 2] {
    [tokio::fs::read(&files.certificate).await.ok(), tokio::fs::read(&files.key).await.ok()]
}

fn compile(path: &Path, content: Option<&[u8]>) -> Result<Table, RoutesError> {
    let routes = match content {
        Some(content) => {
            serde_json::from_slice(content).map_err(|source| RoutesError::Json { path: path.to_owned(), source })?
        }
        None => Routes::default(),
    };
    Table::compile(&routes).map_err(|source| RoutesError::Table { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::EdgeLog;

    #[tokio::test]
    async fn routes_stay_while_their_file_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("routes.json");
        let write =
            |revision: &str| std::fs::write(&path, format!("{{\"revision\": \"{revision}\", \"routers\": []}}"));
        write("first").unwrap();
        let log = EdgeLog::new(Box::new(std::io::sink()));
        let mut files = FollowedFiles::new(path.clone());
        let table = watch::Sender::new(Arc::new(files.first_table(&log).await.unwrap()));
        std::fs::remove_file(&path).unwrap();
        for _ in 0..3 {
            files.look_at_routes(&table, &log).await;
            assert_eq!(table.borrow().revision(), "first");
        }
        write("second").unwrap();
        files.look_at_routes(&table, &log).await;
        assert_eq!(table.borrow().revision(), "second");
    }
}
