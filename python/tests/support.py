"""What the tests share: the package and the library of this checkout, and servers on free ports."""

import asyncio
import importlib.util
import os
import pathlib
import socket
import threading
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def use_built_library():
    """Lets HELO_LIBRARY name the library built in this checkout, unless it names one already."""
    if os.environ.get("HELO_LIBRARY"):
        return
    built = [ROOT / "target" / kind / "libhelo.so" for kind in ("release", "debug")]
    built = [path for path in built if path.is_file()]
    if not built:
        raise RuntimeError("no library: run cargo build first, or name the file in HELO_LIBRARY")
    os.environ["HELO_LIBRARY"] = str(max(built, key=lambda path: path.stat().st_mtime))


use_built_library()


class ScriptedServer:
    """A server that says and expects what a script has, for one connection.

    A script is lines: "S: text" is sent with CRLF; "C: text" must come; "C* text" must come at the start of a line;
    "MESSAGE" reads up to the line with the lone dot and keeps what came; "EOF" waits for the client to close, "GONE"
    for it to go in any way, whatever it still sends; "WAIT" waits until the test calls ``go_on``. After the last line
    the connection is closed.
    """

    def __init__(self, *script):
        self.script = [line for part in script for line in part.splitlines() if line.strip()]
        self.message = None
        self.problem = None
        self.at_wait = threading.Event()
        self._go_on = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(30)
        self.port = self._listener.getsockname()[1]
        self.host = f"127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def go_on(self):
        self._go_on.set()

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, kind, *_):
        self.go_on()
        self._thread.join(30)
        self._listener.close()
        # What went wrong here first is often why the test failed: the test's own exception stays visible behind it.
        if self.problem is not None:
            raise AssertionError(self.problem)
        if self._thread.is_alive() and kind is None:
            raise AssertionError("the script did not come to its end")

    def _serve(self):
        try:
            connection, _ = self._listener.accept()
            with connection:
                connection.settimeout(30)
                self._play(connection, connection.makefile("rb"))
        except Exception as caught:  # told to the test's own thread
            self.problem = f"{type(caught).__name__}: {caught}"

    def _play(self, connection, received):
        for number, line in enumerate(self.script, 1):
            line = line.strip()
            if line.startswith("S: "):
                connection.sendall(line[3:].encode() + b"\r\n")
            elif line.startswith(("C: ", "C* ")):
                came = received.readline()
                expected = line[3:].encode()
                right = came.startswith(expected) if line.startswith("C* ") else came == expected + b"\r\n"
                if not right:
                    raise AssertionError(f"line {number} of the script: expected {expected!r}, got {came!r}")
            elif line == "MESSAGE":
                lines = []
                while (came := received.readline()) != b".\r\n":
                    if not came:
                        raise AssertionError(f"line {number} of the script: the message broke off")
                    lines.append(came)
                self.message = b"".join(lines)
            elif line == "EOF":
                came = received.read()
                if came:
                    raise AssertionError(f"line {number} of the script: expected the end, got {came!r}")
            elif line == "GONE":
                try:
                    received.read()
                except ConnectionResetError:
                    pass
            elif line == "WAIT":
                self.at_wait.set()
                if not self._go_on.wait(30):
                    raise AssertionError(f"line {number} of the script: nobody said to go on")
            else:
                raise ValueError(f"line {number} of the script: {line!r}")


class RealServer:
    """A server of another make (aiosmtpd): keeps what arrives, refuses recipients that begin with "nobody"."""

    def __init__(self):
        self.mails = []
        self.port = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    @property
    def host(self):
        return f"127.0.0.1:{self.port}"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody"):
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server, session, envelope):
        self.mails.append((envelope.mail_from, envelope.rcpt_tos, envelope.original_content))
        return "250 kept"

    async def _serve(self):
        from aiosmtpd.smtp import SMTP

        loop = asyncio.get_running_loop()
        over = asyncio.Event()
        self._end = lambda: loop.call_soon_threadsafe(over.set)

        def session():
            return SMTP(self, hostname="real.example", enable_SMTPUTF8=True, data_size_limit=None, loop=loop)

        server = await loop.create_server(session, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await over.wait()
        server.close()

    def __enter__(self):
        self._thread.start()
        if not self._ready.wait(30):
            raise RuntimeError("the server did not start")
        return self

    def __exit__(self, *_):
        self._end()
        self._thread.join(30)


has_aiosmtpd = importlib.util.find_spec("aiosmtpd") is not None
needs_aiosmtpd = unittest.skipUnless(has_aiosmtpd, "aiosmtpd is not installed (pip install aiosmtpd)")


class SocksServer:
    """A SOCKS 5 proxy for one connection, which sends every host to ``port`` on this machine. With a ``password`` the
    user "alice" must give it. ``asked`` is the host and port that the client named."""

    def __init__(self, port, password=None):
        self.asked = None
        self.problem = None
        self._target = port
        self._password = password
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(30)
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._thread.join(30)
        self._listener.close()
        if self.problem is not None:
            raise AssertionError(self.problem)

    def _serve(self):
        try:
            client, _ = self._listener.accept()
            with client:
                client.settimeout(30)
                self._dialogue(client, client.makefile("rb", buffering=0))
        except Exception as caught:  # told to the test's own thread
            self.problem = f"{type(caught).__name__}: {caught}"

    def _dialogue(self, client, received):
        version, count = received.read(2)
        methods = received.read(count)
        method = 2 if self._password else 0
        if version != 5 or method not in methods:
            raise AssertionError(f"version {version}, methods {methods!r}")
        client.sendall(bytes([5, method]))
        if self._password:
            user = received.read(received.read(2)[1])
            password = received.read(received.read(1)[0])
            right = (user, password) == (b"alice", self._password.encode())
            client.sendall(bytes([1, 0 if right else 1]))
            if not right:
                return
        _, _, _, kind = received.read(4)
        if kind == 3:
            host = received.read(received.read(1)[0]).decode()
        else:
            family, size = {1: (socket.AF_INET, 4), 4: (socket.AF_INET6, 16)}[kind]
            host = socket.inet_ntop(family, received.read(size))
        self.asked = (host, int.from_bytes(received.read(2), "big"))
        with socket.create_connection(("127.0.0.1", self._target), timeout=30) as server:
            client.sendall(b"\x05\x00\x00\x01" + bytes(6))
            back = threading.Thread(target=self._pump, args=(server, client), daemon=True)
            back.start()
            self._pump(client, server)
            back.join(30)

    @staticmethod
    def _pump(source, sink):
        while octets := source.recv(65536):
            sink.sendall(octets)
        try:
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # The other side has gone already.
