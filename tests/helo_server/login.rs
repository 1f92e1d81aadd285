//! Logins at the program: who is a user does not show, not over restarts either; and guessing comes to an end.

use crate::support::program::Program;
use crate::support::raw::Raw;
use crate::support::temp::TempDir;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use helo::sasl::Secret;
use helo::sasl::server::{ScramHash, ScramKeys};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A user with a password, and two with keys of other programs.
fn users(folder: &TempDir) -> PathBuf {
    let keys = |salt: &[u8], iterations| {
        ScramKeys::derive(ScramHash::Sha256, &Secret::new("wonderland".into()), salt, iterations).unwrap()
    };
    let path = folder.join("users");
    let text = format!("alice:wonderland\nbob:{}\ncarol:{}\n", keys(&[7; 12], 4096), keys(&[8; 24], 5000));
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    path
}

fn start(users: &Path, options: &[&str]) -> Program {
    let common = ["--port", "0", "--discard", "--name", "mx.example", "--users", users.to_str().unwrap()];
    Program::start(&[&common[..], options].concat())
}

/// The salt and the iterations that SCRAM shows.
fn shown(server: &Program, user: &str) -> (Vec<u8>, u32) {
    let mut client = server.client();
    let challenge = client.ask(&format!("AUTH SCRAM-SHA-256 {}", STANDARD.encode(format!("n,,n={user},r=abc"))), 334);
    let challenge = String::from_utf8(STANDARD.decode(challenge[4..].trim_end()).unwrap()).unwrap();
    let mut fields = challenge.split(',').skip(1);
    let salt = STANDARD.decode(&fields.next().unwrap()[2..]).unwrap();
    (salt, fields.next().unwrap()[2..].parse().unwrap())
}

#[test]
fn strangers_look_like_users_and_stay_the_same() {
    let folder = TempDir::new();
    let users = users(&folder);
    let secret = folder.join("secret");
    let names: Vec<String> = (0..30).map(|number| format!("stranger{number}")).collect();
    for options in [&["--login-secret", secret.to_str().unwrap()][..], &[]] {
        // Without a number of the machine it is another one after a restart, which the page says.
        let lasts = !options.is_empty() || Path::new("/etc/machine-id").exists();
        let server = start(&users, options);
        let seen: Vec<_> = names.iter().map(|name| shown(&server, name)).collect();
        let of_users = [(16, 5000), (12, 4096), (24, 5000)];
        for (user, of) in ["alice", "bob", "carol"].iter().zip(of_users) {
            let (salt, iterations) = shown(&server, user);
            assert_eq!((salt.len(), iterations), of, "{user}");
            assert!(seen.iter().any(|(salt, iterations)| (salt.len(), *iterations) == of), "nobody looks like {user}");
        }
        assert!(seen.iter().all(|(salt, iterations)| of_users.contains(&(salt.len(), *iterations))), "{seen:?}");
        assert!(server.stop().0);
        let server = start(&users, options);
        let again: Vec<_> = names.iter().map(|name| shown(&server, name)).collect();
        assert_eq!(again == seen, lasts);
    }
    assert_eq!(std::fs::metadata(&secret).unwrap().permissions().mode() & 0o777, 0o600);
}

/// Behind a proxy, so that the addresses can be chosen.
#[test]
fn an_address_that_guesses_is_not_heard_any_more() {
    let folder = TempDir::new();
    let server = start(&users(&folder), &["--proxies", "127.0.0.1", "--md5-in-clear", "--max-login-failures", "3"]);
    let client = |address: &str| {
        let mut client = Raw::tcp(server.address("smtp"));
        client.say(&format!("PROXY TCP4 {address} 198.51.100.1 4000 25")).expect(220);
        let offered = client.ask("EHLO client.example", 250);
        assert!(offered.contains("AUTH SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5\r\n"), "{offered}");
        client
    };
    for number in 0..6 {
        let mut client = client("192.0.2.1");
        match number {
            0..3 => {
                client.ask("AUTH CRAM-MD5", 334);
                client.ask(&STANDARD.encode(format!("alice {number}")), 535);
            }
            _ => _ = client.ask("AUTH CRAM-MD5", 454),
        }
    }
    client("192.0.2.2").ask("AUTH CRAM-MD5", 334);
    let (_, log) = server.stop();
    assert!(log.contains("not authenticated: 192.0.2.1:4000 by CRAM-MD5: too many failed logins"), "{log}");
}

#[test]
fn nothing_that_can_be_guessed_from_goes_in_the_clear() {
    let folder = TempDir::new();
    let users = users(&folder);
    for (option, offered) in [
        (&[][..], "250-AUTH SCRAM-SHA-256 SCRAM-SHA-1\r\n"),
        (&["--md5-in-clear"], "250-AUTH SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5\r\n"),
        (&["--auth-in-clear"], "250-AUTH SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5 PLAIN LOGIN\r\n"),
    ] {
        let server = start(&users, option);
        let mut client = Raw::tcp(server.address("smtp"));
        client.expect(220);
        let said = client.ask("EHLO client.example", 250);
        assert!(said.contains(offered), "{option:?}: {said}");
    }
}
