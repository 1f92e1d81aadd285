//! Many threads at once, each with connections of its own to one server, and mails over them.

use crate::support::engine::send;
use crate::support::tls::{Behaviour, TlsServer};
use crate::*;

const THREADS: usize = 64;
const EACH: usize = 3;

#[test]
fn each_thread_has_its_own_mails_and_sessions_are_shared() {
    let name = "threads.example.com";
    let server = TlsServer::start(Behaviour::good(AUTHORITY.certificate(&[name]).server()), THREADS * EACH);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let server = &server;
            scope.spawn(move || {
                for mail in 0..EACH {
                    let wanted = Tls { name: TlsName::Given(name.into()), ..tls(TlsMode::Always) };
                    let mut session = open(server, settings(wanted, Some(login(Owner::Site)))).unwrap();
                    send(&mut session, &[format!("Subject: {thread}/{mail}\r\n\r\nx").as_bytes()]).unwrap();
                    session.quit(&mut ());
                }
            });
        }
    });
    let heard = server.finish();
    for (thread, mail) in (0..THREADS).flat_map(|thread| (0..EACH).map(move |mail| (thread, mail))) {
        let subject = format!("Subject: {thread}/{mail}");
        assert_eq!(heard.iter().filter(|heard| heard.encrypted.contains(&subject)).count(), 1, "{subject}");
    }
    assert!(heard.iter().filter(|heard| heard.resumed).count() > THREADS, "most sessions are resumed");
    heard.iter().for_each(|heard| assert_nothing_leaked(heard, "threads"));
}
