//! Folders that may not be written to, or are not there any more.

use super::support::program::Program;
use super::support::skip;
use super::support::temp::TempDir;
use super::{assert_holds, mail, maildirs, of, text};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// A server that obeys permissions: root may do everything unless it has given that right away.
fn obedient(arguments: &[&str]) -> Program {
    if skip::is_root() {
        Program::start_under(&["setpriv", "--bounding-set=-dac_override,-dac_read_search"], arguments)
    } else {
        Program::start(arguments)
    }
}

fn set(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("our own folder");
}

#[test]
fn a_folder_without_permission() {
    let folder = TempDir::new();
    let root = folder.join("mail");
    maildirs(&root, &["open", "closed", "shut"]);
    set(&of(&root, "closed").join("tmp"), 0o500);
    set(&of(&root, "shut"), 0);
    let server = obedient(&["--port", "0", "--maildirs", text(&root)]);
    let mut client = server.client();
    client.ask("MAIL FROM:<a@example.org>", 250);
    assert!(client.ask("RCPT TO:<shut@example.com>", 451).starts_with("451 4.3.0 "));
    client.ask("RSET", 250);
    // Nobody has what not all can have.
    for to in [&["closed"][..], &["open", "closed"], &["closed", "open"]] {
        assert!(mail(&mut client, to, b"x\r\n").starts_with("451 4.3.0 "), "{to:?}");
    }
    assert!(mail(&mut client, &["open"], b"x\r\n").starts_with("250 "));
    assert!(mail(&mut server.client(), &["open"], b"x\r\n").starts_with("250 "));
    // `new` is where a name is missing.
    set(&of(&root, "closed").join("tmp"), 0o700);
    set(&of(&root, "closed").join("new"), 0o500);
    assert!(mail(&mut client, &["open", "closed"], b"x\r\n").starts_with("451 4.3.0 "));
    set(&of(&root, "closed").join("new"), 0o700);
    set(&of(&root, "shut"), 0o700);
    assert!(mail(&mut client, &["open", "closed", "shut"], b"x\r\n").starts_with("250 "));
    assert_holds(&of(&root, "open"), 3);
    assert_holds(&of(&root, "closed"), 1);
    assert_holds(&of(&root, "shut"), 1);
    let (well, log) = server.stop();
    assert!(well && log.contains("Permission denied") && log.contains("example.com/closed"), "{log}");
}

#[test]
fn a_folder_that_goes_and_comes_back() {
    let folder = TempDir::new();
    let root = folder.join("mail");
    let server = Program::start(&["--port", "0", "--quiet", "--maildir", text(&root)]);
    let mut client = server.client();
    assert!(mail(&mut client, &["b"], b"x\r\n").starts_with("250 "));
    // In the midst of a mail, a part of which is on the disk.
    client.say("MAIL FROM:<a@example.org>").say("RCPT TO:<b@example.com>").say("DATA");
    client.codes(3);
    client.send(super::lines(200_000));
    fs::rename(&root, folder.join("away")).unwrap();
    let mut other = server.client();
    assert!(mail(&mut other, &["b"], b"x\r\n").starts_with("451 4.3.0 "));
    // It is finished where it was begun: that folder is there, if elsewhere.
    client.send(".\r\n").expect(250);
    assert_holds(&folder.join("away"), 2);
    fs::remove_dir_all(folder.join("away")).unwrap();
    // A folder of that name alone is no Maildir: nothing is made where a disk may be missing.
    fs::create_dir(&root).unwrap();
    assert!(mail(&mut client, &["b"], b"x\r\n").starts_with("451 4.3.0 "));
    assert_eq!(fs::read_dir(&root).unwrap().count(), 0);
    for part in ["cur", "new", "tmp"] {
        fs::create_dir(root.join(part)).unwrap();
    }
    for client in [&mut client, &mut other] {
        assert!(mail(client, &["b"], b"x\r\n").starts_with("250 "));
    }
    assert_holds(&root, 2);
    assert!(server.stop().0);
}

#[test]
fn a_folder_that_goes_in_the_midst_of_a_mail() {
    let folder = TempDir::new();
    let root = folder.join("mail");
    maildirs(&root, &["b", "c"]);
    let server = Program::start(&["--port", "0", "--quiet", "--maildirs", text(&root)]);
    let mut client = server.client();
    client.say("MAIL FROM:<a@example.org>").say("RCPT TO:<b@example.com>").say("RCPT TO:<c@example.com>").say("DATA");
    assert_eq!(client.codes(4), [250, 250, 250, 354]);
    fs::remove_dir_all(of(&root, "b")).unwrap();
    client.send("x\r\n.\r\n");
    assert!(client.expect(451).starts_with("451 4.3.0 "));
    assert_holds(&of(&root, "c"), 0);
    client.ask("MAIL FROM:<a@example.org>", 250);
    client.ask("RCPT TO:<b@example.com>", 550);
    client.ask("RCPT TO:<c@example.com>", 250);
    client.send("BDAT 3 LAST\r\ny\r\n").expect(250);
    assert_holds(&of(&root, "c"), 1);
    assert!(server.stop().0);
}
