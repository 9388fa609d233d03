//! What a sentence says of an earlier guide: raised, lowered, said again, changed, or nothing.
//!
//! May use `words` and `observation`. Numbers are not compared here: that is for the archive, which knows
//! what was said before.

use super::words::is_expecting;
use crate::observation::Action;

/// What the words of a sentence say of an earlier guide.
pub(super) fn action(words: &[&str]) -> Action {
    let has = |stems: &[&str]| words.iter().any(|w| stems.iter().any(|stem| w.starts_with(stem)));
    let pairs = |wanted: &dyn Fn(&str, &str) -> bool| words.windows(2).any(|p| wanted(p[0], p[1]));
    let is_prior = names_an_earlier_guide(words);
    let is_said = is_prior || words.iter().any(|word| is_of_a_guide(word));
    if has(&["reiterat", "reaffirm", "unchanged"]) || (has(&["maintain"]) && is_said) {
        return Action::Reiterate;
    }
    if has(&["narrow", "revis", "preliminary"]) {
        return Action::Revise;
    }
    let spends_more = words.contains(&"increasing") && (has(&["invest"]) || is_said);
    let up = is_prior && (has(&["increas"]) || pairs(&|a, b| a == "up" && b == "from"));
    if has(&["raise", "raising"]) || spends_more || up {
        return Action::Raise;
    }
    let lowers = words.iter().any(|w| matches!(*w, "lowered" | "lowers" | "lowering" | "reducing"));
    if lowers || (is_prior && (has(&["reduc", "decreas"]) || words.contains(&"down"))) {
        return Action::Lower;
    }
    let again = pairs(&|a, b| matches!(a, "continue" | "continues") && b == "to");
    if again && has(&["expect", "anticipat"]) && !has(&["grow"]) {
        return Action::Reiterate;
    }
    if pairs(&|a, b| a == "now" && is_expecting(b)) || has(&["updat"]) || is_prior {
        return Action::Revise;
    }
    Action::Guide
}

/// `from our prior range` speaks of a guide; `from the prior year` compares results.
fn names_an_earlier_guide(words: &[&str]) -> bool {
    let is_earlier =
        |word: &str| matches!(word, "prior" | "previous" | "earlier" | "previously" | "original");
    words.iter().rev().take(4).any(|word| *word == "previously")
        || words.iter().enumerate().any(|(at, word)| {
            is_earlier(word) && words[at..].iter().take(5).any(|word| is_of_a_guide(word))
        })
}

fn is_of_a_guide(word: &str) -> bool {
    ["range", "guid", "outlook", "forecast", "expectation", "estimate", "target", "view"]
        .iter()
        .any(|stem| word.starts_with(stem))
}
