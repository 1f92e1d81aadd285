//! A spool of three functions, for a program that takes the mail itself.

use super::{Confirmation, Delivery, Envelope, Refusal, Result, Spool};
use std::marker::PhantomData;
use std::sync::Arc;

/// A spool that calls the program's functions. They may block, they are called on threads of the server, several mails
/// at once, and for one mail one after the other.
///
/// ```ignore
/// use helo::server::spool::{Callback, Confirmation, Envelope};
///
/// let spool = Callback::new(
///     |envelope: &Envelope| Ok((envelope.id.clone(), 0)),
///     |(_, octets): &mut (String, usize), piece| {
///         *octets += piece.len();
///         Ok(())
///     },
///     |(id, octets)| Ok(Confirmation::All(format!("{id}: {octets} octets"))),
/// );
/// ```
pub struct Callback<S, B, W, F> {
    begin: B,
    rest: Arc<(W, F)>,
    _state: PhantomData<fn() -> S>,
}

impl<S, B, W, F> Callback<S, B, W, F>
where
    S: Send + 'static,
    B: Fn(&Envelope) -> Result<S> + Send + Sync,
    W: Fn(&mut S, &[u8]) -> Result<()> + Send + Sync + 'static,
    F: Fn(S) -> Result<Confirmation> + Send + Sync + 'static,
{
    /// `begin` makes what the program keeps of a mail while it comes, `write` takes each piece of its message, `finish`
    /// decides. Of a mail that is given up what was made is dropped.
    pub fn new(begin: B, write: W, finish: F) -> Self {
        Callback { begin, rest: Arc::new((write, finish)), _state: PhantomData }
    }
}

impl<S, B, W, F> Spool for Callback<S, B, W, F>
where
    S: Send + 'static,
    B: Fn(&Envelope) -> Result<S> + Send + Sync,
    W: Fn(&mut S, &[u8]) -> Result<()> + Send + Sync + 'static,
    F: Fn(S) -> Result<Confirmation> + Send + Sync + 'static,
{
    fn begin(&self, envelope: &Envelope) -> Result<Box<dyn Delivery>> {
        let state = Some((self.begin)(envelope)?);
        Ok(Box::new(Calling { state, rest: Arc::clone(&self.rest) }))
    }
}

/// A mail whose message the program is being given.
struct Calling<S, W, F> {
    /// None once the program has refused the mail.
    state: Option<S>,
    rest: Arc<(W, F)>,
}

impl<S, W, F> Delivery for Calling<S, W, F>
where
    S: Send,
    W: Fn(&mut S, &[u8]) -> Result<()> + Send + Sync,
    F: Fn(S) -> Result<Confirmation> + Send + Sync,
{
    fn write(&mut self, piece: &[u8]) -> Result<()> {
        let state = self.state.as_mut().ok_or_else(over)?;
        (self.rest.0)(state, piece).inspect_err(|_| self.state = None)
    }

    fn finish(mut self: Box<Self>) -> Result<Confirmation> {
        (self.rest.1)(self.state.take().ok_or_else(over)?)
    }
}

fn over() -> Refusal {
    Refusal::local("the mail was refused before")
}

#[cfg(test)]
mod tests {
    use super::super::tests_support::envelope;
    use super::*;
    use crate::net::lock::Mutex;

    /// Notes when it is dropped.
    struct Noting(Arc<Mutex<Vec<String>>>);

    impl Drop for Noting {
        fn drop(&mut self) {
            self.0.lock().push("dropped".into());
        }
    }

    #[test]
    fn the_functions_see_the_mail() {
        let log = Arc::new(Mutex::new(Vec::new()));
        let spool = Callback::new(
            {
                let log = Arc::clone(&log);
                move |envelope: &Envelope| match envelope.recipients.len() {
                    0 => Err(Refusal::unknown_mailbox()),
                    _ => Ok(Noting(Arc::clone(&log))),
                }
            },
            |state: &mut Noting, piece| match piece {
                b"bad" => Err(Refusal::full()),
                _ => {
                    state.0.lock().push(String::from_utf8_lossy(piece).into_owned());
                    Ok(())
                }
            },
            |state| {
                state.0.lock().push("finished".into());
                Ok(Confirmation::All("yes".into()))
            },
        );
        assert_eq!(spool.begin(&envelope(&[])).err().unwrap().code, 550);
        let mut delivery = spool.begin(&envelope(&["b"])).unwrap();
        delivery.write(b"one").unwrap();
        assert_eq!(delivery.finish().unwrap(), Confirmation::All("yes".into()));
        assert_eq!(log.lock().split_off(0), ["one", "finished", "dropped"]);

        let mut delivery = spool.begin(&envelope(&["b"])).unwrap();
        assert_eq!(delivery.write(b"bad").unwrap_err().code, 452);
        assert_eq!(log.lock().split_off(0), ["dropped"]);
        assert_eq!(delivery.write(b"more").unwrap_err().code, 451);
        assert_eq!(delivery.finish().unwrap_err().code, 451);

        drop(spool.begin(&envelope(&["b"])).unwrap());
        assert_eq!(log.lock().split_off(0), ["dropped"]);
    }
}
