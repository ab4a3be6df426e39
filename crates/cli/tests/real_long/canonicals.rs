//! Promotions killed at every point, again and again.

use crate::engine::{docker, of_run};
use crate::enrolled::{Enrolled, Point, promoted};
use crate::product::text;

/// How often at each point.
const TIMES: usize = 5;

#[test]
#[ignore = "real engine: make killed"]
fn a_promotion_killed_at_any_point_leaves_a_canonical_that_comes_back_and_nothing_else() {
    let enrolled = Enrolled::new("static-site");
    let mut stacks = vec![{
        let run = enrolled.run();
        promoted(&enrolled, &run);
        run.stack()
    }];
    for _ in 0..TIMES {
        for point in [Point::Stopping, Point::Saving, Point::TornDown, Point::WrittenDown, Point::Promoted] {
            enrolled.killed_while_it_promotes(point);
            stacks.push(enrolled.shown("stack"));
        }
    }
    enrolled.drop(stacks.last().unwrap());
    for stack in stacks {
        assert!(enrolled.kept(&stack).is_empty(), "{stack}");
    }
}

#[test]
#[ignore = "real engine: make killed"]
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
