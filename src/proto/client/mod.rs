//! The client dialogue as a state machine without I/O.
