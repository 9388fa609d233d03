//! Forms: the shapes that a law of capability can take, with or without a part for time.
//!
//! May use `error`, `chinchilla` and `published`. Names and formulas only; holds no number that was
//! fitted.

use std::fmt;

use crate::error::{Error, Result};

/// How capability depends on training compute; `C` in FLOP, `x = log10 C`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Shape {
    /// `a`: compute plays no part.
    Constant,
    /// `c ln(C + 1)`: one parameter, so the unit of C matters.
    LogLiteral,
    /// `c ln(C/X0 + 1)`: the seed law.
    Log,
    /// `a + b x`.
    Linear,
    /// `exp(a + b (x − 23))`.
    Power,
    /// `u − a 10^(−b (x − 23))`: what is missing to `u` falls as a power of compute.
    ErrorPower,
    /// `u / (1 + exp(−k (x − m)))`.
    Logistic,
    /// `1/4 + 3/4 / (1 + exp(−k (x − m)))`, for a benchmark of four answers.
    ChoiceOfFour,
    /// `a − b L(C)`, L the lowest loss that C buys by Besiroglu et al. (2024).
    Chinchilla,
    /// `a − b L(C)`, L the loss of Kaplan et al. (2020).
    Kaplan,
    /// `a − b L(C)`, L the loss of Muennighoff et al. (2023), text running out.
    DataConstrained,
}

/// How capability depends on the day of release; `t` in years from 2023.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Time {
    /// Not at all.
    Static,
    /// Compute is effective compute `C rᵗ`, r the assumed algorithmic progress a year.
    Progress,
    /// A fitted `g t` is added.
    Term,
}

/// A shape with its part for time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Form {
    /// The shape in compute.
    pub shape: Shape,
    /// The part that time plays.
    pub time: Time,
}

impl Shape {
    /// Every shape, in the order of tables.
    pub const ALL: [Self; 11] = [
        Self::Constant,
        Self::LogLiteral,
        Self::Log,
        Self::Linear,
        Self::Power,
        Self::ErrorPower,
        Self::Logistic,
        Self::ChoiceOfFour,
        Self::Chinchilla,
        Self::Kaplan,
        Self::DataConstrained,
    ];

    /// The word that names it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::LogLiteral => "log_literal",
            Self::Log => "log",
            Self::Linear => "linear",
            Self::Power => "power",
            Self::ErrorPower => "error_power",
            Self::Logistic => "logistic",
            Self::ChoiceOfFour => "choice_of_four",
            Self::Chinchilla => "chinchilla",
            Self::Kaplan => "kaplan",
            Self::DataConstrained => "data_constrained",
        }
    }

    /// Names of its parameters, in the order of [`super::Curve::parameters`].
    pub fn parameter_names(self) -> &'static [&'static str] {
        match self {
            Self::Constant => &["a"],
            Self::LogLiteral => &["c"],
            Self::Log => &["c", "log10_x0"],
            Self::ErrorPower => &["u", "a", "b"],
            Self::Logistic => &["u", "k", "m"],
            Self::ChoiceOfFour => &["k", "m"],
            _ => &["a", "b"],
        }
    }

    /// Whether training compute plays a part.
    pub fn uses_compute(self) -> bool {
        self != Self::Constant
    }

    /// Who proposed the shape for compute, where it is known.
    pub fn citation(self) -> &'static str {
        match self {
            Self::Constant => "mean of the models",
            Self::LogLiteral | Self::Log => "the seed law: diminishing returns to compute",
            Self::Linear => "Ho et al. (2025), arXiv 2512.00193: ability = k ln C + b(t)",
            Self::Power | Self::ErrorPower => "Hestness et al. (2017), arXiv 1712.00409",
            Self::Logistic => "Owen (2024), arXiv 2401.04757",
            Self::ChoiceOfFour => "Owen (2024), arXiv 2401.04757; chance level of four answers",
            Self::Chinchilla => "Besiroglu et al. (2024), arXiv 2404.10102",
            Self::Kaplan => "Kaplan et al. (2020), arXiv 2001.08361",
            Self::DataConstrained => "Muennighoff et al. (2023), arXiv 2305.16264",
        }
    }

    fn formula(self, compute: &str) -> String {
        let x = format!("log10({compute})");
        match self {
            Self::Constant => "a".to_owned(),
            Self::LogLiteral => format!("c ln({compute} + 1)"),
            Self::Log => format!("c ln({compute}/X0 + 1)"),
            Self::Linear => format!("a + b {x}"),
            Self::Power => format!("exp(a + b ({x} - 23))"),
            Self::ErrorPower => format!("u - a 10^(-b ({x} - 23))"),
            Self::Logistic => format!("u / (1 + exp(-k ({x} - m)))"),
            Self::ChoiceOfFour => format!("1/4 + 3/4 / (1 + exp(-k ({x} - m)))"),
            Self::Chinchilla => format!("a - b Chinchilla loss({compute})"),
            Self::Kaplan => format!("a - b Kaplan loss({compute})"),
            Self::DataConstrained => format!("a - b data-constrained loss({compute})"),
        }
    }
}

impl Form {
    /// `a`.
    pub const CONSTANT: Self = Self { shape: Shape::Constant, time: Time::Static };
    /// `c ln(C + 1)`.
    pub const LOG_LITERAL: Self = Self { shape: Shape::LogLiteral, time: Time::Static };
    /// `c ln(C/X0 + 1)`: the seed law.
    pub const LOG: Self = Self { shape: Shape::Log, time: Time::Static };
    /// `a + b log10 C`.
    pub const LINEAR: Self = Self { shape: Shape::Linear, time: Time::Static };
    /// `a + b log10 C + g t`.
    pub const LINEAR_TIME: Self = Self { shape: Shape::Linear, time: Time::Term };
    /// `c ln(C rᵗ/X0 + 1)`.
    pub const LOG_EFFECTIVE: Self = Self { shape: Shape::Log, time: Time::Progress };
    /// A benchmark of four answers against effective compute.
    pub const CHOICE_OF_FOUR: Self = Self { shape: Shape::ChoiceOfFour, time: Time::Progress };
    /// `a + g t`; compute plays no part.
    pub const TREND: Self = Self { shape: Shape::Constant, time: Time::Term };

    /// Every form that makes sense, shape by shape.
    pub fn all() -> impl Iterator<Item = Self> {
        let of =
            |shape| [Time::Static, Time::Progress, Time::Term].map(|time| Self { shape, time });
        Shape::ALL.into_iter().flat_map(of).filter(|form| match form.shape {
            Shape::Constant => form.time != Time::Progress,
            Shape::ChoiceOfFour => form.time != Time::Term,
            _ => true,
        })
    }

    /// The word that names it on the command line and in tables.
    pub fn word(self) -> String {
        match (self.shape, self.time) {
            (Shape::Constant, Time::Term) => "trend".to_owned(),
            (shape, Time::Static) => shape.word().to_owned(),
            (shape, Time::Progress) => format!("{}_effective", shape.word()),
            (shape, Time::Term) => format!("{}_time", shape.word()),
        }
    }

    /// The formula shown to people.
    pub fn expression(self) -> String {
        match self.time {
            Time::Static => self.shape.formula("C"),
            Time::Progress => self.shape.formula("C r^(t - 2023)"),
            Time::Term => format!("{} + g (t - 2023)", self.shape.formula("C")),
        }
    }

    /// Whether the date of release plays a part.
    pub fn uses_time(self) -> bool {
        self.time != Time::Static
    }

    /// Whether training compute plays a part.
    pub fn uses_compute(self) -> bool {
        self.shape.uses_compute()
    }

    /// Names of the parameters: those of the shape, then `g` of a term for time.
    pub fn parameter_names(self) -> impl Iterator<Item = &'static str> {
        let term: &[&str] = if self.time == Time::Term { &["g"] } else { &[] };
        self.shape.parameter_names().iter().chain(term).copied()
    }

    /// How many parameters are fitted.
    pub fn n_parameters(self) -> usize {
        self.parameter_names().count()
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.word())
    }
}

impl std::str::FromStr for Form {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::all().find(|form| form.word() == text).ok_or_else(|| {
            let words: Vec<_> = Self::all().map(Self::word).collect();
            Error::not_found(format!("law `{text}` does not exist"))
                .hint(format!("the laws are {}", words.join(", ")))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_found_by_its_word_and_no_other() {
        let words: std::collections::BTreeSet<_> = Form::all().map(Form::word).collect();
        assert_eq!(words.len(), Form::all().count());
        for form in Form::all() {
            assert_eq!(form.word().parse::<Form>().expect("known"), form);
        }
        let error = "cubic".parse::<Form>().expect_err("no such law");
        assert_eq!(error.to_string(), "law `cubic` does not exist");
    }
}
