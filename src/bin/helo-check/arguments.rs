//! The command line.

use helo::faces::wishes::Face;
use helo::policy::did_you_mean;
use helo::proto::address::{ForwardPath, ReversePath};
use lexopt::Arg::{Long, Short, Value};
use std::ffi::OsString;
use std::path::PathBuf;

pub const HELP: &str = "\
helo-check [options] [HOST [PORT]]

Says what libhelo's policy makes of a program's mail: which file holds, which
section, which server, encryption and login. HOST and PORT are what the program
asks for: a name, an address, HOST:PORT or a URL. Without HOST: what holds for
programs that name none.

  --try            connect, encrypt, log in, and show the dialogue. No mail is
                   sent, and no password is shown
  --from ADDRESS   with --try: ask the server whether it takes mail from this
                   sender (MAIL, then RSET: nothing is delivered)
  --to ADDRESS     with --try and --from: and to this recipient (RCPT); can be
                   given several times
  --size OCTETS    with --try and --from: and of this size
  --config FILE    this policy file, in place of the one that would be found
  --face FACE      the API that the program uses: helo (the default), distinct or
                   netx-client. They differ in their limits of time, and programs
                   of netx-client name addresses only
  --help           this text
  --version        the version

Exit status: 0 all is well, 1 the policy is wrong or cannot work, 2 wrong usage,
3 the attempt failed, or the server refused the sender or a recipient.";

/// The options, for a word about one that is mistyped.
const OPTIONS: [&str; 8] = ["try", "from", "to", "size", "config", "face", "help", "version"];

/// What is wanted.
pub enum Action {
    Help,
    Version,
    Check(Arguments),
}

/// What is to be checked.
pub struct Arguments {
    /// The attempt, if one is wanted.
    pub attempt: Option<Attempt>,
    pub config: Option<PathBuf>,
    pub face: Face,
    /// As the program says it.
    pub host: String,
    pub port: Option<u16>,
}

/// What an attempt asks the server beyond the login.
#[derive(Default)]
pub struct Attempt {
    pub from: Option<ReversePath>,
    pub to: Vec<ForwardPath>,
    pub size: Option<u64>,
}

impl Attempt {
    fn asks(&self) -> bool {
        self.from.is_some() || !self.to.is_empty() || self.size.is_some()
    }
}

/// Reads the arguments; the error is for people.
pub fn parse(given: impl IntoIterator<Item = OsString>) -> Result<Action, String> {
    let mut arguments = Arguments { attempt: None, config: None, face: Face::Helo, host: String::new(), port: None };
    let mut places = Vec::new();
    let (mut is_tried, mut asked) = (false, Attempt::default());
    let mut given = lexopt::Parser::from_args(given);
    let words = |why: lexopt::Error| why.to_string();
    while let Some(argument) = given.next().map_err(words)? {
        match argument {
            Short('h') | Long("help") => return Ok(Action::Help),
            Short('V') | Long("version") => return Ok(Action::Version),
            Long("try") => is_tried = true,
            Long("from") => {
                let text = text(given.value().map_err(words)?)?;
                asked.from = Some(ReversePath::parse(&text).map_err(|why| format!("{why} ({text:?})"))?);
            }
            Long("to") => {
                let text = text(given.value().map_err(words)?)?;
                asked.to.push(ForwardPath::parse(&text).map_err(|why| format!("{why} ({text:?})"))?);
            }
            Long("size") => {
                let size = text(given.value().map_err(words)?)?;
                asked.size = Some(size.parse().map_err(|_| "the size is not a number of octets")?);
            }
            Long("config") => arguments.config = Some(given.value().map_err(words)?.into()),
            Long("face") => arguments.face = face(&given.value().map_err(words)?)?,
            Value(place) => places.push(place),
            Long(name) => {
                let near = did_you_mean(name, OPTIONS).map(|near| format!("; did you mean --{near}?"));
                return Err(format!("there is no option --{name}{}", near.unwrap_or_default()));
            }
            Short(_) => return Err(words(argument.unexpected())),
        }
    }
    match (is_tried, asked.from.is_some()) {
        (true, false) if asked.asks() => {
            return Err("--to and --size go with --from: the sender is named first".to_owned());
        }
        (true, _) => arguments.attempt = Some(asked),
        (false, _) if asked.asks() => return Err("--from, --to and --size go with --try".to_owned()),
        (false, _) => {}
    }
    let mut places = places.into_iter();
    if let Some(host) = places.next() {
        arguments.host = host.into_string().map_err(|_| "the host is not UTF-8")?;
    }
    if let Some(port) = places.next() {
        let port = port.to_str().and_then(|port| port.parse().ok()).filter(|port| *port != 0);
        arguments.port = Some(port.ok_or("the port is not a number from 1 to 65535")?);
    }
    if places.next().is_some() {
        return Err("too many arguments: a host and a port are all".to_owned());
    }
    Ok(Action::Check(arguments))
}

fn text(value: OsString) -> Result<String, String> {
    value.into_string().map_err(|_| "an address is not UTF-8".to_owned())
}

fn face(name: &OsString) -> Result<Face, String> {
    match name.to_str() {
        Some("helo") => Ok(Face::Helo),
        Some("distinct") => Ok(Face::Distinct),
        Some("netx-client") => Ok(Face::NetxClient),
        _ => Err("the face is none of helo, distinct and netx-client".to_owned()),
    }
}
