//! Clients that send mail until the server is gone, each in its own way, and enter what was confirmed.

use super::mails::{Account, Mail};
use super::random::Random;
use crate::support::engine;
use helo::client::Level;
use helo::client::body::Body;
use helo::client::delivery::{self, Recipient};
use helo::client::envelope::BodyKind;
use helo::net::connect::Target;
use helo::proto::address::{ForwardPath, ReversePath};
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

/// Where the server listens.
#[derive(Clone)]
pub struct Places {
    pub tcp: SocketAddr,
    pub smtp: PathBuf,
    pub lmtp: PathBuf,
}

/// A way of sending.
#[derive(Clone, Copy, Debug)]
pub enum Way {
    /// DATA, each command after the reply to the one before.
    Steps,
    /// Several mails in one flight, each by BDAT.
    Flights,
    /// DATA with the envelopes pipelined, large mails.
    Large,
    /// Large mails by BDAT in many chunks, all in one flight.
    Chunks,
    /// LMTP: an answer for each recipient.
    Lmtp,
    /// This library's client, lists of mails, nothing waits.
    Own,
}

pub const WAYS: [Way; 6] = [Way::Steps, Way::Flights, Way::Large, Way::Chunks, Way::Lmtp, Way::Own];

/// Sends until the server is gone. `name` begins the tokens; no other client has it.
pub fn run(way: Way, places: &Places, name: &str, seed: u64, account: &Account) {
    let mut random = Random::new(seed);
    let mut number = 0;
    let mut mail = |octets: usize| {
        number += 1;
        let mail = Mail::new(format!("{name}-{number}"), octets);
        account.begins(&mail);
        mail
    };
    if let Way::Own = way {
        loop {
            let mails: Vec<Mail> = (0..10).map(|_| mail(500)).collect();
            if !deliver(&places.smtp, &mails, account) {
                return;
            }
        }
    }
    // An error is the server's death, which is what the test waits for.
    let _: io::Result<()> = Wire::greeted(way, places).and_then(|mut wire| {
        loop {
            match way {
                Way::Steps => wire.steps(&mail(300), account)?,
                Way::Flights => {
                    let mails: Vec<Mail> = (0..1 + random.below(8)).map(|_| mail(1000)).collect();
                    wire.flight(&mails, usize::MAX, account)?;
                }
                Way::Large => wire.envelope_first(&mail(100_000 + random.below(200_000)), account)?,
                Way::Chunks => {
                    let size = 1 + random.below(30_000);
                    wire.flight(&[mail(10_000 + random.below(200_000))], size, account)?;
                }
                Way::Lmtp | Way::Own => wire.envelope_first(&mail(2000), account)?,
            }
        }
    });
}

trait Duplex: Read + Write {}
impl<T: Read + Write> Duplex for T {}

/// A connection. Its calls fail when the server is gone.
struct Wire {
    stream: BufReader<Box<dyn Duplex>>,
    lmtp: bool,
}

impl Wire {
    fn greeted(way: Way, places: &Places) -> io::Result<Wire> {
        let lmtp = matches!(way, Way::Lmtp);
        let stream: Box<dyn Duplex> = if lmtp {
            Box::new(UnixStream::connect(&places.lmtp)?)
        } else {
            let stream = TcpStream::connect(places.tcp)?;
            stream.set_nodelay(true)?;
            Box::new(stream)
        };
        let mut wire = Wire { stream: BufReader::new(stream), lmtp };
        wire.expect("220")?;
        wire.ask(if lmtp { "LHLO client.example\r\n" } else { "EHLO client.example\r\n" }, "250")?;
        Ok(wire)
    }

    fn send(&mut self, octets: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(octets)
    }

    /// The last line of the next reply. A server that says anything else than what is expected has a defect: only its
    /// death may keep it from taking these mails.
    fn expect(&mut self, code: &str) -> io::Result<String> {
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line)?;
            if !line.ends_with("\r\n") {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            assert!(line.starts_with(code), "{code} was expected: {line}");
            if line.as_bytes().get(3) == Some(&b' ') {
                return Ok(line);
            }
        }
    }

    fn ask(&mut self, line: &str, code: &str) -> io::Result<String> {
        self.send(line.as_bytes())?;
        self.expect(code)
    }

    /// The answers to the message.
    fn confirmed(&mut self, mail: &Mail, account: &Account) -> io::Result<()> {
        if !self.lmtp {
            account.all_confirmed(mail, &self.expect("250")?);
            return Ok(());
        }
        for recipient in 0..mail.to.len() {
            account.confirmed(mail, recipient, &self.expect("250")?);
        }
        Ok(())
    }

    fn steps(&mut self, mail: &Mail, account: &Account) -> io::Result<()> {
        for line in envelope(mail).split_inclusive('\n') {
            self.ask(line, "250")?;
        }
        self.ask("DATA\r\n", "354")?;
        self.send(&stuffed(&mail.message()))?;
        self.confirmed(mail, account)
    }

    /// MAIL, RCPT and DATA in one flight, then the message.
    fn envelope_first(&mut self, mail: &Mail, account: &Account) -> io::Result<()> {
        self.send(format!("{}DATA\r\n", envelope(mail)).as_bytes())?;
        for _ in 0..=mail.to.len() {
            self.expect("250")?;
        }
        self.expect("354")?;
        self.send(&stuffed(&mail.message()))?;
        self.confirmed(mail, account)
    }

    /// Whole mails in one flight, their messages in chunks of this size.
    fn flight(&mut self, mails: &[Mail], size: usize, account: &Account) -> io::Result<()> {
        let mut flight = Vec::new();
        let mut chunks = Vec::new();
        for mail in mails {
            flight.extend_from_slice(envelope(mail).as_bytes());
            let message = mail.message();
            let parts: Vec<&[u8]> = message.chunks(size).collect();
            for (number, part) in parts.iter().enumerate() {
                let last = if number + 1 == parts.len() { " LAST" } else { "" };
                flight.extend_from_slice(format!("BDAT {}{last}\r\n", part.len()).as_bytes());
                flight.extend_from_slice(part);
            }
            chunks.push(parts.len());
        }
        self.send(&flight)?;
        for (mail, chunks) in mails.iter().zip(chunks) {
            for _ in 0..mail.to.len() + chunks {
                self.expect("250")?;
            }
            self.confirmed(mail, account)?;
        }
        Ok(())
    }
}

fn envelope(mail: &Mail) -> String {
    let to: String = mail.to.iter().map(|to| format!("RCPT TO:<{to}>\r\n")).collect();
    format!("MAIL FROM:<{}>\r\n{to}", mail.from)
}

/// Dots doubled, and the end.
fn stuffed(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + 1000);
    for line in message.split_inclusive(|&octet| octet == b'\n') {
        if line.first() == Some(&b'.') {
            out.push(b'.');
        }
        out.extend_from_slice(line);
    }
    out.extend_from_slice(b".\r\n");
    out
}

/// Whether the list was taken whole.
fn deliver(path: &std::path::Path, mails: &[Mail], account: &Account) -> bool {
    let mut list: Vec<delivery::Mail> = mails.iter().map(listed).collect();
    let mut make = || Some(Target::Unix(PathBuf::from(path)));
    let settings = engine::settings(crate::support::wait::LONG);
    let outcomes = engine::deliver_to(&mut make, Level::Full, settings, &mut list);
    let mut whole = true;
    for (mail, outcomes) in mails.iter().zip(outcomes) {
        for (recipient, outcome) in outcomes.iter().enumerate() {
            if outcome.failure.is_none() && outcome.code == 250 {
                account.confirmed(mail, recipient, &outcome.text);
            } else {
                whole = false;
            }
        }
    }
    whole
}

fn listed(mail: &Mail) -> delivery::Mail {
    let to = |to: &String| Recipient { to: ForwardPath::parse(to).expect("a path"), parameters: Vec::new() };
    delivery::Mail {
        from: ReversePath::parse(&mail.from).expect("a path"),
        parameters: Vec::new(),
        recipients: mail.to.iter().map(to).collect(),
        body: Body::memory(Box::new(mail.message())),
        kind: BodyKind::Unknown,
    }
}
