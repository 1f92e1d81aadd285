"""The native face: deliveries of many mails."""

import gc
import pathlib
import socket
import tempfile
import threading
import unittest
import warnings

from helo import native
from helo.native import Cause, Delivery, Level, Phase, Status

from .support import RealServer, ScriptedServer, needs_aiosmtpd

HELLO = """
    S: 220 scripted ready
    C* EHLO
    S: 250 scripted
"""
QUIT = """
    C: QUIT
    S: 221 bye
"""
ENVELOPE = """
    C* MAIL FROM:<alice@example.com>
    S: 250 ok
    C: RCPT TO:<bob@example.com>
    S: 250 ok
    C: DATA
    S: 354 go
"""


@needs_aiosmtpd
class RealMail(unittest.TestCase):
    def test_each_recipient_has_a_result_at_every_level(self):
        for level in Level:
            told = []
            with self.subTest(level), RealServer() as server:
                with Delivery(f"smtp://{server.host}", level=level, on_result=told.append) as delivery:
                    for number in range(3):
                        people = [f"a{number}@example.com", f"nobody{number}@example.com", f"b{number}@example.com"]
                        self.assertEqual(delivery.add_mail("alice@example.com", people, f"X: {number}\n\n.\n"), number)
                    self.assertFalse(delivery.run())
                    results = delivery.results()
                    progress = delivery.progress()
            self.assertEqual(sorted(told), results)
            self.assertEqual([result.delivered for result in results], [True, False, True] * 3)
            for result in results[1::3]:
                self.assertEqual((result.cause, result.phase, result.code), (Cause.REFUSED, Phase.RCPT, 550))
                self.assertEqual(result.enhanced, "5.1.1")
                self.assertIn("no such user", result.text)
            self.assertEqual((progress.mails, progress.mails_done), (3, 3))
            self.assertEqual((progress.delivered, progress.failed), (6, 3))
            kept = [(people, content) for _, people, content in server.mails]
            expected = [([f"a{n}@example.com", f"b{n}@example.com"], f"X: {n}\r\n\r\n.\r\n".encode()) for n in range(3)]
            self.assertEqual(kept, expected)

    def test_the_message_comes_from_memory_a_file_or_pieces(self):
        text = b"Subject: x\r\n\r\n" + b".0123456789\r\n" * 20000
        with tempfile.TemporaryDirectory() as folder, RealServer() as server:
            path = pathlib.Path(folder) / "message.eml"
            path.write_bytes(text)
            with Delivery(server.host) as delivery, path.open("rb") as opened:
                for message in (text, bytearray(text), path, opened, iter([text[:7], b"", text[7:]])):
                    delivery.add_mail("alice@example.com", "bob@example.com", message)
                del message
                gc.collect()
                self.assertTrue(delivery.run())
            native.send_file(server.host, "alice@example.com", ["bob@example.com"], path)
        self.assertEqual([content for _, _, content in server.mails], [text] * 6)

    def test_the_next_list(self):
        with RealServer() as server, Delivery(server.host) as delivery:
            for _ in range(2):
                delivery.add_mail("alice@example.com", "bob@example.com", b"x\r\n")
                self.assertTrue(delivery.run())
                self.assertEqual(len(delivery.results()), 1)
                delivery.clear()
                self.assertEqual(delivery.results(), [])
        self.assertEqual(len(server.mails), 2)

    def test_a_socket_of_the_programs_own(self):
        with RealServer() as server, Delivery() as delivery:
            delivery.add_socket(socket.create_connection(("127.0.0.1", server.port)))
            delivery.add_mail("alice@example.com", "bob@example.com", b"x\r\n")
            self.assertTrue(delivery.run())
        self.assertEqual(len(server.mails), 1)


class Scripted(unittest.TestCase):
    def test_parameters_go_out(self):
        script = f"""
            S: 220 scripted ready
            C: EHLO client.example
            S: 250-scripted
            S: 250 DSN
            C: MAIL FROM:<alice@example.com> ENVID={native.xtext("a+b")}
            S: 250 ok
            C: RCPT TO:<bob@example.com> NOTIFY=FAILURE
            S: 250 ok
            C: DATA
            S: 354 go
            MESSAGE
            S: 250 kept
        """
        self.assertEqual(native.xtext("a+b"), "a+2Bb")
        with ScriptedServer(script, QUIT) as server, Delivery(server.host, hello_name="client.example") as delivery:
            delivery.add_mail(
                "alice@example.com",
                "bob@example.com",
                b"x\r\n",
                parameters=[f"ENVID={native.xtext('a+b')}"],
                recipient_parameters=["NOTIFY=FAILURE"],
            )
            self.assertTrue(delivery.run())
        self.assertEqual(server.message, b"x\r\n")

    def test_an_answer_that_never_comes_is_an_unknown_outcome(self):
        with ScriptedServer(HELLO, ENVELOPE, "MESSAGE") as server, Delivery(server.host) as delivery:
            mail = delivery.add_mail("alice@example.com", "bob@example.com", b"x\r\n")
            self.assertFalse(delivery.run())
            self.assertEqual(delivery.result(mail).cause, Cause.OUTCOME_UNKNOWN)

    def test_cancel_from_another_thread(self):
        with ScriptedServer(HELLO, "C* MAIL", "WAIT") as server, Delivery(server.host) as delivery:
            mail = delivery.add_mail("alice@example.com", "bob@example.com", b"x\r\n")
            self.assertIsNone(delivery.result(mail))

            def cancel():
                self.assertTrue(server.at_wait.wait(30))
                delivery.cancel()

            other = threading.Thread(target=cancel)
            other.start()
            with self.assertRaises(native.Cancelled):
                delivery.run()
            other.join()
            self.assertFalse(delivery.result(mail).delivered)

    def test_the_trace_shows_both_directions_without_passwords(self):
        seen = []
        script = """
            S: 220 ready
            C* EHLO
            S: 250-scripted
            S: 250 AUTH PLAIN
            C: AUTH PLAIN AGFsaWNlAHdvbmRlcmxhbmQ=
            S: 235 ok
        """
        trace = lambda number, what, octets: seen.append((number, what, octets))  # noqa: E731
        with ScriptedServer(script, ENVELOPE, "MESSAGE", "S: 250 kept", QUIT) as server:
            with Delivery(server.host, login=("alice", "wonderland"), on_trace=trace) as delivery:
                delivery.add_mail("alice@example.com", "bob@example.com", b"x\r\n")
                self.assertTrue(delivery.run(), delivery.results())
        sent = b"".join(octets for _, what, octets in seen if what == native.Trace.SENT)
        received = b"".join(octets for _, what, octets in seen if what == native.Trace.RECEIVED)
        self.assertIn(b"MAIL FROM:<alice@example.com>", sent)
        self.assertIn(b"<hidden>", sent)
        self.assertNotIn(b"AGFsaWNl", sent)
        self.assertIn(b"235 ok", received)
        self.assertEqual({number for number, _, _ in seen}, {1})

    def test_an_exception_in_a_callback_cancels_and_comes_out(self):
        def broken(result):
            raise KeyError("mine")

        with ScriptedServer(HELLO, ENVELOPE, "MESSAGE", "S: 250 kept") as server:
            with Delivery(server.host, on_result=broken) as delivery:
                delivery.add_mail("alice@example.com", "bob@example.com", b"x\r\n")
                with self.assertRaisesRegex(KeyError, "mine"):
                    delivery.run()
                self.assertTrue(delivery.result(0).delivered)

    def test_an_exception_in_the_source_of_a_message_comes_out(self):
        def source():
            yield b"Subject: x\r\n\r\n"
            raise OSError("the disk is gone")

        with ScriptedServer(HELLO, ENVELOPE, "GONE") as server, Delivery(server.host) as delivery:
            delivery.add_mail("alice@example.com", "bob@example.com", source())
            with self.assertRaisesRegex(OSError, "the disk is gone"):
                delivery.run()
            self.assertEqual(delivery.result(0).cause, Cause.SOURCE)

    def test_a_time_limit(self):
        with ScriptedServer("WAIT") as server, Delivery(server.host, timeout=0.2) as delivery:
            delivery.add_mail("alice@example.com", "bob@example.com", b"x\r\n")
            self.assertFalse(delivery.run())
            result = delivery.result(0)
            self.assertEqual((result.cause, result.phase), (Cause.TIMED_OUT, Phase.GREETING))


class Arguments(unittest.TestCase):
    def test_what_cannot_be_sent_is_refused(self):
        with Delivery("127.0.0.1:9") as delivery:
            for sender, recipients in (
                ("a@example.com>\r\nRCPT TO:<x@y", "b@example.com"),
                ("a@example.com", "b@example.com\r\nDATA"),
            ):
                with self.assertRaises(native.HeloError) as error:
                    delivery.add_mail(sender, recipients, b"")
                self.assertEqual(error.exception.status, Status.BAD_ARGUMENT)
                delivery.clear()
            with self.assertRaises(ValueError):
                delivery.add_mail("a\0@example.com", "b@example.com", b"")
            with self.assertRaises(ValueError):
                delivery.add_mail("a@example.com", [], b"")

    def test_bad_settings_are_refused_and_leave_nothing_open(self):
        for options in ({"level": 9}, {"connections": 0}, {"hello_name": "a b"}, {"server": "http://x"}):
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                with self.subTest(options), self.assertRaises(native.HeloError):
                    Delivery(**{"server": "127.0.0.1:9", **options})

    def test_a_closed_delivery_is_none(self):
        delivery = Delivery("127.0.0.1:9")
        delivery.close()
        delivery.close()
        with self.assertRaises(native.HeloError) as error:
            delivery.run()
        self.assertEqual(error.exception.status, Status.BAD_HANDLE)

    def test_without_a_server_a_run_says_so(self):
        with Delivery() as delivery:
            delivery.add_mail("a@example.com", "b@example.com", b"x\r\n")
            with self.assertRaisesRegex(native.HeloError, "no server"):
                delivery.run()
