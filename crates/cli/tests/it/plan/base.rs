//! Which version is the base: by commits and what they deploy, not by labels (BASE-1).

use super::{COMPOSE, World};
use cc_ci_testkit::repo::Repo;

fn base(world: &World, args: &[&str]) -> String {
    line(&world.plan(args).text(), "base").unwrap()
}

fn line(text: &str, head: &str) -> Option<String> {
    text.lines().find_map(|line| line.strip_prefix(head)).map(|rest| rest.trim_start().to_owned())
}

/// Head as a pull request: a change on top of the newest published version, with the label that is given.
fn pull_request(label: &str) -> World {
    let world = World::new();
    world.repo.git(&["reset", "--quiet", "--hard", "1.1.0+1.24"]).unwrap();
    let compose = COMPOSE.replace("VERSION", label).replace("nginx:1", "nginx:2");
    world.repo.write("compose.yml", &compose).unwrap();
    world.repo.commit("raise the image").unwrap();
    world
}

#[test]
fn an_ordinary_pull_request_starts_at_the_version_whose_label_it_carries() {
    insta::assert_snapshot!(
        base(&pull_request("1.1.0+1.24"), &[]),
        @"1.1.0+1.24 at [commit]: the newest published version that head descends from"
    );
}

#[test]
fn a_lower_label_or_none_is_said() {
    let notes = |label: &str| {
        let world = pull_request(label);
        assert!(base(&world, &[]).starts_with("1.1.0+1.24 at"));
        line(&world.plan(&[]).text(), "notes")
    };
    insta::assert_snapshot!(notes("1.0.0+1.22").unwrap(), @"head carries version 1.0.0+1.22, lower than the published 1.1.0+1.24 that it replaces: abra takes it for a downgrade");
    insta::assert_snapshot!(notes("").unwrap(), @"head carries no version label that can be read: abra can tell nobody whether it is newer than 1.1.0+1.24");
    assert_eq!(notes("1.1.1+1.24"), None);
}

#[test]
fn a_commit_that_changes_texts_alone_steps_back() {
    let world = World::new();
    world.repo.git(&["reset", "--quiet", "--hard", "1.1.0+1.24"]).unwrap();
    world.repo.write("README.md", "words").unwrap();
    world.repo.commit("words").unwrap();
    insta::assert_snapshot!(base(&world, &[]), @"1.0.0+1.22 at [commit]: the newest published version that head descends from; stepped back from 1.1.0+1.24, which deploys exactly what head does");
    insta::assert_snapshot!(base(&world, &["--base", "1.1.0+1.24"]), @"1.1.0+1.24 at [commit]: asked for; it deploys what head does");
    insta::assert_snapshot!(base(&world, &["--ref", "1.1.0+1.24"]), @"1.0.0+1.22 at [commit]: the newest published version that head descends from; stepped back from 1.1.0+1.24, which is head itself");
}

#[test]
fn a_base_that_was_named_wins_or_is_an_error() {
    let world = World::new();
    insta::assert_snapshot!(base(&world, &["--base", "1.0.0+1.22"]), @"1.0.0+1.22 at [commit]: asked for");
    let refused = |args: &[&str]| world.plan(args).error();
    insta::assert_snapshot!(refused(&["--base", "1.1.0+1.24", "--ref", "1.1.0+1.24"]), @"[2] error: `1.1.0+1.24` is the commit under test itself: there is nothing to upgrade from; name an older version");
    insta::assert_snapshot!(refused(&["--base", "1.0.0+1.22", "--stages", "install"]), @r"
    [2] error: cannot start at `1.0.0+1.22`: the upgrade tier is not among the stages
    hint: leave --base out, or let the upgrade tier run
    ");
}

#[test]
fn a_clone_that_lacks_tags_is_told_how_to_get_them() {
    let world = World::new();
    let folder = world.folder.path();
    let from = format!("file://{}", world.repo.dir().display());
    let clone = |name: &str, options: &[&str]| {
        let to = folder.join(name).display().to_string();
        world.repo.git(&[&["clone", "--quiet"], options, &[&from, &to]].concat()).unwrap();
        to
    };
    let bare = clone("bare", &["--no-tags"]);
    insta::assert_snapshot!(world.plan(&[&bare]).error(), @r"
    [2] error: this clone has no published version, its origin has 2 more, up to 1.1.0+1.24: without them the upgrade cannot be tested
    hint: fetch them with `git fetch --tags` (in a CI job: `fetch-depth: 0`), or name the version with --base
    ");
    insta::assert_snapshot!(world.plan(&[&bare, "--base", "1.0.0+1.22"]).error(), @r"
    [2] error: `1.0.0+1.22` is no published version of the recipe: it has none
    hint: fetch them with `git fetch --tags` (in a CI job: `fetch-depth: 0`), or name the version with --base
    ");
    world.repo.git(&["-C", &bare, "fetch", "--quiet", "--no-tags", "origin", "tag", "1.0.0+1.22"]).unwrap();
    assert!(world.plan(&[&bare]).error().contains("has 1 published versions, its origin has 1 more"));
    assert_eq!(world.plan(&[&bare, "--no-upgrade"]).code, 0);
    let shallow = clone("shallow", &["--depth", "1"]);
    insta::assert_snapshot!(world.plan(&[&shallow]).error(), @r"
    [2] error: this clone is shallow and has no published version: it does not show which version operators run
    hint: fetch the rest with `git fetch --unshallow --tags`; in a CI job check out the whole history (`fetch-depth: 0`), or name the version with --base
    ");
    assert_eq!(world.plan(&[&shallow, "--stages", "install"]).code, 0);
    // What cannot be found out is said, and is no error.
    world.repo.git(&["-C", &bare, "tag", "--delete", "1.0.0+1.22"]).unwrap();
    world.repo.git(&["-C", &bare, "remote", "set-url", "origin", "/nowhere/at/all"]).unwrap();
    let unknown = world.plan(&[&bare]).text();
    assert!(unknown.contains("whether the origin of this clone has published versions"), "{unknown}");
}

#[test]
fn tags_that_are_no_versions_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let repo = Repo::create(folder.path(), "shop").unwrap();
    repo.write(".env.sample", "TYPE=shop\nDOMAIN=shop.example.com\n").unwrap();
    repo.write("compose.yml", &COMPOSE.replace("VERSION", "1.0.0+1.22")).unwrap();
    repo.commit("one").unwrap();
    repo.publish("v1.0.0+1.22").unwrap();
    repo.publish("final-release").unwrap();
    let world = World { folder, repo };
    insta::assert_snapshot!(line(&world.plan(&[]).text(), "notes").unwrap(), @"tags that publish nothing, because they are no versions: final-release, v1.0.0+1.22; publish it without the `v`: git tag -a '1.0.0+1.22' 'v1.0.0+1.22^{}'");
    insta::assert_snapshot!(world.plan(&["--base", "v1.0.0+1.22"]).error(), @"[2] error: `v1.0.0+1.22` is no published version of the recipe: it is a tag, but the part before `+` is not X.Y.Z");
}
