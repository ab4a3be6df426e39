//! Makes the git repository of a case, by the script that people use for it, too.

use crate::case::{Case, CaseId, Question};
use crate::catalogue::Catalogue;
use cc_ci_engine::process::{self, Command, ProcessError};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The name of a recipe that is a row of a table.
const ROW_NAME: &str = "tiny";

/// Some cases have generators that write hundreds of megabytes.
const LIMIT: Duration = Duration::from_secs(300);

/// The repository's folder is named like the recipe: like the example that the case changes, or else like the case.
#[must_use]
pub fn recipe_name(case: &Case) -> &str {
    match &case.question {
        Question::Loader(_) | Question::Lint(_) => ROW_NAME,
        Question::Run(described) | Question::Files(described) if described.over == "none" => &case.id.name,
        Question::Run(described) | Question::Files(described) => &described.over,
    }
}

/// Makes the repository of the case `id` below `work`; returns its folder.
pub async fn make(
    catalogue: &Catalogue,
    id: &CaseId,
    name: &str,
    work: &Path,
    cancel: &CancellationToken,
) -> Result<PathBuf, ProcessError> {
    let target = work.join(name);
    let script = Command::new("sh")
        .arg(catalogue.folder.join("make.sh"))
        .arg(id.to_string())
        .arg(&target)
        .env("EXAMPLES", &catalogue.examples)
        // Nothing of the user's own git goes into a case.
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .deadline(LIMIT);
    process::run(&script, cancel).await?.require_success(&script)?;
    Ok(target)
}
