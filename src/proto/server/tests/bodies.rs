//! Messages by DATA and BDAT: what a refusal means for what follows, where a message ends, and how much of it is taken.

use super::*;

#[test]
fn a_refused_chunk_is_never_taken_for_commands() {
    let rows = [
        ("EHLO me\r\n", "220 250 503 250"),
        ("", "220 503 250"),
        ("EHLO me\r\nMAIL FROM:<a@b>\r\nRCPT TO:<bad@d>\r\n", "220 250 250 550 554 250"),
        ("EHLO me\r\nMAIL FROM:<a@b>\r\nRCPT TO:<nodata@d>\r\n", "220 250 250 250 550 250"),
    ];
    for (front, expected) in rows {
        let owner = talk(Config::new("mx"), &format!("{front}BDAT 12 LAST\r\nQUIT\r\nQUIT\r\nNOOP\r\n"));
        assert_eq!(owner.codes(), expected, "{front}");
        assert!(owner.body.is_empty());
    }
    let without = Config { chunking: false, ..Config::new("mx") };
    assert_eq!(talk(without, &format!("{ENVELOPE}BDAT 6\r\nQUIT\r\nNOOP\r\n")).codes(), "220 250 250 250 502 250");
    // After a refused chunk the others of the mail are refused, up to RSET.
    let refused = "EHLO me\r\nMAIL FROM:<a@b>\r\nRCPT TO:<nodata@d>\r\nBDAT 6\r\nQUIT\r\nBDAT 6\r\nQUIT\r\n";
    let owner = talk(Config::new("mx"), &format!("{refused}RSET\r\nBDAT 6 LAST\r\nQUIT\r\nNOOP\r\n"));
    assert_eq!(owner.codes(), "220 250 250 250 550 503 250 503 250");
    assert_eq!(owner.told.iter().filter(|line| *line == "abandoned").count(), 1);
}

#[test]
fn bdat_and_data_do_not_mix() {
    assert_eq!(codes(&format!("{ENVELOPE}BDAT 2\r\nhiDATA\r\nRCPT TO:<e@f>\r\n")), "220 250 250 250 250 503 503");
    let binary = "EHLO me\r\nMAIL FROM:<a@b> BODY=BINARYMIME\r\nRCPT TO:<c@d>\r\nDATA\r\nBDAT 2 LAST\r\n\r\r";
    assert_eq!(codes(binary), "220 250 250 250 503 250");
    assert_eq!(
        codes(&format!("{ENVELOPE}DATA\r\nx\r\n.\r\nBDAT 2 LAST\r\nhiNOOP\r\n")),
        "220 250 250 250 354 250 503 250"
    );
}

#[test]
fn a_chunk_of_unknown_length_ends_the_session() {
    for line in
        ["BDAT 99999999999999999999", "BDAT", "BDAT x", "BDAT -1", "BDAT +1", "BDAT 1 MORE", "BDAT 1 LAST x", "BDAT\t1"]
    {
        assert_eq!(codes(&format!("{ENVELOPE}{line}\r\nQUIT\r\n")), "220 250 250 250 501", "{line}");
    }
    assert_eq!(codes(&format!("{ENVELOPE}BDAT 18446744073709551615\r\nQUIT\r\n")), "220 250 250 250");
}

/// What hides an end is in `hostile`.
#[test]
fn bare_line_ends() {
    let refusing = || Config { bare_ends: BareEnds::Refuse, ..Config::new("mx") };
    let owner = talk(refusing(), &format!("{ENVELOPE}DATA\r\nx\ny\r\n.\r\nNOOP\r\n"));
    assert_eq!((owner.codes().as_str(), owner.told.last().unwrap().as_str()), ("220 250 250 250 354 554", "abandoned"));
    assert_eq!(codes(&format!("{ENVELOPE}DATA\r\nx\r\n\0.\0x\r\nNOOP\r\n")), "220 250 250 250 354", "NULs alone");
    for line in ["NOOP\nNOOP\r\n", "NOOP\rNOOP\r\n", "NOOP\r\r\n"] {
        assert_eq!(codes(line), "220 500", "{line:?}");
    }
    // A CR at the end of one chunk and the LF at the start of the next are one line end; at the last end it is one alone.
    let chunks = format!("{ENVELOPE}BDAT 2\r\na\rBDAT 2\r\n\nbBDAT 2 LAST\r\nc\rNOOP\r\n");
    let owner = talk(Config::new("mx"), &chunks);
    assert_eq!(owner.told.last().unwrap(), "complete a\\r\\nbc\\r\\n");
    assert_eq!(talk(refusing(), &chunks).codes(), "220 250 250 250 250 250 554 250");
    let small = Config { size: 10, ..Config::new("mx") };
    let long = format!("{ENVELOPE}BDAT 6 LAST\r\n\n\n\n\n\n\nNOOP\r\n");
    assert_eq!(talk(small, &long).codes(), "220 250 250 250 552 250", "it is as large as it becomes");
}

#[test]
fn too_large() {
    let config = || Config { size: 10, ..Config::new("mx") };
    let of = |input: &str| talk(config(), &format!("EHLO me\r\nMAIL FROM:<a@b>{input}")).codes();
    assert_eq!(of(" SIZE=11\r\n"), "220 250 552");
    assert_eq!(of(" SIZE=10\r\n"), "220 250 250");
    assert_eq!(of(" SIZE=99999999999999999999999\r\n"), "220 250 552");
    let rcpt = "\r\nRCPT TO:<c@d>\r\n";
    assert_eq!(of(&format!("{rcpt}DATA\r\n12345678\r\n.\r\nNOOP\r\n")), "220 250 250 250 354 250 250");
    assert_eq!(of(&format!("{rcpt}DATA\r\n123456789\r\n.\r\nNOOP\r\n")), "220 250 250 250 354 552 250");
    assert_eq!(of(&format!("{rcpt}BDAT 10 LAST\r\n1234567890NOOP\r\n")), "220 250 250 250 250 250");
    assert_eq!(of(&format!("{rcpt}BDAT 11 LAST\r\n12345678901NOOP\r\n")), "220 250 250 250 552 250");
    assert_eq!(
        of(&format!("{rcpt}BDAT 9\r\n123456789BDAT 2\r\n12BDAT 1\r\n1NOOP\r\n")),
        "220 250 250 250 250 552 503 250"
    );
}

#[test]
fn a_body_turned_down_in_its_middle() {
    let input = format!("{ENVELOPE}DATA\r\nbad\r\nmore\r\n.\r\n");
    let mut owner = Owner::new(Config::new("mx"));
    for byte in input.as_bytes() {
        owner.receive(&[*byte]);
    }
    owner.receive(b"NOOP\r\n");
    assert_eq!(owner.codes(), "220 250 250 250 354 452 250");
    assert_eq!(owner.told[2..], ["begin", "abandoned"]);
}
