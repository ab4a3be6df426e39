//! The proxy through its doors: real sockets, real TLS, real back ends.

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
