//! The version of the method: what made a number, beside the data.
//!
//! May use nothing else of the crate. Two runs with one version and the same data say the same.

use std::sync::OnceLock;

/// Counts changes of the engine's code that move numbers. Whoever makes one raises it.
pub const ENGINE_VERSION: u32 = 1;

/// The files of constants that go into forecasts, as they are compiled in.
pub const SPECS: [(&str, &str); 15] = [
    ("bayesian_ridge.toml", include_str!("../../models/bayesian_ridge.toml")),
    ("bridge.toml", include_str!("../../models/bridge.toml")),
    ("chipcast.toml", include_str!("../../models/chipcast.toml")),
    ("elastic_net.toml", include_str!("../../models/elastic_net.toml")),
    ("few.toml", include_str!("../../models/few.toml")),
    ("few_variables.toml", include_str!("../../models/few_variables.toml")),
    ("huber.toml", include_str!("../../models/huber.toml")),
    ("inverse_error.toml", include_str!("../../models/inverse_error.toml")),
    ("lasso.toml", include_str!("../../models/lasso.toml")),
    ("median.toml", include_str!("../../models/median.toml")),
    ("ols.toml", include_str!("../../models/ols.toml")),
    ("pls.toml", include_str!("../../models/pls.toml")),
    ("quantile.toml", include_str!("../../models/quantile.toml")),
    ("ridge.toml", include_str!("../../models/ridge.toml")),
    ("stacking.toml", include_str!("../../models/stacking.toml")),
];

/// Digits of the hash of the constants.
const DIGEST_LEN: usize = 12;

/// The version in use: `CRATE/ENGINE/CONSTANTS`, such as `0.1.0/1/0c5fd6bb7ae4`.
pub fn version() -> &'static str {
    static VERSION: OnceLock<String> = OnceLock::new();
    VERSION.get_or_init(|| {
        let mut hasher = blake3::Hasher::new();
        for (name, text) in SPECS {
            hasher.update(name.as_bytes()).update(text.as_bytes());
        }
        let digest = hasher.finalize().to_hex();
        format!("{}/{ENGINE_VERSION}/{}", env!("CARGO_PKG_VERSION"), &digest[..DIGEST_LEN])
    })
}

/// What differs between two versions, in words.
pub fn difference(from: &str, to: &str) -> String {
    let names = ["the release", "the engine's code", "the constants of models/"];
    let pairs = names.iter().zip(from.split('/').zip(to.split('/')));
    let changed: Vec<_> = pairs
        .filter(|(_, (a, b))| a != b)
        .map(|(name, (a, b))| format!("{name} ({a} to {b})"))
        .collect();
    changed.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_by_its_part() {
        assert_eq!(version().split('/').count(), 3);
        assert_eq!(difference("0.1.0/1/aa", "0.1.0/2/aa"), "the engine's code (1 to 2)");
        assert_eq!(
            difference("0.1.0/1/aa", "0.2.0/1/bb"),
            "the release (0.1.0 to 0.2.0), the constants of models/ (aa to bb)"
        );
    }
}
