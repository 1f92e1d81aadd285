//! Published attacks on servers: what must come of each, whole and byte by byte.

use super::*;

/// The codes, which must be the same when every byte comes alone.
#[track_caller]
fn both_ways(config: Config, input: &[u8]) -> Owner {
    let mut whole = Owner::new(config.clone());
    whole.receive(input);
    let mut bytes = Owner::new(config);
    input.iter().for_each(|byte| bytes.receive(&[*byte]));
    assert_eq!(bytes.codes(), whole.codes(), "{}", input.escape_ascii());
    assert_eq!(bytes.told, whole.told, "{}", input.escape_ascii());
    whole
}

/// CVE-2023-51764, -51765, -51766, CVE-2024-27305: a mail hidden in another behind an end that only some see.
#[test]
fn smuggling() {
    let hidden = "MAIL FROM:<evil@x>\r\nRCPT TO:<victim@d>\r\nDATA\r\nhidden\r\n.\r\n";
    let ends = [
        "\n.\n",
        "\r.\r",
        "\r.\n",
        "\n.\r",
        "\n.\r\n",
        "\r\n.\n",
        "\r.\r\n",
        "\r\n.\r",
        "\r\n.\r\r\n",
        "\r\r\n.\r\r\n",
        "\r\n\0.\r\n",
        "\r\n.\0\r\n",
    ];
    for end in ends {
        let refusing = Config { bare_ends: BareEnds::Refuse, ..Config::new("mx") };
        let owner = both_ways(refusing.clone(), format!("{ENVELOPE}DATA\r\nx{end}{hidden}").as_bytes());
        assert_eq!(owner.codes(), "220 250 250 250 354 554", "{end:?}: refused and closed");
        assert!(owner.told.iter().all(|line| !line.contains("evil") && !line.starts_with("complete")), "{end:?}");
        // Or all of it is the text of one mail.
        let owner = both_ways(Config::new("mx"), format!("{ENVELOPE}DATA\r\nx{end}{hidden}NOOP\r\n").as_bytes());
        assert_eq!(owner.codes(), "220 250 250 250 354 250 250", "{end:?}: text");
        let complete: Vec<_> = owner.told.iter().filter(|line| line.starts_with("complete")).collect();
        assert!(complete.len() == 1 && complete[0].contains("evil"), "{end:?}: {complete:?}");
        // By chunks it is no end anyway; what is not text is mended or refused all the same.
        let text = format!("x{end}{hidden}");
        let chunk = format!("{ENVELOPE}BDAT {}\r\n{text}BDAT 3 LAST\r\ny\r\nNOOP\r\n", text.len());
        assert_eq!(both_ways(Config::new("mx"), chunk.as_bytes()).codes(), "220 250 250 250 250 250 250", "{end:?}");
        // (A dot in front of a NUL hides nothing there: where it is handed on, it is doubled.)
        let refused = if end == "\r\n.\0\r\n" { "250 250" } else { "554 503" };
        let codes = both_ways(refusing, chunk.as_bytes()).codes();
        assert_eq!(codes, format!("220 250 250 250 {refused} 250"), "{end:?}");
    }
}

#[test]
fn dots_at_the_start() {
    let owner = both_ways(Config::new("mx"), format!("{ENVELOPE}DATA\r\n.\r\nNOOP\r\n").as_bytes());
    assert_eq!((owner.codes().as_str(), owner.told[3].as_str()), ("220 250 250 250 354 250 250", "complete "));
    let owner = both_ways(Config::new("mx"), format!("{ENVELOPE}DATA\r\n..a\r\n...\r\n.b\r\n.\r\n").as_bytes());
    assert_eq!(owner.told[3], "complete .a\\r\\n..\\r\\nb\\r\\n");
}

/// CVE-2011-0411, CVE-2024-34083. (What comes in later segments is TLS's, which it is not.)
#[test]
fn commands_behind_starttls() {
    let config = Config { starttls: true, ..Config::new("mx") };
    let mut owner = talk(config, "EHLO me\r\nMAIL FROM:<a@b>\r\nSTARTTLS\r\nRSET\r\nMAIL FROM:<evil@x>\r\n");
    owner.dialogue.secured();
    owner.receive(b"RCPT TO:<c@d>\r\n");
    assert_eq!(owner.codes(), "220 250 250 220 503");
    assert!(!owner.told.iter().any(|line| line.contains("evil")));
}

/// What a web page can have a browser send: the first words of it end the session, and nothing behind them is carried out.
#[test]
fn words_of_other_protocols() {
    let mail = "EHLO me\r\nMAIL FROM:<evil@x>\r\nRCPT TO:<victim@d>\r\nDATA\r\nhidden\r\n.\r\n";
    let fields = "Host: mx.example:2525\r\nContent-Type: text/plain\r\nContent-Length: 99\r\n\r\n";
    for first in [
        "GET / HTTP/1.1\r\n",
        "POST /x HTTP/1.1\r\n",
        "post /x http/1.0\r\n",
        "CONNECT d:25 HTTP/1.1\r\n",
        "PRI * HTTP/2.0\r\n",
        "OPTIONS / HTTP/1.1\r\n",
        "EHLO / HTTP/1.1\r\n",
        "NOOP /mail HTTP/1.1\r\n",
        "RSET HTTP/1.1\r\n",
        "anything /x HTTP/1.1\r\n",
        "GET /\r\n",
        "",
        "\u{80}\r\n",
        "\0\u{1}\0\u{8}\r\n",
        "x\u{1}y\r\n",
    ] {
        let owner = both_ways(Config::new("mx"), format!("{first}{fields}{mail}").as_bytes());
        assert_eq!((owner.codes().as_str(), owner.told.is_empty()), ("220 421", true), "{first:?}");
        assert!(owner.dialogue.foreign().is_some());
        // A line that is no command comes first.
        let owner = both_ways(Config::new("mx"), format!("hello\r\n{first}{fields}{mail}").as_bytes());
        assert!(owner.told.is_empty() && owner.codes().starts_with("220 500"), "{first:?}: {}", owner.codes());
        assert_eq!(owner.codes().ends_with("421"), true, "{first:?}: {}", owner.codes());
        // Under TLS as well.
        let mut owner = talk(Config { starttls: true, ..Config::new("mx") }, "EHLO me\r\nSTARTTLS\r\n");
        owner.dialogue.secured();
        owner.receive(format!("{first}{fields}{mail}").as_bytes());
        assert_eq!(
            (owner.codes().as_str(), owner.told.iter().any(|told| told.contains("evil"))),
            ("220 250 220 421", false)
        );
        // A session that began as one goes on.
        let owner = both_ways(Config::new("mx"), format!("{HELLO}{first}NOOP\r\n").as_bytes());
        assert!(owner.codes().ends_with(" 250") && owner.dialogue.foreign().is_none(), "{first:?}: {}", owner.codes());
    }
    let hello = [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".as_slice(), b"\r\n", mail.as_bytes()].concat();
    let owner = both_ways(Config::new("mx"), &hello);
    assert_eq!((owner.codes().as_str(), owner.dialogue.foreign()), ("220", Some(&Foreign::Tls)), "not a word");
}

#[test]
fn arguments_that_break_out() {
    let lines: [&[u8]; 9] = [
        b"MAIL FROM:<a@b>\rRCPT TO:<x@y>\r\n",
        b"MAIL FROM:<\"a\nRCPT TO:<x>\"@b>\r\n",
        b"VRFY a\nRSET\r\n",
        b"EHLO me\rQUIT\r\n",
        b"MAIL FROM:<a@b> ENVID=x\ny\r\n",
        b"\nNOOP\r\n",
        b"NOOP\r\r\n",
        b"AUTH PLAIN\r\nab\ncd\r\n",
        b"MAIL FROM:<a@b>\n",
    ];
    for line in lines {
        let input = [HELLO.as_bytes(), line, b"NOOP\r\n"].concat();
        let owner = both_ways(access::with_auth(), &input);
        assert!(owner.codes().ends_with(" 500"), "{}: {}", line.escape_ascii(), owner.codes());
        assert!(!owner.told.iter().any(|told| told.contains("<x@y>") || told.starts_with("MAIL")));
    }
}

/// CVE-2020-28026, CVE-2025-13033, CVE-2020-28247: what is parsed is what is handed on, or it is refused.
#[test]
fn addresses() {
    let rows = [
        ("MAIL FROM:<a@b> ENVID=x+0Ay", "501", None),
        ("MAIL FROM:<a@b> ENVID=x+0ay", "501", None),
        ("MAIL FROM:<a@b>\r\nRCPT TO:<c@d> ORCPT=rfc822;x+0D+0AQUIT", "250 501", None),
        ("MAIL FROM:<a@b>\r\nRCPT TO:<c@d> ORCPT=utf-8;x\\x{0A}y", "250 501", None),
        ("MAIL FROM:<\"x@evil x\"@internal>", "250", Some("MAIL <\"x@evil x\"@internal>")),
        ("MAIL FROM:<a@b(comment).example>", "501", None),
        ("MAIL FROM:<a@b c>", "501", None),
        ("MAIL FROM:<-oQ/tmp@b>", "250", Some("MAIL <-oQ/tmp@b>")),
        ("MAIL FROM:<;sleep 66;@b>", "501", None),
        ("MAIL FROM:<;sleep;@b>", "501", None),
    ];
    for (line, expected, told) in rows {
        let owner = both_ways(Config::new("mx"), format!("{HELLO}{line}\r\nNOOP\r\n").as_bytes());
        assert_eq!(owner.codes(), format!("220 250 {expected} 250"), "{line}");
        if let Some(told) = told {
            assert_eq!(owner.told[0], told);
        }
    }
}

/// CVE-2018-6789: what is not base64 is handed on as it is, and the session goes on when it is refused.
#[test]
fn authentication() {
    let long = "A".repeat(1 << 20);
    for text in ["A", "AA=A", "A A", "====", "*x", " *"] {
        let owner = both_ways(access::with_auth(), format!("{HELLO}AUTH PLAIN\r\n{text}\r\nNOOP\r\n").as_bytes());
        assert_eq!(owner.codes(), "220 250 334 535 250", "{text:?}");
    }
    let owner = both_ways(access::with_auth(), format!("{HELLO}AUTH PLAIN\r\n*\r\nNOOP\r\n").as_bytes());
    assert_eq!(owner.codes(), "220 250 334 501 250");
    // Longer than any line: it is read to its end, and the session goes on.
    let owner = both_ways(access::with_auth(), format!("{HELLO}AUTH PLAIN {long}\r\nNOOP\r\n").as_bytes());
    assert_eq!(owner.codes(), "220 250 500 250");
    let owner = both_ways(access::with_auth(), format!("{HELLO}AUTH PLAIN\r\n{long}\r\nNOOP\r\n").as_bytes());
    assert_eq!((owner.codes().as_str(), owner.told.last().unwrap().as_str()), ("220 250 334 500 250", "cancelled"));
    let owner = both_ways(access::with_auth(), format!("{HELLO}AUTH PLAIN {long}{long}{long}\r\nNOOP\r\n").as_bytes());
    assert_eq!(owner.codes(), "220 250 500");
}

/// CVE-2017-16943 and others.
#[test]
fn chunks() {
    let rows = [
        ("BDAT 0 LAST\r\nNOOP\r\n", "250 250"),
        ("BDAT 0\r\nBDAT 0 LAST\r\nNOOP\r\n", "250 250 250"),
        ("BDAT 99999999999999999999\r\nNOOP\r\n", "501"),
        ("BDAT -1\r\nNOOP\r\n", "501"),
        ("BDAT 6 LAST\r\nQUIT\r\nBDAT 6 LAST\r\nQUIT\r\nNOOP\r\n", "250 503 250"),
        ("DATA\r\nx\r\n.\r\nBDAT 6 LAST\r\nQUIT\r\nNOOP\r\n", "354 250 503 250"),
        ("BDAT 6\r\nQUIT\r\nRSET\r\nNOOP\r\n", "250 250 250"),
        ("BDAT 3 LAST\r\n\n.\nNOOP\r\n", "250 250"),
    ];
    for (lines, expected) in rows {
        let owner = both_ways(Config::new("mx"), format!("{ENVELOPE}{lines}").as_bytes());
        assert_eq!(owner.codes(), format!("220 250 250 250 {expected}"), "{lines:?}");
    }
}

/// CVE-2026-38728: more than anybody needs, of everything.
#[test]
fn floods() {
    let flood = |input: &[u8]| {
        let owner = both_ways(access::with_auth(), input);
        assert!(owner.said.len() < 300_000 && owner.told.len() < 2_100, "{}", owner.said.len());
        owner.codes()
    };
    assert_eq!(flood(&b"x".repeat(1 << 20)), "220 500");
    assert!(
        flood(&[HELLO.as_bytes(), b"MAIL FROM:<a@b>\r\n", &b"RCPT TO:<c@d>\r\n".repeat(10_000)].concat())
            .ends_with(" 452 421")
    );
    assert!(flood(&b"NOOP\r\n".repeat(10_000)).ends_with(" 250 421"));
    assert!(flood(&b"\r\n".repeat(10_000)).ends_with(" 500 421"));
    assert!(flood(&b"EHLO me\r\n".repeat(2_000)).ends_with(" 250 421"));
    assert!(flood(&[HELLO.as_bytes(), &b"AUTH PLAIN YmFk\r\n".repeat(1_000)].concat()).ends_with(" 535 421"));
    assert!(flood(&[HELLO.as_bytes(), &b"MAIL FROM:<a@b>\r\nRSET\r\n".repeat(10_000)].concat()).ends_with("421"));
}

/// A body that never ends takes no memory: what has been handed out is gone.
#[test]
fn a_long_body_is_streamed() {
    let mut dialogue = Dialogue::new(Config { size: 0, ..Config::new("mx") });
    let mut input = ENVELOPE.as_bytes();
    while dialogue.advance(&mut input) != Event::NeedMore {
        dialogue.answer(&Reply::new(250, "fine"));
    }
    dialogue.advance(&mut &b"DATA\r\n"[..]);
    dialogue.answer(&Reply::new(250, "fine"));
    let block = [&b"x".repeat(65_534)[..], b"\r\n"].concat();
    for _ in 0..1_000 {
        let mut input = block.as_slice();
        assert_eq!(dialogue.advance(&mut input), Event::Body(&block));
        assert_eq!(dialogue.advance(&mut input), Event::NeedMore);
    }
    assert!(dialogue.output().len() < 2_000);
}

#[test]
fn recipients_refused_among_accepted_ones_and_all_refused() {
    let envelope = "EHLO me\r\nMAIL FROM:<a@b>\r\nRCPT TO:<bad@d>\r\nRCPT TO:<c@d>\r\nRCPT TO:<bad@d>\r\n";
    let owner = both_ways(Config::new("mx"), format!("{envelope}DATA\r\nx\r\n.\r\nNOOP\r\n").as_bytes());
    assert_eq!(owner.codes(), "220 250 250 550 250 550 354 250 250");
    let envelope = "EHLO me\r\nMAIL FROM:<a@b>\r\nRCPT TO:<bad@d>\r\n";
    let owner = both_ways(Config::new("mx"), format!("{envelope}DATA\r\nRSET\r\nMAIL FROM:<a@b>\r\n").as_bytes());
    assert_eq!(owner.codes(), "220 250 250 550 554 250 250");
}
