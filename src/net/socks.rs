//! The client's side of SOCKS 4, 4a and 5 (RFC 1928, RFC 1929), without a socket: bytes in, bytes out.
//!
//! It says how many bytes it wants next and never wants one too many: what comes after the proxy's last word belongs
//! to the server behind it.

use crate::sasl::Secret;
use core::fmt;
use std::net::IpAddr;
use zeroize::Zeroizing;

/// The version spoken in one dialogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// Version 4; a name makes it 4a.
    V4,
    /// Version 5.
    V5,
}

/// The host behind the proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A name that the proxy looks up.
    Name(String),
    /// An address.
    Address(IpAddr),
}

/// What the proxy may be told about the user.
#[derive(Clone, Debug, Default)]
pub struct Login {
    /// Version 5 may go on without authentication.
    pub none: bool,
    /// Version 5 may send user and password.
    pub password_allowed: bool,
    /// The user.
    pub user: Option<String>,
    /// The password.
    pub password: Option<Secret>,
}

/// Why there is no way through the proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SocksError {
    /// Something cannot be said in this version; nothing was sent.
    Argument(&'static str),
    /// The first answer is none of this version's, or did not come: it may speak another.
    NotSpoken(String),
    /// The proxy could not reach the host.
    Unreachable(&'static str),
    /// The proxy refused, or broke its protocol.
    Refused(String),
}

impl fmt::Display for SocksError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SocksError::Argument(why) => f.write_str(why),
            SocksError::NotSpoken(why) | SocksError::Refused(why) => f.write_str(why),
            SocksError::Unreachable(why) => write!(f, "the proxy says: {why}"),
        }
    }
}

/// One dialogue with a proxy.
pub struct Socks {
    version: Version,
    state: State,
    methods: u8,
    /// Everything that is to be said, made beforehand, so that nothing is sent when one part cannot be.
    login: Zeroizing<Vec<u8>>,
    request: Vec<u8>,
    out: Zeroizing<Vec<u8>>,
    sent: usize,
    answer: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Version 4: the only answer, 8 octets.
    Reply4,
    /// Version 5: which method.
    Method,
    /// Version 5: whether user and password are right.
    Login,
    /// Version 5: version and result.
    Reply5,
    /// Version 5: what kind of address follows.
    Bound,
    /// Version 5: the address and port, so many octets.
    Address(usize),
    /// Version 5: the length of the name that is the address.
    NameLength,
    Done,
}

const NO_AUTHENTICATION: u8 = 0;
const USER_AND_PASSWORD: u8 = 2;
const NONE_ACCEPTABLE: u8 = 0xff;

impl Socks {
    /// A dialogue that asks for `destination`. All arguments are checked here.
    pub fn new(version: Version, destination: &Destination, port: u16, login: &Login) -> Result<Self, SocksError> {
        let mut socks = Socks {
            version,
            state: State::Done,
            methods: 0,
            login: Zeroizing::default(),
            request: Vec::new(),
            out: Zeroizing::default(),
            sent: 0,
            answer: Vec::new(),
        };
        match version {
            Version::V4 => {
                socks.out = Zeroizing::new(request4(destination, port, login)?);
                socks.state = State::Reply4;
            }
            Version::V5 => {
                socks.request = request5(destination, port)?;
                let mut greeting = vec![5, 0];
                if login.none {
                    greeting.push(NO_AUTHENTICATION);
                }
                if login.password_allowed {
                    greeting.push(USER_AND_PASSWORD);
                    socks.login = login5(login)?;
                }
                socks.methods = (greeting.len() - 2) as u8;
                if socks.methods == 0 {
                    return Err(SocksError::Argument("no way to authenticate to the proxy is allowed"));
                }
                greeting[1] = socks.methods;
                socks.out = Zeroizing::new(greeting);
                socks.state = State::Method;
            }
        }
        Ok(socks)
    }

    /// What is to be sent now.
    pub fn outgoing(&self) -> &[u8] {
        &self.out[self.sent..]
    }

    /// So many octets of it were sent.
    pub fn sent(&mut self, count: usize) {
        self.sent = (self.sent + count).min(self.out.len());
    }

    /// How many octets to read next at most. None while something is to be sent, or when all is said.
    pub fn wanted(&self) -> usize {
        if self.outgoing().is_empty() { self.missing() } else { 0 }
    }

    /// Whether the way to the host is open.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Whether the proxy has answered anything yet.
    pub fn has_answered(&self) -> bool {
        !self.answer.is_empty() || !matches!(self.state, State::Reply4 | State::Method)
    }

    /// Takes what was read, up to what was wanted; says how much that was.
    pub fn receive(&mut self, bytes: &[u8]) -> Result<usize, SocksError> {
        let taken = self.missing().min(bytes.len());
        self.answer.extend_from_slice(&bytes[..taken]);
        // A wrong first octet is told at once: the rest of a foreign protocol's answer may never come.
        if let Some(&first) = self.answer.first() {
            self.check_first(first)?;
        }
        if self.missing() == 0 {
            self.step()?;
        }
        Ok(taken)
    }

    /// The connection to the proxy ended before all was said.
    pub fn ended(&self) -> SocksError {
        if !self.has_answered() {
            return SocksError::NotSpoken("the proxy closed the connection without an answer".to_owned());
        }
        SocksError::Refused(format!(
            "the proxy closed the connection in the middle of its answer, {} octets short",
            self.missing()
        ))
    }

    fn expected(&self) -> usize {
        match self.state {
            State::Reply4 => 8,
            State::Method | State::Login | State::Reply5 | State::Bound => 2,
            State::NameLength => 1,
            State::Address(length) => length,
            State::Done => 0,
        }
    }

    fn missing(&self) -> usize {
        self.expected() - self.answer.len()
    }

    fn check_first(&self, first: u8) -> Result<(), SocksError> {
        let (right, what) = match self.state {
            State::Reply4 => (0, "version 4"),
            State::Method => (5, "version 5"),
            State::Login => (1, "version 5's authentication"),
            State::Reply5 => (5, "version 5"),
            _ => return Ok(()),
        };
        if first == right {
            return Ok(());
        }
        let text = format!("the proxy does not speak SOCKS {what}: its answer begins with {first}");
        match self.state {
            State::Reply4 | State::Method => Err(SocksError::NotSpoken(text)),
            _ => Err(SocksError::Refused(text)),
        }
    }

    /// The answer that was waited for is complete.
    fn step(&mut self) -> Result<(), SocksError> {
        let answer = core::mem::take(&mut self.answer);
        let second = answer.get(1).copied().unwrap_or(0);
        match self.state {
            State::Reply4 => self.state = result4(second).map(|()| State::Done)?,
            State::Method => self.method(second)?,
            State::Login if second == 0 => {
                let request = core::mem::take(&mut self.request);
                self.say(request, State::Reply5);
            }
            State::Login => return Err(SocksError::Refused("the proxy refused the user or the password".to_owned())),
            State::Reply5 => self.state = result5(second).map(|()| State::Bound)?,
            State::Bound => {
                self.state = match second {
                    1 => State::Address(4 + 2),
                    4 => State::Address(16 + 2),
                    3 => State::NameLength,
                    kind => {
                        let text = format!("the proxy's answer holds an address of an unknown kind, {kind}");
                        return Err(SocksError::Refused(text));
                    }
                }
            }
            State::NameLength => {
                self.state = State::Address(usize::from(answer.first().copied().unwrap_or(0)) + 2);
            }
            State::Address(_) | State::Done => self.state = State::Done,
        }
        Ok(())
    }

    fn method(&mut self, method: u8) -> Result<(), SocksError> {
        match method {
            NO_AUTHENTICATION if self.methods == 2 || self.login.is_empty() => {
                let request = core::mem::take(&mut self.request);
                self.say(request, State::Reply5);
                Ok(())
            }
            USER_AND_PASSWORD if !self.login.is_empty() => {
                self.out = core::mem::take(&mut self.login);
                self.sent = 0;
                self.state = State::Login;
                Ok(())
            }
            NONE_ACCEPTABLE => Err(SocksError::Refused(match self.login.is_empty() {
                true => "the proxy asks for authentication: give it a user and a password".to_owned(),
                false => "the proxy takes none of the ways to authenticate that are allowed".to_owned(),
            })),
            other => {
                Err(SocksError::Refused(format!("the proxy chose a way to authenticate that was not offered, {other}")))
            }
        }
    }

    fn say(&mut self, words: Vec<u8>, next: State) {
        self.out = Zeroizing::new(words);
        self.sent = 0;
        self.state = next;
    }
}

impl fmt::Debug for Socks {
    /// Without what is sent: a password may be in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socks").field("version", &self.version).field("state", &self.state).finish_non_exhaustive()
    }
}

fn request4(destination: &Destination, port: u16, login: &Login) -> Result<Vec<u8>, SocksError> {
    let user = login.user.as_deref().unwrap_or("");
    if user.contains('\0') {
        return Err(SocksError::Argument("the proxy's user holds a NUL, which ends it in SOCKS version 4"));
    }
    if user.len() > 255 {
        return Err(SocksError::Argument("the proxy's user is longer than 255 octets"));
    }
    let mut request = vec![4, 1];
    request.extend(port.to_be_bytes());
    match destination {
        Destination::Address(IpAddr::V4(address)) => {
            request.extend(address.octets());
            request.extend(user.bytes());
            request.push(0);
        }
        Destination::Address(IpAddr::V6(_)) => {
            return Err(SocksError::Argument("SOCKS version 4 cannot reach an IPv6 address: use version 5"));
        }
        Destination::Name(name) => {
            check_name(name)?;
            // An address that cannot be one says that a name follows.
            request.extend([0, 0, 0, 1]);
            request.extend(user.bytes());
            request.push(0);
            request.extend(name.bytes());
            request.push(0);
        }
    }
    Ok(request)
}

fn request5(destination: &Destination, port: u16) -> Result<Vec<u8>, SocksError> {
    let mut request = vec![5, 1, 0];
    match destination {
        Destination::Address(IpAddr::V4(address)) => {
            request.push(1);
            request.extend(address.octets());
        }
        Destination::Address(IpAddr::V6(address)) => {
            request.push(4);
            request.extend(address.octets());
        }
        Destination::Name(name) => {
            check_name(name)?;
            request.extend([3, name.len() as u8]);
            request.extend(name.bytes());
        }
    }
    request.extend(port.to_be_bytes());
    Ok(request)
}

fn login5(login: &Login) -> Result<Zeroizing<Vec<u8>>, SocksError> {
    let user = login.user.as_deref().unwrap_or("");
    let password = login.password.as_ref().map_or("", Secret::expose);
    if user.is_empty() {
        return Err(SocksError::Argument("the proxy's user is missing"));
    }
    if user.len() > 255 {
        return Err(SocksError::Argument("the proxy's user is longer than 255 octets"));
    }
    if password.len() > 255 {
        return Err(SocksError::Argument("the proxy's password is longer than 255 octets"));
    }
    if user.contains('\0') || password.contains('\0') {
        return Err(SocksError::Argument(
            "the proxy's user or password holds a NUL, which many proxies take for its end",
        ));
    }
    // All its room at once: a copy left behind by growing would not be wiped.
    let mut words = Zeroizing::new(Vec::with_capacity(3 + user.len() + password.len()));
    words.extend([1, user.len() as u8]);
    words.extend(user.bytes());
    words.push(password.len() as u8);
    words.extend(password.bytes());
    Ok(words)
}

fn check_name(name: &str) -> Result<(), SocksError> {
    if name.is_empty() || name.len() > 255 {
        return Err(SocksError::Argument("the host name is empty or longer than 255 octets"));
    }
    if name.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(SocksError::Argument("the host name holds a space or a control character"));
    }
    Ok(())
}

fn result4(code: u8) -> Result<(), SocksError> {
    match code {
        90 => Ok(()),
        91 => Err(SocksError::Refused("the proxy refused the connection or could not make it".to_owned())),
        92 => Err(SocksError::Refused("the proxy could not ask this machine's identd for the user".to_owned())),
        93 => Err(SocksError::Refused("the proxy says that identd names another user".to_owned())),
        code => Err(SocksError::Refused(format!("the proxy answered with an unknown result, {code}"))),
    }
}

fn result5(code: u8) -> Result<(), SocksError> {
    match code {
        0 => Ok(()),
        1 => Err(SocksError::Refused("the proxy failed".to_owned())),
        2 => Err(SocksError::Refused("the proxy's rules forbid this connection".to_owned())),
        3 => Err(SocksError::Unreachable("network unreachable")),
        4 => Err(SocksError::Unreachable("host unreachable")),
        5 => Err(SocksError::Unreachable("connection refused by the host")),
        6 => Err(SocksError::Unreachable("the way to the host is too long")),
        7 => Err(SocksError::Refused("the proxy does not make outgoing connections".to_owned())),
        8 => Err(SocksError::Refused("the proxy does not know this kind of address".to_owned())),
        code => Err(SocksError::Refused(format!("the proxy answered with an unknown result, {code}"))),
    }
}
