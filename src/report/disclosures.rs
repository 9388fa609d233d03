//! What every page ends with.
//!
//! Pure.

use super::Prose;

/// What every page ends with.
pub(super) fn disclosures() -> Vec<Prose> {
    [
        "Model output, not investment advice. No rating and no price target is given or implied.",
        "Filed figures, companies' own guides, estimates made afterwards, assumptions and model \
         output are marked apart in the list of sources.",
        "Estimates of chips bought and installed are by Epoch AI, used under CC BY; they were made \
         after the fact and revised, so no backtest uses them before their publication.",
        "A dated figure counts as public from its vintage on; where the publication day is unknown, \
         from the day on which it was read.",
    ]
    .map(Prose::plain)
    .to_vec()
}
