//! The readers, each with what it may take and what it promises.

use cc_ci_model::event::Stamped;
use cc_ci_model::evidence::Evidence;
use cc_ci_model::pytest;
use cc_ci_model::redact::Redactor;
use cc_ci_model::settings::Settings;
use cc_ci_model::verdict::judge;
use cc_ci_recipe::abra::{alike, env_file};
use cc_ci_recipe::abra_sh::AbraSh;
use cc_ci_recipe::env_sample::EnvSample;
use cc_ci_recipe::lint::{Beside, LintBase, LintInput, Reading, lint};
use cc_ci_recipe::requests::requests;
use cc_ci_recipe::source::{Files, Ground};
use cc_ci_recipe::traefik::routes;
use cc_ci_recipe::{AppEnvironment, Recipe};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// One reader.
pub(crate) struct Reader {
    pub(crate) name: &'static str,
    /// Which seeds are for it, by the names of their files.
    pub(crate) takes: fn(&str) -> bool,
    /// Seeds of its own.
    pub(crate) seeds: &'static [&'static str],
    /// Words that matter to it.
    pub(crate) words: &'static [&'static str],
    /// How long a text may be, in bytes.
    pub(crate) longest: usize,
    /// How long it may take.
    pub(crate) limit: Duration,
    /// Reads; an error when a promise is broken.
    pub(crate) read: fn(&str) -> Result<(), String>,
}

/// All of them.
pub(crate) const READERS: [Reader; 9] = [
    Reader {
        name: "compose",
        takes: |path| path.ends_with(".yml"),
        seeds: &["services: {app: {image: a:1}}\n"],
        words: &[
            "&a ",
            "*a",
            "<<: *a\n",
            "!!binary ",
            "? ",
            "|\n",
            ">-\n",
            "{",
            "[",
            "]",
            "${X:-${Y}}",
            "${STACK_NAME}",
            "services:\n",
            "  app:\n",
            "    image: a:1\n",
            "    volumes: [/:/x]\n",
            "    ports: [\"80:80\"]\n",
            "    cap_add: [SYS_ADMIN]\n",
            "    deploy: {labels: {a: b}}\n",
            "networks: {x: {driver: bridge}}\n",
            "external: true",
            "    env_file: a.env\n",
            "0o7",
            "yes",
        ],
        longest: 100_000,
        limit: Duration::from_secs(5),
        read: compose,
    },
    Reader {
        name: "env-sample",
        takes: |path| path.ends_with(".env.sample"),
        seeds: &["A=1\nB=\"$A\" # length=32\n"],
        words: &[
            "=",
            "export ",
            "# length=",
            "# generate=false",
            "$A",
            "${A}",
            "\\n",
            "\\$",
            "COMPOSE_FILE=",
            "SECRET_A_VERSION=v1\n",
        ],
        longest: 300_000,
        limit: Duration::from_secs(2),
        read: env_sample,
    },
    Reader {
        name: "abra-sh",
        takes: |path| path.ends_with("abra.sh"),
        seeds: &["export A=v1\n"],
        words: &["export ", "declare -x ", "a() {\n", "}\n", "$(x)", "`x`", "; ", "<<END\n", "\\\n"],
        longest: 300_000,
        limit: Duration::from_secs(2),
        read: abra_sh,
    },
    Reader {
        name: "templates",
        takes: |path| path.ends_with(".tmpl") || path.contains(".conf"),
        seeds: &["a {{ env \"DOMAIN\" }}\n{{ if 1 }}b{{ end }}\n"],
        words: &[
            "{{",
            "}}",
            "{{-",
            "-}}",
            "{{ if ",
            "{{ end }}",
            "{{/*",
            "*/}}",
            "{{ range ",
            "secret \"a\"",
            "env \"A\"",
            "`",
        ],
        longest: 200_000,
        limit: Duration::from_secs(3),
        read: template,
    },
    Reader {
        name: "router-rules",
        takes: |_| false,
        seeds: &[
            "Host(`${DOMAIN}`) && PathPrefix(`/a`)",
            "HostRegexp(`^[a-z]+$`) || !Header(`A`, `b`)",
            "HostSNI(`*`)",
            "(Host(`a`, `b`) && (Query(`x`, `y`)))",
        ],
        words: &[
            "(",
            ")",
            "!",
            "&&",
            "||",
            "`",
            "Host(`a`)",
            "PathRegexp(`(a*)*b`)",
            "ClientIP(`::/0`)",
            "{x:.*}",
            ",",
        ],
        longest: 20_000,
        limit: Duration::from_secs(2),
        read: router_rule,
    },
    Reader {
        name: "settings",
        takes: |path| path.ends_with("ci.toml"),
        seeds: &["health.path = \"/\"\n"],
        words: &["[health]\n", "[[ready]]\n", "limits.converge = ", "data.churn = [\"**\"]\n", "= ", "\"\"\"", "skip."],
        longest: 100_000,
        limit: Duration::from_secs(2),
        read: settings,
    },
    Reader {
        name: "junit",
        takes: |_| false,
        seeds: &[
            "<?xml version=\"1.0\"?><testsuites><testsuite name=\"pytest\" tests=\"2\"><testcase classname=\"c\" name=\"a\" time=\"0.1\"/>\
             <testcase classname=\"c\" name=\"b\"><failure message=\"m\">t &lt; &#10;</failure></testcase></testsuite></testsuites>",
        ],
        words: &[
            "<testcase name=\"x\">",
            "</testcase>",
            "<!DOCTYPE a [<!ENTITY b \"c\">]>",
            "&b;",
            "&#0;",
            "<![CDATA[",
            "]]>",
            "<!--",
            "-->",
            "time=\"1e999\"",
        ],
        longest: 300_000,
        limit: Duration::from_secs(2),
        read: junit,
    },
    Reader {
        name: "events",
        takes: |path| path.ends_with("events.jsonl"),
        seeds: &[
            "{\"seq\":0,\"ms\":0,\"event\":{\"type\":\"verdict-due\"}}\n",
            "{\"seq\":1,\"ms\":5,\"event\":{\"type\":\"step-started\",\"step\":\"install/deploy\"}}\n",
        ],
        words: &[
            "\"seq\":1,",
            "{\"event\":",
            "null",
            "[]",
            "1e99",
            "\"type\":\"verdict-due\"",
            "\"type\":\"tier-started\",\"tier\":\"install\"",
        ],
        longest: 100_000,
        limit: Duration::from_secs(2),
        read: events,
    },
    Reader {
        name: "masking",
        takes: |path| path.ends_with(".sh") || path.ends_with(".md") || path.ends_with(".toml"),
        seeds: &[SECRET, "s3cr3t%2Fpass+W0rd"],
        words: &[
            SECRET,
            "s3cr3t",
            "/pass+",
            "W0rd",
            "%",
            "\\x",
            "&#x",
            "%25",
            "\u{1b}[1m",
            "=",
            "c3NjcjN0L3Bhc3MrVzByZA",
            "*****",
            "****",
        ],
        longest: 1_000_000,
        // 10 MB have one second in a build for use.
        limit: Duration::from_secs(2),
        read: masking,
    },
];

/// What is to be masked.
const SECRET: &str = "s3cr3t/pass+W0rd";

const COMPOSE: &str = "version: \"3.8\"\nservices:\n  app:\n    image: nginx:1.27.2\n    configs: [{source: c, target: /c}]\nconfigs:\n  c:\n    \
                       name: ${STACK_NAME}_c_${C_VERSION}\n    file: c.tmpl\n    template_driver: golang\n";

fn read(files: &Files) -> Option<Recipe> {
    let given = BTreeMap::from([("DOMAIN".to_owned(), "a.example.com".to_owned())]);
    Recipe::read_for("shop", files, &AppEnvironment::New(given), &[]).ok().map(|(recipe, _)| recipe)
}

fn linted(files: &Files) {
    let base = LintBase { name: "1.0.0".to_owned(), reading: Reading::of("shop", files) };
    let head = Reading::of("shop", files);
    drop(lint(&LintInput { head, base: Some(base), tags: &[], commit: "", beside: Beside::default() }));
}

/// What a recipe asks for, without places.
fn asked(recipe: &Recipe) -> BTreeSet<(String, String)> {
    requests(recipe).into_iter().map(|one| (format!("{:?}", one.item), one.value)).collect()
}

/// The policy has to say of the document that is handed to the loader what it says of the recipe's own file.
fn compose(text: &str) -> Result<(), String> {
    let sample = "DOMAIN=a.example.com\nX=1\n";
    let files: Files =
        [("compose.yml", text), (".env.sample", sample), ("a.env", "A=1\n"), ("c.tmpl", "x")].into_iter().collect();
    linted(&files);
    let Some(recipe) = read(&files) else { return Ok(()) };
    drop(alike::differences(&files, &recipe));
    let ground = Ground { folder: "/ground", home: None };
    let Some(document) = recipe.compose.documents.first() else { return Ok(()) };
    let written = document.text(&ground, "", None).replace("\"/ground/", "\"./");
    let handed: Files =
        [("compose.yml", written.as_str()), (".env.sample", sample), ("c.tmpl", "x")].into_iter().collect();
    let Some(again) = read(&handed) else { return Err("what is handed to the loader cannot be read again".to_owned()) };
    let (own, theirs) = (asked(&recipe), asked(&again));
    if own == theirs {
        Ok(())
    } else {
        Err(format!("the policy sees {own:?} in the recipe and {theirs:?} in what is handed over"))
    }
}

fn env_sample(text: &str) -> Result<(), String> {
    let (sample, _) = EnvSample::read(".env.sample", text);
    let env = sample.resolve(&BTreeMap::new());
    let (again, _) = EnvSample::read("app.env", &env_file::render(&env, &sample));
    let back = again.resolve(&BTreeMap::new());
    if back == env { Ok(()) } else { Err("what is written for abra is read back otherwise".to_owned()) }
}

fn abra_sh(text: &str) -> Result<(), String> {
    let (script, _) = AbraSh::read("abra.sh", text);
    let files: Files =
        [("compose.yml", COMPOSE), (".env.sample", ""), ("c.tmpl", "x"), ("abra.sh", text)].into_iter().collect();
    linted(&files);
    let lines = u32::try_from(text.lines().count()).unwrap_or(u32::MAX);
    let inside = script.exports.iter().all(|export| (1..=lines).contains(&export.line));
    if inside { Ok(()) } else { Err("an export stands in no line of the script".to_owned()) }
}

fn template(text: &str) -> Result<(), String> {
    let files: Files =
        [("compose.yml", COMPOSE), (".env.sample", ""), ("c.tmpl", text), ("abra.sh", "export C_VERSION=v1\n")]
            .into_iter()
            .collect();
    linted(&files);
    Ok(())
}

fn router_rule(text: &str) -> Result<(), String> {
    let label = serde_json::json!({ "traefik.enable": "true", "traefik.http.routers.a.rule": text.replace('$', "$$") });
    let compose =
        serde_json::json!({ "services": { "app": { "image": "a:1", "deploy": { "labels": label } } } }).to_string();
    let files: Files = [("compose.yml", compose.as_str()), (".env.sample", "")].into_iter().collect();
    linted(&files);
    if let Some(recipe) = read(&files) {
        drop((routes(&recipe.compose), asked(&recipe)));
    }
    Ok(())
}

fn settings(text: &str) -> Result<(), String> {
    drop(Settings::read([("tests/ci.toml", text)]));
    Ok(())
}

fn junit(text: &str) -> Result<(), String> {
    let cases = pytest::read("custom/test_a.py", text);
    drop(pytest::conclude("custom/test_a.py", 0, &cases, None));
    match cases {
        Ok(cases) if cases.len() > pytest::MOST_CASES => Err(format!("{} test cases", cases.len())),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Whatever a record says, there is a verdict, and none is green without a plan.
fn events(text: &str) -> Result<(), String> {
    let events: Vec<Stamped> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let evidence = Evidence::fold(&events);
    if let Some(plan) = &evidence.plan {
        drop(judge(plan, &evidence));
    }
    Ok(())
}

/// Nothing that was masked is found again.
fn masking(text: &str) -> Result<(), String> {
    let redactor = Redactor::new(&[("password".to_owned(), SECRET.to_owned())]);
    let masked = redactor.mask(text);
    let left = redactor.find(masked.as_bytes());
    if left.is_empty() { Ok(()) } else { Err("the masked text still holds the secret".to_owned()) }
}
