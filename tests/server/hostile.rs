//! Published attacks on SMTP servers, each a case. Each is also sent one octet at a time.

use crate::house::House;
use crate::support::kept::Kept;
use crate::support::raw::Raw;

/// A conversation with a fresh server for the case, once in whole writes and once octet by octet, with a spool that
/// waits and with one that does not.
fn each(case: impl Fn(&House, &mut Raw, &dyn Fn(&mut Raw, &[u8]))) {
    for spool in [Kept::new, Kept::blocking] {
        for dripping in [false, true] {
            let house = House::with(spool(), |_| {});
            let mut client = house.client();
            case(&house, &mut client, &move |client, octets| {
                if dripping {
                    client.drip(octets)
                } else {
                    client.send(octets)
                };
            });
            // Whatever happened, the next client is served.
            house.client().ask("QUIT", 221);
        }
    }
}

const OPEN: &[u8] = b"MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n";

/// CVE-2023-51764, -51765, -51766, CVE-2024-27305: another mail is smuggled behind what only some take for the end.
#[test]
fn only_one_end_of_data_is_one() {
    for end in [
        "\n.\n",
        "\r.\r",
        "\r.\n",
        "\n.\r",
        "\n.\r\n",
        "\r\n.\n",
        "\r.\r\n",
        "\r\n.\r",
        "\r\n\0.\r\n",
        "\r\n.\0\r\n",
        "\r\n.\r\r\n",
        "\r\r\n.\r\r\n",
    ] {
        each(|house, client, send| {
            send(client, OPEN);
            assert_eq!(client.codes(3), [250, 250, 354]);
            let smuggled =
                format!("x{end}MAIL FROM:<evil@example.org>\r\nRCPT TO:<b@example.com>\r\nDATA\r\ny\r\n.\r\n");
            send(client, smuggled.as_bytes());
            let reply = client.reply();
            let mails = house.kept.mails();
            if end.contains('\0') {
                // A NUL is no line end: all of it is the one message.
                assert!(reply.starts_with("250"), "{end:?}: {reply}");
                assert_eq!(mails.len(), 1, "{end:?}");
                assert!(mails[0].text().contains("MAIL FROM"), "{end:?}");
            } else {
                assert!(reply.starts_with("554"), "{end:?}: {reply}");
                client.closed();
                assert!(mails.is_empty(), "{end:?}");
            }
            assert!(mails.iter().all(|mail| mail.from() != "evil@example.org"), "{end:?}");
        });
    }
}

#[test]
fn an_empty_message_and_a_dot_in_front() {
    each(|house, client, send| {
        send(client, OPEN);
        client.codes(3);
        send(client, b".\r\n");
        client.expect(250);
        send(client, OPEN);
        client.codes(3);
        send(client, b"..a\r\n.\r\n");
        client.expect(250);
        let texts: Vec<String> = house.kept.mails().iter().map(|mail| mail.text().to_owned()).collect();
        assert_eq!(texts, ["", ".a\r\n"]);
    });
}

#[test]
fn a_bare_line_end_in_a_command_is_refused() {
    for line in ["NOOP\nMAIL FROM:<a@example.org>\r\n", "NOOP\rQUIT\r\n", "NOOP\r\r\n"] {
        each(|_, client, send| {
            send(client, line.as_bytes());
            client.expect(500);
            client.closed();
        });
    }
}

/// CVE-2015-9097, CVE-2025-7962, GHSA-g7hc-96xr-gvvx, CVE-2025-13033, CVE-2020-28026.
#[test]
fn addresses_and_parameters_cannot_hide_anything() {
    for line in [
        "MAIL FROM:<\"a\x0bb\"@example.org>",
        "MAIL FROM:<a@example.org> SIZE=10> RCPT",
        "MAIL FROM:<a@exa mple.org>",
        "MAIL FROM:<a@example.org> ENVID=a+0Ab",
        "MAIL FROM:<a@example.org> SIZE=-1",
        "MAIL FROM:<a@example.org> SIZE=1 SIZE=2",
    ] {
        each(|house, client, send| {
            send(client, format!("{line}\r\n").as_bytes());
            let reply = client.reply();
            assert!(reply.starts_with("50") || reply.starts_with("55"), "{line}: {reply}");
            send(client, b"NOOP\r\n");
            client.expect(250);
            assert!(house.kept.mails().is_empty());
        });
    }
    each(|house, client, send| {
        send(client, b"MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com> ORCPT=rfc822;b+0d+0aRCPT\r\n");
        assert_eq!(client.codes(2), [250, 501]);
        // What looks like a command line of a shell is an address like any other.
        send(client, b"RCPT TO:<-oX@example.com>\r\nRCPT TO:<;cmd;@example.com>\r\nQUIT\r\n");
        let codes = client.codes(3);
        assert!(codes[0] == 250 && codes[2] == 221, "{codes:?}");
        assert!(house.kept.mails().is_empty());
    });
}

/// CVE-2017-16943 and others: the length of a chunk is the length, and a refused chunk is no command.
#[test]
fn chunks_are_counted_exactly() {
    let chunk = b"RSET\r\nQUIT\r\n";
    each(|_, client, send| {
        // No mail is under way: the chunk is dropped and not obeyed.
        send(client, b"BDAT 12 LAST\r\n");
        send(client, chunk);
        client.expect(503);
        send(client, b"NOOP\r\n");
        client.expect(250);
    });
    each(|house, client, send| {
        send(client, b"MAIL FROM:<nobegin@example.org>\r\nRCPT TO:<b@example.com>\r\nBDAT 12\r\n");
        send(client, chunk);
        send(client, b"BDAT 0 LAST\r\nNOOP\r\n");
        assert_eq!(client.codes(5), [250, 250, 452, 503, 250]);
        assert!(house.kept.mails().is_empty());
    });
    each(|house, client, send| {
        send(client, b"MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\nBDAT 0 LAST\r\n");
        assert_eq!(client.codes(3), [250, 250, 250]);
        assert_eq!(house.kept.mails()[0].text(), "");
        send(client, b"MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n");
        assert_eq!(client.codes(3), [250, 250, 354]);
        send(client, b"BDAT 3 LAST\r\n.\r\n");
        client.expect(250);
        assert_eq!(house.kept.mails()[1].text(), "BDAT 3 LAST\r\n");
    });
    for length in ["99999999999999999999", "-1", "1x", "", "0x10", "1 LAST LAST"] {
        each(|_, client, send| {
            send(
                client,
                format!("MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\nBDAT {length}\r\n").as_bytes(),
            );
            assert_eq!(client.codes(3), [250, 250, 501], "{length}");
            // Nobody knows where the next command begins.
            client.closed();
        });
    }
}

/// The spool says no at each of its calls: the right reply, once, and the session goes on.
#[test]
fn a_spool_that_refuses() {
    let large = "x".repeat(70).as_bytes().repeat(3000);
    let lines: Vec<u8> = large.chunks(70).flat_map(|line| [line, b"\r\n"].concat()).collect();
    for kept in [Kept::new(), Kept::blocking()] {
        let house = House::with(kept, |_| {});
        let mut client = house.client();
        for (from, codes) in [
            ("nobegin", &[250, 250, 452][..]),
            ("nowrite", &[250, 250, 354, 452]),
            ("nofinish", &[250, 250, 354, 554]),
            ("yes", &[250, 250, 354, 250]),
        ] {
            client.send(format!("MAIL FROM:<{from}@example.org>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n"));
            assert_eq!(client.codes(3), codes[..3], "{from}");
            if codes[2] == 354 {
                client.send(&lines).send(".\r\n");
                assert_eq!(client.codes(1), codes[3..], "{from}");
            }
        }
        client.ask("QUIT", 221);
        assert_eq!(house.kept.mails().len(), 1);
        house.kept.wait_given_up(2);
    }
}

/// A client that is gone leaves nothing behind, wherever it was.
#[test]
fn a_client_that_goes_away_leaves_nothing() {
    for kept in [Kept::new(), Kept::blocking()] {
        let house = House::with(kept, |_| {});
        let whole = [OPEN, &b"x\r\n".repeat(30_000)].concat();
        for cut in [1, 10, 30, 60, OPEN.len(), OPEN.len() + 1, OPEN.len() + 80_000, whole.len()] {
            let mut client = house.client();
            client.send(&whole[..cut]);
            drop(client);
        }
        house.kept.wait_given_up(0);
        house.client().ask("QUIT", 221);
        assert!(house.kept.mails().is_empty());
    }
}
