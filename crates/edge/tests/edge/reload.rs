//! Routes that change while requests come in.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::back_end::BackEnd;
use crate::world::{World, plain, until};

#[tokio::test]
async fn new_routes_are_followed_without_a_restart() {
    let app = BackEnd::start("app").await;
    let world = World::start(vec![]).await;
    assert_eq!(world.get("http://a.test/").await.gist(), (404, Some("no-route"), None));
    world.files.write_routes("second", vec![plain("a", "Host(`a.test`)", app.address)]);
    world.follows("second").await;
    assert_eq!(world.get("http://a.test/").await.gist(), (200, None, Some("app")));
}

#[tokio::test]
async fn routes_that_make_no_sense_leave_the_old_ones_in_force() {
    let app = BackEnd::start("app").await;
    let world = World::start(vec![plain("a", "Host(`a.test`)", app.address)]).await;
    let refusals = || {
        let lines = world.logged.lines();
        lines.into_iter().filter(|line| line["event"] == "routes-refused").collect::<Vec<_>>()
    };
    std::fs::write(world.files.path("routes.json"), "{\"routers\": [").unwrap();
    until(async || refusals().len() == 1).await;
    world.files.write_routes("bad", vec![plain("x", "Host(``)", app.address)]);
    until(async || refusals().len() == 2).await;
    let reason = refusals()[1]["reason"].as_str().unwrap().to_owned();
    assert!(reason.ends_with("is a variable of the recipe unset?"), "{reason}");
    assert_eq!(world.get("http://a.test/").await.gist(), (200, None, Some("app")));
    world.files.write_routes("good", vec![]);
    world.follows("good").await;
    assert_eq!(refusals().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_is_lost_while_the_app_moves() {
    let (old, new) = (BackEnd::start("old").await, BackEnd::start("new").await);
    let world = Arc::new(World::start(vec![plain("a", "Host(`a.test`)", old.address)]).await);
    let done = Arc::new(AtomicBool::new(false));
    let asking: Vec<_> = (0..4)
        .map(|_| {
            let (world, done) = (Arc::clone(&world), Arc::clone(&done));
            tokio::spawn(async move {
                let mut seen = Vec::new();
                while !done.load(Ordering::Relaxed) {
                    let answer = world.get("http://a.test/").await;
                    assert_eq!(answer.head.status, 200, "{}", answer.body);
                    seen.push(answer.header("x-app").unwrap().to_owned());
                }
                seen
            })
        })
        .collect();
    world.files.write_routes("moved", vec![plain("a", "Host(`a.test`)", new.address)]);
    world.follows("moved").await;
    for _ in 0..20 {
        assert_eq!(world.get("http://a.test/").await.header("x-app"), Some("new"));
    }
    done.store(true, Ordering::Relaxed);
    for seen in asking {
        let seen = seen.await.unwrap();
        let moves = seen.windows(2).filter(|pair| pair[0] != pair[1]).count();
        assert!(moves <= 1, "{seen:?}");
    }
}
