//! A disk without room, and one that fails.

use super::house::{House, start};
use super::support::kept::Kept;
use super::support::mount::Mount;
use super::support::program::Program;
use super::support::raw::Raw;
use super::support::temp::TempDir;
use super::support::{child, strace, wait};
use super::{assert_holds, envelope, lines, mail, maildirs, mails, of, text};
use helo::net::fault::{self, Fault};
use helo::server::Limits;
use helo::server::spool::maildir::{Mailboxes, Maildir, Options};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

/// Where large mails to `full` do not fit, and small ones and those to `free` do.
fn large_ones_are_refused(server: &Program, root: &Path) {
    let (full, free) = (of(root, "full"), of(root, "free"));
    let large = lines(400_000);
    let mut client = server.client();
    let mut other = server.client();
    // By DATA; somebody else is served while it comes.
    envelope(&mut client, &["full"]);
    client.ask("DATA", 354);
    client.send(&large[..large.len() / 2]);
    assert!(mail(&mut other, &["free"], b"x\r\n").starts_with("250 "));
    client.send(&large[large.len() / 2..]).send(".\r\n");
    assert!(client.expect(452).starts_with("452 4.3.1 "));
    assert_holds(&full, 0);
    // By BDAT, in one chunk and in many that do not wait for each other: whichever does not fit, the last says so.
    assert!(mail(&mut client, &["full"], &large).starts_with("452 4.3.1 "));
    client.say("MAIL FROM:<a@example.org>").say("RCPT TO:<full@example.com>");
    for chunk in large.chunks(50_000) {
        client.send(format!("BDAT {}\r\n", chunk.len())).send(chunk);
    }
    client.send("BDAT 0 LAST\r\nRSET\r\n");
    let codes = client.codes(2 + large.chunks(50_000).count() + 2);
    let (first, rest) = codes.split_at(2);
    let (reset, chunks) = rest.split_last().unwrap();
    assert_eq!((first, reset), (&[250, 250][..], &250));
    assert!(chunks.contains(&452) && !chunks.ends_with(&[250]), "{chunks:?}");
    assert_holds(&full, 0);
    // The session goes on, and small ones fit.
    assert!(mail(&mut client, &["full"], b"y\r\n").starts_with("250 "));
    assert!(mail(&mut other, &["free"], b"z\r\n").starts_with("250 "));
    assert_holds(&full, 1);
    assert_holds(&free, 2);
}

fn and_taken_when_there_is_room(server: &Program, root: &Path) {
    let large = lines(400_000);
    let before = mails(&of(root, "full")).len();
    assert!(mail(&mut server.client(), &["full"], &large).starts_with("250 "));
    assert_holds(&of(root, "full"), before + 1);
    assert!(mails(&of(root, "full")).iter().any(|mail| mail.as_sent() == large));
}

/// A file system of its own where this machine has one for us; the next test stands in for it everywhere.
#[test]
fn a_small_disk_that_fills() {
    let folder = TempDir::new();
    let root = folder.join("mail");
    maildirs(&root, &["full", "free"]);
    let mount = match Mount::tmpfs(&of(&root, "full"), "size=300k") {
        Ok(mount) => mount,
        Err(why) => return println!("{why}: only the limit for files is tried"),
    };
    maildirs(&root, &["full"]);
    let socket = folder.join("lmtp");
    let server = Program::start(&["--port", "0", "--listen-lmtp", text(&socket), "--quiet", "--maildirs", text(&root)]);
    large_ones_are_refused(&server, &root);
    // One answer for both: neither has it.
    assert!(mail(&mut server.client(), &["free", "full"], &lines(400_000)).starts_with("452 4.3.1 "));
    assert_holds(&of(&root, "free"), 2);
    // An answer for each: whoever has room has it, though the other's place was the first that it was written to.
    let mut lmtp = Raw::unix(&socket);
    lmtp.expect(220);
    lmtp.ask("LHLO x", 250);
    let large = lines(400_000);
    for (number, order) in [["full", "free"], ["free", "full"]].into_iter().enumerate() {
        envelope(&mut lmtp, &order);
        lmtp.ask("DATA", 354);
        lmtp.send(&large).send(".\r\n");
        for to in order {
            lmtp.expect(if to == "free" { 250 } else { 452 });
        }
        assert_holds(&of(&root, "full"), 1);
        assert_holds(&of(&root, "free"), 3 + number);
        assert_eq!(mails(&of(&root, "free")).iter().filter(|mail| mail.as_sent() == large).count(), 1 + number);
    }
    // Announced, it is refused before it comes.
    let mut client = server.client();
    client.ask("MAIL FROM:<a@example.org> SIZE=400000", 250);
    client.ask("RCPT TO:<full@example.com>", 452);
    client.ask("RCPT TO:<free@example.com>", 250);
    // Until nothing fits: what was confirmed is there.
    let mut client = server.client();
    let mut taken = mails(&of(&root, "full")).len();
    while mail(&mut client, &["full"], &lines(20_000)).starts_with("250 ") {
        taken += 1;
        assert!(taken < 100, "300k hold no hundred mails of 20k");
    }
    assert_holds(&of(&root, "full"), taken);
    mount.remount("size=2m");
    and_taken_when_there_is_room(&server, &root);
    assert!(server.stop().0);
}

/// The system lets no file grow beyond 100 KB: it says so in another way, and would end a program that is not prepared.
#[test]
fn files_that_may_not_grow() {
    let folder = TempDir::new();
    let root = folder.join("mail");
    maildirs(&root, &["full", "free"]);
    // In units of 512 octets.
    let limit = ["sh", "-c", "ulimit -S -f 200 && exec \"$0\" \"$@\""];
    let server = Program::start_under(&limit, &["--port", "0", "--quiet", "--maildirs", text(&root)]);
    large_ones_are_refused(&server, &root);
    let process = server.child.id().to_string();
    assert!(Command::new("prlimit").args(["--pid", &process, "--fsize=unlimited"]).status().unwrap().success());
    and_taken_when_there_is_room(&server, &root);
    assert!(server.stop().0);
}

/// The disk says that it has failed, when a file or a folder is synced: whoever is in such a mail hears so.
#[test]
fn a_disk_that_fails() {
    if !child::is_this() {
        // The fault is for a whole process.
        child::run("disk::a_disk_that_fails", &[]);
        return;
    }
    let folder = TempDir::new();
    let root = folder.join("mail");
    maildirs(&root, &["b", "c"]);
    let options = Options { mailboxes: Mailboxes::each(false), ..Options::default() };
    let spool = Arc::new(Maildir::open(&root, options).unwrap());
    let server = start(spool, |_| {}, false, Limits::default());
    let house = House { server, kept: Kept::new() };
    let mut client = house.client();
    let mut taken = 0;
    for trouble in [Fault::Sync, Fault::FolderSync, Fault::Disk] {
        let reply = if trouble == Fault::Disk { "452 4.3.1 " } else { "451 4.3.0 " };
        fault::set(trouble, true, 0);
        for to in [&["b"][..], &["b", "c"]] {
            assert!(mail(&mut client, to, b"x\r\n").starts_with(reply), "{trouble:?}");
        }
        // It fails for the second of two: neither keeps it.
        fault::set(trouble, true, 1);
        assert!(mail(&mut client, &["b", "c"], b"x\r\n").starts_with(reply), "{trouble:?}");
        fault::set(trouble, false, 0);
        assert_holds(&of(&root, "b"), taken);
        assert_holds(&of(&root, "c"), taken);
        assert!(mail(&mut client, &["b", "c"], b"x\r\n").starts_with("250 "), "after {trouble:?}");
        taken += 1;
        assert_holds(&of(&root, "b"), taken);
        assert_holds(&of(&root, "c"), taken);
    }
    // Many at once, and the disk fails in between: each 250 is a mail that is there.
    let confirmed = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..8).map(|_| scope.spawn(|| storm(&mut house.client()))).collect();
        for _ in 0..20 {
            fault::set(Fault::FolderSync, true, 0);
            wait::until("a refusal", wait::LONG, || (in_trouble(&mut house.client())).then_some(()));
            fault::set(Fault::FolderSync, false, 0);
        }
        clients.into_iter().map(|client| client.join().unwrap()).sum::<usize>()
    });
    assert_holds(&of(&root, "b"), taken + confirmed);
}

/// The same from the system itself, once for each step that reaches the disk.
#[test]
fn a_disk_that_fails_as_the_system_tells() {
    if !strace::works("trouble: a disk that fails, as the system tells") {
        return;
    }
    for (call, folder_only) in [("fsync", true), ("fsync", false), ("renameat2", false)] {
        let folder = TempDir::new();
        let root = folder.join("mail");
        maildirs(&root, &["b"]);
        let new = of(&root, "b").join("new");
        // What was made is synced at the start, by another thread: the first call of the one worker is the mail's.
        let fail = format!("inject={call}:error=EIO:when=1");
        let mut before = vec!["strace", "-f", "-o", "/dev/null", "-e", &fail];
        if folder_only {
            before.extend(["-P", text(&new)]);
        }
        let options = ["--port", "0", "--workers", "1", "--maildirs", text(&root)];
        let server = Program::start_under(&before, &options);
        let mut client = server.client();
        assert!(mail(&mut client, &["b"], b"x\r\n").starts_with("451 4.3.0 "), "{fail}");
        assert_holds(&of(&root, "b"), 0);
        assert!(mail(&mut client, &["b"], b"x\r\n").starts_with("250 "), "{fail}");
        assert_holds(&of(&root, "b"), 1);
        let (well, log) = server.stop();
        assert!(well && log.contains("Input/output error") && log.contains("example.com/b"), "{log}");
    }
}

/// How many of the mails were confirmed.
fn storm(client: &mut Raw) -> usize {
    (0..60).filter(|_| mail(client, &["b"], b"x\r\n").starts_with("250 ")).count()
}

fn in_trouble(client: &mut Raw) -> bool {
    mail(client, &["c"], b"x\r\n").starts_with("451 ")
}
