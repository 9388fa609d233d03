//! Which part of a panel's series a machine answers for.
//!
//! Pure. The part follows from the name of a series alone, so that it can be told from the rows as well.

use crate::error::{Error, Result};

/// One of several parts of a panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// From 1.
    nth: usize,
    n: usize,
}

impl Shard {
    /// All of a panel.
    pub const WHOLE: Self = Self { nth: 1, n: 1 };

    /// Reads `2/8`.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it is not written so, or lies outside `1/1` to `n/n`.
    pub fn read(text: &str) -> Result<Self> {
        let parts = text.split_once('/');
        let parts = parts.and_then(|(nth, n)| Some((nth.parse().ok()?, n.parse().ok()?)));
        match parts {
            Some((nth, n)) if (1..=n).contains(&nth) => Ok(Self { nth, n }),
            _ => Err(Error::invalid(format!("shard `{text}` asked; needed is one such as `2/8`"))
                .hint("the first of eight is `1/8`, the last `8/8`")),
        }
    }

    /// Which of `n` shards a series belongs to, from 1.
    pub fn of(unique_id: &str, n: usize) -> usize {
        let hash = blake3::hash(unique_id.as_bytes());
        let [first, ..] = hash.as_bytes().as_chunks::<8>().0 else {
            unreachable!("a hash has 32 bytes")
        };
        let number = u64::from_le_bytes(*first);
        let n = u64::try_from(n.max(1)).unwrap_or(u64::MAX);
        usize::try_from(number % n).unwrap_or(0) + 1
    }

    /// Whether it holds a series.
    pub fn holds(self, unique_id: &str) -> bool {
        Self::of(unique_id, self.n) == self.nth
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_series_is_in_one_shard_and_shards_are_of_like_size() {
        let shards: Vec<_> =
            (1..=4).map(|n| Shard::read(&format!("{n}/4")).expect("good")).collect();
        let mut sizes = [0; 4];
        for idx in 0..4_000 {
            let id = format!("series {idx}");
            let held: Vec<usize> = (0..4).filter(|at| shards[*at].holds(&id)).collect();
            assert_eq!(held.len(), 1);
            sizes[held[0]] += 1;
        }
        assert!(sizes.iter().all(|size| (850..1_150).contains(size)), "{sizes:?}");
        assert!(Shard::WHOLE.holds("any"));
        for broken in ["0/4", "5/4", "4", "a/b", "1/0", "-1/2"] {
            assert!(Shard::read(broken).is_err(), "{broken}");
        }
    }
}
