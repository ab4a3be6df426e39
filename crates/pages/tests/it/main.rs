//! Pages and pictures of whole runs, told as stories: what they say, and what hostile text cannot do to them.

#[cfg(test)]
mod card;
#[cfg(test)]
mod comment;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod page;
#[cfg(test)]
mod runs;
#[cfg(test)]
#[path = "../../../model/tests/it/series_story.rs"]
mod series_story;
#[cfg(test)]
mod soak;
#[cfg(test)]
#[expect(dead_code, reason = "other tests tell more stories")]
#[path = "../../../model/tests/it/story.rs"]
mod story;
mod sweep;
#[cfg(test)]
mod upgrades;
