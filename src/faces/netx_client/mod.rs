//! NetX SMTP Client 5.3.
