//! The server dialogue as a state machine without I/O.
