//! Authentication: challenge in, response out. `core` and `alloc` only.
