//! Whoever issues OAuth tokens, as a mail server sees him: asked over HTTP whether a token holds (RFC 7662).

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// The endpoint; it ends with the test's process.
pub struct Tokens {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// The tokens that hold, whose they are, and whether for one question only.
    valid: BTreeMap<String, (String, bool)>,
    /// The tokens that were asked for, in their order.
    asked: Vec<String>,
}

impl Tokens {
    pub fn start() -> Tokens {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = shared.clone();
                // A client may keep its connection open for the next question.
                std::thread::spawn(move || while answer(&stream, &state).is_ok_and(|more| more) {});
            }
        });
        Tokens { address, state }
    }

    /// Where it is asked.
    pub fn url(&self) -> String {
        format!("http://{}/introspect", self.address)
    }

    /// From now on this token is this user's.
    pub fn issue(&self, token: &str, user: &str) {
        self.state().valid.insert(token.to_owned(), (user.to_owned(), false));
    }

    /// The same, until somebody has asked for it.
    pub fn issue_once(&self, token: &str, user: &str) {
        self.state().valid.insert(token.to_owned(), (user.to_owned(), true));
    }

    /// From now on this token is worth nothing.
    pub fn expire(&self, token: &str) {
        self.state().valid.remove(token);
    }

    /// The tokens that the server has asked for, in their order.
    pub fn asked(&self) -> Vec<String> {
        self.state().asked.clone()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().expect("no other test panics with it")
    }
}

/// Answers one `POST` with `token=...`; false at the end of the connection.
fn answer(stream: &TcpStream, state: &Mutex<State>) -> io::Result<bool> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    let mut line = String::new();
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(false);
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut form = vec![0; length];
    reader.read_exact(&mut form)?;
    let form = String::from_utf8_lossy(&form);
    let token = form.split('&').find_map(|field| field.strip_prefix("token=")).unwrap_or_default().to_owned();
    let json = {
        let mut state = state.lock().map_err(|_| io::Error::other("a test panicked"))?;
        state.asked.push(token.clone());
        let known = state.valid.get(&token).cloned();
        if known.as_ref().is_some_and(|(_, once)| *once) {
            state.valid.remove(&token);
        }
        match known {
            Some((user, _)) => format!(r#"{{"active":true,"username":"{user}"}}"#),
            None => r#"{"active":false}"#.to_owned(),
        }
    };
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", json.len());
    (&*stream).write_all(format!("{head}{json}").as_bytes())?;
    Ok(true)
}
