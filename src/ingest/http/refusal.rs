//! Answers that are not what was asked for: refusals, errors, and pages for people where data were
//! due. Each becomes an error that says what to do, or a failure that another try can mend.
//!
//! May use `error`, `ingest`'s request, and its sibling files. Pure: reads what it is given.

use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{StatusCode, Url};

use super::identity;
use super::retry::{Failure, retry_after};
use crate::error::Error;
use crate::ingest::Identity;

/// Bytes of a page that are looked at.
pub(super) const PAGE_BYTES: usize = 16 << 10;
/// Endings of a URL behind which no page for people is due.
const DATA_ENDINGS: [&str; 4] = [".json", ".csv", ".zip", ".xlsx"];
/// Characters of a page's title that are shown.
const TITLE_CHARS: usize = 80;

/// What the words of a page say, whatever its status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Page {
    /// SEC does not know who asks.
    Undeclared,
    /// SEC was asked too often.
    TooOften,
    /// Anything else.
    Other,
}

impl Page {
    /// SEC's page for callers without a name has the other's title, so that its heading comes first.
    fn of(text: &str) -> Self {
        let text = text.to_ascii_lowercase();
        let says = |words: &str| text.contains(words);
        if says("originates from an undeclared automated tool") {
            Self::Undeclared
        } else if says("rate threshold exceeded")
            || (says("exceeded the") && (says("threshold") || says("traffic limit")))
        {
            Self::TooOften
        } else {
            Self::Other
        }
    }
}

/// An answer that is no success.
pub(super) fn unsuccessful(
    url: &Url,
    who: Identity,
    status: StatusCode,
    headers: &HeaderMap,
    page: &[u8],
) -> Failure {
    if status == StatusCode::FORBIDDEN {
        return refusal(url, who, status, Page::of(&String::from_utf8_lossy(page)), headers);
    }
    if status == StatusCode::NOT_FOUND {
        return Error::not_found(format!("`{url}` does not exist (404)")).into();
    }
    let message = format!("`{url}` answered {status}; needed 200");
    if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
        return Failure::passing(message, retry_after(headers));
    }
    Error::fetch(message).into()
}

/// A page for people where data were due, or one of SEC's refusals in the guise of a success.
pub(super) fn wrong_page(
    url: &Url,
    who: Identity,
    headers: &HeaderMap,
    bytes: &[u8],
) -> Option<Failure> {
    if !is_page(headers) {
        return None;
    }
    let text = String::from_utf8_lossy(bytes.get(..PAGE_BYTES).unwrap_or(bytes));
    let title = title(&text);
    let is_data_due = is_data_due(url);
    // A filing may quote SEC's words in its text, though hardly in its title.
    let is_refusal = Page::of(if is_data_due { &text } else { &title }) != Page::Other;
    if is_refusal {
        return Some(refusal(url, who, StatusCode::OK, Page::of(&text), headers));
    }
    is_data_due.then(|| {
        Error::fetch(format!("`{url}` answered with a page titled `{title}`; needed data"))
            .hint("the source may have moved or be down: open the address in a browser")
            .into()
    })
}

/// Whether an answer is a page for people behind an address of data.
pub(super) fn is_page_for_data(url: &Url, headers: &HeaderMap) -> bool {
    is_data_due(url) && is_page(headers)
}

fn is_data_due(url: &Url) -> bool {
    let path = url.path().to_ascii_lowercase();
    DATA_ENDINGS.iter().any(|ending| path.ends_with(ending))
}

fn is_page(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.to_ascii_lowercase();
    kind.starts_with("text/html") || kind.starts_with("application/xhtml")
}

/// A refusal, explained: SEC answers 403 both to callers without a name and to those in a hurry.
fn refusal(
    url: &Url,
    who: Identity,
    status: StatusCode,
    page: Page,
    headers: &HeaderMap,
) -> Failure {
    let status = status.as_u16();
    let name = identity::HINT;
    match (page, who) {
        (Page::Undeclared, _) => Error::fetch(format!(
            "`{url}` answered {status}: refused, for the source does not know who asks"
        ))
        .hint(format!("give a name and an e-mail address that are yours: {name}"))
        .into(),
        (Page::TooOften, _) => Failure::refused(
            Error::fetch(format!(
                "`{url}` answered {status}: refused for too many requests from this address"
            ))
            .hint("wait ten minutes, and keep to one run at a time; asking sooner prolongs it"),
            retry_after(headers),
        ),
        (Page::Other, Identity::Required) => Error::fetch(format!(
            "`{url}` answered {status}: refused for want of a name and e-mail address, or for too \
             many requests"
        ))
        .hint(format!("wait ten minutes, keep to one run at a time, and {name}"))
        .into(),
        (Page::Other, Identity::NotAsked) => {
            Error::fetch(format!("`{url}` answered {status}: refused"))
                .hint(
                    "the source may have closed this address; read a saved file with `--from-file`",
                )
                .into()
        }
    }
}

/// The title of a page, in one line.
fn title(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let inside = lower.find("<title").and_then(|tag| {
        let start = tag + lower[tag..].find('>')? + 1;
        let end = start + lower[start..].find('<').unwrap_or(lower.len() - start);
        Some(&text[start..end])
    });
    let words: Vec<_> = inside.unwrap_or_default().split_whitespace().collect();
    words.join(" ").chars().filter(|c| !c.is_control()).take(TITLE_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_of_sec_are_told_apart() {
        let page = |title: &str, heading: &str| {
            Page::of(&format!("<title>SEC.gov | {title}</title><h1>{heading}</h1>"))
        };
        let too_often = "Request Rate Threshold Exceeded";
        let undeclared = "Your Request Originates from an Undeclared Automated Tool";
        assert_eq!(page(too_often, undeclared), Page::Undeclared);
        assert_eq!(page(too_often, "limits on undeclared automated tools"), Page::TooOften);
        assert_eq!(page("Too many", "You have exceeded the SEC's Traffic Limit"), Page::TooOften);
        assert_eq!(page("Maintenance", "Back soon"), Page::Other);
    }

    #[test]
    fn titles_are_one_line_without_control_characters() {
        assert_eq!(
            title("<TITLE lang=en>\n Down  for\u{1b}[31m repair </TITLE>"),
            "Down for[31m repair"
        );
        assert_eq!(title("<title>cut off"), "cut off");
        assert_eq!(title("<title"), "");
        assert_eq!(title("no page"), "");
        assert_eq!(title(&format!("<title>{}", "\u{e9}".repeat(500))).chars().count(), TITLE_CHARS);
    }

    #[test]
    fn a_filing_that_quotes_the_words_is_no_refusal() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, "text/html; charset=utf-8".parse().expect("a value"));
        let wrong = |url: &str, text: &str| {
            let url = Url::parse(url).expect("a URL");
            wrong_page(&url, Identity::Required, &headers, text.as_bytes())
        };
        let quote = "<title>10-Q</title>the Request Rate Threshold Exceeded page";
        assert!(wrong("https://www.sec.gov/a.htm", quote).is_none());
        assert!(wrong("https://www.sec.gov/a.json", quote).is_some());
        let page = "<title>SEC.gov | Request Rate Threshold Exceeded</title>";
        assert!(wrong("https://www.sec.gov/a.htm", page).is_some());
    }
}
