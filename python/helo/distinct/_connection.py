"""A connection as a Python object."""

from __future__ import annotations

import ctypes
import email.message
import os
import socket
import threading
import time
import warnings
from collections.abc import Iterable
from typing import Any, Callable, Optional, Union

from .._library import last_error
from .._pieces import Address, Message, Text, Value, addresses, key_value, kind, recipients_of, sender_of, whole
from .._pieces import address as _address
from .._pieces import decode as _decode
from .._pieces import reader as _reader
from .._pieces import text as _text
from .._waiting import Call, current, guarded
from ..native import _raw as native
from ..native._codes import Cause, Face, Status
from ..native._errors import HeloError
from . import _constants as c
from . import _raw as raw
from ._errors import InvalidHandle, RecipientsRefused, Refused, Reply, SmtpError, error

# Room for the longest reply that the library keeps, and its NUL.
REPLY_SIZE = 1024 * 1024 + 1
DIRECT_SIZE = 4096

# The reply of a server that closes the connection.
CLOSING = 421

# How long a wait lasts before signals are looked at.
PIECE = 0.1

Debug = Callable[[bytes], object]
"""Gets what goes over the wire."""

class Connection:
    """A connection to a server.

    ``host`` is a name, an address, ``host:port`` or a URL; ``local`` the name to say in EHLO (the computer's own when
    not given). ``debug`` is called with the octets of both directions as they go over the wire. All texts may be str
    (sent as UTF-8) or bytes.

    A call that fails raises ``SmtpError`` or one of its classes. An exception in a callback of yours, and one of a
    signal's handler on the main thread (``KeyboardInterrupt`` of Ctrl-C), ends the call within a second and comes out
    of it; the connection is gone then, as after ``abort``."""

    _caught: Optional[BaseException]
    _failure: Optional[SmtpError]

    def __init__(self, host: Text, local: Optional[Text] = None, *, debug: Optional[Debug] = None) -> None:
        self._prepare(debug)
        place = ctypes.byref(self._place)
        self._open("smtp_helo", _text(host), _local(local), place, self._debug_proc, 0)

    @classmethod
    def through_proxy(
        cls,
        host: Text,
        port: int = 25,
        *,
        proxy: Text,
        proxy_port: int = 1080,
        version: Optional[int] = None,
        user: Optional[Text] = None,
        password: Optional[Text] = None,
        local: Optional[Text] = None,
        debug: Optional[Debug] = None,
    ) -> Connection:
        """Connects through a SOCKS proxy. ``version`` is 4 or 5; without it both are tried."""
        self = cls.__new__(cls)
        self._prepare(debug)
        versions = {None: c.FW_VERSION4 | c.FW_VERSION5, 4: c.FW_VERSION4, 5: c.FW_VERSION5}
        fw = raw.fw_param()
        fw.fw_host, fw.fw_port, fw.dest_port = _text(proxy), proxy_port, port
        fw.socks_ver = versions[version]
        fw.addr_type = _address_type(host)
        if fw.addr_type == c.FW_ADDR_DNS:
            fw.domain_name = _text(host)
        else:
            fw.dest_host = _text(host)
        if user is not None:
            fw.username = _text(user)
        # "0" is no authentication, "2" user and password.
        fw.methods = b"0"
        if password is not None:
            fw.passwd = _text(password)
            fw.methods = b"02"
        fw.n_methods = len(fw.methods)
        place = ctypes.byref(self._place)
        self._open("smtp_fw_helo", _local(local), place, self._debug_proc, 0, ctypes.byref(fw))
        return self

    @classmethod
    def start(
        cls,
        host: Text,
        local: Optional[Text] = None,
        *,
        debug: Optional[Debug] = None,
        on_status: Optional[Callable[[int], object]] = None,
    ) -> Connection:
        """Begins to connect and returns at once. ``wait()`` waits for the outcome; ``on_status``, if given, is called
        with its status code, on another thread. What it or ``debug`` raises comes out of ``wait``."""
        # Not by smtp_xhelo: a thread that the interpreter does not know would call back, and a child made by fork at that
        # moment could hang (``_waiting``).
        self = cls.__new__(cls)
        self._prepare(debug)
        self._done.clear()
        arguments = (_text(host), _local(local), ctypes.byref(self._place), self._debug_proc, 0)
        threading.Thread(target=self._open_here, args=(on_status, arguments), name="helo", daemon=True).start()
        return self

    def _open_here(self, on_status: Optional[Callable[[int], object]], arguments: tuple[object, ...]) -> None:
        status = c.SMTP_ABORTED
        try:
            try:
                self._open("smtp_helo", *arguments)
                status = c.SMTP_SUCCESS
            except SmtpError as failed:
                status, self._failure = failed.status, failed
            finally:
                # Those who hear of it by on_status may look at it, or wait for it.
                self._done.set()
            if on_status is not None:
                on_status(status)
        except BaseException as caught:
            self._caught = self._caught or caught

    def wait(self, timeout: Optional[float] = None) -> bool:
        """Waits for the outcome of ``start``: returns when connected, raises when that failed. False when it is not
        known after ``timeout`` seconds, True otherwise."""
        until = None if timeout is None else time.monotonic() + timeout
        # In pieces: not every system lets a signal come between otherwise.
        while not self._done.wait(PIECE if until is None else max(0.0, min(PIECE, until - time.monotonic()))):
            if until is not None and time.monotonic() >= until:
                return False
        self._raise_caught()
        if self._failure is not None:
            raise self._failure
        return True

    def _prepare(self, debug: Optional[Debug]) -> None:
        # The library puts the handle there before anything else happens.
        self._place = raw.GLOBALHANDLE(0)
        self._process = os.getpid()
        self._caught = None
        self._failure = None
        self._done = threading.Event()
        self._done.set()
        self._yield_proc = raw.YieldProc()
        self._debug_proc = self._debug_callback(debug)

    def _open(self, function: str, *arguments: object) -> None:
        call = Call(self._cancel)
        status = call.run(getattr(raw, function), *arguments)
        if call.caught is not None:
            # Whatever has come about is of no use to anybody.
            self._drop()
        call.raise_caught()
        if status != c.SMTP_SUCCESS:
            self._fail(function, status, close=True)

    @property
    def _handle(self) -> int:
        return self._place.value

    @_handle.setter
    def _handle(self, handle: int) -> None:
        self._place.value = handle

    # The commands.

    def mail(self, sender: Address) -> None:
        """Begins a mail (MAIL)."""
        self._call("smtp_mail", _address(sender))

    def send(self, sender: Address) -> None:
        """Begins a message to the recipients' terminals (SEND)."""
        self._call("smtp_send", _address(sender))

    def saml(self, sender: Address) -> None:
        """Begins a message to terminals and mailboxes (SAML)."""
        self._call("smtp_saml", _address(sender))

    def soml(self, sender: Address) -> None:
        """Begins a message to terminals, or else mailboxes (SOML)."""
        self._call("smtp_soml", _address(sender))

    def rcpt(self, recipient: Address) -> None:
        """Adds a recipient. Of ``Ann <ann@example.com>`` the address goes out; a list in one str is refused."""
        self._call("smtp_rcpt", _address(recipient))

    def data(self, message: Message) -> None:
        """Sends the message, headers and body: text (``str``, sent as UTF-8), octets, a ``pathlib.Path``, a file open
        for reading, an iterable of octets or text, or an ``email.message.EmailMessage``, which goes out without its
        Bcc. Line ends and dots at the beginnings of lines are taken care of. What is none of these is a ``TypeError``,
        before anything has gone out."""
        self._data(whole(message))

    def _data(self, message: Message) -> None:
        if isinstance(message, os.PathLike):
            with open(message, "rb") as opened:
                self._data(opened)
            return
        read = _reader(message)

        def fill(_handle: int, buffer: Any, size: int, _param: int) -> int:
            part = bytes(read(size))
            ctypes.memmove(buffer, part, len(part))
            return len(part)

        # -1 aborts; nothing needs to be cancelled.
        self._call("smtp_data", raw.DataProc(guarded(fill, -1, _note)))

    def data_buf(self, part: Union[str, bytes, bytearray, memoryview]) -> None:
        """Sends a part of the message; an empty one ends it."""
        if isinstance(part, str):
            part = part.encode("utf-8")
        elif not isinstance(part, (bytes, bytearray, memoryview)):
            raise TypeError(f"a part of a message is a str or octets, not {kind(part)}")
        octets = bytes(part)
        self._call("smtp_data_buf", octets, len(octets))

    def rset(self) -> None:
        """Gives up the mail that was begun."""
        self._call("smtp_rset")

    @property
    def handle(self) -> int:
        """The handle as C has it, for ``helo.site``; 0 once the connection is closed."""
        return self._handle

    def noop(self) -> None:
        """Asks for a sign of life."""
        self._call("smtp_noop")

    def vrfy(self, name: Text) -> Reply:
        """Asks whether the server knows a mailbox; gives its reply."""
        self._call("smtp_vrfy", _text(name))
        return self.reply()

    def expn(self, name: Text) -> list[str]:
        """The members of a mailing list, as the server lists them."""
        return self._listing("smtp_expn", _text(name))

    def help(self, topic: Optional[Text] = None) -> list[str]:
        """The server's help, line by line."""
        return self._listing("smtp_help", None if topic is None else _text(topic))

    def turn(self) -> None:
        """Asks the server to change roles (TURN)."""
        self._call("smtp_turn")

    def direct(self, command: Text) -> str:
        """Sends a command as it is and gives the server's reply. A reply from 400 on raises ``Refused``."""
        octets = _text(command)
        size = ctypes.c_int(DIRECT_SIZE)
        buffer = ctypes.create_string_buffer(size.value)
        # The command is sent once: a reply that does not fit is read from the connection afterwards.
        call = Call(self._cancel)
        status = call.run(raw.smtp_direct, self._handle, octets, buffer, ctypes.byref(size))
        if status == c.SMTP_INSUFFICIENT_LENGTH:
            call.raise_caught()
            return self.reply().text
        self._settle(call, "smtp_direct", status)
        return _decode(buffer.value)

    def reply(self) -> Reply:
        """The server's last reply."""
        buffer = ctypes.create_string_buffer(REPLY_SIZE)
        code = ctypes.c_int(0)
        status = raw.smtp_rply(self._handle, buffer, len(buffer), ctypes.byref(code))
        if status != c.SMTP_SUCCESS:
            raise error("smtp_rply", status)
        return Reply(code.value, _decode(buffer.value))

    def quit(self) -> None:
        """Ends the connection in order."""
        call = Call(self._cancel)
        status = call.run(raw.smtp_quit, self._handle)
        if status == c.SMTP_SUCCESS:
            self._handle = 0
        self._settle(call, "smtp_quit", status)

    def abort(self) -> None:
        """Cancels, from any thread or callback, what runs on this connection (``smtp_xquit``); the call that is
        interrupted raises ``Aborted``. ``Refused`` when nothing runs."""
        status = raw.smtp_xquit(self._handle)
        if status != c.SMTP_SUCCESS:
            raise error("smtp_xquit", status)

    def sendmail(
        self, sender: Address, recipients: Union[Address, Iterable[Address]], message: Message
    ) -> dict[Address, Reply]:
        """Sends one mail to one or more recipients; the message is what ``data`` takes. Gives the replies to the
        recipients that the server refused, by recipient as it was given here, while others were taken.

        As in ``smtplib`` everything else is an exception: ``RecipientsRefused`` when it refused all of them,
        ``Refused`` when it refused the sender or the message; after these the connection can be used for the next mail.
        A 421, a lost connection, a silence (``TimedOut``) and what is no SMTP end it with that cause, whichever step
        they came at."""
        reverse_path = _address(sender)
        named = addresses(recipients)
        forward_paths = [_address(recipient) for recipient in named]
        if not forward_paths:
            raise ValueError("a mail needs a recipient")
        body = whole(message, reverse_path, *forward_paths)
        if isinstance(body, os.PathLike):
            with open(body, "rb") as opened:
                return self._send(reverse_path, named, forward_paths, opened)
        return self._send(reverse_path, named, forward_paths, body)

    def send_message(
        self,
        message: email.message.Message,
        sender: Optional[Address] = None,
        recipients: Union[None, Address, Iterable[Address]] = None,
    ) -> dict[Address, Reply]:
        """``sendmail`` with an ``EmailMessage``, from its Sender or From, to all of its To, Cc and Bcc unless said
        otherwise. Of a message with Resent- fields these count; where it was resent more than once, say both."""
        if not isinstance(message, email.message.Message):
            raise TypeError(f"a message here is an email.message.EmailMessage, not {kind(message)}")
        # What is said here need not stand in the message.
        own_sender = sender_of(message) if sender is None else sender
        own_recipients = recipients_of(message) if recipients is None else recipients
        return self.sendmail(own_sender, own_recipients, message)

    def _send(
        self, sender: bytes, named: list[Address], forward_paths: list[bytes], message: Message
    ) -> dict[Address, Reply]:
        self.mail(sender)
        refused: dict[Address, Reply] = {}
        last: Optional[Refused] = None
        taken = 0
        for recipient, forward_path in zip(named, forward_paths):
            try:
                self.rcpt(forward_path)
                taken += 1
            except Refused as no:
                if no.reply is None or not _is_verdict(no):
                    raise
                refused[recipient] = no.reply
                last = no
        if last is not None and not taken:
            self.rset()
            raise RecipientsRefused.of(last, refused)
        try:
            self._data(message)
        except Refused as no:
            if _is_verdict(no):
                # What is left of the mail at the server is not the next one's.
                self.rset()
            raise
        return refused

    # The options.

    def set_timeout(self, seconds: int) -> None:
        """How long to wait for the server, 1 to 999 seconds."""
        self._option(c.OPT_TIMEOUT, seconds)

    def set_key(self, key: str, value: Optional[Value]) -> None:
        """Sets a key of the site's policy for this connection, such as a time limit: a str, a number, True or False, a
        path. None: what the policy says holds again. How to connect is settled by now: ``site.set_key``."""
        octets = None if value is None else key_value(value)
        status = native.helo_set_key(Face.DISTINCT, ctypes.c_void_p(self._handle), _text(key), octets)
        if status != Status.OK:
            raise HeloError("helo_set_key", status)

    def set_debug(self, debug: Optional[Debug]) -> None:
        """Changes the callback that gets what goes over the wire; None for no more."""
        proc = self._debug_callback(debug)
        self._option(c.OPT_DEBUG, raw.address_of(proc))
        self._debug_proc = proc

    def set_yield(self, on_yield: Optional[Callable[[], object]] = None, *, enabled: bool = True) -> None:
        """What is called again and again while a call waits; the library's own when nothing is given."""
        if not enabled:
            self._option(c.OPT_YIELD_OFF, 0)
            return
        proc = raw.YieldProc()
        if on_yield is not None:
            wanted = on_yield

            def called() -> int:
                wanted()
                return 0

            proc = raw.YieldProc(guarded(called, 0, self._keep))
        self._option(c.OPT_YIELD_ON, raw.address_of(proc))
        self._yield_proc = proc

    def _option(self, option: int, value: int) -> None:
        status = raw.smtp_opts(self._handle, option, value)
        if status != c.SMTP_SUCCESS:
            raise error("smtp_opts", status)

    # What all calls share.

    def _call(self, function: str, *arguments: object) -> None:
        call = Call(self._cancel)
        status = call.run(getattr(raw, function), self._handle, *arguments)
        self._settle(call, function, status)

    def _settle(self, call: Call, function: str, status: int) -> None:
        """What became of a call: nothing to say, an exception of the program's own, or one for the status."""
        if call.caught is not None:
            self._drop()
        call.raise_caught()
        if status != c.SMTP_SUCCESS:
            self._fail(function, status)

    def _fail(self, function: str, status: int, close: bool = False) -> None:
        """Raises what a status means, with the server's words where they are the reason."""
        words, cause, code = _why()
        reply = None
        if status == c.SMTP_FAILURE and self._handle and cause == Cause.REFUSED and code:
            try:
                last = self.reply()
                reply = last if last.code >= 400 else None
            except InvalidHandle:
                pass
        if status == c.SMTP_ABORTED:
            self._handle = 0
        if close and self._handle:
            # A connection that did not come about still has a handle, for its reply.
            raw.smtp_quit(self._handle)
            self._handle = 0
        self._raise_caught()
        raise error(function, status, reply, words, cause)

    def _raise_caught(self) -> None:
        caught, self._caught = self._caught, None
        if caught is not None:
            raise caught

    def _cancel(self) -> None:
        # It may be over already, or not have begun.
        raw.smtp_xquit(self._handle)

    def _keep(self, caught: BaseException) -> None:
        """An exception in a callback ends the call that is at work."""
        call = current()
        if call is not None:
            call.keep(caught)
            return
        if self._caught is None:
            self._caught = caught
        self._cancel()

    def _drop(self) -> None:
        """Gives the connection up without a word, after a call that was ended in its middle."""
        if self._handle and raw.smtp_xquit(self._handle) != c.SMTP_SUCCESS:
            # It had come to its end before it was cancelled.
            raw.smtp_opts(self._handle, c.OPT_TIMEOUT, 1)
            raw.smtp_quit(self._handle)
        self._handle = 0

    def _debug_callback(self, debug: Optional[Debug]) -> Any:
        if debug is None:
            return raw.DebugProc()
        shown = debug

        def show(_handle: int, octets: Any, length: int, _param: int) -> int:
            shown(octets[:length])
            return 0

        return raw.DebugProc(guarded(show, 0, self._keep))

    def _listing(self, function: str, argument: Optional[bytes]) -> list[str]:
        lines: list[str] = []

        def add(_handle: int, line: Any, length: int, _param: int) -> int:
            lines.append(_decode(line[:length]))
            return 0

        self._call(function, argument, raw.LineProc(guarded(add, -1, _note)))
        return lines

    # The object's end.

    def close(self) -> None:
        """Ends the connection in order, without an exception if there is none any more. In a child made by fork it says
        nothing and only forgets it: the parent goes on with it."""
        if self._handle and self._process == os.getpid():
            if not self._done.is_set():
                raw.smtp_xquit(self._handle)
            else:
                call = Call(self._cancel)
                call.run(raw.smtp_quit, self._handle)
                self._handle = 0
                call.raise_caught()
        self._handle = 0

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "_place") and self._handle:
            warnings.warn(f"{self!r} was not closed", ResourceWarning, stacklevel=2, source=self)
            self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__module__}.{type(self).__name__} handle {self._handle}>"


def _note(caught: BaseException) -> None:
    """Keeps an exception of a callback that ends its call by what it returns."""
    call = current()
    if call is not None and call.caught is None:
        call.caught = caught


def _is_verdict(no: Refused) -> bool:
    """Whether a server's no is about what was asked, and the connection is there for the next thing."""
    return no.cause == Cause.REFUSED and no.reply is not None and no.reply.code != CLOSING


def _why() -> tuple[str, Cause, int]:
    """Why the last call on this thread failed: words, the cause, and the reply code if that was it."""
    failure = native.helo_failure(size=ctypes.sizeof(native.helo_failure))
    if native.helo_last_failure(ctypes.byref(failure)) != Status.OK:
        return last_error(), Cause.NONE, 0
    return last_error(), Cause(failure.cause), failure.code


def date() -> str:
    """The current time and date as a header has it."""
    buffer = ctypes.create_string_buffer(37)
    length = raw.smtp_date(buffer)
    return buffer.raw[:length].decode("ascii")


def _local(name: Optional[Text]) -> bytes:
    return _text(socket.gethostname() if name is None else name)


def _address_type(host: Text) -> int:
    for family, number in ((socket.AF_INET, c.FW_ADDR_IP4), (socket.AF_INET6, c.FW_ADDR_IP6)):
        try:
            socket.inet_pton(family, os.fsdecode(host))
            return number
        except OSError:
            pass
    return c.FW_ADDR_DNS
