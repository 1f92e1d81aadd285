//! Who may send to whom: no open relay, unless there is nothing to relay to.

use crate::proto::address::Mailbox;
use crate::proto::command::Verb;
use crate::server::decide::{AcceptAll, Answer, Client, Decide};
use crate::server::domain::canonical;
use crate::server::spool::{Envelope, Recipient, Refusal, Result};
use std::sync::Arc;

/// Whom mail is taken for.
#[derive(Clone, Default)]
pub(super) struct Access {
    /// Domains in the one spelling that is compared; one that begins with a dot stands for all below
    /// it.
    pub(super) domains: Vec<String>,
    /// Single addresses, their domains likewise.
    pub(super) recipients: Vec<String>,
    /// Without lists: for everyone, not only from users who have logged in.
    pub(super) open: bool,
    /// Mail goes on to a next server, which takes more from this one than from strangers.
    pub(super) relays: bool,
    /// Who is asked besides, once the lists have nothing against it.
    pub(super) then: Option<Arc<dyn Decide>>,
}

impl Access {
    /// Mail is taken for these, in whatever way they are written.
    pub(super) fn lists(self, domains: &[String], recipients: &[String]) -> Access {
        let of = |domain: &String| match domain.strip_prefix('.') {
            Some(parent) => format!(".{}", canonical(parent)),
            None => canonical(domain),
        };
        let (domains, recipients) =
            (domains.iter().map(of).collect(), recipients.iter().map(|name| one(name)).collect());
        Access { domains, recipients, ..self }
    }

    fn takes(&self, to: &Mailbox) -> bool {
        let Some(domain) = to.domain() else {
            // RFC 5321 section 4.5.1: a postmaster without a domain is this server's.
            return to.local_part().eq_ignore_ascii_case("postmaster");
        };
        let (name, domain) = (one(to.as_str()), canonical(domain));
        if self.recipients.contains(&name) {
            return true;
        }
        // "user%elsewhere@here", "elsewhere!user@here": a next server may send it on to elsewhere, because it trusts this one.
        if self.relays && to.local_part().contains(['%', '!', '@']) {
            return false;
        }
        let listed = |known: &String| match known.strip_prefix('.') {
            Some(parent) => {
                let front = domain.strip_suffix(parent);
                front.is_some_and(|front| front.len() > 1 && front.ends_with('.'))
            }
            None => domain == *known,
        };
        self.domains.iter().any(listed)
    }

    fn has_lists(&self) -> bool {
        !self.domains.is_empty() || !self.recipients.is_empty()
    }
}

/// An address in the one spelling that is compared. Whose capital letters mean something in a local part is not asked.
fn one(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((local, domain)) => format!("{}@{}", local.to_ascii_lowercase(), canonical(domain)),
        None => address.to_ascii_lowercase(),
    }
}

impl Decide for Access {
    fn blocks(&self) -> bool {
        self.then.as_ref().is_some_and(|then| then.blocks())
    }

    fn connection(&self, client: &Client) -> Result<()> {
        self.then.as_ref().map_or(Ok(()), |then| then.connection(client))
    }

    fn hello(&self, client: &Client, verb: Verb, name: &str) -> Result<()> {
        self.then.as_ref().map_or(Ok(()), |then| then.hello(client, verb, name))
    }

    fn sender(&self, client: &Client, mail: &Envelope) -> Result<()> {
        self.then.as_ref().map_or(Ok(()), |then| then.sender(client, mail))
    }

    fn recipient(&self, client: &Client, mail: &Envelope, recipient: &Recipient) -> Result<()> {
        let to = recipient.to.mailbox();
        let everyone = self.open && !self.has_lists();
        if client.user.is_none() && !everyone && !self.takes(to) {
            return Err(Refusal::new(550, (7, 1), "Mail for this address is not taken here without a login"));
        }
        self.then.as_ref().map_or(Ok(()), |then| then.recipient(client, mail, recipient))
    }

    fn message(&self, client: &Client, mail: &Envelope, octets: u64) -> Result<()> {
        self.then.as_ref().map_or(Ok(()), |then| then.message(client, mail, octets))
    }

    fn ask(&self, client: &Client, verb: Verb, about: &str) -> Result<Answer> {
        match &self.then {
            Some(then) => then.ask(client, verb, about),
            None => AcceptAll.ask(client, verb, about),
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
        let access = Access::default().lists(&["example.com".into(), ".example.net".into()], &["a@example.org".into()]);
        for to in ["x@example.com", "x@EXAMPLE.com", "x@a.example.net", "x@a.b.example.net", "A@example.org"]
            .iter()
            .flat_map(|to| [to.to_string(), format!("{to}.")])
        {
            let to = to.as_str();
            assert!(takes(&access, to), "{to}");
        }
        for to in [
            "x@a.example.com",
            "x@example.net",
            "x@badexample.com",
            "x@badexample.net",
            "b@example.org",
            "x@example.com.a",
        ] {
            assert!(!takes(&access, to), "{to}");
        }
    }

    #[test]
    fn both_spellings_of_a_domain_are_one() {
        for listed in ["b\u{fc}cher.example", "B\u{dc}CHER.example.", "xn--bcher-kva.example", "XN--BCHER-KVA.EXAMPLE"]
        {
            let access = Access::default().lists(&[listed.into(), format!(".{listed}")], &[]);
            let single = Access::default().lists(&[], &[format!("Alice@{listed}")]);
            for domain in [
                "b\u{fc}cher.example",
                "B\u{dc}cher.example.",
                #[cfg(feature = "saslprep")] // what composes letters
                "bu\u{308}cher.example",
                "xn--Bcher-kva.example",
            ] {
                assert!(takes(&access, &format!("x@{domain}")), "{listed} {domain}");
                assert!(takes(&access, &format!("x@a.{domain}")), "{listed} {domain}");
                assert!(takes(&single, &format!("alice@{domain}")), "{listed} {domain}");
                assert!(!takes(&single, &format!("bob@{domain}")), "{listed} {domain}");
            }
            assert!(!takes(&access, "x@bucher.example") && !takes(&access, "x@xn--bcher-kvb.example"));
        }
    }

    #[test]
    fn a_relay_takes_no_way_to_elsewhere_within_a_local_part() {
        let (domains, recipients) = (vec!["example.com".into()], vec!["100%@example.com".into()]);
        let mut access = Access { relays: true, ..Access::default() }.lists(&domains, &recipients);
        let ways = ["x%a.test@example.com", "a.test!x@example.com", "\"x@a.test\"@example.com"];
        for to in ways {
            assert!(!takes(&access, to), "{to}");
        }
        assert!(takes(&access, "x+a=a.test@example.com") && takes(&access, "100%@example.com"));
        access.relays = false;
        assert!(ways.iter().all(|to| takes(&access, to)), "in a Maildir they are names as others are");
    }
}
