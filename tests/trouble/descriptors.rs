//! More connections than the system gives descriptors for.

use super::support::program::Program;
use super::support::raw::Raw;
use super::support::temp::TempDir;
use super::support::wait;
use super::{assert_holds, lines, mail, maildirs, of, text};

/// Connections must not take the descriptors that mails need.
#[test]
fn who_is_connected_can_send_while_others_take_every_connection() {
    let folder = TempDir::new();
    let root = folder.join("mail");
    maildirs(&root, &["b", "c"]);
    let server = Program::start_with_descriptors(128, &["--port", "0", "--maildirs", text(&root)]);
    let address = server.address("smtp");
    let mut client = server.client();
    let crowd: Vec<Raw> = (0..300).map(|_| Raw::tcp(address)).collect();
    for number in 1..=10 {
        let reply = mail(&mut client, &["b", "c"], &lines(100_000));
        assert!(reply.starts_with("250 "), "{reply}");
        assert_holds(&of(&root, "b"), number);
        assert_holds(&of(&root, "c"), number);
    }
    drop(crowd);
    // When the server has seen them go.
    let greeted = || Raw::tcp(address).reply().starts_with("220 ").then_some(());
    wait::until("a greeting", wait::LONG, greeted);
    let (well, log) = server.stop();
    assert!(well && log.contains("is sent away: 421 4.3.2"), "{log}");
}
