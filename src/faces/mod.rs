//! The faces: each old API as a thin translation onto the engine, and `helo`, the native one.

pub mod distinct;
pub mod helo;
pub mod netx_client;
pub(crate) mod placed;
pub mod rtos;
