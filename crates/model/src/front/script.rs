//! Where a script takes a browser, when that is all it does.

/// The objects of a browser whose `location` is that of the page.
const PAGES: [&str; 4] = ["window.", "document.", "self.", "top."];

/// Where a script leads whose first statement is to go elsewhere: `location.href = '/setup'`. What depends on anything, such as a
/// condition or a variable, is not read: only a browser knows it.
pub(super) fn leads_on(script: &str) -> Option<String> {
    let script = script.trim_start();
    let script = PAGES.iter().find_map(|page| script.strip_prefix(page)).unwrap_or(script);
    let rest = script.strip_prefix("location")?;
    let called = [".replace(", ".assign("].iter().find_map(|call| rest.strip_prefix(call));
    let (named, closed) = match called {
        Some(named) => (named, ")"),
        None => (rest.strip_prefix(".href").unwrap_or(rest).trim_start().strip_prefix('=')?, ""),
    };
    let named = named.trim_start();
    let quote = named.chars().next().filter(|quote| ['"', '\'', '`'].contains(quote))?;
    let (to, after) = named.get(1..)?.split_once(quote)?;
    let blanks = [' ', '\t'];
    let after = after.trim_start_matches(blanks).strip_prefix(closed)?.trim_start_matches(blanks);
    let is_whole = after.is_empty() || after.starts_with([';', '\n', '\r', '}']);
    (is_whole && !to.is_empty() && !to.contains(['\\', '$'])).then(|| to.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_that_only_leads_on_is_followed() {
        for script in [
            "location = '/setup'",
            " window.location.href=\"/setup\";",
            "document.location.replace(`/setup`)\nmore()",
            "top.location.assign( '/setup') ;",
        ] {
            assert_eq!(leads_on(script).as_deref(), Some("/setup"), "{script}");
        }
    }

    #[test]
    fn one_that_asks_first_is_not() {
        for script in [
            "if (old) location = '/old'",
            "location == '/a'",
            "location.href = base + '/a'",
            "location = '/a' + query",
            "location.hash = '#a'",
            "location.reload()",
            "location = `/${page}`",
            "location = ''",
            "relocation = '/a'",
            "locations = '/a'",
            "",
        ] {
            assert_eq!(leads_on(script), None, "{script}");
        }
    }
}
