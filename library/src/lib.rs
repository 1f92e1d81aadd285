//! The library that C sees: what the faces of the package above export, and nothing of its own.

// Its exported functions are this library's.
extern crate engine as _;
