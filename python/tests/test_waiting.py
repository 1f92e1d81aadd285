"""Ctrl-C, other signals and exceptions of the program's functions while a call waits."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import types
import unittest
import warnings

import helo
from helo import _waiting, distinct, native, site
from helo._waiting import from_the_first_instruction
from helo.native import Delivery

from .support import ROOT, ScriptedServer

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
    C* MAIL FROM:<a@example.com>
    S: 250 ok
    C: RCPT TO:<b@example.com>
    S: 250 ok
    C: DATA
    S: 354 go
"""
SECOND = 1.5
"""A second, on a machine that does other things as well."""


class Alarm(Exception):
    """What a handler of the program's raises."""


@contextlib.contextmanager
def handler(number, raised):
    """Has a signal raise an exception."""

    def handle(_number, _frame):
        raise raised

    before = signal.signal(number, handle)
    try:
        yield
    finally:
        signal.signal(number, before)


@unittest.skipIf(sys.platform == "win32", "signals")
class Interrupted(unittest.TestCase):
    """Each way to wait, ended by a signal."""

    def interrupted(self, server, action, expected=KeyboardInterrupt, number=signal.SIGINT):
        """Does ``action`` and sends the signal when the server waits; it must end with ``expected`` within a second."""
        sent = []
        begun = threading.Event()

        def send():
            self.assertTrue(begun.wait(30) and server.at_wait.wait(30))
            sent.append(time.monotonic())
            os.kill(os.getpid(), number)

        sender = threading.Thread(target=send)
        sender.start()
        with handler(number, expected):
            try:
                with self.assertRaises(expected):
                    begun.set()
                    action()
                ended = time.monotonic()
            finally:
                sender.join()
        self.assertLess(ended - sent[0], SECOND)

    def test_a_run_at_each_step(self):
        steps = ("WAIT", f"{HELLO} C* MAIL\nWAIT", f"{HELLO} {ENVELOPE} MESSAGE\nWAIT")
        for number, script in enumerate(steps):
            with self.subTest(number), ScriptedServer(script, "GONE") as server, Delivery(server.host) as delivery:
                delivery.add_mail("a@example.com", "b@example.com", b"x\r\n")
                self.interrupted(server, delivery.run)
                self.assertFalse(delivery.result(0).delivered)
                server.go_on()

    def test_a_run_with_all_callbacks(self):
        seen = []
        callbacks = {f"on_{name}": lambda *told: seen.append(told) for name in ("result", "progress", "trace")}
        script = f"{HELLO} {ENVELOPE} MESSAGE\nWAIT\nGONE"
        with ScriptedServer(script) as server, Delivery(server.host, **callbacks) as delivery:
            with site.watch(lambda traffic: seen.append(traffic)):
                delivery.add_mail("a@example.com", "b@example.com", iter([b"x\r\n", b"y\r\n"]))
                self.interrupted(server, delivery.run)
            server.go_on()
        self.assertTrue(seen)

    def test_a_run_after_one_that_was_interrupted(self):
        with ScriptedServer("WAIT\nGONE") as silent, Delivery() as delivery:
            delivery.set_key("server", silent.host)
            delivery.add_mail("a@example.com", "b@example.com", b"x\r\n")
            self.interrupted(silent, delivery.run)
            silent.go_on()
            delivery.clear()
            with ScriptedServer(HELLO, ENVELOPE, "MESSAGE\nS: 250 kept", QUIT) as server:
                delivery.set_key("server", server.host)
                delivery.add_mail("a@example.com", "b@example.com", b"x\r\n")
                self.assertTrue(delivery.run(), delivery.results())

    def test_other_signals_raise_what_their_handlers_raise(self):
        for number, raised in ((signal.SIGALRM, Alarm), (signal.SIGTERM, SystemExit), (signal.SIGUSR1, TimeoutError)):
            with self.subTest(number), ScriptedServer("WAIT\nGONE") as server, Delivery(server.host) as delivery:
                delivery.add_mail("a@example.com", "b@example.com", b"x\r\n")
                self.interrupted(server, delivery.run, raised, number)
                server.go_on()

    def test_a_handler_that_raises_nothing_ends_nothing(self):
        handled = []
        before = signal.signal(signal.SIGUSR1, lambda *_told: handled.append(1))
        self.addCleanup(signal.signal, signal.SIGUSR1, before)
        script = (HELLO, ENVELOPE, "MESSAGE\nWAIT\nS: 250 kept", QUIT)
        with ScriptedServer(*script) as server, Delivery(server.host) as delivery:

            def send():
                self.assertTrue(server.at_wait.wait(30))
                os.kill(os.getpid(), signal.SIGUSR1)
                while not handled:
                    time.sleep(0.01)
                server.go_on()

            sender = threading.Thread(target=send)
            sender.start()
            delivery.add_mail("a@example.com", "b@example.com", b"x\r\n")
            self.assertTrue(delivery.run(), delivery.results())
            sender.join()
        self.assertEqual(handled, [1])

    def test_a_file_that_is_sent(self):
        with ScriptedServer("WAIT\nGONE") as server:
            self.interrupted(server, lambda: native.send_file(server.host, "a@example.com", "b@example.com", __file__))
            server.go_on()

    def test_a_connection_being_made(self):
        ways = (
            lambda server: distinct.Connection(server.host, "c.example"),
            lambda server: distinct.Connection(server.host, "c.example", debug=lambda octets: None),
            lambda server: distinct.Connection.through_proxy("h", proxy="127.0.0.1", proxy_port=server.port),
        )
        for number, way in enumerate(ways):
            with self.subTest(number), ScriptedServer("WAIT\nGONE") as server:
                self.interrupted(server, lambda way=way, server=server: way(server))
                server.go_on()

    def test_a_wait_for_a_connection(self):
        with ScriptedServer("WAIT\nGONE") as server, distinct.Connection.start(server.host, "c.example") as smtp:
            self.interrupted(server, smtp.wait)
            server.go_on()

    def test_each_call_of_a_connection(self):
        calls = {
            "NOOP": lambda smtp: smtp.noop(),
            "MAIL": lambda smtp: smtp.mail("a@example.com"),
            "EXPN": lambda smtp: smtp.expn("all"),
            "XYZ": lambda smtp: smtp.direct("XYZ"),
            "QUIT": lambda smtp: smtp.quit(),
            "QUIT ": lambda smtp: smtp.close(),
            "MAIL ": lambda smtp: smtp.sendmail("a@example.com", ["b@example.com"], b"x"),
        }
        for name, call in calls.items():
            for debug in (None, lambda octets: None):
                with self.subTest(name, debug=debug), ScriptedServer(HELLO, f"C* {name}\nWAIT\nGONE") as server:
                    smtp = distinct.Connection(server.host, "c.example", debug=debug)
                    self.interrupted(server, lambda call=call, smtp=smtp: call(smtp))
                    self.assertEqual(smtp.handle, 0)
                    server.go_on()

    def test_the_answer_to_a_message(self):
        with ScriptedServer(HELLO, ENVELOPE, "MESSAGE\nWAIT\nGONE") as server:
            smtp = distinct.Connection(server.host, "c.example")
            self.interrupted(server, lambda: smtp.sendmail("a@example.com", "b@example.com", ["x\n"]))
            with self.assertRaises(distinct.InvalidHandle):
                smtp.noop()
            server.go_on()

    def test_a_program_in_a_process_of_its_own(self):
        code = (
            "from helo import distinct, native; import sys\n"
            "try: native.Delivery(sys.argv[1])\n"
            "finally: pass\n"
            "one = native.Delivery(sys.argv[1], on_trace=print); one.add_mail('a@b', 'c@d', b'x')\n"
            "try: one.run()\n"
            "except KeyboardInterrupt: print('interrupted'); raise\n"
        )
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "python")}
        with ScriptedServer("WAIT\nGONE") as server:
            command = [sys.executable, "-W", "ignore", "-c", code, server.host]
            with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as program:
                self.assertTrue(server.at_wait.wait(30))
                began = time.monotonic()
                program.send_signal(signal.SIGINT)
                out, err = program.communicate(timeout=60)
                self.assertLess(time.monotonic() - began, SECOND)
            server.go_on()
        self.assertEqual(program.returncode, -signal.SIGINT, err)
        self.assertIn(b"interrupted", out)
        self.assertNotIn(b"ignored", err)


@unittest.skipIf(sys.platform == "win32", "signals")
class ServerInterrupted(Interrupted):
    """The same for a server in the program."""

    class Now:
        """Waits until a call of the library waits."""

        def __init__(self):
            self.at_wait = self

        def wait(self, timeout):
            until = time.monotonic() + timeout
            while not _waiting._active and time.monotonic() < until:
                time.sleep(0.01)
            return bool(_waiting._active)

    def open_mail(self, server):
        """A client in the middle of a message, for whom a server that ends waits."""
        talk = socket.create_connection(("127.0.0.1", server.port), timeout=30)
        self.addCleanup(talk.close)
        replies = talk.makefile("rb")
        self.addCleanup(replies.close)
        for line in (b"", b"HELO x\r\n", b"MAIL FROM:<a@example.com>\r\n", b"RCPT TO:<b@example.com>\r\n", b"DATA\r\n"):
            talk.sendall(line)
            replies.readline()

    def test_wait_and_stop(self):
        with helo.Server({"port": 0, "discard": True}) as server:
            self.interrupted(self.Now(), server.wait)
            self.interrupted(self.Now(), lambda: server.wait(60))
            self.assertFalse(server.wait(0.01))
            self.open_mail(server)
            self.interrupted(self.Now(), server.stop)
            self.interrupted(self.Now(), lambda: server.stop(60), SystemExit, signal.SIGTERM)
            server.stop(0)
            self.assertTrue(server.wait(0))

    def test_the_end_of_its_block(self):
        def use():
            with helo.Server({"port": 0, "discard": True}) as server:
                self.open_mail(server)

        self.interrupted(self.Now(), use)

    def test_one_client_on_this_thread(self):
        for protocol in (helo.server.Serve.SMTP, helo.server.Serve.LMTP):
            ours, theirs = socket.socketpair()
            server = helo.Server({"discard": True})
            with self.subTest(protocol), ours, theirs, contextlib.closing(server):
                self.interrupted(self.Now(), lambda o=ours, p=protocol, s=server: s.serve(o, p))
                # It can serve the next one.
                ours, theirs = socket.socketpair()
                with ours, theirs:
                    theirs.sendall(b"QUIT\r\n")
                    self.assertEqual(server.serve(ours, protocol), 0)

    def test_inside_a_function_on_this_thread(self):
        at = types.SimpleNamespace(at_wait=threading.Event())

        def deliver(_mail, _message):
            at.at_wait.set()
            until = time.monotonic() + 30
            while time.monotonic() < until:
                time.sleep(0.01)

        ours, theirs = socket.socketpair()
        with ours, theirs, contextlib.closing(helo.Server(deliver=deliver)) as server:
            theirs.sendall(b"LHLO x\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<d@e.f>\r\nDATA\r\nx\r\n.\r\n")
            self.interrupted(at, lambda: server.serve(ours, helo.server.Serve.LMTP))


# What is inherited is tested once.
for name in [name for name in dir(Interrupted) if name.startswith("test_")]:
    if name not in vars(ServerInterrupted):
        setattr(ServerInterrupted, name, None)


@unittest.skipIf(sys.platform == "win32", "signals")
class AtAnyMoment(unittest.TestCase):
    """A signal may come between any two instructions, and in a function that C has just called."""

    def test_nothing_is_lost_and_nothing_hangs(self):
        lost = []
        before, sys.unraisablehook = sys.unraisablehook, lost.append
        self.addCleanup(setattr, sys, "unraisablehook", before)
        told = []
        with helo.Server({"port": 0, "discard": True}) as server, handler(signal.SIGALRM, Alarm):
            self.addCleanup(signal.setitimer, signal.ITIMER_REAL, 0)
            options = {"on_trace": lambda *shown: told.append(len(shown)), "on_result": lambda result: told.append(1)}
            with Delivery(server.addresses[0], **options) as delivery:
                for _ in range(300):
                    with self.assertRaises(Alarm):
                        signal.setitimer(signal.ITIMER_REAL, random.uniform(0.0005, 0.01))
                        until = time.monotonic() + 10
                        while time.monotonic() < until:
                            delivery.clear()
                            for _ in range(5):
                                pieces = (b"%d\r\n" % number for number in range(20))
                                delivery.add_mail("a@example.com", "b@example.com", pieces)
                            delivery.run()
        self.assertEqual(lost, [])
        self.assertTrue(told)

    def test_no_message_is_cut_short(self):
        """A signal in the source of a message must not look like its end."""
        whole = 400
        cut = []
        # A signal may come before the connection that was made has a name.
        warnings.simplefilter("ignore", ResourceWarning)
        self.addCleanup(warnings.resetwarnings)

        def deliver(_mail, message):
            if message.count(b"\n") != whole:
                cut.append(message)

        with helo.Server({"port": 0}, deliver=deliver) as server, handler(signal.SIGALRM, Alarm):
            self.addCleanup(signal.setitimer, signal.ITIMER_REAL, 0)
            for _ in range(100):
                with contextlib.suppress(Alarm, distinct.SmtpError):
                    smtp = distinct.Connection(f"127.0.0.1:{server.port}", "c.example")
                    with contextlib.closing(smtp), contextlib.suppress(distinct.SmtpError):
                        signal.setitimer(signal.ITIMER_REAL, random.uniform(0.0005, 0.01))
                        for _ in range(3):
                            smtp.sendmail("a@example.com", "b@example.com", (b"%d\r\n" % n for n in range(whole)))
                    signal.setitimer(signal.ITIMER_REAL, 0)
        self.assertEqual(cut, [])

    def test_the_try_begins_where_the_function_does(self):
        def whole():
            try:
                return "done"
            except KeyboardInterrupt:
                return "caught"

        caught = from_the_first_instruction(whole)
        with handler(signal.SIGUSR1, KeyboardInterrupt):
            # The handler runs when the next function begins.
            self.assertEqual(list(map(caught, ())), [])
            self.assertEqual(caught(), "done")
            with self.assertRaises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGUSR1)
                caught()


class Exceptions(unittest.TestCase):
    """What the program's own functions raise ends the call at once, and comes out of it."""

    def test_of_any_function_of_a_run(self):
        for name in ("on_trace", "on_progress", "on_result"):

            def broken(*_told):
                raise Alarm(name)  # noqa: B023  it is used in this turn only

            with self.subTest(name), helo.Server({"port": 0, "discard": True}) as server:
                with Delivery(server.addresses[0], **{name: broken}) as delivery:
                    delivery.add_mail("a@example.com", "b@example.com", b"x")
                    with self.assertRaisesRegex(Alarm, name):
                        delivery.run()

    def test_of_a_source_ends_the_mails_behind_it_too(self):
        def source():
            yield b"x\r\n"
            raise Alarm("mine")

        with ScriptedServer(HELLO, ENVELOPE, "GONE") as server, Delivery(server.host) as delivery:
            delivery.add_mail("a@example.com", "b@example.com", source())
            delivery.add_mail("a@example.com", "c@example.com", b"x")
            with self.assertRaisesRegex(Alarm, "mine"):
                delivery.run()
            self.assertFalse(any(result.delivered for result in delivery.results()))

    def test_of_a_call_within_a_callback(self):
        """The inner call's own exception, when the callback does not catch it, is the outer one's, too."""

        def within(_number, _what, octets):
            if b"220" in octets:
                distinct.Connection("127.0.0.1:1", "c.example")

        with ScriptedServer("S: 220 ready\nGONE") as server, Delivery(server.host, on_trace=within) as delivery:
            delivery.add_mail("a@example.com", "b@example.com", b"x")
            with self.assertRaises(distinct.NotConnected):
                delivery.run()

    def test_of_debug_and_yield_and_status(self):
        def broken(*_told):
            raise Alarm("mine")

        with ScriptedServer("S: 220 ready\nGONE") as server, self.assertRaisesRegex(Alarm, "mine"):
            distinct.Connection(server.host, "c.example", debug=broken)
        with ScriptedServer("S: 220 ready\nGONE") as server, self.assertRaisesRegex(Alarm, "mine"):
            with distinct.Connection.start(server.host, "c.example", debug=broken) as smtp:
                smtp.wait(30)
        with ScriptedServer(HELLO, "C: NOOP\nGONE") as server, self.assertRaisesRegex(Alarm, "mine"):
            with distinct.Connection(server.host, "c.example") as smtp:
                smtp.set_yield(broken)
                smtp.noop()
        with ScriptedServer(HELLO, QUIT) as server, self.assertRaisesRegex(Alarm, "mine"):
            told = threading.Event()

            def status(_result):
                told.set()
                raise Alarm("mine")

            with distinct.Connection.start(server.host, "c.example", on_status=status) as smtp:
                self.assertTrue(told.wait(30))
                while not smtp._caught:
                    time.sleep(0.01)
                smtp.wait(30)


if __name__ == "__main__":
    unittest.main()
