//! The pages, asked as a browser asks them, over state folders that are made for each test.

#[cfg(test)]
mod api;
#[cfg(test)]
mod boards;
#[cfg(test)]
mod browser;
#[cfg(test)]
mod files;
#[cfg(test)]
mod gate;
#[cfg(test)]
mod health;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod live;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod planted;
