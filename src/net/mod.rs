//! Bytes over a connection: transports, name resolution, proxies, and the one waiting loop.
