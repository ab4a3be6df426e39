//! Which tiers pass, which are skipped, and which are not reached.

use crate::shop::{Shop, stack};
use crate::told::Told;
use cc_ci_model::event::{BUSY_MACHINE, Event};
use cc_ci_model::outcome::{Cause, Outcome};
use cc_ci_model::tier::Tier;
use cc_ci_model::verdict::{Color, Status};
use cc_ci_testkit::swarm::{FakeSwarm, Fate, HeadAnswer, SwarmCall};
use std::time::Duration;

/// The one-shot ends well, as it should.
fn swarm() -> FakeSwarm {
    FakeSwarm::new().service("migrate", &[(Fate::Completes(0), 0)])
}

#[tokio::test(start_paused = true)]
async fn a_good_upgrade_is_green() {
    let told = Shop::on(swarm()).run().await;
    assert_eq!(told.verdict.color, Color::Green, "{:?} {:#?}", told.verdict.reasons, told.steps());
    assert_eq!((told.tier(Tier::Install), told.tier(Tier::Upgrade)), (Status::Pass, Status::Pass));
    assert_eq!((told.tier(Tier::Backup), told.tier(Tier::Custom)), (Status::Skip, Status::Skip));
}

#[tokio::test(start_paused = true)]
async fn without_a_base_the_upgrade_is_skipped_and_the_run_is_green() {
    let told = Shop::on(swarm()).without_base().run().await;
    assert_eq!(told.verdict.color, Color::Green, "{:?}", told.verdict.reasons);
    assert_eq!(told.tier(Tier::Upgrade), Status::Skip);
    assert_eq!(told.swarm.calls(SwarmCall::Redeploy), 0);
}

#[tokio::test(start_paused = true)]
async fn the_app_is_deployed_once_and_redeployed_once() {
    let told = Shop::on(swarm()).run().await;
    assert_eq!((told.swarm.calls(SwarmCall::Deploy), told.swarm.calls(SwarmCall::Redeploy)), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn steps_end_in_the_order_of_the_plan() {
    let told = Shop::on(swarm()).run().await;
    let ended: Vec<String> = told.steps().iter().map(|(step, _)| step.to_string()).collect();
    let planned = told.plan.tiers.iter().flat_map(|tier| tier.steps.iter().map(|step| step.id.to_string()));
    // Each tier's stability is settled when the next operation needs it.
    let in_order = |ids: Vec<String>| ids.into_iter().filter(|id| !id.ends_with("/stable")).collect::<Vec<_>>();
    assert_eq!(in_order(ended), in_order(planned.collect()));
}

#[tokio::test(start_paused = true)]
async fn every_planned_step_ends_exactly_once() {
    let told = Shop::on(swarm()).run().await;
    let mut ended: Vec<String> = told.steps().iter().map(|(step, _)| step.to_string()).collect();
    let mut planned: Vec<String> =
        told.plan.tiers.iter().flat_map(|tier| tier.steps.iter().map(|step| step.id.to_string())).collect();
    ended.sort();
    planned.sort();
    assert_eq!(ended, planned);
}

#[tokio::test(start_paused = true)]
async fn a_slow_app_has_its_whole_limit() {
    let slow = Fate::Slow(Duration::from_secs(29));
    let told = Shop::on(swarm().service("db", &[(slow.clone(), 0), (slow, 0)])).run().await;
    assert_eq!(told.verdict.color, Color::Green, "{:?}", told.verdict.reasons);
}

#[tokio::test(start_paused = true)]
async fn on_a_busy_machine_an_app_has_up_to_twice_its_limit_and_the_report_says_so() {
    let coming_up_after = async |seconds, busy| {
        let slow = Fate::Slow(Duration::from_secs(seconds));
        Shop::on(swarm().service("db", &[(slow, 0)])).on_a_busy_machine(busy).run().await
    };
    let noted = |told: &Told| {
        told.events.iter().any(|event| matches!(event, Event::HostFact { name, .. } if name == BUSY_MACHINE))
    };
    for (seconds, busy, color) in [
        (35, 0, Color::Red),
        (35, 50, Color::Green),
        (45, 50, Color::Red),
        (58, 100, Color::Green),
        (62, 100, Color::Red),
    ] {
        let told = coming_up_after(seconds, busy).await;
        assert_eq!(told.verdict.color, color, "{seconds} s, {busy} %: {:?}", told.verdict.reasons);
        assert_eq!(noted(&told), busy > 0, "{seconds} s, {busy} %");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_waited_for_is_said() {
    let told = Shop::on(swarm().service("db", &[(Fate::Slow(Duration::from_secs(10)), 0)])).run().await;
    let waited = told.events.iter().any(|event| match event {
        Event::Waiting { step, on, limit } => {
            step.as_str() == "install/converged" && on.contains("db: 0/1 starting") && *limit == 30
        }
        _ => false,
    });
    assert!(waited, "{:?}", told.events);
}

#[tokio::test(start_paused = true)]
async fn a_failed_install_leaves_the_upgrade_unreached() {
    let told = Shop::on(swarm().service("app", &[(Fate::Crashes(1), 0)])).run().await;
    assert_eq!((told.tier(Tier::Install), told.tier(Tier::Upgrade)), (Status::Fail, Status::Unver));
    assert_eq!(told.swarm.calls(SwarmCall::Redeploy), 0, "there is nothing to upgrade");
}

#[tokio::test(start_paused = true)]
async fn an_app_that_does_not_serve_at_base_is_upgraded_all_the_same() {
    let told = Shop::on(swarm().service("app", &[(Fate::Runs, 500), (Fate::Runs, 200)])).run().await;
    assert_eq!((told.tier(Tier::Install), told.tier(Tier::Upgrade)), (Status::Fail, Status::Pass));
    assert_eq!(told.verdict.color, Color::Red);
}

#[tokio::test(start_paused = true)]
async fn a_front_page_that_became_one_about_maintenance_is_told_with_both_answers() {
    let pages = ["<title>Shop</title>Welcome", "<h1>Down for maintenance</h1>"];
    let told = Shop::on(swarm().shows(&pages)).run().await;
    let Outcome::Failed(finding) = told.outcome("upgrade/serving") else { panic!("{:?}", told.steps()) };
    assert_eq!(finding.summary, "/ answers with another page than at base: \"Down for maintenance\"");
    let both =
        ["at base: /: status 200, text/html, \"Shop\"", "at head: /: status 200, text/html, \"Down for maintenance\""];
    assert_eq!(&finding.details[..2], both);
}

#[tokio::test(start_paused = true)]
async fn another_title_is_told_and_no_finding() {
    let told = Shop::on(swarm().shows(&["<title>Shop 1</title>x", "<title>Shop 2</title>x"])).run().await;
    let Outcome::Passed { note: Some(note) } = told.outcome("upgrade/serving") else { panic!("{:?}", told.steps()) };
    assert_eq!(note, "200 on /; /: status 200, text/html, \"Shop 2\" (at base /: status 200, text/html, \"Shop 1\")");
}

#[tokio::test(start_paused = true)]
async fn a_redirect_is_an_accepted_answer() {
    let told = Shop::on(swarm().service("app", &[(Fate::Runs, 302)])).run().await;
    assert_eq!(told.verdict.color, Color::Green, "{:?}", told.verdict.reasons);
}

#[tokio::test(start_paused = true)]
async fn the_upgrade_names_the_images_that_changed() {
    let told = Shop::on(swarm()).run().await;
    let Outcome::Passed { note: Some(note) } = told.outcome("upgrade/moved") else { panic!("{:?}", told.steps()) };
    assert!(note.contains("shop:1 -> shop:2") && note.contains("db:1 -> db:2"), "{note}");
}

#[tokio::test(start_paused = true)]
async fn the_edge_follows_the_routes_of_head() {
    let told = Shop::on(swarm()).run().await;
    assert_eq!((told.swarm.calls(SwarmCall::Launch) > 0, told.swarm.calls(SwarmCall::Upload)), (true, 1));
}

#[tokio::test(start_paused = true)]
async fn the_three_counts_of_the_budget_agree() {
    let told = Shop::on(swarm()).run().await;
    let counted = told.events.iter().find_map(|event| match event {
        Event::Budget(budget) => Some(budget.clone()),
        _ => None,
    });
    let budget = counted.unwrap();
    assert_eq!((budget.ledger.len(), budget.witness, budget.unbroken), (1, vec![stack()], true));
}

/// Every path of the shop shows the same page: a script that it names comes as that page.
#[tokio::test(start_paused = true)]
async fn a_page_whose_script_does_not_come_is_worse() {
    let scripted = "<title>Shop</title><div id=app></div><script src=/app.js></script>";
    let told = Shop::on(swarm().shows(&["<title>Shop</title>x", scripted])).run().await;
    let Outcome::Failed(finding) = told.outcome("upgrade/serving") else { panic!("{:?}", told.steps()) };
    assert_eq!(finding.summary, "/ shows a page that is not itself without /app.js: a page in its place");
    let plain = "<title>Shop</title><script src=http://cdn.example.net/app.js></script>";
    let told = Shop::on(swarm().shows(&["<title>Shop</title>x", plain])).run().await;
    let Outcome::Failed(finding) = told.outcome("upgrade/serving") else { panic!("{:?}", told.steps()) };
    let said =
        "/ shows a page that is not itself without http://cdn.example.net/app.js: plain HTTP, from a page over TLS";
    assert_eq!(finding.summary, said);
    let told = Shop::on(swarm().shows(&[scripted, scripted])).run().await;
    assert_eq!(told.tier(Tier::Upgrade), Status::Pass, "{:?}", told.verdict.reasons);
}

#[tokio::test(start_paused = true)]
async fn an_app_that_ends_until_its_database_listens_is_waited_for() {
    let until = |words| {
        let crashes = [(Fate::CrashesUntil(Duration::from_secs(4)), 200)];
        Shop::on(swarm().service("app", &crashes).says_last(words)).without_base().run()
    };
    let told = until("dial tcp: connect: connection refused").await;
    assert_eq!(told.tier(Tier::Install), Status::Pass, "{:?}", told.verdict.reasons);
    let told = until("panic: no such table").await;
    assert_eq!(told.tier(Tier::Install), Status::Fail, "{:?}", told.verdict.reasons);
}

#[tokio::test(start_paused = true)]
async fn a_page_that_the_front_page_links_to_is_to_answer_as_it_did() {
    let linking = ["<title>Shop</title><a href=/goods>Goods</a><a href=/basket/clear>Clear</a>"; 2];
    let told = Shop::on(swarm().shows(&linking).head_answers_at("/goods", 500)).run().await;
    let Outcome::Failed(finding) = told.outcome("upgrade/serving") else { panic!("{:?}", told.steps()) };
    assert_eq!(finding.summary, "/ links to /goods, which answers 500");
    for (path, status) in [("/goods", 403), ("/basket/clear", 500), ("/elsewhere", 500)] {
        let told = Shop::on(swarm().shows(&linking).head_answers_at(path, status)).run().await;
        assert_eq!(told.tier(Tier::Upgrade), Status::Pass, "{path}: {:?}", told.verdict.reasons);
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_that_leads_on_by_itself_is_followed() {
    let leads = "<title>Shop</title><meta http-equiv=refresh content='0; url=/setup'>One moment";
    let told = Shop::on(swarm().shows(&["<title>Shop</title>x", leads])).run().await;
    let Outcome::Failed(finding) = told.outcome("upgrade/serving") else { panic!("{:?}", told.steps()) };
    assert!(finding.summary.starts_with("/ leads to /setup, which answers"), "{}", finding.summary);
    let again = "<title>Shop</title><meta http-equiv=refresh content='5; url=/'>Open";
    let told = Shop::on(swarm().shows(&["<title>Shop</title>x", again])).run().await;
    assert_eq!(told.tier(Tier::Upgrade), Status::Pass, "{:?}", told.verdict.reasons);
}

#[tokio::test(start_paused = true)]
async fn every_other_answer_is_not_enough() {
    let answers = [HeadAnswer::Status(200), HeadAnswer::Status(500)];
    let told = Shop::on(swarm().answers_in_turn(&answers)).run().await;
    let Outcome::Failed(finding) = told.outcome("upgrade/serving") else { panic!("{:?}", told.steps()) };
    let said = "not serving steadily within 5 s: some answers are accepted, others are not: status 500 on /";
    assert!(finding.summary.starts_with(said), "{}", finding.summary);
}

#[tokio::test(start_paused = true)]
async fn four_of_five_are_not_enough() {
    let ok = HeadAnswer::Status(200);
    let answers = [ok, ok, ok, ok, HeadAnswer::Status(500)];
    let told = Shop::on(swarm().answers_in_turn(&answers)).run().await;
    let Outcome::Failed(finding) = told.outcome("upgrade/serving") else { panic!("{:?}", told.steps()) };
    assert!(finding.summary.starts_with("not serving steadily"), "{}", finding.summary);
}

#[tokio::test(start_paused = true)]
async fn a_single_error_on_the_way_up_is_none() {
    let ok = HeadAnswer::Status(200);
    let answers = [ok, HeadAnswer::Status(503), ok, ok, ok, ok, ok, ok, ok, ok];
    let told = Shop::on(swarm().answers_in_turn(&answers)).run().await;
    assert_eq!(told.tier(Tier::Upgrade), Status::Pass, "{:?}", told.verdict.reasons);
    let Outcome::Passed { note: Some(note) } = told.outcome("upgrade/serving") else { panic!("{:?}", told.steps()) };
    assert!(note.contains("200 on /; not every answer: status 503 on /"), "{note}");
}

#[tokio::test(start_paused = true)]
async fn what_no_router_takes_is_not_waited_out() {
    let told = Shop::on(swarm().answers_in_turn(&[HeadAnswer::NoRoute])).run().await;
    let Outcome::Failed(finding) = told.outcome("upgrade/serving") else { panic!("{:?}", told.steps()) };
    assert!(finding.summary.starts_with("no route leads to the app: no router matches GET "), "{}", finding.summary);
    let waited = |event: &Event| matches!(event, Event::Waiting { step, .. } if step.as_str() == "upgrade/serving");
    assert!(!told.events.iter().any(waited), "{:?}", told.events);
}

#[tokio::test(start_paused = true)]
async fn an_address_that_head_gives_up_is_red_and_the_rest_is_looked_at_all_the_same() {
    let told = Shop::on(swarm()).dropping("head has no router for api.${DOMAIN}").run().await;
    let Outcome::Failed(finding) = told.outcome("upgrade/routed") else { panic!("{:?}", told.steps()) };
    assert_eq!((finding.cause, finding.summary.as_str()), (Cause::NotServing, "head has no router for api.${DOMAIN}"));
    assert!(finding.details.iter().any(|detail| detail.contains("routes.dropped")), "{:?}", finding.details);
    assert_eq!((told.verdict.color, told.tier(Tier::Upgrade)), (Color::Red, Status::Fail));
    assert!(matches!(told.outcome("upgrade/serving"), Outcome::Passed { .. }));
}

const TWO: &str = "udp\n 1: 00000000:0035 00000000:0000 07\ntcp\n 0: 00000000:0016 00000000:0000 0A\n";
const ONE: &str = "udp\n 1: 00000000:0035 00000000:0000 07\ntcp\n 0: 0100007F:0016 00000000:0000 0A\n";

#[tokio::test(start_paused = true)]
async fn a_port_on_which_nothing_listens_any_more_is_red() {
    let ports = "    ports: ['2222:22', '53:53/udp', '9:9']\n";
    let told = Shop::on(swarm().listens(&[TWO, ONE])).with_server([ports, ports]).run().await;
    let Outcome::Failed(finding) = told.outcome("upgrade/listening") else { panic!("{:?}", told.steps()) };
    assert_eq!(finding.cause, Cause::NotServing);
    let said = "nothing listens on port 22/tcp of `app` (port 2222/tcp of the machine), where it did at base";
    assert!(finding.summary.contains(said), "{}", finding.summary);
    let moved = "    ports: ['2222:2022', '53:53/udp']\n";
    let told = Shop::on(swarm().listens(&[TWO, TWO])).with_server([ports, moved]).run().await;
    let Outcome::Failed(finding) = told.outcome("upgrade/listening") else { panic!("{:?}", told.steps()) };
    assert!(finding.summary.contains("nothing listens on port 2022/tcp of `app`"), "{}", finding.summary);
}

#[tokio::test(start_paused = true)]
async fn base_is_given_a_moment_to_begin_to_listen() {
    let ports = "    ports: ['2222:22', '53:53/udp']\n";
    // The first look is that of the install.
    let told = Shop::on(swarm().listens(&[TWO, ONE]).deaf_at_first(4)).with_server([ports, ports]).run().await;
    let Outcome::Failed(finding) = told.outcome("upgrade/listening") else { panic!("{:?}", told.steps()) };
    assert!(finding.summary.contains("nothing listens on port 22/tcp of `app`"), "{}", finding.summary);
}

#[tokio::test(start_paused = true)]
async fn an_edge_is_given_a_moment_to_begin_to_listen() {
    let told = Shop::on(swarm().edge_deaf_at_first(20)).run().await;
    assert!(matches!(told.outcome("install/deploy"), Outcome::Passed { .. }), "{:?}", told.steps());
    let told = Shop::on(swarm().edge_deaf_at_first(usize::MAX)).run().await;
    let Outcome::Unverified(finding) = told.outcome("install/deploy") else { panic!("{:?}", told.steps()) };
    assert!(finding.summary.contains("-edge did not answer within 30 s: Connection refused"), "{}", finding.summary);
}

#[tokio::test(start_paused = true)]
async fn a_port_that_base_was_silent_on_may_stay_silent_and_is_told() {
    let ports = "    ports: ['2222:22', '53:53/udp', '9:9']\n";
    let told = Shop::on(swarm().listens(&["", ONE])).with_server(["", ports]).run().await;
    let Outcome::Passed { note: Some(note) } = told.outcome("install/listening") else { panic!("{:?}", told.steps()) };
    assert_eq!(note, "this version has no such ports");
    assert!(matches!(told.outcome("upgrade/listening"), Outcome::Passed { .. }), "{:?}", told.steps());
    let shop = Shop::on(swarm().listens(&[ONE, ONE])).backed_up(&["backupbot.backup=true"]);
    let told = shop.with_server([ports, ports]).run().await;
    let Outcome::Passed { note: Some(note) } = told.outcome("upgrade/listening") else { panic!("{:?}", told.steps()) };
    assert!(note.starts_with("nothing listens on port 22/tcp of `app`"), "{note}");
    assert!(note.contains("; port 53/udp of `app` (port 53/udp of the machine)"), "{note}");
    assert!(matches!(told.outcome("restore/onto-empty/listening"), Outcome::Passed { .. }), "{:?}", told.steps());
}

#[tokio::test(start_paused = true)]
async fn an_app_that_cannot_find_its_database_any_more_is_red() {
    let (named, unnamed) = ("    environment: [DB_HOST=db]\n", "    environment: [DB_NAME=db]\n");
    let told = Shop::on(swarm()).with_server([named, named]).apart().run().await;
    let Outcome::Failed(finding) = told.outcome("upgrade/moved") else { panic!("{:?}", told.steps()) };
    assert!(
        finding.summary.contains("`app` cannot find `db` any more, which it names in DB_HOST"),
        "{}",
        finding.summary
    );
    // What base did not name, lint tells.
    for servers in [[unnamed, unnamed], [unnamed, named], [named, unnamed]] {
        let told = Shop::on(swarm()).with_server(servers).apart().run().await;
        assert!(matches!(told.outcome("upgrade/moved"), Outcome::Passed { .. }), "{:?}", told.steps());
    }
    let told = Shop::on(swarm()).with_server([named, named]).run().await;
    assert!(matches!(told.outcome("upgrade/moved"), Outcome::Passed { .. }), "{:?}", told.steps());
}

#[tokio::test(start_paused = true)]
async fn a_name_that_no_service_has_any_more_is_red() {
    // What follows the database is its own service, which head calls otherwise.
    let (cache, store) = (
        "  cache:\n    image: cache:1\n    networks: [inside]\n",
        "  store:\n    image: cache:1\n    networks: [inside]\n",
    );
    let named = "    environment: [REDIS_URL=redis://cache:6379]\n";
    let told = Shop::on(swarm()).with_server([named, named]).with_storage([cache, store]).run().await;
    let Outcome::Failed(finding) = told.outcome("upgrade/moved") else { panic!("{:?}", told.steps()) };
    assert!(
        finding
            .summary
            .contains("`app` names `cache` in REDIS_URL, and no service is called so; at base it found `cache` there"),
        "{}",
        finding.summary
    );
    let renamed = "    environment: [REDIS_URL=redis://store:6379]\n";
    let told = Shop::on(swarm()).with_server([named, renamed]).with_storage([cache, store]).run().await;
    assert!(matches!(told.outcome("upgrade/moved"), Outcome::Passed { .. }), "{:?}", told.steps());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_a_restart_of_its_machine_ends_for_good_is_red() {
    let (again, once) = (
        "    healthcheck: {test: [CMD, check]}\n",
        "    healthcheck: {test: [CMD, check]}\n    deploy: {restart_policy: {condition: none}}\n",
    );
    let told = Shop::on(swarm()).with_storage([again, once]).run().await;
    let Outcome::Failed(finding) = told.outcome("upgrade/moved") else { panic!("{:?}", told.steps()) };
    assert!(finding.summary.contains("`db` stays down after the next restart of its machine"), "{}", finding.summary);
    for same in [[again, again], [once, once], [once, again]] {
        let told = Shop::on(swarm()).with_storage(same).run().await;
        assert!(matches!(told.outcome("upgrade/moved"), Outcome::Passed { .. }), "{:?}", told.steps());
    }
}
