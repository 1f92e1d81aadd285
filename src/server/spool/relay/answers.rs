//! What the next server said, as this one says it on.

use super::super::{Envelope, Refusal, Result};
use crate::error::{Cause, Error, Phase};
use crate::proto::reply::{EnhancedCode, Reply};

/// More lines of an answer are not passed on, nor more characters of a line.
const LINES_MAX: usize = 10;
const LINE_MAX: usize = 400;

/// The next server's answer about a mail or a recipient.
pub(super) fn verdict(reply: &Reply) -> Result<String> {
    let words = words(reply);
    if reply.is_success() {
        return Ok(words.lines().next().unwrap_or_default().to_owned());
    }
    // 421 is about its connection, not about ours; and what is no answer to a mail is no reason to bounce it.
    let code = if reply.code() == 421 || !(reply.is_transient() || reply.is_permanent()) { 451 } else { reply.code() };
    let enhanced = reply.enhanced().filter(|enhanced| u16::from(enhanced.class) == code / 100);
    let (subject, detail) = enhanced.map_or((0, 0), |enhanced| (enhanced.subject, enhanced.detail));
    Err(Refusal::new(code, (subject, detail), words).because(format!("the next server said: {reply}")))
}

/// The same, where a no is the engine's error.
pub(super) fn of(verdict: crate::error::Result<Reply>) -> Result<String> {
    verdict.map_err(|error| refusal(&error)).and_then(|reply| self::verdict(&reply))
}

/// Verdicts on each recipient, for a client that may have one answer for all of them: then the log must say who it is
/// about, and who has the mail all the same.
pub(super) fn named(verdicts: Vec<Result<String>>, envelope: &Envelope) -> Vec<Result<String>> {
    let taken = verdicts.iter().zip(&envelope.recipients).filter(|(verdict, _)| verdict.is_ok());
    let taken: Vec<String> = taken.map(|(_, recipient)| format!("<{}>", recipient.to)).take(LINES_MAX).collect();
    if envelope.answers_each() || verdicts.len() < 2 {
        return verdicts;
    }
    let named = verdicts.into_iter().zip(&envelope.recipients).map(|(verdict, recipient)| {
        verdict.map_err(|refusal| {
            let all_the_same = if taken.is_empty() {
                String::new()
            } else {
                format!("; it is delivered all the same to {}", taken.join(", "))
            };
            let cause = format!("for <{}> {}{all_the_same}", recipient.to, refusal.cause);
            refusal.because(cause)
        })
    });
    named.collect()
}

/// Why there is no answer, or which one came with the error.
pub(super) fn refusal(error: &Error) -> Refusal {
    let about_the_mail = matches!(error.phase, Phase::Mail | Phase::Rcpt | Phase::Data | Phase::Message);
    let answered = match &error.reply {
        Some(reply) if about_the_mail && error.cause == Cause::Refused => verdict(reply).err(),
        _ => None,
    };
    if let Some(refusal) = answered {
        return refusal;
    }
    let refusal = match (error.cause, error.phase) {
        // The engine itself saw that the mail is larger than the next server's limit.
        _ if error.is_too_large() => Refusal::new(552, (3, 4), "The message is larger than the next server takes"),
        (Cause::NotSupported, Phase::Mail) => {
            Refusal::new(550, (6, 1), "The next server lacks an extension that the message needs")
        }
        (Cause::BadArgument, _) => Refusal::new(553, (1, 3), "The address cannot be passed on"),
        // It had begun: a connection that was lost.
        (Cause::BrokenOff | Cause::TimedOut | Cause::OutcomeUnknown, phase) if phase != Phase::Connect => {
            Refusal::new(451, (4, 2), "The connection to the next server was lost; try again later")
        }
        _ => Refusal::new(451, (4, 1), "The next server does not take mail now; try again later"),
    };
    refusal.because(format!("the next server: {error}"))
}

/// The text of a reply, its lines without their enhanced codes, as any client can take them (RFC 5321 section 4.2): ASCII
/// without control characters, in lines that are not too long. The log has it as it came.
fn words(reply: &Reply) -> String {
    let lines = reply.lines().take(LINES_MAX).map(|line| {
        let rest = match EnhancedCode::parse(line) {
            Some(_) => memchr::memchr(b' ', line).map_or(&[][..], |space| &line[space + 1..]),
            None => line,
        };
        let clean = |c: char| if matches!(c, ' '..='~') { c } else { '?' };
        String::from_utf8_lossy(rest).chars().take(LINE_MAX).map(clean).collect::<String>()
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(reply: &Reply) -> String {
        match verdict(reply) {
            Ok(text) => text,
            Err(refusal) => format!("{} {} {}", refusal.code, refusal.enhanced, refusal.text),
        }
    }

    #[test]
    fn answers_are_passed_on() {
        for (code, text, passed) in [
            (250, "2.0.0 Ok: queued as 1", "Ok: queued as 1"),
            (250, "fine\nthanks", "fine"),
            (550, "5.1.1 <b>: nobody\n5.1.1 here", "550 5.1.1 <b>: nobody\nhere"),
            (452, "full", "452 4.0.0 full"),
            (450, "5.1.1 odd", "450 4.0.0 odd"),
            (421, "4.3.2 closing", "451 4.3.2 closing"),
            (354, "what?", "451 4.0.0 what?"),
            (554, "5.7.1", "554 5.7.1 "),
        ] {
            assert_eq!(shown(&Reply::new(code, text)), passed);
        }
        let long = Reply::new(550, &vec!["x".repeat(1000); 50].join("\n"));
        assert!(verdict(&long).unwrap_err().text.len() < 5000);
    }

    /// What another server chooses to say is no second line for our client, and none that is too long.
    #[test]
    fn words_that_any_client_can_take() {
        let text = "5.1.1 Empf\u{e4}nger\tunbekannt\u{1b}[31m\u{202e}\n5.1.1 250 Ok\u{b}250 2.0.0 \u{85}Ok";
        let refusal = verdict(&Reply::new(550, text)).unwrap_err();
        assert_eq!(refusal.text, "Empf?nger?unbekannt?[31m?\n250 Ok?250 2.0.0 ?Ok");
        assert!(refusal.cause.contains("Empf\u{e4}nger"), "the log: {}", refusal.cause);

        let many = format!("{}\n", "\u{fc}".repeat(2000)).repeat(2 * LINES_MAX);
        let said = verdict(&Reply::new(450, &many)).unwrap_err().reply(true);
        assert_eq!(said.lines().count(), LINES_MAX);
        let longest = said.raw().split(|octet| *octet == b'\n').map(<[u8]>::len).max().unwrap_or_default();
        assert!(longest < 512, "RFC 5321 section 4.5.3.1.5: {longest}");
        assert_eq!(verdict(&Reply::new(250, &many)).unwrap(), "?".repeat(LINE_MAX));
    }

    #[test]
    fn trouble_on_the_way_is_never_a_no_for_good() {
        let refused = |phase| Error::refused(phase, Reply::new(554, "5.7.1 go away"));
        for (error, code) in [
            (refused(Phase::Greeting), "451 4.4.1"),
            (refused(Phase::Auth), "451 4.4.1"),
            (refused(Phase::Rcpt), "554 5.7.1"),
            (Error::new(Phase::Connect, Cause::NotResponding, "x"), "451 4.4.1"),
            (Error::new(Phase::Connect, Cause::TimedOut, "x"), "451 4.4.1"),
            (Error::new(Phase::Tls, Cause::Tls, "x"), "451 4.4.1"),
            (Error::new(Phase::Data, Cause::BrokenOff, "x"), "451 4.4.2"),
            (Error::new(Phase::Message, Cause::OutcomeUnknown, "x"), "451 4.4.2"),
            (Error::too_large(200, 100), "552 5.3.4"),
            (Error::new(Phase::Mail, Cause::NotSupported, "x"), "550 5.6.1"),
        ] {
            let refusal = refusal(&error);
            assert_eq!(format!("{} {}", refusal.code, refusal.enhanced), code, "{error}");
        }
        assert!(!refusal(&refused(Phase::Auth)).text.contains("go away"), "our trouble is not the client's");
    }
}
