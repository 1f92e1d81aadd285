//! Who may send to whom: no open relay, unless there is nothing to relay to.

use helo::proto::address::Mailbox;
use helo::server::spool::{Envelope, Recipient, Refusal, Result};
use helo::server::{Client, Decide};

/// Whom mail is taken for.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// Domains in small letters; one that begins with a dot stands for all below it.
    pub domains: Vec<String>,
    /// Single addresses, in small letters.
    pub recipients: Vec<String>,
    /// Without lists: for everyone, not only from users who have logged in.
    pub open: bool,
}

impl Access {
    fn takes(&self, to: &Mailbox) -> bool {
        let Some(domain) = to.domain() else {
            // RFC 5321 section 4.5.1: a postmaster without a domain is this server's.
            return to.local_part().eq_ignore_ascii_case("postmaster");
        };
        let domain = domain.to_ascii_lowercase();
        let listed = |known: &String| match known.strip_prefix('.') {
            Some(parent) => domain.strip_suffix(parent).is_some_and(|front| front.len() > 1 && front.ends_with('.')),
            None => domain == *known,
        };
        self.domains.iter().any(listed) || self.recipients.contains(&to.as_str().to_ascii_lowercase())
    }

    fn has_lists(&self) -> bool {
        !self.domains.is_empty() || !self.recipients.is_empty()
    }
}

impl Decide for Access {
    fn blocks(&self) -> bool {
        false
    }

    fn recipient(&self, client: &Client, _mail: &Envelope, recipient: &Recipient) -> Result<()> {
        let to = recipient.to.mailbox();
        if client.user.is_some() || (self.open && !self.has_lists()) || self.takes(to) {
            Ok(())
        } else {
            Err(Refusal::new(550, (7, 1), "Mail for this address is not taken here without a login"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes(access: &Access, to: &str) -> bool {
        access.takes(&Mailbox::parse(to).unwrap())
    }

    #[test]
    fn domains_below_and_single_addresses() {
        let access = Access {
            domains: vec!["example.com".into(), ".example.net".into()],
            recipients: vec!["a@example.org".into()],
            open: false,
        };
        for to in ["x@example.com", "x@EXAMPLE.com", "x@a.example.net", "x@a.b.example.net", "A@example.org"] {
            assert!(takes(&access, to), "{to}");
        }
        for to in ["x@a.example.com", "x@example.net", "x@badexample.com", "x@badexample.net", "b@example.org"] {
            assert!(!takes(&access, to), "{to}");
        }
    }
}
