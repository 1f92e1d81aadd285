//! What clients make the server hold: however many of them there are and whatever they hold, it is within the budget, the
//! server goes on, and a mail of somebody else is taken.

use crate::support::process::{is_sanitized, memory_of, peak_memory_of};
use crate::support::program::Program;
use crate::support::raw::Raw;
use crate::support::temp::TempDir;

const MIB: u64 = 1 << 20;
/// What the server takes besides: its threads and their buffers.
const BESIDES: u64 = 10 * MIB;

const HELLO: &str = "EHLO x\r\n";
const MAIL: &str = "MAIL FROM:<a@example.org>\r\n";
const RCPT: &str = "RCPT TO:<b@example.com>\r\n";

/// As many recipients as a mail may have, with addresses as long as they may be.
fn recipients(parameter: &str) -> String {
    let domain = ["d".repeat(60), "d".repeat(60), "d".repeat(40)].join(".");
    (100..1099).map(|n| format!("RCPT TO:<{n}{}@{domain}.example.com>{parameter}\r\n", "l".repeat(60))).collect()
}

/// Somebody else's mail, and what the server has for an answer to each of its commands.
fn honest(server: &Program) -> Vec<u16> {
    let mut client = Raw::tcp(server.address("smtp"));
    client.send(format!("PROXY TCP4 198.51.100.9 198.51.100.1 4000 25\r\n{HELLO}{MAIL}{RCPT}DATA\r\n"));
    let mut codes = client.codes(5);
    client.send(format!("Subject: x\r\n\r\n{}.\r\nQUIT\r\n", "a line of the message\r\n".repeat(200)));
    codes.extend(client.codes(2));
    codes
}

const TAKEN: [u16; 7] = [220, 250, 250, 250, 354, 250, 221];

/// So many say all this, each from an address of its own or all from this machine, and then nothing: how many of their
/// recipients were refused, and by how much the server has grown.
fn attacked(server: &Program, count: usize, own_address: bool, words: &str, replies: usize) -> (usize, u64) {
    let before = memory_of(server.child.id());
    let mut clients = Vec::new();
    for number in 0..count {
        let mut client = Raw::tcp(server.address("smtp"));
        let header = match own_address {
            true => format!("PROXY TCP6 2001:db8:{number:x}::1 ::1 4000 25\r\n"),
            false => "PROXY UNKNOWN\r\n".to_owned(),
        };
        client.send(header).send(words);
        clients.push(client);
    }
    let mut refused = 0;
    for client in clients.iter_mut().filter(|_| replies > 0) {
        let codes = client.codes(replies);
        refused += codes.iter().filter(|code| matches!(code, 452 | 421)).count();
        assert!(codes.iter().all(|code| matches!(code, 220 | 250 | 354 | 421 | 452)), "{codes:?}");
    }
    // As long as all of them are there.
    assert_eq!(honest(server), TAKEN);
    (refused, peak_memory_of(server.child.id()).saturating_sub(before))
}

#[test]
fn whatever_clients_hold_is_within_the_budget() {
    let folder = TempDir::new();
    let maildir = folder.join("mail");
    let maildir: &[&str] = &["--maildir", maildir.to_str().expect("UTF-8"), "--no-sync"];
    let long = format!("{HELLO}{MAIL}{}", recipients(""));
    let listed = format!("{HELLO}{MAIL}{}", recipients(&format!(" ORCPT=rfc822;{}", "o".repeat(400))));
    let body = "a line of a message that does not end\r\n".repeat(2500);
    let cases: [(&str, &[&str], String, usize, bool); 6] = [
        ("long recipients", &["--discard"], long.clone(), 1002, true),
        ("long parameters of recipients", &["--discard", "--dsn"], listed, 1002, true),
        ("an unfinished message", maildir, format!("{long}DATA\r\n{body}"), 1003, true),
        ("chunks", maildir, format!("{HELLO}{MAIL}{RCPT}BDAT 9999999\r\n{body}"), 4, false),
        ("replies that are not read", &["--discard"], format!("{HELLO}{}", "HELP\r\n".repeat(900)), 0, false),
        ("half a line", &["--discard"], format!("{HELLO}NOOP {}", "x".repeat(4000)), 2, false),
    ];
    for (at, (name, into, words, replies, beyond)) in cases.iter().enumerate() {
        // From this machine, and each from an address of its own.
        for own_address in if at == 0 { vec![false, true] } else { vec![at % 2 == 0] } {
            let common = ["--port", "0", "--quiet", "--max-memory", "8", "--proxies", "127.0.0.1"];
            let server = Program::start(&[&common[..], into].concat());
            let (refused, grown) = attacked(&server, 60, own_address, words, *replies);
            println!("{name}, addresses of their own: {own_address}: {refused} refused, {} KiB", grown >> 10);
            assert_eq!(refused > 0, *beyond, "{name}: {refused} refused");
            assert!(grown < 8 * MIB + BESIDES || is_sanitized(), "{name}: {} KiB", grown >> 10);
            assert_eq!(honest(&server), TAKEN, "{name}");
            assert!(server.stop().0, "{name}");
        }
    }
}

/// Where the system gives no more memory a server that asked for it would be ended: it keeps within its part.
#[cfg(target_os = "linux")]
#[test]
fn a_server_with_little_memory_goes_on() {
    if is_sanitized() {
        return; // whose addresses are many
    }
    let limit = "ulimit -v 262144 && exec \"$0\" \"$@\"";
    let folder = TempDir::new();
    let maildir = folder.join("mail");
    let common = ["--port", "0", "--quiet", "--proxies", "127.0.0.1", "--no-sync", "--maildir"];
    let arguments = [&common[..], &[maildir.to_str().expect("UTF-8")]].concat();
    let server = Program::start_under(&["bash", "-c", limit], &arguments);
    let body = "a line of a message that does not end\r\n".repeat(2500);
    let words = format!("{HELLO}{MAIL}{}DATA\r\n{body}", recipients(""));
    let (refused, grown) = attacked(&server, 240, false, &words, 1003);
    println!("{refused} refused, {} MiB", grown >> 20);
    assert!(refused > 0 && grown < 100 * MIB);
    assert_eq!(honest(&server), TAKEN);
    assert!(server.stop().0);
}

/// The beginning of a handshake's message that never ends: TLS holds it.
#[cfg(feature = "tls")]
#[test]
fn handshakes_that_do_not_end_are_within_the_budget() {
    use crate::support::tls::Authority;
    let folder = TempDir::new();
    let certified = Authority::new("Test authority").certificate(&["mx.example"]);
    let path = folder.join("cert.pem");
    std::fs::write(&path, format!("{}{}", certified.pem, certified.key.serialize_pem())).expect("a folder");
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("our own file");
    let common = ["--port", "0", "--quiet", "--max-memory", "8", "--discard", "--proxies", "127.0.0.1"];
    let server = Program::start(&[&common[..], &["--tls-certificate", path.to_str().expect("UTF-8")]].concat());
    // A ClientHello of 65,000 octets, in records of 16,000, of which the last does not come.
    let mut message = vec![1, 0, 0xfd, 0xe8];
    message.resize(64_000, 0);
    let records = message.chunks(16_000).flat_map(|part| [&[22, 3, 1, 0x3e, 0x80][..], part].concat());
    let records: Vec<u8> = records.collect();
    let before = memory_of(server.child.id());
    let mut clients = Vec::new();
    for number in 0..500 {
        let mut client = Raw::tcp(server.address("smtp"));
        client.send(format!("PROXY TCP6 2001:db8:{number:x}::1 ::1 4000 25\r\n{HELLO}STARTTLS\r\n"));
        if let [220, 250, 220] = client.codes(3)[..] {
            client.send(&records);
        }
        clients.push(client);
    }
    assert_eq!(honest(&server), TAKEN);
    let grown = peak_memory_of(server.child.id()).saturating_sub(before);
    println!("{} KiB", grown >> 10);
    assert!(grown < 8 * MIB + BESIDES || is_sanitized(), "{} KiB", grown >> 10);
    drop(clients);
    assert_eq!(honest(&server), TAKEN);
    assert!(server.stop().0);
}

/// What a store in memory may hold counts envelopes, too.
#[test]
fn a_store_in_memory_counts_its_envelopes() {
    let server = Program::start(&["--port", "0", "--quiet", "--memory", "2", "--dsn"]);
    let before = memory_of(server.child.id());
    let mut client = server.client();
    let words = format!("{MAIL}{}BDAT 3 LAST\r\nx\r\n", recipients(&format!(" ORCPT=rfc822;{}", "o".repeat(400))));
    let (mut taken, mut full) = (0, 0);
    for _ in 0..10 {
        client.send(&words);
        match client.codes(1001).last() {
            Some(250) => taken += 1,
            Some(452) => full += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((taken, full), (2, 8), "each has 0.8 MiB");
    let grown = memory_of(server.child.id()).saturating_sub(before);
    assert!(grown < 2 * MIB + BESIDES || is_sanitized(), "{} KiB", grown >> 10);
}
