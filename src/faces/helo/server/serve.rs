//! One session on a thread of the program.

use super::codes::HeloServe;
use super::setup::helo_server;
use super::state::OwnServer;
use crate::capi::write_out;
use crate::faces::helo::codes::HeloStatus;
use crate::faces::helo::refusal::{Refusal, call};
use crate::faces::helo::transport::{HeloTransport, made_of, transport_of};
use crate::net::tcp::SocketTransport;
use crate::net::transport::Transport;
use crate::server::spool::Peer;
use crate::server::{Origin, serve};
use socket2::Socket;
use std::ffi::c_int;
use std::net::SocketAddr;

/// Serves one client that is connected already, on this thread, until the session is over: for programs that inetd
/// starts, that accept connections themselves, or that have no threads. All callbacks come on this thread. The server need
/// not be started, and what it listens at does not matter.
///
/// `descriptor` is a connected stream socket (on Windows a SOCKET). It is made non-blocking and stays the program's to
/// close. `protocol` is a helo_serve. How many mails were taken goes to `mails` unless that is NULL.
///
/// HELO_OK: the session has ended, by QUIT or otherwise; the log tells. HELO_CANCELLED: helo_server_stop() has broken it
/// off. HELO_BAD_ARGUMENT: what is set does not go together, or the descriptor is none that can be used.
///
/// # Safety
/// `mails` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_server_serve(
    server: helo_server,
    descriptor: isize,
    protocol: c_int,
    mails: *mut u64,
) -> HeloStatus {
    call("helo_server_serve", || {
        let (transport, peer, local) = connected(descriptor)?;
        let peer = peer.map_or(Peer::Local, Peer::Internet);
        // SAFETY: as this function's own contract has it.
        unsafe { converse(server, Box::new(transport), peer, local, protocol, mails) }
    })
}

/// The same over functions of the program, such as those of a serial line, of a network of its own or of a test. The
/// transport is closed by its `close`, once, in any case: also where this call fails, unless the struct cannot be read
/// (NULL, a wrong size). Of one without a descriptor and without `retry_ms`, helo_server_wake() says that it can go on.
///
/// # Safety
/// `transport` is NULL or leads to a helo_transport whose `size` is set; `mails` is NULL or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn helo_server_serve_transport(
    server: helo_server,
    transport: *const HeloTransport,
    protocol: c_int,
    mails: *mut u64,
) -> HeloStatus {
    call("helo_server_serve_transport", || {
        // SAFETY: as this function's own contract has it.
        let transport = made_of(&unsafe { transport_of(transport) }?)?;
        // SAFETY: as above.
        unsafe { converse(server, Box::new(transport), Peer::Local, None, protocol, mails) }
    })
}

/// Tells the sessions of helo_server_serve_transport() that their transports can be tried again. From any thread.
#[unsafe(no_mangle)]
pub extern "C" fn helo_server_wake(server: helo_server) -> HeloStatus {
    call("helo_server_wake", || OwnServer::of(server)?.wake())
}

/// # Safety
/// `mails` is NULL or writable.
unsafe fn converse(
    server: helo_server,
    transport: Box<dyn Transport>,
    peer: Peer,
    local: Option<SocketAddr>,
    protocol: c_int,
    mails: *mut u64,
) -> Result<(), Refusal> {
    let protocol = HeloServe::from_number(protocol).ok_or_else(|| Refusal::argument("there is no such protocol"))?;
    let origin = Origin { peer, local, implicit_tls: protocol == HeloServe::Smtps };
    let served = OwnServer::of(server)?.serve(|setup, ending| {
        let service = if protocol == HeloServe::Lmtp { &setup.lmtp } else { &setup.smtp };
        if origin.implicit_tls && service.tls.is_none() {
            return Err(Refusal::argument("TLS from the first byte needs tls-certificate"));
        }
        Ok(serve(service.clone(), transport, origin, ending, &mut ()))
    })?;
    // SAFETY: as this function's own contract has it; NULL means that nobody asks.
    unsafe { write_out(mails, served.mails) };
    match served.cancelled {
        false => Ok(()),
        true => Err(Refusal::new(HeloStatus::HeloCancelled, "the session was broken off: the server was stopped")),
    }
}

/// The socket of a descriptor as a transport of our own, and its two ends as far as they are of the Internet.
fn connected(descriptor: isize) -> Result<(SocketTransport, Option<SocketAddr>, Option<SocketAddr>), Refusal> {
    let unusable = |why: std::io::Error| Refusal::argument(format!("the descriptor is no connected socket: {why}"));
    let socket = duplicate(descriptor)?.map_err(unusable)?;
    let peer = socket.peer_addr().map_err(unusable)?.as_socket();
    let local = socket.local_addr().ok().and_then(|address| address.as_socket());
    if peer.is_some() {
        // It is slower without, and not worth an error.
        let _ = socket.set_tcp_nodelay(true);
    }
    let canonical = |address: SocketAddr| SocketAddr::new(address.ip().to_canonical(), address.port());
    let transport = SocketTransport::new(socket).map_err(unusable)?;
    Ok((transport, peer.map(canonical), local.map(canonical)))
}

#[cfg(unix)]
fn duplicate(descriptor: isize) -> Result<std::io::Result<Socket>, Refusal> {
    let descriptor = std::os::fd::RawFd::try_from(descriptor).ok().filter(|number| *number >= 0);
    let descriptor = descriptor.ok_or_else(|| Refusal::argument("the descriptor is not a descriptor"))?;
    // SAFETY: not -1, and only duplicated, which says so when it is not open.
    let borrowed = unsafe { std::os::fd::BorrowedFd::borrow_raw(descriptor) };
    Ok(borrowed.try_clone_to_owned().map(Socket::from))
}

#[cfg(windows)]
fn duplicate(descriptor: isize) -> Result<std::io::Result<Socket>, Refusal> {
    if descriptor == -1 {
        return Err(Refusal::argument("the descriptor is not a SOCKET"));
    }
    // SAFETY: not INVALID_SOCKET, and only duplicated, which says so when it is not open.
    let borrowed = unsafe { std::os::windows::io::BorrowedSocket::borrow_raw(descriptor.cast_unsigned() as _) };
    Ok(borrowed.try_clone_to_owned().map(Socket::from))
}
