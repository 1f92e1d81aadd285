//! A whole server in trouble, over real sockets: disks that fill or fail, folders that may not be written to or are gone,
//! no descriptors left, callbacks that do not come back. Each time: the right reply, nothing half-written, the session
//! goes on, the others are served meanwhile, and mail is taken again when the trouble is over.
#![cfg(all(feature = "program", unix))]

mod descriptors;
mod disk;
mod folder;
#[path = "../server/house.rs"]
#[allow(dead_code)] // a part of it is for the tests of tests/server
mod house;
mod slow;
#[path = "../support/mod.rs"]
mod support;

use std::fs;
use std::path::{Path, PathBuf};
use support::maildir::{Delivered, Mailbox};
use support::raw::Raw;

/// Makes Maildirs for these users of example.com.
fn maildirs(root: &Path, users: &[&str]) {
    for user in users {
        for part in ["cur", "new", "tmp"] {
            fs::create_dir_all(of(root, user).join(part)).expect("a folder");
        }
    }
}

/// A user's Maildir.
fn of(root: &Path, user: &str) -> PathBuf {
    root.join("example.com").join(user)
}

fn mails(maildir: &Path) -> Vec<Delivered> {
    Mailbox::new(String::new(), maildir.to_owned()).messages()
}

fn in_tmp(maildir: &Path) -> usize {
    fs::read_dir(maildir.join("tmp")).expect("a Maildir").count()
}

/// So many mails are there, and nothing that is half-written or was left behind.
#[track_caller]
fn assert_holds(maildir: &Path, count: usize) {
    assert_eq!((mails(maildir).len(), in_tmp(maildir)), (count, 0), "mails and leftovers in {}", maildir.display());
}

/// MAIL and RCPT in one flight, and that they are taken.
#[track_caller]
fn envelope(client: &mut Raw, to: &[&str]) {
    client.say("MAIL FROM:<a@example.org>");
    for to in to {
        client.say(&format!("RCPT TO:<{to}@example.com>"));
    }
    client.codes(1 + to.len()).into_iter().for_each(|code| assert_eq!(code, 250));
}

/// A mail by BDAT in one chunk: the reply to it.
#[track_caller]
fn mail(client: &mut Raw, to: &[&str], message: &[u8]) -> String {
    envelope(client, to);
    client.send(format!("BDAT {} LAST\r\n", message.len())).send(message).reply()
}

/// So many octets of lines.
fn lines(octets: usize) -> Vec<u8> {
    b"a line of thirty octets or so\r\n".repeat(octets / 31 + 1)
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of this test")
}
