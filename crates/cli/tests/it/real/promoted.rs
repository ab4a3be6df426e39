//! A green run of a published version becomes its recipe's canonical, from the one deployment that there was.

use super::engine::{docker, of_run};
use super::enrolled::{Enrolled, Point, promoted};
use super::product::text;
use std::path::Path;

fn plan_of(enrolled: &Enrolled, recipe: &Path) -> String {
    enrolled.say(&["plan", recipe.to_str().unwrap()])
}

#[test]
#[ignore = "real engine: make test"]
fn a_green_run_of_a_published_version_is_kept_and_is_the_base_of_the_next() {
    let enrolled = Enrolled::new("miniflux");
    let run = enrolled.run();
    let left = promoted(&enrolled, &run);
    assert!(!left.is_empty(), "miniflux has secrets: {}", run.all());
    let kept = enrolled.kept(&run.stack());
    assert!(kept.contains("the repository") && kept.len() == left.len() + 1, "{kept:?}");
    // Nothing of it is taken for a leak, by nobody.
    let cleaned = enrolled.say(&["clean"]);
    assert_eq!((cleaned.as_str(), &enrolled.kept(&run.stack())), ("no dead run to clean up after\n", &kept));
    let shown = enrolled.say(&["canonical", "show", "miniflux"]);
    assert!(shown.contains(&enrolled.tag) && shown.contains(run.id()) && shown.contains(&run.stack()), "{shown}");
    let plan = plan_of(&enrolled, &enrolled.recipe);
    let base = format!("base     {} at ", enrolled.tag);
    let line = plan.lines().find(|line| line.starts_with("base")).unwrap_or_default();
    assert!(line.starts_with(&base) && line.contains("the recipe's canonical"), "{plan}");
    enrolled.verifies();
    enrolled.drop(&run.stack());
    assert!(of_run(run.id(), &run.stack()).is_empty());
    let plan = plan_of(&enrolled, &enrolled.recipe);
    assert!(!plan.contains("canonical, the last version"), "{plan}");
}

#[test]
#[ignore = "real engine: make test"]
fn a_canonical_outlives_a_killed_promotion_and_a_killed_verification_and_says_when_it_cannot_come_back() {
    let enrolled = Enrolled::new("static-site");
    let run = enrolled.run();
    promoted(&enrolled, &run);
    enrolled.killed_while_it_promotes(Point::Saving);
    enrolled.killed_while_it_verifies();
    // Somebody takes a secret of it away.
    let kept = enrolled.kept(&run.stack());
    let secret = kept.iter().find(|name| name.starts_with(&run.stack())).unwrap();
    docker(&["secret", "rm", secret]);
    let output = enrolled.product.cc_ci(&enrolled.verify_words());
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_ne!(output.status.code(), Some(0), "{out}{err}");
    let why = format!("cannot be brought back: its secret {secret} is gone");
    assert!(out.contains(&why) && out.contains("deploy-count = 0 (expect 1, engine saw 0)"), "{out}{err}");
    assert!(err.contains("hint: the next green, complete run"), "{err}");
    enrolled.drop(&run.stack());
    assert!(of_run(run.id(), &run.stack()).is_empty());
}
