//! What is in the Maildirs, held against what was sent.

use super::mails::{Attempt, USERS};
use crate::support::maildir::Delivered;
use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The Maildirs of a server, and what has been seen in them.
pub struct Store {
    boxes: Vec<Mailbox>,
    pub tally: Tally,
}

/// How it went, in mails times mailboxes.
#[derive(Default, Debug)]
pub struct Tally {
    pub confirmed: usize,
    /// Stored, but its sender does not know.
    pub unconfirmed: usize,
    pub absent: usize,
    /// Files that the dead left in `tmp`.
    pub leftovers: usize,
}

/// One Maildir.
struct Mailbox {
    path: PathBuf,
    /// Whose mail comes here; none: everyone's.
    user: Option<String>,
    /// The files in `new` that were looked at, and their tokens.
    files: HashSet<String>,
    tokens: HashSet<String>,
}

impl Store {
    /// One Maildir for all, or one for each user.
    pub fn new(root: &Path, each: bool) -> Store {
        let new = |path: PathBuf, user| Mailbox { path, user, files: HashSet::new(), tokens: HashSet::new() };
        let boxes = if each {
            let user = |number| format!("user{number}");
            let path = |number| root.join("example.com").join(user(number));
            (0..USERS).map(|number| new(path(number), Some(format!("{}@example.com", user(number))))).collect()
        } else {
            vec![new(root.to_owned(), None)]
        };
        Store { boxes, tally: Tally::default() }
    }

    /// Looks at everything after the server has died.
    pub fn check(&mut self, attempts: &HashMap<String, Attempt>) {
        self.tally.leftovers = 0;
        for each in &mut self.boxes {
            each.check(attempts);
            self.tally.leftovers += names(&each.path.join("tmp")).len();
            for attempt in attempts.values() {
                let mine = each.recipients(attempt);
                if mine.is_empty() {
                    continue;
                }
                let confirmed = mine.iter().any(|&recipient| attempt.confirmed[recipient]);
                let stored = each.tokens.contains(&attempt.mail.token);
                match (confirmed, stored) {
                    (true, true) => self.tally.confirmed += 1,
                    (false, true) => self.tally.unconfirmed += 1,
                    (false, false) => self.tally.absent += 1,
                    (true, false) => panic!("confirmed and not in {}: {attempt:?}", each.path.display()),
                }
            }
        }
    }

    /// How many files there are in `new`.
    pub fn stored(&self) -> usize {
        self.boxes.iter().map(|each| names(&each.path.join("new")).len()).sum()
    }

    /// The files in `tmp`.
    pub fn leftovers(&self) -> Vec<PathBuf> {
        let tmps = self.boxes.iter().map(|each| each.path.join("tmp"));
        tmps.flat_map(|tmp| names(&tmp).into_iter().map(move |name| tmp.join(name))).collect()
    }
}

impl Mailbox {
    /// Places of the recipients whose mail comes here.
    fn recipients(&self, attempt: &Attempt) -> Vec<usize> {
        let to = attempt.mail.to.iter().enumerate();
        to.filter(|(_, to)| self.user.as_ref().is_none_or(|user| user == *to)).map(|(place, _)| place).collect()
    }

    fn check(&mut self, attempts: &HashMap<String, Attempt>) {
        assert!(names(&self.path.join("cur")).is_empty(), "nobody has read mail in {}", self.path.display());
        let there: HashSet<String> = names(&self.path.join("new")).into_iter().collect();
        let gone: Vec<&String> = self.files.difference(&there).collect();
        assert!(gone.is_empty(), "stored, and gone later from {}: {gone:?}", self.path.display());
        for name in there.difference(&self.files) {
            let path = self.path.join("new").join(name);
            let raw = fs::read(&path).expect("a file");
            let token = self.examine(name, &Delivered { raw }, attempts);
            let token = token.unwrap_or_else(|why| panic!("{}: {why}", path.display()));
            assert!(self.tokens.insert(token), "stored twice: {}", path.display());
        }
        self.files = there;
    }

    /// The token of a mail that is whole.
    fn examine(&self, name: &str, found: &Delivered, all: &HashMap<String, Attempt>) -> Result<String, String> {
        let token = found.header("Subject").ok_or("no Subject: not even the head is there")?;
        let attempt = all.get(&token).ok_or_else(|| format!("{token} was not sent in this life of the server"))?;
        let mail = &attempt.mail;
        if found.as_sent() != mail.message() {
            return Err(format!("{token} is not whole, or is another one: {} octets", found.raw.len()));
        }
        let size = name.rsplit(",S=").next().and_then(|size| size.parse().ok());
        if size != Some(found.raw.len()) {
            return Err(format!("the name does not tell its {} octets", found.raw.len()));
        }
        let top = found.text();
        let top: Vec<&str> = top.lines().take_while(|line| !line.starts_with("Subject:")).collect();
        if top.first() != Some(&format!("Return-Path: <{}>", mail.from).as_str()) {
            return Err(format!("the first line is no Return-Path: {top:?}"));
        }
        let delivered: Vec<&str> = top.iter().filter_map(|line| line.strip_prefix("Delivered-To: ")).collect();
        let here: Vec<&str> = self.recipients(attempt).iter().map(|&place| mail.to[place].as_str()).collect();
        if delivered != here {
            return Err(format!("it is for {here:?}, and says for {delivered:?}"));
        }
        let received = found.header("Received").ok_or("no Received")?;
        let id = attempt.id.as_deref().unwrap_or_default();
        if !received.contains(&format!(" id {id}")) {
            return Err(format!("it was confirmed as {id}: {received}"));
        }
        Ok(token)
    }
}

/// The files in a folder.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().into_string().expect("a plain name")).collect()
}
