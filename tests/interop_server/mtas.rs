//! Exim as a client: by BDAT in the clear, and by TLS with a login.

use crate::clients::{succeeded, with_input};
use crate::support::cut::Breaker;
use crate::support::exim::Exim;
use crate::support::helo_server::{HeloServer, REFUSED};
use crate::support::temp::TempDir;
use crate::{SENDER, check, message, protocol};

#[test]
fn exim() {
    let server = HeloServer::start(&[]);
    let relay = Breaker::whole(server.address());
    let (clear, secure) = (relay.address().port(), server.address().port());
    let authority = server.authority();
    let Some(exim) = Exim::handing_on("helo-server and Exim", clear, secure, &authority) else { return };
    let folder = TempDir::new();
    // Its deliveries log to where it was called from, as they have the rights of its own user only.
    let send = |from: &str, to: &[&str], message: &[u8]| {
        std::fs::write(folder.join("message"), message).expect("a file");
        let outcome = with_input(exim.sendmail().args(["-i", "-f", from]).args(to), &folder.join("message"));
        assert!(succeeded(&outcome), "{}", outcome.stderr);
        outcome.stderr
    };

    let (first, last) = (server.fresh_mailbox(), server.fresh_mailbox());
    let clear = message(&first.address, "in the clear");
    let log = send(SENDER, &[&first.address, REFUSED, &last.address], &clear);
    assert!(log.contains("550 5.1.1 No such mailbox here"), "{log}");
    for mailbox in [&first, &last] {
        check(&mailbox.wait(1), &mailbox.address, &clear);
    }
    let said = relay.heard();
    assert!(said.contains("\r\nBDAT ") && said.contains(" SIZE="), "{said:.2000}");

    let mailbox = server.mailbox("box", "secure.store.test");
    let secret = message(&mailbox.address, "encrypted");
    let log = send("wrong@example.org", &[&mailbox.address], &secret);
    assert!(log.contains("535 5.7.8"), "{log}");
    assert_eq!(mailbox.count(), 0);
    let log = send(SENDER, &[&mailbox.address], &secret);
    assert!(log.contains("=> "), "{log}");
    let mails = mailbox.wait(1);
    check(&mails, &mailbox.address, &secret);
    assert_eq!(protocol(&mails[0]), "ESMTPSA");
}
