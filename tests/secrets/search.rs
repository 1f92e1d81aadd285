//! Looking for secrets in what a program or its site can see, however they are written there.

use crate::support::tls::Heard;
use helo::sasl::wire;

/// The secrets of these tests. Each stands in no other text.
pub const PASSWORD: &str = "Ka+n1nchen b&u 7/x";
pub const WRONG: &str = "Hams^ter-Rad?42";
pub const TOKEN: &str = "ya29.Eichh0ernchen-_~Baum.9z";
pub const RENEWED: &str = "ya29.Murmelt1er-_~Wiese.8y";
pub const PROXY_PASSWORD: &str = "Dachs%Bau.13";
pub const ALL: [&str; 5] = [PASSWORD, WRONG, TOKEN, RENEWED, PROXY_PASSWORD];

/// The user, who is no secret.
pub const USER: &str = "alice";

/// A secret as it may be written: the name of the way, the text, and whether capitals count.
pub fn forms(secret: &str) -> Vec<(&'static str, String, bool)> {
    let hex = |byte: &u8| format!("{byte:02x}");
    let keep = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    let percent = |kept: &dyn Fn(&u8) -> bool| -> String {
        secret.bytes().map(|b| if kept(&b) { char::from(b).to_string() } else { format!("%{b:02x}") }).collect()
    };
    let escaped: String = secret.escape_debug().collect();
    let mut forms = vec![
        ("clear", secret.to_owned(), true),
        ("escaped", escaped, true),
        ("percent-encoded", percent(&keep), false),
        ("percent-encoded whole", percent(&|_| false), false),
        ("percent-encoded in part", percent(&|byte| !b"%:@/ ".contains(byte)), false),
        ("hexadecimal", secret.as_bytes().iter().map(hex).collect(), false),
        ("a list of octets", format!("{:?}", secret.as_bytes()).trim_matches(['[', ']']).to_owned(), true),
    ];
    for before in 0..3 {
        let text = base64(&[&vec![0; before][..], secret.as_bytes()].concat());
        // Only the letters that the secret alone decides.
        let (start, end) = ((before * 8).div_ceil(6), (before + secret.len()) * 8 / 6);
        let inner = text[start..end].to_owned();
        forms.push(("base64 for URLs", inner.replace('+', "-").replace('/', "_"), true));
        forms.push(("base64", inner, true));
    }
    forms
}

pub fn base64(octets: &[u8]) -> String {
    wire::encode_response(octets.to_vec()).unwrap()
}

/// `login` is the user or the password in a URL, all of it encoded that may be.
pub fn percent_encoded(login: &str) -> String {
    forms(login).into_iter().find(|form| form.0 == "percent-encoded").unwrap().1
}

/// The lines of logins that a server heard, but for what everybody may read: `AUTH`, the mechanism, `*`, the user.
pub fn logins(heard: &[Heard]) -> Vec<String> {
    let public = ["*", "=", "", &base64(USER.as_bytes())].map(str::to_owned);
    let mut lines = Vec::new();
    for heard in heard {
        for line in heard.clear.iter().chain(&heard.encrypted) {
            if let Some(auth) = line.strip_prefix("AUTH ") {
                lines.extend(auth.split(' ').nth(1).map(str::to_owned));
            } else if !line.contains(' ') && !["QUIT", "DATA", "STARTTLS", "."].contains(&line.as_str()) {
                lines.push(line.clone());
            }
        }
    }
    lines.retain(|line| !public.contains(line) && line.len() >= 8);
    lines
}

/// What was seen, by where it was seen.
#[derive(Default)]
pub struct Seen(Vec<(String, Vec<u8>)>);

impl Seen {
    pub fn add(&mut self, place: impl Into<String>, text: impl Into<Vec<u8>>) {
        self.0.push((place.into(), text.into()));
    }

    /// Whether somewhere this text was seen: who sees nothing finds nothing.
    pub fn has(&self, text: &str) -> bool {
        self.0.iter().any(|(_, seen)| find(seen, text, true))
    }

    /// Panics where a secret, or one of the lines that a server was sent as part of a login, was seen.
    #[track_caller]
    pub fn assert_clean(&self, logins: &[String]) {
        if let Some((place, what, text)) = self.shown(logins) {
            panic!("{place} shows a secret, {what}\n{text}");
        }
    }

    /// Where a secret was seen, how it is written there, and all that was seen there.
    fn shown(&self, logins: &[String]) -> Option<(&str, String, String)> {
        let forms: Vec<_> = ALL.into_iter().chain(logins.iter().map(String::as_str)).flat_map(forms).collect();
        self.0.iter().find_map(|(place, seen)| {
            let (way, form, _) = forms.iter().find(|(_, form, exact)| find(seen, form, *exact))?;
            Some((place.as_str(), format!("{way}: {form}"), String::from_utf8_lossy(seen).into_owned()))
        })
    }
}

fn find(text: &[u8], part: &str, exact: bool) -> bool {
    match exact {
        true => memchr::memmem::find(text, part.as_bytes()).is_some(),
        false => find(&text.to_ascii_lowercase(), &part.to_ascii_lowercase(), true),
    }
}

/// The search finds what it is to find: each secret in each form, in the middle of something.
#[test]
fn every_form_is_found() {
    for secret in ALL {
        for before in 0..4 {
            let whole = [&vec![b'x'; before][..], secret.as_bytes(), b"tail"].concat();
            let texts = [
                String::from_utf8(whole.clone()).unwrap(),
                base64(&whole),
                base64(&whole).replace('+', "-").replace('/', "_"),
                whole.iter().map(|byte| format!("{byte:02X}")).collect(),
                format!("{whole:?}"),
                format!("smtp://a:{}@host", percent_encoded(secret)),
                format!("{:?}", String::from_utf8(whole).unwrap()),
            ];
            for text in texts {
                let mut seen = Seen::default();
                seen.add("here", text.as_str());
                assert!(seen.shown(&[]).is_some(), "{secret:?} is not found in {text}");
            }
        }
    }
    let mut seen = Seen::default();
    seen.add("here", "AUTH PLAIN <hidden>");
    seen.assert_clean(&[]);
}
