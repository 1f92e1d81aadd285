//! The numbers of the program: those of our header, unless the site's policy names others (`[distinct.constants]`), for
//! programs that were compiled with the original's and are not recompiled.
//!
//! Inside the face all numbers are ours. They are translated where they come from the program and where they go to it.

use crate::net::lock::RwLock;
use crate::policy::{Constants, Kind};
use std::ffi::c_int;

/// The program's numbers; `None` while they are ours, which costs nothing.
static THEIRS: RwLock<Option<Constants>> = RwLock::process_wide(None);

/// What the site says now.
pub(crate) fn set(constants: &Constants) {
    let other = Some(*constants).filter(|constants| *constants != Constants::default());
    if *THEIRS.read() != other {
        *THEIRS.write() = other;
    }
}

/// A code as the program knows it.
pub(crate) fn code_for_program(code: c_int) -> c_int {
    THEIRS.read().map_or(code, |constants| constants.theirs(Kind::Code, code))
}

/// An option, a version or a kind of address that the program passed, as this face knows it; 0, which is none of them,
/// for a number that the program's header does not have.
pub(crate) fn from_program(kind: Kind, number: c_int) -> c_int {
    THEIRS.read().map_or(number, |constants| constants.ours(kind, number).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::super::codes::NAMES;
    use super::super::{firewall, options};
    use super::*;
    use crate::policy::CONSTANTS;

    #[test]
    fn the_policys_constants_are_those_of_the_header() {
        let options = [
            ("OPT_YIELD_ON", options::OPT_YIELD_ON),
            ("OPT_YIELD_OFF", options::OPT_YIELD_OFF),
            ("OPT_SET_PARAM", options::OPT_SET_PARAM),
            ("OPT_GET_PARAM", options::OPT_GET_PARAM),
            ("OPT_DEBUG", options::OPT_DEBUG),
            ("OPT_TIMEOUT", options::OPT_TIMEOUT),
        ];
        let versions = [("FW_VERSION4", firewall::FW_VERSION4), ("FW_VERSION5", firewall::FW_VERSION5)];
        let addresses = [
            ("FW_ADDR_IP4", firewall::FW_ADDR_IP4),
            ("FW_ADDR_DNS", firewall::FW_ADDR_DNS),
            ("FW_ADDR_IP6", firewall::FW_ADDR_IP6),
        ];
        let codes = NAMES.iter().map(|(number, name)| (name.to_str().unwrap(), Kind::Code, *number));
        let header = codes
            .chain(options.map(|(name, number)| (name, Kind::Option, number)))
            .chain(versions.map(|(name, number)| (name, Kind::Version, number)))
            .chain(addresses.map(|(name, number)| (name, Kind::Address, number)));
        let policy = CONSTANTS.iter().map(|constant| (constant.name, constant.kind, constant.ours));
        assert_eq!(policy.collect::<Vec<_>>(), header.collect::<Vec<_>>());
        // What stands for a number that nothing has must be none.
        assert!(CONSTANTS.iter().all(|constant| constant.ours != 0 || constant.kind == Kind::Code));
    }
}
