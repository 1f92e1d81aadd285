//! The server dies at a certain step of a mail, each in its turn: strace kills it when it is about to make that system call.
//! What chance seldom meets is met here each time.

use crate::store::names;
use crate::support::program::Program;
use crate::support::raw::Raw;
use crate::support::strace;
use crate::support::temp::TempDir;
use std::fs::{File, FileTimes};
use std::path::Path;
use std::time::{Duration, SystemTime};

/// Where it dies, and what is then in `new` and in `tmp`.
struct Point {
    about_to: &'static str,
    inject: &'static [&'static str],
    /// Only calls that concern this folder of the Maildir count.
    only: Option<&'static str>,
    new: usize,
    tmp: usize,
}

const KILL: &str = "signal=SIGKILL";
/// The system, or the disk's, cannot rename without overwriting.
const NO_RENAME: &str = "renameat2:error=EINVAL";

const POINTS: &[Point] = &[
    Point { about_to: "rename, the file synced", inject: &["renameat2:"], only: None, new: 0, tmp: 1 },
    Point { about_to: "sync the folder", inject: &["fsync:"], only: Some("new"), new: 1, tmp: 0 },
    // Greeting, EHLO, MAIL and RCPT have had their replies.
    Point { about_to: "answer", inject: &["sendto,sendmsg:when=5:"], only: None, new: 1, tmp: 0 },
    Point { about_to: "give a second name", inject: &[NO_RENAME, "linkat:"], only: None, new: 0, tmp: 1 },
    Point { about_to: "take the first name away", inject: &[NO_RENAME, "unlinkat:"], only: None, new: 1, tmp: 1 },
    Point {
        about_to: "rename, where there are no second names",
        inject: &[NO_RENAME, "linkat:error=EPERM", "renameat:"],
        only: None,
        new: 0,
        tmp: 1,
    },
];

#[test]
fn it_dies_at_each_step() {
    if !strace::works("crash: death at each step") {
        return;
    }
    for point in POINTS {
        dies_at(point);
    }
}

fn dies_at(point: &Point) {
    let folder = TempDir::new();
    let root = folder.join("mail");
    let (new, tmp) = (root.join("new"), root.join("tmp"));
    let arguments = ["--port", "0", "--quiet", "--maildir", root.to_str().unwrap()];
    // Makes the folders.
    assert!(Program::start(&arguments).stop().0);

    let mut before = vec!["strace".to_owned(), "-f".to_owned(), "-o".to_owned(), "/dev/null".to_owned()];
    for inject in point.inject {
        let kill = if inject.ends_with(':') { KILL } else { "" };
        before.extend(["-e".to_owned(), format!("inject={inject}{kill}")]);
    }
    if let Some(only) = point.only {
        before.extend(["-P".to_owned(), root.join(only).to_str().unwrap().to_owned()]);
    }
    let mut server = Program::start_under(&before.iter().map(String::as_str).collect::<Vec<_>>(), &arguments);
    let mut client = server.client();
    let reply = mail(&mut client);
    assert_eq!(reply, "", "about to {}: it was to die before the answer", point.about_to);
    server.child.wait().unwrap();
    assert_eq!((names(&new).len(), names(&tmp).len()), (point.new, point.tmp), "about to {}", point.about_to);
    names(&new).iter().for_each(|name| whole(&new.join(name)));

    // What is left goes after its time, and takes nothing with it; the mail that comes again is stored.
    for name in names(&tmp) {
        let then = SystemTime::now() - Duration::from_secs(37 * 3600);
        File::open(tmp.join(name)).unwrap().set_times(FileTimes::new().set_modified(then)).unwrap();
    }
    let server = Program::start(&arguments);
    assert!(mail(&mut server.client()).starts_with("250 "));
    assert!(server.stop().0);
    assert_eq!((names(&new).len(), names(&tmp).len()), (point.new + 1, 0), "after it: about to {}", point.about_to);
    names(&new).iter().for_each(|name| whole(&new.join(name)));
}

/// The reply to a mail, each step after the reply to the one before; empty when the server died.
fn mail(client: &mut Raw) -> String {
    client.ask("MAIL FROM:<a@example.org>", 250);
    client.ask("RCPT TO:<b@example.com>", 250);
    client.send("BDAT 14 LAST\r\nSubject: x\r\n\r\n").reply()
}

fn whole(path: &Path) {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.starts_with("Return-Path: <a@example.org>\n") && text.ends_with("\nSubject: x\n\n"), "{text}");
}
