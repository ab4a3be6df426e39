//! Clocks that jump by days: no comment is lost, and none is run twice.

use crate::house::{House, deliver};
use cc_ci_server::Points;
use cc_ci_testkit::forge::{Often, StandInDialect, StandInFault};

const DAY: i64 = 24 * 3600;

/// Comments, and waits until so many are answered by a green run.
async fn tested(house: &House, number: usize) {
    house.comment("member", "!testme");
    greens(house, number).await;
}

async fn greens(house: &House, number: usize) {
    let green = |house: &House| house.said().iter().filter(|body| body.contains("green")).count() == number;
    house.until(&format!("{number} green answers"), green).await;
    house.settled().await;
    assert_eq!((house.ran().len(), house.said().len()), (number, number));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forge_whose_clock_jumps_by_days_has_each_comment_answered_once() {
    for dialect in [StandInDialect::Gitea2020, StandInDialect::Gitea123, StandInDialect::Forgejo12] {
        let house = House::new(dialect).await;
        let server = house.start().await;
        tested(&house, 1).await;
        house.forge.advance(2 * DAY);
        tested(&house, 2).await;
        // Before the enrolment, too.
        house.forge.advance(-5 * DAY);
        tested(&house, 3).await;
        house.forge.advance(DAY);
        tested(&house, 4).await;
        // Back and forth while nobody looks: the comment lies before the cursor, and the clock behind it.
        server.stop().await;
        house.forge.advance(-DAY / 4);
        house.comment("member", "!testme");
        house.forge.advance(DAY / 2);
        let server = house.start_at(Points::default());
        greens(&house, 5).await;
        // What was there before is still what was there before.
        server.stop().await;
        let _server = house.start_at(Points::default());
        tested(&house, 6).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_written_before_the_enrolment_stays_unread_whatever_the_clock_does() {
    let house = House::new(StandInDialect::Forgejo12).await;
    house.comment("member", "!testme");
    house.forge.advance(30);
    let server = house.start().await;
    for jump in [3 * DAY, -4 * DAY, DAY] {
        house.forge.advance(jump);
        house.settled().await;
    }
    server.stop().await;
    let _server = house.start_at(Points::default());
    tested(&house, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_names_a_comment_that_no_list_has() {
    let house = House::new(StandInDialect::Forgejo12).await;
    let server = house.start().await;
    house.forge.advance(3600);
    tested(&house, 1).await;
    drop(house.forge.deliveries());
    // Its time lies before the cursor, and the clock shows nothing of it any more.
    house.forge.advance(-600);
    house.comment("member", "!testme");
    house.forge.advance(1200);
    for hint in house.forge.deliveries() {
        assert_eq!(deliver(&server, &hint).await, 202);
        assert_eq!(deliver(&server, &hint.doubled()).await, 202);
    }
    greens(&house, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_put_back_before_the_first_look_lets_nothing_older_in() {
    for dialect in [StandInDialect::Gitea2020, StandInDialect::Gitea123, StandInDialect::Forgejo12] {
        let house = House::new(dialect).await;
        for age in [2 * DAY, DAY / 2, 30] {
            house.comment("member", "!testme");
            house.forge.advance(age);
        }
        // Nobody can read the comments before the clock is put back.
        house.forge.fail("GET /repos/recipes/ghost/issues/comments", Often::Always, StandInFault::Status(502));
        let server = house.start().await;
        house.forge.advance(-3 * DAY);
        house.forge.heal();
        tested(&house, 1).await;
        // Nor when it goes on to where it was.
        house.forge.advance(3 * DAY);
        tested(&house, 2).await;
        server.stop().await;
        let _server = house.start_at(Points::default());
        tested(&house, 3).await;
    }
}
