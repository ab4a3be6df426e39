//! What services use is looked at beside the run: at base, at head, and at head on empty volumes.

use crate::shop::Shop;
use crate::told::Told;
use cc_ci_model::event::Event;
use cc_ci_model::report::ReportView;
use cc_ci_model::usage::{Moment, ServiceUsage};
use cc_ci_model::verdict::Color;
use cc_ci_testkit::swarm::{FakeSwarm, Fate, Figures};

const MIB: u64 = 1 << 20;

fn figures(memory: u64, start_ms: u64) -> Figures {
    Figures { memory: memory * MIB, start_ms, image: 90 * MIB }
}

/// A shop whose head has so much memory and takes so long to start, over a base with 100 MiB and 2 s.
fn shop(head: Figures) -> Shop {
    let swarm = FakeSwarm::new().service("migrate", &[(Fate::Completes(0), 0)]);
    Shop::on(swarm.uses("shop:1", figures(100, 2_000)).uses("shop:2", head))
        .keeping()
        .backed_up(&["backupbot.backup=true"])
}

fn measured(told: &Told, moment: Moment) -> Vec<ServiceUsage> {
    let at = told.events.iter().find_map(|event| match event {
        Event::Measured { moment: of, services } if *of == moment => Some(services.clone()),
        _ => None,
    });
    at.unwrap_or_default()
}

fn notes(told: &Told) -> Vec<String> {
    let view = ReportView::new(&told.plan, &told.evidence, &told.verdict);
    view.usage.into_iter().flat_map(|compared| compared.notes).collect()
}

#[tokio::test(start_paused = true)]
async fn a_heavier_head_that_starts_more_slowly_is_green_with_two_notes() {
    let told = shop(figures(130, 9_000)).run().await;
    assert_eq!(told.verdict.color, Color::Green, "{:?} {:#?}", told.verdict.reasons, told.steps());
    let app = |moment| {
        let services = measured(&told, moment);
        services
            .into_iter()
            .find(|usage| usage.service == "app")
            .map(|usage| (usage.memory, usage.start_ms, usage.image))
    };
    assert_eq!(app(Moment::Base), Some((Some(100 * MIB), Some(2_000), Some(90 * MIB))));
    assert_eq!(app(Moment::Head), Some((Some(130 * MIB), Some(9_000), Some(90 * MIB))));
    assert_eq!(app(Moment::HeadAfresh).map(|(_, start, _)| start), Some(Some(9_000)));
    assert_eq!(
        notes(&told),
        [
            "head's `app` uses 136.3 MB of memory, base's 104.8 MB (+30 %)",
            "head's `app` starts in 9.0 s on empty volumes, base's in 2.0 s (+350 %)"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn the_same_figures_are_no_note() {
    let told = shop(figures(100, 2_000)).run().await;
    assert_eq!((told.verdict.color, notes(&told)), (Color::Green, Vec::new()));
    assert!(!measured(&told, Moment::Head).is_empty());
}

#[tokio::test(start_paused = true)]
async fn without_a_base_nothing_is_looked_at() {
    let told = shop(figures(130, 9_000)).without_base().run().await;
    let looked = [Moment::Base, Moment::Head, Moment::HeadAfresh].map(|moment| measured(&told, moment).len());
    assert_eq!((told.verdict.color, looked), (Color::Green, [0; 3]), "{:?}", told.verdict.reasons);
}
