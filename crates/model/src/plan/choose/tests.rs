//! Small repositories, and the base that is chosen in each.

use super::*;
use crate::ids::{Domain, RunId, StackName};
use cc_ci_recipe::version;

const AUTO: Wish = Wish::Automatic;

fn commit(digit: char) -> Commit {
    Commit::parse(&digit.to_string().repeat(40)).unwrap()
}

/// A repository in short: tags as `name@digit`, with `~` before a lightweight one, `<` before one that head descends from,
/// `>` before one that descends from head, and `=` before one that deploys what head does. Head is commit `f`.
#[derive(Clone, Copy, Default)]
struct Repo<'a> {
    head: &'a str,
    tags: &'a [&'a str],
    tip: Option<(char, TipHistory)>,
    /// As `version@digit`.
    canonical: &'a str,
}

fn check(wish: &Wish, repo: Repo<'_>) -> String {
    chosen(Some(&commit('f')), wish, repo)
}

fn chosen(head: Option<&Commit>, wish: &Wish, repo: Repo<'_>) -> String {
    let (mut behind, mut ahead, mut same) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let mut tags = Vec::new();
    for tag in repo.tags {
        let name = tag.trim_start_matches(['~', '<', '>', '=']);
        let marks = &tag[..tag.len() - name.len()];
        let (name, digit) = name.split_once('@').unwrap();
        let commit = commit(digit.chars().next().unwrap());
        let kind = if marks.contains('~') { TagKind::Lightweight } else { TagKind::Annotated };
        behind.extend(marks.contains('<').then(|| name.to_owned()));
        ahead.extend(marks.contains('>').then(|| name.to_owned()));
        same.extend(marks.contains('=').then(|| commit.clone()));
        tags.push(version::Tag { name: name.to_owned(), kind, commit: commit.to_string() });
    }
    let published = version::published(&tags);
    let head_version = repo.head.parse().ok();
    let tip = repo.tip.map(|(digit, history)| (commit(digit), history));
    let tip = tip.as_ref().map(|(commit, history)| Tip { branch: "main", commit, history: *history });
    let canonical = repo.canonical.split_once('@').map(|(version, digit)| {
        let stack = StackName::observed("shop-abc123");
        Canonical {
            version: version.to_owned(),
            commit: commit(digit.chars().next().unwrap()),
            run: RunId::parse("r7").unwrap(),
            promoted: "2026-11-29T12:00:00Z".to_owned(),
            domain: Domain::of_stack(&stack, "cc-ci.test"),
            stack,
            secrets: BTreeSet::new(),
            data: None,
        }
    });
    let candidates = Candidates {
        head,
        head_version: head_version.as_ref(),
        canonical: canonical.as_ref(),
        published: &published,
        behind: &behind,
        ahead: &ahead,
        same: &same,
        tip,
    };
    match choose(wish, &candidates) {
        Ok(Base::Published { version, reason, .. }) => format!("{version}: {reason}"),
        Ok(Base::Commit { commit, reason }) => format!("{}: {reason}", commit.short()),
        Ok(Base::Head { reason, why }) => format!("none ({why:?}): {reason}"),
        Err(error) => format!("error: {error}"),
    }
}

fn auto(head: &str, tags: &[&str]) -> String {
    check(&AUTO, Repo { head, tags, ..Repo::default() })
}

/// What is chosen where the recipe has a canonical.
fn with_canonical(canonical: &str, tags: &[&str]) -> String {
    check(&AUTO, Repo { head: "1.2.0+1", tags, tip: None, canonical })
}

#[test]
fn the_canonical_is_the_base_and_the_plan_says_that_it_lends_its_version_only() {
    let reason = "the recipe's canonical, the last version known to work (run r7); the version only, this run starts from empty \
                  volumes";
    let tags = ["<1.0.0+1@1", "<1.1.0+1@2"];
    assert_eq!(with_canonical("1.1.0+1@2", &tags), format!("1.1.0+1: {reason}"));
    // Also where a newer version was published that no run is known to have been green at.
    assert_eq!(with_canonical("1.0.0+1@1", &tags), format!("1.0.0+1: {reason}"));
    // A head whose history was written anew, with a higher label.
    assert_eq!(with_canonical("1.0.0+1@1", &["1.0.0+1@1"]), format!("1.0.0+1: {reason}"));
    // What somebody asks for wins.
    let asked = Wish::Version("1.1.0+1".to_owned());
    let repo = Repo { head: "1.2.0+1", tags: &tags, tip: None, canonical: "1.0.0+1@1" };
    assert_eq!(check(&asked, repo), "1.1.0+1: asked for");
}

#[test]
fn a_canonical_that_says_nothing_about_this_head_is_passed_over() {
    let newest = "1.1.0+1: the newest published version that head descends from";
    let tags = ["<1.0.0+1@1", "<1.1.0+1@2"];
    // The tag is gone, or was moved to another commit.
    assert_eq!(with_canonical("0.9.0+1@9", &tags), newest);
    assert_eq!(with_canonical("1.0.0+1@9", &tags), newest);
    // It is head itself, or deploys the same.
    assert_eq!(
        with_canonical("1.2.0+1@f", &[&tags[..], &["<>1.2.0+1@f"]].concat()),
        newest.to_owned() + "; stepped back from 1.2.0+1, which is head itself"
    );
    assert!(with_canonical("1.1.0+1@2", &["<1.0.0+1@1", "<=1.1.0+1@2"]).starts_with("1.0.0+1: the newest published"));
    // It came after head, whatever the labels say, or is not older than a head that descends from nothing.
    assert_eq!(with_canonical("1.1.1+1@3", &[&tags[..], &[">1.1.1+1@3"]].concat()), newest);
    assert_eq!(with_canonical("1.2.0+1@3", &[&tags[..], &["1.2.0+1@3"]].concat()), newest);
}

#[test]
fn a_pull_request_with_the_published_label_starts_at_that_version() {
    let tags = ["<1.0.0+1@1", "<1.1.0+1@2"];
    let newest = "1.1.0+1: the newest published version that head descends from";
    for head in ["1.1.0+1", "1.1.1+1", "2.0.0+1", "1.0.0+1", ""] {
        assert_eq!(auto(head, &tags), newest, "{head}");
    }
}

#[test]
fn an_old_commit_does_not_start_at_what_came_after_it() {
    let later = "none (NothingOlder): every published version is newer than head, and there is no default branch to compare with";
    assert_eq!(auto("", &[">1.0.0+1@1", ">2.0.0+1@2"]), later);
    // Also where the label was raised by hand.
    assert!(auto("3.0.0+1", &[">1.0.0+1@1"]).starts_with("none"));
    assert_eq!(
        auto("", &["<1.0.0+1@1", ">2.0.0+1@2"]),
        "1.0.0+1: the newest published version that head descends from"
    );
    // Its history was written anew.
    assert_eq!(
        auto("", &["1.0.0+1@1", ">2.0.0+1@2"]),
        "1.0.0+1: the newest published version; head carries none and descends from none"
    );
}

#[test]
fn a_maintenance_branch_starts_at_its_own_line() {
    assert_eq!(
        auto("1.0.1+1", &["<1.0.0+1@1", "2.0.0+1@3"]),
        "1.0.0+1: the newest published version that head descends from"
    );
    assert_eq!(
        auto("3.0.0+1", &["<1.0.0+1@1", "2.0.0+1@3"]),
        "1.0.0+1: the newest published version that head descends from"
    );
}

#[test]
fn head_and_what_deploys_the_same_are_stepped_back_from() {
    assert_eq!(
        auto("2.0.0+1", &["<1.0.0+1@1", "<2.0.0+1@f"]),
        "1.0.0+1: the newest published version that head descends from; stepped back from 2.0.0+1, which is head itself"
    );
    assert_eq!(
        auto("2.0.0+1", &["<1.0.0+1@1", "<=2.0.0+1@2"]),
        "1.0.0+1: the newest published version that head descends from; stepped back from 2.0.0+1, which deploys exactly \
         what head does"
    );
    assert_eq!(
        auto("2.0.0+1", &["<=2.0.0+1@2"]),
        "none (NothingOlder): the only published version, 2.0.0+1, is what head deploys, and there is no default branch to \
         compare with"
    );
}

#[test]
fn a_folder_is_no_commit_and_may_start_at_the_one_below_it() {
    let folder = |tags: &[&str], tip| chosen(None, &AUTO, Repo { head: "2.0.0+1", tags, tip, canonical: "" });
    assert_eq!(
        folder(&["<1.0.0+1@1", "<2.0.0+1@f"], None),
        "2.0.0+1: the newest published version that head descends from"
    );
    assert_eq!(
        folder(&["<1.0.0+1@1", "<=2.0.0+1@f"], None),
        "1.0.0+1: the newest published version that head descends from; stepped back from 2.0.0+1, which deploys exactly \
         what head does"
    );
    assert_eq!(
        folder(&[], Some(('f', TipHistory::WithoutHead))),
        "ffffffff: the recipe has no published version; the tip of main"
    );
}

#[test]
fn without_an_ancestor_the_label_decides() {
    let tags = ["1.0.0+1@1", "1.1.0+1@2", "2.0.0+1@3"];
    assert_eq!(
        auto("1.1.1+1", &tags),
        "1.1.0+1: the newest published version older than head's 1.1.1+1, which descends from none"
    );
    assert_eq!(auto("", &tags), "2.0.0+1: the newest published version; head carries none and descends from none");
}

#[test]
fn what_is_asked_for_wins_or_is_an_error_that_says_why() {
    let tags = ["<1.0.0+1@1", "~1.1.0+1@2", "<2.0.0+1@f", "<=3.0.0+1@4"];
    let asked = |version: &str| {
        check(&Wish::Version(version.to_owned()), Repo { head: "2.0.0+1", tags: &tags, tip: None, canonical: "" })
    };
    assert_eq!(asked("1.0.0+1"), "1.0.0+1: asked for");
    assert_eq!(asked("1.1.0+1"), "1.1.0+1: asked for; a lightweight tag, which abra does not take for a version");
    assert_eq!(asked("3.0.0+1"), "3.0.0+1: asked for; it deploys what head does");
    assert_eq!(
        asked("2.0.0+1"),
        "error: `2.0.0+1` is the commit under test itself: there is nothing to upgrade from; name an older version"
    );
    assert_eq!(
        asked("9"),
        "error: `9` is no published version of the recipe: newest first, they are 3.0.0+1, 2.0.0+1, 1.1.0+1, 1.0.0+1"
    );
    let pinned = Wish::Pinned { version: "1.0.0+1".into(), by: "tests/ci.toml, line 3".into() };
    let repo = Repo { head: "3.0.0+1", tags: &tags, tip: None, canonical: "" };
    assert_eq!(check(&pinned, repo), "1.0.0+1: asked for by tests/ci.toml, line 3");
}

#[test]
fn a_tag_that_is_no_version_is_named_when_it_is_asked_for() {
    let asked = |version: &str| {
        check(&Wish::Version(version.to_owned()), Repo { head: "", tags: &["v1.0.0+1@1"], tip: None, canonical: "" })
    };
    assert_eq!(
        asked("v1.0.0+1"),
        "error: `v1.0.0+1` is no published version of the recipe: it is a tag, but the part before `+` is not X.Y.Z"
    );
    assert_eq!(asked("1.0.0+1"), "error: `1.0.0+1` is no published version of the recipe: it has none");
}

#[test]
fn without_a_usable_version_the_default_branch_serves() {
    let tip = Some(('a', TipHistory::WithoutHead));
    assert_eq!(
        check(&AUTO, Repo { head: "", tags: &[], tip, canonical: "" }),
        "aaaaaaaa: the recipe has no published version; the tip of main"
    );
    assert_eq!(
        check(&AUTO, Repo { head: "1.0.0+1", tags: &["2.0.0+1@2"], tip, canonical: "" }),
        "aaaaaaaa: head descends from no published version, and none is older than its 1.0.0+1; the tip of main"
    );
}

#[test]
fn the_default_branch_is_no_base_for_itself_for_its_past_or_for_the_same_files() {
    let none = "none (NoTags): the recipe has no published version, and";
    let with = |tags: &[&str], tip| check(&AUTO, Repo { head: "", tags, tip, canonical: "" });
    assert_eq!(with(&[], Some(('f', TipHistory::HoldsHead))), format!("{none} head is the tip of main"));
    assert_eq!(with(&[], Some(('a', TipHistory::HoldsHead))), format!("{none} head is older than the tip of main"));
    assert_eq!(with(&[], None), format!("{none} there is no default branch to compare with"));
    assert_eq!(
        with(&["<=1.0.0+1@2"], Some(('2', TipHistory::WithoutHead))),
        "none (NothingOlder): the only published version, 1.0.0+1, is what head deploys, and the tip of main deploys \
         exactly what head does"
    );
    let wish = Wish::NoUpgrade { reason: "not asked for".to_owned(), why: NoBase::NotAsked };
    assert_eq!(check(&wish, Repo::default()), "none (NotAsked): not asked for");
}

#[test]
fn remarks_are_made_about_odd_labels_only() {
    let base = Base::Published { version: "1.1.0+1".into(), commit: commit('1'), reason: String::new() };
    let about = |label: &str| remarks(&base, label.parse().ok().as_ref()).join("; ");
    assert_eq!(about("1.1.0+1"), "");
    assert_eq!(about("1.2.0+1"), "");
    assert_eq!(
        about("1.0.0+1"),
        "head carries version 1.0.0+1, lower than the published 1.1.0+1 that it replaces: abra takes it for a downgrade"
    );
    assert_eq!(
        about(""),
        "head carries no version label that can be read: abra can tell nobody whether it is newer than 1.1.0+1"
    );
}
