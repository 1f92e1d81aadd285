"""What the package takes: messages, addresses and keys of many kinds, and what it refuses before anything goes out."""

import email.message
import email.policy
import io
import pathlib
import tempfile
import unittest

import helo
from helo import distinct, native, site
from helo._pieces import address, key_value

from .support import ScriptedServer

HELLO = """
    S: 220 scripted ready
    C* EHLO
    S: 250 scripted
"""
MAIL = """
    C* MAIL FROM:<a@example.com>
    S: 250 ok
"""
DATA = """
    C: RCPT TO:<b@example.com>
    S: 250 ok
    C: DATA
    S: 354 go
    MESSAGE
    S: 250 kept
"""
QUIT = """
    C: QUIT
    S: 221 bye
"""


def connect(server):
    return distinct.Connection(server.host, "client.example")


def letter(policy=email.policy.default):
    message = email.message.EmailMessage(policy)
    message["From"] = "Ann Example <a@example.com>"
    message["To"] = "Bob <b@example.com>"
    message["Bcc"] = "secret@example.com"
    message["Resent-Bcc"] = "secret@example.com"
    message["Subject"] = "Gr\u00fc\u00dfe"
    message.set_content(".dot\nGr\u00fc\u00dfe\n")
    return message


class Messages(unittest.TestCase):
    def send(self, message):
        """The message as it came, by both ways."""
        came = []
        with helo.Server({"port": 0}, deliver=lambda mail, octets: came.append(octets)) as server:
            with distinct.Connection(f"127.0.0.1:{server.port}", "client.example") as smtp:
                self.assertEqual(smtp.sendmail("a@example.com", "b@example.com", message()), {})
            with native.Delivery(server.addresses[0]) as delivery:
                delivery.add_mail("a@example.com", "b@example.com", message())
                self.assertTrue(delivery.run(), delivery.results())
        self.assertEqual(came[0], came[1])
        return came[0]

    def test_each_kind(self):
        text = "Subject: x\n\n.Gr\u00fc\u00dfe\n" * 3000
        octets = text.replace("\n", "\r\n").encode()
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "message.eml"
            path.write_text(text, encoding="utf-8")
            kinds = {
                "text": lambda: text,
                "octets": lambda: octets,
                "an array": lambda: bytearray(octets),
                "a view": lambda: memoryview(octets),
                "a path": lambda: path,
                "a file": lambda: io.BytesIO(octets),
                "a text file": lambda: io.StringIO(text),
                "pieces": lambda: iter([octets[:5], b"", bytearray(octets[5:])]),
                "pieces of text": lambda: [text[:7], "", text[7:]],
            }
            for name, kind in kinds.items():
                with self.subTest(name):
                    self.assertEqual(self.send(kind), octets)

    def test_messages_of_the_email_package(self):
        for policy in (email.policy.default, email.policy.SMTP, email.policy.SMTPUTF8):
            message = letter(policy)
            came = self.send(lambda message=message: message)
            self.assertNotIn(b"secret", came)
            self.assertIn(b"Subject: =?utf-8?", came)
            self.assertIn(b"To: Bob <b@example.com>\r\n", came)
            self.assertIn("secret", message["Bcc"])
            self.assertNotIn(b"\n", came.replace(b"\r\n", b""))

    def test_a_message_says_itself_from_whom_and_to_whom(self):
        came = []
        with helo.Server({"port": 0}, deliver=lambda mail, octets: came.append(mail)) as server:
            with distinct.Connection(f"127.0.0.1:{server.port}", "client.example") as smtp:
                self.assertEqual(smtp.send_message(letter()), {})
        self.assertEqual(came[0].sender, "a@example.com")
        self.assertEqual([who for who, _ in came[0].recipients], ["b@example.com", "secret@example.com"])

    def test_what_is_said_beside_a_message_need_not_stand_in_it(self):
        bare, twice = email.message.EmailMessage(), letter()
        bare.set_content("x\n")
        for day in ("1", "2"):
            twice["Resent-Date"] = f"{day} Jan 1998 00:00:00 +0000"
            twice["Resent-To"] = f"b{day}@example.com"
        came = []
        with helo.Server({"port": 0}, deliver=lambda mail, octets: came.append(mail)) as server:
            with distinct.Connection(f"127.0.0.1:{server.port}", "client.example") as smtp:
                for message in (bare, twice):
                    with self.assertRaises(ValueError):
                        smtp.send_message(message)
                    with self.assertRaises(ValueError):
                        smtp.send_message(message, recipients="b@example.com")
                    self.assertEqual(smtp.send_message(message, "a@example.com", "b@example.com"), {})
        self.assertEqual([mail.sender for mail in came], ["a@example.com"] * 2)

    def test_wrong_types_are_refused_before_anything_goes_out(self):
        with ScriptedServer(HELLO, QUIT) as server, connect(server) as smtp, native.Delivery(server.host) as delivery:
            for message in (None, 7, 1.5, {"a": 1}, {"x"}, object(), [1, 2], ["x", None], range(3)):
                for call in (smtp.sendmail, delivery.add_mail):
                    with self.subTest(message), self.assertRaises(TypeError):
                        call("a@example.com", "b@example.com", message)
                with self.subTest(message), self.assertRaises(TypeError):
                    smtp.data(message)
            for sender, people in (
                (None, "b@x"),
                (7, "b@x"),
                ("a@x", None),
                ("a@x", 7),
                ("a@x", [None]),
                ("a@x", {"b": 1}),
            ):
                for call in (smtp.sendmail, delivery.add_mail):
                    with self.subTest((sender, people)), self.assertRaises(TypeError):
                        call(sender, people, b"x")
            with self.assertRaises(FileNotFoundError):
                smtp.sendmail("a@example.com", "b@example.com", pathlib.Path("/no/such/file"))
            # Nothing was added: there is nothing to send, and it is said so.
            with self.assertRaisesRegex(native.HeloError, "the list is empty"):
                delivery.run()
            self.assertEqual(delivery.progress().mails, 0)


class Addresses(unittest.TestCase):
    def test_display_names(self):
        for given, sent in {
            "a@x": "a@x",
            "<a@x>": "a@x",
            "Ann <a@x>": "a@x",
            '"Example, Ann" <a@x>': "a@x",
            '"Ann <b@y>" <a@x>': "a@x",
            "Ann (of x, y) <a@x>": "a@x",
            "Gr\u00fc\u00df <gr\u00fc\u00df@x>": "gr\u00fc\u00df@x",
            '"a b"@x': '"a b"@x',
            '"a,b"@x': '"a,b"@x',
            '"a<b>"@x': '"a<b>"@x',
            ".a..b.@x": ".a..b.@x",
            "": "",
            "<>": "",
        }.items():
            with self.subTest(given):
                self.assertEqual(address(given), sent.encode())
                self.assertEqual(address(given.encode()), sent.encode())

    def test_lists_and_groups_are_refused(self):
        for given in ("a@x, b@y", "Ann <a@x>, Bob <b@y>", "Ann <a@x>; Bob <b@y>", "people: a@x, b@y;", "p: Ann <a@x>;"):
            with self.subTest(given), self.assertRaisesRegex(ValueError, "by itself"):
                address(given)

    def test_what_would_inject_is_left_to_the_library(self):
        with native.Delivery("127.0.0.1:1") as delivery:
            for given in ("a@x>\r\nRCPT TO:<b@y", "Ann\n <a@x>", "<a@x> <b@y>", "a@x>"):
                with self.subTest(given), self.assertRaises(native.HeloError):
                    delivery.add_mail("a@x", given, b"x")

    def test_they_go_into_the_envelope(self):
        with ScriptedServer(HELLO, MAIL, DATA, QUIT) as server, connect(server) as smtp:
            self.assertEqual(smtp.sendmail("Ann <a@example.com>", ["Bob <b@example.com>"], "x"), {})


class Keys(unittest.TestCase):
    def test_values(self):
        for value, text in {25: b"25", 2.0: b"2", 0.5: b"500 ms", "yes": b"yes"}.items():
            self.assertEqual(key_value(value), text)
        self.assertEqual((key_value(True), key_value(False)), (b"yes", b"no"))
        for value in (None, [25], object()):
            with self.assertRaises(TypeError):
                key_value(value)

    def test_they_are_taken_everywhere(self):
        with ScriptedServer(HELLO, "C: NOOP\nS: 250 ok", QUIT) as server:
            for key, value in (("port", server.port), ("reply_timeout", 2.5), ("tls_verify", False)):
                self.addCleanup(site.set_key, key, None)
                site.set_key(key, value)
            with distinct.Connection("127.0.0.1", "client.example") as smtp:
                smtp.set_key("reply_timeout", 20)
                smtp.noop()
        with native.Delivery("127.0.0.1", keys={"port": 25, "connect_timeout": 0.5, "tls_verify": True}):
            pass


class Causes(unittest.TestCase):
    """What ``sendmail`` raises is what happened."""

    def test_at_the_recipients(self):
        refused = "C: RCPT TO:<b@example.com>\nS: 550 5.1.1 unknown\n"
        for name, end, expected in (
            ("lost", "C* RCPT", distinct.Disconnected),
            ("junk", "C* RCPT\nS: what?\nGONE", distinct.ProtocolError),
            ("421", "C* RCPT\nS: 421 4.3.2 closing", distinct.Refused),
        ):
            for before in ("", refused):
                people = ["b@example.com", "c@example.com"] if before else ["b@example.com"]
                with self.subTest(name, before=before), ScriptedServer(HELLO, MAIL, before, end) as server:
                    with connect(server) as smtp, self.assertRaises(distinct.SmtpError) as caught:
                        smtp.sendmail("a@example.com", people, b"x")
                    self.assertIs(type(caught.exception), expected)
                    reply = caught.exception.reply
                    self.assertEqual(reply and reply.code, 421 if name == "421" else None)

    def test_refusals_leave_the_connection_usable(self):
        script = (
            HELLO,
            MAIL,
            "C: RCPT TO:<b@example.com>\nS: 550 no\nC: RSET\nS: 250 ok",
            "C* MAIL FROM:<a@example.com>\nS: 550 not you",
            MAIL,
            "C: RCPT TO:<b@example.com>\nS: 250 ok\nC: DATA\nS: 354 go\nMESSAGE\nS: 552 too big\nC: RSET\nS: 250 ok",
            MAIL,
            DATA,
            QUIT,
        )
        with ScriptedServer(*script) as server, connect(server) as smtp:
            with self.assertRaises(distinct.RecipientsRefused) as everybody:
                smtp.sendmail("a@example.com", ["Bob <b@example.com>"], b"x")
            replies = everybody.exception.recipients
            self.assertEqual({who: reply.code for who, reply in replies.items()}, {"Bob <b@example.com>": 550})
            for code in (550, 552):
                with self.assertRaises(distinct.Refused) as refused:
                    smtp.sendmail("a@example.com", ["b@example.com"], b"x")
                self.assertEqual(refused.exception.reply.code, code)
            self.assertEqual(smtp.sendmail("a@example.com", ["b@example.com"], b"x"), {})
