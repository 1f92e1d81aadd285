//! What the site decides outside the program.

pub mod url;
