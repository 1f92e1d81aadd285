//! Maildirs of several users: whose they are, with what rights, and names that stand for others.

use crate::support::program::Program;
use crate::support::temp::TempDir;
use crate::support::wait;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

fn mailbox(root: &Path, name: &str) -> PathBuf {
    let folder = root.join("example.com").join(name);
    for part in ["new", "cur", "tmp"] {
        std::fs::create_dir_all(folder.join(part)).unwrap();
    }
    folder
}

fn files(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder.join("new")).unwrap().map(|entry| entry.unwrap().path()).collect()
}

fn send(server: &Program, to: &str, code: u16) -> String {
    let mut client = server.client();
    client.ask("MAIL FROM:<a@example.org>", 250);
    let said = client.ask(&format!("RCPT TO:<{to}@example.com>"), code);
    if code == 250 {
        client.ask("DATA", 354);
        client.send("x\r\n.\r\n").expect(250);
    }
    said
}

#[test]
fn names_that_stand_for_others() {
    let folder = TempDir::new();
    let (root, aliases, log) = (folder.join("mail"), folder.join("aliases"), folder.join("log"));
    let (alice, bob) = (mailbox(&root, "alice"), mailbox(&root, "bob"));
    std::fs::write(&aliases, "postmaster: alice\nall: alice, bob,\n  postmaster\nlost: nobody\n").unwrap();
    let server = Program::start(&[
        "--port",
        "0",
        "--maildirs",
        root.to_str().unwrap(),
        "--aliases",
        aliases.to_str().unwrap(),
        "--log",
        log.to_str().unwrap(),
    ]);
    send(&server, "Postmaster", 250);
    assert_eq!((files(&alice).len(), files(&bob).len()), (1, 0));
    send(&server, "all", 250);
    assert_eq!((files(&alice).len(), files(&bob).len()), (2, 1));
    let mail = std::fs::read_to_string(&files(&bob)[0]).unwrap();
    assert!(mail.contains("Delivered-To: all@example.com\n"), "{mail}");
    // Who sends cannot mend it, and one who is nobody stays nobody.
    send(&server, "lost", 451);
    send(&server, "nobody", 550);
    let logged = |words: &str| {
        wait::until(words, wait::LONG, || std::fs::read_to_string(&log).unwrap().contains(words).then_some(()));
    };
    logged("the alias stands for nobody@example.com");
    std::fs::write(&aliases, "lost: bob\n").unwrap();
    server.signal("HUP");
    logged("was read again");
    send(&server, "lost", 250);
    assert_eq!(files(&bob).len(), 2);
    std::fs::write(&aliases, "lost bob\n").unwrap();
    logged("the aliases stay as they were: ");
    send(&server, "lost", 250);
    assert!(server.stop().0);
}

#[test]
fn rights_of_files_and_folders() {
    let folder = TempDir::new();
    let root = folder.join("mail");
    let server = Program::start(&[
        "--port",
        "0",
        "--maildirs",
        root.to_str().unwrap(),
        "--make-maildirs",
        "--mailbox-mode",
        "640",
    ]);
    send(&server, "carol", 250);
    let carol = root.join("example.com/carol");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&files(&carol)[0]), 0o640);
    for made in [&root, &root.join("example.com"), &carol, &carol.join("new"), &carol.join("tmp")] {
        assert_eq!(mode(made), 0o750, "{}", made.display());
    }
    assert!(server.stop().0);
}

/// As root each mail is its mailbox's owner's, and nobody leads root elsewhere by a link.
#[test]
fn mailboxes_of_several_users() {
    if !rustix::process::geteuid().is_root() {
        return crate::support::skip::skip("mailboxes_of_several_users", "only root can give files away");
    }
    let folder = TempDir::new();
    let root = folder.join("mail");
    let (alice, eve) = (mailbox(&root, "alice"), mailbox(&root, "eve"));
    let own = |path: &Path, uid| std::os::unix::fs::lchown(path, Some(uid), Some(uid)).unwrap();
    for (mailbox, uid) in [(&alice, 4711), (&eve, 4712)] {
        own(mailbox, uid);
        ["new", "cur", "tmp"].iter().for_each(|part| own(&mailbox.join(part), uid));
    }
    // Not made yet: it becomes the owner's.
    std::fs::remove_dir(alice.join("cur")).unwrap();
    let elsewhere = folder.join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    std::fs::remove_dir(eve.join("new")).unwrap();
    std::os::unix::fs::symlink(&elsewhere, eve.join("new")).unwrap();
    own(&eve.join("new"), 4712);
    let server = Program::start(&["--port", "0", "--maildirs", root.to_str().unwrap(), "--make-maildirs"]);
    send(&server, "alice", 250);
    let about = std::fs::metadata(&files(&alice)[0]).unwrap();
    assert_eq!((about.uid(), about.gid(), about.mode() & 0o777), (4711, 4711, 0o600));
    assert_eq!(std::fs::metadata(alice.join("cur")).unwrap().uid(), 4711);
    // A link is no folder of a mailbox.
    send(&server, "eve", 550);
    // Somebody else's folder in hers is no better.
    std::fs::remove_file(eve.join("new")).unwrap();
    std::fs::create_dir(eve.join("new")).unwrap();
    own(&eve.join("new"), 4711);
    send(&server, "eve", 451);
    own(&eve.join("new"), 4712);
    send(&server, "eve", 250);
    assert_eq!(std::fs::metadata(&files(&eve)[0]).unwrap().uid(), 4712);
    assert_eq!(std::fs::read_dir(&elsewhere).unwrap().count(), 0);
    let (_, log) = server.stop();
    assert!(log.contains("does not belong to the owner"), "{log}");
}
