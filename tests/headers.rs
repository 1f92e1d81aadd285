//! The C headers: the committed copies are those of this build, every one compiles as C89, C11, C23 and C++17 by itself,
//! and the generator of `build/` stops at what it would otherwise lose silently.

mod support;

#[path = "../build/face.rs"]
mod face;
#[path = "../build/files.rs"]
mod files;
#[path = "../build/generate.rs"]
mod generate;
#[path = "../build/source.rs"]
mod source;
#[path = "../build/text.rs"]
mod text;
#[path = "../build/warnings.rs"]
mod warnings;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::cc;
use support::temp::TempDir;

/// All headers below a folder: their paths in it, and their texts.
fn headers_below(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut headers = BTreeMap::new();
    files::collect(folder, &mut |file| {
        if file.extension().is_some_and(|extension| extension == "h") {
            let name = file.strip_prefix(folder).expect("it was found there").to_owned();
            headers.insert(name, files::read(file)?);
        }
        Ok(())
    })
    .expect("a folder of headers");
    headers
}

#[test]
fn the_committed_headers_are_those_of_this_build() {
    let fresh = headers_below(cc::fresh_headers());
    let committed = headers_below(&cc::root().join("include"));
    let mut stale: Vec<_> = fresh.iter().filter(|(name, text)| committed.get(*name) != Some(text)).collect();
    stale.extend(committed.iter().filter(|(name, _)| !fresh.contains_key(*name)));
    let names: Vec<_> = stale.into_iter().map(|(name, _)| name).collect();
    assert!(names.is_empty(), "run `make headers` and commit (delete what has no template): {names:?}");
}

#[test]
fn every_header_compiles_alone_and_twice_in_every_standard() {
    let mut failed = Vec::new();
    for header in headers_below(cc::headers()).keys() {
        let folder = cc::headers().join(header.parent().expect("a face's folder"));
        let name = header.file_name().expect("a file").to_string_lossy();
        failed.extend(compile_everywhere(&[folder, cc::headers().join("rtos")], &name));
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// Includes a header twice, and nothing else, in each standard; the complaints.
fn compile_everywhere(folders: &[PathBuf], header: &str) -> Vec<String> {
    let work = TempDir::new();
    let mut failed = Vec::new();
    // The last two are names of the same standard; compilers of before 2023 know the first of them only.
    let c23 = if knows("-std=c23") { "-std=c23" } else { "-std=c2x" };
    for (compiler, standard) in [("cc", "-std=c89"), ("cc", "-std=c11"), ("cc", c23), ("c++", "-std=c++17")] {
        let source = work.join(if compiler == "cc" { "twice.c" } else { "twice.cpp" });
        // The function keeps the file from being empty, which ISO C forbids.
        let text = format!("#include <{header}>\n#include <{header}>\nint helo_header_test(void);\n");
        fs::write(&source, text).expect("a source file");
        let mut command = Command::new(compiler);
        command.args([standard, "-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only"]);
        for folder in folders {
            command.arg("-I").arg(folder);
        }
        let output = command.arg(&source).output().unwrap_or_else(|e| panic!("{compiler}: {e}"));
        if !output.status.success() {
            failed.push(format!("{header} {standard}:\n{}", String::from_utf8_lossy(&output.stderr)));
        }
    }
    failed
}

/// `windows.h` of the Distinct face as 32-bit systems see it, and as a program that keeps DWORD at 32 bits does.
#[cfg(target_arch = "x86_64")]
#[test]
fn old_types_have_the_width_that_they_should() {
    let work = TempDir::new();
    let source = work.join("widths.c");
    // Only the types: the functions need the system's headers, which may be there for one width only.
    let text = "#define HELO_WINDOWS_TYPES_ONLY\n#include <d32-fw.h>\n\
                #define IS(type, size) typedef char type##_is[sizeof(type) == size ? 1 : -1]\n\
                IS(DWORD, NUMBER); IS(LONG, NUMBER); IS(ULONG, NUMBER); IS(DWORD_PTR, sizeof(void *));\n\
                IS(LPARAM, sizeof(void *)); IS(WPARAM, sizeof(void *)); IS(LRESULT, sizeof(void *));\n\
                IS(WORD, 2); IS(UINT, 4); IS(INT, 4); IS(BOOL, 4);\n";
    fs::write(&source, text).expect("a source file");
    for (options, wide) in [(&["-m64"][..], "8"), (&["-m32"], "4"), (&["-m64", "-DHELO_DWORD_32"], "4")] {
        let mut command = Command::new("cc");
        command.args(["-std=c89", "-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only"]).args(options);
        command.arg(format!("-DNUMBER={wide}")).arg("-I").arg(cc::headers().join("distinct"));
        let output = command.arg(&source).output().expect("a C compiler");
        assert!(output.status.success(), "{options:?}:\n{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// Compilers for Windows have a `windows.h` of their own, which no folder that they are told to search may hide; and with that
/// folder alone they find the face's headers.
#[test]
fn compilers_for_windows_are_shown_no_header_of_windows() {
    let names = |folder: &Path| -> Vec<String> {
        let found = files::entries(folder).expect("a folder of headers");
        found.iter().filter(|path| path.is_file()).map(|path| files::file_name(path)).collect()
    };
    let face = cc::headers().join("distinct");
    let mut own = names(&face);
    own.retain(|name| name.starts_with("d32-"));
    assert_eq!(names(&face.join("windows")), own);
    assert!(!own.is_empty());
}

/// The headers of both in one file: those of ThreadX first, or a clear error.
#[test]
fn old_types_of_two_libraries_go_together_in_one_order() {
    let work = TempDir::new();
    let compile = |first: &str, second: &str| {
        let source = work.join("both.c");
        fs::write(&source, format!("#include <{first}>\n#include <{second}>\n")).expect("a source file");
        let mut command = Command::new("cc");
        command.args(["-std=c89", "-fsyntax-only"]);
        for face in ["distinct", "rtos"] {
            command.arg("-I").arg(cc::headers().join(face));
        }
        let output = command.arg(&source).output().expect("a C compiler");
        if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
    };
    assert_eq!(compile("tx_api.h", "d32-smtp.h"), Ok(()));
    let words = compile("d32-smtp.h", "tx_api.h").unwrap_err();
    assert!(words.contains("include ThreadX's and NetX's headers first"), "{words}");
}

/// Whether the C compiler knows an option.
fn knows(option: &str) -> bool {
    let output = Command::new("cc").args([option, "-fsyntax-only", "-x", "c", "/dev/null"]).output();
    output.is_ok_and(|output| output.status.success())
}

/// A face for the generator: files by name. Gives its headers by name.
fn generate_face(contents: &[(&str, &str)]) -> Result<BTreeMap<String, String>, String> {
    let work = TempDir::new();
    for (name, text) in contents {
        files::write(&work.join("faces/sample").join(name), text)?;
    }
    let faces = face::all(&work.join("faces"))?;
    let [face] = faces.as_slice() else { return Err(format!("{} faces instead of one", faces.len())) };
    assert_eq!(face.include_folder(), "sample");
    Ok(generate::headers(face, &work.join("out"))?.into_iter().collect())
}

const TEMPLATE: &str = "#ifndef SAMPLE_H\n#define SAMPLE_H\n#include <stdint.h>\n#ifdef __cplusplus\nextern \"C\" {\n\
                        #endif\n#define WINAPI\n#define CALLBACK\n@GENERATED@\n#ifdef __cplusplus\n}\n#endif\n#endif\n";

const SOURCE: &str = r#"
    use crate::capi::boundary;
    const PRIVATE: Duration = Duration::from_secs(1);
    /// How it went.
    pub const SAMPLE_OK: c_int = 0;
    /// Kinds of things.
    #[repr(C)]
    pub enum SampleKind { One, Two }
    /// Called for each line.
    pub type SAMPLE_LINE = Option<unsafe extern "system" fn(line: *const c_char, user: usize) -> c_int>;
    /// Does it.
    ///
    /// Parameters: `kind` and a callback, which may be NULL.
    #[unsafe(no_mangle)]
    pub unsafe extern "system" fn sample_do(kind: SampleKind, each: SAMPLE_LINE) -> c_int { PRIVATE }
    /// The name for object files of old.
    #[unsafe(export_name = "_sample_name")]
    pub extern "C" fn name() -> *const c_char { todo() }
    #[cfg(test)]
    mod tests { pub const NOT_SHOWN: Vec<u8> = Vec::new(); }
"#;

#[test]
fn a_face_without_a_list_is_left_out() {
    let problem = generate_face(&[("mod.rs", SOURCE)]).unwrap_err();
    assert_eq!(problem, "0 faces instead of one");
}

#[test]
fn calling_conventions_comments_and_names_survive() {
    let headers = generate_face(&[
        ("exports.txt", "# all\nsample_do\n_sample_name # old\n"),
        ("face.toml", "functions = \"WINAPI\"\ncallbacks = \"CALLBACK\"\n"),
        ("sample.h.in", TEMPLATE),
        ("mod.rs", SOURCE),
    ])
    .unwrap();
    let header = &headers["sample.h"];
    for wanted in [
        "int WINAPI sample_do(",
        "typedef int (CALLBACK *SAMPLE_LINE)(const char *line, uintptr_t user);",
        "const char *_sample_name(void);",
        "#define SAMPLE_OK 0",
        " * Does it.\n *\n * Parameters: `kind` and a callback, which may be NULL.\n",
        "  Two\n}",
    ] {
        assert!(header.contains(wanted), "lacks {wanted:?}:\n{header}");
    }
    for unwanted in ["PRIVATE", "NOT_SHOWN", "@GENERATED"] {
        assert!(!header.contains(unwanted), "shows {unwanted}:\n{header}");
    }
    let work = TempDir::new();
    files::write(&work.join("sample.h"), header).unwrap();
    let failed = compile_everywhere(&[work.path().to_owned()], "sample.h");
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn two_headers_of_a_face_share_its_types() {
    let headers = generate_face(&[
        ("exports.txt", "first_make\nsecond_take\nby_hand"),
        ("cbindgen.toml", "style = \"type\"\n[export]\nexclude = [\"GIVEN\"]\n"),
        (
            "first.h.in",
            "typedef struct GIVEN { int x[SIZE]; } GIVEN;\n@GENERATED a.rs@\nint by_hand(const char *, ...);\n",
        ),
        ("second.h.in", "#include \"first.h\"\n@GENERATED b.rs@\n"),
        ("types.h.in", "typedef int ONLY_BY_HAND;\n"),
        (
            "a.rs",
            "#[repr(C)] pub struct GIVEN { x: i32 } #[repr(C)] pub struct FIRST { x: i32 }
             #[unsafe(no_mangle)] pub extern \"C\" fn first_make(given: *mut GIVEN, first: FIRST) {}",
        ),
        ("b.rs", "#[unsafe(no_mangle)] pub extern \"C\" fn second_take(first: *mut FIRST) {}"),
    ])
    .unwrap();
    assert!(headers["first.h"].contains("void first_make(GIVEN *given, FIRST first);"), "{}", headers["first.h"]);
    assert_eq!(headers["first.h"].matches("GIVEN {").count(), 1, "{}", headers["first.h"]);
    assert!(headers["second.h"].contains("void second_take(FIRST *first);"), "{}", headers["second.h"]);
    assert!(!headers["second.h"].contains("int32_t x"), "{}", headers["second.h"]);
    assert!(headers["types.h"].contains("ONLY_BY_HAND"));
}

#[test]
fn what_would_be_lost_stops_the_build() {
    let refused = |contents: &[(&str, &str)], wanted: &str| {
        let problem = generate_face(contents).expect_err(wanted);
        assert!(problem.contains(wanted), "{wanted:?} is not what it says: {problem}");
    };
    let plain = ("sample.h.in", "@GENERATED@\n");
    let function = ("mod.rs", "#[unsafe(no_mangle)] pub extern \"C\" fn sample_do() {}");
    let list = ("exports.txt", "sample_do");
    refused(&[list, plain, ("mod.rs", "exporting_macro!(sample_do);")], "sample_do, but no header declares it");
    refused(&[list, ("sample.h.in", "/* sample_do */ \"sample_do\"\n"), ("mod.rs", "")], "no header declares it");
    refused(&[("exports.txt", ""), plain, function], "exports sample_do, which exports.txt does not list");
    refused(&[("exports.txt", "sample_do\nsample_do"), plain, function], "twice");
    refused(&[("exports.txt", "sample_do, sample_be"), plain, function], "not one symbol");
    refused(&[list, function], "no template");
    refused(&[list, ("sample.h.in", "int sample_do(void);"), function], "no template has a line for what mod.rs shows");
    refused(&[list, ("sample.h.in", "@GENERATED other.rs@"), function], "no source other.rs");
    refused(&[list, plain, ("twice.h.in", "@GENERATED@"), function], "already stands in a header");
    refused(&[list, plain, ("mod.rs", "pub const LIST: Vec<u8> = make();")], "pub(crate)");
    refused(
        &[list, plain, ("mod.rs", "#[unsafe(no_mangle)] pub extern \"C\" fn sample_do(x: Unknown) {}")],
        "Can't find Unknown",
    );
    refused(&[list, plain, ("mod.rs", "pub fn broken( {}")], "line 1");
    let system = ("mod.rs", "#[unsafe(no_mangle)] pub extern \"system\" fn sample_do() {}");
    refused(&[list, plain, system], "face.toml");
    let inline = "#[unsafe(no_mangle)] pub extern \"C\" fn sample_do(f: extern \"system\" fn()) {}";
    refused(&[list, plain, ("mod.rs", inline)], "give the extern \"system\" callback's type a name");
    refused(&[list, plain, function, ("face.toml", "colour = \"red\"")], "unknown key colour");
}

#[test]
fn conventions_leave_comments_calls_and_macros_alone() {
    let names = ["f".to_owned()].into();
    let text = "/* f( */\nint f(void);\nconst char *f(int f);\n#define g(x) \"f(\"\nint ff(void);\n";
    let wanted = "/* f( */\nint STD f(void);\nconst char *STD f(int f);\n#define g(x) \"f(\"\nint ff(void);\n";
    assert_eq!(text::function_convention(text, &names, "STD"), wanted);
}
