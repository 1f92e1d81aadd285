//! SMTP read in the simplest way, from both directions at once: which octets of the client are commands, which are
//! bodies, and which mails the server has taken, as its own replies say. Whatever the server makes of a stream, its
//! replies must fit this reading: nothing that lies in a body is answered as a command, no command goes without its
//! reply, and what is stored is what was sent.

/// A mail that the replies confirm.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mail {
    /// The line that named the sender.
    pub from: String,
    /// The lines that named the recipients it was taken for.
    pub to: Vec<String>,
    pub body: Vec<u8>,
    /// A chunk was refused: nothing can be taken after that.
    failed: bool,
}

/// What the reading needs to know of the server.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    pub lmtp: bool,
    pub chunking: bool,
    /// A line of more octets is refused, if it is not AUTH or BDAT.
    pub line_max: usize,
}

/// Reads both and gives the mails. Panics where the two do not fit each other.
pub fn read(rules: Rules, sent: &[u8], said: &[u8]) -> Vec<Mail> {
    let mut reading = Reading { sent, replies: replies(said), rules, extended: false, mail: None, mails: Vec::new() };
    reading.run();
    reading.mails
}

struct Reading<'a> {
    sent: &'a [u8],
    replies: std::iter::Peekable<std::vec::IntoIter<(u16, String)>>,
    rules: Rules,
    extended: bool,
    mail: Option<Mail>,
    mails: Vec<Mail>,
}

/// The session is over, for either side.
struct Over;

/// Code and text of each reply.
fn replies(said: &[u8]) -> std::iter::Peekable<std::vec::IntoIter<(u16, String)>> {
    let text = std::str::from_utf8(said).expect("replies are UTF-8");
    assert!(text.is_empty() || text.ends_with("\r\n"), "half a reply: {text:?}");
    let mut all: Vec<(u16, String)> = Vec::new();
    let mut open = false;
    for line in text.split_terminator("\r\n") {
        assert!(!line.contains(char::is_control), "{line:?}");
        let code = line[..3].parse().expect("a code");
        match all.last_mut().filter(|_| open) {
            Some((first, text)) => {
                assert_eq!(*first, code, "one reply has one code");
                text.push_str(&line[3..]);
            }
            None => all.push((code, line[3..].into())),
        }
        open = line.as_bytes().get(3) == Some(&b'-');
    }
    assert!(!open, "half a reply: {text:?}");
    all.into_iter().peekable()
}

impl<'a> Reading<'a> {
    fn run(&mut self) {
        match self.replies.next() {
            Some((220 | 554, _)) => {}
            Some((421, _)) => return self.nothing_more(),
            other => panic!("no greeting: {other:?}"),
        }
        while let Some(line) = self.line() {
            if self.command(line).is_err() {
                return self.nothing_more();
            }
        }
        // What is left has no line end, or what no line may hold.
        let codes: Vec<u16> = self.replies.by_ref().map(|(code, _)| code).collect();
        let broken = has_bare(self.sent.strip_suffix(b"\r").unwrap_or(self.sent));
        match codes.as_slice() {
            [] => assert!(!broken, "{}", self.sent.escape_ascii()),
            [421] => {}
            [500] | [500, 500 | 421] => assert!(broken || self.sent.len() >= self.rules.line_max),
            other => panic!("{other:?} to {}", self.sent.escape_ascii()),
        }
    }

    /// After the end nothing is said, but for the 421 of a limit that was reached with it.
    fn nothing_more(&mut self) {
        let rest: Vec<u16> = self.replies.by_ref().map(|(code, _)| code).collect();
        assert!(rest.is_empty() || rest == [421], "{rest:?} after the end");
    }

    /// The next line without its end; none if it is not there, or broken.
    fn line(&mut self) -> Option<&'a [u8]> {
        let end = self.sent.windows(2).position(|two| two == b"\r\n")?;
        let (line, rest) = self.sent.split_at(end);
        if has_bare(line) {
            return None;
        }
        self.sent = &rest[2..];
        Some(line)
    }

    fn reply(&mut self, to: &[u8]) -> Result<u16, Over> {
        match self.replies.next() {
            Some((421, _)) => Err(Over),
            Some((code, _)) => Ok(code),
            None => panic!("no reply to {}", to.escape_ascii()),
        }
    }

    fn command(&mut self, line: &[u8]) -> Result<(), Over> {
        let text = String::from_utf8_lossy(line).to_ascii_uppercase();
        // White space before the line's end is put up with (RFC 5321 section 4.1.1).
        let text = text.trim_end_matches([' ', '\t']);
        let verb = text.split(' ').next().unwrap_or_default();
        if verb == "BDAT"
            && let Some((length, last)) = chunk(text)
        {
            return self.chunk(line, length, last);
        }
        let code = self.reply(line)?;
        let says = || format!("{} -> {code}", line[..line.len().min(100)].escape_ascii());
        let good = code / 100 == 2;
        match verb {
            // Nobody knows how long such a chunk is.
            _ if text.trim_ascii_start().starts_with("BDAT") && code == 501 => return Err(Over),
            _ if line.len() + 2 > self.rules.line_max && verb != "AUTH" => assert!(code >= 500, "{}", says()),
            "NOOP" | "RSET" if text.len() == 4 => {
                assert!(matches!(code, 250 | 503), "{}", says());
                if good && verb == "RSET" {
                    self.mail = None;
                }
            }
            "QUIT" if text.len() == 4 => {
                assert_eq!(code, 221, "{}", says());
                return Err(Over);
            }
            "EHLO" | "HELO" | "LHLO" if good => (self.mail, self.extended) = (None, verb != "HELO"),
            "MAIL" | "SEND" | "SOML" | "SAML" if good => {
                assert!(self.mail.is_none(), "{}", says());
                self.mail = Some(Mail { from: String::from_utf8_lossy(line).into(), ..Mail::default() });
            }
            "RCPT" if good => self.mail(line).to.push(String::from_utf8_lossy(line).into()),
            "DATA" if code == 354 => return self.data(line),
            "DATA" => {
                // The owner's refusal ends the mail; that of the wrong moment and that of a wrong form (`DATA x`) do not.
                self.mail.take_if(|mail| !mail.to.is_empty() && !matches!(code, 501 | 503));
            }
            "AUTH" if code == 334 => return self.authentication(),
            "VRFY" | "EXPN" | "HELP" | "EHLO" | "HELO" | "LHLO" | "MAIL" | "SEND" | "SOML" | "SAML" | "RCPT"
            | "AUTH" | "STARTTLS" | "TURN" | "NOOP" | "RSET" | "QUIT" => assert!(good || code >= 400, "{}", says()),
            _ => assert!(matches!(code, 500 | 503), "{}", says()),
        }
        Ok(())
    }

    fn mail(&mut self, line: &[u8]) -> &mut Mail {
        self.mail.as_mut().unwrap_or_else(|| panic!("no mail is under way: {}", line.escape_ascii()))
    }

    /// The body by DATA, as RFC 5321 (4.5.2) has it, and its verdict.
    fn data(&mut self, command: &[u8]) -> Result<(), Over> {
        let mut body = Vec::new();
        loop {
            let end = self.sent.windows(2).position(|two| two == b"\r\n");
            let line = &self.sent[..end.unwrap_or(self.sent.len())];
            if end.is_none() {
                let said = self.replies.next().map(|(code, _)| code);
                assert!(matches!(said, None | Some(421)), "{said:?} to half a body");
                return Err(Over);
            }
            self.sent = &self.sent[line.len() + 2..];
            if line == b"." {
                break;
            }
            body.extend_from_slice(undotted(line));
            body.extend_from_slice(b"\r\n");
        }
        let body = mended(&body);
        let code = self.reply(command)?;
        assert!(!self.mail(command).failed);
        let mail = self.mail.take().map(|mail| Mail { body, ..mail });
        self.judge(mail, code);
        Ok(())
    }

    fn chunk(&mut self, line: &[u8], length: usize, last: bool) -> Result<(), Over> {
        if length > self.sent.len() {
            let said = self.replies.next();
            assert!(matches!(said, None | Some((421, _))), "{said:?} to {} and half a chunk", line.escape_ascii());
            return Err(Over);
        }
        let (chunk, rest) = self.sent.split_at(length);
        self.sent = rest;
        let code = self.reply(line)?;
        let good = code / 100 == 2;
        let counts = self.rules.chunking && self.extended;
        let Some(mail) = self.mail.as_mut().filter(|mail| counts && !mail.to.is_empty()) else {
            assert!(code >= 500, "{} -> {code}", line.escape_ascii());
            return Ok(());
        };
        assert!(!mail.failed || !good, "{} -> {code} after a chunk was refused", line.escape_ascii());
        mail.body.extend_from_slice(chunk);
        mail.failed |= !good;
        if last {
            let mail = self.mail.take().map(|mail| match binary(&mail.from) {
                true => mail,
                false => Mail { body: mended(&mail.body), ..mail },
            });
            self.judge(mail, code);
        }
        Ok(())
    }

    /// Keeps the mail for those it was taken for: by LMTP each recipient has a reply, of which the first was read.
    fn judge(&mut self, mail: Option<Mail>, first: u16) {
        let Some(mut mail) = mail else { return };
        if self.rules.lmtp {
            let others = (1..mail.to.len()).map(|_| self.replies.next().expect("a reply for each recipient").0);
            let mut codes = std::iter::once(first).chain(others).collect::<Vec<_>>().into_iter();
            mail.to.retain(|_| codes.next().is_some_and(|code| code / 100 == 2));
        } else if first / 100 != 2 {
            mail.to.clear();
        }
        if !mail.to.is_empty() {
            self.mails.push(mail);
        }
    }

    fn authentication(&mut self) -> Result<(), Over> {
        while let Some(line) = self.line() {
            if self.reply(line)? != 334 {
                return Ok(());
            }
        }
        // `run` looks at what is left.
        Ok(())
    }
}

/// The mail was declared as one that has no lines.
fn binary(from: &str) -> bool {
    from.to_ascii_uppercase().contains("BODY=BINARYMIME")
}

/// A line of a body by DATA, from CRLF to CRLF, without the dot that was put in front of it. A dot that stands alone before
/// a bare line end was not: with one more it would be two.
fn undotted(line: &[u8]) -> &[u8] {
    match line {
        [b'.', b'\r' | b'\n', ..] | [b'.'] => line,
        [b'.', rest @ ..] => rest,
        _ => line,
    }
}

/// The text with CRLF for each bare CR or LF, and no line that is an end for whoever drops NULs.
fn mended(text: &[u8]) -> Vec<u8> {
    let mut lines = vec![Vec::new()];
    let mut octets = text.iter().copied().peekable();
    while let Some(octet) = octets.next() {
        match octet {
            b'\r' | b'\n' => {
                if octet == b'\r' {
                    octets.next_if_eq(&b'\n');
                }
                lines.push(Vec::new());
            }
            _ => lines.last_mut().expect("a line").push(octet),
        }
    }
    for line in &mut lines {
        if line.first() == Some(&0) && line.iter().filter(|octet| **octet != 0).eq(b".") {
            line.push(b' ');
        }
    }
    lines.join(&b"\r\n"[..])
}

/// Holds a CR or LF of its own.
fn has_bare(line: &[u8]) -> bool {
    line.contains(&b'\r') || line.contains(&b'\n')
}

/// The length of a chunk, and whether it is the last one.
fn chunk(text: &str) -> Option<(usize, bool)> {
    let mut words = text.split(' ').filter(|word| !word.is_empty()).skip(1);
    let digits = words.next().filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?;
    let length: u64 = digits.parse().ok()?;
    let last = match words.next() {
        None => false,
        Some("LAST") => true,
        Some(_) => return None,
    };
    words.next().is_none().then_some((usize::try_from(length).unwrap_or(usize::MAX), last))
}
