//! The test tools themselves: a tool that accepts everything would prove nothing.

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};
use support::delay::{DelayProxy, Direction};
use support::listeners::{FullBacklog, refusing};
use support::script::{escape, matches, parse, unescape};
use support::scripted::{Options, Place, ScriptedServer};
use support::sink::{self, Keep, Sink, Then, When};
use support::socks::{self, SocksProxy};

/// A client as plain as can be: says lines, reads replies of one line.
struct Plain(TcpStream);

impl Plain {
    fn connect(address: std::net::SocketAddr) -> Plain {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream.set_nodelay(true).unwrap();
        Plain(stream)
    }

    fn say(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).unwrap();
    }

    /// One line, without its end; empty at the end of the stream.
    fn line(&mut self) -> String {
        let mut line = Vec::new();
        let mut byte = [0];
        while !line.ends_with(b"\n") && self.0.read(&mut byte).unwrap_or(0) == 1 {
            line.push(byte[0]);
        }
        String::from_utf8(line).unwrap().trim_end().to_string()
    }

    fn ask(&mut self, line: &str) -> String {
        self.say(format!("{line}\r\n").as_bytes());
        self.line()
    }
}

const HELLO: &str = "
    S: 220 ready
    C: HELO here
    S: 250 hello
";

#[test]
fn a_dialogue_by_the_script_passes_on_every_address_family() {
    for place in [Place::V4, Place::V6] {
        let server = ScriptedServer::with(Options { place, ..Options::default() }, HELLO);
        let mut client = Plain::connect(server.address());
        assert_eq!(client.line(), "220 ready");
        assert_eq!(client.ask("HELO here"), "250 hello");
        assert_eq!(client.line(), "", "the server closes at the end");
        assert_eq!(server.finish().lines(1), ["HELO here"]);
    }
    let server = ScriptedServer::with(Options { place: Place::Unix, ..Options::default() }, "S: 220 ready");
    let mut text = String::new();
    std::os::unix::net::UnixStream::connect(server.path()).unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "220 ready\r\n");
    server.finish();
}

#[test]
fn one_byte_of_difference_fails() {
    for said in ["HELO herE\r\n", "HELO here\n", "HELO here \r\n", "helo here\r\n"] {
        let server = ScriptedServer::start(HELLO);
        Plain::connect(server.address()).say(said.as_bytes());
        let failure = server.outcome().unwrap_err();
        assert_eq!(failure.line, 3);
        assert!(failure.to_string().contains("differs at byte"), "{failure}");
    }
}

#[test]
fn more_or_less_than_the_script_fails() {
    let fails = |play: fn(std::net::SocketAddr), words: &str| {
        let server = ScriptedServer::start(HELLO);
        play(server.address());
        let failure = server.outcome().unwrap_err();
        assert!(failure.to_string().contains(words), "{failure}");
    };
    fails(|_| {}, "did not connect");
    fails(|address| drop(Plain::connect(address)), "closed the connection; expected C: HELO here");
    fails(
        |address| {
            let mut client = Plain::connect(address);
            client.say(b"HELO here\r\nQUIT\r\n");
            while !client.line().is_empty() {}
        },
        "said more after the end",
    );
    fails(
        |address| {
            let mut client = Plain::connect(address);
            client.say(b"HELO here\r\n");
            while !client.line().is_empty() {}
            drop(Plain::connect(address));
        },
        "connected once more",
    );
}

#[test]
fn a_client_that_says_nothing_is_a_failure_at_the_deadline() {
    let options = Options { deadline: Duration::from_millis(50), ..Options::default() };
    let server = ScriptedServer::with(options, HELLO);
    let _silent = Plain::connect(server.address());
    assert!(server.outcome().unwrap_err().problem.contains("said nothing more"));
}

#[test]
fn closing_and_resetting_are_told_apart() {
    let server = ScriptedServer::start("WAIT close\nCONNECTION 2\nRESET\nCONNECTION 3\nHANG\nCONNECTION 4\nDEAF");
    drop(Plain::connect(server.address()));
    let mut client = Plain::connect(server.address());
    assert_eq!(client.0.read(&mut [0]).unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
    Plain::connect(server.address()).say(b"anything");
    Plain::connect(server.address()).say(b"anything");
    server.finish();

    let server = ScriptedServer::start("WAIT reset");
    drop(Plain::connect(server.address()));
    assert!(server.outcome().unwrap_err().problem.contains("was to reset"));

    let server = ScriptedServer::start("WAIT close");
    Plain::connect(server.address()).say(b"QUIT\r\n");
    assert!(server.outcome().unwrap_err().problem.contains("was to close"));
}

#[test]
fn bodies_counts_patterns_and_raw_bytes() {
    let server = ScriptedServer::start(
        "SPLIT 1\nS< 220 a\\r\\n\nC~ MAIL FROM:<*> SIZE=?\nC. a\\r\\n..\\r\\n.\\r\\n\nCB 3 \\0\\xff.\nC.\nS*< 3 ab\nWAIT close",
    );
    let mut client = Plain::connect(server.address());
    client.say(b"MAIL FROM:<a@b> SIZE=9\r\na\r\n..\r\n.\r\n\0\xff..\r\n");
    assert_eq!(client.line(), "220 a");
    let mut six = [0; 6];
    client.0.read_exact(&mut six).unwrap();
    assert_eq!(&six, b"ababab");
    drop(client);
    server.finish();
}

#[test]
fn a_server_that_talks_for_ever_ends_with_its_client() {
    let server = ScriptedServer::start("S* 1000000 250-again\nCONNECTION 2\nDRIP 1 x");
    for _ in 0..2 {
        let mut client = Plain::connect(server.address());
        client.0.read_exact(&mut [0; 10]).unwrap();
    }
    server.finish();
}

#[test]
fn the_format_is_read_strictly() {
    for wrong in ["X: y", "S: \\q", "S: \\", "CB 3 ab", "CB x", "WAIT", "CONNECTION 3", "SPLIT", "C: \\x4"] {
        assert!(parse(wrong).is_err(), "{wrong}");
    }
    for bytes in [&b"plain \r\n\t\0\\ \x01\x7f\xff"[..], "ü €".as_bytes()] {
        assert_eq!(unescape(&escape(bytes)).unwrap(), bytes);
    }
    for (pattern, text, fits) in [
        ("a*c", "abbc", true),
        ("a*c", "abcd", false),
        ("*b*", "abc", true),
        ("a?c", "ac", false),
        ("\\*", "*", true),
        ("\\*", "a", false),
        ("", "", true),
        ("**", "", true),
    ] {
        assert_eq!(matches(pattern.as_bytes(), text.as_bytes()), fits, "{pattern} {text}");
    }
}

/// A whole mail by pipelined BDAT and one by DATA, with dots; any split of the bytes gives the same.
#[test]
fn the_sink_takes_mail_by_data_and_by_bdat_at_any_split() {
    let session =
        b"EHLO a\r\nMAIL FROM:<s@x> SIZE=5\r\nRCPT TO:<r@x> NOTIFY=NEVER\r\nBDAT 3\r\na\r\nBDAT 2 LAST\r\n\n.\
        MAIL FROM:<>\r\nRCPT TO:<r@x>\r\nDATA\r\n..dot\r\nx\r\n.\r\r\n..\r\r\n.\n\r\n.\r\nQUIT\r\n";
    for split in [1, 2, 3, 7, session.len()] {
        let sink = Sink::start(sink::Options { keep: Keep::Bodies, ..sink::Options::default() });
        let mut client = Plain::connect(sink.address());
        for part in session.chunks(split) {
            client.say(part);
        }
        let mut replies = String::new();
        client.0.read_to_string(&mut replies).unwrap();
        let codes: Vec<&str> = replies.lines().filter(|line| &line[3..4] == " ").map(|line| &line[..3]).collect();
        assert_eq!(codes, ["220", "250", "250", "250", "250", "250", "250", "250", "354", "250", "221"], "{replies}");
        let mails = sink.mails();
        assert_eq!((mails[0].sender.as_str(), mails[0].parameters.as_str()), ("s@x", "SIZE=5"));
        assert_eq!(mails[0].recipient_parameters, ["NOTIFY=NEVER"]);
        assert_eq!((mails[0].body.as_slice(), mails[0].chunks), (&b"a\r\n\n."[..], 2));
        assert_eq!(
            mails[1].body.escape_ascii().to_string(),
            ".dot\\r\\nx\\r\\n\\r\\r\\n.\\r\\r\\n\\n\\r\\n",
            "{split}"
        );
        assert_eq!(mails[1].hash, sink::hash(&mails[1].body));
        assert_eq!((sink.count(), sink.connections()), (2, 1));
    }
}

#[test]
fn the_sink_refuses_by_rule() {
    let refuse = |code: &str| Then::Reply(format!("{code} no"));
    let options = sink::Options { keep: Keep::Hashes, size: 100, ..sink::Options::default() }
        .rule(When::Mail(2), refuse("550"))
        .rule(When::Rcpt(3, 2), refuse("550"))
        .rule(When::Recipient("bad@x".into()), refuse("451"))
        .rule(When::Data(4), refuse("554"))
        .rule(When::Message(5), refuse("554"))
        .rule(When::Chunk(6, 1), refuse("554"))
        .rule(When::Mail(7), Then::ReplyAndClose("421 going".into()));
    let sink = Sink::start(options);
    let mut client = Plain::connect(sink.address());
    let mut says = |line: &str, code: &str| {
        let reply = client.ask(line);
        assert!(reply.starts_with(code), "{line}: {reply}");
    };
    says("NOOP", "220");
    says("HELO a", "250"); // the answer to NOOP: from here each reply is that of the line before
    says("RCPT TO:<x>", "250");
    says("MAIL FROM:<a>", "503");
    says("MAIL FROM:<a>", "250");
    says("DATA", "503 5.5.1 nested");
    says("RSET", "554 5.5.1 no valid");
    says("MAIL FROM:<2>", "250");
    says("MAIL FROM:<3>", "550");
    says("RCPT TO:<a>", "250");
    says("RCPT TO:<b>", "250");
    says("RCPT TO:<bad@x>", "550");
    says("RCPT TO:<c>", "451");
    says("RSET", "250");
    says("MAIL FROM:<4>\r\nRCPT TO:<a>\r\nDATA\r\nRSET", "250");
    for code in ["250", "250", "554"] {
        says("NOOP", code);
    }
    says("MAIL FROM:<5>\r\nRCPT TO:<a>\r\nDATA", "250");
    for _ in 0..3 {
        says("NOOP", "250");
    }
    drop(client);
    assert_eq!(sink.count(), 0);
    let mut client = Plain::connect(sink.address());
    client.say(
        b"EHLO a\r\nMAIL FROM:<6>\r\nRCPT TO:<a>\r\nBDAT 1\r\nxBDAT 1\r\nxBDAT 1 LAST\r\nxMAIL FROM:<7>\r\nQUIT\r\n",
    );
    let mut replies = String::new();
    client.0.read_to_string(&mut replies).unwrap();
    assert!(replies.ends_with(
        "554 no\r\n503 5.5.1 an earlier chunk failed\r\n503 5.5.1 an earlier chunk failed\r\n421 going\r\n"
    ));
    let mut client = Plain::connect(sink.address());
    client.say(b"EHLO a\r\nMAIL FROM:<8> SIZE=101\r\nQUIT\r\n");
    let mut replies = String::new();
    client.0.read_to_string(&mut replies).unwrap();
    assert!(replies.contains("250-SIZE 100\r\n") && replies.contains("552"), "{replies}");
}

#[test]
fn a_held_session_waits_for_its_release() {
    let sink = Sink::start(sink::Options::default().rule(When::Mail(1), Then::Hold));
    let mut client = Plain::connect(sink.address());
    client.say(b"HELO a\r\nMAIL FROM:<a>\r\n");
    assert!(sink.wait_held(Duration::from_secs(10)));
    client.line();
    assert_eq!(client.line(), "250 sink");
    sink.release();
    assert_eq!(client.line(), "250 2.1.0 ok");
}

/// Not a measurement, only a floor far below what it does, so that the benches' sink is not the limit.
#[test]
fn the_sink_is_fast() {
    let sink = Sink::start(sink::Options::default());
    let mut client = Plain::connect(sink.address());
    client.say(b"EHLO a\r\n");
    let mut mail =
        b"MAIL FROM:<sender@example.test> SIZE=1024\r\nRCPT TO:<someone@example.test>\r\nBDAT 1024 LAST\r\n".to_vec();
    mail.extend([b'x'; 1024]);
    let batch = mail.repeat(200);
    let begun = Instant::now();
    let mut replies = client.0.try_clone().unwrap();
    let reader = std::thread::spawn(move || std::io::copy(&mut replies, &mut std::io::sink()));
    let mails: u64 = if cfg!(debug_assertions) { 20_000 } else { 200_000 };
    for _ in 0..mails / 200 {
        client.say(&batch);
    }
    client.say(b"QUIT\r\n");
    reader.join().unwrap().unwrap();
    let rate = mails as f64 / begun.elapsed().as_secs_f64();
    println!("{rate:.0} mails a second");
    assert_eq!((sink.count(), sink.bytes()), (mails, mails * 1024));
    assert!(cfg!(debug_assertions) || rate > 150_000.0, "{rate:.0} mails a second");
}

#[test]
fn the_proxy_delays_and_counts_flights() {
    let sink = Sink::start(sink::Options::default());
    let round_trip = Duration::from_millis(20);
    let proxy = DelayProxy::start(sink.address(), round_trip);
    let begun = Instant::now();
    let mut client = Plain::connect(proxy.address());
    client.line();
    client.ask("HELO a");
    client.ask("MAIL FROM:<a>");
    // Several writes of one flight count once.
    client.say(b"RCPT TO:<a>\r\n");
    client.say(b"RCPT TO:<b>\r\n");
    client.line();
    client.line();
    client.ask("QUIT");
    assert_eq!(client.line(), "");
    assert_eq!((proxy.flights(), proxy.connections()), (4, 1));
    // The greeting comes after half a round trip.
    assert!(begun.elapsed() >= round_trip * 4, "{:?}", begun.elapsed());
}

#[test]
fn a_paused_proxy_lets_nothing_through() {
    let server = ScriptedServer::start("C: one\nC: two\nS: 250 ok");
    let proxy = DelayProxy::start(server.address(), Duration::ZERO);
    proxy.pause(Direction::ToServer);
    let mut client = Plain::connect(proxy.address());
    client.say(b"one\r\ntwo\r\n");
    client.0.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    assert_eq!(client.line(), "");
    assert_eq!(proxy.bytes(Direction::ToServer), 0);
    client.0.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    proxy.resume(Direction::ToServer);
    assert_eq!(client.line(), "250 ok");
    server.finish();
}

#[test]
fn the_socks_proxy_connects_by_name_and_address() {
    let server = |count: usize| {
        let script: Vec<String> = (1..=count).map(|number| format!("CONNECTION {number}\nS: 220 here")).collect();
        ScriptedServer::start(&script.join("\n"))
    };
    let target = server(3);
    let [high, low] = target.port().to_be_bytes();
    let proxy = SocksProxy::start(socks::Options::default());
    let requests: [&[u8]; 3] = [
        &[4, 1, high, low, 127, 0, 0, 1, b'u', 0],
        &[4, 1, high, low, 0, 0, 0, 1, 0, b'l', b'o', b'c', b'a', b'l', b'h', b'o', b's', b't', 0],
        &[5, 1, 0, 5, 1, 0, 1, 127, 0, 0, 1, high, low],
    ];
    for (bytes, answer) in requests.into_iter().zip([8, 8, 12]) {
        let mut client = Plain::connect(proxy.address());
        client.say(bytes);
        client.0.read_exact(&mut vec![0; answer]).unwrap();
        assert_eq!(client.line(), "220 here");
    }
    let asked = proxy.requests();
    assert_eq!((asked[0].user.as_deref(), asked[1].host.as_str(), asked[2].version), (Some("u"), "localhost", 5));
    target.finish();

    let login = Some(("user".to_string(), "secret".to_string()));
    let proxy = SocksProxy::start(socks::Options { login, ..Default::default() });
    let mut client = Plain::connect(proxy.address());
    client.say(b"\x05\x01\x02\x01\x04user\x05wrong");
    let mut answer = [0; 4];
    client.0.read_exact(&mut answer).unwrap();
    assert_eq!(answer, [5, 2, 1, 1]);
}

#[test]
fn ports_where_nothing_answers() {
    assert!(TcpStream::connect(refusing()).is_err());
    let full = FullBacklog::new();
    let error = TcpStream::connect_timeout(&full.address(), Duration::from_millis(100)).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
}

#[test]
fn this_process_is_measured() {
    assert!(support::process::forget_peak());
    let before = support::process::peak_memory();
    let block = vec![1u8; 64 << 20];
    assert!(support::process::peak_memory() >= before + (60 << 20), "{}", block[1 << 20]);
    // Other tests run beside this one and open some too.
    let descriptors = support::process::open_descriptors();
    let files: Vec<_> = (0..500).map(|_| std::fs::File::open("/dev/null").unwrap()).collect();
    let more = support::process::open_descriptors() - descriptors;
    assert!((400..600).contains(&more), "{more} for {} files", files.len());
}
