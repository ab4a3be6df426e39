//! `ci.toml`: each key takes effect, each mistake is named with its place.

use cc_ci_model::plan::demands::{Probe, Scheme};
use cc_ci_model::plan::limits::Limits;
use cc_ci_model::settings::keys::KEYS;
use cc_ci_model::settings::manifest::looks_secret;
use cc_ci_model::settings::{Capable, Settings};
use cc_ci_model::tier::Tier;

fn read(text: &str) -> Settings {
    Settings::read([("tests/ci.toml", text)]).unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn problems(text: &str) -> String {
    let problems = Settings::read([("tests/ci.toml", text)]).expect_err(text);
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn each_key_of_the_table_takes_effect_or_is_refused_with_a_reason() {
    for key in KEYS {
        if key.example.is_empty() {
            let refused = problems(&format!("{} = \"/\"", key.name));
            assert!(refused.contains("not part of this version"), "{}: {refused}", key.name);
            assert!(key.meaning.contains("refused"), "{}: the page must say so", key.name);
            continue;
        }
        let settings = read(key.example);
        let given = settings.given.keys().any(|name| name == key.name || name.starts_with(&format!("{}.", key.name)));
        assert!(given, "{} is not remembered", key.name);
        let same = Settings { given: settings.given.clone(), ..Settings::default() } == settings;
        assert!(!same, "{}: the example changes nothing", key.name);
    }
}

/// The page gives a range in words; the reader has it in numbers.
#[test]
fn limits_hold_to_the_range_that_the_page_says() {
    let limits =
        KEYS.iter().filter_map(|key| Some((key.name, key.form.strip_prefix("seconds, ")?.split_once(" to ")?)));
    let limits: Vec<_> = limits.collect();
    assert_eq!(limits.len(), 5);
    for (name, (from, to)) in limits {
        let (from, to): (u64, u64) = (from.parse().unwrap(), to.parse().unwrap());
        for good in [from, to] {
            assert_eq!(read(&format!("{name} = {good}")).given[name].text, good.to_string());
        }
        for bad in [from - 1, to + 1] {
            assert!(problems(&format!("{name} = {bad}")).contains(&format!("from {from} to {to}")), "{name} = {bad}");
        }
    }
}

#[test]
fn the_page_has_the_defaults_of_the_code() {
    let Limits { run, converge, serving, command, stable, alive: _ } = Limits::default();
    let limits = [("run", run), ("converge", converge), ("serving", serving), ("command", command), ("stable", stable)];
    for (name, seconds) in limits {
        let key = KEYS.iter().find(|key| key.name == format!("limits.{name}")).unwrap();
        assert!(key.default.starts_with(&format!("`{seconds}`")), "{name}: {}", key.default);
    }
    let page = |name: &str| KEYS.iter().find(|key| key.name == name).unwrap().default;
    assert_eq!(page("health.path"), format!("`{}`", Settings::default().health.path));
    assert_eq!(page("health.statuses"), format!("`{:?}`", Settings::default().health.statuses));
}

#[test]
fn all_examples_make_one_file() {
    let (mut flat, mut tables) = (String::new(), String::new());
    for key in KEYS {
        let into = if key.example.starts_with('[') { &mut tables } else { &mut flat };
        into.push_str(key.example);
        into.push('\n');
    }
    // `backup.capable` as a dotted key and `[backup.verify]` as a table do not go together in TOML.
    let flat = flat.replace("backup.capable = false\n", "");
    let settings = read(&format!("{flat}{tables}"));
    assert_eq!(settings.health.path, "/healthz");
    assert_eq!((settings.health.statuses.as_slice(), settings.health.scheme), (&[200, 401][..], Some(Scheme::Http)));
    let limits = settings.limits.over(Limits::default());
    assert_eq!(limits, Limits { run: 1800, converge: 900, serving: 600, command: 30, stable: 10, alive: 0 });
    assert_eq!(settings.environment["SANDBOX_DOMAIN"], "sandbox.${DOMAIN}");
    assert_eq!(settings.upgrade_environment["COMPOSE_FILE"], "compose.yml:compose.lfs.yml");
    let pin = settings.base.clone().unwrap();
    assert_eq!((pin.version.as_str(), pin.by.as_str()), ("1.0.0+2.2.6", "tests/ci.toml, line 10"));
    let tcp = Probe::Tcp { service: "app".into(), port: 64738, stable: 3 };
    assert_eq!(settings.ready, [tcp, Probe::Http { path: "/discovery".into(), statuses: vec![200] }]);
    assert_eq!(settings.verify.unwrap().service, "db");
    assert_eq!(settings.skips[&Tier::Upgrade], "the only older version uses an image that is gone");
    assert_eq!(settings.churn, ["search-index/**"]);
    assert_eq!(read("backup.capable = true").backup, Some(Capable::Yes));
}

#[test]
fn an_unknown_key_is_named_with_its_line_and_the_nearest_name() {
    insta::assert_snapshot!(problems("[health]\npaht = \"/\"\n\n[limit]\nrun = 7200\n[ready]\n"), @r"
    tests/ci.toml, line 2: health.paht: unknown key `paht`
    hint: did you mean `health.path`?
    tests/ci.toml, line 4: limit: unknown key `limit`
    hint: did you mean `limits`?
    tests/ci.toml, line 6: ready: must be a list of tables
    hint: write `[[ready]]` above each
    ");
    insta::assert_snapshot!(problems("statuses = [200]\nfrobnicate = 1"), @r"
    tests/ci.toml, line 1: statuses: unknown key `statuses`
    hint: did you mean `health.statuses`?
    tests/ci.toml, line 2: frobnicate: unknown key `frobnicate`
    hint: the keys here are health, limits, env, base, dependencies, provided, ready, backup, skip, data, routes, screenshot, canonical
    ");
    insta::assert_snapshot!(problems("[[ready]]\ntpc = \"app:1\"\n[backup.verify]\nservise = \"db\"\n[skip]\nupgrad = \"x y z\"\n"), @r"
    tests/ci.toml, line 2: ready.1.tpc: unknown key `tpc`
    hint: did you mean `tcp`?
    tests/ci.toml, line 4: backup.verify.servise: unknown key `servise`
    hint: did you mean `service`?
    tests/ci.toml, line 6: skip.upgrad: unknown key `upgrad`
    hint: did you mean `upgrade`?
    ");
    insta::assert_snapshot!(problems("a = \nb = 2"), @"tests/ci.toml, line 1: not readable as TOML: string values must be quoted, expected literal string");
}

/// Each line is wrong by itself, and says what would be right.
#[test]
fn a_wrong_value_is_refused() {
    let wrong = [
        ("health.path = \"healthz\"", "is not a path"),
        ("health.path = 5", "must be a text"),
        ("health.statuses = [200, 404]", "without 404 and 502"),
        ("health.statuses = [502]", "without 404 and 502"),
        ("health.statuses = []", "without 404 and 502"),
        ("health.statuses = [199]", "without 404 and 502"),
        ("health.scheme = \"ftp\"", "must be \"http\" or \"https\""),
        ("limits.run = 9", "from 10 to 86400"),
        ("limits.run = \"1h\"", "from 10 to 86400"),
        ("limits.converge = 0", "from 1 to 7200"),
        ("limits.serving = 3601", "from 1 to 3600"),
        ("limits.command = -1", "from 1 to 7200"),
        ("limits.stable = 0", "from 1 to 600"),
        ("limits = 5", "must be a table"),
        ("env.install.DOMAIN = \"x\"", "is given by the run itself"),
        ("env.upgrade.\"A-B\" = \"x\"", "is no name of a variable"),
        ("env.install.A = 1", "must be a text"),
        ("base.version = \"\"", "must be a text"),
        ("dependencies = [\"a/b\"]", "is not a recipe name"),
        ("dependencies = [\"canaille\", \"canaille\"]", "stands there twice"),
        ("provided = 1", "must be a table"),
        ("provided.OIDC.from = \"canaille\"", "is no name of a capability"),
        ("provided.oidc.from = \"../x\"", "is not a recipe name"),
        ("provided.oidc.tests = [\"a\", \"a\"]", "names a test twice"),
        ("provided.oidc.redirect = 5", "must be a text"),
        ("provided.oidc.redirect-url = \"/\"", "is no name of an input"),
        ("provided.oidc.namespace = \"x\"", "is given to every script by the run itself"),
        ("provided.oidc.random_1 = \"x\"", "is given to every script by the run itself"),
        ("provided.oidc.secret = {a = \"b\"}", "did you mean `secrets`?"),
        ("provided.oidc.env.DOMAIN = \"issuer\"", "is given by the run itself"),
        ("provided.oidc.env.A = 1", "must be a text"),
        ("provided.oidc.secrets.\"a b\" = \"issuer\"", "is no name of a variable or secret"),
        ("dependencies = \"canaille\"", "must be a list of texts"),
        ("screenshot.path = \"about\"", "is not a page of the app"),
        ("screenshot.path = \"https://other.example/\"", "is not a page of the app"),
        ("screenshot.path = \"//other.example/\"", "is not a page of the app"),
        ("screenshot.path = \"/\\\\other.example\"", "is not a page of the app"),
        ("screenshot.path = \"/a b\"", "is not a page of the app"),
        ("screenshot.path = 3", "must be a text"),
        ("canonical.enrol = \"yes\"", "must be true or false"),
        ("base.ignore_canonicals = 1", "must be true or false"),
        ("backup.capable = \"no\"", "must be true or false"),
        ("backup.verify.service = \"db\"", "lacks `service` or `command`"),
        ("skip.install = \"a b c\"", "cannot be skipped"),
        ("skip.upgrade = \"no\"", "must be a reason"),
        ("data.churn = [\"**\"]", "would let everything be lost"),
        ("data.expected = [\"*/*\"]", "would let everything be lost"),
        ("data.churn = [\"a\", \"\"]", "must be a list of texts"),
        ("ready = [{tcp = \"app\"}]", "is not `service:port`"),
        ("ready = [{tcp = \"app:0\"}]", "is not `service:port`"),
        ("ready = [{tcp = \"app:1\", statuses = [200]}]", "either a port or a path"),
        ("ready = [{http = \"/\", stable = 2}]", "either a port or a path"),
        ("ready = [{tcp = \"app:1\", stable = 101}]", "from 1 to 100"),
        ("ready = [{tcp = \"app:1\"}, {tcp = \"app:1\", stable = 2}]", "is the same as one above"),
        ("ready = [1]", "must be a table"),
    ];
    for (text, what) in wrong {
        let found = problems(text);
        assert!(found.contains(what) && found.starts_with("tests/ci.toml, line 1: "), "{text}: {found}");
        assert!(found.contains("\nhint: "), "{text} says not what to do: {found}");
    }
}

#[test]
fn a_later_file_wins_key_by_key() {
    let recipe = "health.path = \"/a\"\nlimits.run = 100\n[env.install]\nA = \"recipe\"\nB = \"recipe\"\n";
    let catalogue = "health.path = \"/b\"\n[env.install]\nB = \"catalogue\"\nAPI_KEY = \"abc\"\n";
    let settings = Settings::read([("tests/ci.toml", recipe), ("catalogue/shop/ci.toml", catalogue)]).unwrap();
    assert_eq!((settings.health.path.as_str(), settings.limits.run), ("/b", Some(100)));
    let manifest = settings.manifest();
    let lines: Vec<String> = manifest.iter().map(|(key, value)| format!("{key} = {value}")).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    env.install.A = "recipe" (tests/ci.toml, line 4)
    env.install.API_KEY = *** (catalogue/shop/ci.toml, line 4)
    env.install.B = "catalogue" (catalogue/shop/ci.toml, line 3)
    health.path = "/b" (catalogue/shop/ci.toml, line 1)
    limits.run = 100 (tests/ci.toml, line 2)
    "#);
}

proptest::proptest! {
    #[test]
    fn whatever_the_file_holds_there_is_an_answer(text in "[a-z.=\\[\\]{}\"',0-9# \n]{0,200}") {
        if let Err(problems) = Settings::read([("tests/ci.toml", text.as_str())]) {
            proptest::prop_assert!(!problems.is_empty() && problems.iter().all(|one| one.line.is_some()), "{problems:?}");
        }
    }
}

#[test]
fn names_of_secrets_are_recognised() {
    for name in ["DB_PASSWORD", "api-key", "TOKEN", "OIDC_CLIENT_SECRET", "env.install.DBPASSWORD", "SMTP_PASS"] {
        assert!(looks_secret(name), "{name}");
    }
    for name in ["MONKEY", "health.path", "PASSIVE_PORTS", "KEYBOARD"] {
        assert!(!looks_secret(name), "{name}");
    }
}

fn requests(text: &str) -> String {
    let shop = cc_ci_model::ids::RecipeName::parse("shop").unwrap();
    match read(text).requests(&shop) {
        Ok(requests) => requests
            .iter()
            .map(|one| {
                let capabilities: Vec<&str> = one.capabilities.keys().map(String::as_str).collect();
                format!("{}: {}", one.recipe, capabilities.join(" "))
            })
            .collect::<Vec<_>>()
            .join("\n"),
        Err(problems) => problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
    }
}

#[test]
fn each_capability_has_one_provider() {
    let two = "dependencies = [\"canaille\", \"minio\"]\n";
    assert_eq!(requests("dependencies = [\"canaille\"]"), "canaille: ");
    assert_eq!(requests("dependencies = [\"canaille\"]\n[provided.oidc]\n[provided.smtp]\n"), "canaille: oidc smtp");
    assert_eq!(
        requests(&format!("{two}[provided.s3]\nfrom = \"minio\"\n[provided.oidc]\nfrom = \"canaille\"\n")),
        "canaille: oidc\nminio: s3"
    );
    insta::assert_snapshot!(requests("[provided.oidc]\nredirect = \"/\"\n"), @r"
    tests/ci.toml, line 2: provided.oidc: there is no dependency that could provide it
    hint: name the provider's recipe in `dependencies`
    ");
    insta::assert_snapshot!(requests(&format!("{two}[provided.oidc]\nredirect = \"/\"\n[provided.s3]\nfrom = \"miino\"\n")), @r"
    tests/ci.toml, line 3: provided.oidc: which dependency provides it is not said
    hint: say `from`: one of canaille, minio
    tests/ci.toml, line 5: provided.s3.from: `miino` is none of the dependencies
    hint: they are canaille, minio
    ");
    insta::assert_snapshot!(requests("dependencies = [\"shop\"]\n"), @r"
    tests/ci.toml, line 1: dependencies: a recipe cannot be its own dependency
    hint: remove it
    ");
}

#[test]
fn a_variable_or_secret_is_given_in_one_place() {
    let start = "dependencies = [\"canaille\"]\n";
    let env = "[provided.oidc.env]\nA = \"issuer\"\n";
    insta::assert_snapshot!(requests(&format!("{start}env.upgrade.A = \"x\"\n{env}")), @r"
    tests/ci.toml, line 4: provided.oidc.env.A: `A` is given by the settings as well
    hint: give it in one place only
    ");
    insta::assert_snapshot!(requests(&format!("{start}{env}[provided.smtp.env]\nA = \"host\"\n")), @r"
    tests/ci.toml, line 5: provided.smtp.env.A: `A` is given by provided.oidc.env.A as well
    hint: give it in one place only
    ");
    assert_eq!(requests(&format!("{start}{env}[provided.oidc.secrets]\nA = \"client_secret\"\n")), "canaille: oidc");
}

#[test]
fn a_later_file_wins_key_by_key_in_what_is_provided() {
    let own = "dependencies = [\"canaille\"]\n[provided.oidc]\nredirect = \"/a\"\ntests = [\"custom/a\"]\n";
    let theirs = "[provided.oidc]\nredirect = \"/b\"\n";
    let read = Settings::read([("tests/ci.toml", own), ("catalogue/shop/ci.toml", theirs)]).unwrap();
    let oidc = &read.provided["oidc"];
    assert_eq!((oidc.inputs["redirect"].as_str(), oidc.tests.as_slice()), ("/b", &["custom/a".to_owned()][..]));
}
