//! The user that the server runs as, once its ports are open.

/// Gives up all rights but those of this user, for good.
#[cfg(unix)]
pub fn become_user(name: &str) -> Result<(), String> {
    use nix::unistd::{Uid, User, geteuid, setgid, setuid};
    let wrong = |what: &str, why: nix::Error| format!("user: {name}: {what}: {why}");
    let user = User::from_name(name).map_err(|why| wrong("the system's users cannot be looked up", why))?;
    let user = match (user, name.parse()) {
        (Some(user), _) => user,
        (None, Ok(number)) => User::from_uid(Uid::from_raw(number))
            .map_err(|why| wrong("the system's users cannot be looked up", why))?
            .ok_or_else(|| format!("user: there is no user {name}"))?,
        (None, Err(_)) => return Err(format!("user: there is no user {name}")),
    };
    if geteuid() == user.uid {
        return Ok(());
    }
    if !geteuid().is_root() {
        return Err(format!("user: only root can become {name}: start it as root, or as {name} without this key"));
    }
    take_groups(&user).map_err(|why| wrong("its groups", why))?;
    setgid(user.gid).map_err(|why| wrong("its group", why))?;
    setuid(user.uid).map_err(|why| wrong("its number", why))?;
    // What could be taken back was not given up.
    if !user.uid.is_root() && setuid(Uid::from_raw(0)).is_ok() {
        return Err(format!("user: root's rights could not be given up for {name}"));
    }
    Ok(())
}

/// All groups that the system's table has for the user; macOS looks them up by itself.
#[cfg(all(unix, not(target_vendor = "apple")))]
fn take_groups(user: &nix::unistd::User) -> nix::Result<()> {
    let name = std::ffi::CString::new(user.name.as_str()).map_err(|_| nix::Error::EINVAL)?;
    nix::unistd::initgroups(&name, user.gid)
}

#[cfg(target_vendor = "apple")]
fn take_groups(_: &nix::unistd::User) -> nix::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
pub fn become_user(_: &str) -> Result<(), String> {
    Err("user: only on Unix systems".to_owned())
}
