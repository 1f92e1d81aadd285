//! A server without sockets that does anything a server may do, by chance: it refuses, closes, falls silent, resets,
//! says half a reply or no SMTP at all, at any command and in the middle of a body; and it knows what it took. What a
//! client believes afterwards is held against that by [`Known::judge`]: no mail twice, no yes that was not said, and
//! "outcome unknown" exactly where a whole message went out and its answer was not heard.
//!
//! It reads SMTP by a few lines of its own, not by the library's. The fuzz targets use it, too.

use helo::net::transport::{Source, Transport, WakeSlot};
use helo::net::wait::Waker;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// Where chance comes from: octets, and zeros, which stand for good behaviour, when they are used up. Clones share them.
#[derive(Clone, Default)]
pub struct Chances(Arc<Mutex<VecDeque<u8>>>);

impl Chances {
    pub fn new(octets: &[u8]) -> Chances {
        Chances(Arc::new(Mutex::new(octets.iter().copied().collect())))
    }

    pub fn next(&self) -> u8 {
        self.0.lock().expect("no panic").pop_front().unwrap_or(0)
    }

    /// True for about one octet in `of`, never when they are used up.
    fn one_in(&self, of: u8) -> bool {
        let octet = self.next();
        octet != 0 && octet % of == 0
    }
}

/// What a server offers and how it reads.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rules {
    pub lmtp: bool,
    pub pipelining: bool,
    pub chunking: bool,
    /// 503 to MAIL that came along with what was before it, as some servers have it.
    pub not_ahead: bool,
}

/// The answer about a message for one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub recipient: String,
    /// The server has the message for it.
    pub taken: bool,
    /// Where the answer ends in what this connection's server has said; none: nothing was said.
    said: Option<usize>,
}

/// A message that came whole.
#[derive(Clone, PartialEq, Eq)]
pub struct Whole {
    pub sender: String,
    pub body: Vec<u8>,
    pub verdicts: Vec<Verdict>,
    connection: usize,
}

impl std::fmt::Debug for Whole {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (sender, length, verdicts) = (&self.sender, self.body.len(), &self.verdicts);
        write!(f, "{sender}, {length} octets, connection {}: {verdicts:?}", self.connection)
    }
}

#[derive(Default)]
struct Seen {
    whole: Vec<Whole>,
    /// What the client has read of each connection.
    read: Vec<usize>,
    /// An answer was read so late that the client may have given it up: the machine had something else to do.
    late: bool,
}

/// All that the servers of a run know. Clones are the same.
#[derive(Clone, Default)]
pub struct Known(Arc<Mutex<Seen>>);

/// An answer that is read later than this may come too late for a client whose limits of time are short.
const LATE: Duration = Duration::from_millis(5);

/// What a client believes of a recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Belief {
    /// The server has it.
    Delivered,
    /// Nobody knows.
    Unknown,
    /// The server does not have it.
    Not,
}

impl Known {
    fn look(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().expect("no panic")
    }

    /// How many connections there were.
    pub fn connections(&self) -> usize {
        self.look().read.len()
    }

    /// Holds a belief against what the servers know of the mail of this sender. Panics where they differ.
    pub fn judge(&self, sender: &str, recipient: &str, body: &[u8], belief: Belief) {
        let seen = self.look();
        let of_mail = seen.whole.iter().filter(|whole| whole.sender == sender);
        let verdicts: Vec<(&Whole, &Verdict, bool)> = of_mail
            .flat_map(|whole| whole.verdicts.iter().map(move |verdict| (whole, verdict)))
            .filter(|(_, verdict)| verdict.recipient == recipient)
            .map(|(whole, verdict)| {
                let heard = verdict.said.is_some_and(|end| seen.read[whole.connection] >= end);
                (whole, verdict, heard)
            })
            .collect();
        let taken: Vec<_> = verdicts.iter().filter(|(_, verdict, _)| verdict.taken).collect();
        let what = || format!("{sender} to {recipient}: {belief:?}, but the server has {verdicts:?}");
        assert!(taken.len() <= 1, "a mail arrived twice: {}", what());
        for (whole, ..) in &taken {
            assert!(whole.body == body, "what arrived is not what was sent: {}", what());
        }
        match belief {
            Belief::Delivered => assert!(matches!(taken[..], [(_, _, true)]), "a false yes: {}", what()),
            Belief::Not => assert!(taken.is_empty(), "a false no: {}", what()),
            Belief::Unknown => {
                let open = verdicts.iter().any(|(.., heard)| !heard);
                let decided = verdicts.iter().any(|(_, verdict, heard)| verdict.taken && *heard);
                assert!((open && !decided) || seen.late, "it could be known: {}", what());
            }
        }
    }

    /// The same for what a relay told its client: a yes is a yes of the next server that it has heard, for a message that
    /// ends with the client's; and where the next server was heard to say yes, its client is told so, unless one answer
    /// stands for several recipients (`shared`).
    pub fn judge_relayed(&self, sender: &str, recipient: &str, body: &[u8], yes: bool, shared: bool) {
        let seen = self.look();
        let mut heard = Vec::new();
        let mut taken = 0;
        let of_mail: Vec<&Whole> = seen.whole.iter().filter(|whole| whole.sender == sender).collect();
        for whole in &of_mail {
            for verdict in whole.verdicts.iter().filter(|verdict| verdict.recipient == recipient) {
                if verdict.taken {
                    taken += 1;
                    assert!(whole.body.ends_with(body), "{sender} to {recipient}: not what was sent: {whole:?}");
                }
                if verdict.said.is_some_and(|end| seen.read[whole.connection] >= end) {
                    heard.push(verdict.taken);
                }
            }
        }
        assert!(taken <= 1, "{sender} to {recipient}: handed on twice: {of_mail:?}");
        assert!(!yes || heard == [true], "{sender} to {recipient}: a false yes: {of_mail:?}");
        assert!(yes || shared || heard != [true] || seen.late, "{sender} to {recipient}: a false no: {of_mail:?}");
    }
}

/// How a server stands to its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    Talking,
    /// It hears, and says nothing any more.
    Silent,
    /// The client reads an end behind what was said.
    Closed,
    Reset,
}

enum Reading {
    Commands,
    Data,
    Chunk { left: usize, last: bool },
}

/// A recipient, what was said to it, and where the answer ends.
struct Named {
    recipient: String,
    accepted: bool,
    said: Option<usize>,
}

/// The client's end of a connection to such a server.
pub struct Erratic {
    rules: Rules,
    chances: Chances,
    known: Known,
    number: usize,
    waker: WakeSlot,
    mood: Mood,
    reading: Reading,
    input: Vec<u8>,
    said: Vec<u8>,
    read: usize,
    greeted: bool,
    /// A mail is open.
    open: bool,
    /// A chunk was refused, or the message while it came.
    failed: bool,
    /// Whom the client has named since MAIL, whatever was said to that.
    sender: String,
    named: Vec<Named>,
    body: Vec<u8>,
    /// The message's end was the last thing heard, and nothing of what was said since has been read.
    ahead: Option<usize>,
    /// Since when something is there to read.
    waits: Option<Instant>,
    ended: bool,
}

impl Erratic {
    pub fn new(rules: Rules, chances: &Chances, known: &Known) -> Erratic {
        let mut seen = known.look();
        seen.read.push(0);
        let number = seen.read.len() - 1;
        drop(seen);
        Erratic {
            rules,
            chances: chances.clone(),
            known: known.clone(),
            number,
            waker: WakeSlot::new(),
            mood: Mood::Talking,
            reading: Reading::Commands,
            input: Vec::new(),
            said: Vec::new(),
            read: 0,
            greeted: false,
            open: false,
            failed: false,
            sender: String::new(),
            named: Vec::new(),
            body: Vec::new(),
            ahead: None,
            waits: None,
            ended: false,
        }
    }

    /// What is done instead of the right answer, if anything: true when it was.
    fn misbehaves(&mut self) -> bool {
        let (mood, half) = match self.chances.next() {
            octet @ 200..=205 => {
                let reply = if octet % 2 == 0 { "421 4.3.2 going\r\n" } else { "421-4.3.2 going\r\n421 now\r\n" };
                self.say(reply);
                (Mood::Closed, "")
            }
            206..=211 => (Mood::Closed, ""),
            212..=216 => (Mood::Reset, ""),
            217..=224 => (Mood::Silent, ""),
            225..=227 => (Mood::Closed, "25"),
            228..=230 => (Mood::Silent, "250-half a rep"),
            231..=233 => (Mood::Silent, "is this SMTP?\r\n"),
            234..=235 => (Mood::Closed, "250"),
            _ => return false,
        };
        self.said.extend_from_slice(half.as_bytes());
        self.mood = mood;
        true
    }

    /// No by chance.
    fn refusal(&self) -> Option<&'static str> {
        match self.chances.next() {
            150..=169 => Some("450 4.2.0 not now\r\n"),
            170..=189 => Some("550 5.1.1 no\r\n"),
            190..=194 => Some("554-5.7.1 no,\r\n554-5.7.1 never\r\n554 5.7.1 at all\r\n"),
            _ => None,
        }
    }

    fn say(&mut self, reply: &str) {
        if self.mood == Mood::Talking {
            self.said.extend_from_slice(reply.as_bytes());
        }
    }

    /// Says a reply, or no, or misbehaves: whether the reply was said.
    fn answer(&mut self, reply: &str) -> bool {
        if self.mood != Mood::Talking || self.misbehaves() {
            return false;
        }
        let refusal = self.refusal();
        self.say(refusal.unwrap_or(reply));
        refusal.is_none()
    }

    fn hear(&mut self, bytes: &[u8]) {
        self.input.extend_from_slice(bytes);
        loop {
            match self.reading {
                Reading::Commands => {
                    let Some(end) = self.input.windows(2).position(|two| two == b"\r\n") else { return };
                    let line: Vec<u8> = self.input.drain(..end + 2).collect();
                    self.command(&String::from_utf8_lossy(&line[..end]));
                }
                Reading::Data => {
                    let Some(end) = self.input.windows(2).position(|two| two == b"\r\n") else { break };
                    let line: Vec<u8> = self.input.drain(..end + 2).collect();
                    if line == b".\r\n" {
                        self.reading = Reading::Commands;
                        self.verdicts();
                    } else {
                        self.body.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
                    }
                }
                Reading::Chunk { left, last } => {
                    let taken = left.min(self.input.len());
                    self.body.extend(self.input.drain(..taken));
                    if taken < left {
                        self.reading = Reading::Chunk { left: left - taken, last };
                        break;
                    }
                    self.reading = Reading::Commands;
                    self.chunk_ends(last);
                }
            }
        }
        // No in the middle of a message, which is read on or not. By LMTP, which answers once for each recipient after the
        // end, nobody could say whom it is about.
        if !self.rules.lmtp
            && matches!(self.reading, Reading::Data)
            && !self.failed
            && self.mood == Mood::Talking
            && self.chances.one_in(50)
        {
            self.say("552 5.3.4 too much\r\n");
            self.failed = true;
            if self.chances.one_in(2) {
                self.mood = Mood::Silent;
            }
        }
    }

    fn command(&mut self, line: &str) {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        let address = || rest.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
        let ahead = self.ahead.take().is_some_and(|said| self.read < said);
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" | "LHLO" => {
                let mut reply = "250-erratic.example\r\n".to_owned();
                for (offered, keyword) in [(self.rules.pipelining, "PIPELINING"), (self.rules.chunking, "CHUNKING")] {
                    if offered {
                        reply.push_str(&format!("250-{keyword}\r\n"));
                    }
                }
                reply.push_str("250 8BITMIME\r\n");
                self.answer(&reply);
            }
            "HELO" => drop(self.answer("250 erratic.example\r\n")),
            "MAIL" if self.open => self.say("503 5.5.1 a mail is open\r\n"),
            "MAIL" => {
                (self.sender, self.failed) = (address(), false);
                self.named.clear();
                self.body.clear();
                if ahead && self.rules.not_ahead {
                    self.say("503 5.5.1 pipelined after the end of data\r\n");
                } else {
                    self.open = self.answer("250 2.1.0 go on\r\n") || self.mood != Mood::Talking;
                }
            }
            "RCPT" => {
                let accepted = match self.open {
                    true => self.answer("250 2.1.5 fine\r\n") || self.mood != Mood::Talking,
                    false => {
                        self.say("503 5.5.1 no mail is open\r\n");
                        false
                    }
                };
                let said = (self.mood == Mood::Talking).then_some(self.said.len());
                self.named.push(Named { recipient: address(), accepted, said });
            }
            "DATA" if !self.open => self.say("503 5.5.1 no mail is open\r\n"),
            "DATA" if !self.has_recipients() => self.say("554 5.5.1 nobody is to have it\r\n"),
            "DATA" => {
                if self.answer("354 go on\r\n") {
                    self.reading = Reading::Data;
                } else if self.mood == Mood::Talking {
                    self.open = false;
                }
            }
            "BDAT" => {
                let mut words = rest.split(' ');
                let left = words.next().and_then(|digits| digits.parse().ok()).expect("a length");
                self.reading = Reading::Chunk { left, last: words.next().is_some() };
            }
            "RSET" => {
                self.open = false;
                self.named.clear();
                // A server that refuses this is none; it may go away.
                if self.mood != Mood::Talking || !self.misbehaves() {
                    self.say("250 2.0.0 reset\r\n");
                }
            }
            "QUIT" => {
                self.say("221 2.0.0 bye\r\n");
                if self.mood == Mood::Talking {
                    self.mood = Mood::Closed;
                }
            }
            _ => self.say("500 5.5.2 what?\r\n"),
        }
    }

    fn has_recipients(&self) -> bool {
        self.named.iter().any(|named| named.accepted)
    }

    fn chunk_ends(&mut self, last: bool) {
        let open = self.open && self.has_recipients() && !self.failed;
        match (open, last) {
            (true, true) => self.verdicts(),
            (true, false) => self.failed = !self.answer("250 2.0.0 more\r\n") && self.mood == Mood::Talking,
            (false, _) => {
                self.say("503 5.5.1 no mail is open\r\n");
                if last {
                    self.refused_whole();
                }
            }
        }
        // A refused chunk leaves its transaction open (RFC 3030 section 2); the last one ends it here.
        if last {
            self.failed = true;
        }
    }

    /// A message came whole that was refused before its end.
    fn refused_whole(&mut self) {
        let said = (self.mood == Mood::Talking).then_some(self.said.len());
        let verdicts = std::mem::take(&mut self.named);
        let verdicts = verdicts.into_iter().map(|named| Verdict { recipient: named.recipient, taken: false, said });
        self.keep(verdicts.collect());
    }

    fn keep(&mut self, verdicts: Vec<Verdict>) {
        let (sender, body) = (self.sender.clone(), std::mem::take(&mut self.body));
        self.known.look().whole.push(Whole { sender, body, verdicts, connection: self.number });
    }

    /// The message is whole: what becomes of it, for each recipient where this is LMTP.
    fn verdicts(&mut self) {
        self.open = false;
        if self.failed {
            return self.refused_whole();
        }
        let named = std::mem::take(&mut self.named);
        let accepted = named.iter().filter(|named| named.accepted).count();
        let answers = if self.rules.lmtp { accepted } else { 1 };
        let mut given: Vec<(bool, Option<usize>)> = Vec::new();
        for _ in 0..answers {
            let talking = self.mood == Mood::Talking;
            let yes = self.answer("250 2.0.0 taken\r\n");
            // Whoever goes without a word may have it or not. A 421 is a no.
            let gone = self.mood != Mood::Talking && !self.said.ends_with(b"421 4.3.2 going\r\n");
            let gone = gone && !self.said.ends_with(b"421 now\r\n");
            let said = talking && (yes || self.mood == Mood::Talking || !gone);
            given.push((yes || (gone && self.chances.one_in(2)), said.then_some(self.said.len())));
        }
        let mut given = given.into_iter().cycle();
        let verdicts = named.into_iter().map(|Named { recipient, accepted, said }| {
            let (taken, said) = if accepted { given.next().unwrap_or_default() } else { (false, said) };
            Verdict { recipient, taken, said }
        });
        let verdicts = verdicts.collect();
        self.keep(verdicts);
        self.ahead = Some(self.said.len());
    }
}

impl Transport for Erratic {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if !self.greeted {
            self.greeted = true;
            self.answer("220 erratic.example\r\n");
        }
        if self.mood == Mood::Reset || self.ended {
            return Err(ErrorKind::ConnectionReset.into());
        }
        let waiting = self.said.len() - self.read;
        // What was said comes when it comes, in pieces.
        if waiting > 0 && self.chances.one_in(5) {
            self.waker.wake();
            return Err(ErrorKind::WouldBlock.into());
        }
        if waiting == 0 {
            return if self.mood == Mood::Closed { Ok(0) } else { Err(ErrorKind::WouldBlock.into()) };
        }
        let most = if self.chances.one_in(3) { 1 + usize::from(self.chances.next() % 40) } else { usize::MAX };
        let count = waiting.min(buf.len()).min(most);
        buf[..count].copy_from_slice(&self.said[self.read..][..count]);
        self.read += count;
        let late = self.waits.is_some_and(|since| since.elapsed() > LATE);
        self.waits = self.waits.filter(|_| self.read < self.said.len());
        let mut seen = self.known.look();
        seen.read[self.number] = self.read;
        seen.late |= late;
        drop(seen);
        Ok(count)
    }

    fn write(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        if self.mood == Mood::Reset || self.ended {
            return Err(ErrorKind::BrokenPipe.into());
        }
        let most = if self.chances.one_in(4) { usize::from(self.chances.next()) } else { usize::MAX };
        self.waker.wake();
        let bytes: Vec<u8> = bufs.iter().flat_map(|buf| buf.iter().copied()).take(most).collect();
        if bytes.is_empty() && bufs.iter().any(|buf| !buf.is_empty()) {
            return Err(ErrorKind::WouldBlock.into());
        }
        self.hear(&bytes);
        if self.read < self.said.len() {
            self.waits.get_or_insert_with(Instant::now);
        }
        Ok(bytes.len())
    }

    fn source(&self) -> Source<'_> {
        Source::Notified
    }

    fn set_waker(&mut self, waker: &Waker) {
        self.waker.set(waker);
        waker.wake();
    }

    fn abort(&mut self) {
        self.ended = true;
    }

    fn close(&mut self) {
        self.ended = true;
    }

    fn peer(&self) -> String {
        "memory".into()
    }

    fn local(&self) -> String {
        "memory".into()
    }
}
