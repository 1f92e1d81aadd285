//! Reading and writing files, with errors that name them.

use std::fs;
use std::path::{Path, PathBuf};

/// Writes a file and its folders, unless it holds this text already: unchanged headers rebuild nothing.
pub fn write(path: &Path, text: &str) -> Result<(), String> {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).and_then(|()| fs::write(path, text)).map_err(|e| format!("{}: {e}", path.display()))
}

/// Calls `take` for every file below `folder`, in the order of names.
pub fn collect(folder: &Path, take: &mut dyn FnMut(&Path) -> Result<(), String>) -> Result<(), String> {
    for entry in entries(folder)? {
        if entry.is_dir() {
            collect(&entry, take)?;
        } else {
            take(&entry)?;
        }
    }
    Ok(())
}

/// What a folder holds, sorted, so that a run gives the same headers everywhere.
pub fn entries(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let fail = |e| format!("{}: {e}", folder.display());
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).map_err(fail)? {
        entries.push(entry.map_err(fail)?.path());
    }
    entries.sort();
    Ok(entries)
}

/// A file's text.
pub fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))
}

/// The last part of a path.
pub fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
