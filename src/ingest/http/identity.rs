//! Who asks: the name and e-mail address that some sources require, and what the others are told.
//!
//! May use `error` and `ingest`'s request. Never gives the name to a source that does not ask.

use crate::error::{Error, Result};
use crate::ingest::{Identity, Request};

/// How to say who you are.
pub(super) const HINT: &str =
    "set `--user-agent \"Name name@example.org\"` or the variable `CHIPCAST_USER_AGENT`";
/// What hosts that do not ask for a name are told.
const ANONYMOUS: &str = concat!("chipcast/", env!("CARGO_PKG_VERSION"));

/// What a request says about who asks.
pub(super) fn of<'a>(request: &Request, name: Option<&'a str>) -> Result<&'a str> {
    match (request.identity, name) {
        (Identity::NotAsked, _) => Ok(ANONYMOUS),
        (Identity::Required, Some(name)) => Ok(name),
        (Identity::Required, None) => Err(Error::fetch(format!(
            "`{}` answers only callers who say who they are; no name was given",
            request.url
        ))
        .hint(HINT)),
    }
}

/// A name and an e-mail address, as SEC asks for.
pub(super) fn check(user_agent: &str) -> Result<String> {
    let user_agent = user_agent.trim();
    let is_address = |word: &str| {
        let word = word.trim_matches(|c| matches!(c, '(' | ')' | '<' | '>' | ',' | ';'));
        word.split_once('@').is_some_and(|(local, domain)| {
            let named = !local.is_empty() && !domain.contains('@');
            named && domain.split('.').count() > 1 && domain.split('.').all(|part| !part.is_empty())
        })
    };
    let words: Vec<_> = user_agent.split_whitespace().collect();
    let is_printable = user_agent.bytes().all(|b| b == b' ' || b.is_ascii_graphic());
    if is_printable && words.len() > 1 && words.iter().any(|word| is_address(word)) {
        return Ok(user_agent.to_owned());
    }
    let shown: String = user_agent.escape_default().take(60).collect();
    Err(Error::invalid(format!(
        "user agent `{shown}` does not say who you are; needed a name and an e-mail address \
         in ASCII"
    ))
    .hint(HINT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_has_a_name_and_an_address() {
        for good in ["Ada Lovelace ada@example.org", "Chipcast/1.0 (ada@example.org)"] {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in
            ["", "Ada", "ada@example.org", "Ada ada@", "Ada ada@org", "Ada a@b..c", "A\nb@c.d x"]
        {
            let error = check(bad).expect_err(bad);
            assert!(error.advice().is_some_and(|hint| hint.contains("--user-agent")));
        }
    }
}
