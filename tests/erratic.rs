//! Lists of mails and the relay against servers that do anything, by many chances: nothing arrives twice, nobody is told
//! a yes that was not said, and "outcome unknown" stands exactly where it must. `make check-erratic` has far more of them,
//! and the fuzz targets `lists` and `relay` look for them by themselves.

mod support;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use support::erratic_runs::{list, relayed};

/// Octets that decide: most of them stand for good behaviour, so that sessions come somewhere.
fn chances() -> impl Strategy<Value = Vec<u8>> {
    let octet = prop_oneof![6 => 0u8..150, 1 => any::<u8>()];
    (any::<[u8; 2]>(), prop::collection::vec(octet, 0..200)).prop_map(|(how, rest)| [&how[..], &rest].concat())
}

proptest! {
    // The same ones in every run, unless PROPTEST_CASES asks for more.
    #![proptest_config(ProptestConfig {
        cases: ProptestConfig::default().cases.max(300),
        rng_seed: match std::env::var_os("PROPTEST_CASES") {
            Some(_) => RngSeed::Random,
            None => RngSeed::Fixed(7),
        },
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_list_is_told_what_is_so(octets in chances()) {
        list(&octets);
    }

    #[test]
    fn a_relay_tells_what_is_so(octets in chances()) {
        relayed(&octets);
    }
}
