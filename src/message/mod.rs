//! A message: headers, encoded words, dates, message ids. `core` and `alloc` only; clock and entropy are passed in.
