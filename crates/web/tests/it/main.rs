//! The pages, asked as a browser asks them, over state folders that are made for each test.

#[cfg(test)]
mod browser;
#[cfg(test)]
mod health;
