//! Published attacks on SMTP servers, each a case. Each is also sent one octet at a time; [`splits`](crate::splits) cuts
//! sessions at every place.
//!
//! | what arrives | where it is tried |
//! |---|---|
//! | false ends of a message | `only_one_end_of_data_is_one`, `splits::false_ends`, `splits::at_the_ends_of_buffers` |
//! | an empty message, dots in front | `an_empty_message_and_a_dot_in_front` |
//! | commands behind STARTTLS; what was said before TLS | `tls::commands_sent_behind_starttls_in_the_clear_are_dropped`, `tls::what_was_said_before_tls_is_forgotten` |
//! | TLS cut short, clear octets in it | `tls::a_connection_cut_short_within_tls_stores_nothing`, `tls::clear_bytes_within_tls_end_the_session` |
//! | commands hidden behind a bare CR or LF | `a_bare_line_end_in_a_command_is_refused`, `splits::lines_that_are_none` |
//! | line ends in addresses, xtext that stands for one, comments | `addresses_and_parameters_cannot_hide_anything` |
//! | options, shell commands and other addresses as local parts | `odd_addresses_are_data` |
//! | megabytes without a line end | `limits::a_line_has_a_limit` |
//! | 100,000 RCPT, 1,000,000 NOOP | `limits::a_hundred_thousand_recipients`, `limits::a_million_commands_that_lead_nowhere` |
//! | silence, an octet now and then | `limits::time_is_limited_in_each_state`, `limits::dripping_does_not_win_time`, `splits::silence_at_every_octet` |
//! | a client that never reads | `limits::a_client_that_never_reads`, `splits::a_client_that_reads_slowly` |
//! | chunks of any size, one that is larger than memory | `chunks_of_any_size`, `memory_does_not_grow_with_the_message` of tests/helo_server |
//! | malformed base64, messages of no mechanism | `auth::malformed_exchanges`, `auth::malformed_messages_of_scram`, `splits::authentication` |
//! | lengths of chunks, refused chunks | `chunks_are_counted_exactly`, `splits::chunks_with_commands_in_them` |
//! | refusals among pipelined commands | `refusals_within_one_flight` |
//! | a connection lost at every octet | `a_connection_lost_at_every_octet`, `splits::a_session_with_everything` |
//! | ten thousand idle connections | `ten_thousand_idle_connections` of tests/helo_server |

use crate::house::House;
use crate::support::kept::Kept;
use crate::support::raw::Raw;
use helo::proto::dot::BareEnds;
use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

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
            // One mail, of which all that was text.
            let reply = client.reply();
            assert!(reply.starts_with("250"), "{end:?}: {reply}");
            client.ask("QUIT", 221);
            client.closed();
            let mails = house.kept.mails();
            let text = mails.last().expect("a mail").text();
            assert!(text.contains("MAIL FROM:<evil@example.org>") && text.ends_with("\r\ny\r\n"), "{end:?}: {text:?}");
            assert!(mails.iter().all(|mail| mail.from() == "a@example.org"), "{end:?}");
            let without = text.replace("\r\n", "");
            assert!(!without.contains(['\r', '\n']) && text.starts_with("x\r\n"), "{end:?}: {text:?}");
        });
        let refusing = House::with(Kept::new(), |service| service.dialogue.bare_ends = BareEnds::Refuse);
        let mut client = refusing.client();
        client.send(OPEN);
        assert_eq!(client.codes(3), [250, 250, 354]);
        client.send(format!("x{end}MAIL FROM:<evil@example.org>\r\n.\r\n")).expect(554);
        client.closed();
        assert!(refusing.kept.mails().is_empty(), "{end:?}");
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

/// CVE-2015-9097, CVE-2025-7962, CVE-2026-82853, -82854: a line end that is none hides a second command in the first.
#[test]
fn a_bare_line_end_in_a_command_is_refused() {
    let hidden = "RCPT TO:<evil@example.com>";
    for line in [
        format!("NOOP\n{hidden}"),
        format!("NOOP\r{hidden}"),
        "NOOP\r".into(),
        format!("EHLO me\n{hidden}"),
        format!("HELO me\r{hidden}"),
        format!("MAIL FROM:<a@example.org>\n{hidden}"),
        format!("MAIL FROM:<\"a\n{hidden}\"@example.org>"),
        format!("MAIL FROM:<a@example.org> SIZE=1\r{hidden}"),
        format!("MAIL FROM:<a@example.org> ENVID=x\n{hidden}"),
        format!("RCPT TO:<b@example.com>\r{hidden}"),
        format!("RCPT TO:<b@example.com> ORCPT=rfc822;b\n{hidden}"),
        format!("VRFY b\n{hidden}"),
        format!("EXPN b\r{hidden}"),
        format!("HELP b\n{hidden}"),
    ] {
        each(|house, client, send| {
            client.ask("MAIL FROM:<a@example.org>", 250);
            send(client, format!("{line}\r\n").as_bytes());
            client.expect(500);
            client.closed();
            assert!(house.kept.mails().is_empty());
        });
    }
}

/// GHSA-g7hc-96xr-gvvx, CVE-2025-13033, CVE-2020-28026: what is not an address or hides something is refused, and the
/// session goes on.
#[test]
fn addresses_and_parameters_cannot_hide_anything() {
    for line in [
        "MAIL FROM:<\"a\x0bb\"@example.org>",
        "MAIL FROM:<a@example.org>RCPT TO:<b@example.com>",
        "MAIL FROM:<a@example.org> SIZE=10> RCPT",
        "MAIL FROM:<a@exa mple.org>",
        "MAIL FROM:<a@example.org(comment)>",
        "MAIL FROM:<a(comment)@example.org>",
        "MAIL FROM:<a@example.org,b@example.org>",
        "MAIL FROM:<a@example.org> ENVID=a+0Ab",
        "MAIL FROM:<a@example.org> ENVID=a+0D+0AQUIT",
        "MAIL FROM:<a@example.org> AUTH=a+0Ab@example.org",
        "MAIL FROM:<a@example.org> SIZE=-1",
        "MAIL FROM:<a@example.org> SIZE=1 SIZE=2",
        // The first half of an address that a line end cuts: the second is no command.
        "MAIL FROM:<\"a\r\nRCPT TO:<x>\"@example.org>",
    ] {
        each(|house, client, send| {
            send(client, format!("{line}\r\n").as_bytes());
            for _ in line.lines() {
                let reply = client.reply();
                assert!(reply.starts_with("50") || reply.starts_with("55"), "{line}: {reply}");
            }
            send(client, b"NOOP\r\n");
            client.expect(250);
            assert!(house.kept.mails().is_empty());
        });
    }
    each(|house, client, send| {
        send(client, b"MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com> ORCPT=rfc822;b+0d+0aRCPT\r\n");
        assert_eq!(client.codes(2), [250, 501]);
        send(
            client,
            b"RCPT TO:<b@example.com> ORCPT=utf-8;b\\x{0A}RCPT\r\nRCPT TO:<b@example.com> NOTIFY=NEVER,FAILURE\r\n",
        );
        assert_eq!(client.codes(2), [501, 501]);
        assert!(house.kept.mails().is_empty());
    });
}

/// CVE-2020-28247, CVE-2020-7247, CVE-2025-13033: what looks like an option, a command line or another address is data,
/// and is handed on as it came; or it is refused.
#[test]
fn odd_addresses_are_data() {
    let odd = [
        "-oX@example.com",
        "-oQ/tmp/x@example.com",
        "a|b`c$d{e}@example.com",
        "\";sleep 66;\"@example.com",
        "\"$(reboot)\"@example.com",
        "\"x@evil.example x\"@example.com",
        "\"a> RCPT TO:<b\"@example.com",
        "\"../../../etc/passwd\"@example.com",
        "a%b@example.com",
    ];
    each(|house, client, send| {
        send(client, format!("MAIL FROM:<{}>\r\n", odd[5]).as_bytes());
        client.expect(250);
        for to in odd {
            send(client, format!("RCPT TO:<{to}>\r\n").as_bytes());
            client.expect(250);
        }
        send(client, b"RCPT TO:<;sleep 66;@example.com>\r\nRCPT TO:<$(reboot)@example.com>\r\n");
        assert_eq!(client.codes(2), [501, 501]);
        send(client, b"BDAT 3 LAST\r\nx\r\n");
        client.expect(250);
        let mail = house.kept.mails().remove(0);
        assert_eq!((mail.from(), mail.to()), (odd[5], odd.to_vec()));
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

/// Recipients refused among accepted ones, all refused with DATA behind them, DATA refused: each has its reply, and the
/// session goes on.
#[test]
fn refusals_within_one_flight() {
    each(|house, client, send| {
        send(client, b"MAIL FROM:<a@example.org>\r\nRCPT TO:<b@>\r\nRCPT TO:<c@example.com>\r\nRCPT TO:<>\r\nDATA\r\n");
        assert_eq!(client.codes(5), [250, 501, 250, 501, 354]);
        send(client, b"x\r\n.\r\n");
        client.expect(250);
        assert_eq!(house.kept.mails()[0].to(), ["c@example.com"]);
        // RFC 2920, 3.1: no body follows.
        send(client, b"MAIL FROM:<a@example.org>\r\nRCPT TO:<b@>\r\nDATA\r\nRSET\r\n");
        assert_eq!(client.codes(4), [250, 501, 554, 250]);
        send(client, b"MAIL FROM:<a@>\r\nRCPT TO:<c@example.com>\r\nDATA\r\nNOOP\r\n");
        assert_eq!(client.codes(4), [501, 503, 503, 250]);
        send(client, b"MAIL FROM:<nobegin@example.org>\r\nRCPT TO:<c@example.com>\r\nDATA\r\nRSET\r\n");
        assert_eq!(client.codes(4), [250, 250, 452, 250]);
        assert_eq!(house.kept.mails().len(), 1);
    });
}

/// CVE-2018-0500: a first chunk larger than any buffer, and chunks of an octet each.
#[test]
fn chunks_of_any_size() {
    for kept in [Kept::new(), Kept::blocking()] {
        let house = House::with(kept, |_| {});
        let mut client = house.client();
        let large = vec![b'x'; 10_000_000];
        client.say("MAIL FROM:<a@example.org> BODY=BINARYMIME").say("RCPT TO:<b@example.com>");
        client.say("BDAT 10000000").send(&large).say("BDAT 0 LAST");
        assert_eq!(client.codes(4), [250, 250, 250, 250]);
        client.say("MAIL FROM:<a@example.org> BODY=BINARYMIME").say("RCPT TO:<b@example.com>");
        client.codes(2);
        client.send("BDAT 1\r\nx".repeat(2000)).send("BDAT 1 LAST\r\ny");
        assert_eq!(client.codes(2001), [250; 2001]);
        let mails = house.kept.mails();
        assert!(mails[0].message == large);
        assert_eq!((mails[1].message.len(), mails[1].message.last()), (2001, Some(&b'y')));
    }
}

/// The connection is lost at every octet of a session: what was complete is stored, nothing else is, and nothing is left.
#[test]
fn a_connection_lost_at_every_octet() {
    let mail = "MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\n";
    let session =
        format!("EHLO me\r\n{mail}DATA\r\nx\r\n.\r\n{mail}BDAT 9\r\nRSET\r\nab\nBDAT 3 LAST\r\n\r\nyQUIT\r\n");
    let (first, second) = (session.find(".\r\n").unwrap() + 3, session.find("QUIT").unwrap());
    for kept in [Kept::new(), Kept::blocking()] {
        let house = House::with(kept, |_| {});
        let mut stored = 0;
        for cut in 0..=session.len() {
            let mut stream = TcpStream::connect(house.address()).unwrap();
            stream.write_all(&session.as_bytes()[..cut]).unwrap();
            let mut client = Raw::over(stream.try_clone().unwrap());
            if cut % 2 == 0 {
                // In order: the server answers what it has heard, and closes as well.
                stream.shutdown(Shutdown::Write).unwrap();
                assert!(client.rest().starts_with("220 "), "{cut}");
            } else {
                // By a reset: what has arrived counts, or is lost with it.
                socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
                drop((client, stream));
            }
            stored += usize::from(cut % 2 == 0) * (usize::from(cut >= first) + usize::from(cut >= second));
        }
        house.kept.wait_given_up(0);
        let mails = house.kept.mails();
        assert!(mails.len() >= stored, "{} of {stored}", mails.len());
        assert!(mails.iter().all(|mail| ["x\r\n", "RSET\r\nab\r\n\r\ny"].contains(&mail.text())));
        house.client().ask("QUIT", 221);
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
