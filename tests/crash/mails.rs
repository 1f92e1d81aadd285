//! The mails that are sent, and what is known of each: an account that survives the server.

use super::random::Random;
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::mpsc::Sender;

/// How many mailboxes there are.
pub const USERS: usize = 4;

/// A mail. Its message follows from its token, so that only the token has to be remembered.
#[derive(Clone, Debug)]
pub struct Mail {
    pub token: String,
    pub from: String,
    pub to: Vec<String>,
    octets: usize,
}

impl Mail {
    /// A mail of about so many octets, for one to `USERS` recipients, now and then without a sender.
    pub fn new(token: String, octets: usize) -> Mail {
        let mut random = Random::of(&token);
        let from = if random.below(8) == 0 { String::new() } else { format!("{token}@example.org") };
        let (first, count) = (random.below(USERS), [1, 1, 1, 2, USERS][random.below(5)]);
        let to = (0..count).map(|user| format!("user{}@example.com", (first + user) % USERS)).collect();
        Mail { token, from, to, octets }
    }

    /// The message: lines of many lengths, some with dots in front, some beyond ASCII.
    pub fn message(&self) -> Vec<u8> {
        let mut random = Random::of(&self.token);
        let mut message = format!("Subject: {}\r\n\r\n", self.token).into_bytes();
        while message.len() < self.octets {
            let front = ["", ".", "..", "Gr\u{fc}\u{df}e ", "From "][random.below(5)];
            let word = random.next();
            message.extend_from_slice(front.as_bytes());
            for _ in 0..random.below(5) {
                message.extend_from_slice(format!("{word:016x}").as_bytes());
            }
            message.extend_from_slice(b"\r\n");
        }
        message
    }
}

/// What came of sending a mail.
#[derive(Debug)]
pub struct Attempt {
    pub mail: Mail,
    /// For each recipient, whether a 250 to the mail was read that counts for it.
    pub confirmed: Vec<bool>,
    /// The mark that the 250 told: `Saved as ...`.
    pub id: Option<String>,
}

/// All mails of one life of the server. A mail is entered before its first octet is sent.
pub struct Account {
    attempts: Mutex<HashMap<String, Attempt>>,
    /// Told of each confirmation.
    told: Sender<()>,
}

impl Account {
    pub fn new(told: Sender<()>) -> Account {
        Account { attempts: Mutex::default(), told }
    }

    pub fn begins(&self, mail: &Mail) {
        let attempt = Attempt { mail: mail.clone(), confirmed: vec![false; mail.to.len()], id: None };
        let before = self.attempts.lock().unwrap().insert(mail.token.clone(), attempt);
        assert!(before.is_none(), "a token came twice: {}", mail.token);
    }

    /// One recipient has its answer.
    pub fn confirmed(&self, mail: &Mail, recipient: usize, text: &str) {
        let mut attempts = self.attempts.lock().unwrap();
        let attempt = attempts.get_mut(&mail.token).expect("a mail that was begun");
        attempt.confirmed[recipient] = true;
        attempt.id = text.trim_end().rsplit(' ').next().map(str::to_owned);
        let _ = self.told.send(());
    }

    pub fn all_confirmed(&self, mail: &Mail, text: &str) {
        (0..mail.to.len()).for_each(|recipient| self.confirmed(mail, recipient, text));
    }

    pub fn close(self) -> HashMap<String, Attempt> {
        self.attempts.into_inner().unwrap()
    }
}
