//! Starts a run. From then on nothing but files ties it to us.

use super::OUTCOME;
use crate::core::RunProgram;
use process_wrap::tokio::{CommandWrap, ProcessSession};
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

/// What a run is started with.
#[derive(Debug)]
pub(crate) struct Child<'a> {
    /// The folder of everything.
    pub(crate) state: &'a Path,
    /// The folder of the job.
    pub(crate) folder: &'a Path,
    /// The copy of the repository.
    pub(crate) mirror: &'a Path,
    /// The commit under test.
    pub(crate) sha: &'a str,
    /// The pull request.
    pub(crate) pull: u64,
    /// The id of the run.
    pub(crate) run: &'a str,
    /// What is asked for besides.
    pub(crate) more: &'a [String],
}

/// Starts a run that holds `claim`. Its process is waited for, so that nothing is left of it once it ended.
pub(crate) fn start(program: &RunProgram, child: &Child<'_>, claim: File) -> io::Result<()> {
    let home = child.folder.join("home");
    DirBuilder::new().recursive(true).mode(0o700).create(&home)?;
    let stream = |name: &str| File::create(child.folder.join(name));
    let (out, err) = (stream("out")?, stream("err")?);
    let outcome = child.folder.join(OUTCOME);
    let pull = child.pull.to_string();
    let mut wrap = CommandWrap::with_new(&program.file, |command| {
        command.arg("--state").arg(child.state).arg("run").arg(child.mirror);
        command.args(["--ref", child.sha, "--pr", &pull, "--run-id", child.run, "--json"]);
        command.arg("--outcome").arg(&outcome).args(child.more);
        command.env_clear().env("PATH", &program.path).env("HOME", &home).env("LANG", "C.UTF-8").env("TZ", "UTC");
        command.envs(program.engine.iter().map(|(name, value)| (name, value)));
        command.current_dir(child.folder).stdin(claim).stdout(out).stderr(err);
    });
    let mut process = wrap.wrap(ProcessSession).spawn()?;
    // Our own handle of the claim: from here on the run alone holds it.
    drop(wrap);
    tokio::spawn(async move { drop(process.wait().await) });
    Ok(())
}

/// Makes the folder of a job, which nobody else may look into, and takes away what an earlier attempt said.
pub(crate) fn folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    match fs::remove_file(folder.join(OUTCOME)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}
