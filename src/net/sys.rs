//! What differs between operating systems, and nothing else.

use std::io;
use std::time::Duration;

#[cfg(unix)]
pub use unix::*;
#[cfg(windows)]
pub use windows::*;

/// The most slices handed to one vectored write: Linux, the BSDs and macOS all take 1024 and refuse more.
pub const MAX_SLICES: usize = 1024;

/// A read that fills less than its buffer has taken all that had arrived, and an event loop tells of what comes then:
/// so it is where the system tells of each change (epoll, kqueue). Elsewhere one has to read until `WouldBlock`.
pub const SHORT_READ_DRAINS: bool = cfg!(any(
    target_os = "linux",
    target_os = "android",
    target_os = "freebsd",
    target_os = "netbsd",
    target_os = "openbsd",
    target_os = "dragonfly",
    target_vendor = "apple"
));

/// Whether this machine has a network interface of this number, where the system tells: a connection by another one fails
/// in words that nobody understands.
pub fn is_interface(number: u32) -> bool {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use rustix::net::{AddressFamily, SocketFlags, SocketType, netdevice, socket_with};
        // Any socket will do for asking; without one the connection will say more.
        let asked = socket_with(AddressFamily::INET, SocketType::DGRAM, SocketFlags::CLOEXEC, None);
        !asked.is_ok_and(|socket| netdevice::index_to_name(&socket, number).is_err())
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        number != 0
    }
}

/// Connections have TCP_NODELAY when the socket has it that they were accepted from.
pub const NODELAY_INHERITED: bool = cfg!(any(target_os = "linux", target_os = "android"));

/// What the system says of an error. Where it has no words itself (Windows for some errors, and Wine for most of the
/// network's and of certificates), the usual ones.
pub fn words(error: &io::Error) -> String {
    reworded(&error.to_string())
}

/// The same of an error that is a text already, as the standard library makes it.
pub fn reworded(said: &str) -> String {
    let code = said.rsplit_once("(os error ").and_then(|(_, rest)| rest.strip_suffix(')')?.parse::<i32>().ok());
    match code {
        Some(code) if said.contains("FormatMessage") => match usual_words(code).or_else(|| certificate_words(code)) {
            Some(words) => format!("{words} (os error {code})"),
            None => format!("error {code} of the system, which has no words for it"),
        },
        _ => said.to_owned(),
    }
}

/// Words for what Windows finds wrong with a certificate.
fn certificate_words(code: i32) -> Option<&'static str> {
    // As they are written everywhere.
    let words = match code as u32 {
        0x800B_010E | 0x8009_2012 | 0x8009_2013 => "whether it has been revoked could not be found out",
        0x800B_010C | 0x8009_2010 => "it has been revoked",
        0x800B_0101 | 0x800B_0102 => "it is out of its time",
        0x800B_0109 | 0x800B_010A | 0x800B_010D | 0x800B_0112 => "it leads to no authority that is trusted here",
        0x800B_0111 => "it is distrusted by this system's settings",
        0x800B_010F | 0x800B_0114 => "it is for another name",
        0x800B_0106 | 0x800B_0110 => "it is not meant for servers",
        0x800B_0103 | 0x8009_6019 => "one that is not an authority's has issued another",
        0x800B_0105 => "it has a critical extension that is not known here",
        0x8009_6004 => "its signature does not hold",
        _ => return None,
    };
    Some(words)
}

/// Words for the errors of Windows's sockets.
fn usual_words(code: i32) -> Option<&'static str> {
    let words = match code {
        5 | 10013 => "permission denied: a firewall or the rights of this user forbid it",
        8 | 14 | 10055 => "the system has no memory or buffers left",
        10004 => "interrupted",
        10022 => "invalid argument",
        10024 => "too many sockets are open",
        10035 => "would block",
        10036 | 10037 => "an operation is under way already",
        10038 => "this is no socket",
        10040 => "the message is too long",
        10048 => "the address is in use already",
        10049 => "the address is not one of this machine, or cannot be connected to",
        10050 => "the network is down",
        10051 => "the network cannot be reached",
        10052 => "the network has reset the connection",
        10053 => "the connection was broken off by this machine",
        10054 => "the connection was reset by the other side",
        10056 => "connected already",
        10057 => "not connected",
        10058 => "the socket has been shut down",
        10060 => "timed out",
        10061 => "connection refused: nothing listens there",
        10064 => "the host is down",
        10065 => "the host cannot be reached",
        10091 => "the network is not ready to be used",
        10092 => "this version of Windows Sockets is not supported",
        10093 => "Windows Sockets has not been initialized",
        11001 => "no such host is known",
        11002 => "the name server did not answer: try again",
        11003 => "the name server has failed",
        11004 => "the name exists and has no address",
        _ => return None,
    };
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_that_the_system_has_words_for_keep_them() {
        let refused = io::Error::from_raw_os_error(if cfg!(windows) { 10061 } else { 111 });
        assert!(words(&refused).to_lowercase().contains("refused"), "{}", words(&refused));
        assert_eq!(words(&io::Error::other("on purpose")), "on purpose");
    }

    #[test]
    fn what_windows_leaves_without_words_gets_some() {
        let said = |code: i32| format!("OS Error {code} (FormatMessageW() returned error 317) (os error {code})");
        for (code, wanted) in [
            (10054, "the connection was reset by the other side (os error 10054)"),
            (-2146762482, "whether it has been revoked could not be found out (os error -2146762482)"),
            (-2146885613, "whether it has been revoked could not be found out (os error -2146885613)"),
            (-2146762484, "it has been revoked (os error -2146762484)"),
            (77777, "error 77777 of the system, which has no words for it"),
        ] {
            assert_eq!(reworded(&said(code)), wanted);
        }
        assert_eq!(reworded("Connection refused (os error 111)"), "Connection refused (os error 111)");
        assert_eq!(reworded("FormatMessage (os error x)"), "FormatMessage (os error x)");
    }

    #[test]
    fn no_error_of_sockets_is_a_number_only() {
        for code in [10054, 10060, 10061, 11001] {
            assert!(usual_words(code).is_some_and(|words| words.len() > 5));
            if cfg!(windows) {
                assert!(!words(&io::Error::from_raw_os_error(code)).contains("FormatMessage"));
            }
        }
    }
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::os::fd::{AsFd, BorrowedFd};

    /// A descriptor lent for a wait.
    pub type Borrowed<'a> = BorrowedFd<'a>;

    /// A socket connects in its own time and its descriptor always tells when it has failed.
    pub const CONNECT_PROBE: Option<Duration> = None;

    /// Flags of every send: a closed connection is an error, never a signal. Apple's systems know only the socket
    /// option, which socket2 sets on every socket.
    #[cfg(not(target_vendor = "apple"))]
    pub const SEND_FLAGS: i32 = libc::MSG_NOSIGNAL;
    #[cfg(target_vendor = "apple")]
    pub const SEND_FLAGS: i32 = 0;

    pub fn borrow<S: AsFd>(socket: &S) -> Borrowed<'_> {
        socket.as_fd()
    }

    /// Whether `connect` has only begun.
    pub fn is_connecting(error: &io::Error) -> bool {
        matches!(error.raw_os_error(), Some(libc::EINPROGRESS | libc::EINTR))
    }

    /// Something that becomes readable when it is rung and stays so until it is silenced.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    #[derive(Debug)]
    pub struct Bell(std::os::fd::OwnedFd);

    #[cfg(any(target_os = "linux", target_os = "android"))]
    impl Bell {
        pub fn new() -> io::Result<Self> {
            use rustix::event::{EventfdFlags, eventfd};
            Ok(Bell(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?))
        }

        pub fn ring(&self) {
            // It fails only when the counter is full, and then it is readable already.
            let _ = rustix::io::write(&self.0, &1u64.to_ne_bytes());
        }

        pub fn silence(&self) {
            let _ = rustix::io::read(&self.0, &mut [0u8; 8]);
        }

        pub fn source(&self) -> Borrowed<'_> {
            self.0.as_fd()
        }
    }

    /// The same from a pair of sockets, for systems without eventfd.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    #[derive(Debug)]
    pub struct Bell(socket2::Socket, socket2::Socket);

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    impl Bell {
        pub fn new() -> io::Result<Self> {
            let (a, b) = socket2::Socket::pair(socket2::Domain::UNIX, socket2::Type::STREAM, None)?;
            a.set_nonblocking(true)?;
            b.set_nonblocking(true)?;
            Ok(Bell(a, b))
        }

        pub fn ring(&self) {
            // When the pair is full it is readable already.
            let _ = self.0.send_with_flags(&[1], SEND_FLAGS);
        }

        pub fn silence(&self) {
            use std::io::Read;
            while matches!((&self.1).read(&mut [0u8; 64]), Ok(64)) {}
        }

        pub fn source(&self) -> Borrowed<'_> {
            self.1.as_fd()
        }
    }
}

#[cfg(windows)]
mod windows {
    use super::*;
    use std::net::{Ipv4Addr, UdpSocket};
    use std::os::windows::io::{AsSocket, BorrowedSocket};

    /// A socket lent for a wait.
    pub type Borrowed<'a> = BorrowedSocket<'a>;

    /// Before Windows 10 of 2020 WSAPoll does not tell that a connect has failed, so one looks this often.
    pub const CONNECT_PROBE: Option<Duration> = Some(Duration::from_millis(100));

    pub const SEND_FLAGS: i32 = 0;

    pub fn borrow<S: AsSocket>(socket: &S) -> Borrowed<'_> {
        socket.as_socket()
    }

    /// Whether `connect` has only begun.
    pub fn is_connecting(error: &io::Error) -> bool {
        error.kind() == io::ErrorKind::WouldBlock
    }

    /// Something that becomes readable when it is rung and stays so until it is silenced: a datagram socket of the
    /// loopback interface connected to itself, so that it takes nobody else's datagrams.
    #[derive(Debug)]
    pub struct Bell(UdpSocket);

    impl Bell {
        pub fn new() -> io::Result<Self> {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
            socket.connect(socket.local_addr()?)?;
            socket.set_nonblocking(true)?;
            Ok(Bell(socket))
        }

        pub fn ring(&self) {
            // When its buffer is full it is readable already.
            let _ = self.0.send(&[1]);
        }

        pub fn silence(&self) {
            while self.0.recv(&mut [0u8; 1]).is_ok() {}
        }

        pub fn source(&self) -> Borrowed<'_> {
            self.0.as_socket()
        }
    }
}
