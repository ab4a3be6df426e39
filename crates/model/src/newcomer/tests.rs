//! Newcomers of every kind, and whose they are.

use super::*;

/// A newcomer without any label.
fn new(kind: ObjectKind, name: &str) -> Newcomer {
    Newcomer { object: Object::new(kind, name), run: None, stack: None, service: None, id: None, tie: Tie::None }
}

fn stack(name: &str) -> StackName {
    StackName::observed(name)
}

fn judged(new: &Newcomer) -> Whose {
    let run = RunId::parse("r1").unwrap();
    let helper = Object::new(ObjectKind::Container, "cc-ci-r1-edge");
    let ground = HookGround {
        run: &run,
        stacks: &[stack("shop-abc123"), stack("cana-abc123")],
        announced: &[helper].into(),
        neighbours: &[stack("blog")].into(),
        services: &["stray_x".to_owned()].into(),
        lives: &|run, stack| run == "r2" && stack.is_none_or(|stack| stack.as_str() == "wiki-123456"),
        words: "docker volume create strayv; docker stack deploy -c x.yml stray\n0123456789abcdef0123",
    };
    whose(new, &ground)
}

#[track_caller]
fn check(new: &Newcomer, expected: Whose) {
    assert_eq!(judged(new), expected, "{new:?}");
}

#[test]
fn what_the_run_announced_or_its_tasks_make_is_its_own() {
    check(&new(ObjectKind::Container, "cc-ci-r1-edge"), Whose::Run);
    let volume = Newcomer { stack: Some(stack("shop-abc123")), ..new(ObjectKind::Volume, "shop-abc123_data") };
    check(&volume, Whose::Run);
    let task = Newcomer { service: Some("shop-abc123_app".to_owned()), ..new(ObjectKind::Container, "task") };
    check(&task, Whose::Run);
    check(&Newcomer { tie: Tie::With, ..new(ObjectKind::Volume, &"0".repeat(64)) }, Whose::Run);
}

#[test]
fn what_carries_the_names_of_the_run_is_the_hooks() {
    check(&Newcomer { run: Some("r1".to_owned()), ..new(ObjectKind::Container, "mine") }, Whose::Hook);
    check(&Newcomer { stack: Some(stack("shop-abc123")), ..new(ObjectKind::Network, "any") }, Whose::Hook);
    check(&Newcomer { stack: Some(stack("shop-abc123")), ..new(ObjectKind::Volume, "any") }, Whose::Hook);
    check(&new(ObjectKind::Secret, "x-shop-abc123-s"), Whose::Hook);
    let of = Tie::Of(Object::new(ObjectKind::Network, "shop-abc123_inside"));
    check(&Newcomer { tie: of, ..new(ObjectKind::Container, "eager_turing") }, Whose::Hook);
}

#[test]
fn what_the_hook_spells_out_is_the_hooks() {
    check(&new(ObjectKind::Volume, "strayv"), Whose::Hook);
    check(&Newcomer { stack: Some(stack("stray")), ..new(ObjectKind::Network, "stray_default") }, Whose::Hook);
    check(&Newcomer { service: Some("stray_x".to_owned()), ..new(ObjectKind::Container, "stray_x.1.q") }, Whose::Hook);
    let printed =
        Newcomer { id: Some("0123456789abcdef0123".to_owned()), ..new(ObjectKind::Container, "eager_turing") };
    check(&printed, Whose::Hook);
    // Part of a word is no name.
    check(&new(ObjectKind::Volume, "tray"), Whose::Unclaimed);
    check(&new(ObjectKind::Volume, "v"), Whose::Unclaimed);
}

#[test]
fn what_others_who_are_known_make_is_theirs() {
    let of_run = |run: &str, stack: Option<&str>| Newcomer {
        run: Some(run.to_owned()),
        stack: stack.map(StackName::observed),
        ..new(ObjectKind::Network, "any")
    };
    check(&of_run("r2", None), Whose::Stranger);
    check(&of_run("r2", Some("wiki-123456")), Whose::Stranger);
    check(&Newcomer { stack: Some(stack("blog")), ..new(ObjectKind::Service, "blog_db") }, Whose::Stranger);
    check(&Newcomer { service: Some("blog_db".to_owned()), ..new(ObjectKind::Container, "t") }, Whose::Stranger);
}

#[test]
fn a_label_of_a_run_that_is_not_alive_hides_nothing() {
    let of_dead = Newcomer { run: Some("r9".to_owned()), ..new(ObjectKind::Network, "any") };
    check(&of_dead, Whose::Unclaimed);
    check(&Newcomer { run: Some("r9".to_owned()), ..new(ObjectKind::Volume, "strayv") }, Whose::Hook);
    let behind = Newcomer {
        run: Some("r2".to_owned()),
        stack: Some(stack("other")),
        ..new(ObjectKind::Network, "other_default")
    };
    check(&behind, Whose::Unclaimed);
    check(&Newcomer { run: Some("r2".to_owned()), ..new(ObjectKind::Volume, "strayv") }, Whose::Hook);
}
