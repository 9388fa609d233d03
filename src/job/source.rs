//! The sources of a job file, and the command of `chipcast ingest` that each stands for.
//!
//! Uses nothing of the crate but `job::file`. Each key has the name and meaning of that command's
//! option; the command checks its values. Secrets are no keys: they come from the environment.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::file::HIDDEN;

/// What is read before a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Source {
    /// The data that the program carries.
    Bundled {},
    /// SEC EDGAR.
    Edgar {
        /// Tickers.
        #[serde(default)]
        company: Vec<String>,
        /// A saved document, a folder of them, or a nightly zip file.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from_file: Option<String>,
        /// A nightly archive: `companyfacts` or `submissions`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bulk: Option<String>,
        /// One concept of every company, such as `Revenues/CY2026Q2`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        frame: Option<String>,
        /// Only this concept of the companies.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        concept: Option<String>,
        /// `facts` or `filings`; both by default.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        only: Option<String>,
        /// Filings from this day on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<String>,
        /// Who asks: a name and an e-mail address; `CHIPCAST_USER_AGENT` by default.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user_agent: Option<String>,
        /// Where the documents are served.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        base_url: Option<String>,
    },
    /// FRED; the key comes from `FRED_API_KEY`.
    Fred {
        /// Names of FRED's series.
        series: Vec<String>,
        /// Unit of the values.
        unit: String,
        /// Values are in units of ten to this power.
        #[serde(default)]
        places: i32,
        /// A saved answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from_file: Option<String>,
        /// Where FRED is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        base_url: Option<String>,
    },
    /// Monthly revenue of companies listed in Taiwan.
    Twse {
        /// Codes of companies, or `all`.
        #[serde(default)]
        company: Vec<String>,
        /// The month; the newest by default.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        month: Option<String>,
        /// A saved answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from_file: Option<String>,
        /// Where it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        base_url: Option<String>,
    },
    /// Shares of operating systems.
    Statcounter {
        /// `desktop`, `mobile`, `tablet` or `all`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        market: Option<String>,
        /// First month.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<String>,
        /// Last month.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<String>,
        /// The day on which the figures were on show.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        published: Option<String>,
        /// A saved CSV.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from_file: Option<String>,
        /// Where it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        base_url: Option<String>,
    },
    /// AI chips sold and owned, by Epoch AI.
    Epoch {
        /// Zip files, CSV files or folders of CSV files.
        #[serde(default)]
        from_file: Vec<String>,
        /// The day on which the release became public.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        released: Option<String>,
        /// Where the releases are.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        base_url: Option<String>,
    },
    /// Sources that are described by data.
    Described {
        /// Names of described sources.
        names: Vec<String>,
        /// A file with descriptions of your own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sources: Option<String>,
        /// Read this file instead of the address.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from_file: Option<String>,
        /// Ask here instead of at the host of the description.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        base_url: Option<String>,
    },
    /// A table of your own.
    Import {
        /// The file.
        file: String,
        /// Which of the table's columns stands for which of ours.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        map: Option<String>,
        /// The sheet of an Excel workbook.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sheet: Option<String>,
    },
}

/// The kinds of sources.
pub const KINDS: [&str; 8] =
    ["bundled", "edgar", "fred", "twse", "statcounter", "epoch", "described", "import"];

/// Words of a command.
#[derive(Default)]
struct Words(Vec<String>);

impl Words {
    fn new(words: &[&str]) -> Self {
        Self(words.iter().map(|word| (*word).to_owned()).collect())
    }

    /// An option, if it has a value. Its value is joined to it, so that it may begin with a hyphen.
    fn option<'a>(mut self, name: &str, values: impl IntoIterator<Item = &'a String>) -> Self {
        self.0.extend(values.into_iter().map(|value| format!("--{name}={value}")));
        self
    }

    fn rest<'a>(mut self, values: impl IntoIterator<Item = &'a String>) -> Self {
        self.0.push("--".to_owned());
        self.0.extend(values.into_iter().cloned());
        self
    }
}

impl Source {
    /// Its kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Bundled {} => KINDS[0],
            Self::Edgar { .. } => KINDS[1],
            Self::Fred { .. } => KINDS[2],
            Self::Twse { .. } => KINDS[3],
            Self::Statcounter { .. } => KINDS[4],
            Self::Epoch { .. } => KINDS[5],
            Self::Described { .. } => KINDS[6],
            Self::Import { .. } => KINDS[7],
        }
    }

    /// The files that it is read from instead of the network.
    pub fn files(&self) -> Vec<&str> {
        match self {
            Self::Bundled {} => Vec::new(),
            Self::Epoch { from_file, .. } => from_file.iter().map(String::as_str).collect(),
            Self::Import { file, .. } => vec![file],
            Self::Edgar { from_file, .. }
            | Self::Fred { from_file, .. }
            | Self::Twse { from_file, .. }
            | Self::Statcounter { from_file, .. }
            | Self::Described { from_file, .. } => from_file.iter().map(String::as_str).collect(),
        }
    }

    /// Whether the network is asked.
    pub fn is_remote(&self) -> bool {
        !matches!(self, Self::Bundled {}) && self.files().is_empty()
    }

    /// As it is shown and kept on record: without the name of who asks.
    #[must_use]
    pub fn shown(&self) -> Self {
        let mut shown = self.clone();
        if let Self::Edgar { user_agent: Some(name), .. } = &mut shown {
            HIDDEN.clone_into(name);
        }
        shown
    }

    /// The command that it stands for, without the program's name; none for the bundled data.
    pub fn command(&self) -> Vec<String> {
        let words = Words::new(&["ingest", self.kind()]);
        let words = match self {
            Self::Bundled {} => Words::default(),
            Self::Edgar {
                company,
                from_file,
                bulk,
                frame,
                concept,
                only,
                since,
                user_agent,
                base_url,
            } => words
                .option("company", company)
                .option("from-file", from_file)
                .option("bulk", bulk)
                .option("frame", frame)
                .option("concept", concept)
                .option("only", only)
                .option("since", since)
                .option("user-agent", user_agent)
                .option("base-url", base_url),
            Self::Fred { series, unit, places, from_file, base_url } => words
                .option("unit", [unit])
                .option("places", [&places.to_string()])
                .option("from-file", from_file)
                .option("base-url", base_url)
                .rest(series),
            Self::Twse { company, month, from_file, base_url } => words
                .option("company", company)
                .option("month", month)
                .option("from-file", from_file)
                .option("base-url", base_url),
            Self::Statcounter { market, from, to, published, from_file, base_url } => words
                .option("market", market)
                .option("from", from)
                .option("to", to)
                .option("published", published)
                .option("from-file", from_file)
                .option("base-url", base_url),
            Self::Epoch { from_file, released, base_url } => words
                .option("from-file", from_file)
                .option("released", released)
                .option("base-url", base_url),
            Self::Described { names, sources, from_file, base_url } => words
                .option("sources", sources)
                .option("from-file", from_file)
                .option("base-url", base_url)
                .rest(names),
            Self::Import { file, map, sheet } => Words::new(&["data", "import"])
                .option("map", map)
                .option("sheet", sheet)
                .rest([file]),
        };
        words.0
    }
}
