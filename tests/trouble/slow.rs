//! Callbacks and spools that do not come back for a long time.

use super::house::{House, LONG};
use super::support::kept::Kept;
use super::support::raw::Raw;
use helo::server::spool::{Confirmation, Delivery, Envelope, Recipient, Result, Spool};
use helo::server::{Client, Decide, Limits};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

/// More than there are workers at first.
const SLOW: usize = 40;
const OTHERS: usize = 100;

/// Holds up whoever is called slow until the test lets go, and tells of each.
struct Gate {
    held: Mutex<Receiver<()>>,
    came: Mutex<Sender<()>>,
}

impl Gate {
    /// The gate, what is told when somebody waits there, and what to drop to open it.
    fn new() -> (Arc<Gate>, Receiver<()>, Sender<()>) {
        let ((open, held), (came, coming)) = (channel(), channel());
        (Arc::new(Gate { held: Mutex::new(held), came: Mutex::new(came) }), coming, open)
    }

    fn pass(&self, who: &str) {
        if who.contains("slow") {
            self.came.lock().unwrap().send(()).unwrap();
            // All wait here, the first for the test and the others for it.
            assert!(self.held.lock().unwrap().recv().is_err());
        }
    }
}

struct SlowDecision(Arc<Gate>);

impl Decide for SlowDecision {
    fn recipient(&self, _: &Client, _: &Envelope, recipient: &Recipient) -> Result<()> {
        self.0.pass(recipient.to.as_str());
        Ok(())
    }
}

/// A spool whose deliveries end slowly.
struct SlowSpool(Kept, Arc<Gate>);

struct SlowDelivery(Box<dyn Delivery>, Arc<Gate>, String);

impl Spool for SlowSpool {
    fn begin(&self, envelope: &Envelope) -> Result<Box<dyn Delivery>> {
        let to = envelope.recipients.iter().map(|recipient| recipient.to.as_str()).collect();
        Ok(Box::new(SlowDelivery(self.0.begin(envelope)?, self.1.clone(), to)))
    }
}

impl Delivery for SlowDelivery {
    fn write(&mut self, piece: &[u8]) -> Result<()> {
        self.0.write(piece)
    }
    fn finish(self: Box<Self>) -> Result<Confirmation> {
        self.1.pass(&self.2);
        self.0.finish()
    }
}

fn send(client: &mut Raw, to: &str) {
    client.send(format!("MAIL FROM:<a@example.org>\r\nRCPT TO:<{to}@example.com>\r\nBDAT 3 LAST\r\nx\r\n"));
}

/// All who are slow wait at the gate, whichever step they are held up at; a hundred others have their mails taken
/// meanwhile; then the slow ones have theirs.
fn others_are_served(house: &House, coming: &Receiver<()>, open: Sender<()>) {
    let mut slow: Vec<Raw> = (0..SLOW).map(|_| house.client()).collect();
    slow.iter_mut().for_each(|client| send(client, "slow"));
    // So many are held up that the workers of the beginning are all busy.
    (0..SLOW).for_each(|_| coming.recv_timeout(LONG).expect("one more is held up"));
    let mut others: Vec<Raw> = (0..OTHERS).map(|_| house.client()).collect();
    for round in 1..=3 {
        others.iter_mut().for_each(|client| send(client, "fast"));
        others.iter_mut().for_each(|client| assert_eq!(client.codes(3), [250, 250, 250]));
        assert_eq!(house.kept.mails().len(), round * OTHERS);
    }
    drop(open);
    slow.iter_mut().for_each(|client| assert_eq!(client.codes(3), [250, 250, 250]));
    assert_eq!(house.kept.mails().len(), 3 * OTHERS + SLOW);
}

#[test]
fn many_slow_decisions_hold_up_nobody_else() {
    let (gate, coming, open) = Gate::new();
    let house = House::with(Kept::blocking(), |service| service.decide = Arc::new(SlowDecision(gate)));
    others_are_served(&house, &coming, open);
}

#[test]
fn many_slow_disks_hold_up_nobody_else() {
    let (gate, coming, open) = Gate::new();
    let kept = Kept::new();
    let spool = Arc::new(SlowSpool(kept.clone(), gate));
    let house = House { server: super::house::start(spool, |_| {}, false, Limits::default()), kept };
    others_are_served(&house, &coming, open);
}

/// As few workers as the program wants, and all of them are held up: those who need none are served, those who need one
/// wait for their turn and lose nothing.
#[test]
fn with_every_worker_held_up_the_rest_goes_on() {
    let (gate, coming, open) = Gate::new();
    let limits = Limits { workers: 2, ..Limits::default() };
    let kept = Kept::new();
    let spool = Arc::new(SlowSpool(kept.clone(), gate));
    let house = House { server: super::house::start(spool, |_| {}, false, limits), kept };
    let mut slow: Vec<Raw> = (0..2).map(|_| house.client()).collect();
    slow.iter_mut().for_each(|client| send(client, "slow"));
    (0..2).for_each(|_| coming.recv_timeout(LONG).expect("one more is held up"));
    let mut waiting: Vec<Raw> = (0..20).map(|_| house.client()).collect();
    waiting.iter_mut().for_each(|client| send(client, "fast"));
    for _ in 0..OTHERS {
        let mut client = house.client();
        client.say("MAIL FROM:<a@example.org>").say("RCPT TO:<b@example.com>").say("RSET").say("NOOP").say("QUIT");
        assert_eq!(client.codes(5), [250, 250, 250, 250, 221]);
    }
    assert!(house.kept.mails().is_empty());
    drop(open);
    for client in slow.iter_mut().chain(&mut waiting) {
        assert_eq!(client.codes(3), [250, 250, 250]);
    }
    assert_eq!(house.kept.mails().len(), 22);
}
