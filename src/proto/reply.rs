//! Written in the next commits.
use alloc::string::String;
/// A reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {}
impl Reply {
    /// The code.
    pub fn code(&self) -> u16 { 0 }
    /// Printable text.
    pub fn text(&self) -> String { String::new() }
}
