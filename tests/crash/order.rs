//! The system calls of the whole server: each mail is written, synced, renamed, and the folder synced, before its 250
//! goes out; also where several mails share the sync of a folder.

use crate::support::program::Program;
use crate::support::strace::{self, Call};
use crate::support::temp::TempDir;
use std::collections::HashSet;
use std::thread;

/// A server that is traced, into one Maildir or one for each recipient, and what happened when it has ended. `failing`:
/// system calls that fail.
fn traced(each: bool, failing: &[&str], send: impl FnOnce(&Program) -> Vec<String>) -> (Vec<String>, String) {
    let folder = TempDir::new();
    let (root, trace) = (folder.join("mail"), folder.join("trace"));
    let mut before = strace::before(&trace);
    failing.iter().for_each(|call| before.extend(["-e".to_owned(), format!("inject={call}")]));
    let before: Vec<&str> = before.iter().map(String::as_str).collect();
    let (into, more) = if each { ("--maildirs", &["--make-maildirs"][..]) } else { ("--maildir", &[][..]) };
    let options = ["--port", "0", "--quiet", into, root.to_str().unwrap()];
    let server = Program::start_under(&before, &[&options[..], more].concat());
    let ids = send(&server);
    let (well, log) = server.stop();
    assert!(well, "{log}");
    (ids, std::fs::read_to_string(&trace).unwrap())
}

/// Sends so many mails in one flight; the marks of those that were confirmed.
fn send(server: &Program, count: usize, to: &[&str], octets: usize) -> Vec<String> {
    let mut client = server.client();
    let to: String = to.iter().map(|to| format!("RCPT TO:<{to}@example.com>\r\n")).collect();
    for _ in 0..count {
        client.send(format!("MAIL FROM:<a@example.org>\r\n{to}BDAT {octets} LAST\r\n"));
        client.send("line\r\n".repeat(octets / 6));
    }
    let mut ids = Vec::new();
    for _ in 0..count {
        client.codes(1 + to.lines().count()).into_iter().for_each(|code| assert_eq!(code, 250));
        ids.extend(client.expect(250).trim_end().rsplit(' ').next().map(str::to_owned));
    }
    ids
}

/// Each mail is in so many Maildirs, and was safe in all of them before its 250.
fn check(ids: &[String], maildirs: usize, trace: &str) {
    let calls = strace::calls(trace);
    let mut seen = HashSet::new();
    for id in ids {
        let files = strace::files_with(&calls, &format!(" id {id}"));
        assert_eq!(files.len(), maildirs, "{id} in:\n{trace}");
        let saved = format!("Saved as {id}");
        let confirms = |call: &Call| call.name.starts_with("send") && call.arguments.contains(&saved);
        for file in files {
            strace::safe_before(&calls, &file, confirms).unwrap_or_else(|why| panic!("{id}: {why}:\n{trace}"));
            assert!(seen.insert(file), "a name came twice");
        }
    }
}

#[test]
fn one_mail() {
    if !strace::works("crash: the order of system calls, one mail") {
        return;
    }
    let (ids, trace) = traced(false, &[], |server| send(server, 1, &["b"], 600_000));
    check(&ids, 1, &trace);
}

#[test]
fn mails_at_the_same_time_that_share_syncs() {
    if !strace::works("crash: the order of system calls, several mails") {
        return;
    }
    let (ids, trace) = traced(false, &[], |server| {
        thread::scope(|scope| {
            let clients: Vec<_> = (0..8).map(|_| scope.spawn(|| send(server, 6, &["b"], 1200))).collect();
            clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
        })
    });
    assert_eq!(ids.len(), 48);
    check(&ids, 1, &trace);
    let syncs =
        strace::calls(&trace).iter().filter(|call| call.name == "fsync" && call.arguments.ends_with("/new>")).count();
    println!("{} mails, {syncs} syncs of the folder", ids.len());
}

#[test]
fn a_mail_to_several_maildirs() {
    if !strace::works("crash: the order of system calls, several Maildirs") {
        return;
    }
    let (ids, trace) = traced(true, &[], |server| send(server, 2, &["b", "c", "d"], 100_002));
    check(&ids, 3, &trace);
}

/// Not every system, and not every file system, can rename without overwriting; some have no second names either.
#[test]
fn the_other_ways_to_a_name() {
    if !strace::works("crash: the order of system calls, the other ways to a name") {
        return;
    }
    const NO_RENAME: &str = "renameat2:error=EINVAL";
    for (failing, call) in [(&[NO_RENAME][..], "linkat"), (&[NO_RENAME, "linkat:error=EPERM"], "renameat")] {
        let (ids, trace) = traced(false, failing, |server| send(server, 2, &["b"], 1200));
        check(&ids, 1, &trace);
        let named = strace::calls(&trace).iter().filter(|made| made.name == call && !made.failed).count();
        assert_eq!(named, 2, "{trace}");
    }
}

/// The reader itself: threads that interrupt each other, calls that fail, an order that is wrong.
#[test]
fn a_trace_in_a_wrong_order_is_found_out() {
    let line = |place: usize| {
        [
            r#"1 write(9</m/tmp/x>, "Received: id ID", 4) = 4"#,
            r#"1 fsync(9</m/tmp/x> <unfinished ...>"#,
            r#"2 fsync(8</m/new>) = 0"#,
            r#"1 <... fsync resumed>) = 0"#,
            r#"1 renameat2(7</m/tmp>, "x", 8</m/new>, "x,S=4", RENAME_NOREPLACE) = 0"#,
            r#"2 fsync(8</m/new> <unfinished ...>"#,
            r#"1 write(11<anon_inode:[eventfd]>, "\1", 8) = 8"#,
            r#"2 <... fsync resumed>) = 0"#,
            r#"3 sendmsg(12<socket:[1]>, {msg_iov=[{iov_base="250 Saved as ID\r\n"}]}, MSG_NOSIGNAL) = 17"#,
        ][place]
    };
    let judge = |order: &[usize], instead: Option<(usize, &str)>| {
        let lines =
            order.iter().map(|&place| instead.filter(|(at, _)| *at == place).map_or(line(place), |(_, with)| with));
        let text = lines.collect::<Vec<_>>().join("\n");
        let calls = strace::calls(&text);
        let files = strace::files_with(&calls, " id ID");
        assert_eq!(files, [std::path::Path::new("/m/tmp/x")]);
        strace::safe_before(&calls, &files[0], |call| call.arguments.contains("Saved as ID"))
    };
    let right = [0, 1, 2, 3, 4, 5, 6, 7, 8];
    judge(&right, None).unwrap();
    for wrong in [
        // Confirmed before the folder's sync has ended; renamed before the file's; the folder's begun before the rename.
        [0, 1, 2, 3, 4, 5, 6, 8, 7],
        [0, 1, 2, 4, 3, 5, 6, 7, 8],
        [0, 1, 2, 3, 5, 4, 6, 7, 8],
        // Written to once more after its sync.
        [1, 2, 3, 0, 4, 5, 6, 7, 8],
    ] {
        assert!(judge(&wrong, None).is_err(), "{wrong:?}");
    }
    for failed in [
        (3, "1 <... fsync resumed>) = -1 EIO (Input/output error)"),
        (4, r#"1 renameat2(7</m/tmp>, "x", 8</m/new>, "x,S=4", RENAME_NOREPLACE) = -1 EEXIST (File exists)"#),
        (7, "2 <... fsync resumed>) = -1 EIO (Input/output error)"),
    ] {
        assert!(judge(&right, Some(failed)).is_err(), "{failed:?}");
    }
}
