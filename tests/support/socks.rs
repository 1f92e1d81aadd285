//! A SOCKS proxy for tests: versions 4, 4a and 5, without authentication or with user and password. For a proxy that
//! misbehaves use [`super::scripted`] with `CB` and `S<`.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// How the proxy behaves.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// User and password that version 5 must give; for version 4 the user only.
    pub login: Option<(String, String)>,
    /// Answer each request with this code instead of connecting.
    pub refuse: Option<u8>,
    /// The versions spoken; empty for 4 and 5. To others it closes the connection.
    pub versions: Vec<u8>,
    /// Refuse host names (version 4 without the a; version 5 with code 8).
    pub no_names: bool,
}

/// What a client asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub version: u8,
    /// A name or an address as text.
    pub host: String,
    pub by_name: bool,
    pub port: u16,
    /// User (and for version 5 the password), when given.
    pub user: Option<String>,
    pub password: Option<String>,
}

/// The running proxy.
pub struct SocksProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

struct Shared {
    options: Options,
    requests: Mutex<Vec<Request>>,
    stopping: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
}

impl SocksProxy {
    pub fn start(options: Options) -> SocksProxy {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared {
            options,
            requests: Mutex::default(),
            stopping: AtomicBool::new(false),
            open: Mutex::default(),
        });
        let for_thread = Arc::clone(&shared);
        let acceptor = std::thread::spawn(move || accept(&listener, &for_thread));
        SocksProxy { address, shared, acceptor: Some(acceptor) }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().expect("no panic").clone()
    }
}

impl Drop for SocksProxy {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        for stream in self.shared.open.lock().expect("no panic").drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
        let _ = TcpStream::connect(self.address);
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut threads = Vec::new();
    for client in listener.incoming() {
        if shared.stopping.load(Ordering::SeqCst) {
            break;
        }
        let Ok(client) = client else { continue };
        if let Ok(clone) = client.try_clone() {
            shared.open.lock().expect("no panic").push(clone);
        }
        let for_thread = Arc::clone(shared);
        threads.push(std::thread::spawn(move || {
            // An error is a client that went away or did not speak the protocol.
            let _ = serve(&for_thread, &client);
            let _ = client.shutdown(Shutdown::Both);
        }));
    }
    for stream in shared.open.lock().expect("no panic").drain(..) {
        let _ = stream.shutdown(Shutdown::Both);
    }
    for thread in threads {
        let _ = thread.join();
    }
}

fn serve(shared: &Shared, mut client: &TcpStream) -> io::Result<()> {
    let _ = client.set_nodelay(true);
    let version = byte(client)?;
    let spoken = &shared.options.versions;
    if !spoken.is_empty() && !spoken.contains(&version) {
        return Ok(());
    }
    let asked = match version {
        4 => request4(shared, client)?,
        5 => request5(shared, client)?,
        _ => None,
    };
    let Some(request) = asked else { return Ok(()) };
    let target = (request.host.clone(), request.port);
    shared.requests.lock().expect("no panic").push(request);
    let result = match shared.options.refuse {
        Some(code) => Err(code),
        None => connect(&target).map_err(|_| if version == 4 { 91 } else { 5 }),
    };
    let code = match (&result, version) {
        (Err(code), _) => *code,
        (Ok(_), 4) => 90,
        (Ok(_), _) => 0,
    };
    if version == 4 {
        client.write_all(&[0, code, 0, 0, 0, 0, 0, 0])?;
    } else {
        client.write_all(&[5, code, 0, 1, 127, 0, 0, 1, 0, 0])?;
    }
    if let Ok(server) = result { relay(shared, client, &server) } else { Ok(()) }
}

fn connect((host, port): &(String, u16)) -> io::Result<TcpStream> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for address in (host.as_str(), *port).to_socket_addrs()? {
        match TcpStream::connect(address) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn request4(shared: &Shared, mut client: &TcpStream) -> io::Result<Option<Request>> {
    let mut head = [0; 7];
    client.read_exact(&mut head)?;
    let port = u16::from_be_bytes([head[1], head[2]]);
    let ip = Ipv4Addr::new(head[3], head[4], head[5], head[6]);
    let user = text(until_nul(client)?);
    // 0.0.0.x with x not 0 is version 4a: the name follows.
    let by_name = ip.octets()[..3] == [0, 0, 0] && ip.octets()[3] != 0;
    let host = if by_name { text(until_nul(client)?) } else { ip.to_string() };
    let refused = match &shared.options.login {
        Some((wanted, _)) if *wanted != user => Some(93),
        _ if by_name && shared.options.no_names => Some(91),
        _ if head[0] != 1 => Some(91),
        _ => None,
    };
    if let Some(code) = refused {
        client.write_all(&[0, code, 0, 0, 0, 0, 0, 0])?;
        return Ok(None);
    }
    let user = (!user.is_empty()).then_some(user);
    Ok(Some(Request { version: 4, host, by_name, port, user, password: None }))
}

fn request5(shared: &Shared, mut client: &TcpStream) -> io::Result<Option<Request>> {
    let methods = counted(client)?;
    let wanted = if shared.options.login.is_some() { 2 } else { 0 };
    if !methods.contains(&wanted) {
        client.write_all(&[5, 0xff])?;
        return Ok(None);
    }
    client.write_all(&[5, wanted])?;
    let (mut user, mut password) = (None, None);
    if let Some(login) = &shared.options.login {
        if byte(client)? != 1 {
            return Ok(None);
        }
        let given = (text(counted(client)?), text(counted(client)?));
        let good = given == *login;
        client.write_all(&[1, u8::from(!good)])?;
        if !good {
            return Ok(None);
        }
        (user, password) = (Some(given.0), Some(given.1));
    }
    let mut head = [0; 4];
    client.read_exact(&mut head)?;
    let by_name = head[3] == 3;
    let host = match head[3] {
        1 => Ipv4Addr::from(array::<4>(client)?).to_string(),
        3 => text(counted(client)?),
        4 => Ipv6Addr::from(array::<16>(client)?).to_string(),
        _ => return Ok(None),
    };
    let port = u16::from_be_bytes(array::<2>(client)?);
    let refused = if head[1] != 1 {
        Some(7)
    } else if by_name && shared.options.no_names {
        Some(8)
    } else {
        None
    };
    if let Some(code) = refused {
        client.write_all(&[5, code, 0, 1, 0, 0, 0, 0, 0, 0])?;
        return Ok(None);
    }
    debug_assert!(by_name || host.parse::<IpAddr>().is_ok());
    Ok(Some(Request { version: 5, host, by_name, port, user, password }))
}

/// Copies both ways until both have ended.
fn relay(shared: &Shared, client: &TcpStream, server: &TcpStream) -> io::Result<()> {
    let _ = server.set_nodelay(true);
    shared.open.lock().expect("no panic").push(server.try_clone()?);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let _ = io::copy(&mut &*client, &mut &*server);
            let _ = server.shutdown(Shutdown::Write);
        });
        let _ = io::copy(&mut &*server, &mut &*client);
        let _ = client.shutdown(Shutdown::Write);
    });
    Ok(())
}

fn array<const N: usize>(mut client: &TcpStream) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    client.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn byte(client: &TcpStream) -> io::Result<u8> {
    Ok(array::<1>(client)?[0])
}

/// A length and so many bytes.
fn counted(mut client: &TcpStream) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; byte(client)?.into()];
    client.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn until_nul(client: &TcpStream) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while bytes.len() < 1024 {
        match byte(client)? {
            0 => return Ok(bytes),
            byte => bytes.push(byte),
        }
    }
    Err(io::ErrorKind::InvalidData.into())
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}
