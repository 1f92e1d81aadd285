//! A relay in front of a server that notes what its clients say.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// The running relay, for any number of connections. Dropped, it takes no more.
pub struct Tap {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<Vec<u8>>>>,
    over: Arc<std::sync::atomic::AtomicBool>,
}

impl Tap {
    pub fn start(server: SocketAddr) -> Tap {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let heard: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
        let over: Arc<std::sync::atomic::AtomicBool> = Arc::default();
        let (all, ended) = (heard.clone(), over.clone());
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if ended.load(std::sync::atomic::Ordering::SeqCst) {
                    return;
                }
                let Ok(server) = TcpStream::connect(server) else { continue };
                let number = {
                    let mut heard = all.lock().expect("no panic");
                    heard.push(Vec::new());
                    heard.len() - 1
                };
                let (Ok(back), Ok(from)) = (client.try_clone(), server.try_clone()) else { continue };
                let all = all.clone();
                std::thread::spawn(move || pass(from, back, |_| {}));
                std::thread::spawn(move || {
                    pass(client, server, |bytes| all.lock().expect("no panic")[number].extend_from_slice(bytes));
                });
            }
        });
        Tap { address, heard, over }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What was said so far on each connection, in the order in which they came; what is not UTF-8 is replaced.
    pub fn heard(&self) -> Vec<String> {
        let heard = self.heard.lock().expect("no panic");
        heard.iter().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect()
    }

    /// What was said on the one connection that says this.
    #[track_caller]
    pub fn heard_with(&self, words: &str) -> String {
        let heard = self.heard();
        let mut with = heard.iter().filter(|said| said.contains(words));
        match (with.next(), with.next()) {
            (Some(said), None) => said.clone(),
            (None, _) => panic!("nobody said {words}: {heard:.3000?}"),
            _ => panic!("several said {words}"),
        }
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.over.store(true, std::sync::atomic::Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, mut note: impl FnMut(&[u8])) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        note(&buffer[..count]);
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
    let _ = from.shutdown(Shutdown::Read);
}
