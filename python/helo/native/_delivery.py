"""A list of mails and how to send it, as a Python object."""

from __future__ import annotations

import ctypes
import os
import pathlib
import socket
import warnings
from collections.abc import Iterable, Mapping
from typing import Any, Callable, NamedTuple, Optional, TypeVar, Union

from .._pieces import Address, Message, Text, Value, address, addresses, decode, key_value, reader, text, whole
from .._waiting import Call, current, guarded
from . import _raw as raw
from ._codes import Cause, Face, Level, Phase, Status, Trace
from ._errors import Cancelled, HeloError

# What a body's or a transport's function returns when it failed; -1 would mean "nothing there now".
FAILED = -2
TRY_AGAIN = -1

Returned = TypeVar("Returned")


class Result(NamedTuple):
    """What became of one recipient of one mail."""

    mail: int
    recipient: int
    delivered: bool
    cause: Cause
    phase: Phase
    code: int
    """The reply code that decided it; 0 if no reply did."""
    enhanced: Optional[str]
    """The enhanced status code, such as "5.1.1"."""
    text: str
    """The server's words, or the library's when the server said nothing."""


class Progress(NamedTuple):
    """How a run stands."""

    mails: int
    mails_done: int
    delivered: int
    failed: int
    bytes_sent: int


class Delivery:
    """Mails for one server.

    ``server`` is a URL (``smtp://user:password@host:port``, ``lmtp://host``), a host, or ``unix:/path``; None for
    connections of your own (``add_transport``). ``on_result`` is called with each ``Result``, ``on_progress`` with a
    ``Progress``, ``on_trace`` with the connection's number, a ``Trace`` and octets, all on the thread that is in
    ``run``. An exception in one of them, or of a signal's handler (Ctrl-C) while it waits, ends the run and comes out
    of it. ``keys`` are keys of the site's policy for this delivery, such as ``{"tls": "always", "port": 2525}``; see
    ``set_key``. Without a server and connections of your own the mails go to the policy's server.

    >>> with Delivery("smtp://mail.example.com") as delivery:            # doctest: +SKIP
    ...     delivery.add_mail("alice@example.com", ["bob@example.net"], pathlib.Path("message.eml"))
    ...     delivery.run()
    """

    def __init__(
        self,
        server: Optional[Text] = None,
        *,
        level: int = Level.ENVELOPE,
        connections: int = 1,
        hello_name: Optional[Text] = None,
        login: Optional[tuple[Text, Text]] = None,
        timeout: Optional[float] = None,
        keys: Optional[Mapping[str, Optional[Value]]] = None,
        on_result: Optional[Callable[[Result], object]] = None,
        on_progress: Optional[Callable[[Progress], object]] = None,
        on_trace: Optional[Callable[[int, Trace, bytes], object]] = None,
    ) -> None:
        self._handle = 0
        self._process = os.getpid()
        self._caught: Optional[BaseException] = None
        self._callbacks: list[object] = []
        self._lent: list[object] = []
        self._recipients: list[int] = []
        handle = raw.helo_new(None if server is None else text(server))
        if not handle:
            raise HeloError("helo_new", Status.BAD_ARGUMENT)
        self._handle = handle
        try:
            self._call("helo_set_level", level)
            self._call("helo_set_connections", connections)
            if hello_name is not None:
                self._call("helo_set_hello_name", text(hello_name))
            if login is not None:
                self._call("helo_set_login", text(login[0]), text(login[1]))
            if timeout is not None:
                self.set_timeout(Phase.NONE, timeout)
            for key, value in (keys or {}).items():
                self.set_key(key, value)
            if on_result is not None:
                self._on("helo_on_result", raw.ResultFn, lambda result: on_result(_result(result.contents)))
            if on_progress is not None:
                self._on("helo_on_progress", raw.ProgressFn, lambda progress: on_progress(_progress(progress.contents)))
            if on_trace is not None:
                self._on(
                    "helo_on_trace",
                    raw.TraceFn,
                    lambda number, what, octets, length: on_trace(number, Trace(what), octets[:length]),
                )
        except BaseException:
            self.close()
            raise

    def set_timeout(self, phase: int, seconds: float) -> None:
        """How long a phase may go without progress; ``Phase.NONE`` for all, 0 for what is usual."""
        self._call("helo_set_timeout", phase, round(seconds * 1000))

    def set_key(self, key: str, value: Optional[Value]) -> None:
        """Sets a key of the site's policy for this delivery, before what the policy says: a str, a number, True or
        False, a path. None: what the policy says holds again."""
        octets = None if value is None else key_value(value)
        status = raw.helo_set_key(Face.HELO, ctypes.c_void_p(self._handle), text(key), octets)
        if status != Status.OK:
            raise HeloError("helo_set_key", status)

    def set_window(self, mails: int, octets: int) -> None:
        """How many mails and octets may be unanswered on a connection before no further mail is begun."""
        self._call("helo_set_window", mails, octets)

    def add_mail(
        self,
        sender: Address,
        recipients: Union[Address, Iterable[Address]],
        message: Message,
        *,
        parameters: Iterable[Text] = (),
        recipient_parameters: Iterable[Text] = (),
    ) -> int:
        """Adds a mail and gives its number.

        ``message`` is text (``str``, sent as UTF-8), octets, a ``pathlib.Path``, which is read when the mail is sent, a
        file open for reading, an iterable of octets or text, or an ``email.message.EmailMessage``, which goes out
        without its Bcc. Addresses may have display names (``Ann <ann@example.com>``), which do not go into the
        envelope; a list in one str is refused. ``parameters`` are of MAIL ("RET=HDRS"), ``recipient_parameters`` of
        each RCPT ("NOTIFY=FAILURE"). What is of a wrong type is a ``TypeError``, and nothing has been added."""
        # All that can be refused before the library is asked.
        reverse_path = address(sender)
        forward_paths = [address(recipient) for recipient in addresses(recipients)]
        if not forward_paths:
            raise ValueError("a mail needs a recipient")
        body = whole(message, reverse_path, *forward_paths)
        of_mail = [text(parameter) for parameter in parameters]
        of_each = [text(parameter) for parameter in recipient_parameters]
        number = ctypes.c_uint32()
        self._call("helo_add_mail", reverse_path, ctypes.byref(number))
        mail = number.value
        for parameter in of_mail:
            self._call("helo_set_mail_parameter", mail, parameter)
        for recipient in forward_paths:
            self._call("helo_add_recipient", mail, recipient, ctypes.byref(number))
            for parameter in of_each:
                self._call("helo_set_recipient_parameter", mail, number.value, parameter)
        self._set_body(mail, body)
        self._recipients.append(len(forward_paths))
        return mail

    def _set_body(self, mail: int, message: Message) -> None:
        if isinstance(message, os.PathLike):
            self._call("helo_set_body_file", mail, os.fsencode(message))
            return
        if isinstance(message, (bytes, bytearray, memoryview)):
            # The library reads the octets where they are.
            octets = bytes(message)
            self._lent.append(octets)
            self._call("helo_set_body", mail, octets, len(octets))
            return
        read = reader(message)

        def fill(_user: object, buffer: int, size: int) -> int:
            part = bytes(read(size))
            ctypes.memmove(buffer, part, len(part))
            return len(part)

        function = raw.ReadFn(guarded(fill, FAILED, self._keep))
        self._lent.append(function)
        self._call("helo_set_body_callback", mail, function, None)

    def add_transport(
        self,
        read: Callable[[int], Optional[bytes]],
        write: Callable[[bytes], int],
        close: Optional[Callable[[bool], object]] = None,
        *,
        descriptor: int = -1,
        retry: float = 0.01,
    ) -> None:
        """Adds a connection of your own. ``read(size)`` gives octets that have arrived, b"" at the end and None when
        there is nothing now; ``write(octets)`` says how many it took, 0 for none now; ``close(abort)`` ends it. With a
        ``descriptor`` the library waits for that, else it tries again every ``retry`` seconds."""

        def fill(_user: object, buffer: int, size: int) -> int:
            part = read(size)
            if part is None:
                return TRY_AGAIN
            if len(part) > size:
                raise ValueError("the transport gave more than it was asked for")
            ctypes.memmove(buffer, bytes(part), len(part))
            return len(part)

        def take(_user: object, octets: Any, size: int) -> int:
            return write(octets[:size]) or TRY_AGAIN

        def end(_user: object, abort: int) -> None:
            if close is not None:
                close(bool(abort))

        transport = raw.helo_transport(
            size=ctypes.sizeof(raw.helo_transport),
            read=raw.ReadFn(guarded(fill, FAILED, self._keep)),
            write=raw.WriteFn(guarded(take, FAILED, self._keep)),
            close=raw.CloseFn(guarded(end, None, self._keep)),
            descriptor=descriptor,
            retry_ms=0 if descriptor >= 0 else max(1, round(retry * 1000)),
        )
        # Its functions live as long as the delivery: the library closes it at the latest then.
        self._callbacks.append(transport)
        self._call("helo_add_transport", ctypes.byref(transport))

    def add_socket(self, connected: socket.socket) -> None:
        """Adds a connected socket, which the library closes when it is done with it."""
        connected.setblocking(False)

        def read(size: int) -> Optional[bytes]:
            try:
                return connected.recv(size)
            except BlockingIOError:
                return None

        def write(octets: bytes) -> int:
            try:
                return connected.send(octets)
            except BlockingIOError:
                return 0

        self.add_transport(read, write, lambda abort: connected.close(), descriptor=connected.fileno())

    def run(self) -> bool:
        """Sends all mails that were not sent before and waits for the answers. True when the server took the mail for
        every recipient; otherwise ``results`` says who did not get his and why. Raises ``Cancelled`` after ``cancel``.

        What a function of yours raises, and what a signal's handler raises on the main thread (``KeyboardInterrupt`` of
        Ctrl-C), ends the run within a second and comes out of it; ``results`` has what was confirmed before."""
        call = Call(self._cancel)
        status = call.run(raw.helo_run, self._handle)
        call.raise_caught()
        if status == Status.CANCELLED:
            raise Cancelled("helo_run", status)
        if status not in (Status.OK, Status.FAILED):
            raise HeloError("helo_run", status)
        return status == Status.OK

    def cancel(self) -> None:
        """Ends the run, from any thread or callback."""
        self._call("helo_cancel")

    def result(self, mail: int, recipient: int = 0) -> Optional[Result]:
        """The result of a recipient; None when there is none yet."""
        result = raw.helo_result(size=ctypes.sizeof(raw.helo_result))
        status = raw.helo_get_result(self._handle, mail, recipient, ctypes.byref(result))
        if status == Status.NO_RESULT:
            return None
        if status != Status.OK:
            raise HeloError("helo_get_result", status)
        return _result(result)

    def results(self) -> list[Result]:
        """The results of all recipients that have one, mail by mail."""
        found = (
            self.result(mail, recipient) for mail, count in enumerate(self._recipients) for recipient in range(count)
        )
        return [result for result in found if result is not None]

    def progress(self) -> Progress:
        """How the run stands, or how the last one ended."""
        progress = raw.helo_progress(size=ctypes.sizeof(raw.helo_progress))
        self._call("helo_get_progress", ctypes.byref(progress))
        return _progress(progress)

    def clear(self) -> None:
        """Forgets all mails and results, for the next list."""
        self._call("helo_clear")
        self._lent.clear()
        self._recipients.clear()

    def close(self) -> None:
        """Frees the delivery. Not while it runs. In a child made by fork it only forgets it: it is the parent's."""
        if self._handle and self._process == os.getpid():
            self._call("helo_free")
        self._handle = 0
        caught, self._caught = self._caught, None
        if caught is not None:
            raise caught

    def _call(self, function: str, *arguments: object) -> None:
        status = getattr(raw, function)(self._handle, *arguments)
        if status != Status.OK:
            raise HeloError(function, status)

    def _on(self, function: str, made: Callable[[Callable[..., None]], object], action: Callable[..., object]) -> None:
        def told(_user: object, *arguments: object) -> None:
            action(*arguments)

        callback = made(guarded(told, None, self._keep))
        self._callbacks.append(callback)
        self._call(function, callback, None)

    def _cancel(self) -> None:
        raw.helo_cancel(self._handle)

    def _keep(self, caught: BaseException) -> None:
        """An exception of the program's own ends the run, or comes out of ``close``, which closes connections too."""
        call = current()
        if call is not None:
            call.keep(caught)
        elif self._caught is None:
            self._caught = caught

    def __enter__(self) -> Delivery:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_handle", 0):
            warnings.warn(f"{self!r} was not closed", ResourceWarning, stacklevel=2, source=self)
            self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__module__}.{type(self).__name__} handle {self._handle}>"


def _result(result: raw.helo_result) -> Result:
    parts = (result.enhanced_class, result.enhanced_subject, result.enhanced_detail)
    return Result(
        result.mail,
        result.recipient,
        bool(result.delivered),
        Cause(result.cause),
        Phase(result.phase),
        result.code,
        ".".join(map(str, parts)) if any(parts) else None,
        decode(result.text or b""),
    )


def _progress(progress: raw.helo_progress) -> Progress:
    return Progress(progress.mails, progress.mails_done, progress.delivered, progress.failed, progress.bytes_sent)


def send_file(
    server: Optional[Text],
    sender: Address,
    recipients: Union[Address, Iterable[Address]],
    path: Union[str, bytes, os.PathLike[str], os.PathLike[bytes]],
) -> None:
    """Sends the message in a file. Raises ``HeloError`` unless the server took it for every recipient. Here a ``str``
    is a path, too."""
    with Delivery(server) as delivery:
        delivery.add_mail(sender, recipients, pathlib.Path(os.fsdecode(path)))
        if not delivery.run():
            raise HeloError("helo_run", Status.FAILED)


def xtext(value: Text) -> str:
    """A text as the values of ENVID and ORCPT want it (RFC 3461)."""
    octets = text(value)
    size = 3 * len(octets) + 1
    buffer = ctypes.create_string_buffer(size)
    raw.helo_xtext(octets, buffer, size)
    return buffer.value.decode("ascii")
