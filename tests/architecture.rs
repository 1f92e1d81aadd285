//! The house stands as ARCHITECTURE.md says: which room may use which, where unsafe code and the operating system may be.

#[path = "support/rust.rs"]
mod rust;

use rust::Facts;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What each room may use: the layers from the bottom up. `faces -> capi + client + server + policy -> net + sasl +
/// message -> proto`, and `error` beside `proto`, since an error carries a reply and a command knows its phase.
///
/// Within a layer: a proxy's password is a `sasl::Secret`, a policy is written in the client's settings, the server's
/// relay is a client to a server that is named as in a policy, and `capi` tells the policy what only unsafe code can find out.
const ALLOWED: &[(&str, &[&str])] = &[
    ("error", &["proto"]),
    ("proto", &["error"]),
    ("sasl", &["error", "proto"]),
    ("message", &["error", "proto"]),
    ("net", &["error", "proto", "sasl"]),
    ("client", &["error", "proto", "sasl", "message", "net"]),
    ("policy", &["error", "proto", "sasl", "message", "net", "client"]),
    ("server", &["error", "proto", "sasl", "message", "net", "client", "policy"]),
    ("capi", &["error", "proto", "sasl", "message", "net", "policy"]),
    ("faces", &["error", "proto", "sasl", "message", "net", "client", "server", "policy", "capi"]),
    // Programs: what they use, they use as any other program does.
    ("bin", &[]),
];

/// Rooms that are built without an operating system.
const WITHOUT_STD: &[&str] = &["error", "proto", "sasl", "message"];

/// Rooms that may hold unsafe code.
const UNSAFE: &[&str] = &["capi", "faces"];

const LONGEST_FILE: usize = 700;

/// Every source below `src/` but the root, with its room.
fn sources() -> Vec<(PathBuf, String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of sources") {
            let path = entry.expect("an entry of a folder").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).expect("a source is text");
                let path = path.strip_prefix(&root).expect("below src").to_owned();
                let first = path.iter().next().unwrap_or_default().to_string_lossy().into_owned();
                let room = first.trim_end_matches(".rs").to_owned();
                found.push((path, room, text));
            }
        }
    }
    found.retain(|(_, room, _)| room != "lib");
    assert!(found.len() > 10, "the sources were found");
    found.sort();
    found
}

/// Looks at every source and gathers complaints, so that all are shown at once.
#[track_caller]
fn every_source(mut look: impl FnMut(&str, &Facts, &str) -> Vec<String>) {
    let mut complaints = Vec::new();
    for (path, room, text) in sources() {
        match rust::facts(&path, &text) {
            Ok(facts) => {
                let place = format!("src/{}", path.display());
                complaints.extend(look(&room, &facts, &text).into_iter().map(|words| format!("{place}: {words}")));
            }
            Err(words) => complaints.push(words),
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn dependencies_point_one_way() {
    let allowed: BTreeMap<_, _> = ALLOWED.iter().copied().collect();
    every_source(|room, facts, _| {
        let Some(allowed) = allowed.get(room) else { return vec![format!("{room} is no room of the house")] };
        let strange = |used: &&String| *used != room && !allowed.contains(&used.as_str());
        facts.rooms.iter().filter(strange).map(|used| format!("{room} may not use {used}")).collect()
    });
}

#[test]
fn the_table_has_no_circle_but_error_and_proto() {
    let mut below: BTreeSet<&str> = ["error", "proto"].into();
    for (room, uses) in &ALLOWED[2..] {
        assert!(uses.iter().all(|used| below.contains(used)), "{room} uses what stands beside or above it");
        below.insert(room);
    }
}

#[test]
fn unsafe_code_is_at_the_boundary_only() {
    every_source(|room, facts, _| {
        if UNSAFE.contains(&room) {
            return Vec::new();
        }
        facts.unsafe_code.iter().map(|line| format!("line {line}: unsafe code belongs in capi")).collect()
    });
}

/// Functions that do the same, and constants with the same content, may get one address when they are optimized: what they
/// are must not rest on it. (`Arc::ptr_eq` compares places that somebody owns, each for itself.)
#[test]
fn nothing_is_told_by_the_address_of_a_function_or_a_constant() {
    /// Here addresses only keep strange functions from being called.
    const ALLOWED: &[&str] = &["src/faces/rtos/ip.rs"];
    let mut complaints = Vec::new();
    for (path, _, text) in sources() {
        let place = format!("src/{}", path.display());
        if ALLOWED.contains(&place.as_str()) {
            continue;
        }
        let facts = rust::facts(&path, &text).unwrap_or_else(|words| panic!("{words}"));
        complaints.extend(facts.addresses.iter().map(|line| format!("{place}: line {line} compares addresses")));
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    let root = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).expect("a source");
    assert!(
        root.contains("#![deny(unpredictable_function_pointer_comparisons)]"),
        "the compiler watches over == of functions"
    );
}

#[test]
fn the_language_needs_no_operating_system() {
    every_source(|room, facts, _| {
        if !WITHOUT_STD.contains(&room) {
            return Vec::new();
        }
        facts.std.iter().map(|line| format!("line {line}: {room} is core and alloc only, not std")).collect()
    });
}

#[test]
fn faces_speak_no_smtp() {
    every_source(|room, facts, _| {
        if room != "faces" {
            return Vec::new();
        }
        let protocol = facts.literals.iter().filter(|(_, literal)| is_protocol_text(literal));
        protocol.map(|(line, literal)| format!("line {line}: {literal} belongs in proto")).collect()
    });
}

/// Whether a literal, with its quotes, begins with a command.
fn is_protocol_text(literal: &str) -> bool {
    const VERBS: &[&str] = &[
        "EHLO",
        "HELO",
        "LHLO",
        "MAIL FROM",
        "SEND FROM",
        "SOML FROM",
        "SAML FROM",
        "RCPT TO",
        "DATA",
        "BDAT",
        "RSET",
        "NOOP",
        "QUIT",
        "VRFY",
        "EXPN",
        "HELP",
        "TURN",
        "STARTTLS",
        "AUTH",
    ];
    let Some((_, text)) = literal.split_once('"') else { return false };
    VERBS.iter().any(|verb| {
        let rest = text.strip_prefix(verb).and_then(|rest| rest.chars().next());
        rest.is_some_and(|next| matches!(next, '"' | ' ' | ':' | '\\'))
    })
}

/// A child of fork must not find a lock held that nobody will release (`src/net/fork.rs`), and code must stay where threads
/// run it (`src/net/thread.rs`).
#[test]
fn what_the_whole_process_has_is_ready_for_fork_and_unload() {
    // Windows has no fork.
    let own = ["net/fork.rs", "net/lock.rs", "net/thread.rs", "capi/console.rs", "faces/distinct/pump.rs"];
    let mut complaints = Vec::new();
    for (path, room, text) in sources() {
        let library = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        if room == "bin" || own.iter().any(|own| path == Path::new(own)) || is_test(&path) {
            continue;
        }
        for (number, line) in (1..).zip(library.lines()) {
            let code = line.trim_start();
            let is_static = code.starts_with("static ") || code.starts_with("pub(") && code.contains(" static ");
            let plain = ["Mutex::new(", "RwLock::new(", "Condvar::new("].iter().any(|lock| code.contains(lock));
            let once = ["LazyLock<", "OnceLock<", ": Once "].iter().any(|once| code.contains(once));
            let why = match () {
                () if code.contains("parking_lot") => "locks are those of net::lock",
                () if code.contains("thread::Builder::new(") => "threads come from net::thread",
                () if is_static && plain => "a lock of the whole process is a Mutex::process_wide or an Own",
                () if is_static && once && !library.contains("fork::pass()") => "made under a pass of net::fork",
                () => continue,
            };
            complaints.push(format!("src/{}:{number}: {why}", path.display()));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// A file of unit tests beside its code.
fn is_test(path: &Path) -> bool {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    stem == "tests" || stem.ends_with("_tests") || stem == "tests_support"
}

#[test]
fn files_are_short_enough_to_read() {
    every_source(|_, _, text| {
        let lines = text.lines().count();
        if lines > LONGEST_FILE { vec![format!("{lines} lines; at most {LONGEST_FILE}")] } else { Vec::new() }
    });
}

#[test]
fn every_exported_function_is_documented() {
    let mut exported = 0;
    every_source(|_, facts, _| {
        exported += facts.exports.len();
        facts.undocumented_exports.iter().map(|name| format!("{name} has no doc comment for its header")).collect()
    });
    assert!(exported > 0, "exported functions were found");
}

#[test]
fn exported_functions_are_in_faces_only() {
    every_source(|room, facts, _| {
        let strange = facts.exports.iter().filter(|_| room != "faces");
        strange.map(|name| format!("{name} is exported outside of faces")).collect()
    });
}

/// The reader of sources finds what it must, and only that.
mod reader {
    use super::*;

    fn read(path: &str, text: &str) -> Facts {
        rust::facts(Path::new(path), text).unwrap()
    }

    fn rooms(path: &str, text: &str) -> Vec<String> {
        read(path, text).rooms.into_iter().collect()
    }

    #[test]
    fn finds_rooms_in_all_ways_to_write_a_path() {
        let text =
            "use crate::net::tcp; use crate::{proto::{reply, line}, sasl}; fn f() -> crate::error::Result<()> {}";
        assert_eq!(rooms("client/mod.rs", text), ["error", "net", "proto", "sasl"]);
        assert_eq!(rooms("client/a.rs", "use super::b; use super::super::net;"), ["net"]);
        assert_eq!(
            rooms("client/mod.rs", "use super::net; mod b { use super::c; use super::super::faces::d; }"),
            ["faces", "net"]
        );
        assert_eq!(rooms("faces/d/a.rs", "fn f() { super::super::super::policy::g() }"), ["policy"]);
    }

    #[test]
    fn leaves_comments_strings_and_tests_out() {
        let text = "//! crate::net\n/* std::io */ fn f() { g(\"crate::faces\") }\n pub(crate) struct S;\n
                    #[cfg(test)] mod tests { use crate::client; use std::io; fn t() { f(\"QUIT\") } }\n
                    #[test] fn t() { crate::policy::x(); }";
        let facts = read("proto/line.rs", text);
        assert_eq!((facts.rooms.len(), facts.std.len()), (0, 0), "{facts:?}");
        assert_eq!(facts.literals, [(2, "\"crate::faces\"".to_owned())]);
        assert_eq!(
            rooms("proto/line.rs", "#[cfg(test)] use crate::a; use crate::b; #[cfg(not(test))] use crate::c;"),
            ["b", "c"]
        );
    }

    #[test]
    fn finds_unsafe_code_and_permissions_for_it() {
        assert_eq!(read("a.rs", "fn f() {\n unsafe { g() } }").unsafe_code, [2]);
        assert_eq!(read("a.rs", "#![allow(unsafe_code)]").unsafe_code, [1]);
        assert_eq!(read("a.rs", "#[cfg(test)] mod t { unsafe fn f() {} }").unsafe_code, [1]);
        assert!(read("a.rs", "#![deny(unsafe_code)] // unsafe\nconst S: &str = \"unsafe\";").unsafe_code.is_empty());
    }

    #[test]
    fn finds_the_standard_library() {
        assert_eq!(read("a.rs", "use std::io;\nfn f() { ::std::mem::drop(1); }\nextern crate std;").std, [1, 2, 3]);
        assert!(read("a.rs", "#![cfg_attr(not(feature = \"std\"), no_std)]\nuse core::fmt;").std.is_empty());
    }

    #[test]
    fn finds_comparisons_of_addresses() {
        let text =
            "fn f() {\n ptr::eq(a, b);\n std::ptr::fn_addr_eq(a, b);\n core::ptr::addr_eq(a, b);\n a.will_wake(b) }";
        assert_eq!(read("a.rs", text).addresses, [2, 3, 4, 5]);
        assert!(
            read("a.rs", "use std::ptr; fn f() { Arc::ptr_eq(a, b); a.eq(b); PartialEq::eq(a, b) }")
                .addresses
                .is_empty()
        );
    }

    #[test]
    fn finds_exports_without_comments() {
        let text = "/// Words.\n#[unsafe(no_mangle)] pub extern \"C\" fn a() {}\n#[unsafe(no_mangle)] pub fn b() {}
                    /// For\nfn c() {} #[unsafe(export_name = \"_d\")] pub fn d() {}";
        let facts = read("faces/x/mod.rs", text);
        assert_eq!(facts.exports, ["_d", "a", "b"].map(String::from).into());
        assert_eq!(facts.undocumented_exports, ["b", "_d"]);
    }

    #[test]
    fn knows_protocol_text() {
        for text in [r#""QUIT""#, r#"b"MAIL FROM:<""#, r#""EHLO ""#, r#""RSET\r\n""#, r#"c"AUTH PLAIN""#] {
            assert!(is_protocol_text(text), "{text}");
        }
        for text in [r#""HELO_CONFIG""#, r#""DATABASE""#, r#""the QUIT""#, r#""helo""#, "'\"'"] {
            assert!(!is_protocol_text(text), "{text}");
        }
    }
}
