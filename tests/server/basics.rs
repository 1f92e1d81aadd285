//! Mails come in, by each way of saying it.

use crate::house::{House, LONG};
use crate::support::kept::Kept;

#[test]
fn a_mail_by_data() {
    for kept in [Kept::new(), Kept::blocking()] {
        let house = House::with(kept, |_| {});
        let mut client = house.client();
        client.ask("MAIL FROM:<a@example.org> BODY=8BITMIME", 250);
        client.ask("RCPT TO:<b@example.com>", 250);
        client.ask("RCPT TO:<c@example.com>", 250);
        client.ask("DATA", 354);
        client.send("Subject: x\r\n\r\n..dot\r\ntext\r\n.\r\n").expect(250);
        client.ask("QUIT", 221);
        client.closed();
        let mails = house.kept.mails();
        assert_eq!(mails.len(), 1);
        assert_eq!(mails[0].from(), "a@example.org");
        assert_eq!(mails[0].to(), ["b@example.com", "c@example.com"]);
        assert_eq!(mails[0].text(), "Subject: x\r\n\r\n.dot\r\ntext\r\n");
        assert_eq!(mails[0].envelope.with(), "ESMTP");
        assert_eq!(mails[0].envelope.hello, "client.example");
    }
}

#[test]
fn mails_by_bdat_all_in_one_flight() {
    for kept in [Kept::new(), Kept::blocking()] {
        let house = House::with(kept, |_| {});
        let mut client = house.client();
        let mail = "MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\nBDAT 5\r\nabc\r\nBDAT 5 LAST\r\ndef\r\n";
        client.send(format!("{mail}{mail}{mail}QUIT\r\n"));
        assert_eq!(client.codes(13), [250, 250, 250, 250, 250, 250, 250, 250, 250, 250, 250, 250, 221]);
        client.closed();
        let mails = house.kept.mails();
        assert_eq!(mails.len(), 3);
        assert!(mails.iter().all(|mail| mail.text() == "abc\r\ndef\r\n"));
    }
}

#[test]
fn large_mails_of_many_clients_at_once() {
    for kept in [Kept::new(), Kept::blocking()] {
        let house = House::with(kept, |_| {});
        let line = format!("{}\r\n", "x".repeat(998));
        let message = line.repeat(2000);
        let clients: Vec<_> = (0..8)
            .map(|number| {
                let (mut client, message) = (house.client(), message.clone());
                std::thread::spawn(move || {
                    client.say(&format!("MAIL FROM:<{number}@example.org>")).say("RCPT TO:<b@example.com>").say("DATA");
                    assert_eq!(client.codes(3), [250, 250, 354]);
                    client.send(&message).send(".\r\n").expect(250);
                })
            })
            .collect();
        clients.into_iter().for_each(|client| client.join().unwrap());
        let mails = house.kept.mails();
        assert_eq!(mails.len(), 8);
        assert!(mails.iter().all(|mail| mail.message == message.as_bytes()));
        house.server.stop(LONG);
    }
}
