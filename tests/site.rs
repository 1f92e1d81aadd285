//! What a program may say in code by `helo.h`: another policy, keys for handles of any face, who watches, and what the
//! last failure was. All of it belongs to the process, so the tests take turns.

mod support;

use helo::faces::distinct::codes::*;
use helo::faces::helo::*;
use helo::net::lock::{Mutex, MutexGuard};
use std::ffi::{c_int, c_void};
use std::net::SocketAddr;
use std::ptr;
use std::time::Duration;
use support::distinct::Distinct;
use support::listeners;
use support::native::{Native, c, last_error};
use support::netx::{self, Mail};
use support::scripted::ScriptedServer;
use support::sink::{Keep, Options, Sink, Then, When};
use support::temp::TempDir;

const BODY: &[u8] = b"Subject: hello\r\n\r\nend\r\n";

static TURN: Mutex<()> = Mutex::new(());

/// A test's turn; what it has set for the process is taken back at its end.
struct Turn(#[allow(dead_code)] MutexGuard<'static, ()>);

fn turn() -> Turn {
    Turn(TURN.lock())
}

impl Drop for Turn {
    fn drop(&mut self) {
        // SAFETY: NULL is allowed.
        unsafe { helo_policy_file(ptr::null()) };
        for face in FACES {
            for key in ["server", "port", "tls", "helo_name", "reply_timeout", "mechanism", "pipelining"] {
                set(face, ptr::null(), key, None);
            }
            helo_watch(face as c_int, ptr::null(), None, ptr::null_mut());
        }
    }
}

const FACES: [HeloFace; 4] = [HeloFace::All, HeloFace::Helo, HeloFace::Distinct, HeloFace::NetxClient];

fn set(face: HeloFace, handle: *const c_void, key: &str, value: Option<&str>) -> HeloStatus {
    let value = value.map(c);
    let value = value.as_ref().map_or(ptr::null(), |value| value.as_ptr());
    // SAFETY: texts, or NULL for the value.
    unsafe { helo_set_key(face as c_int, handle, c(key).as_ptr(), value) }
}

fn set_ok(face: HeloFace, handle: *const c_void, key: &str, value: &str) {
    assert_eq!(set(face, handle, key, Some(value)), HeloStatus::HeloOk, "{}", last_error());
}

fn policy(text: &str) -> HeloStatus {
    // SAFETY: a text.
    unsafe { helo_policy_text(c(text).as_ptr()) }
}

fn delivery(native: &Native) -> *const c_void {
    ptr::without_provenance(native.0 as usize)
}

fn keeping() -> Sink {
    Sink::start(Options { keep: Keep::Bodies, ..Options::default() })
}

fn send_by_delivery(native: &Native) -> HeloStatus {
    native.mail("a@x.test", &["b@x.test"], BODY);
    native.run()
}

fn send_by_distinct(host: &str) -> c_int {
    match Distinct::open_host(host, "me.example") {
        Err(code) => code,
        Ok(connection) => {
            assert_eq!(connection.mail("a@x.test"), SMTP_SUCCESS, "{}", last_error());
            assert_eq!(connection.rcpt("b@x.test"), SMTP_SUCCESS, "{}", last_error());
            assert_eq!(connection.body(&[BODY]), SMTP_SUCCESS, "{}", last_error());
            connection.quit()
        }
    }
}

fn netx_mail(server: SocketAddr) -> Mail<'static> {
    Mail {
        server,
        timeout: Duration::from_secs(20),
        authentication: (netx::NONE, "", ""),
        domain: "me.example",
        from: "a@x.test",
        to: "b@x.test",
        subject: "hello",
        body: b"end",
    }
}

/// An address to which nothing of these tests may go.
fn elsewhere() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], 25))
}

#[test]
fn a_policy_text_sends_every_face_to_the_sites_server() {
    let _turn = turn();
    let sink = keeping();
    let port = sink.address().port();
    let text = format!("[host mailhost 192.0.2.*]\nserver = smtp://127.0.0.1:{port}\nhelo_name = site.example\n");
    assert_eq!(policy(&text), HeloStatus::HeloOk, "{}", last_error());
    let native = Native::new("mailhost");
    assert_eq!(send_by_delivery(&native), HeloStatus::HeloOk, "{}", last_error());
    assert_eq!(send_by_distinct("mailhost"), SMTP_SUCCESS, "{}", last_error());
    assert_eq!(netx_mail(elsewhere()).send(), 0, "{}", last_error());
    assert_eq!(sink.mails().len(), 3);
}

#[test]
fn a_policy_file_is_read_again_when_it_changes_and_its_errors_name_line_and_key() {
    let _turn = turn();
    let folder = TempDir::new();
    let path = folder.path().join("mail.conf");
    let (first, second) = (keeping(), keeping());
    let sends_to = |sink: &Sink, more: &str| {
        let port = sink.address().port();
        std::fs::write(&path, format!("{more}[host mailhost]\nserver = smtp://127.0.0.1:{port}\n")).unwrap();
    };
    let file = |path: &std::path::Path| {
        // SAFETY: a text.
        unsafe { helo_policy_file(c(path.to_str().unwrap()).as_ptr()) }
    };
    sends_to(&first, "");
    assert_eq!(file(&path), HeloStatus::HeloOk, "{}", last_error());
    assert_eq!(send_by_distinct("mailhost"), SMTP_SUCCESS, "{}", last_error());
    sends_to(&second, "# it has moved\n");
    assert_eq!(send_by_distinct("mailhost"), SMTP_SUCCESS, "{}", last_error());
    assert_eq!((first.mails().len(), second.mails().len()), (1, 1));

    let wrong = folder.path().join("wrong.conf");
    std::fs::write(&wrong, "port = 25\nprot = 26\n").unwrap();
    assert_eq!(file(&wrong), HeloStatus::HeloBadPolicy);
    let words = last_error();
    assert!(words.contains("wrong.conf, line 2: prot is unknown; did you mean port?"), "{words}");
    assert_eq!(file(&folder.path().join("none.conf")), HeloStatus::HeloBadPolicy);
    assert_eq!(send_by_distinct("mailhost"), SMTP_SUCCESS, "what held before still does: {}", last_error());

    sends_to(&second, "port = none\n");
    let native = Native::new("mailhost");
    assert_eq!(send_by_delivery(&native), HeloStatus::HeloBadPolicy);
    assert!(last_error().contains("line 1: port is not a number"), "{}", last_error());
    sends_to(&second, "");
    assert_eq!(native.run(), HeloStatus::HeloOk, "the mail was still there: {}", last_error());
    assert_eq!(second.mails().len(), 3);
}

#[test]
fn a_delivery_without_a_server_goes_to_the_sites() {
    let _turn = turn();
    let sink = keeping();
    let native = Native::without_server();
    assert_eq!(send_by_delivery(&native), HeloStatus::HeloBadArgument);
    assert!(last_error().contains("server = "), "{}", last_error());
    let policy_text = format!("server = smtp://{}\n", sink.address());
    assert_eq!(policy(&policy_text), HeloStatus::HeloOk, "{}", last_error());
    assert_eq!(native.run(), HeloStatus::HeloOk, "{}", last_error());
    assert_eq!(sink.mails().len(), 1);
}

#[test]
fn what_stays_on_this_machine_is_not_the_sites_matter() {
    let _turn = turn();
    assert_eq!(policy("server = 192.0.2.1\nconnect_timeout = 1 ms\n"), HeloStatus::HeloOk, "{}", last_error());
    let sink = Sink::start(Options { lmtp: true, ..Options::default() });
    let native = Native::new(&format!("lmtp://{}", sink.address()));
    assert_eq!(send_by_delivery(&native), HeloStatus::HeloOk, "{}", last_error());
}

#[test]
fn the_site_decides_over_the_program_and_the_programs_keys_over_the_site() {
    let _turn = turn();
    assert_eq!(policy("helo_name = site.example\n"), HeloStatus::HeloOk);
    let hello = |name: &str, native: &dyn Fn(&ScriptedServer) -> Native| {
        let server = ScriptedServer::start(&format!(
            "S: 220 x\n C: EHLO {name}\n S: 550 go away\n C: HELO {name}\n S: 550 no\n C: QUIT"
        ));
        assert_eq!(send_by_delivery(&native(&server)), HeloStatus::HeloFailed);
        server.finish();
    };
    let named = |server: &ScriptedServer| {
        let native = Native::to(server.address());
        // SAFETY: a text.
        assert_eq!(unsafe { helo_set_hello_name(native.0, c"program.example".as_ptr()) }, HeloStatus::HeloOk);
        native
    };
    hello("site.example", &named);
    set_ok(HeloFace::All, ptr::null(), "helo_name", "all.example");
    hello("all.example", &named);
    set_ok(HeloFace::Helo, ptr::null(), "helo_name", "face.example");
    hello("face.example", &named);
    hello("handle.example", &|server| {
        let native = named(server);
        set_ok(HeloFace::Helo, delivery(&native), "helo_name", "handle.example");
        native
    });
    set(HeloFace::Helo, ptr::null(), "helo_name", None);
    set(HeloFace::All, ptr::null(), "helo_name", None);
    hello("site.example", &named);
}

#[test]
fn keys_hold_for_the_handle_that_they_are_set_for() {
    let _turn = turn();
    let sink = keeping();
    let (server, port) = ("127.0.0.1", sink.address().port().to_string());
    let native = Native::new("mail.invalid");
    set_ok(HeloFace::Helo, delivery(&native), "Server", server);
    set_ok(HeloFace::Helo, delivery(&native), "port", &port);
    assert_eq!(send_by_delivery(&native), HeloStatus::HeloOk, "{}", last_error());

    let sent = netx_mail(elsewhere()).send_with(|client| {
        set_ok(HeloFace::NetxClient, client, "server", server);
        set_ok(HeloFace::NetxClient, client, "port", &port);
    });
    assert_eq!(sent, 0, "{}", last_error());

    // A handle of Distinct is there with its connection only: its keys are those of the face.
    set_ok(HeloFace::Distinct, ptr::null(), "server", server);
    set_ok(HeloFace::Distinct, ptr::null(), "port", &port);
    assert_eq!(send_by_distinct("mail.invalid"), SMTP_SUCCESS, "{}", last_error());
    assert_eq!(sink.mails().len(), 3);
    let other = Native::new("mail.invalid");
    assert_eq!(send_by_delivery(&other), HeloStatus::HeloFailed, "another handle has no such keys");
}

#[test]
fn the_level_of_the_site_holds_for_deliveries() {
    let _turn = turn();
    // Each step waits: nothing but EHLO has been sent when the server greets a client that would pipeline.
    let server = ScriptedServer::start(
        "S: 220 x\n C~ EHLO *\n S: 250-x\n S: 250 PIPELINING\n C: MAIL FROM:<a@x.test>\n S: 250 ok\n C: RCPT TO:<b@x.test>
         S: 250 ok\n C: DATA\n S: 354 go\n C.\n S: 250 2.0.0 taken\n C: QUIT\n S: 221 bye",
    );
    let native = Native::to(server.address());
    set_ok(HeloFace::Helo, delivery(&native), "pipelining", "none");
    assert_eq!(send_by_delivery(&native), HeloStatus::HeloOk, "{}", last_error());
    server.finish();
}

#[test]
fn limits_of_time_can_be_set_for_a_connection_that_is_open() {
    let _turn = turn();
    let server = ScriptedServer::start("S: 220 x\n C~ EHLO *\n S: 250 x\n C: NOOP\n C: QUIT\n S: 221 bye");
    let connection = Distinct::open(server.address(), "me.example").unwrap();
    let handle = connection.raw();
    assert_eq!(set(HeloFace::Distinct, handle, "tls", Some("never")), HeloStatus::HeloBadArgument);
    assert!(last_error().contains("tls: the connection of this handle is made"), "{}", last_error());
    set_ok(HeloFace::Distinct, handle, "reply_timeout", "50 ms");
    assert_eq!(connection.noop(), SMTP_TIMED_OUT);
    assert!(last_error().contains("no answer within 50"), "{}", last_error());
    assert_eq!(connection.quit(), SMTP_SUCCESS);
    server.finish();
    assert_eq!(set(HeloFace::Distinct, handle, "reply_timeout", Some("1")), HeloStatus::HeloBadHandle);
}

#[test]
fn keys_that_are_wrong_are_named_and_change_nothing() {
    let _turn = turn();
    let native = Native::new("127.0.0.1");
    for (key, value, words) in [
        ("port", Some("secret"), "port is not a number from 1 to 65535"),
        ("prot", Some("25"), "prot is unknown; did you mean port?"),
        ("prot", None, "prot is unknown"),
        ("helo_name", Some("a\r\nMAIL FROM:<>"), "helo_name has a value with a control character"),
    ] {
        assert_eq!(set(HeloFace::Helo, delivery(&native), key, value), HeloStatus::HeloBadArgument);
        assert!(last_error().contains(words) && !last_error().contains("secret"), "{}", last_error());
    }
    // These do not go together, which shows when they are used.
    set_ok(HeloFace::Helo, delivery(&native), "server", "smtp+starttls://127.0.0.1");
    set_ok(HeloFace::Helo, delivery(&native), "tls", "never");
    assert_eq!(send_by_delivery(&native), HeloStatus::HeloBadPolicy);
    assert!(last_error().contains("policy key: tls says otherwise"), "{}", last_error());
}

#[test]
fn handles_of_one_face_are_none_of_another() {
    let _turn = turn();
    let native = Native::new("127.0.0.1");
    let stale = {
        let native = Native::new("127.0.0.1");
        delivery(&native)
    };
    let place = 0_u32;
    let bad = [
        (HeloFace::All, delivery(&native)),
        (HeloFace::Distinct, delivery(&native)),
        (HeloFace::NetxClient, delivery(&native)),
        (HeloFace::NetxClient, (&raw const place).cast()),
        (HeloFace::Helo, stale),
        (HeloFace::Helo, ptr::without_provenance(usize::MAX)),
    ];
    for (face, handle) in bad {
        assert_eq!(set(face, handle, "port", Some("25")), HeloStatus::HeloBadHandle, "{face:?}");
        let watched = helo_watch(face as c_int, handle, None, ptr::null_mut());
        assert_eq!(watched, HeloStatus::HeloBadHandle, "{face:?}");
    }
}

/// What a watcher has seen.
#[derive(Default)]
struct Log(Mutex<Vec<(HeloFace, usize, u32, String)>>);

impl Log {
    fn user(&self) -> *mut c_void {
        ptr::from_ref(self).cast_mut().cast()
    }

    fn text(&self) -> String {
        self.0.lock().iter().map(|(_, _, _, line)| line.as_str()).collect()
    }
}

unsafe extern "C" fn write_down(user: *mut c_void, traffic: *const HeloTraffic) {
    // SAFETY: `user` is the test's log, which outlives what it watches; the traffic is there until we return.
    let (log, traffic) = unsafe { (&*user.cast::<Log>(), &*traffic) };
    assert_eq!(traffic.size, size_of::<HeloTraffic>());
    // SAFETY: so many bytes are there.
    let bytes = unsafe { std::slice::from_raw_parts(traffic.bytes.cast::<u8>(), traffic.length) };
    let line = format!("{:?} {}\n", traffic.what, String::from_utf8_lossy(bytes));
    log.0.lock().push((traffic.face, traffic.handle.addr(), traffic.connection, line));
}

#[test]
fn the_process_is_watched_whatever_the_face_and_secrets_stay_hidden() {
    let _turn = turn();
    let dialogue = "S: 220 x\n C~ EHLO *\n S: 250-x\n S: 250 AUTH PLAIN LOGIN\n C~ AUTH *\n S: 535 5.7.8 no\n C: QUIT\n S: 221 bye";
    let log = Log::default();
    assert_eq!(helo_watch(HeloFace::All as c_int, ptr::null(), Some(write_down), log.user()), HeloStatus::HeloOk);
    let server = ScriptedServer::start(dialogue);
    let url = format!("smtp://alice:hunter2@{}", server.address());
    let native = Native::new(&url);
    assert_eq!(send_by_delivery(&native), HeloStatus::HeloFailed);
    server.finish();
    let server = ScriptedServer::start(dialogue);
    assert_eq!(send_by_distinct(&format!("smtp://alice:hunter2@{}", server.address())), SMTP_FAILURE);
    server.finish();
    let server = ScriptedServer::start(
        "S: 220 x\n C~ EHLO *\n S: 250-x\n S: 250 AUTH LOGIN\n C: AUTH LOGIN\n S: 334 VXNlcm5hbWU6\n C: YWxpY2U=\n S: 334 UGFzc3dvcmQ6\n C: aHVudGVyMg==\n S: 535 no\n C: QUIT\n S: 221 bye",
    );
    let mail = Mail { authentication: (netx::LOGIN, "alice", "hunter2"), ..netx_mail(server.address()) };
    assert_ne!(mail.send(), 0);
    server.finish();

    let text = log.text();
    for secret in ["hunter2", "aHVudGVyMg", "AGFsaWNlAGh1bnRlcjI", "YWxpY2U"] {
        assert!(!text.contains(secret), "{text}");
    }
    assert!(text.contains("Sent AUTH PLAIN <hidden>") && text.contains("Note connected to 127.0.0.1:"), "{text}");
    let seen = log.0.lock();
    for face in [HeloFace::Helo, HeloFace::Distinct, HeloFace::NetxClient] {
        assert!(seen.iter().any(|line| line.0 == face && line.1 != 0), "{face:?}: {text}");
    }
    assert!(seen.iter().all(|line| line.0 != HeloFace::Helo || line.1 == native.0 as usize));
    let mut connections: Vec<u32> = seen.iter().map(|line| line.2).collect();
    connections.dedup();
    assert_eq!(connections.len(), 3, "a number for each connection: {connections:?}");
}

#[test]
fn a_watcher_of_a_handle_sees_nothing_else_and_goes_when_told() {
    let _turn = turn();
    let sink = keeping();
    let log = Log::default();
    let connection = Distinct::open(sink.address(), "me.example").unwrap();
    let watch = |function| helo_watch(HeloFace::Distinct as c_int, connection.raw(), function, log.user());
    assert_eq!(watch(Some(write_down)), HeloStatus::HeloOk);
    let native = Native::to(sink.address());
    assert_eq!(send_by_delivery(&native), HeloStatus::HeloOk, "{}", last_error());
    assert_eq!(connection.noop(), SMTP_SUCCESS);
    assert_eq!(watch(None), HeloStatus::HeloOk);
    assert_eq!(connection.noop(), SMTP_SUCCESS);
    let text = log.text();
    assert!(text.starts_with("Sent NOOP\r\n\nReceived 250") && text.lines().count() == 4, "{text}");
}

fn failure() -> Result<HeloFailure, HeloStatus> {
    let mut failure = HeloFailure {
        size: size_of::<HeloFailure>(),
        phase: HeloPhase::None,
        cause: HeloCause::None,
        code: 0,
        enhanced_class: 0,
        enhanced_subject: 0,
        enhanced_detail: 0,
    };
    // SAFETY: a whole struct with its size.
    match unsafe { helo_last_failure(&raw mut failure) } {
        HeloStatus::HeloOk => Ok(failure),
        other => Err(other),
    }
}

#[test]
fn every_face_says_why_a_call_failed_in_words_and_in_numbers() {
    let _turn = turn();
    let refusing = || {
        let no = Then::Reply("550 5.1.1 no such user".into());
        Sink::start(Options::default().rule(When::Recipient("b@x.test".into()), no))
    };
    let check = |face: &str| {
        let failure = failure().unwrap_or_else(|status| panic!("{face}: {status:?}"));
        assert_eq!((failure.phase, failure.cause, failure.code), (HeloPhase::Rcpt, HeloCause::Refused, 550), "{face}");
        let enhanced = (failure.enhanced_class, failure.enhanced_subject, failure.enhanced_detail);
        assert_eq!(enhanced, (5, 1, 1), "{face}");
        assert!(last_error().contains("no such user"), "{face}: {}", last_error());
    };
    let sink = refusing();
    assert_eq!(send_by_delivery(&Native::to(sink.address())), HeloStatus::HeloFailed);
    check("helo");
    let connection = Distinct::open(sink.address(), "me.example").unwrap();
    assert_eq!(connection.mail("a@x.test"), SMTP_SUCCESS);
    assert_eq!(connection.rcpt("b@x.test"), SMTP_FAILURE);
    check("distinct");
    assert_ne!(netx_mail(sink.address()).send(), 0);
    check("netx client");

    let nobody = listeners::refusing();
    assert_eq!(Distinct::open(nobody, "me.example").err(), Some(SMTP_HOST_NOT_RESPONDING));
    let none = failure().map(|failure| (failure.phase, failure.cause, failure.code));
    assert_eq!(none, Ok((HeloPhase::Connect, HeloCause::NotResponding, 0)));

    // What no connection has to do with has words only.
    let mail = netx_mail(SocketAddr::from(([0, 0, 0, 0], 25)));
    assert_ne!(mail.send(), 0);
    assert!(last_error().contains("NX_IP_ADDRESS_ERROR"), "{}", last_error());
    assert_eq!(failure().err(), Some(HeloStatus::HeloNoResult));
    assert!(last_error().contains("NX_IP_ADDRESS_ERROR"), "asking changes nothing: {}", last_error());
}

/// What a failing call of each face says, for the host that it asks for.
fn words_of_every_face(host: &str, address: SocketAddr) -> [(&'static str, String); 3] {
    let native = Native::new(host);
    assert_ne!(send_by_delivery(&native), HeloStatus::HeloOk);
    let of_native = last_error();
    assert_ne!(send_by_distinct(host), SMTP_SUCCESS);
    let of_distinct = last_error();
    assert_ne!(netx_mail(address).send(), 0);
    [("helo", of_native), ("distinct", of_distinct), ("netx", last_error())]
}

#[test]
fn every_failure_says_where_it_was_and_who_sent_the_program_there() {
    let _turn = turn();
    let nobody = listeners::refusing();
    let folder = TempDir::new();
    let file = folder.join("helo.conf");
    let section = "[host mailhost 192.0.2.*]";
    std::fs::write(&file, format!("{section}\nserver = {}\nport = {}\n", nobody.ip(), nobody.port())).unwrap();
    // SAFETY: a text.
    let chosen = unsafe { helo_policy_file(c(file.to_str().unwrap()).as_ptr()) };
    assert_eq!(chosen, HeloStatus::HeloOk, "{}", last_error());
    for (face, words) in words_of_every_face("mailhost", elsewhere()) {
        let by = format!("server {nobody}, by {} {section}", file.display());
        assert!(words.contains(&by), "{face}: {words}");
        assert!(words.contains("; try next: is the port right"), "{face}: {words}");
    }
    let place = nobody.to_string();
    for (face, words) in words_of_every_face(&place, nobody) {
        let why = format!("server {nobody}, as the program asked: no section of {}", file.display());
        assert!(words.contains(&why) && words.contains("matches 127.0.0.1"), "{face}: {words}");
    }
    // SAFETY: NULL is allowed.
    unsafe { helo_policy_file(ptr::null()) };
    for (face, words) in words_of_every_face(&place, nobody) {
        let why = format!("server {nobody}, as the program asked: no policy was found (looked at ");
        assert!(words.contains(&why) && words.contains("helo.conf"), "{face}: {words}");
    }
    set_ok(HeloFace::All, ptr::null(), "port", &nobody.port().to_string());
    set_ok(HeloFace::All, ptr::null(), "server", "127.0.0.1");
    for (face, words) in words_of_every_face("mailhost", elsewhere()) {
        assert!(words.contains(", by the key server that the program has set"), "{face}: {words}");
    }
}

#[test]
fn a_recipient_and_its_result_have_all_the_words() {
    let _turn = turn();
    let refused = ("550 5.7.1 Relaying denied", "for strangers: a login");
    let options = Options::default().rule(When::Recipient("b@x.test".into()), Then::Reply(refused.0.into()));
    let sink = Sink::start(options);
    let place = format!("server {}, as the program asked: ", sink.address());
    let native = Native::new(&sink.address().to_string());
    assert_eq!(send_by_delivery(&native), HeloStatus::HeloFailed);
    let (words, text) = (last_error(), native.result(0, 0).expect("a result").text);
    assert!(text.starts_with(refused.0), "the server's words come first: {text}");
    for words in [&words, &text] {
        for part in [refused.0, "; recipient b@x.test; ", &place, refused.1] {
            assert!(words.contains(part), "{part}: {words}");
        }
    }
    assert_ne!(netx_mail(sink.address()).send(), 0);
    let words = last_error();
    assert!(words.contains("; recipient b@x.test; ") && words.contains(refused.1), "{words}");
    let connection = Distinct::open(sink.address(), "me.example").unwrap();
    connection.mail("a@x.test");
    assert_eq!(connection.rcpt("b@x.test"), SMTP_FAILURE);
    let words = last_error();
    assert!(words.contains("; recipient b@x.test; ") && words.contains(&place), "{words}");
    // An address that cannot be sent is named, too.
    assert_eq!(connection.rcpt("no one@@"), SMTP_FAILURE);
    assert!(last_error().contains("; recipient no one@@; "), "{}", last_error());
}

#[test]
fn a_password_in_a_url_is_in_no_words() {
    let _turn = turn();
    let nobody = listeners::refusing();
    let url = format!("smtp://alice:hunter2@{nobody}");
    let native = Native::new(&url);
    assert_ne!(send_by_delivery(&native), HeloStatus::HeloOk);
    assert!(last_error().contains(&nobody.to_string()) && !last_error().contains("hunter2"), "{}", last_error());
    assert_ne!(send_by_distinct(&url), SMTP_SUCCESS);
    assert!(last_error().contains(&nobody.to_string()) && !last_error().contains("hunter2"), "{}", last_error());
    if helo::net::tls::AVAILABLE {
        let text = format!("[host mailhost]\nserver = smtps://alice:hunter2@{nobody}\n");
        assert_eq!(policy(&text), HeloStatus::HeloOk, "{}", last_error());
        assert_ne!(send_by_distinct("mailhost"), SMTP_SUCCESS);
        let words = last_error();
        assert!(words.contains("by the policy that the program has given [host mailhost]"), "{words}");
        assert!(!words.contains("hunter2"), "{words}");
    }
}
