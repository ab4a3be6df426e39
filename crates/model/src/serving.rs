//! The settings of the server: what an operator writes into `server.toml`. An unknown key is an error with the nearest name.

use crate::settings::document::{Document, Item};
use cc_ci_recipe::source::Problem;

/// The file's name in the state folder.
pub const FILE: &str = "server.toml";

/// The settings of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServingSettings {
    /// Where pages and webhooks are answered.
    pub listen: String,
    /// Where the pages can be had from outside.
    pub public_url: Option<String>,
    /// Runs at once.
    pub slots: Option<u64>,
    /// Free memory that a run needs to begin, in MiB.
    pub memory_mib: u64,
    /// Free disk that a run needs to begin, in MiB.
    pub disk_mib: u64,
    /// For how many days runs are kept.
    pub keep_days: u64,
    /// How many runs are kept at most.
    pub keep_runs: u64,
    /// The forges, in the order of the file.
    pub forges: Vec<ServedForge>,
}

/// A forge that is looked after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServedForge {
    /// Its name.
    pub name: String,
    /// Its address.
    pub url: String,
    /// What it is.
    pub kind: ForgeKind,
    /// Whose members may ask; else the owner of the repository.
    pub organisation: Option<String>,
    /// The file of the token that reads and comments; else a credential of the service.
    pub token_file: Option<String>,
    /// The file of the token that sets statuses.
    pub status_token_file: Option<String>,
    /// The file of the secret that signs webhooks.
    pub hook_secret_file: Option<String>,
    /// The same while one replaces the other.
    pub old_hook_secret_file: Option<String>,
}

/// What a forge is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForgeKind {
    /// Gitea.
    Gitea,
    /// Forgejo.
    Forgejo,
}

/// A key as the reference explains it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServingKey {
    /// The key.
    pub name: &'static str,
    /// What it is set to.
    pub form: &'static str,
    /// What it is without.
    pub default: &'static str,
    /// What it does.
    pub meaning: &'static str,
}

const fn key(name: &'static str, form: &'static str, default: &'static str, meaning: &'static str) -> ServingKey {
    ServingKey { name, form, default, meaning }
}

/// Keys at the top of the file.
pub const KEYS: [ServingKey; 8] = [
    key(
        "listen",
        "address and port",
        "`127.0.0.1:8080`",
        "where pages and webhooks are answered; a proxy in front speaks TLS",
    ),
    key(
        "public_url",
        "an address",
        "no links",
        "where the pages can be had from outside, for links in comments and statuses",
    ),
    key("slots", "1 to 64", "half of the cores, at least 1", "how many runs may go on at once"),
    key("memory_mib", "0 to 1048576", "1024", "how much memory has to be free before a run begins"),
    key("disk_mib", "0 to 16777216", "5120", "how much disk has to be free before a run begins"),
    key(
        "keep_days",
        "1 to 3650",
        "90",
        "for how many days a run's page and files are kept; links in comments lead nowhere afterwards",
    ),
    key(
        "keep_runs",
        "1 to 1000000",
        "2000",
        "how many runs are kept at most; the last of each recipe, and one whose answer is still to be delivered, always are",
    ),
    key(
        "forges",
        "tables",
        "none",
        "`[forges.NAME]` for each forge; the name stands in `/hook/NAME` and in names of credentials",
    ),
];

/// Keys of a forge.
pub const FORGE_KEYS: [ServingKey; 7] = [
    key("url", "an address", "needed", "where the forge is: `https://git.example.org`"),
    key("kind", "`\"gitea\"` or `\"forgejo\"`", "`\"forgejo\"`", "what it is"),
    key("organisation", "a name", "the repository's owner", "whose members may ask for runs"),
    key("token_file", "a path", "the credential `NAME-token`", "the bot's token: reads and comments"),
    key(
        "status_token_file",
        "a path",
        "the credential `NAME-status-token`, or no statuses",
        "the token that sets commit statuses",
    ),
    key(
        "hook_secret_file",
        "a path",
        "the credential `NAME-hook-secret`, or no webhooks",
        "the secret that signs webhooks",
    ),
    key(
        "old_hook_secret_file",
        "a path",
        "the credential `NAME-old-hook-secret`, or none",
        "a second secret, while one replaces the other",
    ),
];

impl Default for ServingSettings {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".to_owned(),
            public_url: None,
            slots: None,
            memory_mib: 1024,
            disk_mib: 5120,
            keep_days: 90,
            keep_runs: 2000,
            forges: Vec::new(),
        }
    }
}

impl ServingSettings {
    /// Reads the file.
    ///
    /// # Errors
    /// Returns everything that is wrong with it: a server does not go on with half of what it was told.
    pub fn read(file: &str, text: &str) -> Result<Self, Vec<Problem>> {
        let mut document = Document::new(file, text);
        let root = document.parse();
        let mut settings = Self::default();
        for item in document.items("", &root) {
            match item.name.as_str() {
                "listen" => settings.listen = document.text(&item).unwrap_or_default(),
                "public_url" => settings.public_url = document.text(&item),
                "slots" => settings.slots = document.number(&item, 1, 64),
                "memory_mib" => settings.memory_mib = document.number(&item, 0, 1 << 20).unwrap_or_default(),
                "disk_mib" => settings.disk_mib = document.number(&item, 0, 1 << 24).unwrap_or_default(),
                "keep_days" => settings.keep_days = document.number(&item, 1, 3650).unwrap_or_default(),
                "keep_runs" => settings.keep_runs = document.number(&item, 1, 1_000_000).unwrap_or_default(),
                "forges" => settings.forges = forges(&mut document, &item),
                _ => document.unknown(&item, &KEYS.map(|key| key.name)),
            }
        }
        if document.problems.is_empty() { Ok(settings) } else { Err(document.problems) }
    }
}

fn forges(document: &mut Document<'_>, list: &Item<'_>) -> Vec<ServedForge> {
    let Some(table) = document.table(list) else { return Vec::new() };
    let mut found = Vec::new();
    for item in document.items(&list.key, table) {
        let plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
        if !item.name.chars().all(plain) || item.name.starts_with('-') || item.name.len() > 32 {
            document.report(
                &item,
                format!("`{}` is no name of a forge", item.name),
                "use small letters, digits and `-`",
            );
            continue;
        }
        found.extend(forge(document, &item));
    }
    found
}

fn forge(document: &mut Document<'_>, item: &Item<'_>) -> Option<ServedForge> {
    let table = document.table(item)?;
    let mut forge = ServedForge {
        name: item.name.clone(),
        url: String::new(),
        kind: ForgeKind::Forgejo,
        organisation: None,
        token_file: None,
        status_token_file: None,
        hook_secret_file: None,
        old_hook_secret_file: None,
    };
    for inner in document.items(&item.key, table) {
        match inner.name.as_str() {
            "url" => forge.url = document.text(&inner).unwrap_or_default(),
            "kind" => match document.text(&inner).as_deref() {
                Some("gitea") => forge.kind = ForgeKind::Gitea,
                Some("forgejo") => forge.kind = ForgeKind::Forgejo,
                Some(_) => document.report(&inner, "must be \"gitea\" or \"forgejo\"", "other forges are not spoken"),
                None => {}
            },
            "organisation" => forge.organisation = document.text(&inner),
            "token_file" => forge.token_file = document.text(&inner),
            "status_token_file" => forge.status_token_file = document.text(&inner),
            "hook_secret_file" => forge.hook_secret_file = document.text(&inner),
            "old_hook_secret_file" => forge.old_hook_secret_file = document.text(&inner),
            _ => document.unknown(&inner, &FORGE_KEYS.map(|key| key.name)),
        }
    }
    if forge.url.is_empty() {
        document.report(item, "has no `url`", "write `url = \"https://git.example.org\"` below it");
    }
    Some(forge)
}

#[cfg(test)]
mod tests {
    use super::{ForgeKind, ServingSettings};

    #[test]
    fn a_file_is_read() {
        let text =
            "listen = \"0.0.0.0:80\"\nslots = 3\n[forges.main]\nurl = \"https://git.example.org\"\nkind = \"gitea\"\n";
        let settings = ServingSettings::read("server.toml", text).unwrap();
        assert_eq!((settings.listen.as_str(), settings.slots, settings.memory_mib), ("0.0.0.0:80", Some(3), 1024));
        assert_eq!((settings.forges[0].name.as_str(), settings.forges[0].kind), ("main", ForgeKind::Gitea));
        assert_eq!(ServingSettings::read("server.toml", ""), Ok(ServingSettings::default()));
    }

    #[test]
    fn every_mistake_is_reported_with_its_place() {
        let text = "lisen = 1\nslots = \"many\"\n[forges.main]\ntokenfile = \"x\"\n[forges.\"../x\"]\nurl = \"y\"\n";
        let problems = ServingSettings::read("server.toml", text).unwrap_err();
        let told: Vec<String> = problems
            .iter()
            .map(|problem| {
                format!("{} {} {}", problem.line.unwrap(), problem.what, problem.hint.as_deref().unwrap_or(""))
            })
            .collect();
        assert_eq!(
            told,
            [
                "1 unknown key `lisen` did you mean `listen`?",
                "2 must be a whole number from 1 to 64 write it without quotes and unit",
                "4 unknown key `tokenfile` did you mean `token_file`?",
                "3 has no `url` write `url = \"https://git.example.org\"` below it",
                "5 `../x` is no name of a forge use small letters, digits and `-`",
            ]
        );
    }
}
