//! A connection to a server: `proto::client` driven over `net`; delivery of many mails; results.
