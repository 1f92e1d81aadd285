//! The site's policy from outside: what of it reaches the wire, and what a program with raised rights makes of it.
#![cfg(feature = "tls")]

mod support;

use helo::client::{AuthPlan, Owner, Session, Settings, Timeouts};
use helo::error::Error;
use helo::net::connect::Target;
use helo::net::wait::Cancel;
use helo::policy::{Policy, Rights};
use helo::sasl::{Credentials, Secret};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use support::cc::{self, Link, Program};
use support::scripted::ScriptedServer;
use support::skip;
use support::temp::{TempDir, write_private};
use support::tls::{Authority, Behaviour, TlsServer};
use support::wait::LONG;

const PASSWORD: &str = "wonderland";
/// `\0alice\0wonderland` as AUTH PLAIN sends it.
const RESPONSE: &str = "AGFsaWNlAHdvbmRlcmxhbmQ=";

/// A session as a program has it that asks for `mailhost` and knows nothing of the policy.
fn open(policy: &Path, own: Option<AuthPlan>) -> Result<Session, Error> {
    let site = Policy::load(policy, Rights::Ordinary)?.settings_for("mailhost");
    let mut settings =
        Settings { helo_name: "me.example".into(), timeouts: Timeouts::all(LONG), auth: own, ..Settings::default() };
    site.apply(&mut settings);
    let (host, port) = site.place("mailhost", 25);
    Session::open(Target::Host { host, port }, settings, Cancel::new(), &mut ())
}

#[test]
fn passwords_come_from_the_policy_a_file_and_a_command() {
    let folder = TempDir::new();
    let (policy, ca, password) = (folder.join("helo.conf"), folder.join("ca.pem"), folder.join("password"));
    let authority = Authority::new("Test authority");
    std::fs::write(&ca, &authority.pem).unwrap();
    write_private(&password, &format!("{PASSWORD}\nnot this line\n"));
    for key in [
        format!("password = {PASSWORD}"),
        format!("password_file = {}", password.display()),
        format!("password_command = head -n 1 '{}'", password.display()),
    ] {
        let server = TlsServer::start(Behaviour::good(authority.certificate(&["mail.example"]).server()), 1);
        let place = format!("server = {}\ntls_name = mail.example\ntls_ca = {}\n", server.address, ca.display());
        write_private(&policy, &format!("[host mailhost]\n{place}user = alice\nmechanism = PLAIN\n{key}\n"));
        open(&policy, None).unwrap_or_else(|error| panic!("{key}: {error}")).quit(&mut ());
        let heard = server.finish().pop().unwrap();
        assert!(heard.encrypted.iter().any(|line| line.contains(RESPONSE)), "{key}: {heard:?}");
        assert_eq!(heard.clear, ["EHLO me.example", "STARTTLS"], "{key}");
    }
}

#[test]
fn a_password_that_cannot_be_had_says_why_and_nothing_is_sent_of_it() {
    let folder = TempDir::new();
    let (policy, ca, password) = (folder.join("helo.conf"), folder.join("ca.pem"), folder.join("password"));
    let authority = Authority::new("Test authority");
    std::fs::write(&ca, &authority.pem).unwrap();
    std::fs::write(&password, PASSWORD).unwrap();
    std::fs::set_permissions(&password, std::fs::Permissions::from_mode(0o644)).unwrap();
    for (key, words) in [
        (format!("password_file = {}", password.display()), format!("chmod 600 {}", password.display())),
        ("password_file = /no/such/file".into(), "the file /no/such/file (password_file) cannot be read".into()),
        (
            format!("password_command = echo {PASSWORD}; echo 'no agent' >&2; exit 2"),
            "the command of password_command has failed (exit status: 2): no agent".into(),
        ),
    ] {
        let server = TlsServer::start(Behaviour::good(authority.certificate(&["mail.example"]).server()), 1);
        let place = format!("server = {}\ntls_name = mail.example\ntls_ca = {}\n", server.address, ca.display());
        write_private(&policy, &format!("[host mailhost]\n{place}user = alice\n{key}\n"));
        let error = open(&policy, None).err().unwrap_or_else(|| panic!("{key}")).to_string();
        assert!(error.contains(&words) && !error.contains(PASSWORD), "{key}: {error}");
        let heard = server.finish().pop().unwrap();
        assert!(!heard.encrypted.iter().any(|line| line.contains("AUTH")), "{key}: {heard:?}");
    }
}

#[test]
fn a_trace_has_the_dialogue_without_credentials() {
    let server = ScriptedServer::start(&format!(
        "S: 220 ready
         C: EHLO me.example
         S: 250-mx.example
         S: 250 AUTH PLAIN
         C: AUTH PLAIN {RESPONSE}
         S: 235 welcome
         C: MAIL FROM:<a@b>
         S: 250 ok
         C: RCPT TO:<c@d>
         S: 250 ok
         C: DATA
         S: 354 go on
         C. Subject: x\\r\\n\\r\\nhello\\r\\n.\\r\\n
         S: 250 taken
         C: QUIT
         S: 221 bye
         WAIT close"
    ));
    let folder = TempDir::new();
    let (policy, trace) = (folder.join("helo.conf"), folder.join("trace"));
    write_private(&policy, &format!("server = {}\ntrace_file = {}\n", server.address(), trace.display()));
    // A program's own login goes in the clear to a server without TLS, as its API documents.
    let own = AuthPlan::new(Credentials::new("alice", Secret::new(PASSWORD.into())), Owner::Program);
    let mut session = open(&policy, Some(own)).unwrap();
    let path = |text: &str| helo::proto::address::ForwardPath::parse(text).unwrap();
    let from = helo::proto::address::ReversePath::parse("a@b").unwrap();
    use helo::proto::command::{Command as Line, Verb};
    session.command(&Line::Mail { verb: Verb::Mail, from: &from, params: &[] }, &mut ()).unwrap();
    session.command(&Line::Rcpt { to: &path("c@d"), params: &[] }, &mut ()).unwrap();
    session.begin_data(&mut ()).unwrap();
    session.body(b"Subject: x\n\nhello\n", &mut ()).unwrap();
    session.end_data(&mut ()).unwrap();
    session.quit(&mut ());
    let place = server.address();
    server.finish();
    let text = std::fs::read_to_string(&trace).unwrap();
    assert!(!text.contains(RESPONSE) && !text.contains(PASSWORD) && !text.contains(&RESPONSE[4..20]), "{text}");
    let seen: Vec<&str> = text.lines().map(|line| line.splitn(4, ' ').nth(3).unwrap()).collect();
    assert_eq!(seen[0], format!("* connecting to {}, port {}", place.ip(), place.port()));
    for line in
        ["S 220 ready", "C EHLO me.example", "C AUTH PLAIN <hidden>", "S 235 welcome", "C Subject: x", "C hello"]
    {
        assert!(seen.contains(&line), "{line}: {text}");
    }
    assert_eq!(std::fs::metadata(&trace).unwrap().permissions().mode() & 0o777, 0o600);
}

/// `tests/policy/asks.c`, asking for this place with this environment and nothing else: its output and its errors.
fn asks(program: &Path, place: &str, environment: &[(&str, &str)]) -> (String, String) {
    let mut command = Command::new(program);
    command.arg(place).env_clear().envs(environment.iter().copied()).current_dir("/");
    let output = cc::run(&mut command, LONG);
    (output.stdout, output.stderr)
}

fn built() -> PathBuf {
    let source = cc::root().join("tests/policy/asks.c");
    Program::new(source).headers("distinct").headers("helo").link(Link::Static).build()
}

#[test]
fn the_environment_has_any_program_traced() {
    let (program, folder) = (built(), TempDir::new());
    let server = || {
        ScriptedServer::start(
            "S: 220 ready\nC: EHLO me.example\nS: 554 5.7.1 away\nC: HELO me.example\nS: 554 5.7.1 away\nHANG",
        )
    };
    let home = folder.path().to_str().unwrap().to_owned();
    let trace = folder.join("trace");
    for (name, value) in [("HELO_TRACE", "stderr"), ("HELO_TRACE", trace.to_str().unwrap())] {
        let server = server();
        let place = server.address().to_string();
        let (_, errors) = asks(&program, &place, &[(name, value), ("HOME", &home)]);
        let text = if value == "stderr" { errors } else { std::fs::read_to_string(&trace).unwrap() };
        let first = text.lines().next().unwrap_or_default();
        let looked = format!("no policy was found (looked at {home}/.config/helo.conf, /etc/helo.conf)");
        assert!(first.contains(" * libhelo ") && first.contains(&looked), "{text}");
        for line in [
            "* connecting to 127.0.0.1",
            "* server 127.0.0.1:",
            "S 220 ready",
            "C EHLO me.example",
            "S 554 5.7.1 away",
            "* hello: refused by the server: 554 5.7.1 away; server 127.0.0.1:",
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
        server.finish();
    }
    assert_eq!(std::fs::metadata(&trace).unwrap().permissions().mode() & 0o777, 0o600);
    // Once more: lines are added. Where the connection is not even made, that is said, with what to try.
    let before = std::fs::read_to_string(&trace).unwrap();
    asks(&program, "127.0.0.1:1", &[("HELO_TRACE", trace.to_str().unwrap()), ("HOME", &home)]);
    let after = std::fs::read_to_string(&trace).unwrap();
    let added = after.strip_prefix(&before).expect("what was there stays");
    assert!(
        added.contains("* connect: host does not respond") && added.contains("try next: is the port right"),
        "{added}"
    );
}

#[test]
fn a_policy_that_is_wrong_is_in_the_trace_and_its_name_if_it_is_right() {
    let (program, folder) = (built(), TempDir::new());
    let policy = folder.join("helo.conf");
    let run = |text: &str| {
        write_private(&policy, text);
        asks(&program, "mailhost", &[("HELO_TRACE", "stderr"), ("HELO_CONFIG", policy.to_str().unwrap())]).1
    };
    let wrong = run("prot = 1\n");
    assert!(wrong.contains("line 1: prot is unknown; did you mean port?"), "{wrong}");
    let right = run("[host mailhost]\nserver = alice:hunter2@127.0.0.1:1\n");
    assert!(!right.contains("hunter2"), "{right}");
    let right = run("[host mailhost]\nserver = 127.0.0.1\nport = 1\n");
    let named = format!("the policy is {} (the environment variable HELO_CONFIG names it)", policy.display());
    let by = format!("server 127.0.0.1:1, by {} [host mailhost] (HELO_CONFIG)", policy.display());
    assert!(right.contains(&named) && right.contains(&by), "{right}");
}

#[test]
fn a_trace_that_cannot_be_written_is_said_with_the_first_failure() {
    let (program, folder) = (built(), TempDir::new());
    let place = folder.join("no/such/folder/trace");
    let (shown, errors) = asks(&program, "127.0.0.1:1", &[("HELO_TRACE", place.to_str().unwrap())]);
    let words = format!("; besides, the trace file {} cannot be written: ", place.display());
    assert!(shown.contains("host does not respond") && shown.contains(&words), "{shown}");
    assert_eq!(errors, "");
}

/// A set-user-id program does not do what the environment of whoever starts it says.
#[test]
fn a_program_with_raised_rights_ignores_the_users_policy() {
    if !skip::as_root("a program with raised rights", "a set-user-id program is made by root and") {
        return;
    }
    let built = built();
    let folder = TempDir::new();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let copy = |name: &str, mode: u32| -> PathBuf {
        let place = folder.join(name);
        std::fs::copy(&built, &place).unwrap();
        std::fs::set_permissions(&place, std::fs::Permissions::from_mode(mode)).unwrap();
        place
    };
    let (ordinary, raised) = (copy("ordinary", 0o755), copy("raised", 0o4755));
    // A policy that cannot be used: whoever reads it says so.
    let policy = folder.join("helo.conf");
    std::fs::write(&policy, "port = none\n").unwrap();
    let run = |program: &Path, variable: &str, place: &Path| {
        let mut command = Command::new(program);
        // Nobody's port on this machine: nothing is connected to.
        command
            .arg("127.0.0.1:1")
            .env_clear()
            .env(variable, place)
            .env("HELO_TRACE", "stderr")
            .uid(65534)
            .gid(65534)
            .current_dir("/");
        let output = cc::run(&mut command, LONG);
        let is_traced = output.stderr.contains(" * ");
        assert_eq!(is_traced, program == ordinary, "HELO_TRACE: {}", output.stderr);
        output.stdout
    };
    for (variable, place) in [("HELO_CONFIG", policy.as_path()), ("XDG_CONFIG_HOME", folder.path())] {
        let shown = run(&ordinary, variable, place);
        assert!(shown.contains("user 65534: 3 ") && shown.contains("port is not a number"), "{variable}: {shown}");
        let shown = run(&raised, variable, place);
        if !shown.contains("user 0: ") {
            return skip::skip(
                "a program with raised rights",
                "the folder of temporary files takes no set-user-id programs",
            );
        }
        assert!(shown.contains("/etc/helo.conf)"), "{variable}: {shown}");
        assert!(!shown.contains(policy.to_str().unwrap()) && shown.contains("user 0: 9 "), "{variable}: {shown}");
    }
}
