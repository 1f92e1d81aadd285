//! Authentication on the wire: what goes out with AUTH and what waits, what an error says. Real servers are in
//! `tests/interop_sasl.rs`.

mod support;

use helo::client::settings::Timeouts;
use helo::client::{AuthPlan, Owner, Session, Settings};
use helo::error::{Cause, Error, Phase};
use helo::net::connect::Target;
use helo::net::wait::Cancel;
use helo::sasl::{Credentials, Secret, wire};
use std::time::Duration;
use support::scripted::ScriptedServer;

fn password(user: &str, password: &str) -> Credentials {
    Credentials::new(user, Secret::new(password.into()))
}

fn token(text: &str) -> Credentials {
    Credentials::token("alice", Secret::new(text.into()))
}

/// Opens a session on a port of this machine; no list of mechanisms leaves the choice to the engine.
fn open(port: u16, credentials: Credentials, mechanisms: &[&'static str]) -> Result<Session, Error> {
    open_with(port, AuthPlan { mechanisms: mechanisms.to_vec(), ..AuthPlan::new(credentials, Owner::Program) })
}

fn open_with(port: u16, auth: AuthPlan) -> Result<Session, Error> {
    let timeouts = Timeouts::all(Duration::from_secs(20));
    let settings = Settings { helo_name: "me.example".into(), timeouts, auth: Some(auth), ..Settings::default() };
    Session::open(Target::Host { host: "127.0.0.1".into(), port }, settings, Cancel::new(), &mut ())
}

/// A server that offers these mechanisms and then goes on by the script.
fn server(offer: &str, rest: &str) -> ScriptedServer {
    ScriptedServer::start(&format!(
        "S: 220 ready
         C: EHLO me.example
         S: 250-here
         S: 250 AUTH {offer}
         {rest}"
    ))
}

fn base64(text: &str) -> String {
    wire::encode_response(text.as_bytes().to_vec()).unwrap()
}

/// XOAUTH2's message for alice and this token, as it goes over the wire.
fn xoauth2(token: &str) -> String {
    base64(&format!("user=alice\u{1}auth=Bearer {token}\u{1}\u{1}"))
}

/// EXTERNAL's command with 372 octets of identity is 512 octets long, its end included.
#[test]
fn a_first_response_goes_with_the_command_while_that_has_512_octets() {
    let as_other = |length| Credentials { authzid: Some("i".repeat(length)), ..Credentials::connection() };
    let with_token = |length| (token(&"t".repeat(length)), "XOAUTH2", xoauth2(&"t".repeat(length)));
    let cases = [
        ((as_other(372), "EXTERNAL", base64(&"i".repeat(372))), true),
        ((as_other(373), "EXTERNAL", base64(&"i".repeat(373))), false),
        (with_token(4096), false),
        (with_token(8900), false),
    ];
    for ((credentials, mechanism, line), with_command) in cases {
        let exchange = match with_command {
            true => format!("C: AUTH {mechanism} {line}"),
            false => format!("C: AUTH {mechanism}\n S: 334 \n C: {line}"),
        };
        let server = server(mechanism, &format!("{exchange}\n S: 235 ok\n C: QUIT\n S: 221 bye"));
        open(server.address().port(), credentials, &[]).unwrap().quit(&mut ());
        server.finish();
    }
}

#[test]
fn the_json_of_a_refused_token_is_answered_and_shown() {
    let json = r#"{"status":"invalid_token","scope":"mail","seen":"hush-hush"}"#;
    for (mechanism, answer) in [("XOAUTH2", ""), ("OAUTHBEARER", "AQ==")] {
        let server = server(
            mechanism,
            &format!(
                "C~ AUTH {mechanism} *
                 S: 334 {}
                 C: {answer}
                 S: 535 5.7.8 no
                 C: QUIT
                 S: 221 bye
                 WAIT close",
                base64(json)
            ),
        );
        let error = open(server.address().port(), token("hush-hush"), &[]).err().unwrap();
        assert_eq!((error.phase, error.cause, error.code()), (Phase::Auth, Cause::Refused, 535));
        let words = error.to_string();
        assert!(words.contains(r#""status":"invalid_token""#), "{words}");
        assert!(!words.contains("hush"), "{words}");
        server.finish();
    }
}

/// In place of its challenge, as some servers do.
#[test]
fn what_a_server_says_of_its_no_is_shown_with_the_no() {
    let server = server(
        "SCRAM-SHA-1",
        &format!(
            "C~ AUTH SCRAM-SHA-1 *\nS: 334 {}\nC: \nS: 535 5.7.8 no\nC: QUIT\nS: 221 bye\nWAIT close",
            base64("e=unknown-user,x=y")
        ),
    );
    let error = open(server.address().port(), password("alice", "secret"), &[]).err().unwrap();
    assert_eq!((error.phase, error.cause, error.code()), (Phase::Auth, Cause::Refused, 535));
    assert!(error.to_string().contains("(before that: unknown-user)"), "{error}");
    server.finish();
}

/// A server that never has enough is left after the steps that the mechanism has.
#[test]
fn challenges_without_end_are_cancelled() {
    let cases = [
        ("PLAIN", password("alice", "secret"), 0),
        ("LOGIN", password("alice", "secret"), 2),
        ("CRAM-MD5", password("alice", "secret"), 1),
        ("XOAUTH2", token("t"), 1),
        ("OAUTHBEARER", token("t"), 1),
        ("EXTERNAL", Credentials::connection(), 0),
        ("ANONYMOUS", Credentials::guest("x"), 0),
    ];
    for (mechanism, credentials, answered) in cases {
        let challenge = "S: 334 eA==\nC~ *\n".repeat(answered);
        let server =
            server(mechanism, &format!("C~ AUTH {mechanism}*\n{challenge}S: 334 eA==\nC: *\nS: 334 eA==\nWAIT close"));
        let error = open(server.address().port(), credentials, &[]).err().unwrap();
        assert_eq!((error.phase, error.cause, error.code()), (Phase::Auth, Cause::Protocol, 0), "{mechanism}");
        server.finish();
    }
}

#[test]
fn what_is_no_base64_is_cancelled() {
    for challenge in ["A", "QUJD QUJD", "====", "\\xff\\xfe", "QUJE=", "<script>", ""] {
        let script =
            format!("C: AUTH CRAM-MD5\nS: 334 {challenge}\nC: *\nS: 501 cancelled\nC: QUIT\nS: 221 bye\nWAIT close");
        let server = server("CRAM-MD5", &script);
        let error = open(server.address().port(), password("alice", "secret"), &[]).err().unwrap();
        assert_eq!((error.phase, error.cause, error.code()), (Phase::Auth, Cause::Protocol, 0), "{challenge}");
        server.finish();
    }
}

/// What old servers ask with: base64 or not, cut, of several lines, in other languages, nothing at all.
const PROMPTS: [&str; 14] = [
    "334 VXNlcm5hbWU6",
    "334 VXNlciBOYW1lAA==",
    "334 Username:",
    "334 Password:",
    "334 VXNlcm5hbWU",
    "334 User Name",
    "334-Please log in\n S: 334 VXNlcm5hbWU6",
    "334-VXNl\n S: 334 cm5hbWU6",
    "334-\n S: 334 ",
    "334 ",
    "334",
    "334 =",
    "334 A",
    "334 \\xd0\\x98\\xd0\\xbc\\xd1\\x8f, \\xff\\xfe?",
];

#[test]
fn the_prompts_of_login_may_be_anything() {
    for first in PROMPTS {
        for second in [first, "334 UGFzc3dvcmQ6", "334 Passwort bitte"] {
            for (reply, code) in [("235 ok", 0), ("535 5.7.8 no", 535)] {
                let end = "C: QUIT\n S: 221 bye\n WAIT close";
                let script = format!(
                    "C: AUTH LOGIN\n S: {first}\n C: YWxpY2U=\n S: {second}\n C: c2VjcmV0\n S: {reply}\n {end}"
                );
                let server = server("LOGIN", &script);
                match open(server.port(), password("alice", "secret"), &[]) {
                    Ok(session) => session.quit(&mut ()),
                    Err(error) => assert_eq!((error.cause, error.code()), (Cause::Refused, code), "{first}: {error}"),
                };
                server.finish();
            }
        }
    }
}

/// Mechanisms that say all at once wait for the 334 only, where the response was too long for the command or the site wants
/// it so.
#[test]
fn the_challenge_before_a_first_response_may_be_anything() {
    let cases = [
        (password("alice", "secret"), "PLAIN", base64("\0alice\0secret")),
        (token("t"), "XOAUTH2", xoauth2("t")),
        (Credentials::guest("x"), "ANONYMOUS", base64("x")),
        (Credentials::connection(), "EXTERNAL", String::new()),
    ];
    for (credentials, mechanism, line) in cases {
        for prompt in PROMPTS {
            let script = format!("C: AUTH {mechanism}\n S: {prompt}\n C: {line}\n S: 235 ok\n C: QUIT\n S: 221 bye");
            let server = server(mechanism, &script);
            let plan = AuthPlan { two_step: true, ..AuthPlan::new(credentials.clone(), Owner::Program) };
            open_with(server.port(), plan).unwrap().quit(&mut ());
            server.finish();
        }
    }
}

/// What a server says of a token that it refuses is answered whatever it looks like, and the refusal itself counts.
#[test]
fn the_error_challenge_of_a_token_may_be_anything() {
    let json = r#"{"status":"invalid_token"}"#;
    let encoded = base64(json);
    let (front, back) = encoded.split_at(20);
    let challenges = [
        (format!("334 {encoded}"), json),
        (format!("334 {}", encoded.trim_end_matches('=')), json),
        (format!("334-{front}\n S: 334 {back}"), json),
        (format!("334 {json}"), json),
        ("334-{\"status\":\n S: 334 \"invalid_token\"}".into(), r#"{"status": "invalid_token"}"#),
        ("334 token expired".into(), "token expired"),
        ("334 ".into(), "535 5.7.8 no"),
        ("334 \\xff\\xfe".into(), "535 5.7.8 no"),
    ];
    for (mechanism, answer) in [("XOAUTH2", ""), ("OAUTHBEARER", "AQ==")] {
        for (challenge, words) in &challenges {
            let script = format!(
                "C~ AUTH {mechanism} *\n S: {challenge}\n C: {answer}\n S: 535 5.7.8 no\n C: QUIT\n S: 221 bye\n WAIT close"
            );
            let server = server(mechanism, &script);
            let error = open(server.port(), token("hush-hush"), &[]).err().unwrap();
            assert_eq!((error.phase, error.cause, error.code()), (Phase::Auth, Cause::Refused, 535), "{challenge}");
            assert!(error.to_string().contains(words), "{challenge}: {error}");
            server.finish();
        }
    }
}

#[test]
fn a_token_that_the_error_challenge_repeats_is_hidden() {
    for challenge in ["bad token hush-hush", "AUTH XOAUTH2 dXNlcj1hbGljZQFhdXRoPUJlYXJlciBodXNoLWh1c2gBAQ"] {
        let script = format!(
            "C~ AUTH XOAUTH2 *\n S: 334 {challenge}\n C: \n S: 535 5.7.8 no\n C: QUIT\n S: 221 bye\n WAIT close"
        );
        let server = server("XOAUTH2", &script);
        let words = open(server.port(), token("hush-hush"), &[]).err().unwrap().to_string();
        assert!(!words.contains("hush") && !words.contains("dXNlcj") && words.contains("535 5.7.8 no"), "{words}");
        server.finish();
    }
}

/// AUTH PLAIN, LOGIN and CRAM-MD5 of alice with the password "secret".
const PLAIN: &str = "C: AUTH PLAIN AGFsaWNlAHNlY3JldA==";
const LOGIN: &str = "C: AUTH LOGIN\n S: 334 VXNlcm5hbWU6\n C: YWxpY2U=\n S: 334 UGFzc3dvcmQ6\n C: c2VjcmV0";
const GOOD_END: &str = "S: 235 ok\n C: QUIT\n S: 221 bye";

#[test]
fn the_next_mechanism_is_tried_where_one_is_not_taken() {
    let scripts = [
        ("CRAM-MD5 PLAIN", format!("C: AUTH CRAM-MD5\n S: 504 5.5.4 unknown\n {PLAIN}\n {GOOD_END}")),
        ("CRAM-MD5 PLAIN", format!("C: AUTH CRAM-MD5\n S: 500 what?\n {PLAIN}\n {GOOD_END}")),
        ("CRAM-MD5 PLAIN", format!("C: AUTH CRAM-MD5\n S: 501 what?\n {PLAIN}\n {GOOD_END}")),
        ("CRAM-MD5 PLAIN", format!("C: AUTH CRAM-MD5\n S: 502 not here\n {PLAIN}\n {GOOD_END}")),
        ("CRAM-MD5 PLAIN", format!("C: AUTH CRAM-MD5\n S: 534 5.7.9 weak\n {PLAIN}\n {GOOD_END}")),
        ("CRAM-MD5 PLAIN", format!("C: AUTH CRAM-MD5\n S: 538 5.7.11 not so\n {PLAIN}\n {GOOD_END}")),
        ("PLAIN LOGIN", format!("{PLAIN}\n S: 504 5.5.4 unknown\n {LOGIN}\n {GOOD_END}")),
        // Challenges that cannot be read: in the clear, empty, no end, two lines of base64 that are none together.
        ("CRAM-MD5 LOGIN", format!("C: AUTH CRAM-MD5\n S: 334 <1.2@mx>\n C: *\n S: 501 ok\n {LOGIN}\n {GOOD_END}")),
        ("CRAM-MD5 LOGIN", format!("C: AUTH CRAM-MD5\n S: 334 \n C: *\n S: 501 ok\n {LOGIN}\n {GOOD_END}")),
        ("CRAM-MD5 LOGIN", format!("C: AUTH CRAM-MD5\n S: 334 A\n C: *\n S: 500 what?\n {LOGIN}\n {GOOD_END}")),
        (
            "CRAM-MD5 LOGIN",
            format!("C: AUTH CRAM-MD5\n S: 334-hello\n S: 334 PDEuMkBteD4=\n C: *\n S: 535 no\n {LOGIN}\n {GOOD_END}"),
        ),
        ("DIGEST-MD5 PLAIN", format!("C: AUTH DIGEST-MD5\n S: 334 cmVhbG0=\n C: *\n S: 501 ok\n {PLAIN}\n {GOOD_END}")),
        (
            "DIGEST-MD5 CRAM-MD5 PLAIN LOGIN",
            format!(
                "C: AUTH DIGEST-MD5\n S: 504 no\n C: AUTH CRAM-MD5\n S: 504 no\n {PLAIN}\n S: 504 no\n {LOGIN}\n {GOOD_END}"
            ),
        ),
        // Late, but still about the mechanism.
        ("CRAM-MD5 PLAIN", format!("C: AUTH CRAM-MD5\n S: 334 PDEuMkBteD4=\n C~ *\n S: 504 no\n {PLAIN}\n {GOOD_END}")),
        (
            "SCRAM-SHA-256 PLAIN LOGIN",
            format!("C~ AUTH SCRAM-SHA-256 *\n S: 334 ?\n C: *\n S: 501 ok\n {PLAIN}\n {GOOD_END}"),
        ),
        (
            "SCRAM-SHA-256 LOGIN",
            format!("C~ AUTH SCRAM-SHA-256 *\n S: 334 cj0=\n C: *\n S: 501 ok\n {LOGIN}\n {GOOD_END}"),
        ),
        ("SCRAM-SHA-256 PLAIN", format!("C~ AUTH SCRAM-SHA-256 *\n S: 504 no\n {PLAIN}\n {GOOD_END}")),
        (
            "SCRAM-SHA-256 CRAM-MD5 PLAIN",
            "C~ AUTH SCRAM-SHA-256 *\n S: 334 ?\n C: *\n S: 501 ok\n C: AUTH CRAM-MD5\n S: 334 PDEuMkBteD4=\n C~ *\n \
             S: 235 ok\n C: QUIT\n S: 221 bye"
                .to_owned(),
        ),
    ];
    for (offer, script) in scripts {
        let server = server(offer, &script);
        open(server.port(), password("alice", "secret"), &[])
            .unwrap_or_else(|why| panic!("{script}: {why}"))
            .quit(&mut ());
        server.finish();
    }
    let bearer = "C~ AUTH OAUTHBEARER *\n S: 504 5.5.4 unknown\n C: AUTH XOAUTH2 ";
    let server = server("OAUTHBEARER XOAUTH2", &format!("{bearer}{}\n {GOOD_END}", xoauth2("t")));
    open(server.port(), token("t"), &[]).unwrap().quit(&mut ());
    server.finish();
}

/// A password that is wrong by one mechanism is wrong by all, and each try counts towards a lock. Nor does one help where
/// the server is not what it says, or will not have anybody now.
#[test]
fn the_next_mechanism_is_not_tried_after_a_refusal_of_the_credentials() {
    let cram = "C: AUTH CRAM-MD5\n S: 334 PDEuMkBteD4=\n C~ *";
    let scripts = [
        ("CRAM-MD5 PLAIN", "C: AUTH CRAM-MD5\n S: 535 5.7.8 no".to_owned(), 535),
        ("CRAM-MD5 PLAIN", format!("{cram}\n S: 535 5.7.8 no"), 535),
        ("CRAM-MD5 PLAIN", format!("{cram}\n S: 501 no"), 501),
        ("CRAM-MD5 PLAIN", format!("{cram}\n S: 334 ?\n C: *\n S: 501 cancelled"), 501),
        ("PLAIN LOGIN", format!("{PLAIN}\n S: 535 5.7.8 no"), 535),
        ("PLAIN LOGIN", format!("{PLAIN}\n S: 534 5.7.9 application-specific password required"), 534),
        ("PLAIN LOGIN", format!("{PLAIN}\n S: 501 no"), 501),
        ("PLAIN LOGIN", format!("{PLAIN}\n S: 334 code?\n C: *\n S: 501 cancelled"), 501),
        ("PLAIN LOGIN", format!("{PLAIN}\n S: 454 4.7.0 later"), 454),
        ("PLAIN LOGIN", format!("{PLAIN}\n S: 503 not now"), 503),
        ("CRAM-MD5 PLAIN", "C: AUTH CRAM-MD5\n S: 421 bye".to_owned(), 421),
        ("CRAM-MD5 PLAIN", "C: AUTH CRAM-MD5\n S: 334 ?\n C: *\n S: 235 come in".to_owned(), 235),
        ("CRAM-MD5 PLAIN", "C: AUTH CRAM-MD5\n S: 334 ?\n C: *\n S: 334 ?".to_owned(), 334),
        // Whose nonce is not ours is somebody in between.
        (
            "SCRAM-SHA-256 CRAM-MD5",
            format!(
                "C~ AUTH SCRAM-SHA-256 *\n S: 334 {}\n C: *\n S: 501 ok",
                base64("r=not-yours,s=QSXCR+Q6sek8bf92,i=4096")
            ),
            501,
        ),
    ];
    for (offer, script, code) in scripts {
        let goodbye = if matches!(code, 334 | 421) { "" } else { "C: QUIT\n S: 221 bye\n" };
        let server = server(offer, &format!("{script}\n {goodbye} WAIT close"));
        let error = open(server.port(), password("alice", "secret"), &[]).err().unwrap();
        let said = error.reply.as_ref().map(|reply| reply.code());
        assert_eq!((error.phase, said), (Phase::Auth, Some(code)), "{script}: {error}");
        server.finish();
    }
}

#[test]
fn the_words_name_what_was_tried_and_who_decides() {
    let script = format!(
        "C: AUTH CRAM-MD5\n S: 504 5.5.4 unknown type\n {PLAIN}\n S: 500 what is this\n {LOGIN}\n S: 535 5.7.8 no\n \
         C: QUIT\n S: 221 bye\n WAIT close"
    );
    let server = server("CRAM-MD5 PLAIN LOGIN", &script);
    let words = open(server.port(), password("alice", "secret"), &[]).err().unwrap().to_string();
    assert_eq!(
        words,
        "authentication: refused by the server: 535 5.7.8 no (tried: CRAM-MD5: 504 5.5.4 unknown type; PLAIN: 500 what is \
         this; LOGIN: 535 5.7.8 no; the key mechanism of the policy says which are tried)"
    );
    server.finish();
}

/// A site that has named its mechanisms gets those, in its order.
#[test]
fn only_mechanisms_that_are_named_are_tried() {
    let server =
        server("LOGIN CRAM-MD5 PLAIN", "C: AUTH CRAM-MD5\n S: 504 5.5.4 unknown\n C: QUIT\n S: 221 bye\n WAIT close");
    let error = open(server.port(), password("alice", "secret"), &["CRAM-MD5"]).err().unwrap();
    assert_eq!((error.cause, error.code()), (Cause::Refused, 504));
    let words = error.to_string();
    assert!(words.contains("(tried: CRAM-MD5; also offered: LOGIN PLAIN; the key mechanism of the policy"), "{words}");
    server.finish();
    let script = format!("C: AUTH LOGIN\n S: 504 no\n {PLAIN}\n {GOOD_END}");
    let server = self::server("CRAM-MD5 PLAIN LOGIN", &script);
    open(server.port(), password("alice", "secret"), &["LOGIN", "PLAIN"]).unwrap().quit(&mut ());
    server.finish();
}

/// A password that one mechanism cannot carry goes by the one behind it.
#[test]
fn a_mechanism_that_cannot_carry_the_credentials_is_passed_over() {
    let as_bob = Credentials { authzid: Some("bob".into()), ..password("alice", "secret") };
    let server = server(
        "DIGEST-MD5 CRAM-MD5 PLAIN",
        &format!("C: AUTH DIGEST-MD5\n S: 504 no\n C: AUTH PLAIN {}\n {GOOD_END}", base64("bob\0alice\0secret")),
    );
    open(server.port(), as_bob, &[]).unwrap().quit(&mut ());
    server.finish();
}

/// The server's JSON is shown as far as people read, without what would move a terminal's cursor.
#[test]
fn the_json_that_is_shown_is_bounded_and_printable() {
    let json = format!("{{\"status\":\"\u{1b}[2J\u{85}{}\"}}", "x".repeat(9000));
    let server = server(
        "OAUTHBEARER",
        &format!(
            "C~ AUTH OAUTHBEARER *\nS: 334 {}\nC: AQ==\nS: 535 5.7.8 no\nC: QUIT\nS: 221 bye\nWAIT close",
            base64(&json)
        ),
    );
    let error = open(server.address().port(), token("t"), &[]).err().unwrap();
    let words = error.to_string();
    assert!(words.len() < 1200 && !words.chars().any(char::is_control), "{words}");
    server.finish();
}

#[test]
fn a_yes_after_the_refusal_is_not_believed() {
    let server = server(
        "XOAUTH2",
        "C~ AUTH XOAUTH2 *\n S: 334 e30=\n C: \n S: 235 never mind\n C: QUIT\n S: 221 bye\n WAIT close",
    );
    let error = open(server.address().port(), token("t"), &[]).err().unwrap();
    assert_eq!((error.phase, error.cause, error.code()), (Phase::Auth, Cause::Protocol, 0));
    server.finish();
}

#[test]
fn a_server_that_proves_nothing_is_not_believed() {
    let server =
        server("SCRAM-SHA-256", "C~ AUTH SCRAM-SHA-256 *\n S: 235 come in\n C: QUIT\n S: 221 bye\n WAIT close");
    let error = open(server.address().port(), password("alice", "secret"), &[]).err().unwrap();
    assert_eq!((error.phase, error.cause, error.code()), (Phase::Auth, Cause::Protocol, 0));
    server.finish();
}

#[test]
fn hostile_challenges_are_cancelled() {
    let huge = format!("realm=\"{}\",nonce=n,algorithm=md5-sess", "r".repeat(2100));
    let cases = [
        ("SCRAM-SHA-256", "r=not-yours,s=QSXCR+Q6sek8bf92,i=4096".to_string()),
        ("SCRAM-SHA-1", "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=".to_string()),
        ("DIGEST-MD5", huge),
        ("DIGEST-MD5", "realm=\"x\"".to_string()),
    ];
    for (mechanism, challenge) in cases {
        let server = server(
            mechanism,
            &format!(
                "C~ AUTH {mechanism}*\n S: 334 {}\n C: *\n S: 501 cancelled\n C: QUIT\n S: 221 bye\n WAIT close",
                base64(&challenge)
            ),
        );
        let error = open(server.address().port(), password("alice", "secret"), &[]).err().unwrap();
        assert_eq!((error.phase, error.cause, error.code()), (Phase::Auth, Cause::Protocol, 0), "{error}");
        server.finish();
    }
}

#[test]
fn a_mechanism_that_binds_to_tls_is_passed_over_without_it() {
    let offer = "PLAIN SCRAM-SHA-256-PLUS";
    let server = server(offer, &format!("C: AUTH PLAIN {}\n S: 235 ok\n C: QUIT\n S: 221 bye", base64("\0a\0b")));
    open(server.address().port(), password("a", "b"), &["SCRAM-SHA-256-PLUS", "PLAIN"]).unwrap().quit(&mut ());
    server.finish();
}

#[test]
fn nothing_is_sent_when_no_mechanism_fits_the_credentials() {
    for (credentials, offer) in [(token("t"), "PLAIN LOGIN"), (password("a", "b"), "XOAUTH2 EXTERNAL ANONYMOUS")] {
        let server = server(offer, "C: QUIT\nS: 221 bye\nWAIT close");
        let error = open(server.address().port(), credentials, &[]).err().unwrap();
        assert_eq!((error.phase, error.cause), (Phase::Auth, Cause::NotSupported));
        assert!(error.to_string().contains(&format!("the server offers {offer}, wanted is")), "{error}");
        server.finish();
    }
}

#[test]
fn guests_and_certificates_say_little() {
    let cases = [
        (Credentials::guest(""), "ANONYMOUS", "="),
        (Credentials::guest("me@example.org"), "ANONYMOUS", "bWVAZXhhbXBsZS5vcmc="),
        (Credentials::connection(), "EXTERNAL", "="),
    ];
    for (credentials, mechanism, response) in cases {
        let rest = format!("C: AUTH {mechanism} {response}\n S: 235 ok\n C: QUIT\n S: 221 bye");
        let server = server("PLAIN ANONYMOUS EXTERNAL", &rest);
        open(server.address().port(), credentials, &[]).unwrap().quit(&mut ());
        server.finish();
    }
}

/// The password is not shown; why the server refused it is.
#[test]
fn a_refusal_that_repeats_the_password_keeps_its_code() {
    let server = server(
        "PLAIN",
        "C: AUTH PLAIN AGFsaWNlAG9wZW4gc2VzYW1l
         S: 535 5.7.8 open sesame is not the password
         C: QUIT
         S: 221 bye
         WAIT close",
    );
    let error = open(server.port(), password("alice", "open sesame"), &[]).err().unwrap();
    let reply = error.reply.as_ref().unwrap();
    assert_eq!(reply.text(), "535 5.7.8 <hidden>");
    assert_eq!(reply.enhanced().map(|code| code.to_string()).as_deref(), Some("5.7.8"));
    assert!(!error.to_string().contains("sesame"), "{error}");
    server.finish();
}
