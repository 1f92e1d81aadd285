//! Return values that a healthy system does not give: made by faults, which hold for the calling thread only.

use crate::api::*;
use crate::support::listeners::refusing;
use crate::support::scripted::ScriptedServer;
use helo::net::fault::{Fault, on_this_thread};
use std::ffi::c_int;
use std::sync::mpsc;

const OPEN: &str = "S: 220 ready\nC: EHLO here.example\nS: 250 mx.example\n";

fn try_helo(host: &str) -> &'static str {
    let (code, conn) = helo(host, "here.example", Hooks::default().keep());
    if code == SMTP_FAILURE {
        assert_eq!(name(conn.quit()), "SMTP_SUCCESS", "the handle serves until it is closed");
    } else {
        assert_eq!(conn, NO_CONN, "there is no handle");
    }
    name(code)
}

#[test]
fn every_result_of_helo_but_success() {
    // Nobody listens there, so that no fault can be missed by connecting.
    let nobody = host(refusing());
    assert_eq!(try_helo(&nobody), "SMTP_HOST_NOT_RESPONDING");
    assert_eq!(try_helo("no-such-host.invalid"), "SMTP_UNKNOWN_HOST");
    for (fault, expected) in [
        (Fault::Initialize, "SMTP_CANNOT_INITIALIZE"),
        (Fault::Winsock, "SMTP_CANNOT_INIT_WINSOCK"),
        (Fault::Memory, "SMTP_OUT_OF_MEMORY"),
        (Fault::Socket, "SMTP_CANNOT_ALLOC_SOCKET"),
        (Fault::Bind, "SMTP_CANNOT_BIND_SOCKET"),
    ] {
        let _fault = on_this_thread(fault);
        assert_eq!(try_helo(&nobody), expected);
    }
    assert_eq!(try_helo(&nobody), "SMTP_HOST_NOT_RESPONDING", "the faults are over");
}

#[test]
fn helo_cannot_send() {
    let server = ScriptedServer::start("S: 220 ready\nWAIT reset");
    let _fault = on_this_thread(Fault::Send);
    assert_eq!(try_helo(&host(server.address())), "SMTP_CANNOT_SEND_COMMAND");
    server.finish();
}

#[test]
fn what_xhelo_itself_returns() {
    let (told, hears) = mpsc::channel();
    let status = move |_: Conn, result: c_int| told.send(result).unwrap();
    let hooks = Hooks { status: Some(Box::new(status)), ..Hooks::default() }.keep();
    for (fault, expected) in [
        (Fault::Initialize, "SMTP_CANNOT_INITIALIZE"),
        (Fault::Winsock, "SMTP_CANNOT_INIT_WINSOCK"),
        (Fault::Memory, "SMTP_OUT_OF_MEMORY"),
    ] {
        let _fault = on_this_thread(fault);
        let (code, conn) = xhelo(&host(refusing()), "here.example", hooks);
        assert_eq!((name(code), conn), (expected, NO_CONN));
    }
    assert!(hears.try_recv().is_err(), "nothing was begun, so nothing is told");
}

#[test]
fn every_command_can_fail_to_be_sent() {
    // Of smtp_turn below.
    for (what, call) in WAITING.into_iter().filter(|(what, _)| *what != "turn") {
        let server = ScriptedServer::start(&format!("{OPEN}WAIT reset"));
        let conn = connect(server.address());
        {
            let _fault = on_this_thread(Fault::Send);
            assert_eq!(name(call(conn)), "SMTP_CANNOT_SEND_COMMAND", "{what}");
        }
        assert_eq!(name(call(conn)), "SMTP_FAILURE", "{what}: the connection is gone");
        assert_eq!(name(conn.quit()), "SMTP_SUCCESS");
        server.finish();
    }
    let server = ScriptedServer::start(&format!("{OPEN}WAIT reset"));
    let conn = connect(server.address());
    {
        let _fault = on_this_thread(Fault::Send);
        assert_eq!(name(conn.turn()), "SMTP_CANNOT_SEND_COMMAND");
    }
    assert_eq!(name(conn.quit()), "SMTP_SUCCESS");
    server.finish();
}
