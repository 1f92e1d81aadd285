//! What a server delivered to a Maildir.

use super::wait;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// An address and the folder of its mail.
#[derive(Clone, Debug)]
pub struct Mailbox {
    pub address: String,
    folder: PathBuf,
}

/// A delivered message as it stands in the file, line ends as LF.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    pub raw: Vec<u8>,
}

/// A number that no other test of this program has, from 1.
pub fn number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl Mailbox {
    pub fn new(address: String, folder: PathBuf) -> Mailbox {
        Mailbox { address, folder }
    }

    /// The messages delivered so far, in no certain order.
    pub fn messages(&self) -> Vec<Delivered> {
        let files = std::fs::read_dir(self.folder.join("new")).into_iter().flatten().flatten();
        files.filter_map(|file| std::fs::read(file.path()).ok()).map(|raw| Delivered { raw }).collect()
    }

    /// How many messages were delivered so far.
    pub fn count(&self) -> usize {
        std::fs::read_dir(self.folder.join("new")).map_or(0, Iterator::count)
    }

    /// Waits for so many messages, and fails when there are more.
    #[track_caller]
    pub fn wait(&self, count: usize) -> Vec<Delivered> {
        self.wait_for(count, wait::LONG)
    }

    #[track_caller]
    pub fn wait_for(&self, count: usize, limit: Duration) -> Vec<Delivered> {
        wait::until(&format!("{count} messages for {}", self.address), limit, || (self.count() >= count).then_some(()));
        let messages = self.messages();
        assert_eq!(messages.len(), count, "messages for {}", self.address);
        messages
    }

    /// Waits for the one message.
    #[track_caller]
    pub fn wait_one(&self) -> Delivered {
        self.wait(1).remove(0)
    }
}

/// Headers that servers put above a message on its way.
const TRACE: [&str; 8] = [
    "return-path",
    "x-original-to",
    "delivered-to",
    "received",
    "envelope-to",
    "delivery-date",
    "x-envelope-from",
    "x-envelope-to",
];

impl Delivered {
    /// The message as it was sent: without the headers that the server put above it, line ends as CRLF.
    pub fn as_sent(&self) -> Vec<u8> {
        let mut rest = &self.raw[..];
        let mut in_trace = false;
        while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
            let line = &rest[..end];
            let folded = matches!(line.first(), Some(b' ' | b'\t'));
            if !folded {
                let name = line.split(|&byte| byte == b':').next().unwrap_or_default().to_ascii_lowercase();
                in_trace = TRACE.iter().any(|trace| trace.as_bytes() == name);
            }
            if !in_trace {
                break;
            }
            rest = &rest[end + 1..];
        }
        with_crlf(rest)
    }

    /// As text, what is not UTF-8 replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.raw).into_owned()
    }

    /// The value of a header, folding undone.
    pub fn header(&self, name: &str) -> Option<String> {
        let text = self.text();
        let head = text.split("\n\n").next()?.replace("\n ", " ").replace("\n\t", " ");
        head.lines().find_map(|line| {
            let (this, value) = line.split_once(':')?;
            this.eq_ignore_ascii_case(name).then(|| value.trim().to_string())
        })
    }
}

fn with_crlf(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + text.len() / 40);
    for &byte in text {
        if byte == b'\n' {
            out.push(b'\r');
        }
        out.push(byte);
    }
    out
}
