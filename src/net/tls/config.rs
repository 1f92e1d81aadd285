//! How rustls is set up: one configuration for each set of options, shared by the connections of the process, so that
//! sessions are resumed.

use super::options::{Identity, Options};
use super::own::certified;
use super::sessions::Sessions;
use super::store;
use super::verify::Verifier;
use super::words::words;
use crate::net::fork::{self, Own};
use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

/// The cryptography, the library's own: the host program may have chosen another for itself.
static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| Arc::new(rustls::crypto::ring::default_provider()));

/// The same; no fork comes while it is made.
pub(super) fn provider() -> Arc<CryptoProvider> {
    let _pass = fork::pass();
    PROVIDER.clone()
}

/// So many sets of options are kept; a process has one or two.
const KEPT: usize = 16;
/// The system's store may have changed after this time: it is read again.
const FRESH: Duration = Duration::from_secs(60 * 60);

struct Kept {
    options: Options,
    client: Client,
    made: Instant,
}

/// How a client connects, and the sessions that it can resume.
#[derive(Clone)]
pub(super) struct Client {
    pub(super) config: Arc<ClientConfig>,
    pub(super) sessions: Arc<Sessions>,
    /// To verify a certificate may take a while: the system asks others whether it has been revoked.
    pub(super) may_wait: bool,
}

/// The last used first. Sessions are a process's own: a child of fork resumes none of its parent's.
static CONFIGS: Own<Vec<Kept>> = Own::new();

/// The configuration for these options.
pub(super) fn client_config(options: &Options) -> Result<Client, String> {
    let find = |kept: &mut Vec<Kept>| {
        kept.retain(|entry| entry.made.elapsed() < FRESH);
        let at = kept.iter().position(|entry| entry.options == *options)?;
        kept[..=at].rotate_right(1);
        Some(kept[0].client.clone())
    };
    if let Some(client) = find(&mut CONFIGS.lock()) {
        return Ok(client);
    }
    // Made without the lock: reading the system's store takes a while.
    let client = make(options)?;
    let mut kept = CONFIGS.lock();
    if let Some(client) = find(&mut kept) {
        return Ok(client);
    }
    kept.truncate(KEPT - 1);
    kept.insert(0, Kept { options: options.clone(), client: client.clone(), made: Instant::now() });
    Ok(client)
}

/// Has these options mean this client, for a while.
#[cfg(test)]
pub(super) fn keep(options: &Options, client: Client) {
    CONFIGS.lock().insert(0, Kept { options: options.clone(), client, made: Instant::now() });
}

fn make(options: &Options) -> Result<Client, String> {
    let provider = provider();
    let verifier = Verifier::new(options, &provider)?;
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|why| words(&why, false))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match &options.identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let key = certified(identity)?;
            builder.with_client_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(key)))
        }
    };
    let sessions = Arc::new(Sessions::new());
    config.resumption = Resumption::store(sessions.clone());
    let may_wait = store::MAY_WAIT && options.verify && options.roots.is_none();
    Ok(Client { config: Arc::new(config), sessions, may_wait })
}

/// What is spoken under TLS here.
const PROTOCOLS: [&str; 2] = ["smtp", "lmtp"];

/// How a server shows itself: its certificate, TLS 1.2 and 1.3, no certificate asked of the client. Clones share it,
/// and with it the sessions that are resumed.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    pub(super) tls: Arc<rustls::ServerConfig>,
    /// The server's own, for the bindings of a channel.
    pub(super) certificate: CertificateDer<'static>,
}

/// The configuration of a server with this certificate; the error says in words what is wrong with it.
pub fn server_config(identity: &Identity) -> Result<ServerConfig, String> {
    let key = certified(identity)?;
    let certificate = key.end_entity_cert().map_err(|why| words(&why, false))?.clone().into_owned();
    let builder = rustls::ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|why| words(&why, false))?
        .with_no_client_auth();
    let mut tls = builder.with_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(key)));
    // A client that names protocols and none of these wants something else (a browser that was led here): RFC 7301 section
    // 3.2 has the alert for it. Most mail clients name none.
    tls.alpn_protocols = PROTOCOLS.map(|name| name.as_bytes().to_vec()).into();
    Ok(ServerConfig { tls: Arc::new(tls), certificate })
}
