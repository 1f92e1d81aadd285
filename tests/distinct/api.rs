//! The face's functions for tests: Rust strings in, C pointers behind them, and hooks for the callbacks.

use crate::support::installed::shipped;
use helo::faces::distinct::{close, commands, data, date, direct, firewall, listing, mail, open, options, turn};
use std::ffi::{CString, c_char, c_int, c_void};
use std::net::SocketAddr;
use std::sync::Mutex;

pub use helo::faces::distinct::codes::*;
pub use helo::faces::distinct::options::{
    OPT_DEBUG, OPT_GET_PARAM, OPT_SET_PARAM, OPT_TIMEOUT, OPT_YIELD_OFF, OPT_YIELD_ON,
};

/// The header's FARPROC.
pub type FarProc = Option<unsafe extern "system" fn() -> isize>;

type OnBuffer = Box<dyn Fn(Conn, &mut [u8]) -> c_int + Send + Sync>;

/// What a connection's callbacks do. Their lParam leads here, so hooks live as long as the test program.
#[derive(Default)]
pub struct Hooks {
    /// The data callback: fills the buffer.
    pub data: Option<OnBuffer>,
    /// The line callback of EXPN and HELP.
    pub line: Option<OnBuffer>,
    /// The debug callback.
    pub debug: Option<OnBuffer>,
    /// The status callback of smtp_xhelo.
    pub status: Option<Box<dyn Fn(Conn, c_int) + Send + Sync>>,
}

impl Hooks {
    /// Where the connection's lParam leads.
    pub fn keep(self) -> &'static Hooks {
        Box::leak(Box::new(self))
    }

    pub fn parameter(&'static self) -> usize {
        std::ptr::from_ref(self).expose_provenance()
    }
}

/// A data callback that gives this text and then its end.
pub fn source(text: &'static [u8]) -> OnBuffer {
    let rest = Mutex::new(text);
    Box::new(move |_, buffer| {
        let mut rest = rest.lock().unwrap();
        let (piece, after) = rest.split_at(rest.len().min(buffer.len()));
        buffer[..piece.len()].copy_from_slice(piece);
        *rest = after;
        piece.len() as c_int
    })
}

fn hooks(parameter: usize) -> &'static Hooks {
    // SAFETY: the tests pass `Hooks::parameter` and nothing else to connections with these callbacks.
    unsafe { &*std::ptr::with_exposed_provenance(parameter) }
}

macro_rules! buffer_callback {
    ($name:ident, $callback:ident, $field:ident) => {
        unsafe extern "system" fn $callback(
            conn: *mut c_void,
            buffer: *mut c_char,
            length: c_int,
            parameter: usize,
        ) -> c_int {
            let length = usize::try_from(length).expect("a length");
            // SAFETY: the library gives a buffer of this length.
            let buffer = unsafe { std::slice::from_raw_parts_mut(buffer.cast::<u8>(), length) };
            let hook = hooks(parameter).$field.as_ref().expect("a hook for this callback");
            hook(Conn(conn.addr()), buffer)
        }

        /// The callback as the library takes it.
        pub fn $name() -> FarProc {
            let callback: unsafe extern "system" fn(*mut c_void, *mut c_char, c_int, usize) -> c_int = $callback;
            // SAFETY: a function pointer is a function pointer; the library casts it back.
            Some(unsafe {
                std::mem::transmute::<*const (), unsafe extern "system" fn() -> isize>(callback as *const ())
            })
        }
    };
}

buffer_callback!(data_proc, on_data, data);
buffer_callback!(line_proc, on_line, line);
buffer_callback!(debug_proc, on_debug, debug);

unsafe extern "system" fn on_status(conn: *mut c_void, result: c_int, parameter: usize) -> c_int {
    if let Some(status) = &hooks(parameter).status {
        status(Conn(conn.addr()), result);
    }
    0
}

/// The status callback as the library takes it.
pub fn status_proc() -> FarProc {
    let callback: unsafe extern "system" fn(*mut c_void, c_int, usize) -> c_int = on_status;
    // SAFETY: as for the others.
    Some(unsafe { std::mem::transmute::<*const (), unsafe extern "system" fn() -> isize>(callback as *const ()) })
}

/// A handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conn(pub usize);

pub const NO_CONN: Conn = Conn(0);

fn c(text: &str) -> CString {
    CString::new(text).expect("no NUL")
}

// SAFETY of the calls below: every pointer leads to a NUL-terminated string or a buffer of the test with its length.
impl Conn {
    fn raw(self) -> *mut c_void {
        std::ptr::without_provenance_mut(self.0)
    }

    pub fn mail(self, from: &str) -> c_int {
        unsafe { shipped!("system" mail::smtp_mail(self.raw(), c(from).as_ptr())) }
    }

    pub fn send(self, from: &str) -> c_int {
        unsafe { shipped!("system" mail::smtp_send(self.raw(), c(from).as_ptr())) }
    }

    pub fn soml(self, from: &str) -> c_int {
        unsafe { shipped!("system" mail::smtp_soml(self.raw(), c(from).as_ptr())) }
    }

    pub fn saml(self, from: &str) -> c_int {
        unsafe { shipped!("system" mail::smtp_saml(self.raw(), c(from).as_ptr())) }
    }

    pub fn rcpt(self, to: &str) -> c_int {
        unsafe { shipped!("system" mail::smtp_rcpt(self.raw(), c(to).as_ptr())) }
    }

    /// The message comes from the connection's hooks.
    pub fn data(self) -> c_int {
        unsafe { shipped!("system" data::smtp_data(self.raw(), data_proc())) }
    }

    pub fn data_buf(self, piece: &[u8]) -> c_int {
        unsafe { shipped!("system" data::smtp_data_buf(self.raw(), piece.as_ptr().cast(), piece.len() as c_int)) }
    }

    pub fn direct(self, line: &str) -> (c_int, String) {
        let (code, reply, _) = self.direct_into(line, 4000);
        (code, reply)
    }

    /// With a buffer of `size` bytes: the code, what stands in the buffer, and the length afterwards.
    pub fn direct_into(self, line: &str, size: usize) -> (c_int, String, c_int) {
        let mut buffer = vec![b'#'; size + 1];
        let mut length = size as c_int;
        let code = unsafe {
            shipped!("system" direct::smtp_direct(self.raw(), c(line).as_ptr(), buffer.as_mut_ptr().cast(), &mut length))
        };
        assert_eq!(buffer[size], b'#', "nothing is written behind the buffer");
        (code, until_nul(&buffer), length)
    }

    /// Without a buffer.
    pub fn direct_blind(self, line: &str) -> c_int {
        let null = std::ptr::null_mut();
        unsafe { shipped!("system" direct::smtp_direct(self.raw(), c(line).as_ptr(), null, std::ptr::null_mut())) }
    }

    /// Lines go to the connection's hooks.
    pub fn expn(self, name: &str) -> c_int {
        unsafe { shipped!("system" listing::smtp_expn(self.raw(), c(name).as_ptr(), line_proc())) }
    }

    pub fn help(self, topic: Option<&str>) -> c_int {
        let topic = topic.map(c);
        let topic = topic.as_ref().map_or(std::ptr::null(), |topic| topic.as_ptr());
        unsafe { shipped!("system" listing::smtp_help(self.raw(), topic, line_proc())) }
    }

    pub fn noop(self) -> c_int {
        unsafe { shipped!("system" commands::smtp_noop(self.raw())) }
    }

    pub fn rset(self) -> c_int {
        unsafe { shipped!("system" commands::smtp_rset(self.raw())) }
    }

    pub fn vrfy(self, name: &str) -> c_int {
        unsafe { shipped!("system" commands::smtp_vrfy(self.raw(), c(name).as_ptr())) }
    }

    pub fn turn(self) -> c_int {
        unsafe { shipped!("system" turn::smtp_turn(self.raw())) }
    }

    pub fn quit(self) -> c_int {
        unsafe { shipped!("system" close::smtp_quit(self.raw())) }
    }

    pub fn xquit(self) -> c_int {
        unsafe { shipped!("system" close::smtp_xquit(self.raw())) }
    }

    pub fn opts(self, option: c_int, value: usize) -> c_int {
        unsafe { shipped!("system" options::smtp_opts(self.raw(), option as u16, value)) }
    }

    /// smtp_noop while others look with `is_busy`, which have the connection for a moment themselves.
    pub fn noop_while_watched(self) -> c_int {
        loop {
            let code = self.noop();
            if code != SMTP_IN_PROGRESS {
                return code;
            }
        }
    }

    /// Whether a call has the connection. Says nothing to the server.
    pub fn is_busy(self) -> bool {
        // Without a callback nothing is sent, and a busy connection is said first.
        unsafe { shipped!("system" data::smtp_data(self.raw(), None)) == SMTP_IN_PROGRESS }
    }

    /// The last reply and its code.
    #[track_caller]
    pub fn reply(self) -> (String, c_int) {
        let (result, text, code) = self.rply(4000);
        assert_eq!(result, SMTP_SUCCESS);
        (text, code)
    }

    /// smtp_rply with a buffer of `size` bytes.
    pub fn rply(self, size: usize) -> (c_int, String, c_int) {
        let mut buffer = vec![b'#'; size + 1];
        let mut code = -1;
        let result = unsafe {
            shipped!("system" commands::smtp_rply(self.raw(), buffer.as_mut_ptr().cast(), size as c_int, &mut code))
        };
        assert_eq!(buffer[size], b'#', "nothing is written behind the buffer");
        (result, until_nul(&buffer), code)
    }
}

fn until_nul(buffer: &[u8]) -> String {
    let end = buffer.iter().position(|byte| *byte == 0).unwrap_or(0);
    String::from_utf8_lossy(&buffer[..end]).into_owned()
}

/// smtp_helo, with a debug callback if the hooks have one.
pub fn helo(host: &str, local: &str, hooks: &'static Hooks) -> (c_int, Conn) {
    let mut conn = std::ptr::without_provenance_mut(99);
    let debug = hooks.debug.as_ref().and(debug_proc());
    let code = unsafe {
        shipped!("system" open::smtp_helo(c(host).as_ptr(), c(local).as_ptr(), &mut conn, debug, hooks.parameter()))
    };
    (code, Conn(conn.addr()))
}

/// smtp_xhelo.
pub fn xhelo(host: &str, local: &str, hooks: &'static Hooks) -> (c_int, Conn) {
    let mut conn = std::ptr::without_provenance_mut(99);
    let debug = hooks.debug.as_ref().and(debug_proc());
    let code = unsafe {
        shipped!("system" open::smtp_xhelo(c(host).as_ptr(), c(local).as_ptr(), &mut conn, debug, status_proc(), hooks.parameter()))
    };
    (code, Conn(conn.addr()))
}

/// smtp_fw_helo.
pub fn fw_helo(local: &str, fw: &firewall::fw_param, hooks: &'static Hooks) -> (c_int, Conn) {
    let mut conn = std::ptr::without_provenance_mut(99);
    let debug = hooks.debug.as_ref().and(debug_proc());
    let code = unsafe {
        shipped!("system" firewall::smtp_fw_helo(c(local).as_ptr(), &mut conn, debug, hooks.parameter(), fw))
    };
    (code, Conn(conn.addr()))
}

/// smtp_date: what it returned, and the text.
pub fn date() -> (c_int, String) {
    let mut buffer = [b'#'; 38];
    let length = unsafe { shipped!("system" date::smtp_date(buffer.as_mut_ptr().cast())) };
    assert_eq!(buffer[37], b'#', "no more than 37 bytes are written");
    (length, until_nul(&buffer))
}

/// The host argument for a server of the test.
pub fn host(address: SocketAddr) -> String {
    format!("{}:{}", address.ip(), address.port())
}

/// A connection that must come about, over which `hooks` apply.
#[track_caller]
pub fn connect_with(address: SocketAddr, hooks: &'static Hooks) -> Conn {
    let (code, conn) = helo(&host(address), "here.example", hooks);
    assert_eq!(name(code), "SMTP_SUCCESS");
    assert_ne!(conn, NO_CONN);
    conn
}

#[track_caller]
pub fn connect(address: SocketAddr) -> Conn {
    connect_with(address, Hooks::default().keep())
}

/// A code's name, for failures that can be read.
pub fn name(code: c_int) -> &'static str {
    const NAMES: [&str; 16] = [
        "SMTP_SUCCESS",
        "SMTP_INVALID_HANDLE",
        "SMTP_FAILURE",
        "SMTP_CANNOT_INITIALIZE",
        "SMTP_CANNOT_INIT_WINSOCK",
        "SMTP_OUT_OF_MEMORY",
        "SMTP_UNKNOWN_HOST",
        "SMTP_CANNOT_ALLOC_SOCKET",
        "SMTP_CANNOT_BIND_SOCKET",
        "SMTP_HOST_NOT_RESPONDING",
        "SMTP_CANNOT_SEND_COMMAND",
        "SMTP_TIMED_OUT",
        "SMTP_IN_PROGRESS",
        "SMTP_ABORTED",
        "SMTP_INVALID_OPTION",
        "SMTP_INSUFFICIENT_LENGTH",
    ];
    usize::try_from(code).ok().and_then(|at| NAMES.get(at)).expect("a code of the header")
}

/// A call by its name.
pub type Call = (&'static str, fn(Conn) -> c_int);

/// Every function that waits for the server, but for those that open and close.
pub const WAITING: [Call; 14] = [
    ("mail", |conn| conn.mail("a@a.example")),
    ("send", |conn| conn.send("a@a.example")),
    ("soml", |conn| conn.soml("a@a.example")),
    ("saml", |conn| conn.saml("a@a.example")),
    ("rcpt", |conn| conn.rcpt("a@a.example")),
    ("data", |conn| conn.data()),
    ("data_buf", |conn| conn.data_buf(b"text")),
    ("direct", |conn| conn.direct("XHELLO").0),
    ("expn", |conn| conn.expn("list")),
    ("help", |conn| conn.help(None)),
    ("noop", |conn| conn.noop()),
    ("rset", |conn| conn.rset()),
    ("turn", |conn| conn.turn()),
    ("vrfy", |conn| conn.vrfy("bob")),
];
