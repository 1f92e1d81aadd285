//! A Maildir that is safe to confirm.
//!
//! A mail is written to `tmp` under a name that no other has, synced, renamed into `new` without overwriting, and
//! the folder is synced; only then it is confirmed. Whatever fails on the way, nothing of the mail is left: not in
//! `new`, and not in `tmp` unless the process dies; what it leaves there is removed after 36 hours, at a start or by a
//! later delivery. A folder whose sync has failed confirms nothing any more until it is opened anew, since the
//! system tells of a failed write only once.
//!
//! With a Maildir for each recipient a mail is confirmed when all have it. A process that dies before may leave it in
//! some of them, whole; whoever sent it was told nothing and sends it again.
//!
//! On top of the message stand Return-Path, Delivered-To for each recipient that the copy is for, X-Envelope-From
//! and X-Envelope-To with what MAIL and RCPT said that whoever hands the mail on must know (BODY=BINARYMIME, DSN), if they
//! did, and Received. The message itself is stored as it came: with [`LineEnds::Crlf`] byte for byte, with
//! [`LineEnds::Lf`] but for its line ends; a binary mail always byte for byte. Fields of these names that it brings with
//! it stay: the topmost are the server's. File names are `time.M..P..Q...host,S=octets`.
//!
//! For Unix systems: Windows has no folder sync, and no `:` in file names, which readers of Maildirs want.

mod copy;
mod delivery;
mod folder;
mod group;
mod lines;
mod open;
mod place;

pub use place::{Find, FolderName, Mailboxes};

use super::unique;
use super::{Delivery, Envelope, Result, Spool};
use crate::proto::address::ForwardPath;
use delivery::Storing;
use open::Open;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// How lines end in the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum LineEnds {
    /// LF, which readers of Maildirs expect.
    #[default]
    Lf,
    /// CRLF, as the mail came.
    Crlf,
}

/// When a mail is confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Syncs {
    /// When file and folder are synced; deliveries that wait for the folder at the same time share its sync. ext4
    /// groups syncs itself, and there the two ways are equally fast (`benches/spool.rs`).
    #[default]
    Grouped,
    /// The same, but each delivery syncs the folder itself.
    Single,
    /// At once: what is confirmed is lost when the machine stops. For tests.
    Never,
}

/// Whom a recipient stands for.
pub type Expand = Arc<dyn Fn(&ForwardPath) -> Option<Vec<ForwardPath>> + Send + Sync>;

/// How a [`Maildir`] stores.
#[derive(Clone)]
pub struct Options {
    /// Whose mail goes where.
    pub mailboxes: Mailboxes,
    /// How lines end.
    pub line_ends: LineEnds,
    /// When a mail is confirmed.
    pub sync: Syncs,
    /// Whom a recipient stands for, with a Maildir for each: the mail goes into the Maildirs of all of these, in place of
    /// its own. None where it stands for itself.
    pub aliases: Option<Expand>,
    /// The rights of files, as `chmod` has them; folders can be entered by whoever may read them. Without: for the owner
    /// alone.
    pub mode: Option<u32>,
    /// A mail is refused with 452 unless it leaves so many octets of the disk free; only known beforehand where MAIL
    /// says the size.
    pub keep_free: u64,
}

impl Default for Options {
    /// One Maildir for all, LF, grouped syncs, the disk may become full.
    fn default() -> Self {
        Options {
            mailboxes: Mailboxes::One,
            line_ends: LineEnds::Lf,
            sync: Syncs::Grouped,
            aliases: None,
            mode: None,
            keep_free: 0,
        }
    }
}

/// A spool that stores mail in one or more Maildirs.
pub struct Maildir {
    shared: Arc<Shared>,
}

/// What deliveries need of it.
struct Shared {
    options: Options,
    open: Open,
}

impl Maildir {
    /// Opens the Maildir `root`, or the folder of the users' Maildirs, and makes it when it is missing, but none above it: a
    /// name that is mistyped, or a disk that is not mounted, is an error. What is missing later
    /// is not made again. Where the root goes and comes back while it is open, as a disk does that is mounted there,
    /// mail is refused with 451 meanwhile.
    pub fn open(root: impl AsRef<Path>, options: Options) -> io::Result<Maildir> {
        let below = match options.mailboxes {
            Mailboxes::One => None,
            Mailboxes::Each { create, .. } => Some(create),
        };
        let open = Open::new(root.as_ref(), below, options.mode)?;
        Ok(Maildir { shared: Arc::new(Shared { options, open }) })
    }
}

impl Maildir {
    /// Whether the Maildir, or the folder of the users' Maildirs, is there or could be made; nothing is made.
    pub fn check(root: impl AsRef<Path>) -> io::Result<()> {
        open::check(root.as_ref())
    }
}

impl Spool for Maildir {
    /// With a folder for each recipient: who has none is refused at RCPT.
    fn early(&self) -> bool {
        matches!(self.shared.options.mailboxes, Mailboxes::Each { .. })
    }

    fn begin(&self, envelope: &Envelope) -> Result<Box<dyn Delivery>> {
        Ok(Box::new(Storing::begin(Arc::clone(&self.shared), envelope.clone())?))
    }
}
