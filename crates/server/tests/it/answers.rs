//! What a member gets for a comment.

use crate::house::{House, REPO, deliver};
use cc_ci_server::{Ask, RequestStands};
use cc_ci_testkit::forge::StandInDialect;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_comment_becomes_a_run_and_the_run_one_answer_in_every_dialect() {
    for dialect in StandInDialect::ALL {
        let house = House::new(dialect).await;
        let _server = house.start().await;
        house.hold();
        let id = house.comment("member", "!testme");
        house.until("the run", |house| house.ran().len() == 1).await;
        house.until("the live link", |house| house.says("https://ci.example.test/run/")).await;
        assert_eq!(house.status(&house.head, "cc-ci/testme").as_deref(), Some("pending"));
        house.release();
        house.until("the verdict", |house| house.says("green")).await;
        house.settled().await;
        assert_eq!(house.ran(), std::slice::from_ref(&house.head));
        let said = house.said();
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].starts_with(&format!("<!-- cc-ci: answer to comment {id} -->\n")), "{said:?}");
        assert!(said[0].contains(&format!("cc-ci run {}/{REPO}.git --ref {}", house.forge.url(), house.head)));
        assert_eq!(house.status(&house.head, "cc-ci/testme").as_deref(), Some("success"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_proves_less_never_sets_the_status_that_gates() {
    let house = House::new(StandInDialect::Forgejo12).await;
    let _server = house.start().await;
    house.comment("member", "!testme only=install,upgrade base=1.0.0");
    house.comment("member", "!testme --quick");
    house.until("both runs", |house| house.ran().len() == 2).await;
    house.settled().await;
    assert_eq!(
        house.ran(),
        [format!("{} --stages=install,upgrade --base=1.0.0", house.head), format!("{} --quick", house.head)]
    );
    assert_eq!(house.status(&house.head, "cc-ci/testme"), None);
    assert!(house.says(&format!("--ref {} --quick\n", house.head)), "the same on a laptop: {:?}", house.said());
    for context in ["cc-ci/testme-partial", "cc-ci/testme-quick"] {
        assert_eq!(house.status(&house.head, context).as_deref(), Some("success"), "{context}");
    }
    assert!(house.says("Quick: at most level 2"), "{:?}", house.said());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_red_run_and_one_that_cannot_begin_are_failures() {
    let house = House::new(StandInDialect::Forgejo12).await;
    let _server = house.start().await;
    for (kind, words, state) in [("red", "red", "failure"), ("policy", "could not be tested as it is", "failure")] {
        house.kind(kind);
        house.comment("member", "!testme");
        house.until(kind, |house| house.says(words)).await;
        house.settled().await;
        assert_eq!(house.status(&house.head, "cc-ci/testme").as_deref(), Some(state), "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_came_of_a_comment_is_read_by_its_address_and_starts_nothing() {
    let house = House::new(StandInDialect::Forgejo12).await;
    let _server = house.start().await;
    let address = |id: i64| format!("{}/{REPO}/pulls/{}#issuecomment-{id}", house.forge.url(), house.pull);
    let stands = async |id: i64| house.ask(Ask::Request(address(id))).await.request;
    let chat = house.comment("member", "it looks good");
    house.hold();
    let id = house.comment("member", "!testme");
    house.until("the run", |house| house.ran().len() == 1).await;
    assert_eq!(stands(id).await, Some(RequestStands::Open));
    assert_eq!(stands(chat).await, Some(RequestStands::Unseen));
    house.release();
    house.until("the verdict", |house| house.says("green")).await;
    house.settled().await;
    assert_eq!(stands(id).await, Some(RequestStands::Over { code: 0 }));
    let refused = house.comment("stranger", "!testme");
    house.until("the refusal", |house| house.says("only members")).await;
    assert_eq!(stands(refused).await, Some(RequestStands::Over { code: 10 }));
    let elsewhere = house.ask(Ask::Request(format!("https://other.example.test/{REPO}/pulls/1#issuecomment-1"))).await;
    assert_eq!((elsewhere.done, elsewhere.request), (false, None));
    assert_eq!(house.ran().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_whose_record_is_over_is_tearing_down_until_its_process_ends() {
    let house = House::new(StandInDialect::Forgejo12).await;
    let _server = house.start().await;
    house.kind("lingers");
    house.comment("member", "!testme");
    house.until("the last place", |house| house.says("running, tearing down")).await;
    std::fs::remove_file(house.path("kind")).unwrap();
    house.until("the verdict", |house| house.says("green")).await;
    house.settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_swarm_the_job_waits_and_a_person_is_told() {
    let house = House::new(StandInDialect::Forgejo12).await;
    let _server = house.start().await;
    house.kind("no-swarm");
    house.comment("member", "!testme");
    house.until("the reason", |house| house.says("waiting for a swarm")).await;
    assert!(house.ask(Ask::Alerts).await.text.starts_with("no-swarm"));
    house.kind("green");
    house.until("the verdict", |house| house.says("green")).await;
    house.settled().await;
    assert_eq!(house.said().len(), 1);
    assert_eq!(house.ask(Ask::Alerts).await.text, "nothing to see to");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_is_ended_by_a_comment_and_one_that_waits_with_it() {
    let house = House::new(StandInDialect::Forgejo12).await;
    let _server = house.start().await;
    house.hold();
    house.comment("member", "!testme");
    house.until("the run", |house| house.ran().len() == 1).await;
    house.comment("member", "!testme only=install");
    house.until("the queue", |house| house.says("an earlier run of this pull request goes first")).await;
    house.comment("member", "!testme status");
    house.until("the list", |house| house.says("The last runs of this pull request")).await;
    house.comment("member", "!testme cancel");
    house.until("both ends", |house| house.says("2 runs of this pull request are ended")).await;
    house.settled().await;
    assert_eq!(house.ran().len(), 1);
    assert_eq!(house.status(&house.head, "cc-ci/testme").as_deref(), Some("error"));
    assert_eq!(house.said().iter().filter(|body| body.contains("asked for that in a comment")).count(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_request_twice_is_one_run_with_two_answers() {
    let house = House::new(StandInDialect::Gitea123).await;
    let _server = house.start().await;
    assert!(house.ask(Ask::Pause).await.done);
    house.comment("member", "!testme");
    house.comment("member", "!testme");
    house.until("both answers", |house| house.said().len() == 2).await;
    assert!(house.says("the queue is paused by its operator"));
    assert!(house.ask(Ask::Resume).await.done);
    house.until("both verdicts", |house| house.said().iter().all(|body| body.contains("green"))).await;
    house.settled().await;
    assert_eq!(house.ran().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_commit_is_the_one_of_the_acceptance_and_a_comment_that_is_gone_starts_nothing() {
    let house = House::new(StandInDialect::Forgejo12).await;
    let _server = house.start().await;
    assert!(house.ask(Ask::Pause).await.done);
    house.comment("member", "!testme");
    let withdrawn = house.comment("member", "!testme only=install");
    house.until("both answers", |house| house.said().len() == 2).await;
    house.forge.remove_comment(withdrawn);
    let next = house.forge.force_push("stranger/ghost", "next", "two\n").unwrap();
    assert!(house.ask(Ask::Resume).await.done);
    house.until("the withdrawal", |house| house.says("Withdrawn: the comment")).await;
    house.until("the verdict", |house| house.says("green")).await;
    house.settled().await;
    assert_eq!(house.ran(), std::slice::from_ref(&house.head));
    assert!(house.says(&format!("The head of the pull request is {} now", &next[..8])));
    assert_eq!(house.status(&next, "cc-ci/testme"), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pull_request_that_was_closed_is_not_tested() {
    let house = House::new(StandInDialect::Forgejo12).await;
    let _server = house.start().await;
    assert!(house.ask(Ask::Pause).await.done);
    house.comment("member", "!testme");
    house.until("the answer", |house| house.said().len() == 1).await;
    house.forge.close(REPO, house.pull);
    assert!(house.ask(Ask::Resume).await.done);
    house.until("the end", |house| house.says("the pull request was closed")).await;
    house.comment("member", "!testme");
    house.until("the refusal", |house| house.says("Not tested: the pull request is closed")).await;
    house.settled().await;
    assert!(house.ran().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_level_is_held_against_that_of_the_default_branch_once_it_has_one() {
    let house = House::new(StandInDialect::Forgejo12).await;
    let _server = house.start().await;
    house.comment("member", "!testme");
    house.until("the verdict", |house| house.says("green")).await;
    assert!(!house.says("default branch"), "nothing of it was tested yet: {:?}", house.said());
    house.forge.fast_forward(REPO, house.pull).unwrap();
    house.forge.push("stranger/ghost", "other", "two\n").unwrap();
    let second = house.forge.pull(REPO, "stranger/ghost", "other", "stranger").unwrap();
    house.forge.advance(1);
    house.forge.comment(REPO, second, "member", "!testme");
    let says = |words: &str| house.forge.comments(REPO, second).iter().any(|(_, body)| body.contains(words));
    house.until("the level of both", |_| says("The default branch was last at this level, too.")).await;
    house.settled().await;
    // A part of the whole has no level to compare.
    house.forge.comment(REPO, second, "member", "!testme only=install");
    house.until("all runs", |house| house.ran().len() == 3).await;
    house.settled().await;
    let told = house.forge.comments(REPO, second).iter().filter(|(_, body)| body.contains("default branch")).count();
    assert_eq!(told, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_webhooks_doubled_reordered_replayed_and_forged_make_one_run_for_each_comment() {
    let house = House::new(StandInDialect::Forgejo12).await;
    let server = house.start().await;
    let (mut sent, mut hints, mut asked) = (0, Vec::new(), 0);
    // An author may ask ten times an hour.
    while sent < 100 || asked < 9 {
        house.comment("member", "!testme");
        house.comment("stranger", "!testme");
        asked += 1;
        // Those of before come again with the new ones, and the newest come first.
        hints.extend(house.forge.deliveries());
        for hint in hints.iter().rev() {
            assert_eq!(deliver(&server, &hint.forged()).await, 401);
            assert_eq!(deliver(&server, hint).await, 202);
            assert_eq!(deliver(&server, &hint.doubled()).await, 202);
            sent += 3;
        }
        let green = |house: &House| house.said().iter().filter(|body| body.contains("green")).count();
        house.until("the verdict", |house| green(house) == asked).await;
    }
    house.until("the refusal", |house| house.says("only members")).await;
    house.settled().await;
    assert_eq!((house.ran().len(), house.said().len()), (asked, asked + 1));
}
