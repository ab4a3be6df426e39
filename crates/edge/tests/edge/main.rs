//! The proxy through its doors: real sockets, real TLS, real back ends.

#![expect(clippy::disallowed_methods, reason = "the program is a child of its test")]

#[cfg(test)]
mod back_end;
#[cfg(test)]
mod program;
#[cfg(test)]
mod reload;
#[cfg(test)]
mod routing;
#[cfg(test)]
mod streaming;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod world;
