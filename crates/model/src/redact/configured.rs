//! Which values of a recipe's configuration are secrets: nobody says so, but their names do.

use super::SHORTEST;
use crate::settings::manifest::looks_secret;
use cc_ci_recipe::Recipe;
use std::collections::BTreeMap;

/// A single word of small letters is no secret up to this many of them: `postgres` is in every line of a database's log.
const WORD: usize = 15;

/// A number is none up to this many digits: `TOKEN_LIFETIME=604800`.
const NUMBER: usize = 7;

/// Last words of names that say what is known about a secret, not the secret.
const ABOUT: [&str; 16] = [
    "VERSION",
    "FILE",
    "PATH",
    "DIR",
    "LENGTH",
    "NAME",
    "USER",
    "USERNAME",
    "TTL",
    "LIFETIME",
    "EXPIRY",
    "TYPE",
    "ALGORITHM",
    "ENABLED",
    "ENDPOINT",
    "ID",
];

/// What a recipe's configuration holds in the way of secrets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Configured {
    /// Names and values to be masked, in order of the names.
    pub secrets: Vec<(String, String)>,
    /// Names of values that look like secrets by name, and are left alone: a word or number so plain, or one that the run's
    /// own names hold, that masking it would destroy more than it hides.
    pub plain: Vec<String>,
}

/// The secrets in the environments of the recipes' apps and services, and the passwords inside of URLs there. `names` is a
/// text with every name that the run itself uses.
#[must_use]
pub fn configured<'r>(recipes: impl IntoIterator<Item = &'r Recipe>, names: &str) -> Configured {
    let mut found: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    let mut add = |name: String, value: &'r str| {
        let values = found.entry(name).or_default();
        if !values.contains(&value) {
            values.push(value);
        }
    };
    for recipe in recipes {
        let own = recipe.environment.iter().map(|(name, value)| (name.clone(), value.as_str()));
        let services = recipe.compose.services.iter().flat_map(|(service, spec)| {
            let set = spec.environment.iter();
            set.filter_map(move |(name, value)| Some((name, service, value.as_deref()?)))
        });
        let services = services.map(|(name, service, value)| {
            // Most services only repeat the app's own.
            let repeats = recipe.environment.get(name).is_some_and(|own| own == value);
            (if repeats { name.clone() } else { format!("{service}.{name}") }, value)
        });
        for (name, value) in own.chain(services) {
            if let Some(password) = password(value) {
                add(format!("{name} (the password in it)"), password);
            }
            let variable = name.rsplit('.').next().unwrap_or(&name);
            if is_secret(variable) {
                add(name, value);
            }
        }
    }
    let mut configured = Configured::default();
    for (name, values) in found {
        for value in values {
            match worth(value, names) {
                Worth::Masking => configured.secrets.push((name.clone(), value.to_owned())),
                Worth::Plain => configured.plain.push(name.clone()),
                Worth::Nothing => {}
            }
        }
    }
    configured.plain.dedup();
    configured
}

/// What is to be done about a value whose name promises a secret.
enum Worth {
    Masking,
    Plain,
    Nothing,
}

fn worth(value: &str, names: &str) -> Worth {
    let value = value.trim();
    let letters = value.chars().count();
    if value.is_empty() || value.starts_with('/') {
        // A path, such as of a mounted secret.
        return Worth::Nothing;
    }
    let word = letters <= WORD && value.chars().all(|c| c.is_ascii_lowercase());
    let number = letters <= NUMBER && value.chars().all(|c| c.is_ascii_digit());
    if letters < SHORTEST || word || number || names.contains(value) { Worth::Plain } else { Worth::Masking }
}

fn is_secret(name: &str) -> bool {
    let last = name.rsplit(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or(name);
    looks_secret(name) && !ABOUT.iter().any(|about| last.eq_ignore_ascii_case(about))
}

/// The password in a URL: `postgres://user:password@host/name`.
fn password(value: &str) -> Option<&str> {
    let (_, rest) = value.split_once("://")?;
    let authority = rest.split(['/', '?', '#', ' ']).next().unwrap_or(rest);
    let (user, _) = authority.rsplit_once('@')?;
    user.split_once(':').map(|(_, password)| password)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cc_ci_recipe::source::Files;

    fn found(environment: &str) -> Configured {
        let compose = format!(
            "version: \"3.8\"\nservices:\n  app:\n    image: nginx:1.26\n    environment:\n{environment}\n    deploy:\n      labels:\n        \
             - \"coop-cloud.${{STACK_NAME}}.version=1.0.0+1.26\"\n"
        );
        let files: Files = [("compose.yml", compose.as_str()), (".env.sample", "TYPE=shop\nAPI_KEY=K-from-sample\n")]
            .into_iter()
            .map(|(name, text)| (name.to_owned(), text.to_owned()))
            .collect();
        let given = BTreeMap::from([("STACK_NAME".to_owned(), "shop-abc".to_owned())]);
        let (recipe, _) = Recipe::read("shop", &files, &given, &[]).unwrap();
        configured([&recipe], "shop-abc 1.0.0+1.26")
    }

    #[test]
    fn what_looks_like_a_secret_by_its_name_is_one() {
        let found = found("      DB_PASSWORD: \"pa$$ss\"\n      GREETING: hello world\n      API_KEY:");
        let expected = [("API_KEY", "K-from-sample"), ("app.DB_PASSWORD", "pa$ss")];
        // `pa$ss` is too short to be masked.
        assert_eq!(found.secrets, [(expected[0].0.to_owned(), expected[0].1.to_owned())]);
        assert_eq!(found.plain, [expected[1].0]);
    }

    #[test]
    fn the_password_in_a_url_is_one_whatever_the_variable_is_called() {
        let found = found("      DATABASE_URL: postgres://app:S3cr3t-Value@db/app?sslmode=disable");
        let of_url = ("app.DATABASE_URL (the password in it)".to_owned(), "S3cr3t-Value".to_owned());
        assert!(found.secrets.contains(&of_url), "{found:?}");
    }

    #[test]
    fn a_file_a_version_a_lifetime_and_a_plain_word_are_none() {
        let environment = "      DB_PASSWORD_FILE: /run/secrets/db_password\n      SECRET_DB_VERSION: v1\n      \
                           TOKEN_LIFETIME: \"604800\"\n      DB_PASSWORD: postgres\n      ADMIN_TOKEN: shop-abc";
        let found = found(environment);
        assert_eq!(found.secrets, [("API_KEY".to_owned(), "K-from-sample".to_owned())]);
        assert_eq!(found.plain, ["app.ADMIN_TOKEN", "app.DB_PASSWORD"]);
    }
}
