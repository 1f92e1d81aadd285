use super::*;
use alloc::format;
use proptest::prelude::*;

fn parse(text: &str) -> Extensions {
    Extensions::parse(&Reply::new(250, text))
}

#[test]
fn a_full_answer() {
    let text = "mail.example greets you\nSIZE 10240000\n8BITMIME\nBINARYMIME\nSMTPUTF8\nPIPELINING\nCHUNKING\nDSN\n\
                ENHANCEDSTATUSCODES\nSTARTTLS\nTURN\nVRFY\nEXPN\nHELP\nETRN\nAUTH PLAIN LOGIN CRAM-MD5\nDELIVERBY 240\n\
                MT-PRIORITY MIXER\nREQUIRETLS\nLIMITS MAILMAX=100 RCPTMAX=50 RCPTDOMAINMAX=1 NEW=7\nBURL imap\n\
                FUTURERELEASE 604800 2030-01-01T00:00:00Z\nNO-SOLICITING net.example:ADV\nXCLIENT NAME ADDR";
    let seen = parse(text);
    let expected = Extensions {
        greeting_name: "mail.example".into(),
        size: Some(Some(10_240_000)),
        eight_bit_mime: true,
        binary_mime: true,
        smtputf8: true,
        pipelining: true,
        chunking: true,
        dsn: true,
        enhanced_status_codes: true,
        starttls: true,
        turn: true,
        vrfy: true,
        expn: true,
        help: true,
        etrn: true,
        auth: ["PLAIN", "LOGIN", "CRAM-MD5"].map(String::from).to_vec(),
        deliver_by: Some(Some(240)),
        mt_priority: Some(Some("MIXER".into())),
        require_tls: true,
        limits: Limits { mail_max: Some(100), rcpt_max: Some(50), rcpt_domain_max: Some(1) },
        burl: true,
        future_release: Some(FutureRelease { max_interval: 604_800, max_date_time: "2030-01-01T00:00:00Z".into() }),
        no_soliciting: true,
        other: ["XCLIENT NAME ADDR"].map(String::from).to_vec(),
    };
    assert_eq!(seen, expected);
    for line in text.lines().skip(1) {
        let keyword = line.split(' ').next().unwrap();
        assert!(seen.has(keyword) && seen.has(&keyword.to_lowercase()), "{keyword}");
        assert!(!Extensions::none().has(keyword), "{keyword}");
    }
    assert!(!seen.has("XEXCH50") && !seen.has("") && !seen.has("NAME"));
    assert_eq!(parse(&text.to_lowercase()).limits, expected.limits, "keywords have no case");
    assert_eq!(parse(&text.to_lowercase()).auth, expected.auth);
}

#[test]
fn values_that_may_be_missing_or_wrong() {
    assert_eq!(parse("h\nSIZE").size, Some(None));
    assert_eq!(parse("h\nSIZE 0").size, Some(Some(0)));
    for wrong in ["SIZE -1", "SIZE +1", "SIZE x", "SIZE 99999999999999999999"] {
        assert_eq!(parse(&format!("h\n{wrong}")).size, Some(None), "{wrong}");
    }
    assert_eq!(parse("h\nDELIVERBY").deliver_by, Some(None));
    assert_eq!(parse("h\nMT-PRIORITY").mt_priority, Some(None));
    assert_eq!(parse("h\nFUTURERELEASE").future_release, None);
    assert_eq!(parse("h\nLIMITS RCPTMAX=0 MAILMAX MAILMAX=x =3").limits, Limits::default());
}

#[test]
fn both_forms_of_auth() {
    assert_eq!(parse("h\nAUTH=LOGIN PLAIN").auth, ["LOGIN", "PLAIN"]);
    assert_eq!(parse("h\nAUTH PLAIN\nauth=login plain").auth, ["PLAIN", "LOGIN"]);
    assert_eq!(parse("h\nAUTH = LOGIN").auth, ["LOGIN"]);
    assert_eq!(parse("h\nAUTH =LOGIN").auth, Vec::<String>::new(), "no mechanism has an equals sign");
    assert!(!parse("h\nAUTH").has("AUTH"));
    assert!(parse("h\nAUTH PLAIN").has_auth("plain"));
}

#[test]
fn unknown_keywords_whatever_follows_them() {
    let seen = parse("h\nXA=1\nXB\t2\nxc 3");
    assert!(["XA", "XB", "XC"].iter().all(|keyword| seen.has(keyword)), "{:?}", seen.other);
}

#[test]
fn what_is_passed_over() {
    for line in
        ["", " ", "\t", "-SIZE", "SIZE:1", "PIPELINING,DSN", "\u{e9}", "SI\u{e9}ZE", "a\u{7f}b", "_X", "STARTTLS\u{1b}"]
    {
        assert_eq!(parse(&format!("h\n{line}")), parse("h"), "{line:?}");
    }
    assert!(parse("h\n  PIPELINING  ").pipelining, "white space around a line does no harm");
    assert!(!parse("PIPELINING").pipelining, "the first line is the server's name");
    assert_eq!(parse("").greeting_name, "");
    assert_eq!(Extensions::parse(&Reply::new(550, "no\nPIPELINING")), Extensions::none());
}

#[test]
fn bounded() {
    let mut text = String::from("h");
    for number in 0..900 {
        text += &format!("\nX{number}\nAUTH M{number}");
    }
    let seen = parse(&text);
    assert_eq!((seen.other.len(), seen.auth.len()), (100, 100));
    assert!(parse(&format!("h\nX {}", "y".repeat(600))).other.is_empty());
    assert!(parse(&format!("h\nAUTH {}", "Y".repeat(21))).auth.is_empty());
}

proptest! {
    #[test]
    fn any_text_is_read(text in any::<String>(), keyword in any::<String>()) {
        parse(&text).has(&keyword);
    }

    #[test]
    fn unknown_keywords_are_found_again(keyword in "[A-Z0-9][A-Z0-9-]{0,12}", value in "( [!-~]{1,8}){0,2}") {
        let seen = parse(&format!("h\n{keyword}{value}"));
        let needs_value = ["AUTH", "LIMITS", "FUTURERELEASE"].contains(&keyword.as_str());
        prop_assert!(needs_value || seen.has(&keyword));
    }
}
