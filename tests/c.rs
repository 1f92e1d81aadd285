//! The C programs of `tests/c`, each built and run in several ways; `tests/c/README.md` says how they are written.

mod support;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use support::cc::{self, Link, Program};
use support::scripted::ScriptedServer;
use support::sink::{self, Sink};
use support::{exports, skip};

/// How long a program may take; under valgrind everything is some thirty times slower.
const LIMIT: Duration = Duration::from_secs(60);
const VALGRIND_LIMIT: Duration = Duration::from_secs(240);

/// The ways to run a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Plain,
    Sanitized,
    Valgrind,
    Static,
}

impl Way {
    fn name(self) -> &'static str {
        match self {
            Way::Plain => "plain",
            Way::Sanitized => "sanitized",
            Way::Valgrind => "valgrind",
            Way::Static => "static",
        }
    }
}

#[test]
fn programs_run_plain() {
    run_all(Way::Plain);
}

#[test]
fn programs_run_with_sanitizers() {
    if cc::have_sanitizers("C programs with sanitizers") {
        run_all(Way::Sanitized);
    }
}

#[test]
fn programs_run_under_valgrind() {
    if skip::have("C programs under valgrind", &["valgrind"]) {
        run_all(Way::Valgrind);
    }
}

#[test]
fn programs_run_with_the_static_library() {
    run_all(Way::Static);
}

/// What a program for an old library was written in, and what its users' compilers take today.
#[test]
fn programs_run_as_other_standards_have_it() {
    let mut failed = Vec::new();
    for source in programs() {
        let needs = Needs::read(&source);
        for standard in &needs.standards {
            let one = || run_one(&source, &needs, Way::Plain, Some(standard));
            if std::panic::catch_unwind(one).is_err() {
                failed.push(format!("{} ({standard})", source.display()));
            }
        }
    }
    assert!(failed.is_empty(), "failed: {failed:#?}");
}

/// The null, garbage and stale-handle suite: a function that a face exports and its program does not call is a gap.
#[test]
fn every_exported_function_is_called_with_garbage() {
    let mut gaps = Vec::new();
    for (face, symbols) in exports::faces() {
        let file = cc::root().join(format!("tests/c/garbage/{}.c", face.replace('_', "-")));
        let program = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let called = called_with_garbage(&program);
        gaps.extend(symbols.difference(&called).map(|symbol| format!("{face}: {symbol}")));
    }
    assert!(gaps.is_empty(), "not called in tests/c/garbage:\n{}", gaps.join("\n"));
}

/// The functions in `CALL(name` and `REFUSED(code, name`.
fn called_with_garbage(program: &str) -> BTreeSet<String> {
    let first_word = |text: &str| {
        let text = text.trim_start();
        let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
        text[..end].to_owned()
    };
    let calls = program.split("CALL(").skip(1).map(first_word);
    let refusals = program.split("REFUSED(").skip(1).filter_map(|rest| Some(first_word(rest.split_once(',')?.1)));
    calls.chain(refusals).collect()
}

#[test]
fn the_table_of_calls_is_read_right() {
    let program = "CALL(a);\n  REFUSED(CODE(1), b, NULL);\nCALL( c, 1, d);\nREFUSED(X,\n    e);";
    assert_eq!(called_with_garbage(program), ["a", "b", "c", "e"].map(String::from).into());
}

/// Builds and runs every program in one way; all of them, so that one failure does not hide the next.
fn run_all(way: Way) {
    let programs = programs();
    assert!(!programs.is_empty(), "tests/c holds no program");
    let mut failed = Vec::new();
    for source in programs {
        let needs = Needs::read(&source);
        if !needs.ways.is_empty() && !needs.ways.iter().any(|name| name == way.name()) {
            continue;
        }
        if std::panic::catch_unwind(|| run_one(&source, &needs, way, None)).is_err() {
            failed.push(source);
        }
    }
    assert!(failed.is_empty(), "failed, run {}: {failed:#?}", way.name());
}

fn run_one(source: &Path, needs: &Needs, way: Way, standard: Option<&String>) {
    let mut program = Program::new(source);
    if let Some(standard) = standard {
        program = program.standard(standard);
    }
    for face in &needs.headers {
        program = program.headers(face);
    }
    let program = match way {
        Way::Plain | Way::Valgrind => program,
        Way::Sanitized => program.sanitized(),
        Way::Static => program.link(Link::Static),
    };
    let program = program.build();
    let mut command = match way {
        Way::Plain | Way::Static => Command::new(&program),
        Way::Sanitized => cc::sanitized_command(&program),
        Way::Valgrind => cc::valgrind_command(&program),
    };
    // Without a policy, be there one on this machine, unless the program brings one.
    command.env("HELO_CONFIG", needs.policy.as_deref().unwrap_or(Path::new("/dev/null")));
    let limit = if way == Way::Valgrind { VALGRIND_LIMIT } else { LIMIT };
    let what = format!("{} ({})", source.display(), standard.map_or(way.name(), String::as_str));
    let mut run = |server: Option<SocketAddr>| {
        if let Some(server) = server {
            command.arg(server.ip().to_string()).arg(server.port().to_string());
        }
        cc::run(&mut command, limit).expect_success(&what);
    };
    match &needs.server {
        Server::None => run(None),
        Server::Sink => run(Some(Sink::start(sink::Options::default()).address())),
        Server::Dialogue(dialogue) => {
            let server = ScriptedServer::start(dialogue);
            run(Some(server.address()));
            server.finish();
        }
    }
}

/// All programs below `tests/c`, by name.
fn programs() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in entries(&cc::root().join("tests/c")) {
        if folder.is_dir() {
            found.extend(entries(&folder).into_iter().filter(|file| file.extension().is_some_and(|e| e == "c")));
        }
    }
    found.sort();
    found
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    entries.map(|entry| entry.expect("an entry of a folder").path()).collect()
}

/// What a program says at its top that it needs.
#[derive(Debug, Default, PartialEq)]
struct Needs {
    headers: Vec<String>,
    server: Server,
    /// The policy file to run under.
    policy: Option<PathBuf>,
    /// Empty: all.
    ways: Vec<String>,
    /// In which standards of C and C++ it is built and run besides.
    standards: Vec<String>,
}

#[derive(Debug, Default, PartialEq)]
enum Server {
    #[default]
    None,
    Sink,
    Dialogue(String),
}

impl Needs {
    fn read(source: &Path) -> Needs {
        let text = std::fs::read_to_string(source).unwrap_or_else(|e| panic!("{}: {e}", source.display()));
        let mut needs = Needs::parse(&text).unwrap_or_else(|e| panic!("{}: {e}", source.display()));
        let folder = source.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy().into_owned();
        // The garbage programs are named after their face, the others stand in its folder.
        let face = if folder == "garbage" {
            source.file_stem().unwrap_or_default().to_string_lossy().into_owned()
        } else {
            folder
        };
        needs.headers.insert(0, face);
        needs.policy = needs.policy.map(|policy| source.with_file_name(policy));
        needs
    }

    fn parse(program: &str) -> Result<Needs, String> {
        let comment = program.trim_start().strip_prefix("/*").and_then(|rest| rest.split_once("*/"));
        let comment = comment.ok_or("a program begins with a comment that says what it tests")?.0;
        let mut needs = Needs::default();
        let mut lines = comment.lines().map(|line| line.trim_start().strip_prefix("* ").unwrap_or("").trim_end());
        while let Some(line) = lines.next() {
            let words = |list: &str| list.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            if let Some(faces) = line.strip_prefix("headers:") {
                needs.headers = words(faces);
            } else if let Some(policy) = line.strip_prefix("policy:") {
                needs.policy = Some(policy.trim().into());
            } else if let Some(ways) = line.strip_prefix("runs:") {
                needs.ways = words(ways);
                let all = [Way::Plain, Way::Sanitized, Way::Valgrind, Way::Static].map(Way::name);
                if let Some(unknown) = needs.ways.iter().find(|way| !all.contains(&way.as_str())) {
                    return Err(format!("there is no way to run called {unknown}"));
                }
            } else if let Some(standards) = line.strip_prefix("standards:") {
                needs.standards = words(standards);
            } else if let Some(server) = line.strip_prefix("server:") {
                needs.server = match server.trim() {
                    "sink" => Server::Sink,
                    "dialogue" => Server::Dialogue(lines.by_ref().map(|line| format!("{line}\n")).collect()),
                    other => return Err(format!("there is no server called {other}")),
                };
            }
        }
        Ok(needs)
    }
}

#[test]
fn what_a_program_needs_is_read_from_its_comment() {
    let program = "/* Words.\n *\n * headers: rtos x\n * policy: a.conf\n * runs: plain\n * standards: c89 c++17\n * server: dialogue\n *     S: 220 a\n *\n *     S* 2 b\n */\nint x;";
    let needs = Needs::parse(program).unwrap();
    assert_eq!(needs.headers, ["rtos", "x"]);
    assert_eq!(needs.ways, ["plain"]);
    assert_eq!(needs.standards, ["c89", "c++17"]);
    assert_eq!(needs.policy.as_deref(), Some(Path::new("a.conf")));
    assert_eq!(needs.server, Server::Dialogue("    S: 220 a\n\n    S* 2 b\n\n".into()));
    assert_eq!(Needs::parse("/* Words. */").unwrap(), Needs::default());
    for wrong in ["int x;", "/* a\n * server: moon\n */", "/* a\n * runs: slowly\n */"] {
        assert!(Needs::parse(wrong).is_err(), "{wrong}");
    }
}
