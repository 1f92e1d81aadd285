"""A list of mails and how to send it, as a Python object."""

import ctypes
import os
import warnings
from typing import NamedTuple, Optional

from .._pieces import decode, reader, text
from . import _raw as raw
from ._codes import Cause, Face, Level, Phase, Status, Trace
from ._errors import Cancelled, HeloError

# What a body's or a transport's function returns when it failed; -1 would mean "nothing there now".
FAILED = -2
TRY_AGAIN = -1


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
    ``run``. An exception in one of them cancels the run and comes out of ``run``. ``keys`` are keys of the site's policy
    for this delivery, such as ``{"tls": "always"}``; see ``set_key``. Without a server and connections of your own the
    mails go to the policy's server.

    >>> with Delivery("smtp://mail.example.com") as delivery:            # doctest: +SKIP
    ...     delivery.add_mail("alice@example.com", ["bob@example.net"], pathlib.Path("message.eml"))
    ...     delivery.run()
    """

    def __init__(
        self,
        server=None,
        *,
        level=Level.ENVELOPE,
        connections=1,
        hello_name=None,
        login=None,
        timeout=None,
        keys=None,
        on_result=None,
        on_progress=None,
        on_trace=None,
    ):
        self._handle = 0
        self._caught = None
        self._callbacks = []
        self._lent = []
        self._recipients = []
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

    def set_timeout(self, phase, seconds):
        """How long a phase may go without progress; ``Phase.NONE`` for all, 0 for what is usual."""
        self._call("helo_set_timeout", phase, round(seconds * 1000))

    def set_key(self, key, value):
        """Sets a key of the site's policy for this delivery, before what the policy says; None: what it says holds
        again."""
        value = None if value is None else text(value)
        status = raw.helo_set_key(Face.HELO, ctypes.c_void_p(self._handle), text(key), value)
        if status != Status.OK:
            raise HeloError("helo_set_key", status)

    def set_window(self, mails, octets):
        """How many mails and octets may be unanswered on a connection before no further mail is begun."""
        self._call("helo_set_window", mails, octets)

    def add_mail(self, sender, recipients, message, *, parameters=(), recipient_parameters=()):
        """Adds a mail and gives its number.

        ``message`` is octets, a ``pathlib.Path``, a file open for reading, or an iterable of octets. ``parameters``
        are of MAIL ("RET=HDRS"), ``recipient_parameters`` of each RCPT ("NOTIFY=FAILURE").
        """
        if isinstance(recipients, (str, bytes)):
            recipients = [recipients]
        # All that can be refused before the library is asked.
        sender, recipients = text(sender), [text(recipient) for recipient in recipients]
        if not recipients:
            raise ValueError("a mail needs a recipient")
        number = ctypes.c_uint32()
        self._call("helo_add_mail", sender, ctypes.byref(number))
        mail = number.value
        for parameter in parameters:
            self._call("helo_set_mail_parameter", mail, text(parameter))
        for recipient in recipients:
            self._call("helo_add_recipient", mail, recipient, ctypes.byref(number))
            for parameter in recipient_parameters:
                self._call("helo_set_recipient_parameter", mail, number.value, text(parameter))
        self._set_body(mail, message)
        self._recipients.append(len(recipients))
        return mail

    def _set_body(self, mail, message):
        if isinstance(message, os.PathLike):
            self._call("helo_set_body_file", mail, os.fsencode(message))
            return
        if isinstance(message, str):
            message = message.encode("utf-8")
        if isinstance(message, (bytes, bytearray, memoryview)):
            # The library reads the octets where they are.
            octets = bytes(message)
            self._lent.append(octets)
            self._call("helo_set_body", mail, octets, len(octets))
            return
        read = reader(message)

        def fill(_user, buffer, size):
            try:
                part = bytes(read(size))
                if len(part) > size:
                    raise ValueError("the source of the message gave more than it was asked for")
                ctypes.memmove(buffer, part, len(part))
                return len(part)
            except BaseException as caught:  # raised again when the run is over
                self._keep(caught)
                return FAILED

        function = raw.ReadFn(fill)
        self._lent.append(function)
        self._call("helo_set_body_callback", mail, function, None)

    def add_transport(self, read, write, close=None, *, descriptor=-1, retry=0.01):
        """Adds a connection of your own. ``read(size)`` gives octets that have arrived, b"" at the end and None when
        there is nothing now; ``write(octets)`` says how many it took, 0 for none now; ``close(abort)`` ends it. With a
        ``descriptor`` the library waits for that, else it tries again every ``retry`` seconds."""

        def fill(_user, buffer, size):
            try:
                part = read(size)
                if part is None:
                    return TRY_AGAIN
                ctypes.memmove(buffer, bytes(part), len(part))
                return len(part)
            except BaseException as caught:  # raised again when the call is over
                self._keep(caught)
                return FAILED

        def take(_user, octets, size):
            try:
                return write(octets[:size]) or TRY_AGAIN
            except BaseException as caught:  # raised again when the call is over
                self._keep(caught)
                return FAILED

        def end(_user, abort):
            try:
                if close is not None:
                    close(bool(abort))
            except BaseException as caught:  # raised again when the call is over
                self._keep(caught)

        transport = raw.helo_transport(
            size=ctypes.sizeof(raw.helo_transport),
            read=raw.ReadFn(fill),
            write=raw.WriteFn(take),
            close=raw.CloseFn(end),
            descriptor=descriptor,
            retry_ms=0 if descriptor >= 0 else max(1, round(retry * 1000)),
        )
        # Its functions live as long as the delivery: the library closes it at the latest then.
        self._callbacks.append(transport)
        self._call("helo_add_transport", ctypes.byref(transport))

    def add_socket(self, connected):
        """Adds a connected socket, which the library closes when it is done with it."""
        connected.setblocking(False)

        def read(size):
            try:
                return connected.recv(size)
            except BlockingIOError:
                return None

        def write(octets):
            try:
                return connected.send(octets)
            except BlockingIOError:
                return 0

        self.add_transport(read, write, lambda abort: connected.close(), descriptor=connected.fileno())

    def run(self):
        """Sends all mails that were not sent before and waits for the answers. True when the server took the mail for
        every recipient; otherwise ``results`` says who did not get his and why. Raises ``Cancelled`` after
        ``cancel``."""
        status = raw.helo_run(self._handle)
        caught, self._caught = self._caught, None
        if caught is not None:
            raise caught
        if status == Status.CANCELLED:
            raise Cancelled("helo_run", status)
        if status not in (Status.OK, Status.FAILED):
            raise HeloError("helo_run", status)
        return status == Status.OK

    def cancel(self):
        """Ends the run, from any thread or callback."""
        self._call("helo_cancel")

    def result(self, mail, recipient=0):
        """The result of a recipient; None when there is none yet."""
        result = raw.helo_result(size=ctypes.sizeof(raw.helo_result))
        status = raw.helo_get_result(self._handle, mail, recipient, ctypes.byref(result))
        if status == Status.NO_RESULT:
            return None
        if status != Status.OK:
            raise HeloError("helo_get_result", status)
        return _result(result)

    def results(self):
        """The results of all recipients that have one, mail by mail."""
        found = (
            self.result(mail, recipient) for mail, count in enumerate(self._recipients) for recipient in range(count)
        )
        return [result for result in found if result is not None]

    def progress(self):
        """How the run stands, or how the last one ended."""
        progress = raw.helo_progress(size=ctypes.sizeof(raw.helo_progress))
        self._call("helo_get_progress", ctypes.byref(progress))
        return _progress(progress)

    def clear(self):
        """Forgets all mails and results, for the next list."""
        self._call("helo_clear")
        self._lent.clear()
        self._recipients.clear()

    def close(self):
        """Frees the delivery. Not while it runs."""
        if self._handle:
            self._call("helo_free")
            self._handle = 0

    def _call(self, function, *arguments):
        status = getattr(raw, function)(self._handle, *arguments)
        if status != Status.OK:
            raise HeloError(function, status)

    def _on(self, function, kind, action):
        def guarded(_user, *arguments):
            try:
                action(*arguments)
            except BaseException as caught:  # raised again when the call is over
                self._keep(caught)
                raw.helo_cancel(self._handle)

        callback = kind(guarded)
        self._callbacks.append(callback)
        self._call(function, callback, None)

    def _keep(self, caught):
        if self._caught is None:
            self._caught = caught

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.close()

    def __del__(self):
        if getattr(self, "_handle", 0):
            warnings.warn(f"{self!r} was not closed", ResourceWarning, stacklevel=2, source=self)
            self.close()

    def __repr__(self):
        return f"<{type(self).__module__}.{type(self).__name__} handle {self._handle}>"


def _result(result):
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


def _progress(progress):
    return Progress(progress.mails, progress.mails_done, progress.delivered, progress.failed, progress.bytes_sent)


def send_file(server, sender, recipients, path):
    """Sends the message in a file. Raises ``HeloError`` unless the server took it for every recipient."""
    if isinstance(recipients, (str, bytes)):
        recipients = [recipients]
    recipients = [text(recipient) for recipient in recipients]
    array = (ctypes.c_char_p * len(recipients))(*recipients)
    status = raw.helo_send_file(text(server), text(sender), array, len(recipients), os.fsencode(path))
    if status != Status.OK:
        raise HeloError("helo_send_file", status)


def xtext(value):
    """A text as the values of ENVID and ORCPT want it (RFC 3461)."""
    octets = text(value)
    size = 3 * len(octets) + 1
    buffer = ctypes.create_string_buffer(size)
    raw.helo_xtext(octets, buffer, size)
    return buffer.value.decode("ascii")
