//! `--from`: head is upgraded from each of several versions, and what it can stand beside.

use crate::recipe::RecipeArgs;
use cc_ci_model::ids::RunId;
use cc_ci_model::upgrades::choose::FromWish;
use cc_ci_runner::request::Request;
use cc_ci_runner::upgrades::{Looks, UpgradesRequest};
use clap::Args;

/// What the versions of `--from` are upgraded from.
#[derive(Debug, Clone, Args)]
pub struct FromArgs {
    /// Upgrade to the commit under test from each of these published versions, one run for each: `all` (10 at most), `last:N` for
    /// the newest N, or versions separated by commas. The newest one is tried whole, from older ones install, upgrade and own
    /// tests; with --stages these tiers from each
    #[arg(long, value_name = "VERSIONS", value_parser = str::parse::<FromWish>,
        conflicts_with_all = ["base", "no_upgrade", "worktree", "quick"])]
    pub from: Option<FromWish>,
}

impl FromArgs {
    /// The series, where one is asked for; `run` is what each of its runs begins with.
    pub(crate) fn wanted(&self, recipe: &RecipeArgs, run: Request, series: Option<&RunId>) -> Option<UpgradesRequest> {
        let from = self.from.clone()?;
        let stages = recipe.stages.as_deref().is_some_and(|text| !text.trim().is_empty());
        let looks = if stages { Looks::Each(run.stages.clone()) } else { Looks::Usual };
        Some(UpgradesRequest { run, from, looks, series: series.cloned() })
    }
}

#[cfg(test)]
mod tests {
    use crate::{Cli, Verb};
    use cc_ci_model::upgrades::choose::FromWish;
    use cc_ci_runner::upgrades::Looks;
    use clap::Parser;

    fn check(words: &[&str]) -> Result<String, String> {
        let words = [&["cc-ci", "run", "shop"], words].concat();
        let cli =
            Cli::try_parse_from(words).map_err(|error| error.to_string().lines().next().unwrap_or("").to_owned())?;
        let Verb::Run(args) = cli.verb else { panic!("a run was asked for") };
        let Some(asked) = args.upgrades().map_err(|error| error.message)? else { return Ok("one run".to_owned()) };
        let looks = match asked.looks {
            Looks::Usual => "as usual".to_owned(),
            Looks::Each(tiers) => tiers.iter().map(|tier| tier.word()).collect::<Vec<_>>().join(","),
        };
        let from = match asked.from {
            FromWish::All => "all".to_owned(),
            FromWish::Last(count) => format!("the last {count}"),
            FromWish::Listed(names) => names.join(" and "),
        };
        Ok(format!("{from}: {looks}"))
    }

    #[test]
    fn versions_are_understood_and_what_cannot_stand_beside_them_is_refused() {
        assert_eq!(check(&[]).unwrap(), "one run");
        assert_eq!(check(&["--from", "all"]).unwrap(), "all: as usual");
        assert_eq!(check(&["--from", "last:3", "--stages", "upgrade"]).unwrap(), "the last 3: upgrade");
        assert_eq!(check(&["--from", "1.0.0+1, 1.1.0+1,1.0.0+1"]).unwrap(), "1.0.0+1 and 1.1.0+1: as usual");
        let others = [
            &["--base", "1.0.0+1"][..],
            &["--no-upgrade"],
            &["--worktree"],
            &["--quick"],
            &["--hold", "1m"],
            &["--keep"],
            &["--outcome", "o.json"],
        ];
        for other in others {
            let refused = check(&[&["--from", "all"], other].concat()).unwrap_err();
            assert!(refused.contains("--from") && refused.contains(other[0]), "{refused}");
        }
        for nonsense in ["", "last:0", "last:x", "last:101", " , "] {
            assert!(check(&["--from", nonsense]).is_err(), "{nonsense}");
        }
    }
}
