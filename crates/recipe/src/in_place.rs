//! What Docker does not change in place: a config under a name that is there already.

use crate::Recipe;
use crate::interpolate::variables;

/// How the engine says that something of that name is there with another content.
const SAID: &str = "only updates to Labels are allowed";

/// The engine's refusal to change a config in place, as what to do: the file, the config, and the line to write. `None` for
/// another text, and for a config that is not in the recipe.
#[must_use]
pub fn refusal(recipe: &Recipe, said: &str) -> Option<String> {
    let line = said.lines().find(|line| line.contains(SAID))?;
    let (name, _) = line.split_once("failed to update config ")?.1.split_once(':')?;
    let config = recipe.configs.iter().find(|config| config.swarm_name == name)?;
    let file = config.file.as_deref()?;
    let text = recipe.compose.configs.get(&config.id)?.name_text.as_deref().unwrap_or_default();
    let exports = &recipe.abra_sh.exports;
    let is_read = |export: &&crate::abra_sh::Export| variables(text).contains(&export.name.as_str());
    let cannot = "and Docker cannot change a config in place";
    Some(match exports.iter().rev().find(is_read) {
        Some(export) => format!(
            "`{file}` changed, but config `{}` is still {}, {cannot}: write `export {}={}` in abra.sh, line {} (CC101)",
            config.id,
            export.value,
            export.name,
            raised(&export.value),
            export.line
        ),
        None => format!(
            "`{file}` changed, but config `{}` is still called {text}, {cannot}: give the name a version, and export the \
             version in abra.sh (CC104)",
            config.id
        ),
    })
}

/// The version after this one: `v4` after `v3`.
#[must_use]
pub fn raised(version: &str) -> String {
    let digits = version.len() - version.chars().rev().take_while(char::is_ascii_digit).count();
    let (front, number) = version.split_at(digits);
    match number.parse::<u64>() {
        Ok(number) => format!("{front}{}", number + 1),
        Err(_) => "<the next version>".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Files;
    use std::collections::BTreeMap;

    const COMPOSE: &str = "services:\n  app:\n    image: nginx:1.27.2\n    configs: [conf, plain]\nconfigs:\n  conf:\n    \
        name: ${STACK_NAME}_conf_${CONF_VERSION}\n    file: app.conf\n  plain:\n    name: ${STACK_NAME}_plain\n    file: plain.conf\n";

    fn recipe() -> Recipe {
        let texts = [
            ("compose.yml", COMPOSE),
            (".env.sample", "TYPE=shop\n"),
            ("abra.sh", "# versions\nexport CONF_VERSION=v2\n"),
            ("app.conf", "a\n"),
            ("plain.conf", "b\n"),
        ];
        let files: Files = texts.map(|(path, text)| (path.to_owned(), text.to_owned())).into_iter().collect();
        let given = BTreeMap::from([("STACK_NAME".to_owned(), "shop-1".to_owned())]);
        Recipe::read("shop", &files, &given, &[]).unwrap().0
    }

    #[test]
    fn a_refusal_becomes_the_line_to_write() {
        let said = |object: &str| {
            let text = format!(
                "failed to update {object}: Error response from daemon: rpc error: code = InvalidArgument desc = {SAID}"
            );
            refusal(&recipe(), &text)
        };
        insta::assert_snapshot!(said("config shop-1_conf_v2").unwrap(), @"`app.conf` changed, but config `conf` is still v2, and Docker cannot change a config in place: write `export CONF_VERSION=v3` in abra.sh, line 2 (CC101)");
        insta::assert_snapshot!(said("config shop-1_plain").unwrap(), @"`plain.conf` changed, but config `plain` is still called ${STACK_NAME}_plain, and Docker cannot change a config in place: give the name a version, and export the version in abra.sh (CC104)");
        assert_eq!(said("config other"), None);
        assert_eq!(said("secret shop-1_conf_v2"), None);
        assert_eq!(refusal(&recipe(), "failed to update config shop-1_conf_v2: no leader"), None);
    }

    #[test]
    fn the_next_version() {
        assert_eq!(
            ["v1", "v9", "12", "a2b10", "latest"].map(raised),
            ["v2", "v10", "13", "a2b11", "<the next version>"]
        );
    }
}
