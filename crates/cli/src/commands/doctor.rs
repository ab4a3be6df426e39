//! `cc-ci doctor`: prints what this machine has and lacks for a run, and what is done about it (SWARM-8).

use super::json;
use cc_ci_args::environment;
use cc_ci_args::upkeep::DoctorArgs;
use cc_ci_engine::host::findings::{HostFinding, Level};
use cc_ci_runner::doctor::{self, Checkup, Cure};
use cc_ci_runner::error::RunnerError;
use cc_ci_store::state::StateFolder;
use cc_ci_terminal as terminal;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Looks, acts if asked to, and prints. The exit code is 0 when a run could start.
pub async fn exec(state: &StateFolder, wanted: &DoctorArgs) -> Result<u8, RunnerError> {
    let checkup = Checkup {
        state,
        engine: environment::engine(),
        deployer: wanted.deployer.wanted()?,
        credentials: wanted.registries.file(),
        sources: wanted.sources.clone(),
        say: Arc::new(terminal::note),
    };
    let cure = if wanted.fix { Cure::PutRight } else { Cure::Tell };
    let found = doctor::look(&checkup, cure, &CancellationToken::new()).await?;
    if wanted.json {
        terminal::out(&json(&found)?);
    } else {
        let paint = terminal::Paint::for_stdout(&environment::wishes());
        terminal::painted(&text(&found, paint), paint);
    }
    Ok(doctor::exit_code(&found))
}

fn text(found: &[HostFinding], paint: terminal::Paint) -> String {
    let width = found.iter().map(|finding| finding.probe.len()).max().unwrap_or_default();
    let mut lines = Vec::new();
    for finding in found {
        let word = format!("{:<4}", finding.level.word());
        let word = match finding.level {
            Level::Ok => paint.good(&word),
            Level::Warn => paint.doubtful(&word),
            Level::Fail => paint.bad(&word),
        };
        lines.push(format!("{word}  {:<width$}  {}", finding.probe, finding.seen));
        if finding.level != Level::Ok {
            let indent = " ".repeat(6 + width + 2);
            lines.push(format!("{indent}why: {}", finding.matters));
            lines.push(format!("{indent}now: {}", finding.advice));
        }
    }
    let count = |level| found.iter().filter(|finding| finding.level == level).count();
    let fixable = found.iter().any(|finding| finding.level != Level::Ok && finding.remedy.is_some());
    lines.push(String::new());
    lines.push(match (count(Level::Fail), count(Level::Warn)) {
        (0, 0) => "A run can start.\n".to_owned(),
        (0, warn) => format!("A run can start; {warn} to know about.\n"),
        (fail, _) if fixable => format!("{fail} in the way of a run; `cc-ci doctor --fix` puts right what it can.\n"),
        (fail, _) => format!("{fail} in the way of a run.\n"),
    });
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use cc_ci_engine::host::findings::Remedy;

    fn finding(probe: &'static str, level: Level, remedy: Option<Remedy>) -> HostFinding {
        HostFinding { probe, level, seen: "seen".into(), matters: "matters", advice: "advice".into(), remedy }
    }

    #[test]
    fn what_is_not_fine_says_why_and_what_now() {
        let found = [finding("swarm", Level::Fail, Some(Remedy::Swarm)), finding("memory", Level::Ok, None)];
        insta::assert_snapshot!(text(&found, terminal::Paint::Plain), @r"
        fail  swarm   seen
                      why: matters
                      now: advice
        ok    memory  seen

        1 in the way of a run; `cc-ci doctor --fix` puts right what it can.
        ");
    }
}
