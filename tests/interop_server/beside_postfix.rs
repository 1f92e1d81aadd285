//! The same dialogues with Postfix's server and with `helo-server`: awkward ones that are allowed, and mistakes. The
//! classes of the replies are compared; where they differ, the table says why.

use crate::support::helo_server::{HeloServer, USER};
use crate::support::postfix::Postfix;
use crate::support::raw::Raw;
use std::net::SocketAddr;

/// What is said after the greeting: a command each, or a message after a 354, with all its line ends.
struct Dialogue {
    lines: &'static [&'static str],
    /// The classes of ours where they are others than Postfix's, and why.
    differs: Option<(&'static str, &'static str)>,
}

const fn same(lines: &'static [&'static str]) -> Dialogue {
    Dialogue { lines, differs: None }
}

const fn ours(classes: &'static str, why: &'static str, lines: &'static [&'static str]) -> Dialogue {
    Dialogue { lines, differs: Some((classes, why)) }
}

const EHLO: &str = "EHLO client.test";
const FROM: &str = "MAIL FROM:<a@example.org>";
const TO: &str = "RCPT TO:<alice@example.test>";

const DIALOGUES: &[Dialogue] = &[
    // Hello.
    same(&["HELO client.test", "EHLO client.test", "HELO client.test"]),
    same(&["ehlo client.test", "mail from:<a@example.org>", "rcpt to:<alice@example.test>", "rset"]),
    same(&["EHLO [127.0.0.1]"]),
    same(&["EHLO [IPv6:::1]"]),
    same(&["EHLO a_b.test"]),
    same(&["EHLO localhost"]),
    same(&["EHLO"]),
    same(&["HELO"]),
    ours("5", "hello comes first: RFC 5321 section 4.1.4", &[FROM]),
    same(&[TO]),
    same(&["DATA"]),
    same(&["EHLO client.test", FROM, "EHLO client.test", TO]),
    // What may be said at any time.
    same(&["NOOP", "NOOP with words", "RSET", "VRFY alice@example.test"]),
    same(&[EHLO, "RSET", "NOOP", "NOOP a", "RSET x"]),
    same(&[EHLO, "VRFY alice@example.test", "EXPN list", "NOOP"]),
    ours("22", "RFC 5321 section 4.1.1.8: it should be there", &[EHLO, "HELP"]),
    same(&[EHLO, "NOSUCH", "TURN", "SEND FROM:<a@example.org>", "XCLIENT NAME=x", ""]),
    same(&["QUIT"]),
    ours("25", "QUIT has no argument: section 4.1.1.10", &[EHLO, "QUIT now"]),
    // MAIL.
    same(&[EHLO, "MAIL FROM:<>"]),
    same(&[EHLO, "MAIL FROM: <a@example.org>", "RCPT TO: <alice@example.test>"]),
    same(&[EHLO, "MAIL FROM:a@example.org"]),
    same(&[EHLO, "MAIL FROM:<a@example.org"]),
    ours("25", "half a pair of brackets is a mistake", &[EHLO, "MAIL FROM:a@example.org>"]),
    same(&[EHLO, "MAIL FROM"]),
    same(&[EHLO, "MAIL"]),
    same(&[EHLO, "MAIL TO:<a@example.org>"]),
    same(&[EHLO, "MAIL FROM:<\"a b\"@example.org>"]),
    same(&[EHLO, "MAIL FROM:<\"a\\\"b\"@example.org>"]),
    same(&[EHLO, "MAIL FROM:<a b@example.org>"]),
    ours("25", "an @ in front of the last one wants quotes: section 4.1.2", &[EHLO, "MAIL FROM:<a@b@example.org>"]),
    same(&[EHLO, "MAIL FROM:<a@[127.0.0.1]>"]),
    same(&[EHLO, "MAIL FROM:<a@[IPv6:::1]>"]),
    same(&[EHLO, "MAIL FROM:<@one.test,@two.test:a@example.org>"]),
    same(&[EHLO, "MAIL FROM:<a..b@example.org>"]),
    same(&[EHLO, "MAIL FROM:<.a.@example.org>"]),
    same(&[EHLO, "MAIL FROM:<a@example.org.>"]),
    same(&[EHLO, "MAIL FROM: <a@example.org> "]),
    same(&[EHLO, "MAIL FROM:<a@example..org>"]),
    same(&[EHLO, "MAIL FROM:<a+b=c@example.org>"]),
    ours("25", "it wants SMTPUTF8: RFC 6531 section 3.4", &[EHLO, "MAIL FROM:<gr\u{fc}n@example.org>"]),
    same(&[EHLO, "MAIL FROM:<gr\u{fc}n@example.org> SMTPUTF8"]),
    same(&[EHLO, FROM, FROM]),
    same(&[EHLO, FROM, "RSET", FROM]),
    ours(
        "25",
        "parameters come with EHLO: RFC 5321 section 2.2.1",
        &["HELO client.test", "MAIL FROM:<a@example.org> SIZE=10"],
    ),
    // Parameters.
    same(&[EHLO, "MAIL FROM:<a@example.org> SIZE=1000"]),
    same(&[EHLO, "MAIL FROM:<a@example.org> SIZE=0"]),
    same(&[EHLO, "MAIL FROM:<a@example.org> SIZE=999999999999"]),
    same(&[EHLO, "MAIL FROM:<a@example.org> SIZE=abc"]),
    same(&[EHLO, "MAIL FROM:<a@example.org> SIZE=99999999999999999999999"]),
    same(&[EHLO, "MAIL FROM:<a@example.org> SIZE"]),
    same(&[EHLO, "MAIL FROM:<a@example.org> BODY=7BIT"]),
    same(&[EHLO, "MAIL FROM:<a@example.org> body=8bitmime size=10"]),
    same(&[EHLO, "MAIL FROM:<a@example.org> BODY=X"]),
    same(&[EHLO, "MAIL FROM:<a@example.org> NOSUCH=1"]),
    same(&[EHLO, "MAIL FROM:<a@example.org> SMTPUTF8=1"]),
    same(&[EHLO, "MAIL FROM:<a@example.org> RET=HDRS ENVID=abc+3D"]),
    same(&[EHLO, "MAIL FROM:<a@example.org> RET=X"]),
    same(&[EHLO, "MAIL FROM:<a@example.org> RET=FULL RET=HDRS"]),
    same(&[EHLO, "MAIL FROM:<a@example.org> ENVID=a+ZZ"]),
    same(&[EHLO, "MAIL FROM:<a@example.org> AUTH=<>"]),
    same(&[EHLO, "MAIL FROM:<a@example.org>  SIZE=10 "]),
    same(&[EHLO, FROM, "RCPT TO:<alice@example.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;x@example.org"]),
    same(&[EHLO, FROM, "RCPT TO:<alice@example.test> NOTIFY=never"]),
    same(&[EHLO, FROM, "RCPT TO:<alice@example.test> NOTIFY=NEVER,SUCCESS"]),
    same(&[EHLO, FROM, "RCPT TO:<alice@example.test> NOTIFY=X"]),
    same(&[EHLO, FROM, "RCPT TO:<alice@example.test> ORCPT=x"]),
    same(&[EHLO, FROM, "RCPT TO:<alice@example.test> NOSUCH=1"]),
    // RCPT.
    same(&[EHLO, TO]),
    same(&[EHLO, FROM, TO, TO, "RCPT TO:<bob@example.test>"]),
    same(&[EHLO, FROM, "RCPT TO:<>"]),
    same(&[EHLO, FROM, "RCPT TO:<refused@example.test>", TO]),
    same(&[EHLO, FROM, "RCPT TO:<someone@elsewhere.test>"]),
    same(&[EHLO, FROM, "RCPT TO:<Postmaster>"]),
    same(&[EHLO, FROM, "RCPT TO:<@one.test:alice@example.test>"]),
    same(&[EHLO, FROM, "RCPT TO:alice@example.test"]),
    same(&[EHLO, FROM, "RCPT TO:<ALICE@EXAMPLE.TEST>"]),
    same(&[EHLO, FROM, "RCPT alice@example.test"]),
    // DATA.
    same(&[EHLO, FROM, "DATA"]),
    same(&[EHLO, FROM, "RCPT TO:<refused@example.test>", "DATA"]),
    same(&[EHLO, FROM, TO, "DATA x"]),
    same(&[EHLO, FROM, TO, "DATA", ".\r\n", "NOOP"]),
    same(&[EHLO, FROM, TO, "DATA", "Subject: x\r\n\r\n..\r\n.x\r\n.\r\n", FROM]),
    same(&[EHLO, FROM, TO, "DATA", "no header at all\r\n.\r\n"]),
    same(&[EHLO, FROM, TO, "DATA", "Subject: x\r\n\r\n\0\u{fc}\r\n.\r\n"]),
    same(&["HELO client.test", FROM, TO, "DATA", "Subject: x\r\n\r\nx\r\n.\r\n", "QUIT"]),
    same(&[EHLO, "MAIL FROM:<>", TO, "DATA", "Subject: x\r\n\r\nx\r\n.\r\n", "MAIL FROM:<>", TO]),
    // BDAT.
    same(&[EHLO, FROM, TO, "BDAT 0 LAST"]),
    same(&[EHLO, FROM, TO, "BDAT 5\r\na\r\nb\r", "BDAT 3 LAST\r\n\nx\n", "NOOP"]),
    same(&[EHLO, FROM, TO, "bdat 4 last\r\na\r\n.", "NOOP"]),
    same(&[EHLO, "BDAT 5 LAST\r\nhello", "NOOP"]),
    same(&[EHLO, FROM, "RCPT TO:<refused@example.test>", "BDAT 5 LAST\r\nhello", "NOOP"]),
    same(&[EHLO, FROM, TO, "BDAT 5\r\nhello", "DATA", "NOOP"]),
    same(&[EHLO, FROM, TO, "BDAT 5\r\nhello", TO]),
    same(&[EHLO, FROM, TO, "BDAT 5\r\nhello", "RSET", FROM]),
    same(&[EHLO, FROM, TO, "BDAT"]),
    same(&[EHLO, FROM, TO, "BDAT x"]),
    // AUTH.
    same(&[EHLO, "AUTH NOSUCH"]),
    same(&[EHLO, "AUTH"]),
    same(&[EHLO, "AUTH PLAIN", "*"]),
    same(&[EHLO, "AUTH PLAIN", "!!!"]),
    same(&[EHLO, "AUTH PLAIN AGFsaWNlQGV4YW1wbGUudGVzdAB3cm9uZw=="]),
    same(&[EHLO, "AUTH PLAIN AGFsaWNlQGV4YW1wbGUudGVzdABzZWNyZXQ=", "AUTH PLAIN AGFsaWNlQGV4YW1wbGUudGVzdABzZWNyZXQ="]),
    same(&[EHLO, "auth plain AGFsaWNlQGV4YW1wbGUudGVzdABzZWNyZXQ=", FROM, "RCPT TO:<someone@elsewhere.test>"]),
    same(&[EHLO, "AUTH LOGIN", "YWxpY2VAZXhhbXBsZS50ZXN0", "c2VjcmV0"]),
    same(&[EHLO, "AUTH LOGIN YWxpY2VAZXhhbXBsZS50ZXN0", "c2VjcmV0"]),
    same(&[EHLO, FROM, "AUTH PLAIN AGFsaWNlQGV4YW1wbGUudGVzdABzZWNyZXQ="]),
    ours("5", "AUTH comes with EHLO: RFC 4954 section 4", &["AUTH PLAIN AGFsaWNlQGV4YW1wbGUudGVzdABzZWNyZXQ="]),
    ours("25", "the same", &["HELO client.test", "AUTH PLAIN AGFsaWNlQGV4YW1wbGUudGVzdABzZWNyZXQ="]),
    // STARTTLS.
    same(&[EHLO, "STARTTLS x", "NOOP"]),
    ours("5", "hello comes first", &["STARTTLS"]),
];

/// The codes of the replies, the first that of the greeting; `-` where the server has closed.
fn codes(server: SocketAddr, lines: &[&str]) -> Vec<String> {
    let mut raw = Raw::tcp(server);
    let mut codes = vec![code(&raw.reply())];
    for line in lines {
        let message = codes.last().is_some_and(|code| code == "354");
        if message || line.contains('\n') {
            raw.send(line);
        } else {
            raw.say(line);
        }
        codes.push(code(&raw.reply()));
    }
    codes
}

fn code(reply: &str) -> String {
    reply.get(..3).unwrap_or("-").to_owned()
}

fn classes(codes: &[String]) -> String {
    codes.iter().skip(1).map(|code| &code[..1]).collect()
}

#[test]
fn the_same_dialogues_have_the_same_classes_of_replies() {
    let Some(postfix) = Postfix::shared("helo-server beside Postfix") else { return };
    assert_eq!(USER, "alice@example.test");
    let options = ["--dsn", "--auth-in-clear", "--domains", "example.test"];
    let server = HeloServer::start(&options);
    for name in ["alice", "bob"] {
        server.mailbox(name, "example.test");
    }
    // Whom RFC 5321 section 4.5.1 wants to have one everywhere.
    server.mailbox("postmaster", "");
    let mut wrong = Vec::new();
    for Dialogue { lines, differs } in DIALOGUES {
        let (theirs, own) = (codes(postfix.address(), lines), codes(server.address(), lines));
        let expected = differs.map_or(classes(&theirs), |(classes, _)| classes.to_owned());
        let stale = differs.is_some() && classes(&own) == classes(&theirs);
        if classes(&own) != expected || stale {
            wrong.push(format!("{lines:?}\n  Postfix {}\n  ours    {}", theirs.join(" "), own.join(" ")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
