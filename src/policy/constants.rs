//! `[distinct.constants]`: the numbers of a program's own Distinct header.
//!
//! No copy of that header is known, so the numbers of ours are its own, and a program that is not recompiled has others in
//! it. Here they can be named; the Distinct face then takes them and gives them in place of its own.

use super::keys::Why;

/// In what a number is told from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// What functions return.
    Code,
    /// What `smtp_opts` sets.
    Option,
    /// The firewall's versions: bits that can be set together.
    Version,
    /// How the server behind a firewall is named.
    Address,
}

impl Kind {
    /// What fits where the program puts it: an `int`, a `WORD`, an `int`, an `unsigned char`.
    fn range(self) -> (i64, i64) {
        match self {
            Kind::Code => (i32::MIN.into(), i32::MAX.into()),
            Kind::Option => (0, u16::MAX.into()),
            Kind::Version => (1, i32::MAX.into()),
            Kind::Address => (0, u8::MAX.into()),
        }
    }
}

/// A constant of the manual.
#[derive(Clone, Copy, Debug)]
pub struct Constant {
    /// Its name.
    pub name: &'static str,
    /// Among which it must be told apart.
    pub kind: Kind,
    /// Our header's number.
    pub ours: i32,
}

const fn constant(name: &'static str, kind: Kind, ours: i32) -> Constant {
    Constant { name, kind, ours }
}

/// All constants of the manual that have a number. The Distinct face checks that these are its header's.
pub const CONSTANTS: [Constant; 27] = [
    constant("SMTP_SUCCESS", Kind::Code, 0),
    constant("SMTP_INVALID_HANDLE", Kind::Code, 1),
    constant("SMTP_FAILURE", Kind::Code, 2),
    constant("SMTP_CANNOT_INITIALIZE", Kind::Code, 3),
    constant("SMTP_CANNOT_INIT_WINSOCK", Kind::Code, 4),
    constant("SMTP_OUT_OF_MEMORY", Kind::Code, 5),
    constant("SMTP_UNKNOWN_HOST", Kind::Code, 6),
    constant("SMTP_CANNOT_ALLOC_SOCKET", Kind::Code, 7),
    constant("SMTP_CANNOT_BIND_SOCKET", Kind::Code, 8),
    constant("SMTP_HOST_NOT_RESPONDING", Kind::Code, 9),
    constant("SMTP_CANNOT_SEND_COMMAND", Kind::Code, 10),
    constant("SMTP_TIMED_OUT", Kind::Code, 11),
    constant("SMTP_IN_PROGRESS", Kind::Code, 12),
    constant("SMTP_ABORTED", Kind::Code, 13),
    constant("SMTP_INVALID_OPTION", Kind::Code, 14),
    constant("SMTP_INSUFFICIENT_LENGTH", Kind::Code, 15),
    constant("OPT_YIELD_ON", Kind::Option, 1),
    constant("OPT_YIELD_OFF", Kind::Option, 2),
    constant("OPT_SET_PARAM", Kind::Option, 3),
    constant("OPT_GET_PARAM", Kind::Option, 4),
    constant("OPT_DEBUG", Kind::Option, 5),
    constant("OPT_TIMEOUT", Kind::Option, 6),
    constant("FW_VERSION4", Kind::Version, 1),
    constant("FW_VERSION5", Kind::Version, 2),
    constant("FW_ADDR_IP4", Kind::Address, 1),
    constant("FW_ADDR_DNS", Kind::Address, 3),
    constant("FW_ADDR_IP6", Kind::Address, 4),
];

/// The numbers in a program that was compiled with another header than ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Constants {
    /// In the order of [`CONSTANTS`].
    theirs: [i32; CONSTANTS.len()],
}

impl Default for Constants {
    /// Those of our header.
    fn default() -> Self {
        Constants { theirs: CONSTANTS.map(|constant| constant.ours) }
    }
}

impl Constants {
    /// The program's number for one of ours.
    pub fn theirs(&self, kind: Kind, ours: i32) -> i32 {
        self.pairs(kind).find(|pair| pair.0 == ours).map_or(ours, |pair| pair.1)
    }

    /// Our number for one of the program's; `None` for one that its header does not have.
    pub fn ours(&self, kind: Kind, theirs: i32) -> Option<i32> {
        self.pairs(kind).find(|pair| pair.1 == theirs).map(|pair| pair.0)
    }

    /// Each of our numbers of a kind with the program's, and of bits every set of them.
    fn pairs(&self, kind: Kind) -> impl Iterator<Item = (i32, i32)> + '_ {
        let single = move || {
            let all = CONSTANTS.iter().zip(&self.theirs);
            all.filter(move |(constant, _)| constant.kind == kind).map(|(constant, theirs)| (constant.ours, *theirs))
        };
        let together = single().reduce(|all, one| (all.0 | one.0, all.1 | one.1));
        single().chain(together.filter(|_| kind == Kind::Version))
    }
}

/// The section while it is read.
#[derive(Debug, Default)]
pub(super) struct Given {
    numbers: [Option<(i32, usize)>; CONSTANTS.len()],
}

impl Given {
    /// Takes a constant's number.
    pub(super) fn set(&mut self, name: &str, value: &str, line: usize) -> Result<(), Why> {
        let Some(at) = CONSTANTS.iter().position(|constant| constant.name == name) else {
            return Err(
                "is no constant of the Distinct manual; it has SMTP_..., OPT_..., FW_VERSION4 and 5, FW_ADDR_..."
                    .to_owned(),
            );
        };
        if self.numbers[at].is_some() {
            return Err("is given twice".to_owned());
        }
        let (least, most) = CONSTANTS[at].kind.range();
        let number = number(value).filter(|number| (least..=most).contains(number)).and_then(|n| i32::try_from(n).ok());
        let number = number.ok_or_else(|| format!("is not a number from {least} to {most}, such as 11 or 0x0B"))?;
        self.numbers[at] = Some((number, line));
        Ok(())
    }

    /// The numbers that hold, ours where none was given; or which of them cannot be told apart: its line, its name, and
    /// why.
    pub(super) fn finish(self) -> Result<Constants, (usize, &'static str, Why)> {
        let mut constants = Constants::default();
        for (theirs, given) in constants.theirs.iter_mut().zip(&self.numbers) {
            *theirs = given.map_or(*theirs, |(number, _)| number);
        }
        for (at, constant) in CONSTANTS.iter().enumerate() {
            let Some((number, line)) = self.numbers[at] else { continue };
            let others = || CONSTANTS.iter().enumerate().filter(|(other, _)| *other != at);
            let others = || others().filter(|(_, other)| other.kind == constant.kind);
            for (other, named) in others() {
                let theirs = constants.theirs[other];
                let where_from = match self.numbers[other] {
                    Some((_, line)) => format!("which line {line} gives to {}", named.name),
                    None => format!("which is {}'s unless that is given too", named.name),
                };
                if theirs == number {
                    return Err((line, constant.name, format!("has the number {number}, {where_from}")));
                }
                if constant.kind == Kind::Version && theirs & number != 0 {
                    let words =
                        format!("shares a bit with the number {theirs}, {where_from}: both can be set together");
                    return Err((line, constant.name, words));
                }
            }
        }
        Ok(constants)
    }
}

/// Decimal, or hexadecimal with 0x, with or without a sign.
fn number(value: &str) -> Option<i64> {
    let (sign, digits) = match value.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, value),
    };
    let (radix, digits) = match digits.strip_prefix("0x").or(digits.strip_prefix("0X")) {
        Some(digits) => (16, digits),
        None => (10, digits),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    Some(sign * i64::from_str_radix(digits, radix).ok().filter(|number| *number <= i64::from(u32::MAX))?)
}

#[cfg(test)]
#[path = "constants_tests.rs"]
mod tests;
