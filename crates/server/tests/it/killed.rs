//! A server that is killed at any point, and one that comes back to it: one run, one comment, the right status.

use crate::house::{House, REPO};
use cc_ci_server::{Ask, Point, Points};
use cc_ci_testkit::forge::{Often, StandInDialect, StandInFault};
use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

/// One request, with the server killed at a point and started again.
async fn killed_at(point: Point) {
    let house = House::new(StandInDialect::Forgejo12).await;
    house.start().await.stop().await;
    let (points, there) = Points::stopping_once(point);
    let server = house.start_at(points);
    if point == Point::RunGoesOn {
        house.hold();
    }
    house.comment("member", "!testme");
    tokio::time::timeout(std::time::Duration::from_secs(120), there.notified()).await.unwrap();
    server.stop().await;
    if point == Point::RunGoesOn {
        house.release();
    }
    let _server = house.start_at(Points::default());
    house.until("the verdict", |house| house.says("green")).await;
    house.settled().await;
    assert_eq!(house.ran(), std::slice::from_ref(&house.head), "{point:?}");
    assert_eq!(house.said().len(), 1, "{point:?}: {:?}", house.said());
    assert_eq!(house.status(&house.head, "cc-ci/testme").as_deref(), Some("success"), "{point:?}");
}

/// How often each point is tried: `CC_CI_KILLS`, else once.
fn often() -> usize {
    std::env::var("CC_CI_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_at_any_point_leaves_one_run_and_one_answer() {
    for _again in 0..often() {
        for point in Point::ALL {
            Box::pin(killed_at(point)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn how_old_a_comment_is_is_not_asked_of_our_own_clock() {
    // The clock of the forge shows another year than ours.
    let house = House::new(StandInDialect::Forgejo12).await;
    house.start().await.stop().await;
    let (points, there) = Points::stopping_once(Point::Delivered);
    let server = house.start_at(points);
    house.comment("member", "!testme");
    tokio::time::timeout(std::time::Duration::from_secs(120), there.notified()).await.unwrap();
    server.stop().await;
    house.forge.fail("GET /version", Often::Always, StandInFault::Status(502));
    let _server = house.start_at(Points::default());
    house.until("trouble", |house| !house.log.lock().unwrap().is_empty()).await;
    assert!(house.said().is_empty() && house.ran().is_empty());
    house.forge.heal();
    house.until("the verdict", |house| house.says("green")).await;
    house.settled().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_was_lost_after_it_was_said_is_found_again() {
    for dialect in StandInDialect::ALL {
        let house = House::new(dialect).await;
        let _server = house.start().await;
        house.forge.fail(&format!("POST /repos/{REPO}/issues"), Often::Times(1), StandInFault::Lost);
        house.comment("member", "!testme");
        house.until("the verdict", |house| house.says("green")).await;
        house.settled().await;
        assert_eq!(house.said().len(), 1, "{:?}", house.said());
    }
}

/// How often a forge that is away is asked in vain, at least: about as often as in an hour of the real pace.
const IN_VAIN: usize = 30;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_written_while_nobody_was_there_is_answered_once() {
    let house = House::new(StandInDialect::Forgejo12).await;
    let own = (REPO.to_owned(), house.pull, house.head.clone());
    let [first, second, third] = [own, house.another("shop"), house.another("wiki")];
    let server = house.start().await;
    for (repo, ..) in [&second, &third] {
        assert!(house.ask(Ask::Enrol(None, repo.clone())).await.done, "{repo}");
    }
    server.stop().await;
    let asked = [(&first, 2), (&second, 2), (&third, 1)];
    for ((repo, pull, _), comments) in asked {
        for body in ["!testme", "!testme only=install"].into_iter().take(comments) {
            house.forge.advance(1);
            house.forge.comment(repo, *pull, "member", body);
        }
    }
    house.forge.advance(3600);
    house.forge.fail("/", Often::Always, StandInFault::Status(502));
    drop(house.forge.requests());
    let _server = house.start_at(Points::default());
    let vain = AtomicUsize::new(0);
    let until_vain = |house: &House| {
        let more = house.forge.requests().len();
        vain.fetch_add(more, Ordering::Relaxed) + more >= IN_VAIN
    };
    house.until("an hour without a forge", until_vain).await;
    assert!(house.ran().is_empty());
    house.forge.heal();
    let green = |house: &House, repo: &str, pull: u64| {
        house.said_on(repo, pull).iter().filter(|body| body.contains("green")).count()
    };
    for ((repo, pull, _), comments) in asked {
        house.until(repo, |house| green(house, repo, *pull) == comments).await;
    }
    house.settled().await;
    let mut wanted = Vec::new();
    for ((repo, pull, head), comments) in asked {
        assert_eq!(house.said_on(repo, *pull).len(), comments, "{repo}");
        let state = house.forge.statuses(repo, head).into_iter().rfind(|(context, _)| context == "cc-ci/testme");
        assert_eq!(state.map(|(_, state)| state).as_deref(), Some("success"), "{repo}");
        wanted.extend([head.clone(), format!("{head} --stages=install")].into_iter().take(comments));
    }
    let mut ran = house.ran();
    ran.sort();
    wanted.sort();
    assert_eq!(ran, wanted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_dies_before_it_did_anything_is_tried_once_more() {
    let house = House::new(StandInDialect::Forgejo12).await;
    let _server = house.start().await;
    house.kind("silent");
    house.comment("member", "!testme");
    house.until("the end", |house| house.says("no verdict")).await;
    house.settled().await;
    assert_eq!((house.ran().len(), house.said().len()), (2, 1));
    assert_eq!(house.status(&house.head, "cc-ci/testme").as_deref(), Some("error"));
    house.kind("green");
    house.comment("member", "!testme");
    house.until("the verdict", |house| house.says("green")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_of_a_forge_is_anywhere_below_the_state_folder_or_in_a_run() {
    let house = House::new(StandInDialect::Gitea2020).await;
    let server = house.start().await;
    house.hold();
    house.comment("member", "!testme");
    for hint in house.forge.deliveries() {
        assert_eq!(crate::house::deliver(&server, &hint).await, 202);
    }
    house.until("the run", |house| house.ran().len() == 1).await;
    house.release();
    house.until("the verdict", |house| house.says("green")).await;
    house.settled().await;
    let secrets = [house.bot_token.clone(), house.status_token.clone(), "hook-secret".to_owned()];
    let holds = |bytes: &[u8]| secrets.iter().any(|one| bytes.windows(one.len()).any(|part| part == one.as_bytes()));
    let mut folders = vec![house.folder.path().to_owned()];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.is_file() {
                files += 1;
                assert!(!holds(&fs::read(&path).unwrap()), "{}", path.display());
            }
        }
    }
    assert!(files > 10, "only {files} files seen");
    let env = fs::read_dir(house.folder.path()).unwrap().map(|entry| entry.unwrap().path());
    let env = env.into_iter().find(|path| path.file_name().unwrap().to_str().unwrap().starts_with("env-")).unwrap();
    let env = fs::read_to_string(env).unwrap();
    let names: Vec<&str> =
        env.lines().filter_map(|line| line.strip_prefix("export ")?.split_once('=')).map(|(name, _)| name).collect();
    assert!(names.contains(&"DOCKER_HOST"), "{env}");
    let known = ["PATH", "HOME", "LANG", "TZ", "DOCKER_HOST", "PWD", "OLDPWD", "SHLVL", "_"];
    assert!(names.iter().all(|name| known.contains(name)), "{names:?}");
    assert!(house.log.lock().unwrap().iter().all(|line| !holds(line.as_bytes())));
    assert!(house.ask(Ask::Status).await.done);
}
