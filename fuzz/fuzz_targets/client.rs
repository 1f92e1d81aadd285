//! The client's dialogue with any server: whatever is said, each command is answered at most once and in order, nothing
//! is answered that was not asked, and how the server's bytes are cut changes nothing.
//!
//! The input is a program of one-byte steps, up to a zero, and what the server says.
#![no_main]

use helo::proto::address::{ForwardPath, ReversePath};
use helo::proto::client::{Dialogue, Event, Expect, Protocol};
use helo::proto::command::{Command, Verb};
use libfuzzer_sys::fuzz_target;
use std::collections::VecDeque;

/// The dialogue, and beside it the simplest account of what must be due.
struct Model {
    dialogue: Dialogue,
    out: Vec<u8>,
    /// Tags of the commands that are not answered; given up or not.
    due: VecDeque<(u64, bool)>,
    next_tag: u64,
    told: Vec<String>,
}

impl Model {
    fn new(protocol: Protocol) -> Model {
        let due = VecDeque::from([(0, false)]);
        Model { dialogue: Dialogue::new(protocol), out: Vec::new(), due, next_tag: 1, told: Vec::new() }
    }

    fn pushed(&mut self, result: helo::error::Result<()>, before: usize) {
        match result {
            Ok(()) => {
                assert!(self.out.len() > before, "a command has bytes");
                self.due.push_back((self.next_tag, false));
                self.next_tag += 1;
            }
            Err(_) => assert_eq!(self.out.len(), before, "nothing of a refused command is written"),
        }
    }

    fn push(&mut self, command: &Command<'_>) {
        let (open, before) = (self.dialogue.is_body_open(), self.out.len());
        let result = self.dialogue.push(command, self.next_tag, &mut self.out);
        assert!(!open || result.is_err(), "no command goes out in the middle of a message");
        self.pushed(result, before);
    }

    /// One step of the program.
    fn step(&mut self, step: u8) {
        let (from, to) = (ReversePath::parse("a@b").expect("a path"), ForwardPath::parse("c@d").expect("a path"));
        match step {
            0x01 => self.push(&Command::Ehlo("me")),
            0x02 => self.push(&Command::Helo("me")),
            0x03 => self.push(&Command::Lhlo("me")),
            0x04 => self.push(&Command::Mail { verb: Verb::Mail, from: &from, params: &[] }),
            0x05 => self.push(&Command::Rcpt { to: &to, params: &[] }),
            0x06 => self.push(&Command::Data),
            0x07 => self.push(&Command::Bdat { length: 3, last: false }),
            0x08 => self.push(&Command::Bdat { length: 0, last: true }),
            0x09 => self.push(&Command::Rset),
            0x0a => self.push(&Command::Noop(None)),
            0x0b => self.push(&Command::Quit),
            0x0c => self.push(&Command::Expn("list")),
            0x0d => self.push(&Command::Help(None)),
            0x0e => self.push(&Command::Auth { mechanism: "LOGIN", initial: None }),
            0x0f => self.push(&Command::Raw("AUTH PLAIN")),
            0x10 => {
                let before = self.out.len();
                let result = self.dialogue.push_auth_line("QUJD", self.next_tag, &mut self.out);
                self.pushed(result, before);
            }
            0x11 if self.dialogue.is_body_open() => {
                self.dialogue.body_queued(3);
                self.dialogue.chunk_complete();
            }
            0x12 if self.dialogue.is_body_open() => {
                let before = self.out.len();
                self.dialogue.push_end_of_data(b"", self.next_tag, &mut self.out);
                self.pushed(Ok(()), before);
            }
            0x13 => {
                self.dialogue.abandon();
                self.due.iter_mut().for_each(|due| due.1 = true);
            }
            _ => {}
        }
        assert_eq!(self.dialogue.in_flight(), self.due.len());
    }

    /// The server says something; false when that ends the session.
    fn hear(&mut self, mut bytes: &[u8]) -> bool {
        loop {
            match self.dialogue.receive(&mut bytes) {
                Err(error) => {
                    self.told.push(error.to_string());
                    return false;
                }
                Ok(None) => {
                    assert!(bytes.is_empty());
                    // Those given up are answered without a word.
                    while self.due.len() > self.dialogue.in_flight() {
                        let gone = self.due.pop_front().expect("one more is due");
                        assert!(gone.1, "an answer that somebody waits for is told");
                    }
                    assert_eq!(self.dialogue.in_flight(), self.due.len());
                    return true;
                }
                Ok(Some(event)) => self.take(event),
            }
        }
    }

    fn take(&mut self, event: Event) {
        self.told.push(format!("{event:?}"));
        match event {
            Event::Reply(answer) => {
                while self.due.front().is_some_and(|due| due.0 != answer.tag) {
                    let skipped = self.due.pop_front().expect("there is one");
                    assert!(skipped.1, "{answer:?} answers a later command");
                }
                let due = *self.due.front().expect("an answer to something");
                assert!(!due.1, "{answer:?}: nobody waits for this");
                assert!((200..600).contains(&answer.reply.code()));
                assert!(!answer.more || answer.expect.ends_message());
                assert_eq!(answer.tag == 0, answer.expect == Expect::Greeting);
                if !answer.more {
                    self.due.pop_front();
                }
            }
            Event::Line { tag } => {
                let awaited = self.due.iter().find(|due| due.0 == tag).expect("a line of something");
                assert!(!awaited.1);
                assert!(!self.dialogue.line().contains(&b'\n'));
            }
            Event::Closing(reply) => assert_eq!(reply.code(), 421),
        }
    }
}

/// Runs the program; steps above 0x7f let the server say so many bytes, `cut` at a time.
fn run(program: &[u8], mut said: &[u8], cut: usize) -> Vec<String> {
    let lmtp = program.first().is_some_and(|step| step % 2 == 1);
    let mut model = Model::new(if lmtp { Protocol::Lmtp } else { Protocol::Smtp });
    for &step in program {
        if step < 0x80 {
            model.step(step);
            continue;
        }
        let (part, rest) = said.split_at(usize::from(step & 0x7f).min(said.len()));
        said = rest;
        if !part.chunks(cut).all(|piece| model.hear(piece)) {
            return model.told;
        }
    }
    said.chunks(cut).all(|piece| model.hear(piece));
    model.told
}

fuzz_target!(|data: &[u8]| {
    let (program, said) = match data.iter().position(|&b| b == 0) {
        Some(end) => (&data[..end], &data[end + 1..]),
        None => (data, &[][..]),
    };
    assert_eq!(run(program, said, usize::MAX), run(program, said, 1));
});
