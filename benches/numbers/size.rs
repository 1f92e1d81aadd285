//! The size of the shared library, without what is for debuggers only.

use crate::table::Table;
use std::path::{Path, PathBuf};
use std::process::Command;

pub fn measure(table: &mut Table) {
    match stripped() {
        Ok(bytes) => table.row("the shared library, stripped", format!("{:.2} MB", bytes as f64 / 1e6), ""),
        Err(why) => table.row("the shared library, stripped", "-", why),
    }
}

fn stripped() -> Result<u64, String> {
    let library = library().ok_or("no shared library beside the bench: cargo build --release")?;
    let copy = std::env::temp_dir().join(format!("helo-bench-{}.so", std::process::id()));
    let done = Command::new("strip").arg("-o").arg(&copy).arg(&library).status();
    let size = std::fs::metadata(&copy).map(|metadata| metadata.len());
    let _ = std::fs::remove_file(&copy);
    match done {
        Ok(status) if status.success() => size.map_err(|why| why.to_string()),
        _ => Err("strip is not installed".into()),
    }
}

/// The library that was built with this bench: in `target/release/deps` beside it.
fn library() -> Option<PathBuf> {
    let this = std::env::current_exe().ok()?;
    let folder: &Path = this.parent()?;
    [folder.join("libhelo.so"), folder.parent()?.join("libhelo.so")].into_iter().find(|file| file.is_file())
}
