//! A green run of a published version becomes its recipe's canonical, from the one deployment that there was.

use super::engine::of_run;
use super::enrolled::{Enrolled, promoted};
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
