//! Confirmed is stored: helo-server is killed at random moments under load, started again on the same Maildirs, and
//! killed again. Whatever was confirmed is there, whole and once; everything else is whole or absent, and nothing half
//! written is ever where a reader looks.
//!
//! What a mail to several mailboxes promises: it is confirmed only when it is in all of them. Killed before, each of them
//! has it whole or not at all, one may and another not; the sender, who was not told, sends it again, and the one has it
//! twice, as RFC 5321 (4.1.1.4, 6.1) wants it rather than lost.
//!
//! Each test has a seed, which it prints when it fails: HELO_CRASH_SEED=... makes the same mails and the same moments
//! again, as far as the machine is as fast. HELO_CRASH_ROUNDS=... kills it more often.
#![cfg(all(feature = "program", unix))]

mod load;
mod mails;
mod order;
mod points;
mod random;
mod store;
#[path = "../support/mod.rs"]
mod support;

use load::{Places, WAYS};
use mails::Account;
use random::Random;
use std::fs::{File, FileTimes};
use std::path::Path;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant, SystemTime};
use store::Store;
use support::program::Program;
use support::temp::TempDir;

/// So often the server dies in each of the two tests.
const ROUNDS: usize = 100;
/// It lives at most so long, counted from the first connections, or until so many recipients had their answer.
const LIFE: Duration = Duration::from_millis(250);
const ANSWERS: usize = 120;

#[test]
fn one_maildir() {
    kill_again_and_again(false);
}

#[test]
fn a_maildir_for_each_recipient() {
    kill_again_and_again(true);
}

fn kill_again_and_again(each: bool) {
    let seed = Random::seed("HELO_CRASH_SEED");
    let rounds = std::env::var("HELO_CRASH_ROUNDS").map_or(ROUNDS, |text| text.parse().expect("a number of rounds"));
    println!("to have the same again: HELO_CRASH_SEED={seed} HELO_CRASH_ROUNDS={rounds}");
    let mut random = Random::new(seed ^ u64::from(each));
    let folder = TempDir::new();
    let root = folder.join("mail");
    let mut store = Store::new(&root, each);
    for round in 0..rounds {
        let (mut server, places) = start(&folder, &root, each);
        let (told, answers) = channel();
        let account = Account::new(told);
        std::thread::scope(|scope| {
            for (number, way) in WAYS.into_iter().enumerate() {
                let (places, account, seed) = (&places, &account, random.next());
                scope.spawn(move || load::run(way, places, &format!("t{round}-{number}"), seed, account));
            }
            let end = Instant::now() + LIFE * random.below(1000) as u32 / 1000;
            for _ in 0..random.below(ANSWERS) {
                if answers.recv_timeout(end.saturating_duration_since(Instant::now())).is_err() {
                    break;
                }
            }
            server.child.kill().expect("SIGKILL");
            server.child.wait().expect("it has died");
        });
        store.check(&account.close());
    }
    println!("{rounds} times killed: {:?}", store.tally);
    // Else it was never hit where it hurts.
    let tally = &store.tally;
    assert!(rounds < ROUNDS || (tally.confirmed > rounds / 2 && tally.absent > 0 && tally.leftovers > 0), "{tally:?}");
    the_dead_are_buried(&folder, &root, each, &store);
}

fn start(folder: &TempDir, root: &Path, each: bool) -> (Program, Places) {
    // The sockets of the one that was killed are still there, too.
    let (smtp, lmtp) = (folder.join("smtp"), folder.join("lmtp"));
    let into = if each { "--maildirs" } else { "--maildir" };
    let mut options = vec!["--port", "0", "--quiet", into, text(root), "--max-mails", "0"];
    options.extend(["--listen", text(&smtp), "--listen-lmtp", text(&lmtp)]);
    options.extend(each.then_some("--make-maildirs"));
    let server = Program::start(&options);
    let places = Places { tcp: server.address("smtp"), smtp, lmtp };
    (server, places)
}

/// What was left in `tmp` stays as long as somebody might still write it, and goes with the first start after that.
fn the_dead_are_buried(folder: &TempDir, root: &Path, each: bool, store: &Store) {
    let (leftovers, stored) = (store.leftovers(), store.stored());
    for (number, path) in leftovers.iter().enumerate() {
        let hours = if number % 2 == 0 { 37 } else { 35 };
        let then = SystemTime::now() - Duration::from_secs(hours * 3600);
        File::open(path).unwrap().set_times(FileTimes::new().set_modified(then)).unwrap();
    }
    let (server, _) = start(folder, root, each);
    let mut client = server.client();
    client.say("MAIL FROM:<a@example.org>");
    let users: Vec<String> = (0..mails::USERS).map(|user| format!("RCPT TO:<user{user}@example.com>\r\n")).collect();
    client.send(users.concat()).send("BDAT 3 LAST\r\nx\r\n");
    client.codes(mails::USERS + 2).into_iter().for_each(|code| assert_eq!(code, 250));
    let added = if each { mails::USERS } else { 1 };
    assert_eq!(store.stored(), stored + added, "what was stored stays, and mail is taken as before");
    let young: Vec<_> = leftovers.into_iter().skip(1).step_by(2).collect();
    let mut left = store.leftovers();
    left.sort();
    let mut expected = young;
    expected.sort();
    assert_eq!(left, expected);
    assert!(server.stop().0);
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of this test")
}
