//! What the integration tests share. A test file says `mod support;` and takes what it needs.
//!
//! - [`scripted`]: a server that speaks a dialogue given as data and checks every byte it hears ([`script`]);
//! - [`sink`]: a fast SMTP server that stores or counts what it gets and refuses by rule; benches use it too;
//! - [`cc`]: C programs built against the library, and run;
//! - [`child`]: a test in a process of its own, with another environment;
//! - [`cut`]: a relay that breaks the connection after so many bytes;
//! - [`delay`]: a proxy that makes the round trip long and counts how often the client waited for the server;
//! - [`socks`]: a SOCKS 4, 4a and 5 proxy;
//! - [`engine`]: sessions and deliveries of the engine, and [`distinct`]: the Distinct face, as plain calls;
//! - [`helo_server`]: the program `helo-server`, started for the tests;
//! - [`erratic`]: a server that does anything by chance and knows what it took, and [`erratic_runs`]: what clients make of it;
//! - [`direct`]: a session of the server without threads and sockets, for exact splits;
//! - [`exports`]: the lists of exported symbols;
//! - [`installed`]: the library as users have it, where `HELO_INSTALLED` says that it is installed;
//! - [`listeners`]: ports on which nothing answers;
//! - [`wire`]: the dialogues of `tests/wire/`, for the engine and each face;
//! - [`memory`]: a server without sockets, to which the way can be cut at any byte;
//! - [`postfix`], [`exim`], [`dovecot`], [`dovecot_lmtp`], [`aiosmtpd`]: real mail servers, started for the tests
//!   ([`server`]), and what they delivered ([`maildir`]);
//! - [`postfix_client`]: a Postfix that hands mail on to a server of the test's ([`next`]); [`tap`]: what such clients say;
//! - [`mended`]: what must arrive of a body;
//! - [`mount`]: a small file system of a test's own;
//! - [`native`], [`netx`]: the native C face and NetX SMTP Client through their exported functions;
//! - [`node`]: mail servers of Node: Haraka, and nodemailer's smtp-server;
//! - [`peer`]: a mail server with OpenSSL's side of TLS, as odd as it is told, and certificates made by `openssl`;
//! - [`picky`]: a server that departs from the usual at a command, or in the middle of a message;
//! - [`pipe`]: a program that answers lines, for the servers' side of authentication by other libraries;
//! - [`process`]: this process's peak memory and open descriptors;
//! - [`program`]: helo-server as a process;
//! - [`raw`]: a client that says what a test writes, to our own server, and [`kept`]: where that puts its mail;
//! - [`reference`]: a session read from both directions: which replies fit which octets, and which mails were taken;
//! - [`skip`]: how a test says that it could not run here;
//! - [`strace`]: the system calls of a program, and the order in which a mail must become safe;
//! - [`tls`]: certificates, and a server with TLS that records what it hears, encrypted or not;
//! - [`tokens`]: whoever issues OAuth tokens, for servers that ask whether one holds;
//! - [`wait`]: waiting for an event with a deadline.
#![allow(dead_code, unused_imports)] // each test file uses a part of it

pub mod aiosmtpd;
pub mod cc;
pub mod child;
pub mod cut;
pub mod delay;
pub mod direct;
pub mod distinct;
pub mod dovecot;
pub mod dovecot_lmtp;
pub mod engine;
pub mod erratic;
pub mod erratic_runs;
pub mod exim;
pub mod exports;
#[cfg(all(feature = "tls", feature = "program"))]
pub mod helo_server;
pub mod installed;
pub mod kept;
pub mod listeners;
pub mod maildir;
pub mod memory;
pub mod mended;
#[cfg(unix)]
pub mod mount;
pub mod native;
pub mod netx;
pub mod next;
pub mod node;
pub mod peer;
pub mod picky;
pub mod pipe;
pub mod postfix;
pub mod postfix_client;
pub mod process;
#[cfg(feature = "program")]
pub mod program;
pub mod raw;
pub mod reference;
pub mod script;
pub mod scripted;
pub mod server;
pub mod sink;
pub mod skip;
pub mod socks;
pub mod strace;
pub mod stream;
pub mod tap;
pub mod temp;
#[cfg(feature = "tls")]
pub mod tls;
pub mod tokens;
pub mod transcript;
pub mod wait;
pub mod wire;
