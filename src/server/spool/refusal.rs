//! A spool's no: what the client is told, and what the server's log is.

use crate::proto::reply::{EnhancedCode, Reply};
use std::fmt::{self, Write};
use std::io::{self, ErrorKind};

/// What a spool's calls come to.
pub type Result<T> = std::result::Result<T, Refusal>;

/// Why a mail, or a recipient, is not taken.
#[derive(Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The reply code: 4xx, the client is to try again later; 5xx, it is not.
    pub code: u16,
    /// The enhanced code (RFC 3463), of the same class.
    pub enhanced: EnhancedCode,
    /// What the client is told; several lines with `\n` between them. It tells nothing of paths and programs here.
    pub text: String,
    /// What the log is told besides: what was tried and what came back. Never sent.
    pub cause: String,
}

impl Refusal {
    /// A refusal with the code's class, and the subject and detail of the enhanced code: `new(550, (1, 1), "No such
    /// mailbox")` is 550 5.1.1. A code that is neither 4xx nor 5xx becomes 451.
    pub fn new(code: u16, (subject, detail): (u16, u16), text: impl Into<String>) -> Refusal {
        let code = if (400..600).contains(&code) { code } else { 451 };
        let enhanced = EnhancedCode { class: (code / 100) as u8, subject, detail };
        Refusal { code, enhanced, text: text.into(), cause: String::new() }
    }

    /// The same with what the log is told.
    pub fn because(mut self, cause: impl Into<String>) -> Refusal {
        self.cause = cause.into();
        self
    }

    /// 452 4.3.1: the disk is full, or what the spool may hold.
    pub fn full() -> Refusal {
        Refusal::new(452, (3, 1), "No room for the message now; try again later")
    }

    /// 451 4.3.0: something here does not work; the log knows what.
    pub fn local(cause: impl Into<String>) -> Refusal {
        Refusal::new(451, (3, 0), "Trouble on this server; try again later").because(cause)
    }

    /// What the system said no to: 452 when there is no room, else 451; the log knows what was tried.
    pub fn system(what: &str, why: &io::Error) -> Refusal {
        let refusal = match why.kind() {
            ErrorKind::StorageFull | ErrorKind::FileTooLarge => Refusal::full(),
            ErrorKind::QuotaExceeded => Refusal::new(452, (2, 2), "The mailbox is full; try again later"),
            _ => Refusal::local(""),
        };
        refusal.because(format!("{what}: {why}"))
    }

    /// 550 5.1.1: nobody of that name.
    pub fn unknown_mailbox() -> Refusal {
        Refusal::new(550, (1, 1), "No such mailbox here")
    }

    /// Later may be better (4xx).
    pub fn is_transient(&self) -> bool {
        self.code < 500
    }

    /// The reply as the client gets it, with the enhanced code in each line if those are offered (RFC 2034).
    pub fn reply(&self, enhanced: bool) -> Reply {
        if !enhanced {
            return Reply::new(self.code, &self.text);
        }
        let mut text = String::with_capacity(self.text.len() + 8);
        for line in self.text.lines().chain(self.text.is_empty().then_some("")) {
            // Writing to a String does not fail.
            let _ = writeln!(text, "{} {line}", self.enhanced);
        }
        Reply::new(self.code, &text)
    }
}

/// As the log has it.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.code, self.enhanced, self.text.replace('\n', " / "))?;
        if self.cause.is_empty() { Ok(()) } else { write!(f, " ({})", self.cause) }
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies() {
        let refusal = Refusal::new(550, (1, 1), "No such\nmailbox").because("no folder /x");
        assert_eq!(refusal.reply(true).raw(), b"550-5.1.1 No such\r\n550 5.1.1 mailbox");
        assert_eq!(refusal.reply(false).raw(), b"550-No such\r\n550 mailbox");
        assert_eq!(refusal.to_string(), "550 5.1.1 No such / mailbox (no folder /x)");
        assert_eq!(Refusal::new(452, (3, 1), "").reply(true).raw(), b"452 4.3.1 ");
    }

    #[test]
    #[cfg(unix)]
    fn what_the_system_said() {
        use rustix::io::Errno;
        for (errno, code, enhanced) in [
            (Errno::NOSPC, 452, "4.3.1"),
            (Errno::FBIG, 452, "4.3.1"),
            (Errno::DQUOT, 452, "4.2.2"),
            (Errno::ACCESS, 451, "4.3.0"),
            (Errno::ROFS, 451, "4.3.0"),
            (Errno::MFILE, 451, "4.3.0"),
            (Errno::IO, 451, "4.3.0"),
            (Errno::NOENT, 451, "4.3.0"),
        ] {
            let refusal = Refusal::system("writing x", &errno.into());
            assert_eq!((refusal.code, refusal.enhanced.to_string().as_str()), (code, enhanced));
            assert!(refusal.cause.starts_with("writing x: ") && !refusal.text.contains("writing"));
        }
    }

    #[test]
    fn a_refusal_is_never_a_yes() {
        for code in [0, 250, 354, 600, u16::MAX] {
            assert_eq!(Refusal::new(code, (0, 0), "x").code, 451);
        }
    }
}
