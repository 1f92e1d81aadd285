//! Many threads, each with its own connection, while one more cancels at random: nothing that was confirmed is lost, and
//! nothing arrives that the program did not send, whole. Smaller under the thread sanitizer. (What else the Distinct face
//! promises about threads is in `threads_distinct.rs`.)

mod support;

use helo::client::{Level, Session};
use helo::error::{Cause, Phase};
use helo::net::wait::Cancel;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use support::distinct::{Distinct, Handle, SMTP_ABORTED, SMTP_INVALID_HANDLE, SMTP_SUCCESS};
use support::engine::{deliver_cancelled, mail, mail_to, rcpt, settings, target};
use support::sink::{self, Keep, Sink, hash};
use support::wait::LONG;

/// Threads and mails for each.
fn sizes() -> (usize, usize) {
    if support::process::is_sanitized() { (16, 50) } else { (64, 100) }
}

/// Random numbers that can be had again: HELO_SEED, else the clock; printed.
struct Random(u64);

impl Random {
    fn new() -> Random {
        let given = std::env::var("HELO_SEED").ok().and_then(|text| text.parse().ok());
        let clock = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.as_nanos() as u64);
        let seed = given.unwrap_or_else(clock);
        println!("HELO_SEED={seed}");
        Random(seed)
    }

    /// One of so many (splitmix64).
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) as usize % count
    }
}

/// The message that a thread sends as its so-manieth: all are different, some are larger than what fits on the way.
fn body(thread: usize, number: usize) -> Vec<u8> {
    let size = if number % 25 == 24 { 400_000 } else { 100 + 17 * number };
    let mut body = format!("Subject: {thread}/{number}\r\n\r\n.dot\r\n").into_bytes();
    body.resize(size.max(body.len()), b'a' + (number % 26) as u8);
    body.extend_from_slice(b"\r\n");
    body
}

/// What one thread is cancelled by at present.
#[derive(Clone, Default)]
enum By {
    #[default]
    Nothing,
    Engine(Cancel),
    Distinct(Handle),
}

/// The same of all threads.
struct Cancels(Vec<Mutex<By>>);

impl Cancels {
    fn set(&self, thread: usize, by: By) {
        *self.0[thread].lock().unwrap_or_else(PoisonError::into_inner) = by;
    }

    fn fresh(&self, thread: usize) -> Cancel {
        let cancel = Cancel::new();
        self.set(thread, By::Engine(cancel.clone()));
        cancel
    }

    fn cancel(&self, thread: usize) {
        let by = self.0[thread].lock().unwrap_or_else(PoisonError::into_inner).clone();
        match by {
            By::Nothing => {}
            By::Engine(cancel) => cancel.cancel(),
            // Between two calls this does nothing.
            By::Distinct(handle) => drop(handle.abort()),
        }
    }
}

/// Runs `work` on many threads while this one cancels any of them; returns what they gave.
fn run<T: Send>(work: impl Fn(usize, &Cancels) -> Vec<T> + Sync) -> Vec<T> {
    let (threads, _) = sizes();
    let mut random = Random::new();
    let cancels = Cancels((0..threads).map(|_| Mutex::default()).collect());
    let running = AtomicUsize::new(threads);
    std::thread::scope(|scope| {
        let (work, cancels, running) = (&work, &cancels, &running);
        let workers: Vec<_> = (0..threads)
            .map(|thread| {
                scope.spawn(move || {
                    let given = work(thread, cancels);
                    running.fetch_sub(1, Ordering::AcqRel);
                    given
                })
            })
            .collect();
        while running.load(Ordering::Acquire) > 0 {
            cancels.cancel(random.below(threads));
            // The pause is the rate of the cancels: nothing is waited for.
            std::thread::sleep(Duration::from_micros(500 + random.below(8000) as u64));
        }
        workers.into_iter().flat_map(|worker| worker.join().expect("no thread fails")).collect()
    })
}

/// A mail's name and what became of it.
type Told = (String, Option<(Phase, Cause)>);

/// Compares what was told with what the server keeps.
fn judge(told: &[Told], sink: &Sink, bodies: &dyn Fn(&str) -> u64) {
    let mut stored: HashMap<String, Vec<u64>> = HashMap::new();
    for mail in sink.mails() {
        stored.entry(mail.sender).or_default().push(mail.hash);
    }
    let mut counts: HashMap<Option<Cause>, usize> = HashMap::new();
    for (name, failure) in told {
        let kept = stored.remove(name).unwrap_or_default();
        *counts.entry(failure.map(|f| f.1)).or_default() += 1;
        let context = format!("{name}: {failure:?}, stored {}", kept.len());
        assert!(kept.len() <= 1 && kept.iter().all(|hash| *hash == bodies(name)), "{context}");
        match failure {
            None => assert_eq!(kept.len(), 1, "confirmed and lost: {context}"),
            // Cancelled while the answer to the message was awaited: nobody knows.
            Some((Phase::Message, Cause::Cancelled | Cause::OutcomeUnknown)) => {}
            Some((_, Cause::Cancelled | Cause::Unsent)) => {
                assert!(kept.is_empty(), "stored though not sent: {context}")
            }
            Some(_) => panic!("{context}"),
        }
    }
    assert!(stored.is_empty(), "stored and never sent: {:?}", stored.keys().take(3).collect::<Vec<_>>());
    println!("{counts:?}");
    assert!(counts.contains_key(&None), "none got through");
}

fn keeps_hashes() -> Sink {
    Sink::start(sink::Options { keep: Keep::Hashes, ..sink::Options::default() })
}

/// The hash that the body of `s{thread}-{number}@...` must have.
fn body_of(name: &str) -> u64 {
    let (thread, number) = name[1..].split_once('@').and_then(|(numbers, _)| numbers.split_once('-')).expect("a name");
    hash(&body(thread.parse().expect("a number"), number.parse().expect("a number")))
}

/// One mail over a session.
fn send(session: &mut Session, name: &str, body: &[u8]) -> Result<(), (Phase, Cause)> {
    let send = |session: &mut Session| {
        mail(session, name)?;
        rcpt(session, "b@example.org")?;
        session.begin_data(&mut ())?;
        for piece in body.chunks(50_000) {
            session.body(piece, &mut ())?;
        }
        session.end_data(&mut ()).map(drop)
    };
    send(session).map_err(|error: helo::error::Error| (error.phase, error.cause))
}

#[test]
fn sessions() {
    let sink = keeps_hashes();
    let address = sink.address();
    let told = run(|thread, cancels| {
        let mut told = Vec::new();
        let mut open: Option<Session> = None;
        for number in 0..sizes().1 {
            let name = format!("s{thread}-{number}@example.org");
            // A session that was cancelled is over: the next mail goes over a new one.
            let opened = match open.take() {
                Some(session) => Ok(session),
                None => Session::open(target(address), settings(LONG), cancels.fresh(thread), &mut ()),
            };
            let result = opened.map_err(|error| (error.phase, error.cause)).and_then(|mut session| {
                let sent = send(&mut session, &name, &body(thread, number));
                open = Some(session).filter(|session| !session.connection().is_dead());
                sent
            });
            told.push((name, result.err()));
        }
        if let Some(session) = open {
            session.quit(&mut ());
        }
        told
    });
    judge(&told, &sink, &body_of);
}

#[test]
fn connections_of_the_distinct_face() {
    let sink = keeps_hashes();
    let address = sink.address();
    let told = run(|thread, cancels| {
        let mut told = Vec::new();
        let mut open: Option<Distinct> = None;
        for number in 0..sizes().1 {
            let name = format!("s{thread}-{number}@example.org");
            let connection = open.take().unwrap_or_else(|| {
                let connection = Distinct::open(address, "me.example").expect("nobody aborts what has no handle yet");
                cancels.set(thread, By::Distinct(connection.handle()));
                connection
            });
            let body = body(thread, number);
            let (first, rest) = body.split_at(body.len() / 2);
            let steps: [(Phase, &dyn Fn() -> i32); 5] = [
                (Phase::Mail, &|| connection.mail(&name)),
                (Phase::Rcpt, &|| connection.rcpt("b@example.org")),
                (Phase::Data, &|| connection.piece(first)),
                (Phase::Data, &|| connection.piece(rest)),
                (Phase::Message, &|| connection.piece(b"")),
            ];
            let failed = steps.iter().map(|(phase, step)| (*phase, step())).find(|(_, code)| *code != SMTP_SUCCESS);
            if failed.is_none() {
                open = Some(connection);
            }
            let failure = failed.map(|(phase, code)| {
                // What an abort between two pieces leaves behind is an invalid handle.
                assert!([SMTP_ABORTED, SMTP_INVALID_HANDLE].contains(&code), "{name} {phase:?}: {code}");
                (phase, Cause::Cancelled)
            });
            told.push((name, failure));
        }
        if let Some(connection) = open {
            cancels.set(thread, By::Nothing);
            connection.quit();
        }
        told
    });
    judge(&told, &sink, &body_of);
}

#[test]
fn lists() {
    // Ten mails a list, so that cancels hit every place of it.
    let sink = keeps_hashes();
    let address: SocketAddr = sink.address();
    let told: Vec<Told> = run(|thread, cancels| {
        let mut told = Vec::new();
        let numbers: Vec<usize> = (0..sizes().1).collect();
        for (round, part) in numbers.chunks(10).enumerate() {
            let level = [Level::None, Level::Envelope, Level::Full][(thread + round) % 3];
            let mut list: Vec<_> = part
                .iter()
                .map(|number| {
                    let bytes = helo::client::body::Body::memory(Box::new(body(thread, *number)));
                    let mut mail = mail_to(*number, 1, bytes);
                    let name = format!("s{thread}-{number}@example.org");
                    mail.from = helo::proto::address::ReversePath::parse(&name).expect("a path");
                    mail
                })
                .collect();
            let outcomes = deliver_cancelled(address, level, settings(LONG), &mut list, &cancels.fresh(thread));
            for (number, outcome) in part.iter().zip(outcomes) {
                told.push((format!("s{thread}-{number}@example.org"), outcome[0].failure));
            }
        }
        told
    });
    judge(&told, &sink, &body_of);
}
