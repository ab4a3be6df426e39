//! The stand-in's answers and recorded webhooks, held against the descriptions that forges publish of themselves.

use crate::world::{REPO, World, world};
use cc_ci_forge::{Delivery, ForgeDialect, HookSecret, HookSecrets, verify};
use cc_ci_testkit::forge::StandInDialect;
use serde_json::{Value, json};
use std::io::Write;
use std::path::PathBuf;
use std::{env, fs};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The folder with the descriptions.
const FOLDER: &str = "CC_CI_FORGE_API";

/// What forges do and do not describe, as was measured: route and status.
const UNDESCRIBED: [(&str, u16); 5] = [
    ("/user", 401),
    ("/repos/{owner}/{repo}/statuses/{sha}", 403),
    ("/repos/{owner}/{repo}/statuses/{sha}", 500),
    ("/repos/{owner}/{repo}/issues/{index}/comments", 422),
    // Old forges describe no 404 for these.
    ("/repos/{owner}/{repo}", 404),
];

fn folder() -> PathBuf {
    env::var_os(FOLDER).unwrap_or_else(|| panic!("no description was read: {FOLDER} is not set")).into()
}

const fn file(dialect: StandInDialect) -> &'static str {
    match dialect {
        StandInDialect::Gitea2020 => "gitea-2020-01.json",
        StandInDialect::Gitea123 => "gitea-1.23.6.json",
        StandInDialect::Forgejo12 => "forgejo-2025-06.json",
    }
}

/// Follows `#/definitions/…` and `#/responses/…`.
fn resolved<'a>(all: &'a Value, one: &'a Value) -> &'a Value {
    let to = one.get("$ref").and_then(Value::as_str).and_then(|name| all.pointer(name.trim_start_matches('#')));
    to.map_or(one, |to| resolved(all, to))
}

/// Every place where a value is not as described. What is null is left out, as forges do not describe it.
fn misfits(all: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    let schema = resolved(all, schema);
    let kind = schema.get("type").and_then(Value::as_str).unwrap_or("object");
    match (kind, value) {
        (_, Value::Null) | ("string", Value::String(_)) | ("boolean", Value::Bool(_)) => {}
        ("integer", Value::Number(number)) if number.is_i64() => {}
        ("array", Value::Array(items)) => {
            items.iter().for_each(|item| misfits(all, &schema["items"], item, &format!("{at}[]"), found));
        }
        ("object", Value::Object(fields)) => {
            for (name, field) in fields {
                let at = format!("{at}.{name}");
                match schema["properties"].get(name) {
                    Some(schema) => misfits(all, schema, field, &at, found),
                    None => found.push(format!("{at} is not described")),
                }
            }
        }
        (kind, other) => found.push(format!("{at}: {other} is no {kind}")),
    }
}

/// The description of a path, by the route that it is one of.
fn route<'a>(all: &'a Value, path: &str) -> (&'a str, &'a Value) {
    let is_of = |route: &str| {
        let (parts, route) = (path.split('/').collect::<Vec<_>>(), route.split('/').collect::<Vec<_>>());
        parts.len() == route.len()
            && parts.iter().zip(&route).all(|(part, name)| part == name || name.starts_with('{') && *part != "comments")
    };
    let found = all["paths"].as_object().unwrap().iter().find(|(route, _)| is_of(route));
    let (route, description) = found.unwrap_or_else(|| panic!("{path} is described nowhere"));
    (route, description)
}

/// Asks without any client of ours: the status and the JSON.
async fn ask(url: &str, token: &str, method: &str, path: &str, body: &Value) -> (u16, Option<Value>) {
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).await.unwrap();
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let head = format!("{method} /api/v1{path} HTTP/1.1\r\nHost: forge\r\nConnection: close\r\n");
    let more = format!("Authorization: token {token}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all((head + &more).as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), serde_json::from_str(body).ok())
}

/// Questions that bring about every answer of the routes that are used.
fn questions(world: &World, theirs: &str, ours: &str, note: i64) -> Vec<(&'static str, String, Value)> {
    let (sha, unknown) = (world.head.as_str(), "0".repeat(39) + "1");
    let status = json!({"state": "success", "context": "cc-ci/testme", "description": "d", "target_url": ""});
    let in_repo = |rest: &str| format!("/repos/{REPO}{rest}");
    vec![
        ("GET", "/user".to_owned(), Value::Null),
        ("GET", "/version".to_owned(), Value::Null),
        ("GET", in_repo(""), Value::Null),
        ("GET", "/repos/recipes/none".to_owned(), Value::Null),
        ("GET", in_repo("/pulls/1"), Value::Null),
        ("GET", in_repo("/pulls/99"), Value::Null),
        ("GET", in_repo("/issues/comments"), Value::Null),
        ("GET", in_repo(&format!("/issues/comments/{theirs}")), Value::Null),
        ("GET", in_repo(&format!("/issues/comments/{note}")), Value::Null),
        ("GET", in_repo("/issues/comments/99999"), Value::Null),
        ("GET", in_repo("/issues/1/comments"), Value::Null),
        ("POST", in_repo("/issues/1/comments"), json!({"body": "text"})),
        ("POST", in_repo("/issues/1/comments"), json!({"body": ""})),
        ("PATCH", in_repo(&format!("/issues/comments/{ours}")), json!({"body": "text"})),
        ("PATCH", in_repo(&format!("/issues/comments/{theirs}")), json!({"body": "text"})),
        ("GET", "/orgs/recipes/members/member".to_owned(), Value::Null),
        ("GET", "/orgs/recipes/members/stranger".to_owned(), Value::Null),
        ("GET", in_repo(&format!("/statuses/{sha}")), Value::Null),
        ("POST", in_repo(&format!("/statuses/{sha}")), status.clone()),
        ("POST", in_repo(&format!("/statuses/{unknown}")), status),
    ]
}

#[tokio::test]
#[ignore = "real forge: make forge, with CC_CI_FORGE_API, the folder of the published descriptions"]
async fn the_stand_in_answers_as_forges_describe_it() {
    let folder = folder();
    let mut found = Vec::new();
    let mut checked = 0;
    for dialect in StandInDialect::ALL {
        let all: Value = serde_json::from_slice(&fs::read(folder.join(file(dialect))).unwrap()).unwrap();
        let world = world(dialect).await;
        let (theirs, ours) = (world.comment("stranger", "!testme"), world.comment("bot", "queued"));
        let note = world.forge.note(REPO, 1, "member");
        world.forge.comment_by_id(REPO, 1, -1, "gone");
        let every = ["read:user", "write:repository", "write:issue", "read:organization"];
        let (bot, member) = (world.forge.token("bot", &every), world.forge.token("member", &every));
        for secret in [&bot, &member, &"unknown".to_owned()] {
            for (method, path, body) in questions(&world, &theirs, &ours, note) {
                if secret == "unknown" && path != "/user" {
                    continue;
                }
                let (status, answer) = ask(world.forge.url(), secret, method, &path, &body).await;
                let (route, description) = route(&all, &path);
                let described = &description[method.to_lowercase()]["responses"][status.to_string()];
                let at = format!("{dialect:?} {method} {path} {status}");
                if described.is_null() && !UNDESCRIBED.contains(&(route, status)) {
                    // Errors of old forges are described for few routes.
                    let old = dialect == StandInDialect::Gitea2020 && matches!(status, 403 | 404);
                    found.extend((!old).then(|| format!("{at} is not described")));
                }
                let schema = &resolved(&all, described)["schema"];
                if let Some(answer) = answer.filter(|_| status < 300) {
                    assert!(!schema.is_null(), "{at} has no form");
                    misfits(&all, schema, &answer, &at, &mut found);
                }
                checked += 1;
            }
        }
    }
    assert_eq!(found, Vec::<String>::new());
    writeln!(std::io::stderr(), "{checked} answers held against their descriptions").unwrap();
}

#[test]
#[ignore = "real forge: make forge, with CC_CI_FORGE_API, the folder of the published descriptions"]
fn recorded_webhooks_are_verified_and_read() {
    let folder = folder();
    let secrets = tempfile::tempdir().unwrap();
    fs::write(secrets.path().join("hook"), "s3cret").unwrap();
    let right = HookSecrets::one(HookSecret::credential(secrets.path(), "hook").unwrap());
    let text = fs::read_to_string(folder.join("gitea-2020-01-deliveries.jsonl")).unwrap();
    let mut pokes = 0;
    for line in text.lines() {
        let one: Value = serde_json::from_str(line).unwrap();
        let body = one["b"].as_str().unwrap();
        let pairs = one["h"].as_object().unwrap().iter();
        let headers = pairs.map(|(name, value)| (name.parse().unwrap(), value.as_str().unwrap().parse().unwrap()));
        let delivery = verify(ForgeDialect::Gitea, &headers.collect(), body.as_bytes(), &right);
        let is_comment = one["h"]["X-Gitea-Event"] == "issue_comment";
        match delivery {
            Delivery::Poke(_) if is_comment => pokes += 1,
            Delivery::Other if !is_comment => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(pokes > 3, "only {pokes} comments");
    writeln!(std::io::stderr(), "{} recorded deliveries, {pokes} of comments", text.lines().count()).unwrap();
}
