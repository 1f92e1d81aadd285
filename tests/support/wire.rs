//! The dialogues of `tests/wire/`: what the server does together with what the program asks for, run through the engine
//! and through every face that can do them. `tests/wire/README.md` describes the format.

use super::script::{Script, unescape};
use super::scripted::{Options, ScriptedServer};
use helo::error::{Cause, Phase};
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// One thing the program asks for (`do:`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Connect, wait for the greeting, say EHLO (else HELO) with this name. The next ones go over this connection.
    Open(String),
    /// MAIL, SEND, SOML or SAML with an address and parameters such as `SIZE=10`.
    Mail {
        verb: String,
        from: String,
        parameters: Vec<String>,
    },
    /// RCPT.
    Rcpt {
        to: String,
        parameters: Vec<String>,
    },
    /// The whole message, handed over in pieces of so many bytes (0: at once).
    Body {
        bytes: Vec<u8>,
        piece: usize,
    },
    Rset,
    Noop,
    Vrfy(String),
    Expn(String),
    Help(Option<String>),
    Turn,
    /// QUIT and the end of the connection.
    Quit,
}

/// What must come of a step (`=`), and the lines that a listing must show (`|`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expect {
    /// None: it succeeds.
    pub cause: Option<Cause>,
    pub code: Option<u16>,
    pub phase: Option<Phase>,
    pub lines: Option<Vec<String>>,
}

/// A dialogue of the folder.
#[derive(Clone, Debug, Default)]
pub struct Wire {
    pub path: PathBuf,
    /// The programs that it is for.
    pub run: Vec<String>,
    /// How long the program waits for each thing; generous unless the dialogue is about time.
    pub timeout: Option<Duration>,
    /// Never with the server saying one byte at a time.
    pub whole: bool,
    pub steps: Vec<(usize, Step, Expect)>,
    pub script: Script,
}

/// What a program is told before its first step.
pub struct Setup<'a> {
    pub server: SocketAddr,
    pub timeout: Duration,
    pub wire: &'a Wire,
}

/// How a program reports a step.
pub enum Reported<T> {
    /// What came of this step.
    One(T),
    /// This step is done together with a later one.
    Later,
    /// What came of all steps left for later and of this one, each by itself.
    Each(Vec<T>),
    /// One verdict for all steps left for later and this one: that of the first that fails.
    Whole(T),
}

/// The engine or a face, as far as the dialogues use it.
pub trait Program {
    /// What the program gets to know about a step.
    type Told: fmt::Debug;
    fn step(&mut self, step: &Step) -> Reported<Self::Told>;
    /// Whether that is what the program must be told when the step ends like this.
    fn fits(&self, step: &Step, expect: &Expect, told: &Self::Told) -> bool;
}

/// Runs every dialogue that names `program`, once as it is and once with the server saying one byte at a time. Panics
/// with all that went wrong.
pub fn run_all<P: Program>(program: &str, start: impl Fn(&Setup<'_>) -> P) {
    let mut failures = Vec::new();
    let mut count = 0;
    for wire in all() {
        if !wire.run.iter().any(|name| name == program) {
            continue;
        }
        for split in [0, 1] {
            if split != 0 && wire.whole {
                continue;
            }
            count += 1;
            if let Err(problem) = run(&wire, split, &start) {
                let name = wire.path.file_name().unwrap_or_default().to_string_lossy();
                let how = if split == 0 { "" } else { " (a byte at a time)" };
                failures.push(format!("--- {name}{how}\n{problem}"));
            }
        }
    }
    assert!(count > 0, "no dialogue names {program}");
    assert!(
        failures.is_empty(),
        "{} of {count} runs through {program} failed:\n{}",
        failures.len(),
        failures.join("\n")
    );
    println!("{count} runs through {program}");
}

/// All dialogues, in the order of their names.
pub fn all() -> Vec<Wire> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wire");
    let files = std::fs::read_dir(&folder).expect("tests/wire").flatten().map(|entry| entry.path());
    let mut paths: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|end| end == "txt")).collect();
    paths.sort();
    paths.into_iter().map(|path| Wire::read(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))).collect()
}

fn run<P: Program>(wire: &Wire, split: usize, start: impl Fn(&Setup<'_>) -> P) -> Result<(), String> {
    let server = ScriptedServer::perform(Options { split, ..Options::default() }, wire.script.clone());
    let timeout = wire.timeout.unwrap_or(super::wait::LONG);
    let mut program = start(&Setup { server: server.address(), timeout, wire });
    let steps = check_steps(wire, &mut program);
    // What is still open is closed now.
    drop(program);
    let dialogue = server.outcome().map_err(|failure| failure.to_string());
    match (steps, dialogue) {
        (Ok(()), Ok(_)) => Ok(()),
        (Err(step), Ok(transcript)) => Err(format!("{step}\nwhat was said:\n{transcript}")),
        (Ok(()), Err(failure)) => Err(failure),
        (Err(step), Err(failure)) => Err(format!("{step}\n{failure}")),
    }
}

fn check_steps<P: Program>(wire: &Wire, program: &mut P) -> Result<(), String> {
    let mut later: Vec<&(usize, Step, Expect)> = Vec::new();
    for entry in &wire.steps {
        let (line, step, _) = entry;
        let check = |(line, step, expect): &(usize, Step, Expect), told: &P::Told, program: &P| {
            if program.fits(step, expect, told) {
                return Ok(());
            }
            Err(format!("line {line}: {step:?}\n  expected {expect:?}\n  told     {told:?}"))
        };
        match program.step(step) {
            Reported::One(told) => check(entry, &told, program)?,
            Reported::Later => later.push(entry),
            Reported::Each(all) => {
                later.push(entry);
                if all.len() != later.len() {
                    return Err(format!("line {line}: {} reports for {} steps: {all:?}", all.len(), later.len()));
                }
                for (entry, told) in later.drain(..).zip(&all) {
                    check(entry, told, program)?;
                }
            }
            Reported::Whole(told) => {
                let failed = later.drain(..).find(|(_, _, expect)| expect.cause.is_some());
                check(failed.unwrap_or(entry), &told, program)?;
            }
        }
    }
    if later.is_empty() { Ok(()) } else { Err(format!("never reported: {later:?}")) }
}

impl Wire {
    pub fn read(path: &Path) -> Result<Wire, String> {
        let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
        let mut wire = Wire { path: path.into(), ..Wire::default() };
        for (number, line) in (1..).zip(text.lines()) {
            wire.line(number, line.trim_start()).map_err(|why| format!("line {number}: {why}"))?;
        }
        if wire.run.is_empty() {
            return Err("no `run:` line says which programs it is for".into());
        }
        Ok(wire)
    }

    fn line(&mut self, number: usize, line: &str) -> Result<(), String> {
        if let Some(programs) = line.strip_prefix("run:") {
            self.run = programs.split_whitespace().map(String::from).collect();
        } else if let Some(millis) = line.strip_prefix("timeout:") {
            let millis = millis.trim().parse().map_err(|_| "not a number of milliseconds")?;
            self.timeout = Some(Duration::from_millis(millis));
        } else if line.trim_end() == "split: no" {
            self.whole = true;
        } else if let Some(text) = line.strip_prefix("do:") {
            self.steps.push((number, step(text.trim_start())?, Expect::default()));
        } else if let Some(text) = line.strip_prefix("= ") {
            let (_, _, expect) = self.steps.last_mut().ok_or("a result before the first step")?;
            *expect = expectation(text)?;
        } else if let Some(text) = line.strip_prefix('|') {
            let (_, _, expect) = self.steps.last_mut().ok_or("a line before the first step")?;
            let text = text.strip_prefix(' ').unwrap_or(text);
            expect.lines.get_or_insert_default().push(text.into());
        } else {
            self.script.add(number, line)?;
        }
        Ok(())
    }
}

/// Words of a step; each may hold escapes.
fn words(text: &str) -> Result<Vec<String>, String> {
    text.split(' ').filter(|word| !word.is_empty()).map(word).collect()
}

fn word(text: &str) -> Result<String, String> {
    String::from_utf8(unescape(text)?).map_err(|_| "arguments are UTF-8".into())
}

fn step(text: &str) -> Result<Step, String> {
    let (verb, rest) = text.split_once(' ').unwrap_or((text, ""));
    let one = || word(rest.trim());
    Ok(match verb {
        "open" => Step::Open(one()?),
        "mail" | "send" | "soml" | "saml" => {
            let mut words = words(rest)?.into_iter();
            // `<>`, not nothing, is the null path: an empty word cannot be seen.
            let from = words.next().ok_or("no sender; the null one is <>")?;
            Step::Mail { verb: verb.to_ascii_uppercase(), from, parameters: words.collect() }
        }
        "rcpt" => {
            let mut words = words(rest)?.into_iter();
            Step::Rcpt { to: words.next().ok_or("no recipient")?, parameters: words.collect() }
        }
        "body" => Step::Body { bytes: unescape(rest)?, piece: 0 },
        "pieces" => {
            let (piece, text) = rest.split_once(' ').ok_or("pieces SIZE text")?;
            Step::Body { bytes: unescape(text)?, piece: piece.parse().map_err(|_| "not a size")? }
        }
        "repeat" => {
            let (count, text) = rest.split_once(' ').ok_or("repeat COUNT text")?;
            let count = count.parse().map_err(|_| "not a number")?;
            Step::Body { bytes: unescape(text)?.repeat(count), piece: 0 }
        }
        "rset" => Step::Rset,
        "noop" => Step::Noop,
        "vrfy" => Step::Vrfy(one()?),
        "expn" => Step::Expn(one()?),
        "help" => Step::Help(if rest.is_empty() { None } else { Some(one()?) }),
        "turn" => Step::Turn,
        "quit" => Step::Quit,
        _ => return Err(format!("not a step: {verb}")),
    })
}

/// The words for each cause that a dialogue can expect.
const CAUSES: [(&str, Cause); 12] = [
    ("timed out", Cause::TimedOut),
    ("refused", Cause::Refused),
    ("broken off", Cause::BrokenOff),
    ("bad argument", Cause::BadArgument),
    ("bad sequence", Cause::BadSequence),
    ("cancelled", Cause::Cancelled),
    ("protocol", Cause::Protocol),
    ("not responding", Cause::NotResponding),
    ("not supported", Cause::NotSupported),
    ("outcome unknown", Cause::OutcomeUnknown),
    ("unsent", Cause::Unsent),
    ("source", Cause::Source),
];

const PHASES: [(&str, Phase); 11] = [
    ("connect", Phase::Connect),
    ("greeting", Phase::Greeting),
    ("tls", Phase::Tls),
    ("hello", Phase::Hello),
    ("auth", Phase::Auth),
    ("mail", Phase::Mail),
    ("rcpt", Phase::Rcpt),
    ("data", Phase::Data),
    ("message", Phase::Message),
    ("command", Phase::Command),
    ("quit", Phase::Quit),
];

fn expectation(text: &str) -> Result<Expect, String> {
    let mut expect = Expect::default();
    let rest = match text.strip_prefix("ok") {
        Some(rest) => rest,
        None => {
            let (words, cause) =
                CAUSES.iter().find(|(words, _)| text.starts_with(words)).ok_or(format!("no such result: {text}"))?;
            expect.cause = Some(*cause);
            &text[words.len()..]
        }
    };
    for word in rest.split_whitespace() {
        if let Ok(code) = word.parse() {
            expect.code = Some(code);
        } else if let Some((_, phase)) = PHASES.iter().find(|(name, _)| *name == word) {
            expect.phase = Some(*phase);
        } else {
            return Err(format!("neither a code nor a phase: {word}"));
        }
    }
    Ok(expect)
}
