//! The server against a stand-in forge with real git, and a stand-in for the run that keeps its contract.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod attacks;
#[cfg(test)]
mod backup;
#[cfg(test)]
mod clocks;
#[cfg(test)]
mod forgotten;
#[cfg(test)]
mod house;
#[cfg(test)]
mod interleaved;
#[cfg(test)]
mod killed;
#[cfg(test)]
mod latency;
#[cfg(test)]
mod strangers;
