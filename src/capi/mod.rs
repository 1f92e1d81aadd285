//! Crossing into C, once: panic boundary, handle tables, strings, callbacks.
