//! A server that hands mail on does it as any client: with TLS and any certificate where that can be, in the clear where
//! the next server cannot do TLS, and never a login in the clear.

use crate::support::peer::{self, Peer, certificate, version_one};
use crate::support::program::Program;
use crate::support::temp::TempDir;

const MAIL: &str = "MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n";

#[track_caller]
fn relay(to: &str) -> Program {
    Program::start(&["--port", "0", "--relay", to, "--domains", "example.com"])
}

#[test]
fn mail_is_handed_on_to_servers_of_every_kind() {
    if !peer::have("mail_is_handed_on_to_servers_of_every_kind") {
        return;
    }
    for (words, is_encrypted) in [(&[][..], true), (&["tls10"], false), (&["close"], false), (&["text"], false)] {
        let folder = TempDir::new();
        let mut next = Peer::start(&version_one(&folder, "-newkey rsa:1024"), words);
        let server = relay(&format!("smtp://127.0.0.1:{}", next.port));
        let mut client = server.client();
        client.send(MAIL);
        assert_eq!(client.codes(3), [250, 250, 354], "{words:?}");
        client.send("Subject: x\r\n\r\nhello\r\n.\r\n").expect(250);
        drop(client);
        server.signal("TERM");
        let (well, log) = server.ended();
        assert!(well, "{log}");
        let heard = next.heard(if is_encrypted { 1 } else { 2 });
        assert_eq!(heard[0].clear.last().map(String::as_str), Some("STARTTLS"), "{heard:?}");
        let last = heard.last().unwrap();
        let whole = if is_encrypted { &last.tls } else { &last.clear };
        assert!(whole.contains(&"hello".to_owned()), "{words:?}: {heard:?}");
        assert!(is_encrypted || !last.clear.contains(&"STARTTLS".to_owned()), "{heard:?}");
    }
}

#[test]
fn a_login_for_the_next_server_never_goes_in_the_clear() {
    if !peer::have("a_login_for_the_next_server_never_goes_in_the_clear") {
        return;
    }
    let folder = TempDir::new();
    let mut next = Peer::start(&certificate(&folder, "-newkey ed25519 -subj /CN=a"), &["close"]);
    let server = relay(&format!("smtp://alice:wonderland@127.0.0.1:{}", next.port));
    let mut client = server.client();
    client.send(MAIL);
    assert!(client.codes(3).iter().any(|code| *code == 451));
    drop(client);
    server.signal("TERM");
    let (_, log) = server.ended();
    assert!(log.contains("during the handshake"), "{log}");
    let heard = next.heard(1);
    assert_eq!(heard[0].clear.last().map(String::as_str), Some("STARTTLS"), "{heard:?}");
}
