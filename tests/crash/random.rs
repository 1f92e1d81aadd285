//! Numbers that look like chance and come again with their seed.

use std::hash::{BuildHasher, DefaultHasher, Hash, Hasher, RandomState};

/// SplitMix64.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// The same for the same text.
    pub fn of(text: &str) -> Random {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        Random(hasher.finish())
    }

    /// The seed that this variable says, else one by chance.
    pub fn seed(variable: &str) -> u64 {
        let given = std::env::var(variable).ok();
        given.map_or_else(|| RandomState::new().hash_one(0), |text| text.parse().expect("a number as seed"))
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 0 to below `end`, which is not 0.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }
}
