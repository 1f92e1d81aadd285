//! The program as who says who may come in.

use super::inside::Inside;
use crate::capi::User;
use crate::sasl::Secret;
use crate::sasl::server::{Authority, ScramKeys, Stored, Unavailable};
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use zeroize::Zeroizing;

/// What is kept about this user? 1: the function has written it into `secret`, which has room for `size` bytes with the
/// NUL: the password, or SCRAM keys as other servers have them ("SCRAM-SHA-256$4096:salt$stored:server"), a line for each
/// kind. 0: there is no such user. Negative: that cannot be said now, and the client is told to try again later.
///
/// CRAM-MD5 needs passwords; SCRAM, PLAIN and LOGIN go by either.
pub type HeloLookUpFn =
    Option<unsafe extern "C" fn(user: *mut c_void, name: *const c_char, secret: *mut c_char, size: usize) -> c_int>;

/// Is this the user's password? 1 yes, 0 no, negative: that cannot be said now. The password is wiped afterwards.
pub type HeloPasswordFn =
    Option<unsafe extern "C" fn(user: *mut c_void, name: *const c_char, password: *const c_char) -> c_int>;

/// Does this token (OAUTHBEARER, XOAUTH2) stand for the user? The name may be "": then the token alone says whose it is. 1:
/// yes, and `whose`, with room for `size` bytes, names the user unless it is left "". 0: no. Negative: that cannot be said
/// now.
pub type HeloTokenFn = Option<
    unsafe extern "C" fn(
        user: *mut c_void,
        name: *const c_char,
        token: *const c_char,
        whose: *mut c_char,
        size: usize,
    ) -> c_int,
>;

/// Functions that know the users, see helo_server_set_users(). At least one of the three is needed; what AUTH offers
/// follows from which there are, unless the key "mechanisms" names some.
#[repr(C)]
pub struct HeloUsers {
    /// sizeof(helo_users).
    pub size: usize,
    /// Handed to the functions.
    pub user: *mut c_void,
    /// What is kept about a user; with it all mechanisms that passwords or keys are enough for are offered. May be NULL.
    pub look_up: HeloLookUpFn,
    /// Whether a password is right; with it PLAIN and LOGIN. May be NULL: `look_up` says it.
    pub password: HeloPasswordFn,
    /// Whether a token is good; with it OAUTHBEARER and XOAUTH2. May be NULL.
    pub token: HeloTokenFn,
    /// 1: `look_up` gives passwords, not keys. Strangers are then made to cost as much work as such users do.
    pub keeps_passwords: c_int,
}

/// [`HeloUsers`], checked.
#[derive(Clone, Copy)]
pub(crate) struct Functions {
    user: User,
    look_up: HeloLookUpFn,
    password: HeloPasswordFn,
    token: HeloTokenFn,
    keeps_passwords: bool,
}

impl Functions {
    /// `None` if there is none of the three.
    pub(crate) fn of(users: &HeloUsers) -> Option<Functions> {
        let any = users.look_up.is_some() || users.password.is_some() || users.token.is_some();
        any.then_some(Functions {
            user: User::new(users.user),
            look_up: users.look_up,
            password: users.password,
            token: users.token,
            keeps_passwords: users.keeps_passwords != 0,
        })
    }

    /// What AUTH can offer by them.
    pub(crate) fn mechanisms(&self) -> Vec<&'static str> {
        let mut offered = Vec::new();
        if self.look_up.is_some() {
            offered.extend(crate::server::settings::MECHANISMS);
        } else if self.password.is_some() {
            offered.extend(["PLAIN", "LOGIN"]);
        }
        if self.token.is_some() {
            offered.extend(["OAUTHBEARER", "XOAUTH2"]);
        }
        offered
    }
}

/// Room for what is kept about a user, and for a user's name.
const ROOM: usize = 4096;

/// The program's functions as an authority.
pub(crate) struct OwnUsers {
    pub(crate) server: u32,
    pub(crate) functions: Functions,
}

impl OwnUsers {
    fn call(&self, function: impl FnOnce(*mut c_void) -> c_int) -> Result<bool, Unavailable> {
        let _inside = Inside::of(self.server);
        match function(self.functions.user.as_ptr()) {
            1 => Ok(true),
            0 => Ok(false),
            _ => Err(Unavailable),
        }
    }
}

impl Authority for OwnUsers {
    fn look_up(&self, user: &str) -> Result<Option<Stored>, Unavailable> {
        let Some(look_up) = self.functions.look_up else { return Ok(None) };
        let Some(name) = c_text(user) else { return Ok(None) };
        let mut room = Zeroizing::new([0_u8; ROOM]);
        let place = room.as_mut_ptr().cast();
        // SAFETY: the program gave this function for this purpose; name and room live until it returns.
        match self.call(|own| unsafe { look_up(own, name.as_ptr(), place, ROOM) })? {
            true => written(&room).and_then(stored).map(Some).ok_or(Unavailable),
            false => Ok(None),
        }
    }

    fn keeps_passwords(&self) -> bool {
        self.functions.keeps_passwords
    }

    fn check_password(&self, user: &str, password: &Secret) -> Result<Option<bool>, Unavailable> {
        let Some(check) = self.functions.password else { return Ok(None) };
        let (Some(user), Some(password)) = (c_text(user), c_text(password.expose())) else { return Ok(Some(false)) };
        // SAFETY: the program gave this function for this purpose; both texts live until it returns.
        self.call(|own| unsafe { check(own, user.as_ptr(), password.as_ptr()) }).map(Some)
    }

    fn check_token(&self, user: &str, token: &Secret) -> Result<Option<String>, Unavailable> {
        let Some(check) = self.functions.token else { return Ok(None) };
        let (Some(name), Some(token)) = (c_text(user), c_text(token.expose())) else { return Ok(None) };
        let mut room = [0_u8; ROOM];
        let place = room.as_mut_ptr().cast();
        // SAFETY: as above, and the room lives until it returns.
        if !self.call(|own| unsafe { check(own, name.as_ptr(), token.as_ptr(), place, ROOM) })? {
            return Ok(None);
        }
        let whose = written(&room).ok_or(Unavailable)?;
        // A good token that is nobody's lets nobody in.
        let whose = if whose.is_empty() { user } else { whose };
        Ok((!whose.is_empty()).then(|| whose.to_owned()))
    }
}

/// A text for C, wiped when it goes; none if it holds a NUL, which no name, password or token of ours does.
fn c_text(text: &str) -> Option<Zeroizing<CString>> {
    CString::new(text).ok().map(Zeroizing::new)
}

/// What the function wrote: UTF-8 with a NUL behind it, without control characters but line ends.
fn written(room: &[u8; ROOM]) -> Option<&str> {
    let text = CStr::from_bytes_until_nul(room).ok()?.to_str().ok()?;
    (!text.chars().any(|c| c.is_control() && c != '\n')).then_some(text)
}

/// As in the users file: keys begin with their mechanism's name, everything else is the password.
fn stored(text: &str) -> Option<Stored> {
    if !text.starts_with("SCRAM-") {
        return (!text.is_empty()).then(|| Stored::Password(Secret::new(text.to_owned())));
    }
    let keys: Result<Vec<ScramKeys>, _> = text.lines().map(str::parse).collect();
    keys.ok().map(Stored::Keys)
}
