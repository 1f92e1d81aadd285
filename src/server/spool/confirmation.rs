//! A spool's yes, for all recipients or for each.

use super::refusal::{Refusal, Result};

/// The mail is safe, for everyone or for some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Confirmation {
    /// For every recipient. The text is for the client and the log: `Saved as 5d3f...`.
    All(String),
    /// An answer for each recipient, in the order in which they joined the mail. With no yes among them nothing of the
    /// mail is kept.
    Each(Vec<Result<String>>),
}

impl Confirmation {
    /// The one answer that SMTP has.
    ///
    /// The worst counts, "later" before "never": where some recipients have the mail and others do not, a mail that
    /// comes twice is better than one that is lost without a word. Spools keep out of that where they can: by refusing
    /// at RCPT ([early](super::Spool::early)), or by taking a mail for all or for none.
    pub fn one(self) -> Result<String> {
        let answers = match self {
            Confirmation::All(text) => return Ok(text),
            Confirmation::Each(answers) => answers,
        };
        let mut taken = None;
        let mut worst: Option<Refusal> = None;
        for answer in answers {
            match answer {
                Ok(text) => taken = taken.or(Some(text)),
                Err(refusal) if worst.as_ref().is_none_or(|w| !w.is_transient() && refusal.is_transient()) => {
                    worst = Some(refusal);
                }
                Err(_) => {}
            }
        }
        match (worst, taken) {
            (Some(refusal), _) => Err(refusal),
            (None, Some(text)) => Ok(text),
            (None, None) => Err(unanswered()),
        }
    }

    /// The answers that LMTP has: one for each of so many recipients.
    pub fn each(self, recipients: usize) -> Vec<Result<String>> {
        match self {
            Confirmation::All(text) => vec![Ok(text); recipients],
            Confirmation::Each(mut answers) => {
                answers.resize_with(recipients, || Err(unanswered()));
                answers
            }
        }
    }
}

/// A recipient of whom the spool said nothing has no mail, as far as anyone knows.
fn unanswered() -> Refusal {
    Refusal::local("the spool gave no answer for a recipient")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn yes(text: &str) -> Result<String> {
        Ok(text.into())
    }

    fn no(code: u16) -> Result<String> {
        Err(Refusal::new(code, (0, 0), code.to_string()))
    }

    #[test]
    fn one_answer_is_the_worst() {
        let codes = |answers: Vec<Result<String>>| match Confirmation::Each(answers).one() {
            Ok(text) => text,
            Err(refusal) => refusal.code.to_string(),
        };
        assert_eq!(codes(vec![yes("a"), yes("b")]), "a");
        assert_eq!(codes(vec![yes("a"), no(550)]), "550");
        assert_eq!(codes(vec![no(550), no(452), no(451)]), "452");
        assert_eq!(codes(vec![no(552), no(550)]), "552");
        assert_eq!(codes(vec![]), "451");
        assert_eq!(Confirmation::All("all".into()).one(), yes("all"));
    }

    #[test]
    fn each_recipient_has_an_answer() {
        assert_eq!(Confirmation::All("x".into()).each(2), [yes("x"), yes("x")]);
        let answers = Confirmation::Each(vec![no(550), yes("x")]).each(3);
        assert_eq!(answers[..2], [no(550), yes("x")]);
        assert_eq!(answers[2].as_ref().map_err(|refusal| refusal.code), Err(451));
        assert_eq!(Confirmation::Each(vec![yes("x"), yes("y")]).each(1), [yes("x")]);
    }
}
