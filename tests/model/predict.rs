//! The model: what RFC 5321 (4.1.4 for the order of commands), 1870, 3030, 3461 and 2033 let a server answer.

/// What the server offers and where its limits are.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    pub lmtp: bool,
    pub chunking: bool,
    pub dsn: bool,
    pub smtputf8: bool,
    pub expn: bool,
    /// The largest message; 0 for no limit.
    pub size: u64,
    pub recipients: usize,
    /// The longest command line.
    pub line: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Verb {
    Ehlo,
    Helo,
    Lhlo,
    Mail,
    Rcpt,
    Data,
    Bdat,
    Rset,
    #[default]
    Noop,
    Quit,
    Vrfy,
    Expn,
    Help,
    StartTls,
    Unknown,
}

impl Verb {
    pub const ALL: [Verb; 15] = [
        Verb::Ehlo,
        Verb::Helo,
        Verb::Lhlo,
        Verb::Mail,
        Verb::Rcpt,
        Verb::Data,
        Verb::Bdat,
        Verb::Rset,
        Verb::Noop,
        Verb::Quit,
        Verb::Vrfy,
        Verb::Expn,
        Verb::Help,
        Verb::StartTls,
        Verb::Unknown,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Verb::Ehlo => "EHLO",
            Verb::Helo => "HELO",
            Verb::Lhlo => "LHLO",
            Verb::Mail => "MAIL",
            Verb::Rcpt => "RCPT",
            Verb::Data => "DATA",
            Verb::Bdat => "BDAT",
            Verb::Rset => "RSET",
            Verb::Noop => "NOOP",
            Verb::Quit => "QUIT",
            Verb::Vrfy => "VRFY",
            Verb::Expn => "EXPN",
            Verb::Help => "HELP",
            Verb::StartTls => "STARTTLS",
            Verb::Unknown => "XYZZY",
        }
    }
}

/// What stands behind MAIL and RCPT.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Argument {
    #[default]
    Plain,
    /// This mailbox; empty: the null sender.
    Path(String),
    BadPath,
    NoKeyword,
}

/// A command, and the body or chunk behind it.
#[derive(Clone, Debug, Default)]
pub struct Said {
    pub verb: Verb,
    /// The verb as it is written.
    pub name: String,
    pub text: String,
    pub argument: Argument,
    pub parameter: Option<String>,
    pub body: Option<Vec<u8>>,
    pub chunk: Option<(Vec<u8>, bool)>,
}

/// CRLF for each bare CR or LF.
fn mended(body: &[u8]) -> Vec<u8> {
    let mut mended = Vec::new();
    for (place, octet) in body.iter().enumerate() {
        match octet {
            b'\n' if place > 0 && body[place - 1] == b'\r' => {}
            b'\r' | b'\n' => mended.extend_from_slice(b"\r\n"),
            _ => mended.push(*octet),
        }
    }
    mended
}

impl Said {
    fn line(&self) -> String {
        if self.text.is_empty() { self.name.clone() } else { format!("{} {}", self.name, self.text) }
    }

    /// All of it as it goes over the wire.
    pub fn octets(&self) -> Vec<u8> {
        let mut out = format!("{}\r\n", self.line()).into_bytes();
        if let Some(body) = &self.body {
            let begin = out.len();
            for &octet in body {
                if octet == b'.' && (out.len() == begin || out.ends_with(b"\r\n")) {
                    out.push(b'.');
                }
                out.push(octet);
            }
            out.extend_from_slice(b".\r\n");
        }
        if let Some((chunk, _)) = &self.chunk {
            out.extend_from_slice(chunk);
        }
        out
    }
}

/// A reply that must come.
#[derive(Debug)]
pub struct Expected {
    pub to: String,
    pub codes: Vec<u16>,
}

/// A mail that must be there.
#[derive(Clone, Debug, Default)]
pub struct Mail {
    pub from: String,
    pub to: Vec<String>,
    pub body: Vec<u8>,
    chunked: bool,
    failed: bool,
    refused_any: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hello {
    None,
    Helo,
    Extended,
}

/// The server as it must be.
pub struct Model {
    rules: Rules,
    hello: Hello,
    mail: Option<Mail>,
    mails: Vec<Mail>,
    replies: Vec<Expected>,
    over: bool,
}

impl Model {
    pub fn new(rules: Rules) -> Model {
        let greeting = Expected { to: "the connection".into(), codes: vec![220] };
        Model { rules, hello: Hello::None, mail: None, mails: Vec::new(), replies: vec![greeting], over: false }
    }

    pub fn rules(&self) -> Rules {
        self.rules
    }

    pub fn replies(&self) -> &[Expected] {
        &self.replies
    }

    pub fn mails(&self) -> &[Mail] {
        &self.mails
    }

    pub fn is_over(&self) -> bool {
        self.over
    }

    /// What a client that wants to send mail says now; none where several things do.
    pub fn next_step(&self) -> Option<Verb> {
        match &self.mail {
            _ if self.hello == Hello::None => Some(if self.rules.lmtp { Verb::Lhlo } else { Verb::Ehlo }),
            None => Some(Verb::Mail),
            Some(mail) if mail.chunked => Some(Verb::Bdat),
            Some(mail) if mail.to.is_empty() => Some(Verb::Rcpt),
            Some(_) => None,
        }
    }

    /// DATA would be answered with 354.
    pub fn takes_data(&self) -> bool {
        self.mail.as_ref().is_some_and(|mail| !mail.to.is_empty() && !mail.chunked)
    }

    /// Takes a command: adds the replies that must come, and the mail that must be there.
    pub fn hear(&mut self, said: &Said) {
        let line = said.line();
        let codes = match said.verb {
            Verb::Bdat => return self.hear_chunk(said),
            // The line is one octet over the limit at least.
            _ if line.len() + 2 > self.rules.line => vec![500, 501],
            Verb::Ehlo | Verb::Helo | Verb::Lhlo => self.hear_hello(said),
            Verb::Mail => self.hear_mail(said),
            Verb::Rcpt => self.hear_rcpt(said),
            Verb::Data => return self.hear_data(said),
            Verb::Rset | Verb::Quit | Verb::StartTls if !said.text.is_empty() => vec![501],
            Verb::Rset => {
                self.mail = None;
                vec![250]
            }
            Verb::Noop => vec![250],
            Verb::Quit => {
                self.over = true;
                vec![221]
            }
            Verb::Vrfy | Verb::Expn if said.text.is_empty() => vec![501, 502],
            Verb::Vrfy => vec![250, 251, 252],
            Verb::Expn if self.rules.expn => vec![250, 252, 550],
            Verb::Expn | Verb::StartTls => vec![502],
            Verb::Help => vec![211, 214, 502],
            Verb::Unknown => vec![500],
        };
        self.expect(line, codes);
    }

    fn expect(&mut self, to: String, codes: Vec<u16>) {
        self.replies.push(Expected { to, codes });
    }

    fn hear_hello(&mut self, said: &Said) -> Vec<u16> {
        if said.text.is_empty() {
            return vec![501];
        }
        if (said.verb == Verb::Lhlo) != self.rules.lmtp {
            return vec![500, 502, 503];
        }
        self.hello = if said.verb == Verb::Helo { Hello::Helo } else { Hello::Extended };
        self.mail = None;
        vec![250]
    }

    /// Faults of a command's argument and of its moment: any of them may be told where there are several.
    fn faults(&self, said: &Said, in_order: bool, order: &[u16]) -> Vec<u16> {
        let mut faults = Vec::new();
        match &said.argument {
            Argument::Path(_) => {}
            _ => faults.extend([501, 553]),
        }
        if !in_order {
            faults.extend_from_slice(order);
        }
        if let Some(parameter) = &said.parameter {
            let (keyword, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let known = match keyword {
                "SIZE" | "BODY" => true,
                "RET" | "NOTIFY" | "ORCPT" => self.rules.dsn,
                "SMTPUTF8" => self.rules.smtputf8,
                _ => false,
            };
            let good = match (keyword, value) {
                ("SIZE", digits) if !digits.bytes().all(|digit| digit.is_ascii_digit()) => false,
                ("SIZE", "301") if self.rules.size != 0 => {
                    faults.push(552);
                    true
                }
                ("BODY", "9BIT") | ("NOTIFY", "NEVER,DELAY") => false,
                _ => true,
            };
            if self.hello == Hello::Helo || !known {
                faults.push(555);
            }
            if !good {
                faults.extend([501, 555]);
            }
        }
        faults
    }

    fn hear_mail(&mut self, said: &Said) -> Vec<u16> {
        let in_order = self.hello != Hello::None && self.mail.is_none();
        let faults = self.faults(said, in_order, &[503]);
        if !faults.is_empty() {
            return faults;
        }
        let Argument::Path(from) = &said.argument else { unreachable!("a fault") };
        if from.starts_with("no") {
            return vec![550];
        }
        self.mail = Some(Mail { from: from.clone(), ..Mail::default() });
        vec![250]
    }

    fn hear_rcpt(&mut self, said: &Said) -> Vec<u16> {
        let in_order = self.mail.as_ref().is_some_and(|mail| !mail.chunked);
        let faults = self.faults(said, in_order, &[503]);
        let full = self.mail.as_ref().is_some_and(|mail| mail.to.len() >= self.rules.recipients);
        let Some(mail) = self.mail.as_mut() else { return faults };
        let Argument::Path(to) = &said.argument else {
            mail.refused_any |= !mail.chunked;
            return faults;
        };
        if !faults.is_empty() {
            mail.refused_any |= in_order;
            return faults;
        }
        if full {
            return vec![452];
        }
        if to.starts_with("no") {
            mail.refused_any = true;
            return vec![550];
        }
        mail.to.push(to.clone());
        vec![250]
    }

    /// After a refusal of all recipients both of RFC 5321's codes are right (3.3); LMTP has 503 (RFC 2033, 4.2).
    fn without_recipients(&self) -> Vec<u16> {
        vec![503, 554]
    }

    fn hear_data(&mut self, said: &Said) {
        let line = said.line();
        if !said.text.is_empty() {
            let codes = if self.mail.is_none() { vec![501, 503] } else { vec![501] };
            return self.expect(line, codes);
        }
        let Some(body) = &said.body else {
            let codes = match &self.mail {
                Some(mail) if mail.to.is_empty() && !mail.chunked => self.without_recipients(),
                _ => vec![503],
            };
            return self.expect(line, codes);
        };
        self.expect(line, vec![354]);
        if let Some(mail) = self.mail.take() {
            self.verdict(Mail { body: mended(body), ..mail });
        }
    }

    /// The message is there: taken unless it is too large; by LMTP for each recipient.
    fn verdict(&mut self, mail: Mail) {
        let large = self.rules.size != 0 && mail.body.len() as u64 > self.rules.size;
        let replies = if self.rules.lmtp { mail.to.len() } else { 1 };
        let codes = match (mail.failed, large) {
            (true, _) => vec![503, 552],
            (false, true) => vec![552],
            (false, false) => vec![250],
        };
        for _ in 0..replies {
            self.expect("the message".into(), codes.clone());
        }
        if !mail.failed && !large {
            self.mails.push(mail);
        }
    }

    fn hear_chunk(&mut self, said: &Said) {
        let line = said.line();
        let Some((octets, last)) = &said.chunk else { unreachable!("BDAT has a chunk") };
        let extended = self.hello == Hello::Extended;
        if !self.rules.chunking {
            return self.expect(line, vec![502, 503, 500]);
        }
        match self.mail.as_mut().filter(|mail| !mail.to.is_empty() && extended) {
            None => {
                let codes = vec![503, 554];
                self.expect(line, codes);
            }
            Some(mail) => {
                mail.chunked = true;
                mail.body.extend_from_slice(octets);
                let large = self.rules.size != 0 && mail.body.len() as u64 > self.rules.size;
                if *last {
                    let mail = self.mail.take().unwrap_or_default();
                    return self.verdict(mail);
                }
                let codes = match (mail.failed, large) {
                    (true, _) => vec![503],
                    (false, true) => vec![552],
                    (false, false) => vec![250],
                };
                mail.failed |= large;
                self.expect(line, codes);
            }
        }
    }
}
