//! Writes the C headers from the faces.
//!
//! A folder of `src/faces/` becomes a folder of headers once it has a list of its symbols:
//!
//! - `exports.txt`: the symbols, one a line, `#` begins a comment;
//! - `<header>.h.in`: one template a header; a line `@GENERATED@` is replaced by what cbindgen makes of the folder's
//!   sources (and of no others). A face with several headers says which sources go where: `@GENERATED a.rs b.rs@`; a
//!   template in a folder of the face's becomes a header in that folder;
//! - `cbindgen.toml`: cbindgen's configuration, optional;
//! - `face.toml`: the calling conventions of `extern "system"`, optional, see `build/face.rs`.
//!
//! In a face, `pub` means "stands in the header" for constants, types and exported functions; what only Rust sees is
//! `pub(crate)` or less. Any warning, any symbol that no header declares and any that the list lacks stops the build.
//!
//! The headers go to `OUT_DIR/include`. The copies in `include/` are for people and for installing; a test holds them
//! against these, and `HELO_WRITE_HEADERS=1 cargo build` writes them anew.

#[path = "build/face.rs"]
mod face;
#[path = "build/files.rs"]
mod files;
#[path = "build/generate.rs"]
mod generate;
#[path = "build/source.rs"]
mod source;
#[path = "build/text.rs"]
mod text;
#[path = "build/warnings.rs"]
mod warnings;

use files::write;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    if let Err(problem) = run() {
        for line in problem.lines() {
            println!("cargo::error={line}");
        }
        std::process::exit(1);
    }
}

fn run() -> Result<(), String> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed=src/faces");
    println!("cargo::rerun-if-env-changed=HELO_WRITE_HEADERS");

    let root = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(variable("OUT_DIR")?);
    let include = out.join("include");
    // Headers of an earlier run whose template is gone must not stay.
    if include.exists() {
        fs::remove_dir_all(&include).map_err(|e| format!("{}: {e}", include.display()))?;
    }
    write(&include.join("README"), "Written by build.rs; the copies for use are in include/ of the source.\n")?;
    let committed = root.join("include");
    let refresh = env::var_os("HELO_WRITE_HEADERS").is_some_and(|value| value == "1");
    for face in face::all(&root.join("src/faces"))? {
        for (name, text) in generate::headers(&face, &out)? {
            let header = Path::new(&face.include_folder()).join(name);
            write(&include.join(&header), &text)?;
            if refresh {
                write(&committed.join(&header), &text)?;
            }
        }
    }
    Ok(())
}

fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|_| format!("cargo did not set {name}"))
}
