"""Each function of the Distinct face, raw and through the class, against a server that plays a script."""

import ctypes
import gc
import io
import threading
import unittest
import warnings

from helo import distinct

from .support import ScriptedServer

HELLO = """
    S: 220 scripted ready
    C* EHLO client.example
    S: 250-scripted
    S: 250 8BITMIME
"""
QUIT = """
    C: QUIT
    S: 221 bye
"""


def connect(server, **options):
    return distinct.Connection(server.host, "client.example", **options)


class Commands(unittest.TestCase):
    def test_the_four_ways_to_begin_a_mail(self):
        script = ""
        for verb in ("MAIL", "SEND", "SAML", "SOML"):
            script += f"""
                C* {verb} FROM:<alice@example.com>
                S: 250 ok
                C: RSET
                S: 250 ok
            """
        with ScriptedServer(HELLO, script, QUIT) as server, connect(server) as smtp:
            for begin in (smtp.mail, smtp.send, smtp.saml, smtp.soml):
                begin("alice@example.com")
                smtp.rset()

    def test_noop_vrfy_and_turn(self):
        script = """
            C: NOOP
            S: 250 alive
            C: VRFY alice
            S: 250 Alice <alice@example.com>
            C: TURN
            S: 502 no
        """
        with ScriptedServer(HELLO, script, QUIT) as server, connect(server) as smtp:
            smtp.noop()
            self.assertEqual(smtp.vrfy("alice").code, 250)
            self.assertIn("Alice <alice@example.com>", smtp.reply().text)
            with self.assertRaises(distinct.Refused) as refused:
                smtp.turn()
            self.assertEqual(refused.exception.reply.code, 502)
            self.assertEqual(refused.exception.name, "SMTP_FAILURE")

    def test_listings_come_line_by_line(self):
        script = """
            C: EXPN staff
            S: 250-Alice <alice@example.com>
            S: 250 Bob <bob@example.com>
            C: HELP
            S: 214 Commands: HELO
            C: HELP MAIL
            S: 214-MAIL FROM:
            S: 214 begins a mail
        """
        with ScriptedServer(HELLO, script, QUIT) as server, connect(server) as smtp:
            people = smtp.expn("staff")
            self.assertEqual([line.strip() for line in people], people)
            self.assertEqual(len(people), 2)
            self.assertIn("Alice <alice@example.com>", people[0])
            self.assertEqual(len(smtp.help()), 1)
            self.assertIn("begins a mail", smtp.help("MAIL")[1])

    def test_direct_gives_the_reply_however_long(self):
        lines = "\n".join(f"S: 250-{number:04} {'x' * 60}" for number in range(100))
        script = f"""
            C: XSHORT
            S: 250 short
            C: XLONG
            {lines}
            S: 250 end
            C: XNO
            S: 550 never
        """
        with ScriptedServer(HELLO, script, QUIT) as server, connect(server) as smtp:
            self.assertIn("250 short", smtp.direct("XSHORT"))
            long = smtp.direct("XLONG")
            self.assertIn("0000 xxx", long)
            self.assertIn("250 end", long)
            with self.assertRaises(distinct.Refused) as refused:
                smtp.direct("XNO")
            self.assertEqual(refused.exception.reply.code, 550)

    def test_a_mail_in_parts(self):
        script = """
            C* MAIL FROM:<a@example.com>
            S: 250 ok
            C: RCPT TO:<b@example.com>
            S: 250 ok
            C: DATA
            S: 354 go
            MESSAGE
            S: 250 kept
        """
        with ScriptedServer(HELLO, script, QUIT) as server, connect(server) as smtp:
            smtp.mail("a@example.com")
            smtp.rcpt("b@example.com")
            smtp.data_buf(b"Subject: parts\r\n\r\n.one\r")
            smtp.data_buf(b"\ntwo\nthree")
            smtp.data_buf(b"")
        self.assertEqual(server.message, b"Subject: parts\r\n\r\n..one\r\ntwo\r\nthree\r\n")

    def test_the_message_comes_from_octets_a_file_or_pieces(self):
        text = b"Subject: x\r\n\r\n" + b"0123456789\r\n" * 2000
        pieces = [text[:5], b"", text[5:9000], bytearray(text[9000:])]
        for message in (text, io.BytesIO(text), iter(pieces), memoryview(text), text.decode()):
            script = """
                C* MAIL FROM:<a@example.com>
                S: 250 ok
                C: RCPT TO:<b@example.com>
                S: 250 ok
                C: DATA
                S: 354 go
                MESSAGE
                S: 250 kept
            """
            with self.subTest(type(message)):
                with ScriptedServer(HELLO, script, QUIT) as server, connect(server) as smtp:
                    self.assertEqual(smtp.sendmail("a@example.com", ["b@example.com"], message), {})
                self.assertEqual(server.message, text)

    def test_one_recipient_refused_and_all_refused(self):
        script = """
            C* MAIL FROM:<a@example.com>
            S: 250 ok
            C: RCPT TO:<b@example.com>
            S: 250 ok
            C: RCPT TO:<nobody@example.com>
            S: 550 5.1.1 unknown
            C: DATA
            S: 354 go
            MESSAGE
            S: 250 kept
            C* MAIL FROM:<a@example.com>
            S: 250 ok
            C: RCPT TO:<nobody@example.com>
            S: 550 5.1.1 unknown
            C: RSET
            S: 250 ok
        """
        with ScriptedServer(HELLO, script, QUIT) as server, connect(server) as smtp:
            refused = smtp.sendmail("a@example.com", ["b@example.com", "nobody@example.com"], b"x\r\n")
            self.assertEqual(list(refused), ["nobody@example.com"])
            self.assertEqual(refused["nobody@example.com"].code, 550)
            with self.assertRaises(distinct.Refused) as all_refused:
                smtp.sendmail("a@example.com", "nobody@example.com", b"x\r\n")
            self.assertIn("5.1.1 unknown", str(all_refused.exception))

    def test_date(self):
        self.assertRegex(
            distinct.date(), r"^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}$"
        )


class Failures(unittest.TestCase):
    def test_a_greeting_that_refuses_is_told(self):
        with ScriptedServer("S: 554 go away\n") as server:
            with self.assertRaises(distinct.Refused) as refused:
                connect(server)
            self.assertEqual(refused.exception.reply.code, 554)
            self.assertIn("go away", str(refused.exception))

    def test_nobody_listens(self):
        server = ScriptedServer("")
        server._listener.close()
        with self.assertRaises(distinct.NotConnected) as refused:
            connect(server)
        self.assertEqual(refused.exception.name, "SMTP_HOST_NOT_RESPONDING")
        self.assertIsInstance(refused.exception, ConnectionError)

    def test_a_server_that_says_nothing(self):
        with ScriptedServer(HELLO, "C: NOOP", "WAIT") as server, connect(server) as smtp:
            smtp.set_timeout(1)
            with self.assertRaises(distinct.TimedOut):
                smtp.noop()
            server.go_on()

    def test_after_its_end_a_connection_is_none(self):
        with ScriptedServer(HELLO, QUIT) as server:
            smtp = connect(server)
            smtp.quit()
            for call in (smtp.noop, smtp.quit, smtp.reply, lambda: smtp.set_timeout(5)):
                with self.assertRaises(distinct.InvalidHandle):
                    call()
            smtp.close()

    def test_an_option_out_of_range(self):
        with ScriptedServer(HELLO, QUIT) as server, connect(server) as smtp:
            for seconds in (0, 1000):
                with self.assertRaises(distinct.SmtpError) as error:
                    smtp.set_timeout(seconds)
                self.assertEqual(error.exception.name, "SMTP_INVALID_OPTION")

    def test_what_would_inject_is_refused_and_nothing_is_sent(self):
        with ScriptedServer(HELLO, QUIT) as server, connect(server) as smtp:
            with self.assertRaises(distinct.Refused):
                smtp.mail("a@example.com>\r\nRCPT TO:<x@example.com")
            with self.assertRaises(ValueError):
                smtp.mail("a@example.com\0")

    def test_a_connection_that_is_forgotten_is_warned_about_and_closed(self):
        with ScriptedServer(HELLO, QUIT) as server:
            smtp = connect(server)
            with warnings.catch_warnings(record=True) as seen:
                warnings.simplefilter("always")
                del smtp
                gc.collect()
            self.assertEqual([warning.category for warning in seen], [ResourceWarning])


class Callbacks(unittest.TestCase):
    DATA = """
        C* MAIL FROM:<a@example.com>
        S: 250 ok
        C: RCPT TO:<b@example.com>
        S: 250 ok
        C: DATA
        S: 354 go
    """

    def test_debug_sees_both_directions(self):
        seen = []
        with ScriptedServer(HELLO, "C: NOOP\nS: 250 alive", QUIT) as server, connect(server, debug=seen.append) as smtp:
            smtp.noop()
            smtp.set_debug(None)
        everything = b"".join(seen)
        for expected in (b"220 scripted ready", b"EHLO client.example", b"NOOP", b"250 alive"):
            self.assertIn(expected, everything)
        self.assertNotIn(b"QUIT", everything)

    def test_callbacks_outlive_the_call_that_set_them(self):
        seen = []
        with ScriptedServer(HELLO, "C: NOOP\nS: 250 alive", QUIT) as server, connect(server) as smtp:
            smtp.set_debug(lambda octets: seen.append(octets))
            gc.collect()
            smtp.noop()
        self.assertIn(b"NOOP", b"".join(seen))

    def test_an_exception_in_a_debug_callback_comes_out(self):
        def broken(octets):
            if b"NOOP" in octets:
                raise KeyError("mine")

        with ScriptedServer(HELLO, "GONE") as server, connect(server, debug=broken) as smtp:
            with self.assertRaisesRegex(KeyError, "mine"):
                smtp.noop()
            self.assertEqual(smtp.handle, 0)

    def test_an_exception_in_the_source_of_the_message_aborts(self):
        def source():
            yield b"Subject: x\r\n\r\n"
            raise OSError("the disk is gone")

        with ScriptedServer(HELLO, self.DATA, "GONE") as server, connect(server) as smtp:
            smtp.mail("a@example.com")
            smtp.rcpt("b@example.com")
            with self.assertRaisesRegex(OSError, "the disk is gone"):
                smtp.data(source())
            with self.assertRaises(distinct.InvalidHandle):
                smtp.noop()

    def test_a_call_is_aborted_from_another_thread(self):
        with ScriptedServer(HELLO, "C: NOOP", "WAIT") as server, connect(server) as smtp:

            def abort():
                self.assertTrue(server.at_wait.wait(30))
                smtp.abort()

            other = threading.Thread(target=abort)
            other.start()
            with self.assertRaises(distinct.Aborted):
                smtp.noop()
            other.join()

    def test_nothing_to_abort(self):
        with ScriptedServer(HELLO, QUIT) as server, connect(server) as smtp:
            with self.assertRaises(distinct.Refused):
                smtp.abort()

    def test_yield_is_called_while_a_call_waits(self):
        called = threading.Event()
        with ScriptedServer(HELLO, "C: NOOP", "WAIT", "S: 250 alive", QUIT) as server, connect(server) as smtp:

            def on_yield():
                called.set()
                server.go_on()

            smtp.set_yield(on_yield)
            smtp.noop()
            smtp.set_yield()
            smtp.set_yield(enabled=False)
        self.assertTrue(called.is_set())


class Asynchronous(unittest.TestCase):
    def test_start_and_wait(self):
        told = []
        with ScriptedServer("WAIT", HELLO, QUIT) as server:
            with distinct.Connection.start(server.host, "client.example", on_status=told.append) as smtp:
                self.assertFalse(smtp.wait(0))
                with self.assertRaises(distinct.InProgress):
                    smtp.noop()
                server.go_on()
                self.assertTrue(smtp.wait(30))
        self.assertEqual(told, [distinct.SMTP_SUCCESS])

    def test_a_start_that_fails(self):
        with ScriptedServer("S: 554 go away") as server:
            smtp = distinct.Connection.start(server.host, "client.example")
            with self.assertRaises(distinct.SmtpError) as error:
                smtp.wait(30)
            self.assertEqual(error.exception.name, "SMTP_FAILURE")
            smtp.close()

    def test_a_start_that_is_cancelled_is_told(self):
        told = threading.Event()
        results = []

        def on_status(result):
            results.append(result)
            told.set()

        with ScriptedServer("WAIT") as server:
            smtp = distinct.Connection.start(server.host, "client.example", on_status=on_status)
            self.assertTrue(server.at_wait.wait(30))
            smtp.close()
            self.assertTrue(told.wait(30))
        self.assertEqual(results, [distinct.SMTP_ABORTED])


class Raw(unittest.TestCase):
    def test_a_session_as_a_c_program_has_it(self):
        handle = distinct.GLOBALHANDLE(0)
        seen = []

        @distinct.DebugProc
        def debug(_handle, octets, length, param):
            seen.append((octets[:length], param))
            return 0

        with ScriptedServer(HELLO, "C: NOOP\nS: 250 alive", QUIT) as server:
            host = server.host.encode()
            status = distinct.smtp_helo(host, b"client.example", ctypes.byref(handle), debug, 7)
            self.assertEqual(status, distinct.SMTP_SUCCESS)
            param = ctypes.c_size_t(0)
            distinct.smtp_opts(handle, distinct.OPT_SET_PARAM, 8)
            self.assertEqual(
                distinct.smtp_opts(handle, distinct.OPT_GET_PARAM, ctypes.addressof(param)), distinct.SMTP_SUCCESS
            )
            self.assertEqual(param.value, 8)
            self.assertEqual(distinct.smtp_noop(handle), distinct.SMTP_SUCCESS)
            self.assertEqual(distinct.smtp_quit(handle), distinct.SMTP_SUCCESS)
            self.assertEqual(distinct.smtp_quit(handle), distinct.SMTP_INVALID_HANDLE)
        self.assertEqual({param for _, param in seen}, {7, 8})
