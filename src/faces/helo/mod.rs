//! The native face: what no old API can say.
