//! Which files are part of an image: its tree is streamed out of a container that never starts.

use super::{Swarm, wire};
use crate::swarm::{Launch, SwarmError};
use bollard::query_parameters::{CreateContainerOptions, RemoveContainerOptionsBuilder};
use bytes::Bytes;
use cc_ci_model::data::content::digest;
use futures_util::StreamExt;
use std::collections::BTreeSet;
use std::io::{self, Read};
use tokio::sync::mpsc;

/// Files that are larger are not looked at.
const MOST: u64 = 256 << 20;

/// The digests of the regular files of an image that have one of `sizes`. `name` is a container that the caller wrote down; it is
/// gone afterwards.
pub(super) async fn digests(
    swarm: &Swarm,
    name: &str,
    what: &Launch,
    sizes: &BTreeSet<u64>,
) -> Result<BTreeSet<String>, SwarmError> {
    let verb = || SwarmError::engine(format!("read the files of image {}", what.image));
    let options = CreateContainerOptions { name: Some(name.to_owned()), ..CreateContainerOptions::default() };
    swarm.docker.create_container(Some(options), wire::body(what)).await.map_err(verb())?;
    let found = stream(swarm, name, what, sizes.clone()).await;
    // With the volumes that an image makes for itself.
    let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
    swarm.docker.remove_container(name, Some(options)).await.map_err(verb())?;
    found
}

async fn stream(
    swarm: &Swarm,
    name: &str,
    what: &Launch,
    sizes: BTreeSet<u64>,
) -> Result<BTreeSet<String>, SwarmError> {
    let verb = || format!("read the files of image {}", what.image);
    let (sender, receiver) = mpsc::channel(16);
    #[expect(
        clippy::disallowed_methods,
        reason = "an archive is read as it comes; nothing is started from that thread"
    )]
    let reading = tokio::task::spawn_blocking(move || read(Chunks { from: receiver, rest: Bytes::new() }, &sizes));
    let mut stream = std::pin::pin!(swarm.docker.export_container(name));
    while let Some(chunk) = stream.next().await {
        if sender.send(chunk.map_err(SwarmError::engine(verb()))?).await.is_err() {
            break;
        }
    }
    drop(sender);
    let found = reading.await.map_err(io::Error::other).flatten();
    found.map_err(|error| SwarmError::Command { verb: verb(), text: error.to_string() })
}

fn read(stream: impl Read, sizes: &BTreeSet<u64>) -> io::Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    let mut archive = tar::Archive::new(stream);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let size = entry.size();
        if entry.header().entry_type().is_file() && size <= MOST && sizes.contains(&size) {
            let mut content = Vec::new();
            entry.read_to_end(&mut content)?;
            found.insert(digest(&content));
        }
    }
    Ok(found)
}

/// What comes in pieces, as a reader.
struct Chunks {
    from: mpsc::Receiver<Bytes>,
    rest: Bytes,
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.rest.is_empty() {
            match self.from.blocking_recv() {
                Some(chunk) => self.rest = chunk,
                None => return Ok(0),
            }
        }
        let length = buffer.len().min(self.rest.len());
        buffer[..length].copy_from_slice(&self.rest.split_to(length));
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_the_sizes_that_are_asked_for_are_read() {
        let mut archive = tar::Builder::new(Vec::new());
        for (path, text) in [("usr/src/a.php", "one"), ("b.php", "three"), ("c", "two")] {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len().try_into().unwrap());
            header.set_cksum();
            archive.append_data(&mut header, path, text.as_bytes()).unwrap();
        }
        let found = read(&archive.into_inner().unwrap()[..], &[3].into()).unwrap();
        assert_eq!(found, [digest(b"one"), digest(b"two")].into());
    }
}
