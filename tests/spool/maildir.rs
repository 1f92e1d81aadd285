//! The Maildir: what is stored and where, and what is left when it cannot be.

use super::support::maildir::{Delivered, Mailbox};
use super::support::mount::Mount;
use super::support::skip;
use super::support::temp::TempDir;
use super::{begin, by_lmtp, envelope, recipient, refused, store};
use helo::net::fault::{self, Fault};
use helo::proto::command::Parameter;
use helo::server::spool::maildir::{FolderName, LineEnds, Mailboxes, Maildir, Options, Syncs};
use helo::server::spool::{Confirmation, Spool};
use std::collections::HashSet;
use std::fs::{self, File, FileTimes, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

const MESSAGE: &[u8] = b"Subject: x\r\n\r\n.dot\r\nGr\xc3\xbc\xc3\x9fe\r\nlast\r\n";

fn one(folder: &TempDir) -> Maildir {
    Maildir::open(folder.path(), Options::default()).unwrap()
}

fn each(folder: &TempDir, create: bool) -> Maildir {
    Maildir::open(folder.path(), Options { mailboxes: Mailboxes::each(create), ..Options::default() }).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().into_string().unwrap()).collect()
}

fn stored(folder: &Path) -> Vec<Delivered> {
    Mailbox::new(String::new(), folder.to_owned()).messages()
}

#[track_caller]
fn stored_one(folder: &Path) -> Delivered {
    let mut all = stored(folder);
    assert_eq!(all.len(), 1);
    all.remove(0)
}

/// Neither a mail nor a part of one.
#[track_caller]
fn assert_empty(folder: &Path) {
    assert_eq!(names(&folder.join("new")), [""; 0], "in new");
    assert_eq!(names(&folder.join("tmp")), [""; 0], "in tmp");
}

#[test]
fn a_mail_is_stored_with_its_envelope() {
    for size in [1, 7, MESSAGE.len()] {
        let folder = TempDir::new();
        let mut envelope = envelope(&["b@example.com", "c@example.com"]);
        envelope.recipients[1].params = vec![Parameter::parse("NOTIFY=NEVER").unwrap()];
        let done = store(&one(&folder), &envelope, MESSAGE, size).unwrap();
        assert_eq!(done, Confirmation::All(format!("Saved as {}", envelope.id)));
        let mail = stored_one(folder.path());
        let top = format!(
            "Return-Path: <a@example.org>\nDelivered-To: b@example.com\nDelivered-To: c@example.com\n\
             X-Envelope-To: <c@example.com>\n NOTIFY=NEVER\n\
             Received: from mx.example.com\n by mx.example.com with ESMTP id {};\n ",
            envelope.id
        );
        assert!(mail.text().starts_with(&top), "{}", mail.text());
        let message = String::from_utf8_lossy(MESSAGE).replace("\r\n", "\n");
        assert!(mail.text().ends_with(&format!("0\n{message}")), "after the date: {}", mail.text());
        let name = names(&folder.join("new")).remove(0);
        assert!(name.ends_with(&format!(".mx.example.com,S={}", mail.raw.len())), "{name}");
        assert_eq!(names(&folder.join("tmp")), [""; 0]);
    }
}

#[test]
fn crlf_and_binary_mails_are_stored_byte_for_byte() {
    let crlf = Options { line_ends: LineEnds::Crlf, ..Options::default() };
    let binary = [MESSAGE, b"\r\r\n\0\n.\xff"].concat();
    for (options, params, message) in
        [(crlf, "SIZE=20", MESSAGE), (Options::default(), "BODY=BINARYMIME", binary.as_slice())]
    {
        let folder = TempDir::new();
        let mut envelope = envelope(&["b@example.com"]);
        envelope.params = vec![Parameter::parse(params).unwrap()];
        store(&Maildir::open(folder.path(), options).unwrap(), &envelope, message, 5).unwrap();
        let raw = stored_one(folder.path()).raw;
        assert!(raw.starts_with(b"Return-Path: <a@example.org>\r\n"));
        assert!(raw.ends_with(&[b"0\r\n", message].concat()), "the message as it came, behind the date");
    }
}

#[test]
fn large_and_empty_messages() {
    let large: Vec<u8> = (0..40_000).flat_map(|line| format!("line {line}\r\n").into_bytes()).collect();
    for message in [&large[..], b""] {
        let folder = TempDir::new();
        store(&one(&folder), &envelope(&["b@example.com"]), message, 9973).unwrap();
        assert!(stored_one(folder.path()).as_sent() == message);
    }
}

#[test]
fn files_and_folders_are_their_owners_only() {
    let folder = TempDir::new();
    let root = folder.join("mail");
    let options = Options { mailboxes: Mailboxes::each(true), ..Options::default() };
    store(&Maildir::open(&root, options).unwrap(), &envelope(&["b@example.com"]), MESSAGE, 10).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
    for path in ["", "example.com", "example.com/b", "example.com/b/new", "example.com/b/tmp", "example.com/b/cur"] {
        assert_eq!(mode(&root.join(path)), 0o700, "{path}");
    }
    let new = root.join("example.com/b/new");
    assert_eq!(mode(&new.join(&names(&new)[0])), 0o600);
}

#[test]
fn each_recipient_has_a_copy_that_names_nobody_else() {
    let folder = TempDir::new();
    let recipients = ["b@example.com", "\"../../b\"@example.com", "B@example.com", "c"];
    store(&each(&folder, true), &envelope(&recipients), MESSAGE, 10).unwrap();
    for (place, header) in [
        ("example.com/b", "Delivered-To: b@example.com\nDelivered-To: B@example.com\nReceived:"),
        ("example.com/%2e.%2f..%2fb", "Delivered-To: \"../../b\"@example.com\nReceived:"),
        ("c", "Delivered-To: c\nReceived:"),
    ] {
        let mail = stored_one(&folder.join(place));
        assert!(mail.text().starts_with(&format!("Return-Path: <a@example.org>\n{header}")), "{}", mail.text());
        assert!(mail.as_sent() == MESSAGE);
        let name = names(&folder.join(place).join("new")).remove(0);
        assert!(name.ends_with(&format!(",S={}", mail.raw.len())), "{name}");
    }
    assert_eq!(names(folder.path()).len(), 2, "nothing beside example.com and c");
}

#[test]
fn whoever_has_no_folder_is_no_mailbox() {
    let folder = TempDir::new();
    for part in ["", "cur", "new", "tmp"] {
        fs::create_dir_all(folder.join("example.com/b").join(part)).unwrap();
    }
    fs::write(folder.join("file"), "").unwrap();
    let spool = each(&folder, false);
    assert!(spool.early());
    let mut delivery = spool.begin(&envelope(&[])).unwrap();
    for unknown in ["c@example.com", "b@example.net", "file", "x@file"] {
        assert_eq!(refused(delivery.recipient(&recipient(unknown))), (550, "5.1.1".into()), "{unknown}");
    }
    delivery.recipient(&recipient("b@example.com")).unwrap();
    delivery.write(MESSAGE).unwrap();
    delivery.finish().unwrap();
    assert_eq!(stored_one(&folder.join("example.com/b")).header("Delivered-To").unwrap(), "b@example.com");
    assert!(!folder.join("example.net").exists());
}

#[test]
fn a_program_may_say_where_mail_goes() {
    let folder = TempDir::new();
    let find = Arc::new(|to: &helo::proto::address::ForwardPath| match to.mailbox().local_part() {
        "sales" => FolderName::new("teams/all"),
        _ => None,
    });
    let mailboxes = Mailboxes::Each { find, create: true };
    let spool = Maildir::open(folder.path(), Options { mailboxes, ..Options::default() }).unwrap();
    assert_eq!(refused(store(&spool, &envelope(&["x@example.com"]), MESSAGE, 10)), (550, "5.1.1".into()));
    store(&spool, &envelope(&["sales@example.com"]), MESSAGE, 10).unwrap();
    assert!(stored_one(&folder.join("teams/all")).as_sent() == MESSAGE);
}

#[test]
fn a_mail_that_is_given_up_leaves_nothing() {
    let folder = TempDir::new();
    let spool = one(&folder);
    let mut delivery = begin(&spool, &envelope(&["b@example.com"])).unwrap();
    delivery.write(&vec![b'x'; 300_000]).unwrap();
    assert_eq!(names(&folder.join("tmp")).len(), 1, "it streams: a part is on the disk already");
    drop(delivery);
    assert_empty(folder.path());
}

/// Whoever has a file open keeps it, and its room on the disk, when it has no name any more: so does a child that the
/// program forks at the wrong moment, until it runs another program.
#[test]
fn a_mail_that_is_given_up_gives_its_room_back_at_once() {
    let folder = TempDir::new();
    let (one, each) = (one(&folder), each(&folder, true));
    for (spool, tmp) in [(&one as &dyn Spool, "tmp"), (&each, "b/tmp")] {
        for broken in [None, Some(Fault::Disk), Some(Fault::Sync)] {
            let mut delivery = begin(spool, &envelope(&["b", "c"])).unwrap();
            delivery.write(&vec![b'x'; 300_000]).unwrap();
            let held = File::open(folder.join(tmp).join(&names(&folder.join(tmp))[0])).unwrap();
            assert!(held.metadata().unwrap().len() > 200_000);
            match broken.map(fault::on_this_thread) {
                None => drop(delivery),
                Some(_broken) => drop(delivery.finish().unwrap_err()),
            }
            assert_eq!(held.metadata().unwrap().len(), 0, "{tmp}, {broken:?}");
        }
    }
}

#[test]
fn no_name_comes_twice_among_threads() {
    let folder = TempDir::new();
    let spool = Maildir::open(folder.path(), Options { sync: Syncs::Never, ..Options::default() }).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for _ in 0..1000 {
                    store(&spool, &envelope(&["b@example.com"]), MESSAGE, 100).unwrap();
                }
            });
        }
    });
    let names = names(&folder.join("new"));
    let unlike: HashSet<&str> = names.iter().map(|name| name.split(',').next().unwrap()).collect();
    assert_eq!((names.len(), unlike.len()), (16_000, 16_000));
}

#[test]
fn concurrent_mails_share_syncs_and_all_are_there() {
    let folder = TempDir::new();
    let spool = one(&folder);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| (0..10).for_each(|_| drop(store(&spool, &envelope(&["b"]), MESSAGE, 100).unwrap())));
        }
    });
    assert_eq!(names(&folder.join("new")).len(), 80);
    assert_eq!(names(&folder.join("tmp")), [""; 0]);
}

#[test]
fn what_died_long_ago_is_removed_at_the_start() {
    let folder = TempDir::new();
    drop(one(&folder));
    let aged = |name: &str, hours: u64| {
        let file = File::create(folder.join("tmp").join(name)).unwrap();
        let then = SystemTime::now() - Duration::from_secs(hours * 3600);
        file.set_times(FileTimes::new().set_modified(then)).unwrap();
    };
    aged("old", 37);
    aged("young", 35);
    fs::create_dir(folder.join("tmp/folder")).unwrap();
    File::open(folder.join("tmp/folder"))
        .unwrap()
        .set_times(FileTimes::new().set_modified(SystemTime::UNIX_EPOCH))
        .unwrap();
    drop(one(&folder));
    let mut left = names(&folder.join("tmp"));
    left.sort();
    assert_eq!(left, ["folder", "young"]);
}

#[test]
fn a_folder_that_goes_meanwhile() {
    let folder = TempDir::new();
    let spool = one(&folder);
    let later = begin(&spool, &envelope(&["b"])).unwrap();
    fs::remove_dir(folder.join("new")).unwrap();
    assert_eq!(refused(later.finish()), (451, "4.3.0".into()));
    assert_eq!(names(&folder.join("tmp")), [""; 0]);
    assert_eq!(refused(store(&spool, &envelope(&["b"]), MESSAGE, 10)), (451, "4.3.0".into()), "it is not made again");
    fs::create_dir(folder.join("new")).unwrap();
    store(&spool, &envelope(&["b"]), MESSAGE, 10).unwrap();
    assert_eq!(stored(folder.path()).len(), 1, "it is taken when it is back");
    fs::remove_dir_all(folder.path()).unwrap();
    assert_eq!(refused(store(&spool, &envelope(&["b"]), MESSAGE, 10)), (451, "4.3.0".into()));
}

/// What `mv` makes of it must not go on being filled.
#[test]
fn mail_goes_to_the_maildir_that_stands_there() {
    let folder = TempDir::new();
    let root = folder.join("mail");
    let spool = Maildir::open(&root, Options::default()).unwrap();
    store(&spool, &envelope(&["b"]), MESSAGE, 10).unwrap();
    fs::rename(&root, folder.join("old")).unwrap();
    assert_eq!(refused(store(&spool, &envelope(&["b"]), MESSAGE, 10)), (451, "4.3.0".into()));
    for part in ["cur", "new", "tmp"] {
        fs::create_dir_all(root.join(part)).unwrap();
    }
    store(&spool, &envelope(&["b"]), MESSAGE, 10).unwrap();
    assert_eq!((stored(&root).len(), stored(&folder.join("old")).len()), (1, 1));
}

/// A disk that is not mounted any more shows an empty folder: nobody's mail may bounce for that.
#[test]
fn users_are_not_unknown_because_the_disk_is_gone() {
    for create in [false, true] {
        let folder = TempDir::new();
        let root = folder.join("mail");
        for part in ["cur", "new", "tmp"] {
            fs::create_dir_all(root.join("b").join(part)).unwrap();
        }
        let options = Options { mailboxes: Mailboxes::each(create), ..Options::default() };
        let spool = Maildir::open(&root, options).unwrap();
        store(&spool, &envelope(&["b"]), MESSAGE, 10).unwrap();
        fs::rename(&root, folder.join("unmounted")).unwrap();
        assert_eq!(refused(store(&spool, &envelope(&["b"]), MESSAGE, 10)), (451, "4.3.0".into()), "no root");
        fs::create_dir(&root).unwrap();
        assert_eq!(refused(store(&spool, &envelope(&["b"]), MESSAGE, 10)), (451, "4.3.0".into()), "an empty one");
        assert_eq!(names(&root), [""; 0]);
        fs::remove_dir(&root).unwrap();
        fs::rename(folder.join("unmounted"), &root).unwrap();
        store(&spool, &envelope(&["b"]), MESSAGE, 10).unwrap();
        assert_eq!(stored(&root.join("b")).len(), 2);
    }
}

#[test]
fn a_disk_without_room_by_fault() {
    let folder = TempDir::new();
    let (one, each) = (one(&folder), each(&folder, true));
    for spool in [&one as &dyn Spool, &each] {
        let mut delivery = begin(spool, &envelope(&["b"])).unwrap();
        {
            let _full = fault::on_this_thread(Fault::Disk);
            assert_eq!(refused(delivery.write(&[b'x'; 100_000])), (452, "4.3.1".into()));
        }
        drop(delivery);
        let delivery = begin(spool, &envelope(&["b"])).unwrap();
        let _full = fault::on_this_thread(Fault::Disk);
        assert_eq!(refused(delivery.finish()), (452, "4.3.1".into()));
    }
    assert_empty(folder.path());
    assert_empty(&folder.join("b"));
}

#[test]
fn a_disk_that_does_not_sync() {
    let folder = TempDir::new();
    let spool = one(&folder);
    let _broken = fault::on_this_thread(Fault::Sync);
    assert_eq!(refused(store(&spool, &envelope(&["b"]), MESSAGE, 10)), (451, "4.3.0".into()));
    assert_empty(folder.path());
}

#[test]
fn a_folder_that_does_not_sync_takes_its_mail_back() {
    let folder = TempDir::new();
    let spool = one(&folder);
    let _broken = fault::on_this_thread(Fault::FolderSync);
    assert_eq!(refused(store(&spool, &envelope(&["b"]), MESSAGE, 10)), (451, "4.3.0".into()));
    assert_empty(folder.path());
}

#[test]
fn announced_mails_that_do_not_fit_are_refused_before_they_come() {
    let folder = TempDir::new();
    let mut envelope = envelope(&["b"]);
    envelope.params = vec![Parameter::parse("SIZE=9000000000000000000").unwrap()];
    assert_eq!(refused(one(&folder).begin(&envelope)), (452, "4.3.1".into()));
    let options = Options { keep_free: u64::MAX, ..Options::default() };
    let strict = Maildir::open(folder.path(), options).unwrap();
    assert_eq!(refused(strict.begin(&super::envelope(&["b"]))), (452, "4.3.1".into()));
}

/// A sync that fails may have lost the names that others put there before, and the next one succeeds all the same.
#[test]
fn after_a_folder_did_not_sync_nobody_who_was_there_before_is_confirmed() {
    for sync in [Syncs::Grouped, Syncs::Single] {
        let folder = TempDir::new();
        let spool = Maildir::open(folder.path(), Options { sync, ..Options::default() }).unwrap();
        let before = begin(&spool, &envelope(&["b"])).unwrap();
        {
            let _broken = fault::on_this_thread(Fault::FolderSync);
            assert_eq!(refused(store(&spool, &envelope(&["b"]), MESSAGE, 10)), (451, "4.3.0".into()));
        }
        assert_eq!(refused(before.finish()), (451, "4.3.0".into()));
        assert_empty(folder.path());
        // It is opened anew for the next.
        store(&spool, &envelope(&["b"]), MESSAGE, 10).unwrap();
        assert!(stored_one(folder.path()).as_sent() == MESSAGE);
    }
}

#[test]
fn fields_that_the_message_brings_are_below_the_servers() {
    let forged = b"Return-Path: <forged@example.net>\r\nDelivered-To: x\r\nReceived: from y\r\n\r\nx\r\n";
    let folder = TempDir::new();
    store(&one(&folder), &envelope(&["b@example.com"]), forged, 10).unwrap();
    let mail = stored_one(folder.path());
    assert!(mail.text().starts_with("Return-Path: <a@example.org>\nDelivered-To: b@example.com\n"), "{}", mail.text());
    assert!(mail.text().ends_with(&String::from_utf8_lossy(forged).replace("\r\n", "\n")), "as it came");
}

#[test]
fn a_mail_may_go_to_250_maildirs() {
    let folder = TempDir::new();
    let spool = each(&folder, true);
    let mut delivery = spool.begin(&envelope(&[])).unwrap();
    for user in 0..250 {
        delivery.recipient(&recipient(&format!("user{user}"))).unwrap();
    }
    assert_eq!(refused(delivery.recipient(&recipient("one-more"))), (452, "4.5.3".into()));
    delivery.recipient(&recipient("USER7")).expect("a mailbox that has it anyway");
    drop(delivery);
    assert_empty(&folder.join("user7"));
}

/// A small disk of its own; none, noted as a skip, where this user or this machine mounts nothing.
fn small_disk(test: &str, options: &str) -> Option<(TempDir, Mount)> {
    let folder = TempDir::new();
    match Mount::tmpfs(folder.path(), options) {
        Ok(mount) => Some((folder, mount)),
        Err(why) => {
            skip::skip(test, &why);
            None
        }
    }
}

#[test]
fn a_disk_that_fills() {
    let Some((disk, _mount)) = small_disk("spool: a disk that fills", "size=256k") else { return };
    let spool = one(&disk);
    let large = vec![b'x'; 400_000];
    assert_eq!(refused(store(&spool, &envelope(&["b"]), &large, 10_000)), (452, "4.3.1".into()));
    assert_empty(disk.path());
    // Until nothing more fits; then nothing is lost of what was confirmed, and nothing half-written stands there.
    let mut confirmed = 0;
    while store(&spool, &envelope(&["b"]), &large[..20_000], 10_000).is_ok() {
        confirmed += 1;
        assert!(confirmed < 100);
    }
    let mails = stored(disk.path());
    assert!(confirmed > 5 && mails.len() == confirmed, "{confirmed} confirmed, {} there", mails.len());
    assert!(mails.iter().all(|mail| mail.as_sent() == large[..20_000]));
    assert_eq!(names(&disk.join("tmp")), [""; 0]);
    // Room again.
    for name in names(&disk.join("new")) {
        fs::remove_file(disk.join("new").join(name)).unwrap();
    }
    store(&spool, &envelope(&["b"]), MESSAGE, 10).unwrap();
}

#[test]
fn a_disk_without_names_left() {
    let Some((disk, _mount)) = small_disk("spool: a disk without names left", "nr_inodes=8") else { return };
    let spool = one(&disk);
    let mut refusals = 0;
    for _ in 0..10 {
        match store(&spool, &envelope(&["b"]), MESSAGE, 10) {
            Ok(_) => assert_eq!(refusals, 0),
            Err(refusal) => {
                assert_eq!((refusal.code, refusal.enhanced.to_string()), (452, "4.3.1".into()));
                refusals += 1;
            }
        }
    }
    assert!(refusals > 0);
    assert_eq!(names(&disk.join("tmp")), [""; 0]);
}

#[test]
fn a_disk_that_becomes_read_only() {
    let Some((disk, mount)) = small_disk("spool: a disk that becomes read-only", "size=1m") else { return };
    let spool = one(&disk);
    mount.remount("ro");
    let refusal = store(&spool, &envelope(&["b"]), MESSAGE, 10).unwrap_err();
    assert_eq!((refusal.code, refusal.enhanced.to_string()), (451, "4.3.0".into()));
    assert!(refusal.cause.contains("Read-only"), "the log says why: {refusal}");
    assert!(!refusal.text.contains('/'), "the client learns no path: {}", refusal.text);
    mount.remount("rw");
    store(&spool, &envelope(&["b"]), MESSAGE, 10).unwrap();
}

/// What the kernel forbids the owner does not bind root, so that this runs as another user.
#[test]
fn a_folder_without_permission() {
    const ASKED: &str = "HELO_TEST_SPOOL";
    if let Some(root) = std::env::var_os(ASKED) {
        let spool = Maildir::open(root, Options { mailboxes: Mailboxes::each(false), ..Options::default() }).unwrap();
        assert_eq!(refused(store(&spool, &envelope(&["shut"]), MESSAGE, 10)), (451, "4.3.0".into()));
        assert_eq!(refused(store(&spool, &envelope(&["closed"]), MESSAGE, 10)), (451, "4.3.0".into()));
        // One answer for all: all or none. An answer for each: each for itself.
        assert_eq!(refused(store(&spool, &envelope(&["open", "closed"]), MESSAGE, 10)), (451, "4.3.0".into()));
        for order in [["open", "closed"], ["closed", "open"]] {
            let done = store(&spool, &by_lmtp(&order), MESSAGE, 10).unwrap().each(2);
            for (to, answer) in order.into_iter().zip(done) {
                assert_eq!(answer.is_ok(), to == "open", "{to}: {answer:?}");
            }
        }
        return;
    }
    let folder = TempDir::new();
    for user in ["open", "closed", "shut"] {
        for part in ["cur", "new", "tmp"] {
            fs::create_dir_all(folder.join(user).join(part)).unwrap();
        }
    }
    let set = |path: &str, mode: u32| fs::set_permissions(folder.join(path), Permissions::from_mode(mode)).unwrap();
    set("closed/tmp", 0o500);
    set("shut", 0o000);
    // The test program's folder is this user's; a copy can be run by anyone.
    let program = folder.join("test");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let mut run = Command::new(&program);
    if skip::is_root() {
        let nobody = 65534;
        for user in ["open", "closed", "shut"] {
            for part in ["", "cur", "new", "tmp"] {
                std::os::unix::fs::chown(folder.join(user).join(part), Some(nobody), None).unwrap();
            }
        }
        std::os::unix::process::CommandExt::uid(&mut run, nobody);
    }
    let test = ["maildir::a_folder_without_permission", "--exact", "--nocapture"];
    let output = run.args(test).env(ASKED, folder.path()).output().unwrap();
    set("shut", 0o700);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(stored(&folder.join("open")).len(), 2, "those with an answer for each");
    assert_eq!(names(&folder.join("open/tmp")), [""; 0]);
    assert_empty(&folder.join("closed"));
}

/// In a program that knows nothing of SIGXFSZ, by which the system ends whoever writes more.
#[test]
fn files_that_may_not_grow() {
    const ASKED: &str = "HELO_TEST_FILE_SIZE";
    if std::env::var_os(ASKED).is_some() {
        let folder = TempDir::new();
        let spool = each(&folder, true);
        for to in [&["b"][..], &["b", "c"]] {
            for size in [40_000, 400_000] {
                assert_eq!(refused(store(&spool, &envelope(to), &vec![b'x'; size], 9999)), (452, "4.3.1".into()));
            }
            to.iter().for_each(|to| assert_empty(&folder.join(to)));
        }
        // It fits for one, and with the longer top of the other it does not.
        let long = "c".repeat(60);
        let sizes = (19_000..20_500).step_by(20);
        let taken: Vec<bool> =
            sizes.map(|size| store(&spool, &envelope(&["b", &long]), &vec![b'x'; size], 9999).is_ok()).collect();
        assert!(taken.first() == Some(&true) && taken.last() == Some(&false));
        let both = taken.iter().filter(|&&taken| taken).count();
        assert_eq!((stored(&folder.join("b")).len(), stored(&folder.join(&long)).len()), (both, both));
        return;
    }
    // 20 KB, in units of 512 octets.
    let limited = "ulimit -f 40; exec \"$0\" maildir::files_that_may_not_grow --exact --nocapture";
    let this = std::env::current_exe().unwrap();
    let output = Command::new("sh").args(["-c", limited]).arg(this).env(ASKED, "1").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Runs in a process of its own, whose descriptors may all be used up.
#[test]
fn a_process_without_descriptors() {
    const ASKED: &str = "HELO_TEST_DESCRIPTORS";
    if std::env::var_os(ASKED).is_some() {
        let folder = TempDir::new();
        let spool = one(&folder);
        let mut hoard = Vec::new();
        while let Ok(file) = File::open("/dev/null") {
            hoard.push(file);
        }
        assert_eq!(refused(store(&spool, &envelope(&["b"]), MESSAGE, 10)), (451, "4.3.0".into()));
        drop(hoard);
        store(&spool, &envelope(&["b"]), MESSAGE, 10).unwrap();
        return;
    }
    let limited = "ulimit -n 64; exec \"$0\" maildir::a_process_without_descriptors --exact --nocapture";
    let this = std::env::current_exe().unwrap();
    let output = Command::new("sh").args(["-c", limited]).arg(this).env(ASKED, "1").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
