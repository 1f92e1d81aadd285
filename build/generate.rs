//! One face's headers: its templates filled with what cbindgen makes of its sources.

use crate::face::Face;
use crate::files::{read, write};
use crate::source::{self, Surface};
use crate::{text, warnings};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A source of the face: its name, its reduced copy, and what it shows.
struct Source {
    name: String,
    copy: PathBuf,
    surface: Surface,
}

/// The headers' names and texts. `out` is where intermediate files may go.
pub fn headers(face: &Face, out: &Path) -> Result<Vec<(String, String)>, String> {
    make(face, out).map_err(|problem| format!("headers of faces/{}: {problem}", face.name))
}

fn make(face: &Face, out: &Path) -> Result<Vec<(String, String)>, String> {
    let sources = reduce(face, &out.join("reduced").join(&face.name))?;
    check_conventions(face, &sources)?;
    let mut headers = Vec::new();
    let mut placed = BTreeSet::new();
    for (name, template) in &face.templates {
        let text = fill(face, &sources, template, &mut placed).map_err(|e| format!("{name}.in: {e}"))?;
        headers.push((name.clone(), text));
    }
    for source in &sources {
        if !source.surface.names.is_empty() && !placed.contains(&source.name) {
            let names: Vec<_> = source.surface.names.iter().map(String::as_str).collect();
            let hint = "pub(crate) if only Rust needs it";
            return Err(format!(
                "no template has a line for what {} shows: {} ({hint})",
                source.name,
                names.join(", ")
            ));
        }
    }
    check_symbols(face, &sources, &headers)?;
    Ok(headers)
}

/// Reads the sources and writes their copies for cbindgen.
fn reduce(face: &Face, folder: &Path) -> Result<Vec<Source>, String> {
    let mut sources = Vec::new();
    for path in &face.sources {
        let name = path.strip_prefix(&face.folder).unwrap_or(path).to_string_lossy().replace('\\', "/");
        let surface = source::surface(&read(path)?).map_err(|e| format!("{name}: {e}"))?;
        let copy = folder.join(name.replace('/', "__"));
        write(&copy, &surface.text)?;
        sources.push(Source { name, copy, surface });
    }
    Ok(sources)
}

fn check_conventions(face: &Face, sources: &[Source]) -> Result<(), String> {
    let lacks = |key: &str, names: Vec<&String>| match names.first() {
        Some(name) => {
            Err(format!("{name} is extern \"system\": face.toml must say how C writes that, {key} = \"...\""))
        }
        None => Ok(()),
    };
    if face.conventions.functions.is_none() {
        lacks("functions", sources.iter().flat_map(|s| &s.surface.system_functions).collect())?;
    }
    if face.conventions.callbacks.is_none() {
        lacks("callbacks", sources.iter().flat_map(|s| &s.surface.system_callbacks).collect())?;
    }
    Ok(())
}

/// One template with its generated part. `placed` gathers the sources that have a header.
fn fill(face: &Face, all: &[Source], template: &str, placed: &mut BTreeSet<String>) -> Result<String, String> {
    let mut out = format!("/* Generated from src/faces/{}: do not edit. make headers writes it anew. */\n", face.name);
    for line in template.lines() {
        let Some(wanted) = line.trim().strip_prefix("@GENERATED").and_then(|rest| rest.strip_suffix('@')) else {
            out.push_str(line);
            out.push('\n');
            continue;
        };
        let wanted: BTreeSet<&str> = wanted.split_whitespace().collect();
        if let Some(unknown) = wanted.iter().find(|name| !all.iter().any(|s| s.name == **name)) {
            return Err(format!("there is no source {unknown}"));
        }
        let (here, elsewhere): (Vec<_>, Vec<_>) =
            all.iter().partition(|s| wanted.is_empty() || wanted.contains(s.name.as_str()));
        for source in &here {
            if !placed.insert(source.name.clone()) {
                return Err(format!("{} already stands in a header", source.name));
            }
        }
        out.push_str(&generated(face, &here, &elsewhere)?);
    }
    Ok(out)
}

/// What cbindgen makes of the sources `here`. Types of the sources `elsewhere` may be named.
fn generated(face: &Face, here: &[&Source], elsewhere: &[&Source]) -> Result<String, String> {
    let mut config = configuration(&face.folder.join("cbindgen.toml"))?;
    let other_names = elsewhere.iter().flat_map(|s| s.surface.names.iter().cloned());
    let given_by_hand: BTreeSet<String> = config.export.exclude.iter().cloned().chain(other_names).collect();
    config.export.exclude = given_by_hand.iter().cloned().collect();
    let mut builder = cbindgen::Builder::new().with_config(config);
    for source in here {
        builder = builder.with_src(&source.copy);
    }
    let (bindings, warnings) = warnings::collect(|| builder.generate());
    let bindings = bindings.map_err(|e| format!("cbindgen: {e}"))?;
    // cbindgen cannot find a type that was excluded because a template gives it by hand; any other warning is a defect.
    let expected =
        |warning: &str| given_by_hand.iter().any(|name| warning.starts_with(&format!("Can't find {name}. ")));
    let unexpected: Vec<_> = warnings.into_iter().filter(|warning| !expected(warning)).collect();
    if !unexpected.is_empty() {
        let hint = "in a face, pub means: stands in the header; what only Rust sees is pub(crate)";
        return Err(format!("cbindgen: {} ({hint})", unexpected.join("; ")));
    }
    let mut bytes = Vec::new();
    bindings.write(&mut bytes);
    let mut c = String::from_utf8(bytes).map_err(|e| format!("cbindgen wrote no UTF-8: {e}"))?;
    for source in here {
        if let Some(convention) = &face.conventions.functions {
            c = text::function_convention(&c, &source.surface.system_functions, convention);
        }
        if let Some(convention) = &face.conventions.callbacks {
            c = text::callback_convention(c, &source.surface.system_callbacks, convention);
        }
    }
    Ok(text::without_trailing_commas(&c))
}

/// The face's cbindgen.toml, with what all headers have in common on top of it.
fn configuration(file: &Path) -> Result<cbindgen::Config, String> {
    let mut config = match fs::exists(file) {
        Ok(true) => cbindgen::Config::from_file(file)?,
        _ => cbindgen::Config { style: cbindgen::Style::Both, ..Default::default() },
    };
    // The templates bring guards, includes and extern "C"; comments must be those of C89.
    config.language = cbindgen::Language::C;
    config.cpp_compat = false;
    config.documentation = true;
    config.documentation_style = cbindgen::DocumentationStyle::Doxy;
    config.no_includes = true;
    config.include_guard = None;
    config.pragma_once = false;
    config.include_version = false;
    Ok(config)
}

/// Holds the list against the sources and the headers.
fn check_symbols(face: &Face, sources: &[Source], headers: &[(String, String)]) -> Result<(), String> {
    let declared: BTreeSet<String> = headers.iter().flat_map(|(_, text)| text::identifiers(text)).collect();
    for symbol in &face.exports {
        if !declared.contains(symbol) {
            return Err(format!("exports.txt lists {symbol}, but no header declares it"));
        }
    }
    for source in sources {
        if let Some(unlisted) = source.surface.functions.difference(&face.exports).next() {
            return Err(format!("{} exports {unlisted}, which exports.txt does not list", source.name));
        }
    }
    Ok(())
}
