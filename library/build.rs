//! Names the shared library.

use std::env;
use std::path::PathBuf;

/// The name that programs keep of the shared library. Its number changes when an old program would no longer run.
const SONAME: &str = "libhelo.so.0";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let system = env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    if matches!(system.as_str(), "linux" | "android" | "freebsd" | "netbsd" | "openbsd" | "dragonfly") {
        println!("cargo::rustc-cdylib-link-arg=-Wl,-soname,{SONAME}");
        link_soname();
    }
}

/// Programs that are linked against the library where cargo puts it look for it under its soname: a link beside it, as
/// `make install` makes one, spares whoever tries it out an error of the loader.
fn link_soname() {
    // target/release/build/helo-library-0123/out
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let Some(folder) = out.ancestors().nth(3) else { return };
    #[cfg(unix)]
    if let Err(why) = std::os::unix::fs::symlink("libhelo.so", folder.join(SONAME))
        && why.kind() != std::io::ErrorKind::AlreadyExists
    {
        println!("cargo::warning=no link {SONAME} in {}: {why}", folder.display());
    }
}
