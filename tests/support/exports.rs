//! The lists of exported symbols, `src/faces/*/exports.txt`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Each face that lists its symbols: the folder's name and the symbols.
pub fn faces() -> BTreeMap<String, BTreeSet<String>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/faces");
    let mut faces = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("src/faces") {
        let face = entry.expect("an entry of src/faces");
        if let Ok(list) = fs::read_to_string(face.path().join("exports.txt")) {
            faces.insert(face.file_name().to_string_lossy().into_owned(), symbols(&list));
        }
    }
    assert!(!faces.is_empty(), "no face lists its symbols");
    faces
}

/// One symbol a line, `#` begins a comment.
fn symbols(list: &str) -> BTreeSet<String> {
    let lines = list.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    lines.filter(|symbol| !symbol.is_empty()).map(str::to_owned).collect()
}

/// What each face brings of `helo.h` with it: those with the remark "any face".
pub fn any_face() -> BTreeSet<String> {
    let list = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/faces/helo/exports.txt"));
    let list = list.expect("the list of the native face");
    let marked = list.lines().filter_map(|line| line.split_once('#')).filter(|(_, why)| why.trim() == "any face");
    marked.map(|(symbol, _)| symbol.trim().to_owned()).collect()
}
