use crate::policy::{Constants, Kind, Policy};

fn constants(text: &str) -> Constants {
    let policy = Policy::parse(&format!("[distinct.constants]\n{text}"), "helo.conf");
    *policy.unwrap_or_else(|error| panic!("{error}")).distinct_constants()
}

fn error(text: &str) -> String {
    let text = format!("[distinct.constants]\n{text}");
    Policy::parse(&text, "helo.conf").err().unwrap_or_else(|| panic!("taken: {text}")).to_string()
}

#[test]
fn without_the_section_the_numbers_are_ours() {
    let ours = Constants::default();
    assert_eq!(*Policy::parse("", "x").unwrap().distinct_constants(), ours);
    assert_eq!((ours.theirs(Kind::Code, 11), ours.ours(Kind::Option, 6)), (11, Some(6)));
    assert_eq!(ours.ours(Kind::Version, 3), Some(3));
    assert_eq!(ours.ours(Kind::Option, 7), None);
}

#[test]
fn numbers_are_translated_in_both_directions() {
    let named = constants("SMTP_TIMED_OUT = 10060\nSMTP_FAILURE = -2\nOPT_TIMEOUT = 0x10\nOPT_DEBUG=6");
    assert_eq!((named.theirs(Kind::Code, 11), named.theirs(Kind::Code, 2)), (10060, -2));
    assert_eq!((named.ours(Kind::Option, 16), named.ours(Kind::Option, 6)), (Some(6), Some(5)));
    // A number that the program's header has for nothing any more.
    assert_eq!(named.ours(Kind::Option, 5), None);
    assert_eq!(named.theirs(Kind::Code, 0), 0);
}

#[test]
fn versions_are_bits() {
    let named = constants("FW_VERSION4 = 4\nFW_VERSION5 = 8");
    assert_eq!([4, 8, 12].map(|theirs| named.ours(Kind::Version, theirs)), [Some(1), Some(2), Some(3)]);
    assert_eq!([1, 2, 3].map(|theirs| named.ours(Kind::Version, theirs)), [None; 3]);
}

#[test]
fn what_cannot_be_told_apart_is_refused_with_its_line() {
    for (text, words) in [
        ("SMTP_SUCCES = 0", "line 2: SMTP_SUCCES is no constant of the Distinct manual"),
        ("smtp_success = 0", "is no constant"),
        ("SMTP_SUCCESS = zero", "SMTP_SUCCESS is not a number from -2147483648 to 2147483647"),
        ("SMTP_SUCCESS = 4294967296", "is not a number"),
        ("SMTP_SUCCESS = --1", "is not a number"),
        ("SMTP_SUCCESS = 0x-1", "is not a number"),
        ("OPT_DEBUG = 65536", "OPT_DEBUG is not a number from 0 to 65535"),
        ("OPT_DEBUG = -1", "is not a number from 0"),
        ("FW_ADDR_DNS = 256", "is not a number from 0 to 255"),
        ("FW_VERSION4 = 0", "is not a number from 1"),
        ("SMTP_SUCCESS = 0\nSMTP_SUCCESS = 1", "line 3: SMTP_SUCCESS is given twice"),
        (
            "SMTP_FAILURE = 40\nSMTP_ABORTED = 40",
            "line 2: SMTP_FAILURE has the number 40, which line 3 gives to SMTP_ABORTED",
        ),
        ("SMTP_FAILURE = 11", "has the number 11, which is SMTP_TIMED_OUT's unless that is given too"),
        (
            "FW_VERSION4 = 4\nFW_VERSION5 = 5",
            "FW_VERSION4 shares a bit with the number 5, which line 3 gives to FW_VERSION5",
        ),
    ] {
        let shown = error(text);
        assert!(shown.contains(words), "{text:?}: {shown}");
    }
    // Constants of different kinds may have one number.
    constants("SMTP_FAILURE = 20\nOPT_DEBUG = 20\nFW_ADDR_IP4 = 20");
}
