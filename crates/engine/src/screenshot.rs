//! The picture of the app (OUT-4): taken beside the tiers by a browser in a container of its own, once head serves.
//!
//! The container sees the network `proxy` and, by name, nothing but the app's domain. It gets no secret: the texts of the page come out
//! with the picture and are looked through here, and a picture of a page that shows a secret is never written. Nothing of this can
//! change a verdict or hold up a tier.
//!
//! Chromium is driven by a small script over its own pipe: the command-line switch for pictures cannot say what the page held at
//! that moment, and a driver in between would be one more thing to start.

use crate::exec::{ExecCommand, Overflow};
use crate::keep::{Artifact, Keep};
use crate::ledger::Ledger;
use crate::swarm::{Bounds, Launch, LaunchNetwork, Node, Orphans, Privileges, Root, Swap};
use crate::voice::Voice;
use crate::workbench;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use cc_ci_model::event::{Event, Screenshot, Shot};
use cc_ci_model::ids::RunId;
use cc_ci_model::redact::{Redactor, Vault};
use cc_ci_recipe::traefik::PROXY_NETWORK;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

/// How long the browser may try.
const LIMIT: Duration = Duration::from_secs(25);

/// How long the engine may take to start a container that nobody needs any more.
const START_LIMIT: Duration = Duration::from_secs(20);

/// How long the run waits for the picture once the verdict is given.
const REST: Duration = Duration::from_secs(4);

/// The most the browser may say: the picture and every text of the page. Bytes.
const SAID_MOST: usize = 24 << 20;

/// The largest picture. Bytes.
const PICTURE_MOST: usize = 4 << 20;

const MEMORY: i64 = 1 << 30;
const CPUS: i64 = 1_000_000_000;
/// Less than the app's, so that the app goes first where there is not enough for both.
const CPU_SHARES: i64 = 128;
const PROCESSES: i64 = 400;

const SCRIPT: &str = include_str!("screenshot/shoot.py");

/// What pictures are taken with, and what must not be on them.
#[derive(Debug, Clone)]
pub struct Camera {
    /// The browser's image; there is no picture where it is missing.
    pub image: String,
    /// Every secret known by then.
    pub vault: Vault,
}

/// What is pictured.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    /// `https://domain/path`.
    pub(crate) url: String,
    /// The domain.
    pub(crate) host: String,
    /// The run's certificate authority, PEM.
    pub(crate) authority: String,
}

type Starting = Shared<BoxFuture<'static, Result<Browser, String>>>;

/// A picture on its way.
#[derive(Default)]
pub(crate) struct Exposure {
    path: String,
    starting: Option<Starting>,
    shot: Option<AbortOnDropHandle<Shot>>,
}

/// The browser's container.
#[derive(Clone)]
struct Browser {
    node: Arc<dyn Node>,
    container: String,
}

impl Exposure {
    /// Starts the browser's container in the background.
    pub(crate) fn prepare(
        &mut self,
        node: &Arc<dyn Node>,
        ledger: &Arc<Ledger>,
        run: &RunId,
        camera: &Camera,
        path: &str,
    ) {
        let (node, ledger, run, image) = (node.clone(), ledger.clone(), run.clone(), camera.image.clone());
        let start = tokio::spawn(async move { Browser::start(node, &ledger, &run, image).await });
        let starting = async move { start.await.unwrap_or_else(|panic| Err(panic.to_string())) };
        path.clone_into(&mut self.path);
        self.starting = Some(starting.boxed().shared());
    }

    /// Takes the picture in the background and hands it to `keep`. Does nothing when no browser was started, or for a second picture.
    pub(crate) fn start(&mut self, camera: &Camera, subject: Subject, keep: Keep) {
        let (Some(starting), None) = (&self.starting, &self.shot) else { return };
        let (starting, vault) = (starting.clone(), camera.vault.clone());
        let shot = tokio::spawn(async move {
            let seen = match starting.await {
                Ok(browser) => browser.look(&subject).await,
                Err(why) => return Shot::Missed { why },
            };
            match seen {
                Ok(seen) => develop(seen, &vault.redactor(), &keep),
                Err(why) => Shot::Missed { why },
            }
        });
        self.shot = Some(AbortOnDropHandle::new(shot));
    }

    /// Waits a moment for a picture that is still coming, and says what became of it. Afterwards the container can be torn down.
    pub(crate) async fn finish(self, voice: &Voice, cancel: &CancellationToken) {
        let Some(starting) = self.starting else { return };
        let missed = |why: &str| Shot::Missed { why: why.to_owned() };
        let shot = match self.shot {
            None => missed("the app did not serve at the commit under test"),
            Some(shot) => tokio::select! {
                biased;
                taken = shot => taken.unwrap_or_else(|error| missed(&error.to_string())),
                () = cancel.cancelled() => missed("the run was ended"),
                () = tokio::time::sleep(REST) => missed("the run was over before the page had settled"),
            },
        };
        voice.say(Event::Screenshot(Screenshot { path: self.path, shot }));
        // What is still being started has to exist before it can be torn down; whether it did start was said.
        let _started = tokio::time::timeout(START_LIMIT, starting).await;
    }
}

impl Browser {
    async fn start(node: Arc<dyn Node>, ledger: &Ledger, run: &RunId, image: String) -> Result<Self, String> {
        if !node.image(&image).await.is_ok_and(|found| found.is_some()) {
            return Err(format!("the image {image} is not on this machine; `sh setup/images.sh browser` builds it"));
        }
        let container = format!("cc-ci-{run}-browser");
        let launched = workbench::launch(node.as_ref(), ledger, &container, &launch_of(run, &image)).await;
        launched.map_err(|error| error.finding().summary)?;
        Ok(Self { node, container })
    }

    /// Opens the page and brings back what was seen.
    async fn look(&self, subject: &Subject) -> Result<Said, String> {
        let seconds = LIMIT.as_secs();
        let task = serde_json::json!({
            "url": subject.url, "host": subject.host, "authority": subject.authority, "seconds": seconds,
        });
        let hard = (seconds + 5).to_string();
        let words = ["timeout", "-k", "2", hard.as_str(), "python3", "-I", "-c", SCRIPT];
        let command = ExecCommand::new(words).input(task.to_string().into_bytes());
        let command = command.limit(LIMIT + Duration::from_secs(10)).cap(SAID_MOST, Overflow::Stop);
        let output = self.node.exec(&self.container, &command).await.map_err(|error| error.to_string())?;
        if !output.succeeded() {
            let said = output.tail(1).concat();
            return Err(format!("the browser {}: {said}", output.ending()));
        }
        serde_json::from_slice(&output.stdout).map_err(|error| format!("the browser's answer cannot be read: {error}"))
    }
}

/// The browser's container.
pub(crate) fn launch_of(run: &RunId, image: &str) -> Launch {
    let scratch = ("/tmp".to_owned(), "rw,exec,nosuid,nodev,mode=1777,size=256m".to_owned());
    Launch {
        user: Some("65534:65534"),
        network: LaunchNetwork::Named { name: PROXY_NETWORK.to_owned(), aliases: Vec::new() },
        scratch: BTreeMap::from([scratch]),
        root: Root::ReadOnly,
        privileges: Privileges::Only(&[]),
        bounds: Bounds {
            memory: Some(MEMORY),
            swap: Swap::None,
            cpus: Some(CPUS),
            weight: Some(CPU_SHARES),
            processes: Some(PROCESSES),
        },
        // Chromium's helpers end as orphans; somebody has to bury them.
        orphans: Orphans::Engine,
        ..Launch::idle(run, image)
    }
}

/// What the script says.
#[derive(Debug, Deserialize)]
#[serde(tag = "result", rename_all = "lowercase")]
enum Said {
    Seen { png: String, texts: Vec<String>, filled: u32 },
    Refused { why: String },
    Missed { why: String },
}

/// Decides whether a picture may be kept, and keeps it.
fn develop(seen: Said, secrets: &Redactor, keep: &Keep) -> Shot {
    let (png, texts, filled) = match seen {
        Said::Seen { png, texts, filled } => (png, texts, filled),
        Said::Refused { why } => return Shot::Refused { why },
        Said::Missed { why } => return Shot::Missed { why },
    };
    if filled > 0 {
        return Shot::Refused { why: "a password field of the page is filled".to_owned() };
    }
    let found = texts.iter().find_map(|text| secrets.find(text).first().map(|name| (*name).to_owned()));
    if let Some(name) = found {
        return Shot::Refused { why: format!("the page holds the value of the secret {name}") };
    }
    let picture = match BASE64_STANDARD.decode(png) {
        Ok(picture) if is_picture(&picture) => picture,
        Ok(_) | Err(_) => return Shot::Missed { why: "the browser's picture is none".to_owned() },
    };
    match keep(Artifact::Screenshot(&picture)) {
        Ok(()) => Shot::Taken,
        Err(error) => Shot::Missed { why: format!("the picture could not be written: {error}") },
    }
}

/// A PNG of a size that pages can carry.
fn is_picture(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR") && bytes.len() <= PICTURE_MOST
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR and so on";

    fn developed(texts: &[&str], filled: u32, png: &[u8]) -> (Shot, bool) {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let writing = Arc::clone(&kept);
        let keep: Keep = Arc::new(move |artifact| {
            let Artifact::Screenshot(picture) = artifact else { return Err("not a picture".to_owned()) };
            *writing.lock().unwrap() = picture.to_vec();
            Ok(())
        });
        let secrets = Redactor::new(&[("db_password".to_owned(), "s3cr3t value".to_owned())]);
        let texts = texts.iter().map(|text| (*text).to_owned()).collect();
        let shot = develop(Said::Seen { png: BASE64_STANDARD.encode(png), texts, filled }, &secrets, &keep);
        let written = *kept.lock().unwrap() == png;
        assert_eq!(shot == Shot::Taken, written, "{shot:?}");
        (shot, written)
    }

    #[test]
    fn a_page_with_a_secret_or_a_filled_password_field_is_never_written() {
        assert_eq!(developed(&["Welcome", "Sign in"], 0, PNG).0, Shot::Taken);
        for text in ["it is s3cr3t value!", "s3cr3t%20value", "czNjcjN0IHZhbHVl"] {
            let Shot::Refused { why } = developed(&["Welcome", text], 0, PNG).0 else { panic!("{text}") };
            assert_eq!(why, "the page holds the value of the secret db_password");
        }
        assert!(matches!(developed(&["Welcome"], 1, PNG).0, Shot::Refused { .. }));
    }

    #[test]
    fn what_is_no_picture_is_none() {
        assert!(matches!(developed(&[], 0, b"<svg onload=alert(1)>").0, Shot::Missed { .. }));
        let long = [PNG, &vec![0; PICTURE_MOST]].concat();
        assert!(matches!(developed(&[], 0, &long).0, Shot::Missed { .. }));
    }
}
