//! The faces: each old API as a thin translation onto the engine, and `helo`, the native one.

#[cfg(feature = "distinct")]
pub mod distinct;
#[cfg(feature = "any-face")]
pub mod helo;
#[cfg(feature = "netx-client")]
pub mod netx_client;
pub(crate) mod placed;
#[cfg(feature = "rtos")]
pub mod rtos;
#[cfg(not(feature = "rtos"))]
#[path = "rtos/real.rs"]
pub mod rtos;
pub mod site;
pub mod wishes;
