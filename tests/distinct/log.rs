//! D32-SMTP.DBG: what is written at which DebugLevel, where, and that no secret is in it.

use crate::api::*;
use crate::child;
use crate::support::scripted::ScriptedServer;
use crate::support::temp::TempDir;
use std::ffi::OsStr;

/// A program's calls, good and bad, with secrets among them.
fn calls() {
    let server = ScriptedServer::start(
        "S: 220 ready
         C: EHLO here.example
         S: 250-mx.example
         S: 250 AUTH PLAIN
         C~ AUTH PLAIN *
         S: 235 welcome
         C: MAIL FROM:<ann@a.example>
         S: 250 ok
         C: RCPT TO:<bob@b.example>
         S: 550 no bob
         C: AUTH LOGIN
         S: 334 VXNlcm5hbWU6
         C: c2VjcmV0
         S: 535 no
         C: QUIT
         S: 221 bye
         WAIT close",
    );
    let url = format!("smtp://ann:secret@{}", host(server.address()));
    let (code, conn) = helo(&url, "here.example", Hooks::default().keep());
    assert_eq!(name(code), "SMTP_SUCCESS");
    assert_eq!(name(conn.mail("ann@a.example")), "SMTP_SUCCESS");
    assert_eq!(name(conn.rcpt("bob@b.example")), "SMTP_FAILURE");
    assert_eq!(name(conn.direct("AUTH LOGIN").0), "SMTP_SUCCESS");
    assert_eq!(name(conn.direct("c2VjcmV0").0), "SMTP_FAILURE");
    assert_eq!(name(conn.quit()), "SMTP_SUCCESS");
    assert_eq!(name(conn.quit()), "SMTP_INVALID_HANDLE");
    server.finish();
}

/// The log that a process with this level writes into this folder.
fn log_at(level: u8, folder: &TempDir) -> String {
    let policy = folder.join("helo.conf");
    std::fs::write(&policy, format!("debug_level = {level}\n")).unwrap();
    let variables: [(&str, &OsStr); 2] =
        [("HELO_CONFIG", policy.as_os_str()), ("HELO_LOG_DIR", folder.path().as_os_str())];
    child::run("log::errors_at_level_1_all_calls_at_2_nothing_at_0", &variables);
    std::fs::read_to_string(folder.join("D32-SMTP.DBG")).unwrap_or_default()
}

#[test]
fn errors_at_level_1_all_calls_at_2_nothing_at_0() {
    if child::is_this() {
        return calls();
    }
    let folder = TempDir::new();
    assert_eq!(log_at(0, &folder), "");

    let errors = log_at(1, &folder);
    let results: Vec<&str> = errors.lines().filter_map(|line| line.split(" = ").nth(1)).collect();
    assert_eq!(results.len(), 3, "{errors}");
    assert!(results[0].starts_with("SMTP_FAILURE: ") && results[0].contains("550 no bob"), "{errors}");
    assert!(results[1].starts_with("SMTP_FAILURE: "), "{errors}");
    assert!(results[2].starts_with("SMTP_INVALID_HANDLE: "), "{errors}");

    let all = log_at(2, &folder);
    let calls = all.strip_prefix(&errors).expect("the file grows");
    let said: Vec<&str> = calls.lines().map(|line| line.split_once("smtp_").map_or(line, |(_, call)| call)).collect();
    assert_eq!(said.len(), 7, "{calls}");
    assert!(said[0].starts_with("helo(\"127.0.0.1\", \"here.example\") = SMTP_SUCCESS"), "{calls}");
    assert!(said[1].starts_with("mail(0x") && said[1].ends_with(", \"ann@a.example\") = SMTP_SUCCESS"), "{calls}");
    assert!(said[3].contains(", AUTH) = SMTP_SUCCESS"), "{calls}");
    assert!(said[4].contains(", <hidden>) = SMTP_FAILURE"), "{calls}");
    for secret in ["secret", "c2VjcmV0", "AGFubgBzZWNyZXQ="] {
        assert!(!all.contains(secret), "{all}");
    }
}

#[test]
fn a_link_in_the_place_of_the_log_is_not_followed() {
    if child::is_this() {
        return calls();
    }
    let folder = TempDir::new();
    let victim = folder.join("victim");
    std::fs::write(&victim, "mine").unwrap();
    std::os::unix::fs::symlink(&victim, folder.join("D32-SMTP.DBG")).unwrap();
    let policy = folder.join("helo.conf");
    std::fs::write(&policy, "debug_level = 2\n").unwrap();
    let elsewhere = folder.join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    let variables: [(&str, &OsStr); 3] = [
        ("HELO_CONFIG", policy.as_os_str()),
        ("HELO_LOG_DIR", folder.path().as_os_str()),
        ("TMPDIR", elsewhere.as_os_str()),
    ];
    child::run("log::a_link_in_the_place_of_the_log_is_not_followed", &variables);
    assert_eq!(std::fs::read_to_string(&victim).unwrap(), "mine");
}

#[test]
fn a_policy_that_is_wrong_is_an_error_of_opening() {
    if child::is_this() {
        let (code, conn) = helo("127.0.0.1:1", "here.example", Hooks::default().keep());
        assert_eq!((name(code), conn), ("SMTP_CANNOT_INITIALIZE", NO_CONN));
        let (code, conn) = xhelo("127.0.0.1:1", "here.example", Hooks::default().keep());
        assert_eq!((name(code), conn), ("SMTP_CANNOT_INITIALIZE", NO_CONN));
        return;
    }
    let folder = TempDir::new();
    let policy = folder.join("helo.conf");
    std::fs::write(&policy, "timeuot = 5\n").unwrap();
    child::run("log::a_policy_that_is_wrong_is_an_error_of_opening", &[("HELO_CONFIG", policy.as_os_str())]);
}
