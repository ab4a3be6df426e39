//! How many look on at once: a stream is held open for as long as somebody looks, so there is a limit.

use axum::http::HeaderMap;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// The most at once.
pub(crate) const MOST: usize = 200;

/// The most of one address.
pub(crate) const PER_ADDRESS: usize = 10;

/// Who looks on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Onlookers {
    by_address: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// A place among the onlookers, given up when it is dropped.
#[derive(Debug)]
pub(crate) struct Onlooker {
    all: Onlookers,
    address: IpAddr,
}

impl Onlookers {
    /// Takes a place; `None` when there is none left.
    pub(crate) fn join(&self, address: IpAddr) -> Option<Onlooker> {
        let address = neighbourhood(address);
        let mut by_address = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        let full = by_address.values().sum::<usize>() >= MOST;
        let own = by_address.get(&address).copied().unwrap_or(0);
        if full || own >= PER_ADDRESS {
            return None;
        }
        by_address.insert(address, own + 1);
        Some(Onlooker { all: self.clone(), address })
    }
}

impl Drop for Onlooker {
    fn drop(&mut self) {
        let mut by_address = self.all.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        match by_address.get_mut(&self.address) {
            Some(count) if *count > 1 => *count -= 1,
            Some(_) | None => drop(by_address.remove(&self.address)),
        }
    }
}

/// Whoever has one address of version 6 has 2^64 of them: they count as one.
fn neighbourhood(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(six) => six
            .to_ipv4_mapped()
            .map_or_else(|| IpAddr::V6(Ipv6Addr::from_bits(six.to_bits() & (u128::MAX << 64))), IpAddr::V4),
    }
}

/// Who asks: the peer, or whom a reverse proxy that is believed names last. What stands in front of that name was written by
/// whoever asked.
pub(crate) fn asker(peer: IpAddr, headers: &HeaderMap, proxies: &[IpAddr]) -> IpAddr {
    if !proxies.contains(&peer) {
        return peer;
    }
    let named = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let names: Vec<IpAddr> =
        named.flat_map(|names| names.split(',')).filter_map(|name| name.trim().parse().ok()).collect();
    names.into_iter().rev().find(|name| !proxies.contains(name)).unwrap_or(peer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn places_are_few_for_one_and_more_for_all_and_come_back() {
        let onlookers = Onlookers::default();
        let one: Vec<Onlooker> = (0..PER_ADDRESS).map(|_| onlookers.join(address("192.0.2.1")).unwrap()).collect();
        assert!(
            onlookers.join(address("192.0.2.1")).is_none() && onlookers.join(address("::ffff:192.0.2.1")).is_none()
        );
        let others = (0..MOST - PER_ADDRESS).map(|at| onlookers.join(address(&format!("198.51.100.{}", at % 200))));
        let others: Vec<Onlooker> = others.map(Option::unwrap).collect();
        assert!(onlookers.join(address("203.0.113.1")).is_none(), "all places are taken");
        drop((one, others));
        assert!(onlookers.by_address.lock().unwrap().is_empty());
        let six: Vec<_> = (0..=PER_ADDRESS).map(|at| onlookers.join(address(&format!("2001:db8::{at}")))).collect();
        assert!(six[PER_ADDRESS - 1].is_some() && six[PER_ADDRESS].is_none(), "one network is one onlooker");
    }

    #[test]
    fn only_a_proxy_that_is_believed_says_who_asks() {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", "198.51.100.66, 198.51.100.7, 192.0.2.2".parse().unwrap());
        let proxies = [address("192.0.2.1"), address("192.0.2.2")];
        assert_eq!(asker(address("192.0.2.1"), &headers, &proxies), address("198.51.100.7"));
        assert_eq!(asker(address("203.0.113.5"), &headers, &proxies), address("203.0.113.5"), "a stranger's word");
        assert_eq!(asker(address("192.0.2.1"), &HeaderMap::new(), &proxies), address("192.0.2.1"));
    }
}
