//! libhelo: the APIs of old SMTP libraries over one modern SMTP engine.
//!
//! A *face* (`faces`) is a thin translation of one old API onto the engine. Below it, rooms depend one way only:
//!
//! ```text
//! faces -> capi + client + server + policy -> net + sasl + message -> proto -> error
//! ```
//!
//! `proto`, `sasl`, `message` and `error` need `core` and `alloc` only: without the feature `std` nothing else is
//! built, for firmware without an operating system. ARCHITECTURE.md says what each room is for.
#![cfg_attr(not(feature = "std"), no_std)]
#![deny(unsafe_code)]
// Two functions that do the same may have one address.
#![deny(unpredictable_function_pointer_comparisons)]
#![warn(missing_docs)]
// A build for one face has no use for what the others stand on.
#![cfg_attr(not(feature = "faces"), allow(dead_code, unused_imports))]

extern crate alloc;

pub mod error;
pub mod message;
pub mod proto;
pub mod sasl;

#[cfg(feature = "std")]
pub mod capi;
#[cfg(feature = "std")]
pub mod client;
#[cfg(feature = "std")]
pub mod faces;
#[cfg(feature = "std")]
pub mod net;
#[cfg(feature = "std")]
pub mod policy;
#[cfg(feature = "std")]
pub mod server;
