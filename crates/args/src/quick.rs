//! `--quick`: what it can stand beside, and what it turns a request into (WARM-3).

use crate::recipe::RecipeArgs;
use cc_ci_model::tier::Tier;
use cc_ci_runner::error::{ErrorKind, RunnerError};
use cc_ci_runner::request::{BaseWish, Deployer, KindWish, Request};
use clap::Args;
use std::collections::BTreeSet;

/// How much a run tries.
#[derive(Debug, Clone, Copy, Args)]
pub struct QuickArgs {
    /// Begin with the recipe's canonical and upgrade it in place; backup and restore are not tried, so the level is at most 2, and
    /// there is no badge. Where there is no canonical that the upgrade would start from, the run is a cold one and says why
    #[arg(long)]
    pub quick: bool,
}

impl QuickArgs {
    /// The request of these words for a run of the recipe.
    pub fn request(self, recipe: &RecipeArgs) -> Result<Request, RunnerError> {
        let request = recipe.request()?;
        if !self.quick {
            return Ok(request);
        }
        let quick = |what: &str, hint: &str| {
            Err(RunnerError::new(ErrorKind::Usage, format!("--quick and {what} cannot stand together")).hint(hint))
        };
        if request.stages != BTreeSet::from(Tier::ALL) {
            return quick(
                "--stages",
                "leave one of the two out: a quick run chooses its tiers itself; STAGES of the environment counts as --stages",
            );
        }
        match request.base {
            // Where it is the canonical's version the run is quick, else it is cold and says so.
            BaseWish::Automatic | BaseWish::Version(_) => Ok(Request { kind: KindWish::Quick, ..request }),
            BaseWish::NoUpgrade { .. } => {
                quick("--no-upgrade", "leave one of the two out: a quick run is an upgrade of the canonical")
            }
        }
    }

    /// Whether such a run can be deployed with this.
    pub fn deployed_with(self, deployer: &Deployer) -> Result<(), RunnerError> {
        match deployer {
            Deployer::Abra(_) if self.quick => {
                Err(RunnerError::new(ErrorKind::Usage, "--quick and --deployer abra cannot stand together")
                    .hint("leave one of the two out: abra makes new secrets, and what is kept needs the old ones"))
            }
            Deployer::Abra(_) | Deployer::Swarm => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Cli, Verb};
    use cc_ci_runner::request::{BaseWish, KindWish};
    use clap::Parser;

    fn check(words: &[&str]) -> String {
        let cli = Cli::try_parse_from([&["cc-ci", "run", "shop", "--quick"], words].concat()).unwrap();
        let Verb::Run(args) = cli.verb else { panic!("a run was asked for") };
        match args.request() {
            Ok(request) => {
                let base = match request.base {
                    BaseWish::Automatic => String::new(),
                    BaseWish::Version(version) => format!(" from {version}"),
                    BaseWish::NoUpgrade { .. } => " without upgrade".to_owned(),
                };
                assert_eq!(request.kind, KindWish::Quick);
                format!("{:?}{base}", request.state)
            }
            Err(error) => format!("{}; {}", error.message, error.hint.unwrap_or_default()),
        }
    }

    #[test]
    fn what_quick_can_stand_beside_and_what_it_cannot() {
        assert_eq!(check(&[]), "Committed");
        assert_eq!(check(&["--worktree"]), "Uncommitted");
        assert_eq!(check(&["--base", "1.0.0+1"]), "Committed from 1.0.0+1");
        assert_eq!(check(&["--tests", "/t", "--trust-hooks", "--keep"]), "Committed");
        // All tiers by their names are all tiers.
        assert_eq!(check(&["--stages", "install,upgrade,backup,restore,custom"]), "Committed");
        let all = [check(&["--stages", "install,upgrade"]), check(&["--no-upgrade"]), check(&["--deployer", "abra"])];
        insta::assert_snapshot!(all.join("\n"), @r"
        --quick and --stages cannot stand together; leave one of the two out: a quick run chooses its tiers itself; STAGES of the environment counts as --stages
        --quick and --no-upgrade cannot stand together; leave one of the two out: a quick run is an upgrade of the canonical
        --quick and --deployer abra cannot stand together; leave one of the two out: abra makes new secrets, and what is kept needs the old ones
        ");
    }
}
