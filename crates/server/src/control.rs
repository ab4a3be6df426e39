//! What an operator says to a running server: one line of JSON each way over a socket that only its user can open.

mod act;
mod request;

pub use act::{Ask, RequestStands, Told};

use crate::core::Core;
use crate::db::DbError;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};

/// The socket, in the state folder.
pub(crate) const SOCKET: &str = "server.sock";

/// The longest that is read of one line.
const LONGEST: u64 = 1 << 20;

/// How long one question may take.
const LIMIT: Duration = Duration::from_secs(60);

/// Opens the socket. One that is there is a dead server's: a living one holds the lock.
pub(crate) fn listen(path: &Path) -> io::Result<UnixListener> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(path)?;
    fs::set_permissions(path, Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Answers for ever.
pub(crate) async fn serve(core: Arc<Core>, listener: UnixListener) -> Result<(), DbError> {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let core = Arc::clone(&core);
                tokio::spawn(async move {
                    // Who went away needs no answer.
                    drop(tokio::time::timeout(LIMIT, converse(&core, stream)).await);
                });
            }
            Err(error) => core.say(&format!("the socket: {error}")),
        }
    }
}

async fn converse(core: &Core, stream: UnixStream) -> io::Result<()> {
    let (from, mut to) = stream.into_split();
    let mut line = String::new();
    BufReader::new(from.take(LONGEST)).read_line(&mut line).await?;
    let told = match serde_json::from_str::<Ask>(&line) {
        Ok(ask) => core.obey(ask).await,
        Err(error) => Told::refused(format!("not understood: {error}")),
    };
    let mut answer = serde_json::to_vec(&told)?;
    answer.push(b'\n');
    to.write_all(&answer).await
}

/// Asks the server of a state folder.
pub async fn ask(state: &Path, ask: &Ask) -> io::Result<Told> {
    let (from, mut to) = UnixStream::connect(state.join(SOCKET)).await?.into_split();
    let mut line = serde_json::to_vec(ask)?;
    line.push(b'\n');
    to.write_all(&line).await?;
    let mut answer = String::new();
    BufReader::new(from.take(LONGEST)).read_line(&mut answer).await?;
    Ok(serde_json::from_str(&answer)?)
}
