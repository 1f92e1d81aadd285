//! A dialogue as data: what a server says and what it must hear, one act a line. `tests/wire/README.md` describes the
//! format; [`parse`] reads it, [`super::scripted`] performs it.

use std::fmt;

/// One act of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Send these bytes (`S:` has its CRLF already).
    Say(Vec<u8>),
    /// Send these bytes up to `times` times, until the client goes away (`S*` and `S*<`).
    SayOften { times: u64, bytes: Vec<u8> },
    /// Send one byte every `millis` until the client goes away (`DRIP`).
    Drip { millis: u64, bytes: Vec<u8> },
    /// The next line must be exactly this, CRLF included (`C:`).
    Hear(Vec<u8>),
    /// So many lines, each exactly this (`C*`).
    HearOften { times: u64, line: Vec<u8> },
    /// The next line, without its CRLF, must match: `*` any bytes, `?` one byte (`C~`).
    HearLike(Vec<u8>),
    /// Everything up to and with CRLF.CRLF; exactly these bytes when given (`C.`).
    HearBody(Option<Vec<u8>>),
    /// So many bytes; exactly these when given (`CB`).
    HearBytes(usize, Option<Vec<u8>>),
    /// The client closes, and has sent nothing more (`WAIT close`).
    WaitClose,
    /// The client resets the connection (`WAIT reset`).
    WaitReset,
    /// The server ends its side; what the client still sends is ignored (`CLOSE`).
    Close,
    /// The server resets the connection (`RESET`).
    Reset,
    /// Say nothing, read and forget everything until the client goes away (`HANG`).
    Hang,
    /// Neither say nor read anything until the client goes away (`DEAF`).
    Deaf,
    /// From here send at most so many bytes at a time, 0 for no limit (`SPLIT`).
    Split(usize),
}

/// An act and the line of the script on which it stands.
#[derive(Clone, Debug)]
pub struct Line {
    pub number: usize,
    pub act: Act,
}

/// The acts of each connection, in the order in which the connections come.
#[derive(Clone, Debug, Default)]
pub struct Script {
    pub connections: Vec<Vec<Line>>,
}

/// Why a script cannot be read.
#[derive(Debug)]
pub struct ScriptError {
    pub line: usize,
    pub why: String,
}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} of the dialogue: {}", self.line, self.why)
    }
}

/// Reads a whole dialogue. Empty lines and lines that begin with `#` are skipped, indentation is ignored.
pub fn parse(text: &str) -> Result<Script, ScriptError> {
    let mut script = Script { connections: vec![Vec::new()] };
    for (number, line) in (1..).zip(text.lines()) {
        script.add(number, line).map_err(|why| ScriptError { line: number, why })?;
    }
    Ok(script)
}

impl Script {
    /// Adds one line of the format; `number` is the line that reports name.
    pub fn add(&mut self, number: usize, line: &str) -> Result<(), String> {
        let line = line.trim_start();
        if line.is_empty() || line.starts_with('#') {
            return Ok(());
        }
        if self.connections.is_empty() {
            self.connections.push(Vec::new());
        }
        if let Some(which) = line.strip_prefix("CONNECTION ") {
            let which: usize = number_of(which)?;
            // The first connection may be announced too; it is there from the beginning.
            if which == 1 && self.connections.len() == 1 && self.connections[0].is_empty() {
                return Ok(());
            }
            if which != self.connections.len() + 1 {
                return Err(format!("connection {} would be the next", self.connections.len() + 1));
            }
            self.connections.push(Vec::new());
            return Ok(());
        }
        let act = parse_act(line)?;
        if let Some(connection) = self.connections.last_mut() {
            connection.push(Line { number, act });
        }
        Ok(())
    }
}

fn parse_act(line: &str) -> Result<Act, String> {
    // The longer marks first, so that `S*<` is not taken for `S*`.
    if let Some(rest) = line.strip_prefix("S*<") {
        let (times, text) = counted(rest)?;
        return Ok(Act::SayOften { times, bytes: unescape(text)? });
    }
    if let Some(rest) = line.strip_prefix("S*") {
        let (times, text) = counted(rest)?;
        return Ok(Act::SayOften { times, bytes: with_crlf(unescape(text)?) });
    }
    if let Some(rest) = line.strip_prefix("S:") {
        return Ok(Act::Say(with_crlf(unescape(after_space(rest))?)));
    }
    if let Some(rest) = line.strip_prefix("S<") {
        return Ok(Act::Say(unescape(after_space(rest))?));
    }
    if let Some(rest) = line.strip_prefix("C*") {
        let (times, text) = counted(rest)?;
        return Ok(Act::HearOften { times, line: with_crlf(unescape(text)?) });
    }
    if let Some(rest) = line.strip_prefix("C:") {
        return Ok(Act::Hear(with_crlf(unescape(after_space(rest))?)));
    }
    if let Some(rest) = line.strip_prefix("C~") {
        return Ok(Act::HearLike(unescape_glob(after_space(rest))?));
    }
    if let Some(rest) = line.strip_prefix("C.") {
        let rest = after_space(rest);
        return Ok(Act::HearBody(if rest.is_empty() { None } else { Some(unescape(rest)?) }));
    }
    if let Some(rest) = line.strip_prefix("CB ") {
        let (count, text) = counted(rest)?;
        let count = usize::try_from(count).map_err(|_| "too large a number".to_string())?;
        let expected = if text.is_empty() { None } else { Some(unescape(text)?) };
        if let Some(bytes) = &expected
            && bytes.len() != count
        {
            return Err(format!("says {count} bytes but holds {}", bytes.len()));
        }
        return Ok(Act::HearBytes(count, expected));
    }
    if let Some(rest) = line.strip_prefix("DRIP ") {
        let (millis, text) = counted(rest)?;
        return Ok(Act::Drip { millis, bytes: unescape(text)? });
    }
    if let Some(rest) = line.strip_prefix("SPLIT ") {
        return Ok(Act::Split(number_of(rest)?));
    }
    match line.trim_end() {
        "WAIT close" => Ok(Act::WaitClose),
        "WAIT reset" => Ok(Act::WaitReset),
        "CLOSE" => Ok(Act::Close),
        "RESET" => Ok(Act::Reset),
        "HANG" => Ok(Act::Hang),
        "DEAF" => Ok(Act::Deaf),
        _ => Err(format!("not an act of a dialogue: {line:?}")),
    }
}

fn after_space(rest: &str) -> &str {
    rest.strip_prefix(' ').unwrap_or(rest)
}

fn with_crlf(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.extend_from_slice(b"\r\n");
    bytes
}

fn number_of<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.trim().parse().map_err(|_| format!("not a number: {text:?}"))
}

/// A number, a space, and the text after it.
fn counted(rest: &str) -> Result<(u64, &str), String> {
    let rest = rest.trim_start();
    let (count, text) = rest.split_once(' ').unwrap_or((rest, ""));
    Ok((number_of(count)?, text))
}

/// Turns `\r \n \t \0 \\ \s` (a space) and `\xHH` into bytes.
pub fn unescape(text: &str) -> Result<Vec<u8>, String> {
    unescape_with(text, |_| None)
}

/// As [`unescape`], but `\*`, `\?` and `\\` stay escaped for the pattern.
fn unescape_glob(text: &str) -> Result<Vec<u8>, String> {
    unescape_with(text, |c| if matches!(c, '*' | '?' | '\\') { Some([b'\\', c as u8]) } else { None })
}

fn unescape_with(text: &str, kept: impl Fn(char) -> Option<[u8; 2]>) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        let next = chars.next();
        if let Some(pair) = next.and_then(&kept) {
            out.extend_from_slice(&pair);
            continue;
        }
        match next {
            Some('r') => out.push(b'\r'),
            Some('n') => out.push(b'\n'),
            Some('t') => out.push(b'\t'),
            Some('0') => out.push(0),
            Some('s') => out.push(b' '),
            Some('\\') => out.push(b'\\'),
            Some('x') => {
                let digits: String = chars.by_ref().take(2).collect();
                let byte = u8::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 2);
                out.push(byte.ok_or_else(|| format!("not two hex digits: \\x{digits}"))?);
            }
            Some(c) => return Err(format!("unknown escape \\{c}")),
            None => return Err("a backslash at the end".into()),
        }
    }
    Ok(out)
}

/// Bytes as the format writes them, long ones cut in the middle.
pub fn escape(bytes: &[u8]) -> String {
    const SHOWN: usize = 400;
    if bytes.len() > 2 * SHOWN {
        let (head, tail) = (&bytes[..SHOWN], &bytes[bytes.len() - SHOWN..]);
        return format!("{} ... {} bytes ... {}", escape(head), bytes.len() - 2 * SHOWN, escape(tail));
    }
    let mut out = String::new();
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\r' => out.push_str("\\r"),
                '\n' => out.push_str("\\n"),
                '\t' => out.push_str("\\t"),
                '\0' => out.push_str("\\0"),
                '\\' => out.push_str("\\\\"),
                c if c.is_control() => out.extend(c.to_string().bytes().map(|b| format!("\\x{b:02x}"))),
                c => out.push(c),
            }
        }
        out.extend(chunk.invalid().iter().map(|b| format!("\\x{b:02x}")));
    }
    out
}

/// Whether `text` matches `pattern`: `*` any bytes, `?` one byte, `\*` and `\?` those characters.
pub fn matches(pattern: &[u8], text: &[u8]) -> bool {
    // The usual two-pointer match: on a difference go back to the last star and let it take one byte more.
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        let escaped = pattern.get(p) == Some(&b'\\') && p + 1 < pattern.len();
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
                continue;
            }
            Some(_) if escaped && pattern[p + 1] == text[t] => {
                (p, t) = (p + 2, t + 1);
                continue;
            }
            Some(&c) if !escaped && (c == b'?' || c == text[t]) => {
                (p, t) = (p + 1, t + 1);
                continue;
            }
            _ => {}
        }
        let Some((at, taken)) = star else { return false };
        star = Some((at, taken + 1));
        (p, t) = (at + 1, taken + 1);
    }
    pattern[p..].iter().all(|&c| c == b'*')
}
