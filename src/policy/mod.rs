//! What the site decides outside the program.
