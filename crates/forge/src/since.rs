//! What was commented since a time: pages, and a cursor that loses nothing.
//!
//! The forge filters by `updated_at`, inclusively and in whole seconds, and sorts by creation. The cursor is therefore the
//! newest `updated_at` that was seen, asked for with an overlap, and comments are told apart by their ids alone.

use crate::call::ForgeCall;
use crate::comments::{Comment, RawComment};
use crate::door::{Answer, Question};
use crate::error::{ForgeError, ForgeFault};
use crate::forge::Forge;
use crate::names::{CommentId, RepoName};
use crate::room;
use crate::time::{Cursor, ForgeTime};
use chrono::TimeDelta;
use std::collections::BTreeSet;

/// How far before the cursor a list begins: a comment has its time before others can see it.
const OVERLAP: TimeDelta = TimeDelta::seconds(60);

/// How far a list goes back when the forge's clock was put back: what was written since then lies somewhere before its present.
const PUT_BACK: TimeDelta = TimeDelta::days(1);

/// So many entries are asked for at once; a forge may give fewer. Whoever may comment can make fifty long ones, and must not hide
/// what others write: a page that is too long is asked for in shorter ones.
const PAGES: [&str; 3] = ["50", "5", "1"];

/// No more of a text is kept of a list, in bytes: a long page has to be forgotten, however many follow it.
const BODY: usize = 4 << 10;

/// After so many pages a call may end, and says that there is more.
const ENOUGH: u32 = 20;

/// So many pages are no list that a person wrote.
const ENDLESS: u32 = 400;

/// What was commented or changed since a cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comments {
    /// The comments in the order in which they were written; those near the cursor are among them again.
    pub list: Vec<Comment>,
    /// Where to go on, once all of the list is kept.
    pub cursor: Cursor,
    /// Whether that was all.
    pub completeness: Completeness,
    /// What the forge's clock showed meanwhile, when it says so.
    pub date: Option<ForgeTime>,
}

/// Whether a list has everything up to its cursor and the forge nothing after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// Nothing more was there.
    Whole,
    /// Ask again at once, from the new cursor.
    More,
}

/// Pages that were read so far.
#[derive(Debug, Default)]
struct Gathered {
    seen: BTreeSet<CommentId>,
    list: Vec<Comment>,
    /// How many the forge said there are, on the first page and on the last one.
    total: Option<(usize, usize)>,
    date: Option<ForgeTime>,
}

/// What a further page came to.
#[derive(Debug, PartialEq, Eq)]
enum Page {
    /// That was all.
    Last,
    /// There may be more.
    Further,
}

impl Gathered {
    fn take(&mut self, answer: &Answer, page: Vec<Comment>) -> Page {
        let before = self.list.len();
        let new = page.into_iter().filter(|comment| self.seen.insert(comment.id.clone()));
        self.list.extend(new);
        self.date = answer.date().or(self.date);
        let now = answer.total();
        self.total = now.map(|now| (self.total.map_or(now, |(first, _)| first), now));
        // Forges that know no pages give the same list again.
        let nothing_new = self.list.len() == before;
        let all = now.is_some_and(|now| self.seen.len() >= now);
        if nothing_new || all { Page::Last } else { Page::Further }
    }

    /// Whether entries moved to pages that were read already: somebody deleted a comment in between.
    fn shifted(&self) -> bool {
        self.total.is_some_and(|(first, last)| last < first)
    }

    /// Every comment that was not read yet is younger than this.
    fn last_written(&self) -> Option<ForgeTime> {
        self.list.iter().map(|comment| comment.written).max()
    }

    /// The result when nothing is left to read.
    fn whole(self, from: Cursor, since: ForgeTime) -> Comments {
        let newest = self.list.iter().map(|comment| comment.updated).max();
        let cursor = newest.map_or(from.0, |newest| newest.max(from.0));
        // A forge whose clock was put back gives times below the cursor from then on.
        let cursor = self.date.map_or(cursor, |now| cursor.min(now));
        let jumped = cursor < since;
        let cursor = if jumped { cursor.earlier(PUT_BACK) } else { cursor };
        let completeness = if self.shifted() || jumped { Completeness::More } else { Completeness::Whole };
        let cursor = if self.shifted() { cursor.min(from.0) } else { cursor };
        Comments { list: self.list, cursor: Cursor(cursor), completeness, date: self.date }
    }
}

impl Forge {
    /// What was commented or changed in a repository since the cursor, edits and issues with it.
    /// Texts that are longer than any that could be meant for us are cut, and end with `…`.
    pub async fn comments_since(&self, repo: &RepoName, cursor: &Cursor) -> Result<Comments, ForgeError> {
        let [first, shorter @ ..] = PAGES;
        let mut read = self.read_since(repo, cursor, first).await;
        for size in shorter {
            match &read {
                Err(error) if matches!(error.fault, ForgeFault::TooLong(_)) => {}
                Ok(_) | Err(_) => break,
            }
            read = self.read_since(repo, cursor, size).await;
        }
        read
    }

    async fn read_since(&self, repo: &RepoName, cursor: &Cursor, size: &str) -> Result<Comments, ForgeError> {
        let own = self.own().await?;
        let call = ForgeCall::CommentsSince(repo.clone());
        let since = cursor.0.earlier(OVERLAP);
        let mut gathered = Gathered::default();
        for number in 1..=ENDLESS {
            let answer = self.ask_page(&call, repo, since, (number, size)).await?;
            let raw: Vec<RawComment> = answer.json().map_err(|fault| ForgeError::new(call.clone(), fault))?;
            let page = raw.into_iter().map(|raw| cut(raw.comment(own))).collect();
            if gathered.take(&answer, page) == Page::Last {
                return Ok(gathered.whole(*cursor, since));
            }
            let reached = gathered.last_written().filter(|reached| number >= ENOUGH && *reached > cursor.0);
            if let Some(reached) = reached {
                let (list, date, completeness) = (gathered.list, gathered.date, Completeness::More);
                return Ok(Comments { list, cursor: Cursor(reached), completeness, date });
            }
        }
        Err(ForgeError::new(call, ForgeFault::Endless(ENDLESS)))
    }

    async fn ask_page(
        &self,
        call: &ForgeCall,
        repo: &RepoName,
        since: ForgeTime,
        (number, size): (u32, &str),
    ) -> Result<Answer, ForgeError> {
        let (since, number) = (since.to_string(), number.to_string());
        let path = ["repos", repo.owner(), repo.name(), "issues", "comments"];
        let query = [("since", since.as_str()), ("limit", size), ("page", &number)];
        let question = Question { query: &query, ..Question::get(&path, room::LIST) };
        let answer = self.ask(call, question).await?;
        if answer.status == 200 { Ok(answer) } else { Err(ForgeError::new(call.clone(), answer.fault())) }
    }
}

/// A comment whose text is not longer than what is kept.
fn cut(mut comment: Comment) -> Comment {
    if comment.body.len() > BODY {
        let end = comment.body.floor_char_boundary(BODY);
        comment.body.truncate(end);
        comment.body.push('…');
        comment.body.shrink_to_fit();
    }
    comment
}

#[cfg(test)]
mod tests {
    use super::{Completeness, Gathered, PUT_BACK};
    use crate::author::Author;
    use crate::comments::{Comment, Thread};
    use crate::time::{Cursor, ForgeTime};

    fn at(second: u32) -> ForgeTime {
        format!("2026-11-28T14:{:02}:{:02}Z", second / 60, second % 60).parse().unwrap()
    }

    /// The list of one comment that was changed at a second, and of what was said beside it.
    fn read(updated: u32, date: Option<u32>, total: Option<(usize, usize)>) -> Gathered {
        let id = "1".parse().unwrap();
        let (written, updated) = (at(0), at(updated));
        let comment =
            Comment { id, thread: Thread::Elsewhere, author: Author::Ghost, body: String::new(), written, updated };
        Gathered { list: vec![comment], date: date.map(at), total, ..Gathered::default() }
    }

    fn check(gathered: Gathered, from: u32, expected: u32, completeness: Completeness) {
        check_time(gathered, from, at(expected), completeness);
    }

    fn check_time(gathered: Gathered, from: u32, expected: ForgeTime, completeness: Completeness) {
        let found = gathered.whole(Cursor(at(from)), at(from.saturating_sub(60)));
        assert_eq!((found.cursor.0, found.completeness), (expected, completeness));
    }

    #[test]
    fn the_cursor_goes_to_the_newest_change() {
        check(read(200, None, None), 100, 200, Completeness::Whole);
        check(read(200, Some(201), Some((1, 1))), 100, 200, Completeness::Whole);
        check(read(90, Some(201), None), 100, 100, Completeness::Whole);
    }

    #[test]
    fn a_clock_that_was_put_back_is_followed() {
        check(read(200, Some(150), None), 100, 150, Completeness::Whole);
        // So far back that the question began after the forge's present: whatever was written since is asked for again, also what
        // was written while nobody looked.
        check_time(read(200, Some(100), None), 200, at(100).earlier(PUT_BACK), Completeness::More);
        check(read(200, Some(160), None), 200, 160, Completeness::Whole);
    }

    #[test]
    fn the_cursor_stays_when_pages_shifted() {
        check(read(200, None, Some((80, 79))), 100, 100, Completeness::More);
        check(read(200, None, Some((80, 81))), 100, 200, Completeness::Whole);
    }
}
