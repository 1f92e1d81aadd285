//! Guessing passwords: it holds up neither mail nor those who log in, and comes to an end.

use crate::house::{House, LONG};
use crate::support::kept::Kept;
use crate::support::raw::Raw;
use helo::sasl::Secret;
use helo::sasl::server::{Authority, Realm, Stored, Unavailable};
use helo::server::{Brake, Limits, Network, Service};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const WRONG: &str = "AUTH PLAIN AGFsaWNlAHdyb25n";
const RIGHT: &str = "AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=";

/// alice, and `slow`, about whom one has to wait.
struct Users {
    coming: Mutex<Sender<()>>,
    gate: Mutex<Receiver<()>>,
}

impl Authority for Users {
    /// Without the work that a password costs: what it costs is not what is looked at here.
    fn check_password(&self, user: &str, password: &Secret) -> Result<Option<bool>, Unavailable> {
        if user == "slow" {
            let _ = self.coming.lock().unwrap().send(());
            let _ = self.gate.lock().unwrap().recv();
        }
        Ok(Some(user == "alice" && password.expose() == "wonderland"))
    }

    fn look_up(&self, user: &str) -> Result<Option<Stored>, Unavailable> {
        Ok((user == "alice").then(|| Stored::Password(Secret::new("wonderland".into()))))
    }

    fn blocks(&self) -> bool {
        false
    }
}

/// The other ends of the two.
struct Ends {
    came: Receiver<()>,
    open: Sender<()>,
}

fn with_users(service: &mut Service) -> Ends {
    let ((coming, came), (open, gate)) = (channel(), channel());
    let users = Users { coming: Mutex::new(coming), gate: Mutex::new(gate) };
    let realm = Realm { iterations: 4096, ..Realm::new(Box::new(users), "mx.example", [7; 32]) };
    service.login(Arc::new(realm), &["SCRAM-SHA-256", "CRAM-MD5", "PLAIN", "LOGIN"]).unwrap();
    service.dialogue.auth_in_clear = true;
    Ends { came, open }
}

/// A server that believes this machine about who a client is.
fn behind_a_proxy(failures_max: u32) -> House {
    House::with(Kept::new(), |service| {
        with_users(service);
        service.proxies = vec![Network::parse("127.0.0.1").unwrap()];
        service.brake = Arc::new(Brake::new(failures_max));
    })
}

fn client_from(house: &House, address: &str) -> Raw {
    let mut client = Raw::tcp(house.address());
    let (family, to) = if address.contains(':') { ("TCP6", "2001:db8::25") } else { ("TCP4", "198.51.100.1") };
    client.say(&format!("PROXY {family} {address} {to} 4000 25")).expect(220);
    client.ask("EHLO client.example", 250);
    client
}

/// Every thread for logins is busy, and a lot more want one: mail that needs a worker goes on.
#[test]
fn logins_and_mail_do_not_wait_in_one_queue() {
    let mut ends = None;
    let limits = Limits { workers: 1, login_threads: 1, ..Limits::default() };
    let house = House::limited(Kept::blocking(), |service| ends = Some(with_users(service)), limits);
    let Ends { came, open } = ends.unwrap();
    let mut slow: Vec<Raw> = (0..30).map(|_| house.client()).collect();
    slow.iter_mut().for_each(|client| _ = client.say("AUTH PLAIN AHNsb3cAd3Jvbmc="));
    came.recv_timeout(LONG).expect("one has the thread");
    for _ in 0..5 {
        let mut honest = house.client();
        honest.send("MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n");
        assert_eq!(honest.codes(5), [250, 250, 354, 250, 221]);
    }
    assert!(came.try_recv().is_err(), "no second thread has taken one");
    drop(open);
    for client in &mut slow {
        client.expect(535);
    }
}

/// The answers of many are held, by timers: who has the right password is not held up by them.
#[test]
fn answers_to_failures_wait_without_a_thread() {
    let limits = Limits { workers: 1, login_threads: 1, ..Limits::default() };
    let change = |service: &mut Service| {
        with_users(service);
        service.brake = Arc::new(Brake::new(1000));
    };
    let house = House::limited(Kept::blocking(), change, limits);
    let began = Instant::now();
    let mut wrong: Vec<Raw> = (0..60).map(|_| house.client()).collect();
    wrong.iter_mut().for_each(|client| _ = client.say(WRONG));
    let mut honest = house.client();
    honest.ask(RIGHT, 235);
    honest.send("MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\nDATA\r\nx\r\n.\r\n");
    assert_eq!(honest.codes(4), [250, 250, 354, 250]);
    for client in &mut wrong {
        client.expect(535);
    }
    // The sixtieth of this machine's waits for three seconds: no fewer, whatever the machine does besides.
    assert!(began.elapsed() >= Duration::from_millis(2900), "{:?}", began.elapsed());
}

#[test]
fn an_address_that_guesses_is_not_heard_any_more_and_others_are() {
    for mechanism in ["PLAIN", "CRAM-MD5", "LOGIN"] {
        let house = behind_a_proxy(3);
        let fail = |client: &mut Raw, code: u16| match mechanism {
            "PLAIN" => drop(client.ask(WRONG, code)),
            _ if code == 454 => drop(client.ask(&format!("AUTH {mechanism}"), 454)),
            _ => {
                client.ask(&format!("AUTH {mechanism}"), 334);
                if mechanism == "LOGIN" {
                    client.ask("YWxpY2U=", 334);
                }
                client.ask("YWxpY2UgMDAw", code);
            }
        };
        // Over connections, as it is counted.
        for _ in 0..3 {
            fail(&mut client_from(&house, "192.0.2.1"), 535);
        }
        let mut guesser = client_from(&house, "192.0.2.1");
        for _ in 0..4 {
            fail(&mut guesser, 454);
        }
        // Not even with the right password, or it would be a guess as well; and then the session is over.
        guesser.say(RIGHT).expect(454);
        guesser.expect(421);
        guesser.closed();
        // Mail for this server is taken from there as before, and others log in.
        let mut client = client_from(&house, "192.0.2.1");
        client.ask("MAIL FROM:<a@example.org>", 250);
        client_from(&house, "192.0.2.2").ask(RIGHT, 235);
        client_from(&house, "2001:db8::1").ask(RIGHT, 235);
    }
}

#[test]
fn what_fails_for_other_reasons_is_no_guess() {
    let house = behind_a_proxy(3);
    for _ in 0..4 {
        let mut client = client_from(&house, "192.0.2.1");
        client.ask("AUTH PLAIN !!!", 501);
        client.ask("AUTH PLAIN", 334);
        client.ask("*", 501);
        client.ask("AUTH NTLM", 504);
        client.ask(RIGHT, 235);
        // Gone in the middle of it.
        let mut client = client_from(&house, "192.0.2.1");
        client.ask("AUTH CRAM-MD5", 334);
    }
    client_from(&house, "192.0.2.1").ask(RIGHT, 235);
}

/// A server that ends does not wait for what only a guesser waits for.
#[test]
fn an_answer_that_waits_does_not_hold_up_the_end() {
    let house = House::with(Kept::new(), |service| {
        with_users(service);
        service.brake = Arc::new(Brake::new(100_000));
    });
    let mut clients: Vec<Raw> = (0..200).map(|_| house.client()).collect();
    clients.iter_mut().for_each(|client| _ = client.say(WRONG));
    clients[0].expect(535);
    let began = Instant::now();
    assert!(house.server.stop(LONG));
    assert!(began.elapsed() < LONG / 2, "{:?}", began.elapsed());
}

/// Neither does it wait for logins that wait for their turn.
#[test]
fn logins_that_wait_do_not_hold_up_the_end() {
    let mut ends = None;
    let limits = Limits { login_threads: 1, ..Limits::default() };
    let house = House::limited(Kept::blocking(), |service| ends = Some(with_users(service)), limits);
    let Ends { came, open } = ends.unwrap();
    let mut slow: Vec<Raw> = (0..30).map(|_| house.client()).collect();
    slow.iter_mut().for_each(|client| _ = client.say("AUTH PLAIN AHNsb3cAd3Jvbmc="));
    came.recv_timeout(LONG).expect("one has the thread");
    house.server.begin_stop(LONG);
    open.send(()).unwrap();
    let codes: Vec<u16> = slow.iter_mut().map(|client| client.codes(1)[0]).collect();
    // (One that was not read yet is told about the end at once.)
    let looked_at = codes.iter().filter(|code| **code == 535).count();
    assert!(looked_at == 1 && codes.iter().all(|code| matches!(code, 535 | 454 | 421)), "{codes:?}");
    slow.iter_mut().for_each(|client| _ = client.rest());
    assert!(came.try_recv().is_err());
    assert!(house.server.stop(LONG));
}

/// Whoever does not wait for the answer keeps no place with it.
#[test]
fn a_client_that_leaves_is_noticed() {
    let house = House::with(Kept::new(), |service| {
        with_users(service);
        service.brake = Arc::new(Brake::new(100_000));
    });
    let mut clients: Vec<Raw> = (0..300).map(|_| house.client()).collect();
    clients.iter_mut().for_each(|client| _ = client.say(WRONG));
    clients[0].expect(535);
    drop(clients);
    let began = Instant::now();
    crate::support::wait::until("nobody", LONG, || (house.server.connections() == 0).then_some(()));
    assert!(began.elapsed() < Duration::from_secs(10), "the last answer waits for 15 seconds: {:?}", began.elapsed());
}

#[test]
fn digests_that_can_be_guessed_from_are_not_offered_in_the_clear() {
    let offers = |change: fn(&mut Service)| {
        let house = House::with(Kept::new(), |service| {
            with_users(service);
            service.dialogue.auth_in_clear = false;
            change(service);
        });
        let mut client = Raw::tcp(house.address());
        client.expect(220);
        let said = client.ask("EHLO client.example", 250);
        let auth = said.lines().find(|line| line.contains("AUTH")).unwrap().to_owned();
        client.say("AUTH CRAM-MD5");
        let code: u16 = client.reply()[..3].parse().unwrap();
        (auth.contains("CRAM-MD5"), auth.contains("SCRAM-SHA-256"), auth.contains("PLAIN"), code)
    };
    assert_eq!(offers(|_| {}), (false, true, false, 538));
    assert_eq!(offers(|service| service.dialogue.guessable_in_clear = true), (true, true, false, 334));
    assert_eq!(offers(|service| service.dialogue.auth_in_clear = true), (true, true, true, 334));
}
