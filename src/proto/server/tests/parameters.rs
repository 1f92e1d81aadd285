//! What the parameters of MAIL and RCPT come to.

use super::*;

fn mail(params: &str) -> MailOptions {
    let said = format!("EHLO me\r\nMAIL FROM:<a@b> {params}\r\n");
    let mut dialogue = Dialogue::new(access::with_auth());
    match dialogue.advance(&mut said.as_bytes()) {
        Event::Mail { options, .. } => options,
        other => panic!("{params}: {other:?}, {}", dialogue.output().escape_ascii()),
    }
}

fn rcpt(params: &str) -> RcptOptions {
    let mut dialogue = Dialogue::new(Config::new("mx"));
    dialogue.advance(&mut &b"EHLO me\r\nMAIL FROM:<a@b> SMTPUTF8\r\n"[..]);
    dialogue.answer(&Reply::new(250, "fine"));
    match dialogue.advance(&mut format!("RCPT TO:<c@d> {params}\r\n").as_bytes()) {
        Event::Rcpt { options, .. } => options,
        other => panic!("{params}: {other:?}, {}", dialogue.output().escape_ascii()),
    }
}

#[test]
fn of_mail() {
    assert_eq!(mail(""), MailOptions::default());
    let options = mail("size=1000 BODY=8bitmime smtputf8 RET=hdrs ENVID=QQ+2B+3D+20314159");
    let wanted = MailOptions {
        size: Some(1000),
        body: BodyType::EightBit,
        utf8: true,
        ret: Some(Return::Headers),
        envid: Some("QQ+= 314159".to_string()),
        auth: None,
    };
    assert_eq!(options, wanted);
    assert_eq!(mail("BODY=BINARYMIME").body, BodyType::Binary);
    assert_eq!(mail("RET=FULL").ret, Some(Return::Full));
}

/// RFC 4954, section 5: the example, and nobody.
#[test]
fn of_mail_by_whom_it_was_submitted() {
    let auth = mail("AUTH=e+3Dmc2@example.com").auth.unwrap().unwrap();
    assert_eq!(auth.as_str(), "e=mc2@example.com");
    assert_eq!(mail("AUTH=<>").auth, Some(None));
    for bad in ["AUTH=", "AUTH=a+0D+0Ab@c", "AUTH=a+20b@c", "AUTH=a@", "AUTH"] {
        let owner = talk(access::with_auth(), &format!("{HELLO}MAIL FROM:<a@b> {bad}\r\n"));
        assert_eq!(owner.codes(), "220 250 501", "{bad}");
    }
    assert_eq!(codes(&format!("{HELLO}MAIL FROM:<a@b> AUTH=<>\r\n")), "220 250 555", "not offered");
}

#[test]
fn of_rcpt() {
    assert_eq!(rcpt(""), RcptOptions::default());
    let options = rcpt("NOTIFY=SUCCESS,delay ORCPT=rfc822;Bob+20Smith@example.com");
    assert_eq!(options.notify, Some(Notify { success: true, failure: false, delay: true }));
    let original = options.orcpt.unwrap();
    assert_eq!((original.kind.as_str(), original.address.as_str()), ("rfc822", "Bob Smith@example.com"));
    assert_eq!(rcpt("NOTIFY=never").notify, Some(Notify::default()));
    assert_eq!(rcpt("ORCPT=utf-8;b\u{f6}b@example.com").orcpt.unwrap().address, "b\u{f6}b@example.com");
}

#[test]
fn values_that_are_too_long() {
    let fits = "x".repeat(100);
    assert_eq!(mail(&format!("ENVID={fits}")).envid, Some(fits.clone()));
    assert_eq!(codes(&format!("{HELLO}MAIL FROM:<a@b> ENVID={fits}x\r\n")), "220 250 501");
    let orcpt = format!("ORCPT=rfc822;{}", "x".repeat(493));
    assert_eq!(rcpt(&orcpt).orcpt.unwrap().address.len(), 493);
    assert_eq!(codes(&format!("{HELLO}MAIL FROM:<a@b>\r\nRCPT TO:<c@d> {orcpt}x\r\n")), "220 250 250 501");
    assert_eq!(codes(&format!("{HELLO}MAIL FROM:<a@b> {}\r\n", "X=1 ".repeat(30))), "220 250 501");
}

#[test]
fn what_is_not_on_offer_is_not_taken() {
    let bare = || Config {
        eight_bit_mime: false,
        binary_mime: false,
        smtputf8: false,
        dsn: false,
        chunking: false,
        ..Config::new("mx")
    };
    for params in ["BODY=7BIT", "SMTPUTF8", "RET=FULL", "ENVID=x", "AUTH=<>", "XYZZY=1"] {
        assert_eq!(talk(bare(), &format!("{HELLO}MAIL FROM:<a@b> {params}\r\n")).codes(), "220 250 555", "{params}");
    }
    let binary = Config { chunking: false, ..Config::new("mx") };
    assert_eq!(talk(binary, &format!("{HELLO}MAIL FROM:<a@b> BODY=BINARYMIME\r\n")).codes(), "220 250 501");
    assert_eq!(
        talk(bare(), &format!("{HELLO}MAIL FROM:<a@b>\r\nRCPT TO:<c@d> NOTIFY=NEVER\r\n")).codes(),
        "220 250 250 555"
    );
}
