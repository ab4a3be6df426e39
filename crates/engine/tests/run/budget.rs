//! A runner that deploys more than its plan allows is found out by the witness and by what changed.

use crate::shop::{Shop, stack};
use cc_ci_engine::swarm::Operate;
use cc_ci_model::ids::StackName;
use cc_ci_model::object::{Object, ObjectKind};
use cc_ci_model::verdict::Color;
use cc_ci_testkit::swarm::{FakeSwarm, Fate, Twisted};

fn swarm() -> FakeSwarm {
    FakeSwarm::new().service("migrate", &[(Fate::Completes(0), 0)])
}

#[tokio::test(start_paused = true)]
async fn a_second_stack_is_red() {
    let swarm = swarm();
    let behind = swarm.clone();
    let told = Shop::on(swarm)
        .through(move |doors| {
            let behind = behind.clone();
            Twisted::doors(
                doors,
                Box::new(move |rendered| behind.deploy_unasked(rendered, &StackName::observed("second"))),
            )
        })
        .run()
        .await;
    assert_eq!(told.verdict.color, Color::Red, "{:?}", told.verdict.reasons);
    assert!(told.verdict.reasons[0].contains("second"), "{:?}", told.verdict.reasons);
}

#[tokio::test(start_paused = true)]
async fn a_stack_that_is_deployed_again_is_red() {
    let swarm = swarm();
    let behind = swarm.clone();
    let told = Shop::on(swarm)
        .through(move |doors| {
            let behind = behind.clone();
            Twisted::doors(
                doors,
                Box::new(move |rendered| {
                    behind.remove_stack(&rendered.stack);
                    behind.deploy_unasked(rendered, &rendered.stack);
                }),
            )
        })
        .run()
        .await;
    assert_eq!(told.verdict.color, Color::Red, "{:?}", told.verdict.reasons);
    assert!(told.verdict.reasons[0].contains(stack().as_str()), "{:?}", told.verdict.reasons);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_vanishes_meanwhile_is_found() {
    let swarm = swarm();
    let behind = swarm.clone();
    let told = Shop::on(swarm)
        .through(move |doors| {
            let behind = behind.clone();
            Twisted::doors(
                doors,
                Box::new(move |rendered| {
                    let db = Object::new(ObjectKind::Service, format!("{}_db", rendered.stack));
                    let behind = behind.clone();
                    tokio::spawn(async move { behind.remove(&db).await });
                }),
            )
        })
        .run()
        .await;
    assert_ne!(told.verdict.color, Color::Green);
}
