//! The door to a forge, opened to a stand-in that refuses what a forge refuses, and to a real forge when one is named.

#[cfg(test)]
mod contract;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod listing;
#[cfg(test)]
mod real;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod wire;
#[cfg(test)]
mod world;
