//! One connection of the sink.

use super::body::{DataScanner, Hash};
use super::{Keep, Mail, Shared, Then, When, lock};
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

const BUFFER: usize = 256 * 1024;
/// Replies wait for the end of what was read, but not longer than this many bytes.
const REPLIES: usize = 64 * 1024;

/// What the next bytes are.
enum State {
    Command,
    Data(DataScanner),
    Chunk { left: u64, last: bool, refused: Option<&'static str> },
}

/// Why a session ends.
enum Stop {
    /// Say what is still to be said, then close.
    Close,
    /// Reset at once.
    Reset,
}

struct Session<'a> {
    shared: &'a Shared,
    number: u64,
    state: State,
    greeted: bool,
    commands: u64,
    /// The mail under way and its number.
    mail: Option<(Mail, u64)>,
    /// RCPT commands of this mail, refused ones too, and recipients accepted.
    tried: u64,
    accepted: u64,
    chunks: u64,
    /// An error to answer at the end of the message instead of taking it.
    failed: Option<&'static str>,
    hash: Hash,
    out: Vec<u8>,
    /// A rule wants the replies from here on in `out` held; what was said before leaves first.
    held: Option<usize>,
}

pub fn run(shared: &Arc<Shared>, stream: &TcpStream, number: u64) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut session = Session {
        shared,
        number,
        state: State::Command,
        greeted: false,
        commands: 0,
        mail: None,
        tried: 0,
        accepted: 0,
        chunks: 0,
        failed: None,
        hash: Hash::default(),
        out: Vec::with_capacity(REPLIES + 4096),
        held: None,
    };
    let stop = session.talk(stream);
    match stop? {
        Stop::Reset => {
            let socket = socket2::SockRef::from(stream);
            // Closing happens when the last of the two handles goes; the linger of zero makes it a reset.
            socket.set_linger(Some(Duration::ZERO))
        }
        Stop::Close => {
            (&*stream).write_all(&session.out)?;
            stream.shutdown(Shutdown::Write)?;
            // Read what is still coming, so that closing does not reset what the client has not read yet.
            let mut rest = [0; 4096];
            while matches!((&*stream).read(&mut rest), Ok(1..)) {}
            Ok(())
        }
    }
}

impl Session<'_> {
    fn talk(&mut self, mut stream: &TcpStream) -> io::Result<Stop> {
        let number = self.number;
        let name = if self.shared.options.lmtp { "LMTP" } else { "ESMTP" };
        if let Some(stop) = self.answer(|when| *when == When::Greeting(number), |s| s.say(&format!("220 sink {name}")))
        {
            return Ok(stop);
        }
        self.hold(stream)?;
        let mut buffer = vec![0; BUFFER];
        let (mut start, mut end) = (0, 0);
        loop {
            // Everything that is there.
            while let Some(used) = self.step(&buffer[start..end]) {
                match used {
                    Ok(count) => start += count,
                    Err(stop) => return Ok(stop),
                }
                if self.held.is_some() {
                    self.hold(stream)?;
                } else if self.out.len() > REPLIES {
                    self.flush(stream)?;
                }
            }
            self.flush(stream)?;
            if start == end {
                (start, end) = (0, 0);
            } else if end == buffer.len() {
                if start == 0 {
                    self.say("500 5.5.2 line too long");
                    return Ok(Stop::Close);
                }
                buffer.copy_within(start..end, 0);
                (start, end) = (0, end - start);
            }
            match stream.read(&mut buffer[end..])? {
                0 => return Ok(Stop::Close),
                count => end += count,
            }
        }
    }

    /// Waits, if a rule says so, before the held replies may leave.
    fn hold(&mut self, mut stream: &TcpStream) -> io::Result<()> {
        let Some(held) = self.held.take() else { return Ok(()) };
        stream.write_all(&self.out[..held])?;
        self.out.drain(..held);
        self.shared.wait_released();
        Ok(())
    }

    fn flush(&mut self, mut stream: &TcpStream) -> io::Result<()> {
        if !self.out.is_empty() {
            stream.write_all(&self.out)?;
            self.out.clear();
        }
        Ok(())
    }

    fn say(&mut self, line: &str) {
        self.out.extend_from_slice(line.as_bytes());
        self.out.extend_from_slice(b"\r\n");
    }

    /// Takes one step with the bytes that are there. None: more are needed.
    fn step(&mut self, input: &[u8]) -> Option<Result<usize, Stop>> {
        if let State::Command = self.state {
            let line = &input[..memchr::memchr(b'\n', input)?];
            let used = line.len() + 1;
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            return Some(self.command(line).map_or(Ok(used), Err));
        }
        if let State::Chunk { left, last, refused } = self.state {
            let used = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
            if used == 0 && left > 0 {
                return None;
            }
            if refused.is_none() {
                self.take(&input[..used]);
            }
            let left = left - used as u64;
            self.state = State::Chunk { left, last, refused };
            if left > 0 {
                return Some(Ok(used));
            }
            self.state = State::Command;
            return Some(self.chunk_end(last, refused).map_or(Ok(used), Err));
        }
        if input.is_empty() {
            return None;
        }
        let State::Data(mut scanner) = std::mem::replace(&mut self.state, State::Command) else { return None };
        let (used, ended) = scanner.scan(input, |bytes| self.take(bytes));
        if !ended {
            self.state = State::Data(scanner);
            return Some(Ok(used));
        }
        Some(self.message_end().map_or(Ok(used), Err))
    }

    /// Bytes of a body.
    fn take(&mut self, bytes: &[u8]) {
        let Some((mail, _)) = &mut self.mail else { return };
        mail.length += bytes.len() as u64;
        if self.shared.options.keep != Keep::Count {
            self.hash.add(bytes);
        }
        if self.shared.options.keep == Keep::Bodies {
            mail.body.extend_from_slice(bytes);
        }
    }

    /// Does what a rule says, else the usual. Some: the session ends.
    fn answer(&mut self, fits: impl Fn(&When) -> bool, usual: impl FnOnce(&mut Self)) -> Option<Stop> {
        match self.shared.rule(fits) {
            None => usual(self),
            Some(Then::Reply(line)) => self.say(&line),
            Some(Then::ReplyAndClose(line)) => {
                self.say(&line);
                return Some(Stop::Close);
            }
            Some(Then::Close) => return Some(Stop::Close),
            Some(Then::Reset) => return Some(Stop::Reset),
            Some(Then::Silence) => {}
            Some(Then::Hold) => {
                self.held = Some(self.out.len());
                usual(self);
            }
        }
        None
    }

    fn command(&mut self, line: &[u8]) -> Option<Stop> {
        self.commands += 1;
        let count = self.commands;
        if !self.shared.options.rules.is_empty() && self.shared.rule(|when| *when == When::Command(count)).is_some() {
            return self.answer(|when| *when == When::Command(count), |session| _ = session.usual_command(line));
        }
        self.usual_command(line)
    }

    fn usual_command(&mut self, line: &[u8]) -> Option<Stop> {
        let starts = |verb: &str| line.get(..verb.len()).is_some_and(|head| head.eq_ignore_ascii_case(verb.as_bytes()));
        if starts("MAIL FROM:") {
            return self.begin(&line[10..]);
        }
        if starts("RCPT TO:") {
            return self.recipient(&line[8..]);
        }
        if starts("BDAT ") {
            return self.begin_chunk(&line[5..]);
        }
        if starts("DATA") {
            return self.begin_data();
        }
        let lmtp = self.shared.options.lmtp;
        if starts(if lmtp { "LHLO " } else { "EHLO " }) && !self.shared.options.no_ehlo {
            self.hello();
        } else if starts("HELO ") && !lmtp {
            self.greeted = true;
            self.forget();
            self.say("250 sink");
        } else if starts("EHLO") || starts("HELO") || starts("LHLO") {
            self.say("502 5.5.1 not this greeting");
        } else if starts("RSET") {
            self.forget();
            self.say("250 2.0.0 ok");
        } else if starts("NOOP") {
            self.say("250 2.0.0 ok");
        } else if starts("VRFY ") {
            self.say("252 2.5.0 send some mail, I will try");
        } else if starts("QUIT") {
            self.say("221 2.0.0 bye");
            return Some(Stop::Close);
        } else {
            self.say("500 5.5.2 unknown command");
        }
        None
    }

    fn hello(&mut self) {
        self.greeted = true;
        self.forget();
        let options = &self.shared.options;
        let mut lines = vec!["sink".to_string()];
        lines.extend(options.extensions.iter().map(|name| match (name.as_str(), options.size) {
            ("SIZE", size @ 1..) => format!("SIZE {size}"),
            _ => name.clone(),
        }));
        for (index, line) in lines.iter().enumerate() {
            let mark = if index + 1 == lines.len() { ' ' } else { '-' };
            self.say(&format!("250{mark}{line}"));
        }
    }

    fn forget(&mut self) {
        (self.mail, self.failed) = (None, None);
        (self.tried, self.accepted, self.chunks) = (0, 0, 0);
        self.hash = Hash::default();
    }

    fn begin(&mut self, rest: &[u8]) -> Option<Stop> {
        if !self.greeted || self.mail.is_some() {
            self.say(if self.greeted { "503 5.5.1 nested MAIL" } else { "503 5.5.1 HELO first" });
            return None;
        }
        let number = self.shared.begun.fetch_add(1, Ordering::AcqRel) + 1;
        let (sender, parameters) = split_path(rest);
        if let Some(size) = size_parameter(parameters)
            && (1..size).contains(&self.shared.options.size)
        {
            self.say("552 5.3.4 too large");
            return None;
        }
        let mut mail = Mail {
            connection: self.number,
            sender: String::new(),
            parameters: String::new(),
            recipients: Vec::new(),
            recipient_parameters: Vec::new(),
            length: 0,
            hash: 0,
            body: Vec::new(),
            chunks: 0,
        };
        if self.shared.options.keep != Keep::Count {
            mail.sender = String::from_utf8_lossy(sender).into_owned();
            mail.parameters = String::from_utf8_lossy(parameters).into_owned();
        }
        let fits = |when: &When| match when {
            When::Mail(at) => *at == number,
            When::Sender(address) => address.as_bytes() == sender,
            _ => false,
        };
        self.answer_and(fits, "250 2.1.0 ok", move |session| session.mail = Some((mail, number)))
    }

    fn recipient(&mut self, rest: &[u8]) -> Option<Stop> {
        let Some((_, number)) = self.mail else {
            self.say("503 5.5.1 MAIL first");
            return None;
        };
        self.tried += 1;
        let tried = self.tried;
        let (recipient, parameters) = split_path(rest);
        let fits = |when: &When| match when {
            When::Rcpt(mail, at) => *mail == number && (*at == tried || *at == 0),
            When::Recipient(address) => address.as_bytes() == recipient,
            _ => false,
        };
        self.answer_and(fits, "250 2.1.5 ok", |session| {
            session.accepted += 1;
            if session.shared.options.keep != Keep::Count
                && let Some((mail, _)) = &mut session.mail
            {
                mail.recipients.push(String::from_utf8_lossy(recipient).into_owned());
                mail.recipient_parameters.push(String::from_utf8_lossy(parameters).into_owned());
            }
        })
    }

    fn begin_data(&mut self) -> Option<Stop> {
        let Some((_, number)) = self.mail else {
            self.say("503 5.5.1 MAIL first");
            return None;
        };
        if self.accepted == 0 || self.chunks > 0 {
            self.say(if self.chunks > 0 { "503 5.5.1 BDAT begun" } else { "554 5.5.1 no valid recipients" });
            return None;
        }
        let fits = |when: &When| *when == When::Data(number);
        self.answer_and(fits, "354 go on", |session| session.state = State::Data(DataScanner::new()))
    }

    /// As `answer`; `accepted` runs unless a rule answers with an error.
    fn answer_and(
        &mut self,
        fits: impl Fn(&When) -> bool,
        usual: &str,
        accepted: impl FnOnce(&mut Self),
    ) -> Option<Stop> {
        let refused = match self.shared.rule(&fits) {
            Some(Then::Reply(line) | Then::ReplyAndClose(line)) => line.starts_with(['4', '5']),
            _ => false,
        };
        if !refused {
            accepted(self);
        }
        self.answer(fits, |session| session.say(usual))
    }

    fn begin_chunk(&mut self, rest: &[u8]) -> Option<Stop> {
        let text = std::str::from_utf8(rest).unwrap_or("");
        let (length, last) = match text.split_once(' ') {
            Some((length, word)) => (length, word.trim().eq_ignore_ascii_case("LAST")),
            None => (text.trim(), false),
        };
        let Ok(left) = length.parse::<u64>() else {
            self.say("501 5.5.4 not a chunk size");
            return Some(Stop::Close);
        };
        self.chunks += 1;
        let refused = match &self.mail {
            None => Some("503 5.5.1 MAIL first"),
            Some(_) if self.accepted == 0 => Some("554 5.5.1 no valid recipients"),
            Some(_) => self.failed,
        };
        if refused.is_some() && !self.shared.options.drain_refused_chunks {
            self.say(refused.unwrap_or_default());
            return None;
        }
        self.state = State::Chunk { left, last, refused };
        None
    }

    fn chunk_end(&mut self, last: bool, refused: Option<&'static str>) -> Option<Stop> {
        let Some((_, number)) = self.mail else {
            self.say(refused.unwrap_or_default());
            return None;
        };
        let chunk = self.chunks;
        if let Some(why) = refused {
            if last {
                self.forget();
            }
            self.say(why);
            return None;
        }
        let fits = |when: &When| *when == When::Chunk(number, chunk);
        let then = if self.shared.options.rules.is_empty() { None } else { self.shared.rule(fits) };
        if let Some(Then::Reply(line)) = &then
            && line.starts_with(['4', '5'])
        {
            // RFC 3030: after a refused chunk all further ones of the mail fail too, until RSET.
            self.failed = Some("503 5.5.1 an earlier chunk failed");
            if last {
                self.forget();
            }
            self.say(line);
            return None;
        }
        if last && then.is_none() {
            return self.message_end();
        }
        self.answer(fits, |session| session.say("250 2.0.0 chunk taken"))
    }

    fn message_end(&mut self) -> Option<Stop> {
        let (mut mail, number) = self.mail.take()?;
        let limit = self.shared.options.size;
        let too_large = limit > 0 && mail.length > limit;
        let then = self.shared.rule(|when| *when == When::Message(number));
        let refused = too_large
            || matches!(&then, Some(Then::Reply(line) | Then::ReplyAndClose(line)) if line.starts_with(['4', '5']));
        // A connection that breaks instead of the answer: the mail has been taken all the same.
        if !refused {
            mail.chunks = self.chunks;
            mail.hash = self.hash.value();
            self.shared.bytes.fetch_add(mail.length, Ordering::AcqRel);
            if self.shared.options.keep != Keep::Count {
                lock(&self.shared.stored).push(mail);
            }
            self.shared.mails.fetch_add(1, Ordering::AcqRel);
        }
        let answers = if self.shared.options.lmtp { self.accepted } else { 1 };
        self.forget();
        let usual = if too_large { "552 5.3.4 too large" } else { "250 2.0.0 taken" };
        for _ in 0..answers {
            let stop = self.answer(|when| *when == When::Message(number), |session| session.say(usual));
            if stop.is_some() {
                return stop;
            }
        }
        None
    }
}

/// The path without `<>`, and what follows it.
fn split_path(rest: &[u8]) -> (&[u8], &[u8]) {
    let rest = rest.trim_ascii();
    let (path, parameters) = match rest.strip_prefix(b"<") {
        Some(inner) => {
            let end = memchr::memrchr(b'>', inner).unwrap_or(inner.len());
            (&inner[..end], inner.get(end + 1..).unwrap_or_default())
        }
        None => rest.split_at(memchr::memchr(b' ', rest).unwrap_or(rest.len())),
    };
    (path, parameters.trim_ascii())
}

fn size_parameter(parameters: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(parameters).ok()?;
    text.split(' ').find_map(|word| word.strip_prefix("SIZE="))?.parse().ok()
}
