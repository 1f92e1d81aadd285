"""A server in the program, spoken to by smtplib and by the library's own client."""

import contextlib
import gc
import importlib.util
import os
import pathlib
import signal
import smtplib
import socket
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import unittest
import warnings

import helo
from helo import native
from helo.native import HeloError
from helo.server import Event, Protocol, Receiver, Refused, Serve, Server

from .support import ROOT

MESSAGE = b"Subject: hello\r\n\r\n.a dot\r\nend\r\n"


class Kept(list):
    """Mails as they were delivered."""

    def __call__(self, mail, message):
        self.append((mail, message))


def client(server, kind=smtplib.SMTP):
    return kind("127.0.0.1", server.port, timeout=30, local_hostname="client.example")


class Memory(unittest.TestCase):
    def test_mails_can_be_read(self):
        with Server({"port": 0, "memory": "1M"}) as server:
            self.assertEqual(server.mails, [])
            with client(server) as smtp:
                smtp.sendmail("a@example.org", ["b@example.com", "c@example.com"], MESSAGE)
                smtp.sendmail("", ["d@example.com"], b"")
            first, second = server.wait_for(2)
            self.assertEqual((first.sender, first.recipients), ("a@example.org", ["b@example.com", "c@example.com"]))
            self.assertEqual((first.message, first.email["Subject"]), (MESSAGE, "hello"))
            self.assertEqual((first.mail.hello, first.mail.octets), ("client.example", len(MESSAGE)))
            self.assertEqual((second.sender, second.recipients), ("", ["d@example.com"]))
            self.assertEqual(len(server.mails), 2)
            server.stop()
            self.assertEqual(len(server.mails), 2)
            server.clear_mails()
            self.assertEqual(server.mails, [])

    def test_a_wait_ends_with_the_mail_or_the_time(self):
        with Server({"port": 0, "memory": 1}) as server:
            sending = threading.Thread(target=self.send, args=(server, 3))
            sending.start()
            self.assertEqual(len(server.wait_for(3, timeout=60)), 3)
            sending.join()
            with self.assertRaises(TimeoutError) as caught:
                server.wait_for(4, timeout=0.05)
            self.assertIn("from <a@example.org> for ['b@example.com']", str(caught.exception))

    def test_without_memory_there_are_none(self):
        with Server({"port": 0, "discard": True}) as server:
            self.assertEqual(server.mails, [])
            for call in (server.wait_for, server.clear_mails):
                with self.assertRaisesRegex(HeloError, "memory"):
                    call()

    def test_a_signal_ends_the_wait(self):
        class Interrupted(Exception):
            pass

        def handler(_number, _frame):
            raise Interrupted

        before = signal.signal(signal.SIGALRM, handler)
        try:
            with Server({"port": 0, "memory": 1}) as server:
                signal.setitimer(signal.ITIMER_REAL, 0.1)
                with self.assertRaises(Interrupted):
                    server.wait_for(1, timeout=60)
        finally:
            signal.signal(signal.SIGALRM, before)

    def send(self, server, count):
        with client(server) as smtp:
            for _ in range(count):
                smtp.sendmail("a@example.org", ["b@example.com"], MESSAGE)

    def test_counts_as_monitoring_reads_them(self):
        with Server({"port": 0, "memory": 1}) as server:
            self.send(server, 2)
            with client(server) as smtp:
                smtp.ehlo()
                smtp.docmd("MAIL", "FROM:<a b>")
            self.assertEqual((server.counts.mails, server.counts.refused), (2, 1))
            for line in ("helo_mails_total 2", 'helo_refused_replies_total{code="501"} 1'):
                self.assertIn(line + "\n", server.status())

    def test_users_are_read_again(self):
        with tempfile.TemporaryDirectory() as folder:
            users = pathlib.Path(folder, "users")
            users.touch(mode=0o600)
            users.write_text("alice:wonderland\n")
            with Server({"port": 0, "memory": 1, "users": users, "auth-in-clear": True}) as server:
                users.write_text("bob:builder\n")
                server.reload()
                end = time.monotonic() + 20
                while server.counts.reloads == 0 and time.monotonic() < end:
                    time.sleep(0.01)
                with client(server) as smtp:
                    self.assertEqual(smtp.login("bob", "builder")[0], 235)

    def test_a_fixture_of_pytest(self):
        if importlib.util.find_spec("pytest") is None:
            self.skipTest("pytest is not in target/venv (scripts/setup-tests.sh installs it)")
        text = textwrap.dedent(
            '''
            import smtplib
            import pytest

            def test_one(mail_server):
                with smtplib.SMTP("127.0.0.1", mail_server.port) as smtp:
                    smtp.sendmail("a@example.org", ["b@example.com"], b"Subject: x\\r\\n\\r\\n")
                assert mail_server.wait_for(1)[0].email["Subject"] == "x"

            @pytest.fixture
            def mail_server_settings():
                return {"max-size": "1K"}

            def test_two(mail_server):
                assert mail_server.mails == []
                with smtplib.SMTP("127.0.0.1", mail_server.port) as smtp:
                    smtp.ehlo()
                    assert smtp.esmtp_features["size"] == "1024"
            '''
        )
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "test_it.py").write_text(text)
            command = [sys.executable, "-m", "pytest", "-q", "-p", "helo.pytest_plugin", "-p", "no:cacheprovider", folder]
            environment = {**os.environ, "PYTHONPATH": str(ROOT / "python")}
            ran = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder)
        self.assertIn("2 passed", ran.stdout, ran.stdout + ran.stderr)


class Mails(unittest.TestCase):
    def test_smtplib_and_our_own_client_deliver(self):
        kept = Kept()
        with helo.Server({"port": 0, "name": "mx.example", "dsn": True}, deliver=kept) as server:
            with client(server) as smtp:
                self.assertEqual(smtp.sendmail("a@example.org", ["b@example.com", "c@example.com"], MESSAGE), {})
            with native.Delivery(server.addresses[0]) as delivery:
                delivery.add_mail("a@example.org", "d@example.com", MESSAGE, parameters=["RET=HDRS"])
                self.assertTrue(delivery.run())
                self.assertEqual(delivery.result(0).text, "250 2.0.0 Taken")
            self.assertEqual((server.counts.mails, server.counts.octets), (2, 2 * len(MESSAGE)))
        self.assertEqual([message for _, message in kept], [MESSAGE] * 2)
        first, second = (mail for mail, _ in kept)
        self.assertEqual((first.sender, first.hello), ("a@example.org", "client.example"))
        self.assertEqual(first.protocol, Protocol.ESMTP)
        self.assertEqual([address for address, _ in first.recipients], ["b@example.com", "c@example.com"])
        self.assertTrue(first.peer.startswith("127.0.0.1:") and first.id and first.session)
        self.assertIn("RET=HDRS", second.parameters)

    def test_what_is_said_is_heard(self):
        with Server({"port": 0}, deliver=lambda mail, message: "2.0.0 saved as 4711") as server, client(server) as smtp:
            smtp.ehlo()
            smtp.mail("a@example.org")
            smtp.rcpt("b@example.com")
            self.assertEqual(smtp.data(MESSAGE), (250, b"2.0.0 saved as 4711"))

    def test_decisions(self):
        seen = []

        def recipient(mail):
            seen.append((mail.about, mail.sender))
            if mail.about.startswith("nobody"):
                raise Refused(550, "5.1.1 nobody of this name\nhere")

        def sender(mail):
            if mail.sender == "bad@example.org":
                raise Refused(421, "4.7.0 go away")

        kept = Kept()
        answers = {"on_verify": lambda mail: f"<{mail.about}@example.com>", "on_expand": lambda mail: "a\nb"}
        with Server({"port": 0}, deliver=kept, on_recipient=recipient, on_sender=sender, **answers) as server:
            with client(server) as smtp:
                refused = smtp.sendmail("a@example.org", ["b@example.com", "nobody@example.com"], MESSAGE)
                self.assertEqual(refused, {"nobody@example.com": (550, b"5.1.1 nobody of this name\n5.1.1 here")})
                self.assertEqual(smtp.verify("bob")[0], 250)
                self.assertEqual(smtp.expn("all")[0], 250)
                with self.assertRaises(smtplib.SMTPSenderRefused) as caught:
                    smtp.sendmail("bad@example.org", ["b@example.com"], MESSAGE)
                self.assertEqual(caught.exception.smtp_code, 421)
        self.assertEqual(seen, [("b@example.com", "a@example.org"), ("nobody@example.com", "a@example.org")])
        self.assertEqual(len(kept), 1)

    def test_an_exception_is_451_and_is_reported(self):
        caught = []

        def broken(mail, message):
            raise KeyError("defect")

        with Server({"port": 0}, deliver=broken, on_error=caught.append) as server, client(server) as smtp:
            with self.assertRaises(smtplib.SMTPDataError) as refused:
                smtp.sendmail("a@example.org", ["b@example.com"], MESSAGE)
        self.assertEqual(refused.exception.smtp_code, 451)
        self.assertEqual([repr(one) for one in caught], ["KeyError('defect')"])

    def test_words_that_are_none_are_reported(self):
        caught = []
        words = [(550, "a\0b"), (99, "x"), (0, "x"), (250, "x"), ("no", "x"), (550, "ü\r\n250 yes")]
        answers = (Refused(*one) for one in words)

        def sender(_mail):
            raise next(answers)

        with Server({"port": 0, "discard": True}, on_sender=sender, on_error=caught.append) as server:
            with client(server) as smtp:
                smtp.ehlo()
                replies = [smtp.mail("a@example.org") for _ in words]
        self.assertEqual([code for code, _ in replies], [451] * 5 + [550])
        self.assertEqual(replies[5][1], b"5.7.1 ??\n5.7.1 250 yes")
        self.assertEqual([type(one) for one in caught], [ValueError])

    def test_a_receiver_gets_the_mail_in_pieces(self):
        told = []

        class Streaming(Receiver):
            def __init__(self, mail):
                told.append(mail.sender)
                self.octets = 0

            def write(self, octets):
                self.octets += len(octets)
                if self.octets > 1_000_000:
                    raise Refused(552, "5.3.4 too much")

            def end(self):
                told.append(self.octets)
                return {1: Refused(452, "4.2.2 no room")}

            def close(self, aborted):
                told.append(("aborted" if aborted else "kept"))

        with Server({"listen-lmtp": "127.0.0.1:0"}, receive=Streaming) as server:
            with native.Delivery(server.addresses[0]) as delivery:
                delivery.add_mail("a@example.org", ["b@example.com", "c@example.com"], b"x" * 70 + b"\r\n")
                self.assertFalse(delivery.run())
                results = [(result.delivered, result.code) for result in delivery.results()]
                self.assertEqual(results, [(True, 250), (False, 452)])
                delivery.clear()
                delivery.add_mail("big@example.org", "b@example.com", b"0123456789abcdef\r\n" * 100_000)
                self.assertFalse(delivery.run())
                self.assertEqual(delivery.result(0).code, 552)
        self.assertEqual(told, ["a@example.org", 72, "kept", "big@example.org", "aborted"])


class Users(unittest.TestCase):
    def test_passwords_are_looked_up(self):
        kept = Kept()
        keys = {"port": 0, "auth-in-clear": True, "auth-required": True}
        with Server(keys, deliver=kept, look_up={"alice": "wonder land"}.get) as server:
            for mechanism in ("PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256"):
                login, keys = ("alice", "wonder land"), {"mechanism": mechanism}
                with native.Delivery(server.addresses[0], login=login, keys=keys) as one:
                    one.add_mail("a@example.org", "b@example.com", MESSAGE)
                    self.assertTrue(one.run(), mechanism)
            with client(server) as smtp:
                with self.assertRaises(smtplib.SMTPAuthenticationError):
                    smtp.login("alice", "wonderland")
        self.assertEqual([mail.user for mail, _ in kept], ["alice"] * 4)

    def test_a_function_says_yes_or_no_or_fails(self):
        caught = []

        def check(name, password):
            if name == "broken":
                raise OSError("the directory does not answer")
            return password == "right"

        keys = {"port": 0, "auth-in-clear": True, "discard": True}
        with Server(keys, check_password=check, on_error=caught.append) as server, client(server) as smtp:
            smtp.ehlo()
            self.assertEqual(smtp.esmtp_features["auth"].split(), ["PLAIN", "LOGIN"])
            for name, password, code in (("a", "wrong", 535), ("broken", "x", 454), ("a", "right", 235)):
                smtp.user, smtp.password = name, password
                self.assertEqual(smtp.auth("PLAIN", smtp.auth_plain)[0] if code == 235 else self.code(smtp), code)
        self.assertEqual(len(caught), 1)

    @staticmethod
    def code(smtp):
        try:
            return smtp.auth("PLAIN", smtp.auth_plain)[0]
        except smtplib.SMTPAuthenticationError as refused:
            return refused.smtp_code


class Life(unittest.TestCase):
    def test_settings_are_checked(self):
        with self.assertRaises(native.HeloError) as caught:
            Server({"prot": 25})
        self.assertIn("prot: there is no such key", str(caught.exception))
        with self.assertRaises(native.HeloError), Server({"port": 0}):
            self.fail("there is no place for mail")
        with self.assertRaises(ValueError):
            Server(deliver=print, receive=print)
        with self.assertRaises(native.HeloError):
            Server(config="/nowhere.conf")

    def test_it_is_stopped_from_a_function_and_waited_for(self):
        with Server({"port": 0}, deliver=lambda mail, message: server.stop()) as server:
            self.assertFalse(server.wait(0.01))
            smtp = client(server)
            smtp.sendmail("a@example.org", ["b@example.com"], MESSAGE)
            self.assertTrue(server.wait(30))
            smtp.close()
            self.assertEqual((server.addresses, server.port), ([], 0))
            server.start()
            self.assertNotEqual(server.port, 0)

    def test_files_are_looked_at_at_each_start(self):
        with tempfile.TemporaryDirectory() as folder:
            users = pathlib.Path(folder, "users")
            users.touch(mode=0o600)
            users.write_text("alice:secret\n", encoding="utf-8")
            server = Server({"port": 0, "discard": True, "users": users})
            with contextlib.closing(server):
                server.start()
                server.stop()
                users.unlink()
                with self.assertRaises(native.HeloError) as refused:
                    server.start()
        self.assertEqual(refused.exception.status, native.Status.BAD_ARGUMENT)

    def test_no_waiting_from_inside(self):
        caught = []

        def deliver(_mail, _message):
            server.wait()

        with Server({"port": 0}, deliver=deliver, on_error=caught.append) as server, client(server) as smtp:
            with self.assertRaises(smtplib.SMTPDataError):
                smtp.sendmail("a@example.org", ["b@example.com"], MESSAGE)
        self.assertEqual([one.status for one in caught], [native.Status.IN_PROGRESS])

    def test_one_client_on_this_thread(self):
        kept = Kept()
        ours, theirs = socket.socketpair()
        server = Server(deliver=kept)
        talk = threading.Thread(target=self.talk, args=(theirs,))
        talk.start()
        with ours:
            self.assertEqual(server.serve(ours, Serve.LMTP), 1)
        talk.join()
        server.close()
        self.assertEqual((kept[0][0].peer, kept[0][0].protocol, kept[0][1]), ("local", Protocol.LMTP, b"x\r\n"))

    @staticmethod
    def talk(connection):
        with connection, connection.makefile("rb") as replies:
            connection.sendall(b"LHLO x\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n")
            while not replies.readline().startswith(b"354"):
                pass
            connection.sendall(b"x\r\n.\r\nQUIT\r\n")
            replies.read()

    def test_the_log(self):
        lines = []
        with Server({"port": 0, "discard": True}, on_log=lines.append) as server, client(server) as smtp:
            smtp.sendmail("a@example.org", ["b@example.com"], MESSAGE)
        events = [line.event for line in lines if line.session]
        self.assertEqual(events[:2], [Event.CONNECTED, Event.TAKEN])
        self.assertIn("from <a@example.org>", lines[1].text)

    def test_a_log_that_takes_its_time_holds_up_nobody(self):
        lines, may_go_on = [], threading.Event()

        def on_log(line):
            may_go_on.wait(60)
            lines.append(line)

        with Server({"port": 0, "discard": True}, on_log=on_log) as server, client(server) as smtp:
            for _ in range(20):
                smtp.sendmail("a@example.org", ["b@example.com"], MESSAGE)
            self.assertEqual(server.counts.mails, 20)
            self.assertEqual(lines, [])
            may_go_on.set()
        self.assertEqual(sum(line.event == Event.TAKEN for line in lines), 20)

    def test_messages_on_their_way_count_as_memory(self):
        kept = []
        with Server({"port": 0, "max-memory": 8}, deliver=lambda _mail, message: kept.append(len(message))) as server:
            with client(server) as smtp:
                smtp.sendmail("a@example.org", ["b@example.com"], b"x" * 70 + b"\r\n")
                with self.assertRaises(smtplib.SMTPDataError) as refused:
                    smtp.sendmail("a@example.org", ["b@example.com"], (b"x" * 70 + b"\r\n") * 50000)
                self.assertEqual(refused.exception.smtp_code, 452)
                smtp.sendmail("a@example.org", ["b@example.com"], (b"x" * 70 + b"\r\n") * 5000)
        self.assertEqual(kept, [72, 360000])

    def test_a_number_that_would_refuse_everybody(self):
        for key in ("timeout", "max-recipients", "memory", "workers", "relay-connections", "relay-hold"):
            with self.assertRaises(native.HeloError) as refused:
                Server({key: 0})
            self.assertIn("give 1 at least", str(refused.exception), key)
        unlimited = ("max-connections", "max-per-client", "max-mails", "max-size", "max-memory", "threads")
        with Server({"port": 0, "discard": True, **dict.fromkeys(unlimited, 0)}) as server, client(server) as smtp:
            smtp.sendmail("a@example.org", ["b@example.com"], MESSAGE)

    def test_one_that_is_forgotten_is_said(self):
        server = Server({"port": 0, "discard": True})
        server.start()
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            del server
            gc.collect()
        self.assertEqual([one.category for one in said], [ResourceWarning])

    def test_one_that_is_forgotten_is_stopped_where_warnings_are_errors(self):
        server = Server({"port": 0, "discard": True})
        server.start()
        place = ("127.0.0.1", server.port)
        unraisable, sys.unraisablehook = sys.unraisablehook, lambda _caught: None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                del server
                gc.collect()
        finally:
            sys.unraisablehook = unraisable
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(place, timeout=30)

    def test_one_that_runs_is_stopped_when_the_program_ends(self):
        code = (
            "import helo, smtplib; server = helo.Server({'port': 0}, deliver=lambda mail, message: None); "
            "server.start(); "
            "smtp = smtplib.SMTP('127.0.0.1', server.port); print(smtp.noop()[0])"
        )
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "python")}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "250\n", ""))

    @unittest.skipIf(sys.platform == "win32", "signals")
    def test_the_example_prints_subjects_until_it_is_interrupted(self):
        example = ROOT / "python" / "examples" / "subjects.py"
        command = [sys.executable, example, "127.0.0.1:0", "example.com"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "python")}
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as running:
            address = running.stdout.readline().removeprefix("listening at ").strip()
            native.Delivery(address).close()
            with native.Delivery(address) as delivery:
                delivery.add_mail("a@example.org", "b@example.com", MESSAGE)
                delivery.add_mail("a@example.org", "b@elsewhere.example", MESSAGE)
                delivery.add_mail("a@example.org", "b@example.com", b"no subject\r\n")
                delivery.run()
                codes = [result.code for result in delivery.results()]
            self.assertEqual(codes, [250, 550, 554])
            running.send_signal(signal.SIGINT)
            self.assertEqual(running.communicate(timeout=60)[0], "a@example.org: hello\n")
            self.assertEqual(running.returncode, 0)
