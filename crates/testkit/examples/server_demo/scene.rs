//! One comment, and what has to come of it.

use cc_ci_testkit::served::{MEMBER, Offered, Served};
use std::error::Error;
use std::time::{Duration, Instant};

/// The first answer comes this soon.
const FIRST: Duration = Duration::from_secs(5);

/// A run, with all that may go before it.
const RUN: Duration = Duration::from_secs(15 * 60);

/// What has to come of a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// Green, level 5, with a card, and a status that lets it be merged.
    Green,
    /// Red, and the lost rows are said before anything else.
    LostRows,
}

/// One line of what happens.
pub(crate) fn say(what: &str, text: &str) {
    println!("{what:9} {text}");
}

/// Comments `!testme`, follows the answer to its end, and holds it against what is expected.
pub(crate) async fn play(
    served: &Served,
    offered: &Offered,
    page: &str,
    expected: Expected,
) -> Result<(), Box<dyn Error>> {
    println!();
    say("comment", &format!("{MEMBER} writes !testme on {page}"));
    let began = Instant::now();
    served.forge.comment(&offered.repo, offered.pull, MEMBER, "!testme");
    served.until_said(offered, FIRST, |_| {}, |said| !said.is_empty()).await?;
    let first = began.elapsed();
    let tell = |said: &str| {
        if let Some(line) = said.lines().find(|line| !line.is_empty() && !line.starts_with("<!--")) {
            say(&format!("{:.1} s", began.elapsed().as_secs_f64()), line);
        }
    };
    let ended = |said: &str| ["✅", "❌", "⚠️", "⏹️"].iter().any(|mark| said.contains(mark));
    let said = served.until_said(offered, RUN, tell, ended).await?;
    let (words, status) = match expected {
        Expected::Green => (&["✅", "level 5 of 5", "card.png"][..], "success"),
        Expected::LostRows => (&["❌", "rows in PostgreSQL database miniflux", "blame: **recipe**"][..], "failure"),
    };
    let missing: Vec<_> = words.iter().filter(|word| !said.contains(**word)).collect();
    if !missing.is_empty() {
        return Err(format!("the answer lacks {missing:?}:\n{said}").into());
    }
    let place = |word: &str| said.find(word).unwrap_or(usize::MAX);
    if expected == Expected::LostRows && place("- ") > place("| tier |") {
        return Err(format!("what was lost is not said first:\n{said}").into());
    }
    served.until_status(offered, "cc-ci/testme", status).await?;
    say("status", &format!("cc-ci/testme is {status} on {}", offered.sha));
    if served.said(offered).len() != 1 {
        return Err("there is more than one answer".into());
    }
    picture(served, &said).await?;
    say(
        "answer",
        &format!("first after {:.1} s, whole after {:.0} s", first.as_secs_f64(), began.elapsed().as_secs_f64()),
    );
    Ok(())
}

/// The card that the answer shows can be had.
async fn picture(served: &Served, said: &str) -> Result<(), Box<dyn Error>> {
    let at = format!("]({}", served.address());
    let card = said.split(&at).filter_map(|rest| rest.split(')').next()).find(|path| path.ends_with("/card.png"));
    let path = card.ok_or("the answer has no card")?;
    let (status, kind, picture) = served.get(path).await?;
    if status != 200 || kind != "image/png" || !picture.starts_with(b"\x89PNG") {
        return Err(format!("{path} is no picture: {status}, {kind}").into());
    }
    say("card", &format!("{}{path}, {} bytes", served.address(), picture.len()));
    Ok(())
}
