//! The front page at base and at head: what is worse at head is a finding, with both answers side by side (APP-1).

use super::{Look, serving};
use crate::pressure::{EasedClock, TimeLimit};
use crate::route::OpenRoute;
use crate::run::conductor::{Answer, Fault, passed};
use crate::run::tools;
use crate::swarm::{Asking, HttpAnswer};
use cc_ci_edge::Mark;
use cc_ci_model::event::Event;
use cc_ci_model::front::{self, Door, FrontEnd, FrontPage, LinkAnswer, Linked, Page, Target, Worse, WorseKind};
use cc_ci_model::ids::Domain;
use cc_ci_model::outcome::{Cause, Finding, Outcome};
use cc_ci_model::plan::demands::Health;
use cc_ci_model::tier::Tier;
use cc_ci_recipe::traefik::{self, Entrance, RouteAddress, TraefikRoute};
use futures_util::future::join_all;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::Instant;

/// How many redirects a browser follows at most.
const HOPS: usize = 20;

/// How often a page that is worse is looked at again until it is well.
const AGAIN: Duration = Duration::from_millis(200);

/// How long another way to base than its front page is waited for: its service may have no health check, so that it has only just
/// begun to listen.
pub(in crate::run) const PATIENCE: Duration = Duration::from_secs(5);

/// So many scripts and style sheets of a page are asked for.
const MOST_NEEDED: usize = 20;

/// Somebody with a browser.
struct Visitor<'a> {
    route: &'a OpenRoute,
    domain: &'a Domain,
    scheme: &'a str,
}

/// The front pages of base as it is now: `/`, the path on which it has to answer, and where each of its other routers answers. What head
/// gives up is none of them: whether it may is the business of the addresses, which are known from the labels.
pub(in crate::run) async fn pages(
    route: &OpenRoute,
    domain: &Domain,
    scheme: &str,
    health: &Health,
    (routes, of_head): (&[TraefikRoute], &[TraefikRoute]),
    clock: &EasedClock,
) -> Vec<FrontPage> {
    let visitor = Visitor { route, domain, scheme };
    let front = BTreeSet::from(["/", health.path.as_str()]);
    let given_up: BTreeSet<_> = traefik::dropped(routes, of_head).into_iter().map(|dropped| dropped.address).collect();
    let kept = |entrance: &Entrance| !given_up.contains(&RouteAddress::Host(entrance.host.clone()));
    let side = traefik::entrances(routes).into_iter().filter(kept);
    let side = side.filter_map(|entrance| side_door(entrance, domain, &front));
    let doors: Vec<Door> = front.iter().map(|path| Door::Front((*path).to_owned())).chain(side).collect();
    let limit = clock.limit(PATIENCE);
    let mut pages = Vec::new();
    for door in &doors {
        let mut page = visitor.visit(door).await;
        // The front page answered before anything else was done.
        let is_side = match door {
            Door::Side { .. } => true,
            Door::Front(_) => false,
        };
        while is_side && !page.is_well(&health.statuses) && !limit.is_over() {
            tokio::time::sleep(AGAIN).await;
            page = visitor.visit(door).await;
        }
        pages.push(page);
    }
    pages
}

/// The door of another router; `None` for the front, and for a host that the run's certificate does not name.
fn side_door(Entrance { host, path }: Entrance, domain: &Domain, front: &BTreeSet<&str>) -> Option<Door> {
    let domain = domain.as_str();
    if host == domain {
        return (!front.contains(path.as_str())).then_some(Door::Side { host: None, path });
    }
    let label = host.strip_suffix(domain)?.strip_suffix('.')?;
    (!label.contains('.')).then_some(Door::Side { host: Some(host), path })
}

/// Compares the front pages of an app that `answered` with base's. One that is worse is looked at again until it has settled, and at
/// most until `limit` is over, which is the time that the app has to serve.
pub(in crate::run) async fn check(
    look: &Look<'_>,
    answered: Answer<()>,
    limit: TimeLimit<'_>,
) -> Result<Answer<()>, Fault> {
    let Some(served) = answered.seen() else { return Ok(answered) };
    let whole = Duration::from_secs(look.plan.limits.serving);
    let route = look.tools.route.as_ref().ok_or_else(|| Fault::harness("the route was never opened"))?;
    let health = &look.plan.demands.health;
    let scheme = tools::scheme_at(look.plan, look.app, Tier::Upgrade);
    let visitor = Visitor { route, domain: &look.plan.domain, scheme };
    let mut last = (String::new(), look.clock.limit(whole));
    loop {
        let mut notes = vec![served.clone()];
        let mut found = None;
        for base in &look.tools.front {
            let head = visitor.visit(&base.door).await;
            notes.extend(note(base, &head).into_iter().chain(base.slower_at(&head)));
            notes.extend(base.incomparable(&health.statuses));
            if let Some(worse) = base.worse_at(&head, &health.statuses)
                && !declared(&worse, &head, health)
            {
                found = found.or(Some((base, head, worse)));
            }
        }
        let Some((base, head, worse)) = found else { return Ok(passed(notes.join("; ")).into()) };
        if worse.summary != last.0 {
            let (step, seconds) = (look.step.clone(), look.plan.limits.serving);
            look.voice.say(Event::Waiting { step, on: worse.summary.clone(), limit: seconds });
            last = (worse.summary.clone(), look.clock.limit(whole));
        }
        let settled = head.settles(&worse).is_some_and(|time| last.1.has_lasted(serving::last_word(time, whole)));
        if settled || limit.is_over() || look.cancel.is_cancelled() {
            return Ok(Outcome::Failed(finding(base, &head, worse)).into());
        }
        tokio::time::sleep(AGAIN).await;
    }
}

fn declared(worse: &Worse, head: &FrontPage, health: &Health) -> bool {
    match worse.kind {
        WorseKind::Broken | WorseKind::OnItsWay => false,
        WorseKind::Changed => health.upgrade.as_ref().is_some_and(|text| head.shows(text)),
    }
}

fn finding(base: &FrontPage, head: &FrontPage, worse: Worse) -> Finding {
    let mut details = vec![format!("at base: {}", base.words()), format!("at head: {}", head.words())];
    details.extend(match worse.kind {
        WorseKind::Broken | WorseKind::OnItsWay => None,
        WorseKind::Changed => Some(
            "if this is meant to be: say with `health.upgrade` in `tests/ci.toml` what the new page shows".to_owned(),
        ),
    });
    Finding::new(Cause::NotServing, worse.summary).with_details(details)
}

/// What a reader may want to know of a page that changed.
fn note(base: &FrontPage, head: &FrontPage) -> Option<String> {
    let (before, now) = (base.words(), head.words());
    (before != now).then(|| format!("{now} (at base {before})"))
}

impl Visitor<'_> {
    /// Opens a page and follows its redirects.
    async fn visit(&self, door: &Door) -> FrontPage {
        let began = Instant::now();
        let host = door.host().unwrap_or(self.domain.as_str());
        let mut redirects = Vec::new();
        let mut cookies = BTreeMap::new();
        let mut seen = BTreeSet::new();
        let mut at = door.path().to_owned();
        let end = loop {
            let jar = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
            // The same page with another cookie may lead on.
            if !seen.insert((at.clone(), jar.clone())) || redirects.len() > HOPS {
                break FrontEnd::Circle;
            }
            let asking = Asking::of(self.scheme, host, &at).reading(front::READ).browsing(jar);
            let (status, headers, body) = match self.route.asked(&asking).await {
                HttpAnswer::App { status, headers, body } => (status, headers, body),
                HttpAnswer::Edge { mark: Some(Mark::NoRoute), reason: why, .. } => break FrontEnd::Unrouted { why },
                HttpAnswer::Edge { reason: why, .. } | HttpAnswer::None { why } => break FrontEnd::Nothing { why },
            };
            cookies.extend(headers.cookies.iter().filter_map(|one| one.split_once('=')).map(owned));
            let (location, target) = match headers.location.as_ref().filter(|_| (300..400).contains(&status)) {
                Some(location) => (location.clone(), Target::of(location, host, &at)),
                None => {
                    let end = end(status, &headers, &body);
                    match leads_on(&end, host, &at) {
                        None => break end,
                        Some(on) => on,
                    }
                }
            };
            redirects.push(location);
            match target {
                Target::Here(path) => at = path,
                Target::Elsewhere => break FrontEnd::Elsewhere,
                Target::Nowhere(why) => break FrontEnd::Nowhere { why },
            }
        };
        let took = began.elapsed();
        let (missing, links) = self.behind(&end, door, host, &at).await;
        FrontPage { door: door.clone(), redirects, end, took, missing, links }
    }

    /// What a front page needs and does not get, and what it links to.
    async fn behind(&self, end: &FrontEnd, door: &Door, host: &str, at: &str) -> (Vec<String>, Vec<Linked>) {
        match (end.page(), door) {
            (Some(page), Door::Front(_)) => tokio::join!(self.missing(page, host, at), self.linked(page, host, at)),
            (Some(_), Door::Side { .. }) | (None, Door::Front(_) | Door::Side { .. }) => (Vec::new(), Vec::new()),
        }
    }

    /// What a page at `at` needs of the app itself, and does not get.
    async fn missing(&self, page: &Page, host: &str, at: &str) -> Vec<String> {
        let (mut own, mut nowhere) = (BTreeSet::new(), Vec::new());
        for needed in &page.needs {
            let target = page.target(needed, host, at);
            nowhere.extend(target.slip().map(|why| format!("{needed}: {why}")));
            match target {
                Target::Here(path) if own.len() < MOST_NEEDED => drop(own.insert(path)),
                Target::Here(_) | Target::Elsewhere | Target::Nowhere(_) => {}
            }
        }
        let asked = own.iter().map(|path| async move { Some(format!("{path}: {}", self.lacking(host, path).await?)) });
        let lacking = join_all(asked).await.into_iter().flatten();
        // Browsers ask for nothing over plain HTTP that could change a page which came over TLS (Mixed Content, W3C).
        let plain = page.plain.iter().filter(|_| self.scheme == "https");
        let plain = plain.map(|needed| format!("{needed}: plain HTTP, from a page over TLS"));
        let forbidden = page.forbidden(host, at).into_iter();
        let forbidden = forbidden.map(|what| format!("its {what}: its own Content-Security-Policy forbids them"));
        plain.chain(nowhere).chain(forbidden).chain(lacking).collect()
    }

    /// What the pages answer that a page at `at` links to.
    async fn linked(&self, page: &Page, host: &str, at: &str) -> Vec<Linked> {
        let asked = Linked::paths(page, host, at).into_iter().map(|path| async move {
            let asking = Asking::of(self.scheme, host, &path).reading(1).browsing(String::new());
            let answer = match self.route.asked(&asking).await {
                HttpAnswer::App { status, .. } => LinkAnswer::Status(status),
                HttpAnswer::Edge { reason: why, .. } | HttpAnswer::None { why } => LinkAnswer::Nothing { why },
            };
            Linked { path, answer }
        });
        join_all(asked).await.into_iter().chain(Linked::nowhere(page, host, at)).collect()
    }

    /// What comes in place of a script or a style sheet, in words. An app of one page answers with that page what it does not have.
    async fn lacking(&self, host: &str, path: &str) -> Option<String> {
        let asking = Asking::of(self.scheme, host, path).reading(1).browsing(String::new());
        match self.route.asked(&asking).await {
            HttpAnswer::App { status, .. } if status >= 400 => Some(format!("status {status}")),
            HttpAnswer::App { status, headers, .. } => {
                let kind = headers.content_type.unwrap_or_default().to_ascii_lowercase();
                (status < 300 && kind.starts_with("text/html")).then(|| "a page in its place".to_owned())
            }
            HttpAnswer::Edge { reason: why, .. } | HttpAnswer::None { why } => Some(why),
        }
    }
}

fn owned((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// Where a page at `at` of `host` leads on by itself, as it names it and as a browser takes that.
fn leads_on(end: &FrontEnd, host: &str, at: &str) -> Option<(String, Target)> {
    let page = end.page()?;
    let to = page.refresh.clone()?;
    let target = page.target(&to, host, at);
    // A page that loads itself again stays where it is.
    (target != Target::Here(at.to_owned())).then_some((to, target))
}

fn end(status: u16, headers: &crate::swarm::AnswerHeaders, body: &[u8]) -> FrontEnd {
    let answer = front::FrontAnswer {
        status,
        content_type: headers.content_type.as_deref(),
        disposition: headers.disposition.as_deref(),
        encoding: headers.encoding.as_deref(),
        policy: headers.policy.as_deref(),
        body,
    };
    match Page::read(answer) {
        Ok(page) => FrontEnd::Page(Box::new(page)),
        Err(why) => FrontEnd::Nothing { why },
    }
}
