//! The table of all keys of `ci.toml`: form, range, default and meaning of each, and how it is read.

mod values;

use super::document::Item;
use super::{BasePin, CanonicalUse, Capable, Reading, probes, provided};
use crate::plan::demands::Scheme;
use crate::plan::limits::{LONGEST, SHORTEST};
use crate::plan::promotion::Enrolment;
use values::{loss_patterns, page, path, skips, variables, verify};

/// One key. The reference page shows it, and the reader goes by it.
pub struct SettingKey {
    /// Dotted, from the top of the file.
    pub name: &'static str,
    /// What may be written, with its range.
    pub form: &'static str,
    /// What holds when the key is not given.
    pub default: &'static str,
    /// What it does.
    pub meaning: &'static str,
    /// A line, or lines, that give it.
    pub example: &'static str,
    read: fn(&mut Reading<'_, '_>, &Item<'_>),
}

impl SettingKey {
    /// Reads the key's entry into the settings.
    pub(super) fn read(&self, reading: &mut Reading<'_, '_>, item: &Item<'_>) {
        (self.read)(reading, item);
    }
}

/// All keys, those of one table together.
pub const KEYS: &[SettingKey] = &[
    SettingKey {
        name: "health.path",
        form: "a path, starting with `/`",
        default: "`/`",
        meaning: "Where the app has to answer after each deployment.",
        example: "health.path = \"/healthz\"",
        read: |reading, item| {
            if let Some(path) = path(reading, item) {
                reading.settings.health.path = path;
            }
        },
    },
    SettingKey {
        name: "health.statuses",
        form: "a list of statuses from 200 to 599, without 404 and 502",
        default: "`[200, 301, 302]`",
        meaning: "Which answers count. 404 and 502 never do: a proxy gives them for an app that is not there.",
        example: "health.statuses = [200, 401]",
        read: |reading, item| {
            if let Some(statuses) = reading.document.statuses(item) {
                reading.settings.health.statuses = statuses;
                reading.given(item);
            }
        },
    },
    SettingKey {
        name: "health.scheme",
        form: "`\"http\"` or `\"https\"`",
        default: "what the recipe's routers ask for",
        meaning: "How the app is asked.",
        example: "health.scheme = \"http\"",
        read: |reading, item| {
            reading.settings.health.scheme = match item.value.as_str() {
                Some("http") => Some(Scheme::Http),
                Some("https") => Some(Scheme::Https),
                Some(_) | None => {
                    reading.document.report(
                        item,
                        "must be \"http\" or \"https\"",
                        "leave it out to follow the routers",
                    );
                    return;
                }
            };
            reading.given(item);
        },
    },
    SettingKey {
        name: "health.upgrade",
        form: "a text of the new page: from its title or first heading, from the path it leads to, or its content type",
        default: "none: head's front page is of the same kind as at base",
        meaning: "Declares that the front page is meant to be another one from this upgrade on, such as a set-up. It excuses that \
                  page alone, and neither an error nor an empty page.",
        example: "health.upgrade = \"Create your account\"",
        read: |reading, item| {
            if let Some(text) = reading.document.text(item) {
                if text.trim().chars().count() < 3 {
                    let what = "is too short to tell a page by";
                    reading.document.report(item, what, "write its title, or the path that it leads to");
                    return;
                }
                reading.settings.health.upgrade = Some(text.trim().to_owned());
                reading.given(item);
            }
        },
    },
    SettingKey {
        name: "limits.run",
        form: "seconds, 10 to 86400",
        default: "`3600`",
        meaning: "How long the whole run may take, teardown excluded. A recipe gets no more than 3600, or what the operator's \
                  `policy.toml` says (`[limits]`, `run`); CI's catalogue may say more.",
        example: "limits.run = 1800",
        read: |reading, item| {
            if let Some(seconds) = reading.document.number(item, SHORTEST, LONGEST) {
                reading.settings.limits.run = Some(seconds);
                reading.given(item);
            }
        },
    },
    SettingKey {
        name: "limits.converge",
        form: "seconds, 1 to 7200",
        default: "`300`, or the recipe's `TIMEOUT` label if that is longer",
        meaning: "How long a deployment may take until every service runs as intended.",
        example: "limits.converge = 900",
        read: |reading, item| {
            if let Some(seconds) = reading.document.number(item, 1, 7200) {
                reading.settings.limits.converge = Some(seconds);
                reading.given(item);
            }
        },
    },
    SettingKey {
        name: "limits.serving",
        form: "seconds, 1 to 3600",
        default: "`60`",
        meaning: "How long the app may take from there to its first accepted answer, and each ready probe likewise.",
        example: "limits.serving = 600",
        read: |reading, item| {
            if let Some(seconds) = reading.document.number(item, 1, 3600) {
                reading.settings.limits.serving = Some(seconds);
                reading.given(item);
            }
        },
    },
    SettingKey {
        name: "limits.command",
        form: "seconds, 1 to 7200",
        default: "`300`",
        meaning: "How long one hook, test or backup command may take.",
        example: "limits.command = 30",
        read: |reading, item| {
            if let Some(seconds) = reading.document.number(item, 1, 7200) {
                reading.settings.limits.command = Some(seconds);
                reading.given(item);
            }
        },
    },
    SettingKey {
        name: "limits.stable",
        form: "seconds, 1 to 600",
        default: "`5`",
        meaning: "How long after a deployment a dead or unhealthy task still turns its tier red.",
        example: "limits.stable = 10",
        read: |reading, item| {
            if let Some(seconds) = reading.document.number(item, 1, 600) {
                reading.settings.limits.stable = Some(seconds);
                reading.given(item);
            }
        },
    },
    SettingKey {
        name: "env.install",
        form: "a table of variables; `$DOMAIN` and `$STACK_NAME` in a value are filled in, `$$` is a dollar sign",
        default: "none",
        meaning: "Variables of the app's environment, in place of those of `.env.sample`, from the first deployment on. \
                  `STACK_NAME`, `DOMAIN` and `LETS_ENCRYPT_ENV` belong to the run.",
        example: "[env.install]\nSANDBOX_DOMAIN = \"sandbox.${DOMAIN}\"",
        read: |reading, item| {
            for (name, value) in variables(reading, item) {
                reading.settings.environment.insert(name, value);
            }
        },
    },
    SettingKey {
        name: "env.upgrade",
        form: "a table of variables, as in `env.install`",
        default: "none",
        meaning: "The same for the commit under test alone, such as a `COMPOSE_FILE` whose overlay no older version has.",
        example: "[env.upgrade]\nCOMPOSE_FILE = \"compose.yml:compose.lfs.yml\"",
        read: |reading, item| {
            for (name, value) in variables(reading, item) {
                reading.settings.upgrade_environment.insert(name, value);
            }
        },
    },
    SettingKey {
        name: "base.version",
        form: "a published version",
        default: "the newest one that the commit under test descends from",
        meaning: "Where the upgrade starts. `--base` on the command line wins.",
        example: "base.version = \"1.0.0+2.2.6\"",
        read: |reading, item| {
            if let Some(version) = reading.document.text(item) {
                reading.given(item);
                let by = reading.settings.place(&item.key);
                reading.settings.base = Some(BasePin { version, by });
            }
        },
    },
    SettingKey {
        name: "base.ignore_canonicals",
        form: "`true` or `false`",
        default: "`false`",
        meaning: "Whether the recipe's canonical is left out when the base is chosen.",
        example: "base.ignore_canonicals = true",
        read: |reading, item| {
            if let Some(ignored) = reading.document.flag(item) {
                reading.settings.canonicals = if ignored { CanonicalUse::Ignored } else { CanonicalUse::Used };
                reading.given(item);
            }
        },
    },
    SettingKey {
        name: "dependencies",
        form: "a list of recipes",
        default: "`[]`",
        meaning: "Recipes that the app needs beside it. Each is deployed once, at its newest published version, before the app, \
                  has to be healthy, and is removed after the app; or, where a warm one is up, that one is used.",
        example: "dependencies = [\"canaille\"]",
        read: provided::dependencies,
    },
    SettingKey {
        name: "provided",
        form: "a table per capability: `from`, one of the dependencies, needed if there are several; `tests`, a list of tests \
               that need it; `env`, a table from variables of the app to outputs of the provider; `secrets`, a table from \
               secrets of the recipe to outputs; and any further text, an input of the provider's script",
        default: "none",
        meaning: "What is taken from a dependency, which the CI's catalogue says in the provider's `provides.toml`. The \
                  variables and secrets hold for base and head. A test under `tests` that does not run, or skips itself, makes \
                  the run red. An input `redirect` reaches the script as `CC_CI_REDIRECT`.",
        example: "[provided.oidc]\nredirect = \"/oauth2/oidc/callback\"\ntests = [\"custom/sso_login.py\"]\n\
                  [provided.oidc.env]\nOIDC_ISSUER = \"issuer\"\n[provided.oidc.secrets]\noidc_secret = \"client_secret\"",
        read: provided::provided,
    },
    SettingKey {
        name: "ready",
        form: "a list of tables: `tcp = \"service:port\"` with `stable`, 1 to 100 connections in a row, default 1; or \
               `http = \"/path\"` with `statuses`, default as in `health.statuses`",
        default: "none",
        meaning: "What else has to be ready after each deployment, from inside the app's network and over its route. Each \
                  is a step of its own, bounded by `limits.serving`.",
        example: "[[ready]]\ntcp = \"app:64738\"\nstable = 3\n[[ready]]\nhttp = \"/discovery\"\nstatuses = [200]",
        read: probes::read,
    },
    SettingKey {
        name: "backup.capable",
        form: "`true` or `false`",
        default: "what the recipe's labels say",
        meaning: "`true`: a recipe that promises no backup (any more) is refused. `false`: backup and restore are skipped.",
        example: "backup.capable = false",
        read: |reading, item| {
            if let Some(flag) = reading.document.flag(item) {
                reading.settings.backup = Some(if flag { Capable::Yes } else { Capable::No });
                reading.given(item);
            }
        },
    },
    SettingKey {
        name: "backup.verify",
        form: "a table with `service` and `command`, a line for the shell of that service's container",
        default: "none",
        meaning: "Looks at what the backup left in the app, as a step after the snapshot; any exit code but 0 fails it.",
        example: "[backup.verify]\nservice = \"db\"\ncommand = \"test -s /backup/dump.sql\"",
        read: verify,
    },
    SettingKey {
        name: "skip",
        form: "a table from `upgrade`, `backup`, `restore` or `custom` to the reason, in at least three words",
        default: "none",
        meaning: "Tiers that do not apply to this recipe. A skipped tier is shown with its reason and earns no level; \
                  without a backup there is no restore.",
        example: "[skip]\nupgrade = \"the only older version uses an image that is gone\"",
        read: skips,
    },
    SettingKey {
        name: "data.churn",
        form: "a list of patterns: `*` any letters but `/`, `**` any letters, `?` one; without `/` for any part of a path, \
               with `/` from the volume's root",
        default: "the usual ones (logs, caches, locks) always hold",
        meaning: "Files that may vanish or shrink without being lost.",
        example: "data.churn = [\"search-index/**\"]",
        read: |reading, item| {
            if let Some(patterns) = loss_patterns(reading, item) {
                reading.settings.churn = patterns;
            }
        },
    },
    SettingKey {
        name: "data.expected",
        form: "a list of patterns as those of `data.churn`: without `/` for any table or database of that name, with `/` for \
               a table by `DATABASE/TABLE`; `TABLE.COLUMN` for a column",
        default: "tables of sessions, caches, logs, jobs and locks may always lose rows",
        meaning: "Tables that may lose rows, or go, and columns that may lose their values, in an upgrade or a restore.",
        example: "data.expected = [\"icons\", \"bridge/rooms\"]",
        read: |reading, item| {
            if let Some(patterns) = loss_patterns(reading, item) {
                reading.settings.expected_losses = patterns;
            }
        },
    },
    SettingKey {
        name: "routes.dropped",
        form: "a list of hosts, in which `${DOMAIN}` is the app's own domain, of entry points of TCP and UDP, and of published ports",
        default: "none: head has a router for every host and entry point that base had one for, and publishes its ports",
        meaning: "Addresses that this upgrade gives up on purpose. It excuses that nothing leads to them any more, and nothing else.",
        example: "routes.dropped = [\"api.${DOMAIN}\", \"ssh\", \"2222\"]",
        read: |reading, item| {
            if let Some(addresses) = reading.document.texts(item) {
                reading.settings.dropped_addresses = addresses;
                reading.given(item);
            }
        },
    },
    SettingKey {
        name: "screenshot.path",
        form: "a path, starting with `/`",
        default: "`/`",
        meaning: "The page the run's picture shows. It is opened on the app's own domain, without signing in. A page that shows \
                  one of the app's secrets, or has a filled password field, is not pictured.",
        example: "screenshot.path = \"/about\"",
        read: |reading, item| {
            if let Some(path) = page(reading, item) {
                reading.settings.screenshot = Some(path);
            }
        },
    },
    SettingKey {
        name: "canonical.enrol",
        form: "`true` or `false`",
        default: "`false`",
        meaning: "Whether a green, complete run of the newest published version is kept as the recipe's canonical, which later \
                  upgrades start from.",
        example: "canonical.enrol = true",
        read: |reading, item| {
            if let Some(enrolled) = reading.document.flag(item) {
                reading.settings.enrolment = if enrolled { Enrolment::Yes } else { Enrolment::No };
                reading.given(item);
            }
        },
    },
];
