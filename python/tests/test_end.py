"""The interpreter's end, and fork, while calls and functions of the program are under way."""

import concurrent.futures
import os
import subprocess
import sys
import time
import unittest

from .support import ROOT, ScriptedServer

TIMES = int(os.environ.get("HELO_REPEAT", "15"))
"""How often each program is run; 50 and more find what is rare."""

# Each begins something on another thread and comes to its end in its middle. argv[1] is a server that is silent.
BEGINNING = """
import os, sys, threading, time, warnings
import helo
from helo import distinct, native, site
warnings.simplefilter("ignore")
host = sys.argv[1]
begun = threading.Event()

def daemon(work):
    threading.Thread(target=work, daemon=True).start()
    begun.wait(30)

def tell(*_told):
    begun.set()
"""
PROGRAMS = {
    "a run": """
def work():
    with native.Delivery(host) as delivery:
        delivery.add_mail("a@example.com", "b@example.com", b"x")
        begun.set()
        delivery.run()
daemon(work)
""",
    "runs one after the other": """
def work():
    while True:
        try:
            with native.Delivery("127.0.0.1:1", on_trace=tell, on_result=tell, on_progress=tell) as delivery:
                delivery.add_mail("a@example.com", "b@example.com", iter([b"x"]))
                delivery.run()
        except Exception:
            pass
for _ in range(3):
    daemon(work)
""",
    "a run with functions": """
def work():
    with native.Delivery(host, on_trace=tell, on_result=tell, on_progress=tell) as delivery:
        delivery.add_mail("a@example.com", "b@example.com", iter([b"x"]))
        delivery.run()
site.watch(tell)
daemon(work)
""",
    "mails to a server of its own": """
server = helo.Server({"port": 0}, deliver=lambda mail, message: begun.set(), on_sender=lambda mail: None)
server.start()
address = server.addresses[0]
def work():
    while True:
        with native.Delivery(address, on_trace=lambda *shown: None) as delivery:
            for _ in range(10):
                delivery.add_mail("a@example.com", "b@example.com", (b"x" for _ in range(20)))
            delivery.run()
for _ in range(3):
    daemon(work)
""",
    "a connection": """
def work():
    begun.set()
    distinct.Connection(host, "c.example", debug=tell)
daemon(work)
""",
    "connections that nobody waits for": """
opening = [distinct.Connection.start(host, "c.example", debug=tell, on_status=tell) for _ in range(5)]
""",
    "connections one after the other": """
server = helo.Server({"port": 0, "discard": True})
server.start()
host = f"127.0.0.1:{server.port}"
def work():
    while True:
        with distinct.Connection(host, "c.example", debug=lambda octets: None) as smtp:
            smtp.sendmail("a@example.com", "b@example.com", (b"x" for _ in range(20)))
            begun.set()
for _ in range(3):
    daemon(work)
""",
    "a wait for a server": """
server = helo.Server({"port": 0, "discard": True}, on_log=tell)
server.start()
def work():
    begun.set()
    server.wait()
daemon(work)
""",
    "a session on a thread": """
import socket
ours, theirs = socket.socketpair()
server = helo.Server({"discard": True})
def work():
    begun.set()
    server.serve(ours)
daemon(work)
""",
    "an exit from the middle": """
def work():
    with native.Delivery(host, on_trace=tell) as delivery:
        delivery.add_mail("a@example.com", "b@example.com", b"x")
        begun.set()
        delivery.run()
daemon(work)
sys.exit(0)
""",
}
CHILD = """
server = helo.Server({"port": 0}, deliver=lambda mail, message: None, on_log=lambda line: None)
server.start()
def work():
    with native.Delivery(host, on_trace=tell) as delivery:
        delivery.add_mail("a@example.com", "b@example.com", b"x")
        begun.set()
        delivery.run()
daemon(work)
opening = distinct.Connection.start(host, "c.example", on_status=tell)
with native.Delivery("127.0.0.1:1") as parents:
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        # What it makes itself works, and its end, which frees what it has of its parent's, is quick.
        with helo.Server({"port": 0, "discard": True}) as own, native.Delivery(own.addresses[0]) as delivery:
            delivery.add_mail("a@example.com", "b@example.com", b"x")
            assert delivery.run()
        sys.exit(7)
status = os.waitpid(child, 0)[1]
print(os.waitstatus_to_exitcode(status), time.monotonic() - began < 2)
"""


def run(code, host):
    """Runs a program: its exit code, output and errors, and how long it took."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "python")}
    began = time.monotonic()
    command = [sys.executable, "-c", BEGINNING + code, host]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr, time.monotonic() - began


class Silent(ScriptedServer):
    """A server that takes any number of connections and says nothing."""

    def _serve(self):
        self._go_on.wait()


class End(unittest.TestCase):
    maxDiff = None

    def run_often(self, code, out=""):
        """The program is run many times, several at once: it ends quickly and in order."""
        with Silent() as server, concurrent.futures.ThreadPoolExecutor(4) as pool:
            for status, printed, errors, took in pool.map(lambda _: run(code, server.host), range(TIMES)):
                self.assertEqual((status, printed, errors), (0, out, ""))
                self.assertLess(took, 25)

    @unittest.skipUnless(hasattr(os, "fork"), "fork")
    def test_a_child_comes_to_its_own_end(self):
        self.run_often(CHILD, "7 True\n")


def _ends(name):
    def test(self):
        self.run_often(PROGRAMS[name])

    return test


for name in PROGRAMS:
    setattr(End, "test_" + name.replace(" ", "_"), _ends(name))
