//! A message: headers, encoded words, dates, message ids. `core` and `alloc` only; clock and entropy are passed in.

pub mod block;
pub mod date;
mod encoded_word;
pub mod header;
pub mod message_id;

pub use block::{HeaderBlock, Priority};
pub use date::Date;
pub use header::{Addressee, check_header_value};
pub use message_id::message_id;
