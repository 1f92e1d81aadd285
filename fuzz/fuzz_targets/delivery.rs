//! A list of mails to any server, over a transport in memory: it comes to an end, every recipient has one outcome, only a
//! yes of the server delivers, and nothing that a body holds becomes a command.
//!
//! The input is how to deliver (one byte), then segments: a length and so many bytes that one read gives. A length of zero
//! is a read that would block; after the last one the connection ends.
#![no_main]

use helo::client::body::Body;
use helo::client::delivery::{self, Mail, Options, Outcome, Recipient, Report};
use helo::client::envelope::BodyKind;
use helo::client::settings::{AuthPlan, Owner, Timeouts};
use helo::client::{Level, Login, Settings};
use helo::error::Cause;
use helo::net::connect::Target;
use helo::net::transport::{Source, Transport, WakeSlot};
use helo::net::wait::{Cancel, Waker};
use helo::proto::address::{ForwardPath, ReversePath};
use helo::proto::client::Protocol;
use helo::sasl::{Credentials, Secret};
use libfuzzer_sys::fuzz_target;
use std::io::{self, ErrorKind, IoSlice};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const BODIES: [&str; 3] = ["a\n.\nRSET\nMAIL FROM:<smuggled>", "x\r\n\r.\rQUIT\r", ""];

/// Gives the segments of the input and keeps what is written.
struct Script {
    segments: Vec<Vec<u8>>,
    written: Arc<Mutex<Vec<Vec<u8>>>>,
    waker: WakeSlot,
    /// Takes no more than so many bytes at a time.
    most: usize,
}

impl Transport for Script {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let Some(segment) = self.segments.pop() else { return Ok(0) };
        if segment.is_empty() {
            self.waker.wake();
            return Err(ErrorKind::WouldBlock.into());
        }
        buf[..segment.len()].copy_from_slice(&segment);
        Ok(segment.len())
    }

    fn write(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut all = self.written.lock().expect("no panic");
        let written = all.last_mut().expect("this connection's");
        let before = written.len();
        written.extend(bufs.iter().flat_map(|buf| buf.iter()).take(self.most));
        self.waker.wake();
        Ok(written.len() - before)
    }

    fn source(&self) -> Source<'_> {
        Source::Notified
    }

    fn set_waker(&mut self, waker: &Waker) {
        self.waker.set(waker);
        waker.wake();
    }

    fn abort(&mut self) {}

    fn close(&mut self) {}

    fn peer(&self) -> String {
        "memory".into()
    }

    fn local(&self) -> String {
        "memory".into()
    }
}

/// Counts what is told.
struct Told([[u32; 2]; 3]);

impl Report for Told {
    fn outcome(&mut self, mail: usize, recipient: usize, _outcome: &Outcome) {
        self.0[mail][recipient] += 1;
    }
}

fn mails() -> Vec<Mail> {
    let recipient = |r: usize| Recipient {
        to: ForwardPath::parse(&format!("r{r}@example.org")).expect("a path"),
        parameters: Vec::new(),
    };
    let mail = |(i, body): (usize, &&'static str)| Mail {
        from: ReversePath::parse(&format!("s{i}@example.org")).expect("a path"),
        parameters: Vec::new(),
        recipients: vec![recipient(0), recipient(1)],
        body: Body::memory(Box::new(body.as_bytes())),
        kind: BodyKind::Unknown,
    };
    BODIES.iter().enumerate().map(mail).collect()
}

/// So that no time passes: an exchange that waits for nothing but time is over at once.
const LIMIT: Duration = Duration::from_millis(1);

fn settings(how: u8) -> Settings {
    let mechanism = [None, Some("PLAIN"), Some("LOGIN"), Some("CRAM-MD5")][usize::from(how >> 3 & 3)];
    Settings {
        helo_name: "me".into(),
        protocol: if how & 4 != 0 { Protocol::Lmtp } else { Protocol::Smtp },
        timeouts: Timeouts::all(LIMIT),
        auth: mechanism.map(|mechanism| AuthPlan {
            login: Login::Given(Credentials::new("alice", Secret::new("hunter2".into()))),
            mechanisms: vec![mechanism],
            two_step: how & 32 != 0,
            unasked: how & 64 != 0,
            owner: Owner::Program,
        }),
        ..Settings::default()
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((&how, mut rest)) = data.split_first() else { return };
    let mut segments = Vec::new();
    while let Some((&length, after)) = rest.split_first() {
        let (segment, after) = after.split_at(usize::from(length).min(after.len()));
        segments.push(segment.to_vec());
        rest = after;
    }
    segments.reverse();
    let written = Arc::new(Mutex::new(Vec::new()));
    // A second connection, should there be one, says the same.
    let mut left = 2;
    let mut target = || {
        left -= 1;
        written.lock().expect("no panic").push(Vec::new());
        let most = if how & 128 != 0 { 7 } else { usize::MAX };
        let script = Script { segments: segments.clone(), written: written.clone(), waker: WakeSlot::new(), most };
        (left >= 0).then(|| Target::Ready(Box::new(script)))
    };
    let options = Options {
        target: &mut target,
        settings: settings(how),
        level: [Level::None, Level::Envelope, Level::Full, Level::Full][usize::from(how & 3)],
        connections: 1,
        window_mails: 2,
        window_bytes: 1000,
        observer: None,
    };
    let (mut list, mut told) = (mails(), Told([[0; 2]; 3]));
    let outcomes = delivery::run(&mut list, options, &mut told, &Cancel::new(), &mut ());
    assert_eq!(told.0, [[1; 2]; 3], "each recipient is told of once");
    assert!(outcomes.len() == 3 && outcomes.iter().all(|mail| mail.len() == 2));
    for outcome in outcomes.iter().flatten() {
        match outcome.failure.map(|f| f.1) {
            None => assert_eq!(outcome.code / 100, 2, "{outcome:?}"),
            Some(Cause::Refused) => assert!(outcome.code == 0 || outcome.code >= 200, "{outcome:?}"),
            Some(_) => {}
        }
        assert!(!outcome.text.contains(['\r', '\n', '\0']), "{outcome:?}");
    }
    for connection in written.lock().expect("no panic").iter() {
        // The last line may have been cut in its end.
        let text = String::from_utf8_lossy(connection.strip_suffix(b"\r").unwrap_or(connection)).into_owned();
        assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "a bare line end: {text:?}");
        assert!(!text.contains("hunter2"));
    }
});
