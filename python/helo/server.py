"""A mail server in the program.

>>> import helo
>>> def deliver(mail, message):
...     print(mail.sender, [address for address, _ in mail.recipients], len(message))
>>> keys = {"listen": "127.0.0.1:2525", "domains": "example.com"}
>>> with helo.Server(keys, deliver=deliver) as server:               # doctest: +SKIP
...     server.wait()

The keys are those of the program ``helo-server``: where to listen, TLS, users, limits, and, without a function of the
program, where mail goes.
"""

from __future__ import annotations

import ctypes
import email
import email.message
import email.policy
import io
import itertools
import os
import socket
import sys
import threading
import time
import warnings
import weakref
from collections.abc import Iterable, Mapping
from typing import Any, Callable, NamedTuple, Optional, TypeVar, Union

from . import _waiting
from ._pieces import Value, decode, key_value, text
from ._waiting import Call, current, guarded
from .native import _raw as raw
from .native._codes import Ask, Body, Event, Protocol, Serve, Status
from .native._errors import Cancelled, HeloError

__all__ = [
    "Ask",
    "Body",
    "Counts",
    "Event",
    "LogLine",
    "Mail",
    "Protocol",
    "Received",
    "Receiver",
    "Refused",
    "Serve",
    "Server",
]


class Refused(Exception):
    """Raised by a function of the program: no, with this reply.

    ``code`` is 400 to 499 for "try again later" and 500 to 599 for "never"; 421 closes the connection. ``words`` are in
    ASCII, in lines with ``\\n`` between them, and may begin with an enhanced code such as ``5.1.1``.
    """

    def __init__(self, code: int, words: str = ""):
        self.code = code
        self.words = words
        super().__init__(f"{code} {words}")


class Mail(NamedTuple):
    """What is known of a session, and of its mail if one is under way. What the client says of itself is only that."""

    session: int
    """The number of the session, as the log has it."""
    peer: str
    """Where the client is: ``192.0.2.1:40112``, or ``local``."""
    local: str
    hello: str
    """The name that it gave with its hello."""
    user: str
    """Whom it logged in as; "" if it did not."""
    tls: str
    """The encryption: ``TLSv1.3 TLS_AES_256_GCM_SHA384``; "" without."""
    about: str
    """What the question is about: the name of a hello, the address of a recipient, the words behind VRFY and EXPN."""
    about_parameters: str
    """The parameters of this recipient."""
    id: str
    """The mail's own mark, as the log and Received have it; "" when no mail is under way."""
    protocol: Protocol
    sender: str
    """The sender's address; "" for notifications."""
    parameters: str
    """The parameters of MAIL: ``SIZE=1000 BODY=8BITMIME``."""
    body: Body
    utf8: bool
    """The message and its addresses may hold UTF-8 everywhere."""
    declared: int
    """How large MAIL said that the message is; 0 if it did not."""
    octets: int
    """How many octets of the message have come, once it is complete."""
    recipients: list[tuple[str, str]]
    """The addresses and their parameters, once they are complete: for ``on_message`` and who takes the mail."""


class Received(NamedTuple):
    """A mail that the server keeps by its key ``memory``."""

    mail: Mail
    message: bytes
    """The message as it came, lines ending in CRLF."""

    @property
    def sender(self) -> str:
        """The sender's address; "" for notifications."""
        return self.mail.sender

    @property
    def recipients(self) -> list[str]:
        """The recipients' addresses."""
        return [address for address, _ in self.mail.recipients]

    @property
    def email(self) -> email.message.EmailMessage:
        """The message, read: ``mail.email["Subject"]``, ``mail.email.get_body().get_content()``."""
        return email.message_from_bytes(self.message, policy=email.policy.default)


class LogLine(NamedTuple):
    """What happened, in a line without control characters and secrets."""

    event: Event
    session: int
    """0 for what concerns the server as a whole."""
    text: str


class Counts(NamedTuple):
    """What has happened since the server was made."""

    open: int
    """Connections that there are now."""
    sessions: int
    mails: int
    octets: int
    refused: int
    logins: int
    logins_failed: int
    tls: int
    """Sessions that came under TLS."""
    tls_failed: int
    timeouts: int
    lost: int
    """Connections that broke."""
    reloads: int
    """Times that certificate or users were read again."""
    reloads_failed: int
    """Times that they could not be, and the old ones stayed in force."""


Answer = Union[None, str, Mapping[int, Refused]]
"""What a mail's receiver says at its end: see ``Receiver.end``."""


class Receiver:
    """Takes one mail while it comes: what ``Server``'s ``receive`` gives for each. Every method may raise
    ``Refused``."""

    def write(self, octets: bytes) -> None:
        """The next piece of the message, split anywhere."""

    def end(self) -> Answer:
        """The message is complete. When this returns, the mail is confirmed: it must be safe. A ``str`` is what the
        client is told. A mapping from a recipient's number to ``Refused`` says who has no mail: over LMTP each gets
        his answer, over SMTP the worst one is for all."""

    def close(self, aborted: bool) -> None:
        """The mail is over, in any case and once. ``aborted``: it was given up, and nothing of it may remain."""


class _Whole(Receiver):
    """Collects a message for a function that wants all of it."""

    def __init__(self, mail: Mail, deliver: Callable[[Mail, bytes], Answer]) -> None:
        self._mail, self._deliver = mail, deliver
        self._message = io.BytesIO()

    def write(self, octets: bytes) -> None:
        self._message.write(octets)

    def end(self) -> Answer:
        # The same octets, not a copy.
        return self._deliver(self._mail, self._message.getvalue())


Decision = Callable[[Mail], object]
"""Takes what a question is about by returning, and raises ``Refused`` if not."""

Setting = Union[Value, "list[Value]", "tuple[Value, ...]"]
"""A key's value, or one for each time that it is set."""

Returned = TypeVar("Returned")

# The library's threads must not call functions of an interpreter that is gone.
_started: weakref.WeakSet[Server] = weakref.WeakSet()

# Servers that nobody holds any more, while one of their functions has not returned.
_at_work: list[Server] = []


def _stop_all() -> None:
    for server in list(_started):
        server._end()


def _forget_all() -> None:
    _started.clear()
    _at_work.clear()


_waiting.at_end(_stop_all)
_waiting.in_child(_forget_all)


class Server:
    """A server that takes mail, on threads of the library.

    ``settings`` are keys and values of ``helo-server``: ``{"listen": ["*:25", "[::1]:2525"], "max-size": 1000000,
    "tls-required": True}``; a list sets its key for each value. ``config`` is a file of such keys.

    ``deliver(mail, message)`` takes each mail whole, as ``bytes``; its answer is that of ``Receiver.end``. Messages on
    their way count in the key ``max-memory``: clients hear 452 when there is no memory for more.
    ``receive(mail)`` gives a ``Receiver`` for each instead, which holds no more than it wants to. Without either a key
    says where mail goes (``maildir``, ``relay``, ``memory``, ``discard``).

    ``on_connection``, ``on_hello``, ``on_sender``, ``on_recipient`` and ``on_message`` decide, after the keys have had
    nothing against it: they get a ``Mail``, return nothing to take it, and raise ``Refused`` not to. ``on_verify`` and
    ``on_expand`` answer VRFY and EXPN with a ``str``. ``look_up(name)`` gives a user's password or SCRAM keys (None:
    there is no such user), ``check_password(name, password)`` says whether a password is right, ``check_token(name,
    token)`` whose a token is (a name, or None). ``on_log`` is told what happens, as ``LogLine``.

    All these functions are called on the library's threads, those of different sessions at the same time, and may take
    their time. ``on_log`` is called for one line after the other, a moment later, and holds up nobody: lines that it is
    too slow for are lost and counted, and what one client can bring about as often as it likes is told so often and then
    counted. An exception other than ``Refused`` makes the client hear 451 (454 where it logs
    in), and goes to ``on_error``, which is called with it and prints it unless given. They may call ``stop``, which
    then does not wait, but not ``close``.

    As a context manager it is started at the beginning and stopped in order at the end.
    """

    def __init__(
        self,
        settings: Optional[Mapping[str, Setting]] = None,
        *,
        config: Union[None, str, os.PathLike[str]] = None,
        deliver: Optional[Callable[[Mail, bytes], Answer]] = None,
        receive: Optional[Callable[[Mail], Receiver]] = None,
        on_connection: Optional[Decision] = None,
        on_hello: Optional[Decision] = None,
        on_sender: Optional[Decision] = None,
        on_recipient: Optional[Decision] = None,
        on_message: Optional[Decision] = None,
        on_verify: Optional[Callable[[Mail], Optional[str]]] = None,
        on_expand: Optional[Callable[[Mail], Optional[str]]] = None,
        look_up: Optional[Callable[[str], Optional[str]]] = None,
        check_password: Optional[Callable[[str, str], bool]] = None,
        check_token: Optional[Callable[[str, str], Optional[str]]] = None,
        keeps_passwords: bool = True,
        on_log: Optional[Callable[[LogLine], None]] = None,
        on_error: Optional[Callable[[BaseException], None]] = None,
        stop_within: float = 30.0,
    ) -> None:
        self._handle = 0
        self._process = os.getpid()
        self._callbacks: list[object] = []
        self._mails: dict[int, tuple[Receiver, dict[int, Refused]]] = {}
        self._numbers = itertools.count(1)
        self._on_error = on_error
        self._stop_within = stop_within
        if deliver is not None and receive is not None:
            raise ValueError("give deliver or receive, not both")
        self._handle = raw.helo_server_new()
        if not self._handle:
            raise HeloError("helo_server_new", Status.NO_MEMORY)
        try:
            if config is not None:
                self._call("helo_server_config_file", os.fsencode(config))
            for key, value in (settings or {}).items():
                self.set(key, value)
            asks = (on_connection, on_hello, on_sender, on_recipient, on_message, on_verify, on_expand)
            for ask, function in zip(Ask, asks):
                if function is not None:
                    self._call("helo_server_on_ask", ask, self._keep(raw.AskFn(self._asking(ask, function))), None)
            if deliver is not None:
                # Each message is kept while it comes, which counts in max-memory.
                self._call("helo_server_set", b"messages-in-memory", b"yes")
                self._take_by(lambda mail: _Whole(mail, deliver))
            elif receive is not None:
                self._take_by(receive)
            if look_up is not None or check_password is not None or check_token is not None:
                self._users_by(look_up, check_password, check_token, keeps_passwords)
            if on_log is not None:
                self._call("helo_server_on_log", self._keep(raw.LogFn(self._logging(on_log))), None)
        except BaseException:
            self.close()
            raise

    def set(self, key: str, value: Setting) -> None:
        """Sets a key: a ``str``, a number, ``True`` or ``False``, a path, or a list of these. Not while it runs."""
        values: Iterable[Value] = value if isinstance(value, (list, tuple)) else (value,)
        for octets in [key_value(one) for one in values]:
            self._call("helo_server_set", text(key), octets)

    def start(self) -> None:
        """Begins to listen; ``HeloError`` says why it cannot."""
        self._call("helo_server_start")
        _started.add(self)

    def stop(self, within: Optional[float] = None) -> None:
        """Ends it in order: sessions end when their mail is answered, and at the latest ``within`` so many seconds.
        Raises ``HeloError`` with ``Status.IN_PROGRESS`` when a function of the program has not returned five seconds
        later. What a signal's handler raises (Ctrl-C) ends the wait, while the server goes on to its end; ``close``
        does not wait for sessions."""
        call = Call(lambda: None)
        limit = _milliseconds(self._stop_within if within is None else within)
        self._settle(call, "helo_server_stop", call.run(raw.helo_server_stop, self._handle, limit))

    def wait(self, timeout: Optional[float] = None) -> bool:
        """Waits until somebody has stopped it: whether that was so within the time. Ctrl-C comes through. Not from
        inside one of its functions: ``HeloError`` with ``Status.IN_PROGRESS``."""
        call = Call(lambda: None)
        limit = raw.FOREVER if timeout is None else _milliseconds(timeout)
        began = time.monotonic()
        status = call.run(raw.helo_server_wait, self._handle, limit)
        # Back too early: this is one of the server's own functions, which would wait for itself.
        waited = timeout is not None and time.monotonic() - began >= limit / 4000
        if status == Status.IN_PROGRESS and waited:
            call.raise_caught()
            return False
        self._settle(call, "helo_server_wait", status)
        return True

    def serve(self, connection: socket.socket, protocol: Serve = Serve.SMTP) -> int:
        """Serves one client over a connected socket, on this thread, until the session is over: how many mails were
        taken. The socket stays the program's to close. Raises ``Cancelled`` when ``stop`` has broken the session
        off. What a signal's handler raises, also inside a function of the program, breaks it off, too, and comes
        out."""
        mails = ctypes.c_uint64()
        call = Call(lambda: raw.helo_server_stop(self._handle, 0) if threading.get_ident() != call.thread else None)
        status = call.run(raw.helo_server_serve, self._handle, connection.fileno(), protocol, ctypes.byref(mails))
        call.raise_caught()
        if status == Status.CANCELLED:
            raise Cancelled("helo_server_serve", status)
        self._settle(call, "helo_server_serve", status)
        return mails.value

    @property
    def addresses(self) -> list[str]:
        """Where it listens, as ``native.Delivery`` takes it: ``smtp://127.0.0.1:2525``. Empty when it does not run."""
        found: list[str] = []
        while length := raw.helo_server_address(self._handle, len(found), None, 0):
            buffer = ctypes.create_string_buffer(length + 1)
            raw.helo_server_address(self._handle, len(found), buffer, length + 1)
            found.append(decode(buffer.value))
        return found

    @property
    def port(self) -> int:
        """The port of the first address; 0 when there is none."""
        return raw.helo_server_port(self._handle, 0)

    @property
    def counts(self) -> Counts:
        """What has happened since it was made."""
        counts = raw.helo_server_counts(size=ctypes.sizeof(raw.helo_server_counts))
        self._call("helo_server_get_counts", ctypes.byref(counts))
        return Counts(*(getattr(counts, name) for name in Counts._fields))

    def status(self) -> str:
        """The counts as monitoring systems read them: the text format of Prometheus."""
        length = raw.helo_server_status(self._handle, None, 0)
        # Numbers may have become longer meanwhile.
        while True:
            buffer = ctypes.create_string_buffer(length + 100)
            length = raw.helo_server_status(self._handle, buffer, len(buffer))
            if length < len(buffer):
                return decode(buffer.value)

    def reload(self) -> None:
        """Reads certificate, key and users again, soon, changed or not; what cannot be used leaves the old in force. They
        are read by themselves, too, within two seconds of a change."""
        self._call("helo_server_reload")

    @property
    def mails(self) -> list[Received]:
        """The mails that it keeps by its key ``memory``, the oldest first; they stay, also after ``stop``. Empty where
        mail goes elsewhere."""
        return [self._received(index) for index in range(raw.helo_server_mail_count(self._handle))]

    def wait_for(self, count: int = 1, timeout: float = 10.0) -> list[Received]:
        """Waits until it keeps so many mails by its key ``memory``, and gives all of them. ``TimeoutError`` when the time
        is over before, with what has come."""
        call = Call(lambda: None)
        status = call.run(raw.helo_server_wait_mails, self._handle, count, _milliseconds(timeout))
        if status == Status.IN_PROGRESS:
            call.raise_caught()
            came = [f"from <{mail.sender}> for {mail.recipients}" for mail in self.mails]
            raise TimeoutError(f"waited {timeout} s for {count} mails; {len(came)} came: {'; '.join(came) or 'none'}")
        self._settle(call, "helo_server_wait_mails", status)
        return self.mails

    def clear_mails(self) -> None:
        """Forgets the mails that it keeps by its key ``memory``."""
        self._call("helo_server_clear_mails")

    def _received(self, index: int) -> Received:
        found: list[Received] = []

        def show(_user: object, facts: Any, message: int, length: int) -> None:
            found.append(Received(_mail(facts), ctypes.string_at(message, length) if length else b""))

        self._call("helo_server_get_mail", index, raw.StoredFn(self._guarded(show, None)), None)
        return found[0]

    def close(self) -> None:
        """Frees it; one that runs is stopped at once. In a child made by fork it only forgets it: its threads are the
        parent's."""
        if self._handle and self._process == os.getpid():
            # The same call again frees it, should this one be ended by a signal.
            call = Call(lambda: None)
            self._settle(call, "helo_server_free", call.run(raw.helo_server_free, self._handle))
        self._handle = 0
        self._callbacks.clear()

    def _end(self) -> None:
        """Frees it because the interpreter ends: what it calls must have returned by then."""
        if self._handle and raw.helo_server_free(self._handle) == Status.OK:
            self._handle = 0

    def _call(self, function: str, *arguments: object) -> None:
        status = getattr(raw, function)(self._handle, *arguments)
        if status != Status.OK:
            raise HeloError(function, status)

    def _settle(self, call: Call, function: str, status: int) -> None:
        call.raise_caught()
        if status != Status.OK:
            raise HeloError(function, status)

    def _keep(self, callback: Returned) -> Returned:
        self._callbacks.append(callback)
        return callback

    def _guarded(self, function: Callable[..., Returned], failed: Returned) -> Callable[..., Returned]:
        """A function for C, whatever a signal's handler raises at its beginning."""
        return guarded(function, failed, self._report)

    def _report(self, caught: BaseException) -> None:
        """An exception that cannot go through the library. One that is no error, but wants to end what runs, ends the
        session that this thread serves; the library's own threads serve nobody's."""
        call = current()
        if call is not None and not isinstance(caught, Exception):
            call.keep(caught)
            return
        try:
            if self._on_error is not None:
                self._on_error(caught)
                return
        except BaseException as second:
            caught = second
        sys.excepthook(type(caught), caught, caught.__traceback__)

    def _answer(self, function: Callable[[], object], room: int, size: int, yes: int = 0, otherwise: int = 451) -> int:
        """What a function says, as C has it: a code, and words in the room."""
        try:
            words: object = function()
            code = yes
        except Refused as refused:
            code, words = refused.code, refused.words
            if isinstance(code, int) and code < 400:
                # Not a yes by mistake.
                code = -1
        except BaseException as caught:
            self._report(caught)
            return otherwise
        try:
            _write(words, room, size)
        except BaseException as caught:
            self._report(caught)
            return otherwise
        # A number that is no reply's is the library's to refuse and to log; it must only fit.
        return code if isinstance(code, int) and -1 <= code < 1000 else -1

    def _asking(self, ask: Ask, function: Callable[[Mail], object]) -> Callable[..., int]:
        speaks = ask in (Ask.VERIFY, Ask.EXPAND)

        def asked(_user: object, _ask: int, facts: Any, room: Any, size: int) -> int:
            def decide() -> object:
                said = function(_mail(facts))
                return said if speaks else None

            # Who says something about an address or a list knows it.
            return self._answer(decide, room, size, yes=250 if speaks else 0)

        return self._guarded(asked, 451)

    def _logging(self, on_log: Callable[[LogLine], None]) -> Callable[..., None]:
        def told(_user: object, event: int, session: int, line: bytes) -> None:
            on_log(LogLine(Event(event), session, decode(line)))

        return self._guarded(told, None)

    def _take_by(self, receive: Callable[[Mail], Receiver]) -> None:
        lock = threading.Lock()

        def begin(_user: object, facts: Any, place: Any, room: Any, size: int) -> int:
            def receiver() -> None:
                made = receive(_mail(facts))
                with lock:
                    number = next(self._numbers)
                self._mails[number] = (made, {})
                place[0] = number

            return self._answer(receiver, room, size)

        def data(_user: object, number: int, octets: int, length: int, room: Any, size: int) -> int:
            return self._answer(lambda: self._mails[number][0].write(ctypes.string_at(octets, length)), room, size)

        def end(_user: object, number: int, room: Any, size: int) -> int:
            def finish() -> Optional[str]:
                said = self._mails[number][0].end()
                if isinstance(said, Mapping):
                    self._mails[number][1].update(said)
                    return None
                return said

            return self._answer(finish, room, size)

        def recipient(_user: object, number: int, recipient: int, room: Any, size: int) -> int:
            def answer() -> None:
                refused = self._mails[number][1].get(recipient)
                if refused is not None:
                    raise refused

            return self._answer(answer, room, size)

        def close(_user: object, number: int, abort: int) -> None:
            receiver, _ = self._mails.pop(number)
            receiver.close(bool(abort))

        spool = raw.helo_spool(
            size=ctypes.sizeof(raw.helo_spool),
            begin=self._keep(raw.BeginFn(self._guarded(begin, 451))),
            data=self._keep(raw.DataFn(self._guarded(data, 451))),
            end=self._keep(raw.EndFn(self._guarded(end, 451))),
            recipient=self._keep(raw.RecipientFn(self._guarded(recipient, 451))),
            close=self._keep(raw.CloseMailFn(self._guarded(close, None))),
        )
        self._call("helo_server_set_spool", ctypes.byref(spool))

    def _users_by(
        self,
        look_up: Optional[Callable[[str], Optional[str]]],
        check_password: Optional[Callable[[str, str], bool]],
        check_token: Optional[Callable[[str, str], Union[None, bool, str]]],
        keeps_passwords: bool,
    ) -> None:
        """Each says 1 with a word, or "", 0 without, -1 when it failed."""
        users = raw.helo_users(size=ctypes.sizeof(raw.helo_users), keeps_passwords=int(keeps_passwords))
        if look_up is not None:
            find = look_up

            def looked_up(_user: object, name: bytes, room: Any, size: int) -> int:
                secret = find(decode(name))
                if secret is None:
                    return 0
                _write(secret, room, size)
                return 1

            users.look_up = self._keep(raw.LookUpFn(self._guarded(looked_up, -1)))
        if check_password is not None:
            check = check_password

            def password(_user: object, name: bytes, word: bytes) -> int:
                return int(bool(check(decode(name), decode(word))))

            users.password = self._keep(raw.PasswordFn(self._guarded(password, -1)))
        if check_token is not None:
            ask = check_token

            def token(_user: object, name: bytes, word: bytes, room: Any, size: int) -> int:
                whose = ask(decode(name), decode(word))
                if whose is None or whose is False:
                    return 0
                if whose is not True:
                    _write(whose, room, size)
                return 1

            users.token = self._keep(raw.TokenFn(self._guarded(token, -1)))
        self._call("helo_server_set_users", ctypes.byref(users))

    def __enter__(self) -> Server:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_exception: object) -> None:
        try:
            self.stop()
        finally:
            self.close()

    def __del__(self) -> None:
        if getattr(self, "_handle", 0):
            try:
                warnings.warn(f"{self!r} was not closed", ResourceWarning, stacklevel=2, source=self)
            finally:
                # Also where warnings are errors: what the library calls must not go before the server has.
                self._close_or_keep()

    def _close_or_keep(self) -> None:
        try:
            self.close()
        except HeloError:
            _at_work.append(self)

    def __repr__(self) -> str:
        return f"<{type(self).__module__}.{type(self).__name__} handle {self._handle}>"


def _milliseconds(seconds: float) -> int:
    # One less than the number that stands for no end.
    return min(max(0, round(seconds * 1000)), raw.FOREVER - 1)


def _write(words: object, room: Any, size: int) -> None:
    """Puts words into the room that a function was given, cut to it, with a NUL."""
    if not words:
        words = ""
    if not isinstance(words, (str, bytes)):
        raise TypeError(f"what a function says to the client is a str or None, not {type(words).__name__}")
    octets = text(words)[: size - 1] + b"\0"
    ctypes.memmove(room, octets, len(octets))


def _mail(facts: Any) -> Mail:
    seen = facts.contents
    recipients: list[tuple[str, str]] = []
    if seen.recipients:
        addresses = (decode(seen.recipients[number]) for number in range(seen.count))
        parameters = (decode(seen.recipient_parameters[number]) for number in range(seen.count))
        recipients = list(zip(addresses, parameters))
    return Mail(
        seen.session,
        decode(seen.peer),
        decode(seen.local),
        decode(seen.hello),
        decode(seen.user),
        decode(seen.tls),
        decode(seen.about),
        decode(seen.about_parameters),
        decode(seen.mail),
        Protocol(seen.protocol),
        decode(seen.sender),
        decode(seen.parameters),
        Body(seen.body),
        bool(seen.utf8),
        seen.declared,
        seen.octets,
        recipients,
    )
