//! Mails through the C functions of the native face, as a C program would send them.

use crate::sink::{Options, Sink};
use helo::faces::helo::*;
use std::ffi::{CStr, CString, c_int};
use std::ptr;

pub const LEVELS: [(HeloLevel, &str); 3] =
    [(HeloLevel::None, "step by step"), (HeloLevel::Envelope, "envelope"), (HeloLevel::Full, "full")];

pub const SENDER: &CStr = c"sender@bench.example";
pub const RECIPIENT: &CStr = c"recipient@bench.example";

/// A sink that counts; by DATA alone without CHUNKING.
pub fn sink(chunking: bool) -> Sink {
    let options = Options::default();
    Sink::start(if chunking { options } else { options.without("CHUNKING").without("BINARYMIME") })
}

/// A message of `size` bytes in lines, with CRLF.
pub fn message(size: usize) -> Vec<u8> {
    let mut message = b"Subject: bench\r\n\r\n".to_vec();
    while message.len() + 80 <= size {
        message.extend_from_slice(&[b'x'; 78]);
        message.extend_from_slice(b"\r\n");
    }
    message.resize(size.max(message.len() + 2) - 2, b'y');
    message.extend_from_slice(b"\r\n");
    message
}

/// Adds `count` mails of one recipient, delivers them over one connection, and frees everything.
pub fn deliver(port: u16, level: HeloLevel, count: usize, body: &[u8]) {
    let server = CString::new(format!("smtp://127.0.0.1:{port}")).expect("no NUL");
    // SAFETY: texts that end in a NUL, places for numbers, a body that outlives the run.
    unsafe {
        let delivery = helo_new(server.as_ptr());
        helo_set_level(delivery, level as c_int);
        for _ in 0..count {
            let mut mail = 0;
            helo_add_mail(delivery, SENDER.as_ptr(), &raw mut mail);
            helo_add_recipient(delivery, mail, RECIPIENT.as_ptr(), ptr::null_mut());
            helo_set_body(delivery, mail, body.as_ptr().cast(), body.len());
        }
        let status = helo_run(delivery);
        let why = CStr::from_ptr(helo_last_error()).to_string_lossy();
        assert_eq!(status, HeloStatus::HeloOk, "{why}");
        helo_free(delivery);
    }
}
