//! Promotions killed at every point, again and again.

use crate::enrolled::{Enrolled, Point, promoted};

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
