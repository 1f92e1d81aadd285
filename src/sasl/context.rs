//! What a run of a mechanism needs from outside besides the credentials: randomness, the server's name, the channel.

use alloc::string::String;
use alloc::vec::Vec;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// How many random octets a run is given.
pub const ENTROPY: usize = 24;

/// The surroundings of one run.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Random octets from a source fit for secrets, fresh for every run: the client's nonce is made of them.
    pub entropy: [u8; ENTROPY],
    /// The server by the name that it was asked for, or its address.
    pub host: &'a str,
    /// The server's port; 0 where there is none.
    pub port: u16,
    /// What ties the run to the TLS connection around it, where there is one that can say so.
    pub channel: Option<&'a ChannelBinding>,
    /// The mechanisms that the server offers.
    pub offered: &'a [String],
}

impl Context<'_> {
    /// The nonce of this run, in the letters of base64.
    pub(super) fn nonce(&self) -> String {
        STANDARD.encode(self.entropy)
    }

    /// Whether the server offers a mechanism that binds to the channel.
    pub(super) fn server_binds(&self) -> bool {
        self.offered.iter().any(|name| {
            let name = name.as_bytes();
            name.len() > 5 && name[name.len() - 5..].eq_ignore_ascii_case(b"-PLUS")
        })
    }
}

/// Which property of a TLS connection the two ends compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BindingKind {
    /// RFC 9266: 32 octets of keying material exported with the label `EXPORTER-Channel-Binding`, without context.
    /// Needs TLS 1.3, or 1.2 with the extended master secret.
    Exporter,
    /// RFC 5929 section 4: the digest of the server's certificate (by the certificate's own signature digest; SHA-256
    /// in place of MD5 and SHA-1).
    ServerEndPoint,
}

impl BindingKind {
    /// The name that IANA registers for it.
    pub fn name(self) -> &'static str {
        match self {
            BindingKind::Exporter => "tls-exporter",
            BindingKind::ServerEndPoint => "tls-server-end-point",
        }
    }
}

/// A property of a TLS connection that a third party in between cannot have twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelBinding {
    /// Which property.
    pub kind: BindingKind,
    /// Its value.
    pub data: Vec<u8>,
}
