//! What stands in a face's folder, read from the disk.

use crate::files::{collect, entries, file_name, read};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// One face that has headers.
pub struct Face {
    /// The folder's name, `netx_client`.
    pub name: String,
    /// The folder.
    pub folder: PathBuf,
    /// The symbols of `exports.txt`.
    pub exports: BTreeSet<String>,
    /// The templates: the header's name, with the folder in the face's where it stands in one, and the text.
    pub templates: Vec<(String, String)>,
    /// All Rust sources below the folder.
    pub sources: Vec<PathBuf>,
    /// What `face.toml` says.
    pub conventions: Conventions,
}

/// `face.toml`: how C writes the calling convention of what is `extern "system"` in Rust.
#[derive(Default)]
pub struct Conventions {
    /// `functions = "WINAPI"`, after the return type of exported functions.
    pub functions: Option<String>,
    /// `callbacks = "CALLBACK"`, before the star of function pointer types.
    pub callbacks: Option<String>,
}

impl Face {
    /// The folder of its headers: `include/netx-client`.
    pub fn include_folder(&self) -> String {
        self.name.replace('_', "-")
    }
}

/// The faces below `folder` that list their symbols, by name.
pub fn all(folder: &Path) -> Result<Vec<Face>, String> {
    let mut faces = Vec::new();
    for folder in entries(folder)? {
        if folder.is_dir() && folder.join("exports.txt").is_file() {
            faces.push(read_face(&folder)?);
        }
    }
    Ok(faces)
}

fn read_face(folder: &Path) -> Result<Face, String> {
    let name = file_name(folder);
    let exports = read_exports(&read(&folder.join("exports.txt"))?).map_err(|e| format!("faces/{name}: {e}"))?;
    let mut templates = Vec::new();
    let mut sources = Vec::new();
    collect(folder, &mut |file| {
        let name = file.strip_prefix(folder).unwrap_or(file).to_string_lossy().replace('\\', "/");
        if let Some(header) = name.strip_suffix(".in") {
            templates.push((header.to_owned(), read(file)?));
        } else if name.ends_with(".rs") {
            sources.push(file.to_owned());
        }
        Ok(())
    })?;
    if templates.is_empty() {
        return Err(format!("faces/{name} has an exports.txt but no template <header>.h.in"));
    }
    let conventions = match folder.join("face.toml") {
        file if file.is_file() => read_conventions(&read(&file)?).map_err(|e| format!("{}: {e}", file.display()))?,
        _ => Conventions::default(),
    };
    Ok(Face { name, folder: folder.to_owned(), exports, templates, sources, conventions })
}

/// `exports.txt`: one symbol a line, in any order, none twice.
fn read_exports(text: &str) -> Result<BTreeSet<String>, String> {
    let mut exports = BTreeSet::new();
    for line in text.lines() {
        let symbol = line.split('#').next().unwrap_or_default().trim();
        if symbol.is_empty() {
            continue;
        }
        if !symbol.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(format!("exports.txt: \"{symbol}\" is not one symbol"));
        }
        if !exports.insert(symbol.to_owned()) {
            return Err(format!("exports.txt lists {symbol} twice"));
        }
    }
    Ok(exports)
}

fn read_conventions(text: &str) -> Result<Conventions, String> {
    let mut conventions = Conventions::default();
    for (key, value) in text.parse::<toml::Table>().map_err(|e| e.to_string())? {
        let value = value.as_str().ok_or_else(|| format!("{key} must be a string"))?.to_owned();
        match key.as_str() {
            "functions" => conventions.functions = Some(value),
            "callbacks" => conventions.callbacks = Some(value),
            _ => return Err(format!("unknown key {key}; there are functions and callbacks")),
        }
    }
    Ok(conventions)
}
