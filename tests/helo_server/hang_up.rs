//! SIGHUP: the log was moved away, or whoever read it is gone.

use crate::support::program::Program;
use crate::support::temp::TempDir;
use crate::support::wait;

#[test]
fn the_log_is_opened_anew() {
    let folder = TempDir::new();
    let (log, old) = (folder.join("log"), folder.join("log.1"));
    let server = Program::start(&["--port", "0", "--discard", "--log", log.to_str().expect("UTF-8")]);
    let text = |path| std::fs::read_to_string(path).unwrap_or_default();
    for _ in 0..2 {
        std::fs::rename(&log, &old).expect("a log");
        server.signal("HUP");
        wait::until("a new log", wait::LONG, || text(&log).contains("the log was opened anew\n").then_some(()));
        let before = text(&old);
        let mut client = server.client();
        client.ask("QUIT", 221);
        client.closed();
        wait::until("the session in it", wait::LONG, || text(&log).contains("ended: 0 mails taken\n").then_some(()));
        assert_eq!(text(&old), before);
    }
    // What cannot be opened leaves the log where it is.
    std::fs::rename(&log, &old).expect("a log");
    std::fs::create_dir(&log).expect("a folder");
    server.signal("HUP");
    wait::until("the reason", wait::LONG, || text(&old).contains("the log goes on here: ").then_some(()));
    assert!(server.stop().0);
}

#[test]
fn without_a_file_it_ends_in_order() {
    let server = Program::start(&["--port", "0", "--discard"]);
    let mut client = server.client();
    server.signal("HUP");
    client.expect(421);
    client.closed();
    let (well, log) = server.ended();
    assert!(well && log.ends_with("stopped\n"), "{log}");
}
