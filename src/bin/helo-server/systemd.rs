//! What systemd has for this program, and is told by it. Elsewhere nothing happens here.

use helo::server::settings::Handed;

/// The sockets that it has opened for us, with their names (FileDescriptorName=).
#[cfg(unix)]
pub fn sockets() -> Result<Handed, String> {
    let mut handed = Handed::new();
    // Read before the sockets are taken, which takes the variables away.
    let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
    let mut names = names.split(':');
    let mut found = listenfd::ListenFd::from_env();
    for number in 0..found.len() {
        let name = names.next().unwrap_or_default();
        let wrong = |why: std::io::Error| format!("the socket {name} that systemd handed over: {why}");
        if let Ok(Some(listener)) = found.take_unix_listener(number) {
            handed.add_unix(name, listener).map_err(wrong)?;
        } else if let Some(listener) = found.take_tcp_listener(number).map_err(wrong)? {
            handed.add_tcp(name, listener).map_err(wrong)?;
        }
    }
    Ok(handed)
}

#[cfg(not(unix))]
pub fn sockets() -> Result<Handed, String> {
    Ok(Handed::new())
}

/// What is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    Ready,
    Reloading,
    Stopping,
}

/// Tells it, where systemd wants to know.
#[cfg(unix)]
pub fn tell(news: News) {
    use sd_notify::NotifyState;
    let mut states = vec![match news {
        News::Ready => NotifyState::Ready,
        News::Reloading => NotifyState::Reloading,
        News::Stopping => NotifyState::Stopping,
    }];
    if news == News::Reloading {
        states.extend(NotifyState::monotonic_usec_now());
    }
    // Nobody may be listening: the service goes on.
    let _ = sd_notify::notify(&states);
}

#[cfg(not(unix))]
pub fn tell(_: News) {}

/// Whether a service manager started this program, so that a hang-up is its wish and not a terminal's end.
pub fn is_service() -> bool {
    std::env::var_os("NOTIFY_SOCKET").is_some() || std::env::var_os("INVOCATION_ID").is_some()
}
