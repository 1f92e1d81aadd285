//! What a client has pipelined behind something that has to be done first.

/// Octets that were read and not used yet. Without any it holds no memory.
#[derive(Default)]
pub(super) struct Pending {
    octets: Vec<u8>,
    /// So many of them have been used since: they are not moved for each command.
    used: usize,
}

impl Pending {
    pub(super) fn new(octets: &[u8]) -> Self {
        Pending { octets: octets.to_vec(), used: 0 }
    }

    pub(super) fn rest(&self) -> &[u8] {
        self.octets.get(self.used..).unwrap_or_default()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest().is_empty()
    }

    /// What it holds of memory, in octets.
    pub(super) fn held(&self) -> usize {
        self.octets.capacity()
    }

    /// What is left when so many more have been used.
    pub(super) fn after(mut self, used: usize) -> Self {
        self.used += used;
        if self.is_empty() { Pending::default() } else { self }
    }
}
