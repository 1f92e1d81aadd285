//! A list that is driven over a connection which was there before and is there afterwards: mails are added on the way, and
//! what a refused one leaves behind is cleared away before the connection is given back.

mod support;

use helo::client::body::Body;
use helo::client::delivery::{
    Mail, Options, Outcome, Progress, Recipient, Report, Run, RunStep, WINDOW_BYTES, WINDOW_MAILS, finish,
};
use helo::client::envelope::BodyKind;
use helo::client::settings::{Level, Timeouts};
use helo::client::{Session, Settings};
use helo::error::Cause;
use helo::net::connect::Target;
use helo::net::wait::Cancel;
use helo::proto::address::{ForwardPath, ReversePath};
use helo::proto::command::Command;
use std::time::{Duration, Instant};
use support::scripted::ScriptedServer;

struct Told(Vec<(usize, bool)>);

impl Report for Told {
    fn outcome(&mut self, mail: usize, _recipient: usize, outcome: &Outcome) {
        self.0.push((mail, outcome.is_delivered()));
    }
    fn progress(&mut self, _: &Progress) {}
}

fn settings() -> Settings {
    Settings { helo_name: "me.example".into(), timeouts: Timeouts::all(Duration::from_secs(20)), ..Settings::default() }
}

fn mail(body: &str) -> Mail {
    Mail {
        from: ReversePath::parse("a@x").unwrap(),
        parameters: Vec::new(),
        recipients: vec![Recipient { to: ForwardPath::parse("b@x").unwrap(), parameters: Vec::new() }],
        body: Body::Memory { bytes: Box::new(body.as_bytes().to_vec()), at: 0 },
        kind: BodyKind::SevenBit,
    }
}

fn options(level: Level, target: &mut dyn FnMut() -> Option<Target>) -> Options<'_> {
    Options {
        target,
        settings: settings(),
        level,
        connections: 1,
        window_mails: WINDOW_MAILS,
        window_bytes: WINDOW_BYTES,
        observer: None,
    }
}

fn open(server: &ScriptedServer, cancel: &Cancel) -> Session {
    let target = Target::Host { host: server.address().ip().to_string(), port: server.address().port() };
    Session::open(target, settings(), cancel.clone(), &mut ()).unwrap()
}

/// A run over a session with this server; what it has told.
fn driven(server: &ScriptedServer, level: Level, test: impl FnOnce(Run<'_, '_>, &Cancel)) -> Vec<(usize, bool)> {
    let cancel = Cancel::new();
    let session = open(server, &cancel);
    let (mut told, mut none) = (Told(Vec::new()), || None);
    test(Run::over(session.into_connection(), options(level, &mut none), &mut told, &cancel), &cancel);
    told.0
}

/// Why a mail's only recipient has none.
fn cause(run: &Run<'_, '_>, mail: usize) -> Cause {
    run.outcomes(mail)[0].as_ref().unwrap().failure.unwrap().1
}

#[test]
fn a_list_goes_over_a_session_that_goes_on_afterwards() {
    let server = ScriptedServer::start(
        "S: 220 ready
         C: EHLO me.example
         S: 250-here
         S: 250-PIPELINING
         S: 250 CHUNKING
         C: MAIL FROM:<a@x>
         C: RCPT TO:<b@x>
         C: BDAT 5 LAST
         CB 5 one\\r\\n
         S: 250 ok
         S: 250 ok
         S: 250 taken
         C: MAIL FROM:<a@x>
         C: RCPT TO:<b@x>
         C: BDAT 5 LAST
         CB 5 two\\r\\n
         S: 250 ok
         S: 250 ok
         S: 554 not this one
         C: RSET
         S: 250 ok
         C: NOOP
         S: 250 ok
         C: QUIT
         S: 221 bye",
    );
    let told = driven(&server, Level::Full, |mut run, cancel| {
        assert_eq!(run.add(mail("one\r\n")), Some(0));
        finish(&mut run, cancel, &mut ());
        assert!(run.outcomes(0)[0].as_ref().unwrap().is_delivered());
        // More of them, when the first are through.
        assert_eq!(run.add(mail("two\r\n")), Some(1));
        assert!(run.outcomes(1)[0].is_none());
        finish(&mut run, cancel, &mut ());
        assert_eq!(run.outcomes(1)[0].as_ref().unwrap().code, 554);
        let connection = run.give_back().expect("it is idle");
        let mut session = Session::over(connection, cancel.clone());
        session.command(&Command::Noop(None), &mut ()).unwrap();
        session.quit(&mut ());
    });
    assert_eq!(told, [(0, true), (1, false)]);
    server.finish();
}

#[test]
fn a_connection_that_was_lost_is_not_given_back() {
    let server = ScriptedServer::start(
        "S: 220 ready
         C: EHLO me.example
         S: 250 here
         C: MAIL FROM:<a@x>
         CLOSE",
    );
    driven(&server, Level::Envelope, |mut run, cancel| {
        run.add(mail("one\r\n"));
        run.add(mail("two\r\n"));
        finish(&mut run, cancel, &mut ());
        let causes = [0, 1].map(|mail| cause(&run, mail));
        assert_eq!(causes, [Cause::BrokenOff, Cause::Unsent]);
        assert!(run.give_back().is_none());
    });
    server.finish();
}

/// Whoever drives it says what time it is: a deadline passes without anybody waiting for it.
#[test]
fn the_clock_of_a_run_is_its_drivers() {
    let server = ScriptedServer::start(
        "S: 220 ready
         C: EHLO me.example
         S: 250 here
         C: MAIL FROM:<a@x>
         HANG",
    );
    driven(&server, Level::None, |mut run, _| {
        run.add(mail("one\r\n"));
        let begin = Instant::now();
        let until = loop {
            match run.advance(begin) {
                RunStep::Moved => {}
                RunStep::Wait(until) => break until.expect("a deadline"),
                RunStep::Done => panic!("the server has said nothing"),
            }
        };
        assert!(until > begin + Duration::from_secs(10), "{:?}", until - begin);
        while run.advance(until) != RunStep::Done {}
        assert_eq!(cause(&run, 0), Cause::TimedOut);
    });
    server.finish();
}

#[test]
fn a_cancelled_run_is_done_at_once() {
    let server = ScriptedServer::start(
        "S: 220 ready
         C: EHLO me.example
         S: 250 here
         WAIT reset",
    );
    driven(&server, Level::None, |mut run, cancel| {
        run.add(mail("one\r\n"));
        cancel.cancel();
        assert_eq!(run.advance(Instant::now()), RunStep::Done);
        assert_eq!(cause(&run, 0), Cause::Cancelled);
        assert!(run.give_back().is_none());
    });
    server.finish();
}
