//! Names to addresses. The system's resolver cannot be cancelled, so it runs on detached helper threads: a bounded
//! number of them, whatever hangs. Who no longer wants an answer drops the lookup; its helper ends when it can.

use super::fault::{self, Fault};
use super::options::{check_host, failure};
use super::wait::Waker;
use crate::error::{Cause, Result};
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// So many names are asked for at a time in a process.
pub(super) const HELPERS: usize = 16;
/// So many more may wait for a helper.
pub(super) const QUEUE: usize = 1024;
/// So many addresses of a host are taken.
const ADDRESSES: usize = 32;

static POOL: Pool = Pool::new(ask_system);

/// A name being looked up.
pub struct Lookup(State);

enum State {
    Answered(Option<Result<Vec<SocketAddr>>>),
    Asked(Arc<Job>),
}

impl Lookup {
    /// Begins to look up `host`; `waker` rings when the answer is there. An address is answered at once.
    pub fn start(host: &str, port: u16, waker: &Waker) -> Lookup {
        Self::start_in(&POOL, host, port, waker)
    }

    pub(super) fn start_in(pool: &'static Pool, host: &str, port: u16, waker: &Waker) -> Lookup {
        if let Some(address) = literal(host) {
            return Lookup(State::Answered(Some(Ok(vec![SocketAddr::new(address, port)]))));
        }
        let job = Job {
            host: host.to_owned(),
            port,
            waker: waker.clone(),
            answer: Mutex::new(None),
            abandoned: AtomicBool::new(false),
        };
        let job = Arc::new(job);
        match check_host(host).and_then(|()| pool.submit(job.clone())) {
            Ok(()) => Lookup(State::Asked(job)),
            Err(error) => Lookup(State::Answered(Some(Err(error)))),
        }
    }

    /// The answer, once, when it is there: at least one address.
    pub fn poll(&mut self) -> Option<Result<Vec<SocketAddr>>> {
        match &mut self.0 {
            State::Answered(answer) => answer.take(),
            State::Asked(job) => job.answer.lock().take(),
        }
    }
}

impl Drop for Lookup {
    fn drop(&mut self) {
        if let State::Asked(job) = &self.0 {
            job.abandoned.store(true, Ordering::Release);
        }
    }
}

/// An address written out: `192.0.2.1`, `::1`, `[::1]`.
pub fn literal(host: &str) -> Option<IpAddr> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    let address: IpAddr = bare.parse().ok()?;
    // Brackets are for IPv6; "[192.0.2.1]" is SMTP's own form and common enough to be understood.
    Some(address)
}

fn ask_system(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let mut addresses = Vec::new();
    for address in (host, port).to_socket_addrs()? {
        if addresses.len() < ADDRESSES && !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    Ok(addresses)
}

struct Job {
    host: String,
    port: u16,
    waker: Waker,
    answer: Mutex<Option<Result<Vec<SocketAddr>>>>,
    abandoned: AtomicBool,
}

pub(super) type Resolver = fn(&str, u16) -> io::Result<Vec<SocketAddr>>;

pub(super) struct Pool {
    resolver: Resolver,
    state: Mutex<PoolState>,
}

struct PoolState {
    /// The process whose helpers these are: a child of fork has none of its parent's threads.
    process: u32,
    helpers: usize,
    queue: VecDeque<Arc<Job>>,
}

impl Pool {
    pub(super) const fn new(resolver: Resolver) -> Self {
        Pool { resolver, state: Mutex::new(PoolState { process: 0, helpers: 0, queue: VecDeque::new() }) }
    }

    fn submit(&'static self, job: Arc<Job>) -> Result<()> {
        let mut state = self.state.lock();
        let process = std::process::id();
        if state.process != process {
            *state = PoolState { process, helpers: 0, queue: VecDeque::new() };
        }
        if state.queue.len() >= QUEUE {
            state.queue.retain(|job| !job.abandoned.load(Ordering::Acquire));
        }
        if state.queue.len() >= QUEUE {
            return Err(failure(
                Cause::NoMemory,
                "too many names are being looked up at once: does the name server answer?",
            ));
        }
        state.queue.push_back(job);
        if state.helpers < HELPERS {
            let name = "helo-resolve".to_owned();
            let spawned = match fault::hit(Fault::Thread) {
                true => Err(io::Error::from(io::ErrorKind::OutOfMemory)),
                false => std::thread::Builder::new().name(name).spawn(move || self.help(process)),
            };
            match spawned {
                Ok(_) => state.helpers += 1,
                // The helpers that there are will come to it.
                Err(_) if state.helpers > 0 => {}
                Err(error) => {
                    state.queue.pop_back();
                    let detail = format!("the system gave no thread to look up the name: {error}");
                    return Err(failure(Cause::NoMemory, detail));
                }
            }
        }
        Ok(())
    }

    /// A helper's life: it answers until nothing is left to ask.
    fn help(&self, process: u32) {
        loop {
            let job = {
                let mut state = self.state.lock();
                match state.queue.pop_front() {
                    Some(job) => job,
                    None => {
                        if state.process == process {
                            state.helpers -= 1;
                        }
                        return;
                    }
                }
            };
            if job.abandoned.load(Ordering::Acquire) {
                continue;
            }
            let answer = match (self.resolver)(&job.host, job.port) {
                Ok(addresses) if addresses.is_empty() => {
                    Err(failure(Cause::UnknownHost, format!("{} has no address", job.host)))
                }
                Ok(addresses) => Ok(addresses),
                Err(error) => Err(failure(Cause::UnknownHost, format!("{}: {error}", job.host))),
            };
            *job.answer.lock() = Some(answer);
            job.waker.wake();
        }
    }
}
