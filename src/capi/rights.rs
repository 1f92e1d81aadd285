//! Whether the process has more rights than its user.

use crate::policy::Rights;

/// Says whether what the user put into the environment may be believed: not in a set-user-id program, nor in one with
/// file capabilities, however it changed its ids since it began.
pub fn rights() -> Rights {
    if raised() { Rights::Raised } else { Rights::Ordinary }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn raised() -> bool {
    // SAFETY: takes a number, gives a number; without side effects.
    (unsafe { libc::getauxval(libc::AT_SECURE) }) != 0
}

#[cfg(any(
    target_vendor = "apple",
    target_os = "freebsd",
    target_os = "netbsd",
    target_os = "openbsd",
    target_os = "dragonfly",
    target_os = "solaris",
    target_os = "illumos"
))]
fn raised() -> bool {
    unsafe extern "C" {
        fn issetugid() -> libc::c_int;
    }
    // SAFETY: takes nothing, gives a number; without side effects.
    (unsafe { issetugid() }) != 0
}

#[cfg(windows)]
fn raised() -> bool {
    // A program does not get another user's rights by being started.
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_has_its_users_rights() {
        assert_eq!(rights(), Rights::Ordinary);
    }
}
