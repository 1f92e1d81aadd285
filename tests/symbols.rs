//! The built library exports what the lists name, no more and no less.

mod support;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use support::{cc, exports, skip};

/// The lines that `tool` prints about the shared library.
fn ask(tool: &str, arguments: &[&str], library: &Path) -> String {
    let output = Command::new(tool).args(arguments).arg(library).output().unwrap_or_else(|e| panic!("{tool}: {e}"));
    assert!(output.status.success(), "{tool} {}: {}", library.display(), String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("names are ASCII")
}

#[test]
fn the_library_exports_the_listed_symbols_and_no_others() {
    if !skip::have("symbols", &["nm"]) {
        return;
    }
    let built: BTreeSet<String> = ask("nm", &["-D", "--defined-only"], &cc::shared_library())
        .lines()
        .filter_map(|line| line.split_whitespace().last())
        .map(|symbol| symbol.split('@').next().unwrap_or_default().to_owned())
        .collect();
    let listed: BTreeSet<String> = exports::faces().into_values().flatten().collect();
    let missing: Vec<_> = listed.difference(&built).collect();
    let unlisted: Vec<_> = built.difference(&listed).collect();
    assert!(missing.is_empty() && unlisted.is_empty(), "missing: {missing:?}\nin no exports.txt: {unlisted:?}");
}

#[test]
fn no_symbol_stands_in_two_lists() {
    let mut seen = BTreeSet::new();
    for (face, symbols) in exports::faces() {
        for symbol in symbols {
            assert!(seen.insert(symbol.clone()), "{symbol} of {face} is in another face's list too");
        }
    }
}

#[test]
fn programs_remember_the_library_by_its_soname() {
    if !skip::have("soname", &["readelf"]) {
        return;
    }
    let dynamic = ask("readelf", &["-d"], &cc::shared_library());
    assert!(dynamic.contains("[libhelo.so.0]"), "{dynamic}");
}
