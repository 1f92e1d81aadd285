//! What the control blocks of both headers have in common. `tx_port.h` defines the types by hand.
#![allow(non_camel_case_types, non_snake_case, clippy::upper_case_acronyms)]

use std::ffi::{c_char, c_void};

/// 32 bits on every host, as on the targets of ThreadX.
pub(crate) type ULONG = u32;
/// 32 bits.
pub(crate) type UINT = u32;
/// A character.
pub(crate) type CHAR = c_char;
/// Nothing.
pub(crate) type VOID = c_void;

/// Words of a control block that the library keeps for itself.
const RESERVED: usize = 5;

/// The size of every control block; the header asserts the same sum.
pub(super) const CONTROL_BLOCK: usize = 4 * (1 + RESERVED) + size_of::<*mut CHAR>();

/// Asserts that control blocks have the size that the library checks and the header asserts.
macro_rules! assert_control_blocks {
    ($($name:ident)*) => { $(const _: () = assert!(size_of::<$name>() == $crate::faces::rtos::types::CONTROL_BLOCK);)* };
}
pub(super) use assert_control_blocks;

/// Whether a control block of `size` bytes, as the program's header has it, is one of ours.
pub(super) fn size_is_ours(size: UINT) -> bool {
    size as usize == CONTROL_BLOCK
}
