//! How a server ends: in order, and at once.

use crate::house::{House, LONG};
use crate::support::kept::Kept;
use helo::server::spool::{Envelope, Refusal};
use helo::server::{Client, Decide};
use std::net::TcpStream;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

#[test]
fn in_order_each_session_ends_when_its_mail_is_answered() {
    let (release, gate) = channel();
    let house = House::with(Kept::gated(gate), |_| {});
    let (address, kept) = (house.address(), house.kept.clone());
    let mut idle = house.client();
    let mut writing = house.client();
    writing.say("MAIL FROM:<a@example.org>").say("RCPT TO:<b@example.com>").say("DATA");
    assert_eq!(writing.codes(3), [250, 250, 354]);
    let mut slow = house.client();
    slow.send("MAIL FROM:<slow@example.org>\r\nRCPT TO:<b@example.com>\r\nBDAT 3 LAST\r\nx\r\nNOOP\r\n");
    assert_eq!(slow.codes(2), [250, 250]);
    kept.wait_open(2);

    let stopping = std::thread::spawn(move || house.server.stop(LONG));
    assert!(idle.expect(421).contains("4.3.2"));
    idle.closed();
    writing.send("text\r\n.\r\n").expect(250);
    writing.expect(421);
    writing.closed();
    release.send(()).unwrap();
    slow.expect(250);
    slow.expect(421);
    slow.closed();
    stopping.join().unwrap();
    assert_eq!(kept.mails().len(), 2);
    assert!(TcpStream::connect(address).is_err(), "nobody listens any more");
}

#[test]
fn at_the_deadline_what_is_left_is_broken_off() {
    let house = House::with(Kept::blocking(), |_| {});
    let kept = house.kept.clone();
    let mut writing = house.client();
    writing.say("MAIL FROM:<a@example.org>").say("RCPT TO:<b@example.com>").say("DATA");
    assert_eq!(writing.codes(3), [250, 250, 354]);
    let started = Instant::now();
    house.server.stop(Duration::from_millis(200));
    assert!(started.elapsed() >= Duration::from_millis(200));
    writing.closed();
    kept.wait_given_up(1);
    assert!(kept.mails().is_empty());
}

/// Says when it is asked, and stays there until it is released.
struct Stuck {
    asked: Sender<()>,
    release: Mutex<Receiver<()>>,
}

impl Decide for Stuck {
    fn sender(&self, _client: &Client, _mail: &Envelope) -> Result<(), Refusal> {
        let _ = self.asked.send(());
        let _ = self.release.lock().expect("no panic").recv();
        Ok(())
    }
}

/// What a worker is at cannot be taken from it: the end does not wait for it for ever, and says so.
#[test]
fn a_decision_that_does_not_come_back_is_said() {
    let (asked, comes) = channel();
    let (release, gate) = channel();
    let stuck = Arc::new(Stuck { asked, release: Mutex::new(gate) });
    let house = House::with(Kept::new(), |service| service.decide = stuck);
    let mut client = house.client();
    client.send("MAIL FROM:<a@example.org>\r\n");
    comes.recv().unwrap();
    let server = house.server;
    server.begin_stop(Duration::ZERO);
    assert!(!server.wait(Some(Instant::now() + Duration::from_millis(300))), "it is at work still");
    client.closed();
    release.send(()).unwrap();
    assert!(server.wait(Some(Instant::now() + LONG)), "now it has ended");
    assert!(server.stop(Duration::ZERO), "and is so for good");
}

#[test]
fn dropped_it_ends_at_once() {
    let house = House::with(Kept::blocking(), |_| {});
    let kept = house.kept.clone();
    let mut idle = house.client();
    let mut writing = house.client();
    writing.say("MAIL FROM:<a@example.org>").say("RCPT TO:<b@example.com>").say("DATA");
    assert_eq!(writing.codes(3), [250, 250, 354]);
    drop(house);
    idle.rest();
    writing.rest();
    kept.wait_given_up(1);
}
