//! Distinct SMTP-32 5.2.
