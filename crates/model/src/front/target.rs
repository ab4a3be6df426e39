//! Where a redirect leads.

/// Names that nobody but their owner can have meant: they are reserved for examples.
const RESERVED: [&str; 5] = ["example.com", "example.org", "example.net", "example", "invalid"];

/// Where a redirect leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// To a path of the app, which begins with `/`.
    Here(String),
    /// To another site.
    Elsewhere,
    /// To where no browser gets.
    Nowhere(&'static str),
}

impl Target {
    /// Why nobody gets to a name that is reserved for examples.
    const OF_EXAMPLES: &'static str = "a name that is reserved for examples";

    /// Reads a `Location` that came with the answer on `path` of `domain`, as a browser does.
    #[must_use]
    pub fn of(location: &str, domain: &str, path: &str) -> Self {
        let location = location.trim().split('#').next().unwrap_or_default();
        let lower = location.to_ascii_lowercase();
        let scheme = ["https:", "http:"].into_iter().find(|scheme| lower.starts_with(scheme));
        let rest = &location[scheme.map_or(0, str::len)..];
        if let Some(rest) = rest.strip_prefix("//") {
            let (host, below) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
            return Self::of_host(host, domain, below);
        }
        if scheme.is_some() || lower.split(['/', '?']).next().is_some_and(|first| first.contains(':')) {
            return Self::Elsewhere;
        }
        Self::Here(joined(path, location))
    }

    /// Why nobody gets there with a browser, if it is for a slip of the app: what a text names for example is none.
    #[must_use]
    pub fn slip(&self) -> Option<&'static str> {
        match self {
            Self::Nowhere(why) if *why != Self::OF_EXAMPLES => Some(why),
            Self::Nowhere(_) | Self::Here(_) | Self::Elsewhere => None,
        }
    }

    /// Whether an address names a host, or another way than HTTP, so that it means the same wherever it stands.
    pub(super) fn names_host(address: &str) -> bool {
        let address = address.trim();
        address.starts_with("//") || address.split(['/', '?', '#']).next().is_some_and(|first| first.contains(':'))
    }

    fn of_host(host: &str, domain: &str, below: &str) -> Self {
        let host = host.rsplit('@').next().unwrap_or(host).to_ascii_lowercase();
        let bare = host.strip_suffix(":443").or_else(|| host.strip_suffix(":80")).unwrap_or(&host);
        if bare == domain.to_ascii_lowercase() {
            return Self::Here(joined("/", if below.is_empty() { "/" } else { below }));
        }
        let (name, port) = match bare.rsplit_once(':') {
            Some((name, port)) if !name.ends_with(':') => (name, Some(port)),
            Some(_) | None => (bare, None),
        };
        if name == domain.to_ascii_lowercase() && port.is_some() {
            return Self::Nowhere("a port that the proxy does not serve");
        }
        let below_ours = name.ends_with(&format!(".{}", domain.to_ascii_lowercase()));
        let address = name.starts_with('[') || name.chars().all(|c| c.is_ascii_digit() || c == '.');
        let reserved = RESERVED.iter().any(|one| name == *one || name.ends_with(&format!(".{one}")));
        match () {
            () if below_ours => Self::Elsewhere,
            () if reserved => Self::Nowhere(Self::OF_EXAMPLES),
            () if name == "localhost" || name.ends_with(".localhost") => Self::Nowhere("the machine of whoever looks"),
            () if address => Self::Nowhere("an address in place of the app's domain"),
            () if !name.contains('.') => Self::Nowhere("a name that is known inside the stack alone"),
            () => Self::Elsewhere,
        }
    }
}

/// A path as a browser joins it to that of the page it stands on.
fn joined(path: &str, to: &str) -> String {
    let page = path.split('?').next().unwrap_or_default();
    if to.is_empty() {
        return path.to_owned();
    }
    if to.starts_with('?') {
        return format!("{page}{to}");
    }
    let (to, query) = to.split_at(to.find('?').unwrap_or(to.len()));
    let whole = match to.starts_with('/') {
        true => to.to_owned(),
        false => format!("{}/{to}", page.rsplit_once('/').map_or("", |(folder, _)| folder)),
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/').skip(1) {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}{query}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_leads_where_a_browser_goes() {
        let here = |path: &str| Target::Here(path.to_owned());
        for (location, expected) in [
            ("/login", here("/login")),
            ("login?next=/x", here("/app/login?next=/x")),
            ("../", here("/")),
            ("?lang=en", here("/app/index.php?lang=en")),
            ("", here("/app/index.php?a=1")),
            ("https://Shop.cc-ci.test/login#top", here("/login")),
            ("//shop.cc-ci.test", here("/")),
            ("http://shop.cc-ci.test:80?x=1", here("/?x=1")),
            ("https://login.coop/", Target::Elsewhere),
            ("tel:123", Target::Elsewhere),
            ("https://admin.shop.cc-ci.test/", Target::Elsewhere),
            ("https://shop.cc-ci.test:8080/", Target::Nowhere("a port that the proxy does not serve")),
            ("http://app:3000/login", Target::Nowhere("a name that is known inside the stack alone")),
            ("http://0.0.0.0:8080", Target::Nowhere("an address in place of the app's domain")),
            ("http://[::1]:8080/", Target::Nowhere("an address in place of the app's domain")),
            ("https://wiki.example.com/", Target::Nowhere(Target::OF_EXAMPLES)),
            ("http://localhost:3000/", Target::Nowhere("the machine of whoever looks")),
        ] {
            assert_eq!(Target::of(location, "shop.cc-ci.test", "/app/index.php?a=1"), expected, "{location}");
        }
    }
}
