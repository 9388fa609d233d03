//! The words that the grammar goes by, as lists.
//!
//! May use nothing. A list says what its words do in a sentence, not what they mean elsewhere.

/// A list of words, parted by blanks.
pub(super) struct Words(&'static str);

impl Words {
    pub(super) fn has(&self, word: &str) -> bool {
        !word.is_empty() && self.0.split(' ').any(|known| known == word)
    }
}

/// What stands before a value that something is compared with.
pub(super) const COMPARES: Words = Words(
    "compared comparing versus vs prior previous previously earlier consensus than against \
     consistent original exceeded beat ago",
);
/// Verbs of results.
pub(super) const PASTS: Words = Words(
    "was were totaled totalled came reached grew rose fell declined had recorded achieved \
     delivered reported generated posted represented increased decreased improved included ended \
     closed used contributed",
);
/// What a value behind it explains, or is a part of.
pub(super) const CAUSES: Words = Words(
    "driven due reflecting reflects relating related impact impacts charge charges loss losses \
     benefit headwind tailwind because midpoint contribution associated represents representing \
     per savings attributable",
);
/// What links a metric to its level.
pub(super) const LINKS: Words = Words(
    "be is are of at between from to in range ranges ranging will expected approximately about \
     around guidance outlook roughly total for reach estimated projected anticipated",
);
/// What opens an aside about a part.
pub(super) const ASIDES: Words = Words(
    "including includes include excluding excludes exclude inclusive exclusive which comprising",
);
/// Who else spends, sells and expects.
pub(super) const OTHERS: Words = Words(
    "customers customers' customer hyperscalers hyperscaler analysts industry competitors \
     providers market consensus partners suppliers peers",
);
/// What makes a figure no flow of one period.
pub(super) const OPEN_ENDED: Words =
    Words("annualized cumulative opportunity addressable lifetime multi someday eventually");
/// Words before `revenue` that name no part of it.
pub(super) const WHOLE: Words = Words(
    "total net consolidated overall group worldwide quarterly annual gaap non adjusted our its \
     company the full year fiscal record expected projected combined company's related \
     corresponding reported preliminary estimated and both",
);
/// Words that end what stands before a metric; none is part of a name.
pub(super) const STOPS: Words = Words(
    "achieving reaching delivering generating driving growing seeing exiting toward towards keep \
     exceed because a an of in on at to for from with by as that which is are be was were will we \
     it they this these expect expects expected anticipate anticipates forecast forecasts \
     forecasting project projects sees see estimate estimates guides guide guidance outlook \
     target targets plans plan generate deliver achieve report have has raise raises raised \
     raising lower lowers lowered reiterates reaffirms maintains increasing increase initiates \
     provides providing updates narrows revises now currently also continue continues including \
     or but where while assumes than compared our its their into spend invest expecting \
     anticipating projecting believes",
);
/// Words that make something else of `revenue`.
pub(super) const OTHER_REVENUE: Words = Words(
    "deferred unearned lost incremental additional recurring remaining annualized missed foregone \
     same comparable store unit",
);
/// Words behind `revenue` that make something else of it.
pub(super) const TAILS: Words = Words(
    "growth mix backlog run recognition stream streams synergies opportunity per share base \
     multiple target percent shortfall",
);
/// Verbs that look ahead, besides `expect` and `anticipate`.
pub(super) const SAYS_AHEAD: Words = Words(
    "forecast forecasts forecasting project projects projected projecting estimate estimates \
     estimated plan plans planning planned target targets targeting intend intends sees raising \
     increasing guiding guides investing budget preliminary will",
);
/// What stands before an outlook that results are held against.
pub(super) const COMPARES_OUTLOOK: Words = Words("above below within exceeding exceeds with");
/// What a company does with money that it names before the metric.
pub(super) const SPENDS: Words = Words(
    "spend spending plan plans forecast project projects intend intends deploy will guidance \
     outlook",
);
/// What an outlook does to what it is made of.
pub(super) const EXPLAINS: Words = Words(
    "includes include reflects reflect assumes excludes anticipates represents incorporates \
     contemplates compares",
);

/// Whether a word says that somebody expects.
pub(super) fn is_expecting(word: &str) -> bool {
    ["expect", "anticipat", "forecast", "estimat", "project"]
        .iter()
        .any(|stem| word.starts_with(stem))
}
