//! `--make-user`: a line for the users file, out of a password that nobody else sees.

use helo::sasl::Secret;
use helo::sasl::server::{ScramHash, ScramKeys};
use std::io::{BufRead, IsTerminal};

/// What a guess costs whoever has stolen the file: as many steps as the server shows strangers.
const ITERATIONS: u32 = 10_000;
const SALT: usize = 16;

/// The line. The password is asked for on the terminal, without showing it, or is the first line of standard input.
pub fn line(name: &str) -> Result<String, String> {
    if name.is_empty() || name.starts_with('#') || name.contains(|c: char| c == ':' || c.is_control()) {
        return Err("make-user: a user's name is not empty, has no colon and begins with no #".to_owned());
    }
    let password = if std::io::stdin().is_terminal() { asked(name)? } else { read()? };
    if password.expose().is_empty() {
        return Err("make-user: the password is empty".to_owned());
    }
    let mut salt = [0; SALT];
    getrandom::fill(&mut salt).map_err(|why| format!("no random numbers from the system: {why}"))?;
    let keys = ScramKeys::derive(ScramHash::Sha256, &password, &salt, ITERATIONS)
        .map_err(|why| format!("make-user: this password cannot be used: {why}"))?;
    Ok(format!("{name}:{keys}\n"))
}

fn asked(name: &str) -> Result<Secret, String> {
    let ask = |what: &str| {
        let said = rpassword::prompt_password(format!("{what} for {name}: "));
        said.map(Secret::new).map_err(|why| format!("make-user: the terminal cannot be asked for a password: {why}"))
    };
    let (first, second) = (ask("Password")?, ask("The same again")?);
    if first.expose() != second.expose() {
        return Err("make-user: the two are not the same".to_owned());
    }
    Ok(first)
}

fn read() -> Result<Secret, String> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(|why| format!("make-user: standard input: {why}"))?;
    let end = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(end);
    Ok(Secret::new(line))
}
