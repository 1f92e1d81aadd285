//! The native face through its C functions: results, callbacks, bodies, transports, cancelling, what is refused.

mod support;

use helo::faces::helo::*;
use std::ffi::{c_char, c_int, c_void};
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::ptr;
use std::time::{Duration, Instant};
use support::native::{Native, Seen, c, empty_result, last_error, words};
use support::scripted::{self, Place, ScriptedServer};
use support::sink::{Keep, Options, Sink, Then, When};
use support::temp::TempDir;
use support::{listeners, wait};

const BODY: &[u8] = b"Subject: hello\r\n\r\n.a line with a dot\r\nend\r\n";

fn keeping() -> Options {
    Options { keep: Keep::Bodies, ..Options::default() }
}

#[test]
fn three_mails_of_three_recipients_with_one_refused_each() {
    for level in [HeloLevel::None, HeloLevel::Envelope, HeloLevel::Full] {
        let no = |address: &str| (When::Recipient(address.into()), Then::Reply("550 5.1.1 no such user".into()));
        let mut options = keeping();
        for (when, then) in [no("b0@x.test"), no("b1@x.test"), no("b2@x.test")] {
            options = options.rule(when, then);
        }
        let sink = Sink::start(options);
        let native = Native::to(sink.address()).level(level);
        for n in 0..3 {
            let (a, b, c) = (format!("a{n}@x.test"), format!("b{n}@x.test"), format!("c{n}@x.test"));
            assert_eq!(native.mail("me@x.test", &[&a, &b, &c], BODY), n);
        }
        assert_eq!(native.run(), HeloStatus::HeloFailed);
        assert!(last_error().contains("3 of 9 recipients"), "{}", last_error());
        assert!(last_error().contains("no such user"), "{}", last_error());
        for n in 0..3 {
            let refused = native.seen(n, 1);
            assert_eq!((refused.delivered, refused.cause, refused.phase), (false, HeloCause::Refused, HeloPhase::Rcpt));
            assert_eq!((refused.code, refused.enhanced), (550, (5, 1, 1)));
            assert!(refused.text.contains("no such user"), "{}", refused.text);
            for taken in [0, 2] {
                let taken = native.seen(n, taken);
                assert!(taken.delivered && taken.code == 250, "{taken:?}");
            }
        }
        assert_eq!(sink.connections(), 1);
        let mails = sink.mails();
        assert_eq!(mails.len(), 3, "{level:?}");
        for (n, mail) in mails.iter().enumerate() {
            assert_eq!(mail.recipients, [format!("a{n}@x.test"), format!("c{n}@x.test")]);
            assert_eq!(mail.body, BODY);
            assert!(mail.parameters.contains(&format!("SIZE={}", BODY.len())), "{}", mail.parameters);
        }
        let progress = native.progress();
        assert_eq!((progress.mails, progress.mails_done), (3, 3));
        assert_eq!((progress.delivered, progress.failed), (6, 3));
    }
}

#[test]
fn numbers_have_names_and_others_are_unknown() {
    assert_eq!(words(helo_cause_name(HeloCause::OutcomeUnknown as c_int)), "outcome unknown");
    assert_eq!(words(helo_phase_name(HeloPhase::Message as c_int)), "end of message");
    assert_eq!(words(helo_status_name(HeloStatus::HeloInProgress as c_int)), "in progress");
    for number in [-1, 1000, c_int::MIN, c_int::MAX] {
        assert_eq!(words(helo_cause_name(number)), "unknown");
        assert_eq!(words(helo_phase_name(number)), "unknown");
        assert_eq!(words(helo_status_name(number)), "unknown");
    }
}

/// The text of every trace call, with what it was.
unsafe extern "C" fn gather(user: *mut c_void, _: u32, what: HeloTrace, bytes: *const c_char, length: usize) {
    // SAFETY: `user` is the String of the test, and the bytes are there until we return.
    let (out, bytes) = unsafe { (&mut *user.cast::<String>(), std::slice::from_raw_parts(bytes.cast::<u8>(), length)) };
    out.push_str(&format!("{what:?} {}\n", String::from_utf8_lossy(bytes)));
}

#[test]
fn the_login_of_the_url_goes_to_the_server_and_not_into_the_trace() {
    let server = ScriptedServer::start(
        "S: 220 x\n C~ EHLO *\n S: 250-x\n S: 250 AUTH PLAIN\n C: AUTH PLAIN AGFsaWNlAHNlY3JldA==\n S: 235 2.7.0 ok
         C: MAIL FROM:<a@x.test>\n S: 250 ok\n C: RCPT TO:<b@x.test>\n S: 250 ok\n C: DATA\n S: 354 go\n C.
         S: 250 2.0.0 taken\n C: QUIT\n S: 221 bye",
    );
    let native = Native::new(&format!("smtp://alice:secret@{}", server.address()));
    native.mail("a@x.test", &["b@x.test"], BODY);
    let mut trace = String::new();
    helo_on_trace(native.0, Some(gather), (&raw mut trace).cast());
    assert_eq!(native.run(), HeloStatus::HeloOk, "{}", last_error());
    server.finish();
    assert!(trace.contains("Sent AUTH PLAIN <hidden>"), "{trace}");
    assert!(trace.contains("Received 235 2.7.0 ok"), "{trace}");
    assert!(trace.contains("Note connected to 127.0.0.1:"), "{trace}");
    assert!(!trace.contains("c2VjcmV0") && !trace.contains("AGFsaWNl") && !trace.contains("secret"), "{trace}");
}

#[test]
fn a_refused_login_is_every_recipients_result() {
    let server = ScriptedServer::start(
        "S: 220 x\n C~ EHLO *\n S: 250-x\n S: 250 AUTH LOGIN PLAIN\n C~ AUTH *\n S: 535 5.7.8 wrong password\n C: QUIT\n S: 221 bye\n WAIT close",
    );
    let native = Native::to(server.address());
    // SAFETY: texts.
    assert_eq!(unsafe { helo_set_login(native.0, c"alice".as_ptr(), c"looking-glass".as_ptr()) }, HeloStatus::HeloOk);
    native.mail("a@x.test", &["b@x.test", "c@x.test"], BODY);
    assert_eq!(native.run(), HeloStatus::HeloFailed);
    server.finish();
    for recipient in 0..2 {
        let seen = native.seen(0, recipient);
        assert_eq!((seen.phase, seen.cause, seen.code), (HeloPhase::Auth, HeloCause::Refused, 535));
        assert_eq!(seen.enhanced, (5, 7, 8));
    }
}

#[test]
fn parameters_go_where_the_server_has_them() {
    let mut options = keeping();
    options.extensions.extend(["DELIVERBY", "MT-PRIORITY"].map(String::from));
    let sink = Sink::start(options);
    let native = Native::to(sink.address());
    let mail = native.mail("gr\u{fc}n@x.test", &["b@x.test"], BODY);
    for parameter in ["RET=HDRS", "ENVID=QQ+2B1", "BODY=8BITMIME", "BY=3600;N", "MT-PRIORITY=3", "RET=FULL"] {
        native.parameter(mail, parameter);
    }
    native.recipient_parameter(mail, 0, "NOTIFY=FAILURE,DELAY");
    native.recipient_parameter(mail, 0, "ORCPT=rfc822;b@x.test");
    assert_eq!(native.run(), HeloStatus::HeloOk, "{}", last_error());
    let mails = sink.mails();
    let sent: Vec<&str> = mails[0].parameters.split(' ').collect();
    let size = format!("SIZE={}", BODY.len());
    for parameter in ["RET=FULL", "ENVID=QQ+2B1", "BODY=8BITMIME", "BY=3600;N", "MT-PRIORITY=3", "SMTPUTF8", &size] {
        assert!(sent.contains(&parameter), "{parameter} is not in {sent:?}");
    }
    assert!(!sent.contains(&"RET=HDRS"), "the later value stands");
    assert_eq!(mails[0].recipient_parameters, ["NOTIFY=FAILURE,DELAY ORCPT=rfc822;b@x.test"]);
}

#[test]
fn a_demand_that_the_server_cannot_meet_fails_its_mail_alone() {
    let sink = Sink::start(keeping());
    let native = Native::to(sink.address());
    let strict = native.mail("a@x.test", &["b@x.test"], BODY);
    native.parameter(strict, "REQUIRETLS");
    let plain = native.mail("a@x.test", &["c@x.test"], BODY);
    native.parameter(plain, "MT-PRIORITY=3");
    assert_eq!(native.run(), HeloStatus::HeloFailed);
    let seen = native.seen(strict, 0);
    assert_eq!(seen.cause, HeloCause::NotSupported);
    assert!(seen.text.contains("REQUIRETLS"), "{}", seen.text);
    assert!(native.seen(plain, 0).delivered, "a wish that the server does not know is left out");
    assert_eq!(sink.count(), 1);
}

#[test]
fn binary_bodies_arrive_unchanged() {
    const BINARY: &[u8] = b"Subject: x\r\n\r\n\0\r\n.\r\nbare \n and \r\xff";
    let sink = Sink::start(keeping());
    let native = Native::to(sink.address());
    let mail = native.mail("a@x.test", &["b@x.test"], BINARY);
    native.parameter(mail, "BODY=BINARYMIME");
    assert_eq!(native.run(), HeloStatus::HeloOk, "{}", last_error());
    assert_eq!(sink.mails()[0].body, BINARY);
    assert!(sink.mails()[0].parameters.contains("BODY=BINARYMIME"));
}

#[test]
fn a_socket_of_the_file_system_and_lmtp() {
    let options = scripted::Options { place: Place::Unix, ..scripted::Options::default() };
    let server = ScriptedServer::with(
        options,
        "S: 220 x\n C~ LHLO *\n S: 250 x\n C: MAIL FROM:<a@x.test>\n S: 250 ok\n C: RCPT TO:<b@x.test>\n S: 250 ok
         C: RCPT TO:<c@x.test>\n S: 250 ok\n C: DATA\n S: 354 go\n C.\n S: 250 2.0.0 for b\n S: 452 4.2.2 c is full
         C: QUIT\n S: 221 bye",
    );
    let native = Native::new(&format!("lmtp+unix:{}", server.path().display()));
    native.mail("a@x.test", &["b@x.test", "c@x.test"], BODY);
    assert_eq!(native.run(), HeloStatus::HeloFailed);
    server.finish();
    assert!(native.seen(0, 0).delivered);
    let full = native.seen(0, 1);
    assert_eq!((full.cause, full.phase, full.code), (HeloCause::Refused, HeloPhase::Message, 452));
}

/// A connection of the program's own: one end of a pair of sockets, the sink is at the other.
struct Own {
    stream: UnixStream,
    /// How often it was closed, and whether the last time was an abort.
    closed: (u32, c_int),
    /// Reads and writes so many bytes at most.
    step: usize,
}

unsafe extern "C" fn own_read(user: *mut c_void, buffer: *mut c_void, size: usize) -> isize {
    // SAFETY: `user` is an `Own` of the test, which outlives the run; the buffer has `size` bytes.
    let (own, buffer) =
        unsafe { (&mut *user.cast::<Own>(), std::slice::from_raw_parts_mut(buffer.cast::<u8>(), size)) };
    let size = size.min(own.step);
    own.stream.read(&mut buffer[..size]).map_or(HELO_TRY_AGAIN, |count| count as isize)
}

unsafe extern "C" fn own_write(user: *mut c_void, bytes: *const c_void, size: usize) -> isize {
    // SAFETY: as above.
    let (own, bytes) = unsafe { (&mut *user.cast::<Own>(), std::slice::from_raw_parts(bytes.cast::<u8>(), size)) };
    own.stream.write(&bytes[..size.min(own.step)]).map_or(HELO_TRY_AGAIN, |count| count as isize)
}

unsafe extern "C" fn own_close(user: *mut c_void, abort: c_int) {
    // SAFETY: as above.
    let own = unsafe { &mut *user.cast::<Own>() };
    own.closed = (own.closed.0 + 1, abort);
    let _ = own.stream.shutdown(std::net::Shutdown::Both);
}

/// Carries bytes between a pair's end and the sink until either is closed.
fn carry(pair: &UnixStream, sink: &Sink) -> Vec<std::thread::JoinHandle<()>> {
    let server = std::net::TcpStream::connect(sink.address()).expect("the sink listens");
    let (mut from_pair, mut to_pair) = (pair.try_clone().expect("a clone"), pair.try_clone().expect("a clone"));
    let (mut from_server, mut to_server) = (server.try_clone().expect("a clone"), server);
    vec![
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut from_pair, &mut to_server);
            let _ = to_server.shutdown(std::net::Shutdown::Write);
        }),
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut from_server, &mut to_pair);
            let _ = to_pair.shutdown(std::net::Shutdown::Write);
        }),
    ]
}

#[test]
fn a_transport_of_the_programs_own_is_polled_or_retried() {
    for (polled, step) in [(true, usize::MAX), (false, usize::MAX), (true, 7), (false, 100)] {
        let sink = Sink::start(keeping());
        let (ours, theirs) = UnixStream::pair().expect("a pair of sockets");
        ours.set_nonblocking(true).expect("a socket option");
        let carriers = carry(&theirs, &sink);
        let mut own = Own { stream: ours, closed: (0, 0), step };
        let native = Native::without_server().level(HeloLevel::Full);
        let transport = HeloTransport {
            size: size_of::<HeloTransport>(),
            user: (&raw mut own).cast(),
            read: Some(own_read),
            write: Some(own_write),
            close: Some(own_close),
            descriptor: if polled { own.stream.as_raw_fd() as isize } else { -1 },
            retry_ms: if polled { 0 } else { 1 },
        };
        // SAFETY: a whole struct.
        assert_eq!(unsafe { helo_add_transport(native.0, &raw const transport) }, HeloStatus::HeloOk);
        for _ in 0..5 {
            native.mail("a@x.test", &["b@x.test"], BODY);
        }
        assert_eq!(native.run(), HeloStatus::HeloOk, "{}", last_error());
        assert_eq!(own.closed, (1, 0), "closed once, in order");
        assert_eq!(sink.count(), 5);
        assert!(sink.mails().iter().all(|mail| mail.body == BODY));
        // It is used up.
        native.mail("a@x.test", &["b@x.test"], BODY);
        assert_eq!(native.run(), HeloStatus::HeloBadArgument);
        drop(theirs);
        carriers.into_iter().for_each(|carrier| carrier.join().expect("no panic"));
    }
}

#[test]
fn a_transport_that_is_not_used_is_closed_with_its_delivery() {
    let (ours, _theirs) = UnixStream::pair().expect("a pair of sockets");
    let mut own = Own { stream: ours, closed: (0, 0), step: 1 };
    let native = Native::without_server();
    let transport = HeloTransport {
        size: size_of::<HeloTransport>(),
        user: (&raw mut own).cast(),
        read: Some(own_read),
        write: Some(own_write),
        close: Some(own_close),
        descriptor: -1,
        retry_ms: 0,
    };
    // SAFETY: a whole struct.
    assert_eq!(unsafe { helo_add_transport(native.0, &raw const transport) }, HeloStatus::HeloOk);
    drop(native);
    assert_eq!(own.closed, (1, 1));
}

#[test]
fn a_transport_without_descriptor_and_interval_goes_on_when_it_is_woken() {
    let sink = Sink::start(keeping());
    let (ours, theirs) = UnixStream::pair().expect("a pair of sockets");
    ours.set_nonblocking(true).expect("a socket option");
    let watched = ours.try_clone().expect("a clone");
    let carriers = carry(&theirs, &sink);
    let mut own = Own { stream: ours, closed: (0, 0), step: usize::MAX };
    let native = Native::without_server();
    let transport = HeloTransport {
        size: size_of::<HeloTransport>(),
        user: (&raw mut own).cast(),
        read: Some(own_read),
        write: Some(own_write),
        close: Some(own_close),
        descriptor: -1,
        retry_ms: 0,
    };
    // SAFETY: a whole struct.
    assert_eq!(unsafe { helo_add_transport(native.0, &raw const transport) }, HeloStatus::HeloOk);
    native.mail("a@x.test", &["b@x.test"], BODY);
    let delivery = native.0;
    let waker = std::thread::spawn(move || {
        // Whenever there is something to read, until the library has closed the stream.
        let mut buffer = [0_u8; 1];
        loop {
            let mut fds = [rustix::event::PollFd::new(&watched, rustix::event::PollFlags::IN)];
            let _ = rustix::event::poll(&mut fds, None);
            if helo_wake(delivery) != HeloStatus::HeloOk {
                return;
            }
            if matches!(rustix::net::recv(&watched, &mut buffer, rustix::net::RecvFlags::PEEK), Ok((0, _))) {
                return;
            }
            std::thread::yield_now();
        }
    });
    assert_eq!(native.run(), HeloStatus::HeloOk, "{}", last_error());
    assert_eq!(sink.count(), 1);
    drop(theirs);
    waker.join().expect("no panic");
    carriers.into_iter().for_each(|carrier| carrier.join().expect("no panic"));
}

#[test]
fn cancelling_from_another_thread_ends_every_wait_at_once() {
    let hang = |dialogue: &str| ScriptedServer::start(dialogue);
    let backlog = listeners::FullBacklog::new();
    let silent = hang("HANG");
    let mid = hang("S: 220 x\n C~ EHLO *\n S: 250 x\n C~ MAIL *\n HANG");
    // EHLO alone is shorter than 30 bytes: with more of them MAIL is out.
    for (address, sent) in [(backlog.address(), 0), (silent.address(), 0), (mid.address(), 30)] {
        let native = Native::to(address);
        native.timeout(60_000);
        native.mail("a@x.test", &["b@x.test", "c@x.test"], BODY);
        let begun = Instant::now();
        std::thread::scope(|scope| {
            let run = scope.spawn(|| (native.run(), last_error()));
            let under_way = || native.progress().mails == 1 && native.progress().bytes_sent >= sent;
            wait::until("the run", wait::LONG, || under_way().then_some(()));
            assert_eq!(helo_clear(native.0), HeloStatus::HeloInProgress, "its mails are being sent");
            assert_eq!(helo_run(native.0), HeloStatus::HeloInProgress, "one run at a time");
            assert_eq!(helo_free(native.0), HeloStatus::HeloInProgress, "a running delivery is not freed");
            assert_eq!(helo_cancel(native.0), HeloStatus::HeloOk);
            let (status, why) = run.join().expect("no panic");
            assert_eq!(status, HeloStatus::HeloCancelled, "{why}");
            assert!(why.contains("cancelled"), "{why}");
        });
        assert!(begun.elapsed() < Duration::from_secs(30), "long before the time allowed");
        for recipient in 0..2 {
            assert_eq!(native.seen(0, recipient).cause, HeloCause::Cancelled);
        }
    }
    // Cancelled before the server has looked, a connection may be gone before it is one.
    let _ = silent.outcome();
    mid.finish();
}

#[test]
fn each_phase_has_its_deadline() {
    let until = |lines: &str| ScriptedServer::start(&format!("{lines}\nHANG"));
    const HELLO: &str = "S: 220 x\nC~ EHLO *\nS: 250 x\n";
    let phases = [
        (HeloPhase::Greeting, until(""), HeloCause::TimedOut),
        (HeloPhase::Hello, until("S: 220 x\nC~ EHLO *"), HeloCause::TimedOut),
        (HeloPhase::Mail, until(&format!("{HELLO}C~ MAIL *")), HeloCause::TimedOut),
        (
            HeloPhase::Data,
            until(&format!("{HELLO}C~ MAIL *\nS: 250 a\nC~ RCPT *\nS: 250 b\nC: DATA")),
            HeloCause::TimedOut,
        ),
        (
            HeloPhase::Message,
            until(&format!("{HELLO}C~ MAIL *\nS: 250 a\nC~ RCPT *\nS: 250 b\nC: DATA\nS: 354 c\nC.")),
            HeloCause::OutcomeUnknown,
        ),
    ];
    for (phase, server, cause) in phases {
        let native = Native::to(server.address());
        native.timeout(60_000);
        assert_eq!(helo_set_timeout(native.0, phase as c_int, 150), HeloStatus::HeloOk);
        native.mail("a@x.test", &["b@x.test"], BODY);
        let begun = Instant::now();
        assert_eq!(native.run(), HeloStatus::HeloFailed);
        assert!(begun.elapsed() >= Duration::from_millis(150) && begun.elapsed() < Duration::from_secs(30));
        let seen = native.seen(0, 0);
        assert_eq!((seen.phase, seen.cause), (phase, cause), "{}", seen.text);
        server.finish();
    }
}

#[test]
fn connecting_has_its_deadline_and_a_refused_port_is_said() {
    let backlog = listeners::FullBacklog::new();
    let native = Native::to(backlog.address());
    assert_eq!(helo_set_timeout(native.0, HeloPhase::Connect as c_int, 150), HeloStatus::HeloOk);
    native.mail("a@x.test", &["b@x.test"], BODY);
    assert_eq!(native.run(), HeloStatus::HeloFailed);
    let seen = native.seen(0, 0);
    assert_eq!((seen.phase, seen.cause), (HeloPhase::Connect, HeloCause::TimedOut));

    let native = Native::to(listeners::refusing());
    native.mail("a@x.test", &["b@x.test"], BODY);
    assert_eq!(native.run(), HeloStatus::HeloFailed);
    let seen = native.seen(0, 0);
    assert_eq!((seen.phase, seen.cause), (HeloPhase::Connect, HeloCause::NotResponding));
    assert!(last_error().contains("127.0.0.1"), "{}", last_error());
}

#[test]
fn a_later_run_sends_what_was_added_since() {
    let sink = Sink::start(keeping());
    let native = Native::to(sink.address());
    let mut told = Vec::new();
    let mut on_result = |seen: Seen| told.push((seen.mail, seen.delivered));
    native.on_result(&mut on_result);
    native.mail("a@x.test", &["b@x.test"], BODY);
    assert_eq!(native.run(), HeloStatus::HeloOk);
    assert_eq!(native.run(), HeloStatus::HeloOk, "nothing is left");
    assert_eq!(sink.connections(), 1, "and nothing was connected to");
    native.mail("a@x.test", &["c@x.test"], BODY);
    assert!(native.result(1, 0).is_none());
    assert_eq!(native.run(), HeloStatus::HeloOk);
    assert_eq!(sink.count(), 2);
    assert!(native.seen(0, 0).delivered && native.seen(1, 0).delivered);
    assert_eq!(native.progress().mails, 1, "progress is of the last run");
    assert_eq!(helo_clear(native.0), HeloStatus::HeloOk);
    assert_eq!(native.mail("a@x.test", &["d@x.test"], BODY), 0, "numbers begin anew");
    assert_eq!(native.run(), HeloStatus::HeloOk);
    helo_on_result(native.0, None, ptr::null_mut());
    assert_eq!(told, [(0, true), (1, true), (0, true)]);
}

#[test]
fn older_and_newer_programs_get_their_part_of_a_result() {
    let sink = Sink::start(keeping());
    let native = Native::to(sink.address());
    native.mail("a@x.test", &["b@x.test"], BODY);
    assert_eq!(native.run(), HeloStatus::HeloOk);
    // An older program's struct ends before the text.
    let mut older = empty_result();
    older.size = std::mem::offset_of!(HeloResult, text);
    let untouched = c"untouched";
    older.text = untouched.as_ptr();
    // SAFETY: the struct has at least the size that it says.
    assert_eq!(unsafe { helo_get_result(native.0, 0, 0, &raw mut older) }, HeloStatus::HeloOk);
    assert_eq!((older.delivered, older.code), (1, 250));
    assert_eq!(words(older.text), "untouched");
    // A newer program's struct has more members: they are zeroed.
    #[repr(C)]
    struct Newer {
        known: HeloResult,
        more: u64,
    }
    let mut newer = Newer { known: empty_result(), more: u64::MAX };
    newer.known.size = size_of::<Newer>();
    // SAFETY: as above.
    assert_eq!(unsafe { helo_get_result(native.0, 0, 0, (&raw mut newer).cast()) }, HeloStatus::HeloOk);
    assert_eq!((newer.known.delivered, newer.more), (1, 0));
    assert_eq!(newer.known.size, size_of::<Newer>());
}

#[test]
fn one_file_in_one_call() {
    let sink = Sink::start(keeping().rule(When::Recipient("no@x.test".into()), Then::Reply("550 5.1.1 nobody".into())));
    let folder = TempDir::new();
    let path = folder.join("message.eml");
    std::fs::write(&path, "Subject: file\n\n.dot\n").expect("a file");
    let send = |recipients: &[&str], path: &str| {
        let server = c(&format!("smtp://{}", sink.address()));
        let texts: Vec<_> = recipients.iter().map(|text| c(text)).collect();
        let pointers: Vec<_> = texts.iter().map(|text| text.as_ptr()).collect();
        let (sender, path) = (c("a@x.test"), c(path));
        // SAFETY: texts, and as many pointers as are counted.
        unsafe { helo_send_file(server.as_ptr(), sender.as_ptr(), pointers.as_ptr(), pointers.len(), path.as_ptr()) }
    };
    let path = path.to_str().expect("UTF-8");
    assert_eq!(send(&["b@x.test", "c@x.test"], path), HeloStatus::HeloOk, "{}", last_error());
    assert_eq!(sink.mails()[0].body, b"Subject: file\r\n\r\n.dot\r\n");
    assert_eq!(send(&["b@x.test", "no@x.test"], path), HeloStatus::HeloFailed);
    assert!(last_error().contains("1 of 2") && last_error().contains("nobody"), "{}", last_error());
    assert_eq!(send(&["b@x.test"], "/no/such/file"), HeloStatus::HeloFailed);
    assert!(last_error().contains("could not be read"), "{}", last_error());
}

#[test]
fn several_connections_share_a_list() {
    let sink = Sink::start(keeping());
    let native = Native::to(sink.address());
    assert_eq!(helo_set_connections(native.0, 4), HeloStatus::HeloOk);
    for number in 0..100 {
        native.mail("a@x.test", &[&format!("b{number}@x.test")], BODY);
    }
    assert_eq!(native.run(), HeloStatus::HeloOk);
    assert_eq!(sink.count(), 100);
    assert!((2..=4).contains(&sink.connections()), "{}", sink.connections());
}

#[test]
fn line_ends_are_mended_where_they_must_be_and_nowhere_else() {
    let bodies: [(&[u8], &[u8]); 8] = [
        (b"a\r\n.b\r\n", b"a\r\n.b\r\n"),
        (b"a\n.b\r\n", b"a\r\n.b\r\n"),
        (b"a\r.b\r\n", b"a\r\n.b\r\n"),
        (b"a\r\nb", b"a\r\nb\r\n"),
        (b"a\nb\r", b"a\r\nb\r\n"),
        (b"a\r\n\r", b"a\r\n\r\n"),
        (b".\r\n", b".\r\n"),
        (b"", b""),
    ];
    for options in [keeping(), keeping().without("CHUNKING").without("BINARYMIME"), keeping().without("SIZE")] {
        let sink = Sink::start(options);
        for level in [HeloLevel::None, HeloLevel::Envelope, HeloLevel::Full] {
            let native = Native::to(sink.address()).level(level);
            for (given, _) in bodies {
                native.mail("a@x.test", &["b@x.test"], given);
            }
            let before = sink.mails().len();
            assert_eq!(native.run(), HeloStatus::HeloOk, "{}", last_error());
            for ((given, wanted), mail) in bodies.iter().zip(&sink.mails()[before..]) {
                assert_eq!(mail.body.escape_ascii().to_string(), wanted.escape_ascii().to_string(), "{given:?}");
                let announced =
                    !mail.parameters.contains("SIZE") || mail.parameters.contains(&format!("SIZE={}", wanted.len()));
                assert!(announced, "{}", mail.parameters);
            }
        }
    }
}

#[test]
fn time_that_the_library_is_busy_itself_is_no_time_without_an_answer() {
    const MAILS: usize = if cfg!(debug_assertions) { 20_000 } else { 200_000 };
    let sink = Sink::start(Options::default());
    let native = Native::to(sink.address()).level(HeloLevel::Full);
    for _ in 0..MAILS {
        native.mail("a@x.test", &["b@x.test"], BODY);
    }
    // Far less than the run takes, far more than any one answer does.
    native.timeout(100);
    let mut slowest = Duration::ZERO;
    let mut last = Instant::now();
    let mut on_result = |_| {
        slowest = slowest.max(last.elapsed());
        last = Instant::now();
    };
    native.on_result(&mut on_result);
    let begun = Instant::now();
    let status = native.run();
    let pause = slowest > Duration::from_millis(100);
    assert!(status == HeloStatus::HeloOk || pause, "{}", last_error());
    assert!(begun.elapsed() > Duration::from_millis(100), "the test is too small for this machine");
}

#[test]
fn after_a_cancel_in_a_callback_nothing_more_is_begun() {
    let sink = Sink::start(Options::default());
    let native = Native::to(sink.address()).level(HeloLevel::Full);
    for _ in 0..10_000 {
        native.mail("a@x.test", &["b@x.test"], BODY);
    }
    let delivery = native.0;
    let mut delivered = 0;
    let mut on_result = |seen: Seen| {
        delivered += u32::from(seen.delivered);
        helo_cancel(delivery);
    };
    native.on_result(&mut on_result);
    assert_eq!(native.run(), HeloStatus::HeloCancelled);
    assert_eq!(delivered, 1, "what the first callback saw, and no answer after it");
    for mail in 0..10_000 {
        let cause = native.seen(mail, 0).cause;
        let known = matches!(cause, HeloCause::None | HeloCause::OutcomeUnknown | HeloCause::Cancelled);
        assert!(known, "mail {mail}: {cause:?}");
    }
}
