//! What crossing the boundary costs: calls that do next to nothing inside.

use crate::table::{Table, best, timed};
use helo::faces::helo::*;
use std::hint::black_box;
use std::ptr;

const CALLS: u32 = 1_000_000;

pub fn measure(table: &mut Table) {
    // SAFETY: NULL is allowed.
    let delivery = unsafe { helo_new(ptr::null()) };
    // Through pointers, so that the compiler cannot look inside, as for a C program.
    let version: extern "C" fn() -> *const _ = black_box(helo_version);
    let set: extern "C" fn(helo_delivery, i32) -> HeloStatus = black_box(helo_set_level);
    let each = |run: &dyn Fn()| {
        let time = best(5, || timed(|| (0..CALLS).for_each(|_| run())));
        format!("{:.1} ns", time.as_secs_f64() * 1e9 / f64::from(CALLS))
    };
    table.row("a call that returns a constant", each(&|| _ = black_box(version())), "helo_version");
    let full = each(&|| _ = black_box(set(black_box(delivery), 1)));
    table.row("a call with panic boundary, handle and lock", full, "helo_set_level");
    helo_free(delivery);
}
