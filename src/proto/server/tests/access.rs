//! Who may say what: the door, TLS, authentication.

use super::*;

/// PLAIN and CRAM-MD5, in the clear.
pub(super) fn with_auth() -> Config {
    let offer = |name: &str, sends_password, client_first| AuthOffer {
        name: name.to_string(),
        sends_password,
        guessable: name == "CRAM-MD5",
        binds_channel: false,
        client_first,
    };
    let auth = vec![offer("CRAM-MD5", false, false), offer("PLAIN", true, true)];
    Config { auth, auth_in_clear: true, ..Config::new("mx") }
}

/// The same with STARTTLS, and PLAIN under TLS only.
fn with_tls() -> Config {
    Config { auth_in_clear: false, guessable_in_clear: true, starttls: true, ..with_auth() }
}

/// A session that has got as far as after the handshake.
fn secured(config: Config) -> Owner {
    let mut owner = talk(config, "EHLO me\r\nSTARTTLS\r\n");
    owner.dialogue.secured();
    owner.said.clear();
    owner.told.clear();
    owner
}

#[test]
fn the_door() {
    let config = || Config { ask_connection: true, ..Config::new("mx") };
    let mut owner = Owner::new(config());
    assert!(owner.dialogue.output().is_empty(), "nobody is greeted before the owner has said so");
    owner.receive(b"");
    assert_eq!((owner.said.as_slice(), owner.told), (&b"220 mx ESMTP\r\n"[..], vec!["connect".to_string()]));

    let mut owner = Owner::new(config());
    owner.door = Reply::new(554, "no service here");
    owner.receive(b"EHLO me\r\nMAIL FROM:<a@b>\r\nBDAT 6 LAST\r\nQUIT\r\nXYZZY\r\nQUIT\r\nNOOP\r\n");
    assert_eq!(owner.codes(), "554 503 503 503 500 221", "RFC 5321, 3.1: up to QUIT");
    assert!(owner.said.starts_with(b"554 no service here\r\n"), "a greeting has no enhanced code");
    assert_eq!(owner.told, ["connect"]);

    let mut owner = Owner::new(config());
    owner.door = Reply::new(421, "too many of you");
    owner.receive(b"QUIT\r\n");
    assert_eq!(owner.said, b"421 too many of you\r\n");
}

#[test]
fn hello_as_a_question() {
    let config = Config { ask_hello: true, ..Config::new("mx") };
    let owner = talk(config, "EHLO bad.example\r\nMAIL FROM:<a@b>\r\nHELO fine\r\nMAIL FROM:<a@b>\r\n");
    assert_eq!(owner.codes(), "220 550 503 250 250");
    assert_eq!(owner.told, ["hello EHLO bad.example", "hello HELO fine", "MAIL <a@b>"]);
    assert_eq!(owner.dialogue.hello(), Some((Verb::Helo, "fine")));
}

#[test]
fn after_helo_nothing_was_offered() {
    let talk = |rest: &str| talk(with_tls(), &format!("HELO me\r\n{rest}\r\n"));
    assert_eq!(talk("MAIL FROM:<a@b> SIZE=1").codes(), "220 250 555");
    assert_eq!(talk("MAIL FROM:<a@b>\r\nRCPT TO:<c@d> NOTIFY=NEVER").codes(), "220 250 250 555");
    assert_eq!(talk("STARTTLS").codes(), "220 250 503");
    assert_eq!(talk("AUTH CRAM-MD5").codes(), "220 250 503");
    let chunk = talk("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 6 LAST\r\nQUIT\r\nDATA\r\nx\r\n.");
    assert_eq!(chunk.codes(), "220 250 250 250 503 354 250", "the chunk is drained, the mail can go on");
}

#[test]
fn what_is_offered_before_and_after_tls() {
    let mut owner = talk(with_tls(), HELLO);
    let text = String::from_utf8(core::mem::take(&mut owner.said)).unwrap();
    assert!(text.contains("250-STARTTLS\r\n") && text.contains("250-AUTH CRAM-MD5\r\n"), "{text}");
    let mut owner = secured(with_tls());
    owner.receive(b"EHLO me\r\n");
    let text = String::from_utf8(core::mem::take(&mut owner.said)).unwrap();
    assert!(!text.contains("STARTTLS") && text.contains("250-AUTH CRAM-MD5 PLAIN\r\n"), "{text}");
    owner.receive(b"AUTH PLAIN Z29vZA==\r\nEHLO me\r\n");
    assert!(!String::from_utf8(owner.said).unwrap().contains("AUTH "));
    let strict = Config { guessable_in_clear: false, ..with_tls() };
    assert!(!String::from_utf8(talk(strict.clone(), HELLO).said).unwrap().contains("AUTH"));
    assert_eq!(talk(strict, &format!("{HELLO}AUTH CRAM-MD5\r\n")).codes(), "220 250 538");
    let only_plain = Config { auth: with_tls().auth.split_off(1), ..with_tls() };
    assert!(!String::from_utf8(talk(only_plain, HELLO).said).unwrap().contains("AUTH"));
}

#[test]
fn starttls_forgets_all_that_was_said_before() {
    let mut owner =
        talk(with_tls(), "EHLO me\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nSTARTTLS\r\nRSET\r\nEHLO evil\r\n");
    assert_eq!(owner.codes(), "220 250 250 250 220");
    assert_eq!(owner.told[2..], ["starttls", "abandoned", "handshake"]);
    assert_eq!(owner.dialogue.time_limit().unwrap().waiting, Waiting::Handshake);
    owner.receive(b"in the clear, still");
    assert_eq!(owner.told[4..], ["handshake", "handshake"], "dropped until TLS stands");
    owner.dialogue.secured();
    assert!(owner.dialogue.is_secured() && owner.dialogue.hello().is_none());
    owner.receive(b"RCPT TO:<c@d>\r\nMAIL FROM:<a@b>\r\nSTARTTLS\r\nEHLO me\r\nSTARTTLS\r\nMAIL FROM:<a@b>\r\n");
    assert_eq!(owner.codes(), "220 250 250 250 220 503 503 503 250 503 250");
    assert_eq!(owner.dialogue.protocol(), "ESMTPS");
}

/// The half of a command that came before the handshake is not put before what comes after it.
#[test]
fn a_fragment_before_tls_is_dropped() {
    let mut owner = talk(with_tls(), "EHLO me\r\nSTARTTLS\r\nEHLO ev");
    owner.dialogue.secured();
    owner.receive(b"EHLO me\r\n");
    assert_eq!(owner.dialogue.hello(), Some((Verb::Ehlo, "me")));
    assert_eq!(owner.codes(), "220 250 220 250");
}

#[test]
fn starttls_that_cannot_be() {
    assert_eq!(codes("EHLO me\r\nSTARTTLS\r\n"), "220 250 502");
    assert_eq!(talk(with_tls(), "STARTTLS\r\nEHLO me\r\nSTARTTLS now\r\n").codes(), "220 503 250 501");
    let mut owner = Owner::new(with_tls());
    owner.tls = Reply::new(454, "TLS not available");
    owner.receive(b"EHLO me\r\nSTARTTLS\r\nMAIL FROM:<a@b>\r\n");
    assert_eq!(owner.codes(), "220 250 454 250", "it goes on in the clear");
    assert!(!owner.dialogue.is_secured() && owner.dialogue.hello().is_some());
}

#[test]
fn tls_that_is_required() {
    let config = || Config { tls_required: true, ..with_tls() };
    let lines = "MAIL FROM:<a@b>\r\nEHLO me\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nVRFY x\r\nAUTH CRAM-MD5\r\n\
                 BDAT 6 LAST\r\nQUIT\r\nNOOP\r\nRSET\r\nSTARTTLS\r\n";
    let owner = talk(config(), lines);
    assert_eq!(owner.codes(), "220 503 250 530 530 530 530 503 250 250 220");
    assert!(String::from_utf8_lossy(&owner.said).contains("530 5.7.0 Must issue a STARTTLS command first"));
    assert!(!String::from_utf8_lossy(&owner.said).contains("AUTH"), "not offered before TLS");
    let mut owner = secured(config());
    owner.receive(ENVELOPE.as_bytes());
    assert_eq!(owner.codes(), "250 250 250");
}

#[test]
fn implicit_tls() {
    let mut dialogue = Dialogue::new(with_tls());
    dialogue.secured();
    let mut input = &b"EHLO me\r\n"[..];
    assert_eq!(dialogue.advance(&mut input), Event::NeedMore);
    assert!(dialogue.output().starts_with(b"220 mx ESMTP\r\n"));
    assert!(memchr::memmem::find(dialogue.output(), b"STARTTLS").is_none());
}

#[test]
fn authentication() {
    let rows = [
        ("AUTH PLAIN Z29vZA==", "235", "auth PLAIN Z29vZA=="),
        ("auth plain Z29vZA==", "235", "auth PLAIN Z29vZA=="),
        ("AUTH PLAIN", "334", "auth PLAIN -"),
        ("AUTH PLAIN =", "535", "auth PLAIN ="),
        ("AUTH PLAIN\r\nZ29vZA==", "334 235", "response Z29vZA=="),
        ("AUTH PLAIN bW9yZQ==\r\nbW9yZQ==\r\nZ29vZA==", "334 334 235", "response Z29vZA=="),
        ("AUTH PLAIN\r\n", "334 535", "response "),
        ("AUTH PLAIN\r\nno base64 \u{e9}", "334 535", "response no base64 \u{e9}"),
        ("AUTH PLAIN\r\n*", "334 501", "cancelled"),
        ("AUTH CRAM-MD5\r\nYmFk", "334 535", "response YmFk"),
        // What comes next is a command again.
        ("AUTH PLAIN YmFk\r\nNOOP", "535 250", "auth PLAIN YmFk"),
        ("AUTH PLAIN\r\n*\r\nNOOP", "334 501 250", "cancelled"),
    ];
    for (lines, expected, told) in rows {
        let owner = talk(with_auth(), &format!("{HELLO}{lines}\r\n"));
        assert_eq!(owner.codes(), format!("220 250 {expected}"), "{lines:?}");
        assert_eq!(owner.told.last().unwrap(), told, "{lines:?}");
        assert_eq!(owner.dialogue.is_authenticated(), expected.ends_with("235"));
    }
}

/// HELO takes nothing back that EHLO has offered: some clients say both. TLS does.
#[test]
fn authentication_after_ehlo_and_then_helo() {
    let owner = talk(with_auth(), "EHLO me\r\nHELO me\r\nAUTH PLAIN Z29vZA==\r\nMAIL FROM:<a@b>\r\n");
    assert_eq!(owner.codes(), "220 250 250 235 250");
    assert_eq!(talk(with_auth(), "HELO me\r\nAUTH PLAIN Z29vZA==\r\n").codes(), "220 250 503");
    let owner = talk(with_auth(), "EHLO me\r\nHELO me\r\nMAIL FROM:<a@b> SIZE=1\r\nBDAT 0\r\n");
    assert_eq!(owner.codes(), "220 250 250 555 503", "nothing else of it");
    let mut owner = secured(with_tls());
    owner.receive(b"AUTH PLAIN Z29vZA==\r\nHELO me\r\nAUTH PLAIN Z29vZA==\r\n");
    assert_eq!(owner.codes(), "503 250 503");
}

#[test]
fn authentication_that_does_not_begin() {
    let rows = [
        ("AUTH", "501"),
        ("AUTH PLAIN a b", "501"),
        ("AUTH GSSAPI", "504"),
        ("AUTH CRAM-MD5 YmFk", "501"),
        ("AUTH PLAIN Z29vZA==\r\nAUTH PLAIN Z29vZA==", "235 503"),
        ("MAIL FROM:<a@b>\r\nAUTH PLAIN Z29vZA==", "250 503"),
        ("MAIL FROM:<a@b>\r\nRSET\r\nAUTH PLAIN Z29vZA==", "250 250 235"),
    ];
    for (lines, expected) in rows {
        assert_eq!(
            talk(with_auth(), &format!("{HELLO}{lines}\r\n")).codes(),
            format!("220 250 {expected}"),
            "{lines:?}"
        );
    }
    assert_eq!(talk(with_auth(), "AUTH PLAIN Z29vZA==\r\n").codes(), "220 503");
    let owner = talk(with_tls(), "EHLO me\r\nAUTH PLAIN Z29vZA==\r\nAUTH CRAM-MD5\r\n");
    assert_eq!(owner.codes(), "220 250 538 334");
    assert!(String::from_utf8_lossy(&owner.said).contains("538 5.7.11 Encryption required"));
    assert_eq!(owner.told, ["auth CRAM-MD5 -"]);
    let mut owner = secured(with_tls());
    owner.receive(b"EHLO me\r\nAUTH PLAIN Z29vZA==\r\n");
    assert_eq!(owner.codes(), "250 235");
}

#[test]
fn authentication_that_is_required() {
    let config = || Config { auth_required: true, ..with_auth() };
    let lines = "MAIL FROM:<a@b>\r\nEHLO me\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nVRFY x\r\nHELP\r\nAUTH PLAIN Z29vZA==\r\n\
                 MAIL FROM:<a@b>\r\n";
    let owner = talk(config(), lines);
    assert_eq!(owner.codes(), "220 503 250 530 503 530 250 235 250");
    assert!(String::from_utf8_lossy(&owner.said).contains("530 5.7.0 Authentication required"));
    assert_eq!(owner.dialogue.protocol(), "ESMTPA");
    // TLS that comes later undoes it.
    let mut owner = talk(Config { starttls: true, ..config() }, "EHLO me\r\nAUTH PLAIN Z29vZA==\r\nSTARTTLS\r\n");
    owner.dialogue.secured();
    owner.receive(b"EHLO me\r\nMAIL FROM:<a@b>\r\n");
    assert_eq!(owner.codes(), "220 250 235 220 250 530");
}

#[test]
fn guessing_has_an_end() {
    let owner = talk(with_auth(), &format!("{HELLO}{}", "AUTH PLAIN YmFk\r\n".repeat(9)));
    assert_eq!(owner.codes(), "220 250 535 535 535 535 535 421");
    let owner = talk(with_auth(), &format!("{HELLO}{}", "AUTH PLAIN\r\n*\r\n".repeat(9)));
    assert_eq!(owner.codes(), "220 250 334 501 334 501 334 501 334 501 334 501 421");
}

#[test]
fn long_lines_are_for_authentication_only() {
    let long = "A".repeat(12_288 - 2);
    let initial = &long[..12_288 - "AUTH PLAIN \r\n".len()];
    assert_eq!(talk(with_auth(), &format!("{HELLO}AUTH PLAIN {initial}\r\nNOOP\r\n")).codes(), "220 250 535 250");
    assert_eq!(talk(with_auth(), &format!("{HELLO}AUTH PLAIN\r\n{long}\r\nNOOP\r\n")).codes(), "220 250 334 535 250");
    let owner = talk(with_auth(), &format!("{HELLO}AUTH PLAIN\r\nA{long}\r\nNOOP\r\n"));
    assert_eq!(owner.codes(), "220 250 334 500 250");
    assert!(String::from_utf8_lossy(&owner.said).contains("500 5.5.6 Authentication exchange line is too long"));
    let name = "x".repeat(5000);
    assert_eq!(talk(with_auth(), &format!("{HELLO}VRFY {name}\r\nNOOP\r\n")).codes(), "220 250 500 250");
    assert_eq!(talk(Config::new("mx"), &format!("{HELLO}VRFY {name}\r\nNOOP\r\n")).codes(), "220 250 500 250");
}

#[test]
fn secrets_are_not_shown() {
    let mut dialogue = Dialogue::new(with_auth());
    let mut input = &b"EHLO me\r\nAUTH PLAIN c2VjcmV0\r\n"[..];
    let event = dialogue.advance(&mut input);
    assert_eq!(format!("{event:?}"), "Auth { mechanism: \"PLAIN\", initial: Some(<hidden>) }");
    dialogue.answer(&Reply::new(334, ""));
    for byte in b"c2VjcmV0\r\n" {
        dialogue.advance(&mut &[*byte][..]);
    }
    assert!(!format!("{dialogue:?}").contains(&format!("{:?}", b"c2VjcmV0")[1..20]), "wiped once it is handed over");
}

#[test]
fn the_names_of_protocols() {
    let protocol = |config: Config, tls: bool, lines: &str| {
        let mut owner = Owner::new(config);
        if tls {
            owner.dialogue.secured();
        }
        owner.receive(lines.as_bytes());
        owner.dialogue.protocol()
    };
    assert_eq!(protocol(Config::new("mx"), false, "HELO me\r\n"), "SMTP");
    assert_eq!(protocol(Config::new("mx"), false, ""), "SMTP");
    assert_eq!(protocol(with_auth(), false, "EHLO me\r\n"), "ESMTP");
    assert_eq!(protocol(with_auth(), true, "EHLO me\r\nAUTH PLAIN Z29vZA==\r\n"), "ESMTPSA");
    assert_eq!(protocol(with_auth(), true, "EHLO me\r\nMAIL FROM:<a@b> SMTPUTF8\r\n"), "UTF8SMTPS");
    let lmtp = || Config { lmtp: true, ..with_auth() };
    assert_eq!(protocol(lmtp(), false, "LHLO me\r\nAUTH PLAIN Z29vZA==\r\n"), "LMTPA");
}
