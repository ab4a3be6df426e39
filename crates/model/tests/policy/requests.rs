//! The operator's policy: what a recipe asks for is refused, and only the exact value can be allowed.

use cc_ci_model::policy::{Policy, PolicyFile, RepositoryAddress, Review, review};
use cc_ci_recipe::Recipe;
use cc_ci_recipe::requests::requests;
use std::collections::BTreeMap;

/// Asks for something of every section that a compose file has.
const COMPOSE: &str = r#"services:
  app:
    image: a:1
    privileged: true
    pid: host
    cap_add: [NET_ADMIN]
    ports: ["53:53/udp"]
    volumes: ["/etc:/host", "media:/m"]
    networks: [mail]
    secrets: [smtp]
volumes:
  media: {external: true}
networks:
  mail: {external: true}
secrets:
  smtp: {external: true, name: other_smtp_v1}
"#;

fn recipe(compose: &str) -> Recipe {
    let files = [(".env.sample", ""), ("compose.yml", compose)].into_iter().collect();
    let env = BTreeMap::from([("STACK_NAME".to_owned(), "shop-abc123".to_owned())]);
    Recipe::read("shop", &files, &env, &[]).unwrap_or_else(|problems| panic!("{problems:?}")).0
}

/// Where the recipe comes from, as an operator may write it.
const HERE: &str = "git.example.org/recipes/shop";

#[test]
fn what_a_recipe_asks_for_is_allowed_by_its_exact_value_alone() {
    let recipe = recipe(COMPOSE);
    let address = RepositoryAddress::parse("https://git.example.org/recipes/shop.git").unwrap();
    let found = requests(&recipe);
    assert_eq!(found.len(), 8, "{found:#?}");
    for request in found {
        let (item, value) = (request.item, &request.value);
        let refused = |policy: &Policy| review(&recipe, policy).refused.contains(&request.problem);
        let policy = |name: &str, value: &str| {
            let text = format!("[allow.{name:?}]\n{} = [{value:?}]\n", item.word());
            PolicyFile::read("policy.toml", &text).unwrap().of(&address)
        };
        assert!(refused(&Policy::default()), "{item:?}");
        assert!(
            refused(&policy("other", value)) && refused(&policy("shop", value)),
            "{item:?}: what is allowed to another repository, even of this name, is not allowed to this one"
        );
        assert!(refused(&policy(HERE, &format!("{value}x"))), "{item:?}: another value is not this one");
        assert!(!refused(&policy(HERE, value)), "{item:?}");
        let allowed = review(&recipe, &policy(HERE, value)).allowed;
        assert_eq!(allowed, [format!("{} `{value}` is allowed by policy.toml, line 2", item.word())]);
    }
}

#[test]
fn a_refusal_says_what_to_do() {
    let refused =
        review(&recipe("services:\n  app:\n    image: a:1\n    privileged: true\n"), &Policy::default()).refused;
    insta::assert_snapshot!(refused[0], @r#"
    compose.yml, line 4: services.app.privileged: asks for a privileged container (`true`)
    hint: remove it; or the operator allows it, outside of the recipe, in policy.toml: `privileged = ["true"]`; `cc-ci plan` writes the whole entry
    "#);
}

#[test]
fn all_that_is_refused_is_one_block_to_copy() {
    let compose = "services:\n  app:\n    image: a:1\n    privileged: true\n    cap_add: [NET_ADMIN, SYS_TIME]\n    \
                   sysctls: {\"a\\\"]\\nb\": \"1\"}\n";
    let address = RepositoryAddress::parse(HERE).unwrap();
    let block = review(&recipe(compose), &Policy::default()).block(&address);
    insta::assert_snapshot!(block, @r#"
    [allow."git.example.org/recipes/shop"]
    capability = ["NET_ADMIN", "SYS_TIME"]
    privileged = ["true"]
    sysctl = ["a\"]\u000Ab=1"]
    "#);
    let read = PolicyFile::read("policy.toml", &block).unwrap().of(&address);
    assert_eq!(review(&recipe(compose), &read).refused, []);
    let commons = RepositoryAddress::parse("https://git.coopcloud.tech/coop-cloud/shop").unwrap();
    assert!(Review::default().block(&commons).starts_with("[allow.shop]"));
    // What is allowed to one of the same name is worth a word.
    let of_other = PolicyFile::read("policy.toml", &block).unwrap().of(&commons);
    assert_eq!(of_other.namesake(), Some((HERE, "policy.toml, line 2")));
}

#[test]
fn a_recipe_gets_an_hour_unless_the_operator_says_otherwise() {
    let longest = |text: &str| PolicyFile::read("policy.toml", text).unwrap().longest_run();
    assert_eq!((longest(""), longest("[limits]\nrun = 900\n"), longest("limits.run = 86400")), (3600, 900, 86400));
}

#[test]
fn a_policy_file_that_cannot_be_read_allows_nothing() {
    let text = "[allow.\"*\"]\nhost-port = [\"1/tcp\"]\n[allow.shop]\nhost-prot = [\"1/tcp\"]\ndevice = \"x\"\n[deny]\n[limits]\nrun = 5\nruns = 7\n";
    let problems = PolicyFile::read("policy.toml", text).unwrap_err();
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    policy.toml, line 1: allow.*: `*` is no address of a repository
    hint: name one: `mumble` of the commons, or where it comes from, as in "git.example.org/recipes/mumble"; there is no wildcard
    policy.toml, line 4: allow.shop.host-prot: unknown item `host-prot`
    hint: did you mean `host-port`?
    policy.toml, line 5: allow.shop.device: must be a list of texts
    hint: write it as ["one", "two"]
    policy.toml, line 6: deny: unknown key `deny`
    hint: the keys here are allow and limits
    policy.toml, line 8: limits.run: is 5, and must be from 10 to 86400
    hint: write 10 or more
    policy.toml, line 9: limits.runs: unknown limit `runs`
    hint: the only limit here is run
    "#);
}
