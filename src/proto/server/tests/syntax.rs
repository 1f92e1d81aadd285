//! Lines that are nearly commands: what is taken, and what could be read in two ways and is refused.

use super::*;

/// The mailbox that is asked about after this line, or the code of the refusal.
fn asked(before: &str, line: &str) -> Result<String, u16> {
    let mut dialogue = Dialogue::new(Config::new("mx"));
    if !before.is_empty() {
        dialogue.advance(&mut &b"EHLO me\r\nMAIL FROM:<a@b>\r\n"[..]);
        dialogue.answer(&Reply::new(250, "fine"));
    } else {
        dialogue.advance(&mut &b"EHLO me\r\n"[..]);
    }
    dialogue.sent(dialogue.output().len());
    match dialogue.advance(&mut format!("{line}\r\n").as_bytes()) {
        Event::Mail { from, .. } => Ok(from.to_string()),
        Event::Rcpt { to, .. } => Ok(to.to_string()),
        _ => {
            let said = String::from_utf8(dialogue.output().to_vec()).unwrap();
            Err(said[..3].parse().unwrap_or_else(|_| panic!("{line}: {said}")))
        }
    }
}

#[test]
fn addresses_go_as_they_are_given() {
    for address in [
        ".a@example.com",
        "a.@example.com",
        "a..b@example.com",
        "...@example.com",
        "a@example.com.",
        "a@-x.example",
        "a@x-.example",
        "a@my_host.example",
        "A.B@Example.COM",
        "a=b@example.com",
        "bounce-a=b.example@example.com",
        "\"a b\"@example.com",
        "\"a>b\"@example.com",
        "a@[192.0.2.1]",
        "root",
    ] {
        for form in [format!("<{address}>"), format!(" <{address}>"), format!("< {address} >"), address.to_owned()] {
            for end in ["", " ", "\t", " \t "] {
                assert_eq!(asked("", &format!("MAIL FROM:{form}{end}")), Ok(address.to_owned()), "{form}{end:?}");
                assert_eq!(asked("mail", &format!("RCPT TO:{form}{end}")), Ok(address.to_owned()), "{form}{end:?}");
            }
        }
        assert_eq!(asked("", &format!("MAIL FROM:< {address} > SIZE=1")), Ok(address.to_owned()));
    }
    assert_eq!(asked("", "MAIL FROM:<>"), Ok(String::new()));
    assert_eq!(asked("", "MAIL FROM:< > BODY=8BITMIME"), Ok(String::new()));
}

#[test]
fn a_parameter_is_no_address() {
    for line in [
        "MAIL FROM:",
        "MAIL FROM: ",
        "MAIL FROM:\t",
        "MAIL FROM:\t<a@b>",
        "MAIL FROM: SIZE=1000",
        "MAIL FROM:SIZE=1000",
        "MAIL FROM: size=1000 BODY=8BITMIME",
        "MAIL FROM: BODY=8BITMIME",
        "MAIL FROM: AUTH=<>",
        "MAIL FROM: AUTH=a@b",
        "MAIL FROM: ENVID=a@b",
        "MAIL FROM: X=1",
        "MAIL FROM: SMTPUTF8",
        "MAIL FROM: requiretls",
        "MAIL FROM:<a@b>SIZE=1000",
        "MAIL FROM:<a@b>,<c@d>",
        "MAIL FROM:<a@b",
        "MAIL FROM:<a@b SIZE=1000",
        "MAIL FROM:a@b>",
        "MAIL FROM:< a b@c >",
        "MAIL FROM",
        "MAIL <a@b>",
        "MAIL FROM <a@b>",
        "MAIL FROM :<a@b>",
        "MAIL TO:<a@b>",
        "MAIL",
    ] {
        assert_eq!(asked("", line), Err(501), "{line}");
    }
    for line in [
        "RCPT TO:",
        "RCPT TO: NOTIFY=NEVER",
        "RCPT TO:NOTIFY=NEVER",
        "RCPT TO: notify=never ORCPT=rfc822;a@b",
        "RCPT TO: ORCPT=rfc822;a@b",
        "RCPT TO: <>",
        "RCPT TO:< >",
        "RCPT TO:<a@b>NOTIFY=NEVER",
        "RCPT TO:<a@b>x",
        "RCPT FROM:<a@b>",
        "RCPT",
    ] {
        assert_eq!(asked("mail", line), Err(501), "{line}");
    }
}

/// A verb ends at a space or with the line. Only what follows a BDAT has a length that nobody knows then: it ends the
/// session, and is not taken for commands.
#[test]
fn nothing_is_glued_to_a_verb() {
    for verb in ["NOOP", "RSET", "QUIT", "DATA", "EHLO", "MAIL", "RCPT", "VRFY", "HELP", "STARTTLS", "AUTH"] {
        for junk in ["/", ".", ":", "\"", ",x", "=1", "\u{e9}"] {
            let codes = codes(&format!("{ENVELOPE}{verb}{junk} x\r\nNOOP\r\n"));
            assert!(codes.ends_with(" 500 250"), "{verb}{junk}: {codes}");
        }
        assert_eq!(codes(&format!("{ENVELOPE} {verb}\r\n")), "220 250 250 250 500", "{verb}");
    }
    for line in [
        "BDAT/ 5 LAST",
        "BDAT: 5 LAST",
        "BDAT, 5",
        "BDAT=5 LAST",
        "BDAT. 5 LAST",
        " BDAT 5 LAST",
        "BDAT\t5 LAST",
        "BDAT 5/ LAST",
        "BDAT 5 LAST/",
        "BDAT 5 LASTX",
        "BDAT +5 LAST",
        "BDAT -5",
        "BDAT",
        "BDAT LAST",
    ] {
        let owner = talk(Config::new("mx"), &format!("{ENVELOPE}{line}\r\nNOOP\r\nMAIL FROM:<evil@x>\r\n"));
        assert_eq!(owner.codes(), "220 250 250 250 501", "{line}");
        assert!(!owner.told.iter().any(|told| told.starts_with("complete") || told.contains("evil")), "{line}");
    }
    let owner = talk(Config::new("mx"), &format!("{ENVELOPE}BDAT 5 LAST \t\r\nhello"));
    assert_eq!((owner.codes().as_str(), owner.told[3].as_str()), ("220 250 250 250 250", "complete hello"));
    assert_eq!(codes(&format!("{ENVELOPE}NOOP \t\r\nRSET\t\r\nNOOP\r\n")), "220 250 250 250 250 250 250");
}
