//! The arguments and the environment of this process: read here, and nowhere else.

use cc_ci_engine::docker::{AddressError, EngineAddress, RegistryCredentials};
use cc_ci_runner::request::{EngineChoice, Places};
use cc_ci_terminal::Wishes;
use std::ffi::OsString;
use std::path::PathBuf;

/// A variable of the environment; one that is set to nothing is not set.
pub(crate) fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// The words of this process's command line.
#[must_use]
pub fn given() -> Vec<OsString> {
    std::env::args_os().collect()
}

/// The engine that everything of this process speaks to: what `DOCKER_HOST` says, read nowhere else.
pub fn address() -> Result<EngineAddress, AddressError> {
    EngineAddress::parse(variable("DOCKER_HOST").as_deref())
}

/// The engine, for what pulls no image.
pub fn engine() -> Result<EngineChoice, AddressError> {
    Ok(EngineChoice::At { address: address()?, credentials: RegistryCredentials::default() })
}

/// Folders of other programs that hold something for us.
#[must_use]
pub fn places() -> Places {
    let home = || variable("HOME").map(|home| PathBuf::from(home).join(".abra"));
    let abra = variable("ABRA_DIR").map(PathBuf::from).or_else(home);
    let catalogue = abra.as_ref().and_then(|abra| std::path::absolute(abra.join("catalogue")).ok());
    Places {
        abra_recipes: abra.map(|abra| abra.join("recipes")),
        abra_catalogue: catalogue.filter(|folder| folder.is_dir()),
    }
}

/// This program.
pub fn program() -> std::io::Result<PathBuf> {
    std::env::current_exe()
}

/// What the environment says about colours and moving lines.
#[must_use]
pub fn wishes() -> Wishes {
    let text = |name: &str| variable(name).map(|value| value.to_string_lossy().into_owned()).unwrap_or_default();
    Wishes {
        no_color: text("NO_COLOR"),
        color: text("CLICOLOR"),
        color_force: text("CLICOLOR_FORCE"),
        terminal: text("TERM"),
        ci: text("CI"),
    }
}

/// What a run that the server starts gets of our environment: where programs are, and where the engine is.
#[must_use]
pub fn for_runs() -> (OsString, Vec<(OsString, OsString)>) {
    const ENGINE: [&str; 4] = ["DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY"];
    let engine = ENGINE.iter().filter_map(|name| Some((OsString::from(name), variable(name)?)));
    (variable("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into()), engine.collect())
}

/// The folder of credentials that systemd handed to this service.
#[must_use]
pub fn credentials() -> Option<PathBuf> {
    variable("CREDENTIALS_DIRECTORY").map(PathBuf::from)
}
