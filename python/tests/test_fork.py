"""Children of os.fork, made at any moment while other threads use the library: each sends a mail and ends."""

import os
import signal
import sys
import threading
import time
import unittest

from helo import distinct, native
from helo.server import Server

from . import support  # noqa: F401  (names the library)

# How many children, as `make check-fork` has it; and after how many seconds one hangs.
CHILDREN = int(os.environ.get("HELO_FORKS", "100"))
PATIENCE = 40
AT_ONCE = 4
MESSAGE = b"Subject: x\r\n\r\nhello\r\n"


def by_distinct(host):
    connection = distinct.Connection(host)
    try:
        connection.sendmail("ann@example.org", ["bob@example.com"], MESSAGE)
    finally:
        connection.close()


def by_native(host):
    with native.Delivery(host) as delivery:
        delivery.add_mail("ann@example.org", ["bob@example.com"], MESSAGE)
        if not delivery.run():
            raise RuntimeError(delivery.result(0))


def in_background(host):
    connection = distinct.Connection.start(host)
    connection.wait(PATIENCE)
    connection.close()


WAYS = (by_distinct, by_native, in_background)


@unittest.skipUnless(hasattr(os, "fork"), "a system without fork")
class Children(unittest.TestCase):
    def test_children_of_fork_send_a_mail_and_end(self):
        # Of a process of its own: what is forked here has no server.
        with Sink() as sink:
            self.children_are_fine(sink.port, WAYS)

    def test_children_of_a_process_that_serves(self):
        """The threads of a server come and go in the interpreter while it forks."""
        with Server({"port": 0}, deliver=lambda mail, message: None) as server:
            self.children_are_fine(server.port, [by_native])

    def children_are_fine(self, port, ways):
        """Has children of a process whose threads send mails to this port in these ways."""
        hosts = (f"127.0.0.1:{port}", f"localhost:{port}")
        over = threading.Event()

        def load(way, host):
            while not over.is_set():
                way(host)

        threads = [threading.Thread(target=load, args=(way, host)) for way in ways for host in hosts]
        for thread in threads:
            thread.start()
        told = self.have_children(hosts)
        over.set()
        for thread in threads:
            thread.join(PATIENCE)
        self.assertEqual(told, {"fine": CHILDREN, "failed": 0, "hung": 0})

    def have_children(self, hosts):
        """Forks CHILDREN times, and says what became of them."""
        told, alive = {"fine": 0, "failed": 0, "hung": 0}, {}
        for number in range(CHILDREN):
            if len(alive) == AT_ONCE:
                self.reap(told, alive)
            pid = os.fork()
            if pid == 0:
                self.be_child(number, hosts)
            alive[pid] = time.monotonic()
        while alive:
            self.reap(told, alive)
        return told

    @staticmethod
    def be_child(number, hosts):
        """Ends in one of the two ways that Python has; neither may hang."""
        signal.alarm(PATIENCE)
        code = 1
        try:
            WAYS[number % len(WAYS)](hosts[number % len(hosts)])
            code = 0
        except Exception as caught:
            os.write(2, f"child {number}: {caught}\n".encode())
        if number % 2:
            os._exit(code)
        # SystemExit would go through the test's own frames, to the runner's report.
        try:
            sys.exit(code)
        except SystemExit:
            import atexit

            atexit._run_exitfuncs()
            os._exit(code)

    @staticmethod
    def reap(told, alive):
        """Waits for one of the children. One that hangs before it could set its alarm is ended here."""
        oldest = min(alive, key=lambda pid: alive[pid])
        watch = threading.Timer(max(0.0, alive[oldest] + PATIENCE + 5 - time.monotonic()), os.kill, (oldest, signal.SIGALRM))
        watch.daemon = True
        watch.start()
        pid, status = os.wait()
        watch.cancel()
        if alive.pop(pid, None) is None:
            return  # Another test's.
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM:
            told["hung"] += 1
        elif status:
            told["failed"] += 1
        else:
            told["fine"] += 1

    def test_what_the_parent_has_open_is_the_parents(self):
        with Sink() as sink:
            host = f"127.0.0.1:{sink.port}"
            connection = distinct.Connection(host)
            delivery = native.Delivery(host)
            pid = os.fork()
            if pid == 0:
                signal.alarm(PATIENCE)
                code = 1
                try:
                    connection.noop()
                except distinct.InvalidHandle as caught:
                    code = 0 if "parent process" in str(caught) else 2
                os._exit(code)
            _, status = os.waitpid(pid, 0)
            self.assertEqual(status, 0)
            connection.noop()
            connection.quit()
            delivery.close()


class Sink:
    """A server of the library in a process of its own."""

    def __enter__(self):
        ours, theirs = os.pipe()
        end, self._end = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(ours)
            os.close(self._end)
            with Server({"port": 0}, deliver=lambda mail, message: None) as server:
                os.write(theirs, str(server.port).encode())
                os.close(theirs)
                os.read(end, 1)
            os._exit(0)
        os.close(theirs)
        os.close(end)
        self.port = int(os.read(ours, 20))
        os.close(ours)
        return self

    def __exit__(self, *_):
        os.close(self._end)
        os.waitpid(self._pid, 0)


if __name__ == "__main__":
    unittest.main()
