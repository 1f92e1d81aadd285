//! The NetX SMTP Client face as tests call it: through its exported functions.

use super::installed::shipped;
use std::ffi::{CString, c_char, c_void};
use std::net::SocketAddr;
use std::time::Duration;

unsafe extern "C" {
    fn helo_nx_smtp_client_create(
        client: *mut u32,
        ip: *mut u32,
        pool: *mut u32,
        username: *const c_char,
        password: *const c_char,
        from_address: *const c_char,
        domain: *const c_char,
        authentication_type: u32,
        address: u32,
        port: u32,
        options: *const Options,
    ) -> u32;
    fn nx_smtp_mail_send(
        client: *mut u32,
        recipient: *const c_char,
        priority: u32,
        subject: *const c_char,
        body: *const c_char,
        length: u32,
    ) -> u32;
    fn nx_smtp_client_delete(client: *mut u32) -> u32;
}

/// As the header has them.
#[repr(C)]
struct Options {
    size: u32,
    /// Connection, disconnection, greeting, envelope, message, sending; in ticks of 10 ms.
    timeouts: [u32; 6],
    max_username: u32,
    max_password: u32,
}

pub const LOGIN: u32 = 1;
pub const CRAM_MD5: u32 = 2;
pub const PLAIN: u32 = 3;
pub const NONE: u32 = 0xFFFF;

/// A mail and who sends it.
pub struct Mail<'a> {
    pub server: SocketAddr,
    pub timeout: Duration,
    pub authentication: (u32, &'a str, &'a str),
    pub domain: &'a str,
    pub from: &'a str,
    pub to: &'a str,
    pub subject: &'a str,
    pub body: &'a [u8],
}

impl Mail<'_> {
    /// Creates a client, sends the mail, deletes the client. The status of the first that fails.
    pub fn send(&self) -> u32 {
        self.send_with(|_| ())
    }

    /// The same; `created` is told the place of the client before the mail is sent.
    pub fn send_with(&self, created: impl FnOnce(*const c_void)) -> u32 {
        let SocketAddr::V4(server) = self.server else { panic!("the test's servers are on 127.0.0.1") };
        let text = |text: &str| CString::new(text).expect("no NUL");
        let (kind, user, password) = self.authentication;
        let (user, password, domain) = (text(user), text(password), text(self.domain));
        let (from, to, subject) = (text(self.from), text(self.to), text(self.subject));
        let ticks = u32::try_from(self.timeout.as_millis() / 10).expect("a limit of the tests");
        let size = size_of::<Options>() as u32;
        let options = Options { size, timeouts: [ticks; 6], max_username: 100, max_password: 100 };
        // An IP instance and a packet pool of a real NetX, of which only the numbers are looked at: the host's network.
        let (mut client, mut ip, mut pool) = (0u32, 0x4950_2020u32, 0x504B_5420u32);
        // SAFETY: all pointers lead to what their names say.
        unsafe {
            let status = shipped!("C" helo_nx_smtp_client_create(
                &mut client,
                &mut ip,
                &mut pool,
                user.as_ptr(),
                password.as_ptr(),
                from.as_ptr(),
                domain.as_ptr(),
                kind,
                u32::from(*server.ip()),
                u32::from(server.port()),
                &options,
            ));
            if status != 0 {
                return status;
            }
            created((&raw const client).cast());
            let body = self.body.as_ptr().cast();
            let length = u32::try_from(self.body.len()).expect("a body of the tests");
            let sent = shipped!("C" nx_smtp_mail_send(&mut client, to.as_ptr(), 2, subject.as_ptr(), body, length));
            assert_eq!(shipped!("C" nx_smtp_client_delete(&mut client)), 0);
            sent
        }
    }
}
