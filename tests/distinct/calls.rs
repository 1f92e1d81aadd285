//! What each function says to the server and returns: with success, with a refusal, with a connection that is lost.

use crate::api::*;
use crate::support::scripted::ScriptedServer;
use std::sync::{Arc, Mutex};

/// A dialogue's opening with EHLO, without extensions.
const OPEN: &str = "S: 220 mx.example ready\nC: EHLO here.example\nS: 250 mx.example\n";
/// And its end.
const CLOSE: &str = "\nC: QUIT\nS: 221 bye\nWAIT close\n";

fn server(middle: &str) -> ScriptedServer {
    ScriptedServer::start(&format!("{OPEN}{middle}{CLOSE}"))
}

/// Runs calls over a connection whose server does `middle`.
#[track_caller]
fn with_server(middle: &str, calls: impl FnOnce(Conn)) {
    with_hooks(middle, Hooks::default(), calls);
}

#[track_caller]
fn with_hooks(middle: &str, hooks: Hooks, calls: impl FnOnce(Conn)) {
    let server = server(middle);
    let conn = connect_with(server.address(), hooks.keep());
    calls(conn);
    assert_eq!(name(conn.quit()), "SMTP_SUCCESS");
    assert_eq!(name(conn.quit()), "SMTP_INVALID_HANDLE", "the handle is gone");
    server.finish();
}

#[test]
fn a_mail_from_helo_to_quit() {
    let middle = "
        C: MAIL FROM:<ann@a.example>
        S: 250 sender ok
        C: RCPT TO:<bob@b.example>
        S: 250 recipient ok
        C: RCPT TO:<eve@b.example>
        S: 550 no such user
        C: DATA
        S: 354 go on
        C. Subject: x\\r\\n\\r\\n..a dot\\r\\nand text\\r\\n.\\r\\n
        S: 250 taken";
    let hooks = Hooks { data: Some(source(b"Subject: x\r\n\r\n.a dot\nand text")), ..Hooks::default() };
    with_hooks(middle, hooks, |conn| {
        assert_eq!(name(conn.mail("ann@a.example")), "SMTP_SUCCESS");
        assert_eq!(name(conn.rcpt("<bob@b.example>")), "SMTP_SUCCESS");
        assert_eq!(name(conn.rcpt("eve@b.example")), "SMTP_FAILURE");
        assert_eq!(conn.reply(), ("550 no such user".into(), 550));
        assert_eq!(name(conn.data()), "SMTP_SUCCESS");
        assert_eq!(conn.reply(), ("250 taken".into(), 250));
    });
}

#[test]
fn a_mail_in_pieces_and_then_another() {
    let middle = "
        C: MAIL FROM:<>
        S: 250 ok
        C: RCPT TO:<bob@b.example>
        S: 250 ok
        C: DATA
        S: 354 go on
        C. one\\r\\n..two\\r\\n.\\r\\n
        S: 250 first
        C: MAIL FROM:<ann@a.example>
        S: 250 ok
        C: RCPT TO:<bob@b.example>
        S: 250 ok
        C: DATA
        S: 354 go on
        C. .\\r\\n
        S: 250 second";
    with_server(middle, |conn| {
        assert_eq!(name(conn.mail("")), "SMTP_SUCCESS");
        assert_eq!(name(conn.rcpt("bob@b.example")), "SMTP_SUCCESS");
        for piece in [b"one\r".as_slice(), b"\n", b".t", b"wo"] {
            assert_eq!(name(conn.data_buf(piece)), "SMTP_SUCCESS");
        }
        assert_eq!(name(conn.noop()), "SMTP_FAILURE", "no command goes into the middle of a message");
        assert_eq!(name(conn.data_buf(b"")), "SMTP_SUCCESS");
        assert_eq!(name(conn.mail("ann@a.example")), "SMTP_SUCCESS");
        assert_eq!(name(conn.rcpt("bob@b.example")), "SMTP_SUCCESS");
        assert_eq!(name(conn.data_buf(b"")), "SMTP_SUCCESS", "an empty message");
        assert_eq!(conn.reply().0, "250 second");
    });
}

#[test]
fn eight_bits_are_declared_where_the_server_has_them_and_utf8_where_an_address_needs_it() {
    let server = ScriptedServer::start(
        "S: 220 ready
         C: EHLO here.example
         S: 250-mx.example
         S: 250-8BITMIME
         S: 250 SMTPUTF8
         C: MAIL FROM:<ann@a.example> BODY=8BITMIME
         S: 250 ok
         C: RSET
         S: 250 ok
         C: MAIL FROM:<jürgen@a.example> SMTPUTF8 BODY=8BITMIME
         S: 250 ok
         C: QUIT
         S: 221 bye
         WAIT close",
    );
    let conn = connect(server.address());
    assert_eq!(name(conn.mail("ann@a.example")), "SMTP_SUCCESS");
    assert_eq!(name(conn.rset()), "SMTP_SUCCESS");
    assert_eq!(name(conn.mail("jürgen@a.example")), "SMTP_SUCCESS");
    assert_eq!(name(conn.quit()), "SMTP_SUCCESS");
    server.finish();
}

#[test]
fn a_recipient_that_needs_utf8_begins_the_mail_anew_with_it() {
    let server = ScriptedServer::start(
        "S: 220 ready
         C: EHLO here.example
         S: 250-mx.example
         S: 250 SMTPUTF8
         C: MAIL FROM:<ann@a.example>
         S: 250 ok
         C: RSET
         S: 250 ok
         C: MAIL FROM:<ann@a.example> SMTPUTF8
         S: 250 ok
         C: RCPT TO:<jürgen@b.example>
         S: 250 ok
         C: RCPT TO:<müller@b.example>
         S: 250 ok
         C: RSET
         S: 250 ok
         C: MAIL FROM:<ann@a.example>
         S: 250 ok
         C: RCPT TO:<bob@b.example>
         S: 250 ok
         C: QUIT
         S: 221 bye
         WAIT close",
    );
    let conn = connect(server.address());
    assert_eq!(name(conn.mail("ann@a.example")), "SMTP_SUCCESS");
    assert_eq!(name(conn.rcpt("jürgen@b.example")), "SMTP_SUCCESS");
    assert_eq!(name(conn.rcpt("müller@b.example")), "SMTP_SUCCESS");
    assert_eq!(name(conn.rset()), "SMTP_SUCCESS");
    assert_eq!(name(conn.mail("ann@a.example")), "SMTP_SUCCESS");
    assert_eq!(name(conn.rcpt("bob@b.example")), "SMTP_SUCCESS");
    // One recipient stands already: it would have to be named again.
    assert_eq!(name(conn.rcpt("jürgen@b.example")), "SMTP_FAILURE");
    assert_eq!(name(conn.quit()), "SMTP_SUCCESS");
    server.finish();
}

#[test]
fn the_three_kin_of_mail() {
    let middle = "
        C: SEND FROM:<a@a.example>
        S: 250 ok
        C: SOML FROM:<a@a.example>
        S: 250 ok
        C: SAML FROM:<a@a.example>
        S: 502 not here";
    with_server(middle, |conn| {
        assert_eq!(name(conn.send("a@a.example")), "SMTP_SUCCESS");
        assert_eq!(name(conn.soml("a@a.example")), "SMTP_SUCCESS");
        assert_eq!(name(conn.saml("a@a.example")), "SMTP_FAILURE");
        assert_eq!(conn.reply(), ("502 not here".into(), 502));
    });
}

#[test]
fn small_commands() {
    let middle = "
        C: NOOP
        S: 250 here
        C: RSET
        S: 250 reset
        C: VRFY bob
        S: 250-Bob
        S: 250 <bob@b.example>
        C: VRFY eve
        S: 551 elsewhere
        C: NOOP
        S: 500 what?
        C: RSET
        S: 451 not now";
    with_server(middle, |conn| {
        assert_eq!(name(conn.noop()), "SMTP_SUCCESS");
        assert_eq!(name(conn.rset()), "SMTP_SUCCESS");
        assert_eq!(name(conn.vrfy("bob")), "SMTP_SUCCESS");
        assert_eq!(conn.reply(), ("250-Bob\r\n250 <bob@b.example>".into(), 250), "the whole answer");
        assert_eq!(conn.rply(8), (SMTP_SUCCESS, "250-Bob".into(), 250), "cut to the buffer");
        assert_eq!(conn.rply(1), (SMTP_SUCCESS, String::new(), 250));
        assert_eq!(name(conn.vrfy("eve")), "SMTP_FAILURE");
        assert_eq!(name(conn.noop()), "SMTP_FAILURE");
        assert_eq!(name(conn.rset()), "SMTP_FAILURE");
        assert_eq!(conn.reply(), ("451 not now".into(), 451));
    });
}

#[test]
fn lists_come_line_by_line() {
    let middle = "
        C: EXPN staff
        S: 250-Ann <ann@a.example>
        S: 250-Bob <bob@b.example>
        S: 250 <eve@b.example>
        C: HELP
        S: 214-one
        S: 214 two
        C: HELP data
        S: 214 three
        C: EXPN nobody
        S: 550-no
        S: 550 such list";
    let seen = Arc::new(Mutex::new(Vec::new()));
    let lines = Arc::clone(&seen);
    let line = move |conn: Conn, line: &mut [u8]| {
        // SAFETY: the header promises a NUL behind the text.
        assert_eq!(unsafe { line.as_ptr().add(line.len()).read() }, 0, "a NUL stands behind the line");
        assert_eq!(name(conn.noop()), "SMTP_IN_PROGRESS", "this connection is busy");
        lines.lock().unwrap().push(String::from_utf8(line.to_vec()).unwrap());
        7 // ignored: only -1 aborts
    };
    with_hooks(middle, Hooks { line: Some(Box::new(line)), ..Hooks::default() }, |conn| {
        assert_eq!(name(conn.expn("staff")), "SMTP_SUCCESS");
        assert_eq!(name(conn.help(None)), "SMTP_SUCCESS");
        assert_eq!(name(conn.help(Some("data"))), "SMTP_SUCCESS");
        assert_eq!(name(conn.expn("nobody")), "SMTP_FAILURE");
        assert_eq!(conn.reply(), ("550-no\r\n550 such list".into(), 550));
    });
    let expected = ["Ann <ann@a.example>", "Bob <bob@b.example>", "<eve@b.example>", "one", "two", "three"];
    assert_eq!(*seen.lock().unwrap(), expected, "only lines of positive answers");
}

#[test]
fn direct_commands_and_their_buffer() {
    let middle = "
        C: XVERSION
        S: 250-one
        S: 250 two
        C: XVERSION
        S: 250-one
        S: 250 two
        C: XNO
        S: 500 unknown
        C: XNO
        S: 500 unknown
        C: XMORE
        S: 350 more
        C: XBLIND
        S: 250 unseen";
    with_server(middle, |conn| {
        assert_eq!(conn.direct_into("XVERSION", 17), (SMTP_SUCCESS, "250-one\r\n250 two".into(), 17), "just fits");
        assert_eq!(conn.direct_into("XVERSION", 16), (SMTP_INSUFFICIENT_LENGTH, "250-one\r\n250 tw".into(), 17));
        assert_eq!(conn.direct_into("XNO", 100), (SMTP_FAILURE, "500 unknown".into(), 100));
        assert_eq!(conn.direct_into("XNO", 4), (SMTP_FAILURE, "500".into(), 12), "a refusal stays one, cut or not");
        assert_eq!(conn.direct("XMORE"), (SMTP_SUCCESS, "350 more".into()), "below 400 is success");
        assert_eq!(name(conn.direct_blind("XBLIND")), "SMTP_SUCCESS");
        assert_eq!(conn.reply(), ("250 unseen".into(), 250));
    });
}

#[test]
fn direct_commands_that_would_go_behind_the_librarys_back_are_not_sent() {
    with_server("C: NOOP\nS: 250 the first that came", |conn| {
        for line in ["QUIT", "quit", " DATA", "BDAT 3", "STARTTLS", "TURN", "", "  ", "NOOP\r\nRSET", "NOOP\n", "A\tB"]
        {
            assert_eq!(name(conn.direct(line).0), "SMTP_FAILURE", "{line:?}");
        }
        assert_eq!(name(conn.direct("NOOP").0), "SMTP_SUCCESS");
    });
}

#[test]
fn direct_commands_keep_the_state_right() {
    let middle = "
        C: EHLO again.example
        S: 250-mx.example
        S: 250 8BITMIME
        C: MAIL FROM:<a@a.example> BODY=8BITMIME
        S: 250 ok
        C: RSET
        S: 250 ok
        C: MAIL FROM:<b@a.example>
        S: 250 ok
        C: RCPT TO:<c@a.example>
        S: 250 ok
        C: DATA
        S: 354 go on
        C. x\\r\\n.\\r\\n
        S: 250 taken";
    with_server(middle, |conn| {
        assert_eq!(name(conn.direct("EHLO again.example").0), "SMTP_SUCCESS");
        assert_eq!(name(conn.mail("a@a.example")), "SMTP_SUCCESS");
        assert_eq!(name(conn.direct("RSET").0), "SMTP_SUCCESS");
        assert_eq!(name(conn.direct("MAIL FROM:<b@a.example>").0), "SMTP_SUCCESS");
        assert_eq!(name(conn.direct("RCPT TO:<c@a.example>").0), "SMTP_SUCCESS");
        assert_eq!(name(conn.data_buf(b"x")), "SMTP_SUCCESS");
        assert_eq!(name(conn.data_buf(b"")), "SMTP_SUCCESS");
    });
}

#[test]
fn programs_authenticate_by_direct_commands_and_nobody_sees_the_password() {
    let middle = "
        C: AUTH LOGIN
        S: 334 VXNlcm5hbWU6
        C: YW5u
        S: 334 UGFzc3dvcmQ6
        C: QUIT
        S: 235 welcome
        C: AUTH PLAIN AGFubgBzZWNyZXQ=
        S: 535 no
        C: NOOP
        S: 250 here";
    let seen = Arc::new(Mutex::new(String::new()));
    let shown = Arc::clone(&seen);
    let debug = move |_: Conn, text: &mut [u8]| {
        shown.lock().unwrap().push_str(std::str::from_utf8(text).unwrap());
        0
    };
    with_hooks(middle, Hooks { debug: Some(Box::new(debug)), ..Hooks::default() }, |conn| {
        assert_eq!(conn.direct("AUTH LOGIN"), (SMTP_SUCCESS, "334 VXNlcm5hbWU6".into()));
        assert_eq!(conn.direct("YW5u"), (SMTP_SUCCESS, "334 UGFzc3dvcmQ6".into()));
        assert_eq!(conn.direct("QUIT"), (SMTP_SUCCESS, "235 welcome".into()), "a response, whatever it looks like");
        assert_eq!(name(conn.direct("AUTH PLAIN AGFubgBzZWNyZXQ=").0), "SMTP_FAILURE");
        assert_eq!(name(conn.noop()), "SMTP_SUCCESS");
    });
    let expected = "220 mx.example ready\r\nEHLO here.example\r\n250 mx.example\r\n\
        AUTH LOGIN\r\n334 VXNlcm5hbWU6\r\n<hidden>\r\n334 UGFzc3dvcmQ6\r\n<hidden>\r\n235 welcome\r\n\
        AUTH PLAIN <hidden>\r\n535 no\r\nNOOP\r\n250 here\r\nQUIT\r\n221 bye\r\n";
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[test]
fn turn_refused_leaves_the_connection_usable() {
    with_server("C: TURN\nS: 502 never\nC: NOOP\nS: 250 here", |conn| {
        assert_eq!(name(conn.turn()), "SMTP_FAILURE");
        assert_eq!(conn.reply(), ("502 never".into(), 502));
        assert_eq!(name(conn.noop()), "SMTP_SUCCESS");
    });
}

#[test]
fn a_server_that_turns_is_told_that_nobody_takes_mail_here() {
    let turned = "{OPEN}C: TURN\nS: 250 your turn\nC: 502 5.5.1 No mail is taken on this connection\nC: QUIT\n";
    for answer in ["S: 500 what?\nS: 221 bye\nWAIT close", "S: QUIT\nWAIT close", "CLOSE"] {
        let server = ScriptedServer::start(&format!("{}{answer}", turned.replace("{OPEN}", OPEN)));
        let conn = connect(server.address());
        assert_eq!(name(conn.turn()), "SMTP_FAILURE");
        assert_eq!(name(conn.noop()), "SMTP_FAILURE", "the connection is closed");
        assert_eq!(name(conn.quit()), "SMTP_SUCCESS");
        assert_eq!(name(conn.noop()), "SMTP_INVALID_HANDLE");
        server.finish();
    }
}

#[test]
fn a_refused_connection_still_says_why() {
    let server = ScriptedServer::start("S: 554-go\nS: 554 away\nC: QUIT\nS: 221 bye\nWAIT close");
    let (code, conn) = helo(&host(server.address()), "here.example", Hooks::default().keep());
    assert_eq!(name(code), "SMTP_FAILURE");
    assert_eq!(conn.reply(), ("554-go\r\n554 away".into(), 554));
    assert_eq!(name(conn.mail("a@a.example")), "SMTP_FAILURE");
    assert_eq!(name(conn.opts(OPT_TIMEOUT, 5)), "SMTP_SUCCESS");
    assert_eq!(name(conn.quit()), "SMTP_SUCCESS");
    assert_eq!(name(conn.rply(10).0), "SMTP_INVALID_HANDLE");
    server.finish();
}

#[test]
fn helo_where_ehlo_is_unknown_and_both_refused() {
    let server = ScriptedServer::start(
        "S: 220 old
         C: EHLO here.example
         S: 500 what?
         C: HELO here.example
         S: 250 hello
         C: QUIT
         S: 221 bye
         WAIT close
         CONNECTION 2
         S: 220 old
         C: EHLO here.example
         S: 500 what?
         C: HELO here.example
         S: 550 not you
         C: QUIT
         S: 221 bye
         WAIT close",
    );
    let conn = connect(server.address());
    assert_eq!(name(conn.quit()), "SMTP_SUCCESS");
    let (code, conn) = helo(&host(server.address()), "here.example", Hooks::default().keep());
    assert_eq!((name(code), conn.reply()), ("SMTP_FAILURE", ("550 not you".into(), 550)));
    assert_eq!(name(conn.xquit()), "SMTP_SUCCESS");
    assert_eq!(name(conn.xquit()), "SMTP_INVALID_HANDLE");
    server.finish();
}

#[test]
fn a_lost_connection_is_a_failure_until_quit() {
    let server = ScriptedServer::start(&format!("{OPEN}C: NOOP\nCLOSE"));
    let conn = connect(server.address());
    assert_eq!(name(conn.noop()), "SMTP_FAILURE");
    assert_eq!(name(conn.mail("a@a.example")), "SMTP_FAILURE");
    assert_eq!(name(conn.xquit()), "SMTP_FAILURE", "nothing is in progress");
    let (words, code) = conn.reply();
    assert!(words.starts_with("000-libhelo: MAIL: connection lost: "), "never what was said before: {words}");
    assert!(code == 0 && !words.contains("250"), "{words}");
    assert_eq!(name(conn.quit()), "SMTP_SUCCESS");
    server.finish();
}

#[test]
fn a_server_that_shuts_down_says_so_once() {
    let server = ScriptedServer::start(&format!("{OPEN}C: NOOP\nS: 421 closing\nWAIT close"));
    let conn = connect(server.address());
    assert_eq!(name(conn.noop()), "SMTP_FAILURE");
    assert_eq!(conn.reply(), ("421 closing".into(), 421));
    assert_eq!(name(conn.mail("a@a.example")), "SMTP_FAILURE", "it is not asked again");
    assert_eq!(name(conn.quit()), "SMTP_SUCCESS");
    server.finish();
}

#[test]
fn hosts_by_name_by_address_and_as_url() {
    for form in ["127.0.0.1:{}", "localhost:{}", "smtp://127.0.0.1:{}", "smtp://127.0.0.1:{}/"] {
        let server = server("");
        let host = form.replace("{}", &server.port().to_string());
        let (code, conn) = helo(&host, "here.example", Hooks::default().keep());
        assert_eq!(name(code), "SMTP_SUCCESS", "{host}");
        assert_eq!(name(conn.quit()), "SMTP_SUCCESS");
        server.finish();
    }
    // Nothing goes to a server that has not the TLS that the URL demands.
    let server = ScriptedServer::start(&format!("{OPEN}C: QUIT\nS: 221 bye\nWAIT close"));
    let url = format!("smtp+starttls://127.0.0.1:{}", server.port());
    let (code, conn) = helo(&url, "here.example", Hooks::default().keep());
    assert_eq!(name(code), "SMTP_FAILURE");
    assert_eq!(name(conn.quit()), "SMTP_SUCCESS");
    server.finish();
}

#[test]
fn a_url_with_a_user_logs_in() {
    let server = ScriptedServer::start(
        "S: 220 ready
         C: EHLO here.example
         S: 250-mx.example
         S: 250 AUTH PLAIN
         C: AUTH PLAIN AGFubgBzZWNyZXQ=
         S: 235 welcome
         C: QUIT
         S: 221 bye
         WAIT close",
    );
    let url = format!("smtp://ann:secret@{}", host(server.address()));
    let (code, conn) = helo(&url, "here.example", Hooks::default().keep());
    assert_eq!(name(code), "SMTP_SUCCESS");
    assert_eq!(name(conn.quit()), "SMTP_SUCCESS");
    server.finish();
}

#[test]
fn without_a_name_of_ones_own_the_address_is_said() {
    let server = ScriptedServer::start("S: 220 ready\nC: EHLO [127.0.0.1]\nS: 250 mx\nC: QUIT\nS: 221 bye\nWAIT close");
    let (code, conn) = helo(&host(server.address()), "", Hooks::default().keep());
    assert_eq!(name(code), "SMTP_SUCCESS");
    assert_eq!(name(conn.quit()), "SMTP_SUCCESS");
    server.finish();
}

#[test]
fn the_date_is_that_of_a_header() {
    let (length, text) = date();
    assert_eq!((length, text.len()), (31, 31), "{text}");
    let parts: Vec<&str> = text.split([' ', ':']).collect();
    let [weekday, day, month, year, hour, minute, second, zone] = parts[..] else { panic!("{text}") };
    assert!(weekday.ends_with(',') && weekday.len() == 4 && month.len() == 3, "{text}");
    assert!([day, hour, minute, second].iter().all(|n| n.len() == 2 && n.parse::<u8>().is_ok()), "{text}");
    assert!(year.parse::<u16>().is_ok_and(|year| year > 2020) && zone.len() == 5, "{text}");
}
