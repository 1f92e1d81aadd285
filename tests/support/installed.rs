//! The library as it is installed, release build and all: what a user has. `scripts/check.sh` installs it and names the
//! prefix in `HELO_INSTALLED`; without that the tests take what cargo builds of this tree for them, in the profile of the
//! tests.

use std::ffi::{CString, c_char, c_int, c_void};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The prefix of an installation: `bin`, `lib`, `include/helo`.
pub fn prefix() -> Option<&'static Path> {
    static PREFIX: OnceLock<Option<PathBuf>> = OnceLock::new();
    let read = || {
        let prefix = PathBuf::from(std::env::var_os("HELO_INSTALLED").filter(|prefix| !prefix.is_empty())?);
        assert!(prefix.join("lib/libhelo.so").exists(), "HELO_INSTALLED: nothing is installed in {}", prefix.display());
        Some(prefix)
    };
    PREFIX.get_or_init(read).as_deref()
}

/// A program of the installation, or the one that cargo built.
pub fn program(name: &str, built: &str) -> PathBuf {
    prefix().map_or_else(|| built.into(), |prefix| prefix.join("bin").join(name))
}

/// What `pkg-config` says of the installed library.
pub fn pkg_config(prefix: &Path, arguments: &[&str]) -> Vec<String> {
    let mut command = Command::new("pkg-config");
    command.env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig")).args(arguments).arg("helo");
    let output = command.output().unwrap_or_else(|e| panic!("pkg-config: {e}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).split_whitespace().map(str::to_owned).collect()
}

/// The shared and the static library that cargo builds of this tree, in the profile of this test. They are built when
/// they are first asked for, so that they are never older than the tree: the folder in which they are.
pub fn built() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        // target/debug/deps/test
        let test = std::env::current_exe().expect("a test knows where it is");
        let mut above = test.ancestors().skip(2).map(Path::to_owned);
        let folder = above.next().expect("a test stands in the build's folder");
        let target = above.next().expect("the build's folder stands in the target folder");
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        // With examples, of which there are none, the features of the packages are those with which this test was built:
        // nothing is compiled again for another choice of them.
        cargo.args(["build", "--quiet", "--locked", "--package=helo", "--package=helo-library", "--lib", "--examples"]);
        cargo
            .arg("--manifest-path")
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
            .arg("--target-dir")
            .arg(target);
        if folder.ends_with("release") {
            cargo.arg("--release");
        }
        let output = cargo.output().unwrap_or_else(|e| panic!("{cargo:?}: {e}"));
        assert!(output.status.success(), "{cargo:?}: {}", String::from_utf8_lossy(&output.stderr));
        folder
    })
}

unsafe extern "C" {
    fn dlopen(file: *const c_char, flags: c_int) -> *mut c_void;
    fn dlsym(library: *mut c_void, name: *const c_char) -> *mut c_void;
    fn dlerror() -> *const c_char;
}

/// The function at the end of this path as users have it: from the installed shared library where `HELO_FACES` is `installed`, else
/// the one given, which is in the test; `F` is its type as a pointer. See [`shipped!`], which calls it.
/// A test takes all of its functions this way or none, since the two libraries know nothing of each other's handles.
pub fn function<F: Copy>(path: &str, in_test: F) -> F {
    let name = path.rsplit(':').next().unwrap_or(path).trim();
    static LIBRARY: OnceLock<usize> = OnceLock::new();
    const { assert!(size_of::<F>() == size_of::<usize>(), "a pointer to a function, not the function itself") };
    let Some(prefix) = prefix().filter(|_| std::env::var_os("HELO_FACES").is_some_and(|faces| faces == "installed"))
    else {
        return in_test;
    };
    let library = *LIBRARY.get_or_init(|| {
        let file = CString::new(prefix.join("lib/libhelo.so.0").into_os_string().into_encoded_bytes()).expect("a path");
        const RTLD_NOW: c_int = 2;
        // SAFETY: a path.
        let library = unsafe { dlopen(file.as_ptr(), RTLD_NOW) };
        assert!(!library.is_null(), "{}", failure());
        library.expose_provenance()
    });
    let symbol = CString::new(name).expect("a name");
    // SAFETY: an open library, which is never closed, and a name.
    let function = unsafe { dlsym(std::ptr::with_exposed_provenance_mut(library), symbol.as_ptr()) };
    assert!(!function.is_null(), "{name}: {}", failure());
    // SAFETY: both are pointers; the caller says of which type the function is, as for the one in the test.
    unsafe { std::mem::transmute_copy(&function) }
}

/// Why the last call of the loader failed.
fn failure() -> String {
    // SAFETY: NULL or a text, which is copied at once.
    let words = unsafe { dlerror() };
    if words.is_null() {
        return "the loader does not say why".into();
    }
    // SAFETY: as above.
    unsafe { std::ffi::CStr::from_ptr(words) }.to_string_lossy().into_owned()
}

/// Calls an exported function as users have it: `shipped!("system" close::smtp_quit(handle))`, the calling convention first.
/// See [`function`].
#[allow(unused_macros)] // the benches use the rest
macro_rules! shipped {
    (@any $argument:expr) => { _ };
    ($convention:literal $first:ident $(:: $next:ident)* ($($argument:expr),* $(,)?)) => {{
        let in_test: unsafe extern $convention fn($($crate::support::installed::shipped!(@any $argument)),*) -> _ =
            $first $(:: $next)*;
        $crate::support::installed::function(stringify!($first $(:: $next)*), in_test)($($argument),*)
    }};
}
#[allow(unused_imports)]
pub(crate) use shipped;
