//! Records and run folders, through the crate's door.

#[cfg(test)]
mod folders;
#[cfg(test)]
mod junit;
#[cfg(test)]
mod killed;
#[cfg(test)]
mod records;
#[cfg(test)]
mod stored;
#[cfg(test)]
#[path = "../../../model/tests/it/story.rs"]
mod story;
