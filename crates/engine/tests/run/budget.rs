//! A runner that deploys more than its plan allows is found out by the witness and by what changed.

use crate::shop::{Shop, stack};
use crate::told::Told;
use cc_ci_engine::labels;
use cc_ci_engine::swarm::{Operate, Rendered};
use cc_ci_model::event::Event;
use cc_ci_model::exit;
use cc_ci_model::ids::StackName;
use cc_ci_model::object::{Object, ObjectKind};
use cc_ci_model::tier::Tier;
use cc_ci_model::verdict::budget::Agreement;
use cc_ci_model::verdict::{Color, Status};
use cc_ci_testkit::swarm::{FakeSwarm, Fate, Twisted};

fn swarm() -> FakeSwarm {
    FakeSwarm::new().service("migrate", &[(Fate::Completes(0), 0)])
}

/// Red for the budget alone, in these words, and with this exit code for ever after.
#[track_caller]
fn disagrees(told: &Told, stack: &str, code: u8) {
    let verdict = &told.verdict;
    assert_eq!((verdict.color, told.tier(Tier::Install)), (Color::Red, Status::Pass), "{:?}", verdict.reasons);
    let line = "deploy-count = 1 (expect 1, engine saw 2)";
    let words = format!("the engine saw stack {stack} being created, the ledger does not have it");
    assert_eq!(verdict.reasons[0], format!("{line}: {words}"));
    assert_eq!((verdict.budget.agreement, verdict.budget.witness), (Agreement::Disagreed, Some(2)));
    assert_eq!(exit::of_verdict(verdict), code, "{:?}", verdict.reasons);
    assert_eq!(told.left(), Vec::<String>::new());
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
    disagrees(&told, "second", exit::RED);
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
    disagrees(&told, stack().as_str(), exit::BUG);
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

/// The same files without the label of any run, as a stranger's are.
fn of_a_stranger(rendered: &Rendered, folder: &std::path::Path) -> Rendered {
    let copy = |(number, file): (usize, &std::path::PathBuf)| {
        let copy = folder.join(format!("{number}.json"));
        let text = std::fs::read_to_string(file).unwrap();
        std::fs::write(&copy, text.replace(labels::RUN, "of.somebody")).unwrap();
        copy
    };
    Rendered { files: rendered.files.iter().enumerate().map(copy).collect(), ..rendered.clone() }
}

#[tokio::test(start_paused = true)]
async fn a_stack_of_a_stranger_is_told_and_not_counted() {
    let swarm = swarm();
    let behind = swarm.clone();
    let told = Shop::on(swarm)
        .through(move |doors| {
            let behind = behind.clone();
            Twisted::doors(
                doors,
                Box::new(move |rendered| {
                    let folder = tempfile::tempdir().unwrap();
                    let strange = of_a_stranger(rendered, folder.path());
                    behind.deploy_unasked(&strange, &StackName::observed("neighbour"));
                }),
            )
        })
        .run()
        .await;
    assert_eq!(told.verdict.color, Color::Green, "{:?}", told.verdict.reasons);
    let expected = "another stack, neighbour, was deployed on this engine during the run; it carries no label of this run and is \
                    not counted";
    let noted = |event: &&Event| matches!(event, Event::Noted { text, .. } if text == expected);
    assert_eq!(told.events.iter().filter(noted).count(), 1, "{:?}", told.steps());
}
