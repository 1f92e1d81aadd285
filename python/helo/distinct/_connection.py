"""A connection as a Python object."""

import ctypes
import os
import socket
import threading
import warnings

from .._library import last_error
from .._pieces import decode as _decode
from .._pieces import reader as _reader
from .._pieces import text as _text
from . import _constants as c
from . import _raw as raw
from ._errors import InvalidHandle, Refused, Reply, error

# Room for the longest reply that the library keeps, and its NUL.
REPLY_SIZE = 1024 * 1024 + 1
DIRECT_SIZE = 4096

# Callbacks of connections that were aborted while they were being made: they are called once more.
_awaited = set()


class Connection:
    """A connection to a server.

    ``host`` is a name, an address, ``host:port`` or a URL; ``local`` the name to say in EHLO (the computer's own when
    not given). ``debug`` is called with the octets of both directions as they go over the wire. All texts may be str
    (sent as UTF-8) or bytes.

    A call that fails raises ``SmtpError`` or one of its classes. An exception in a callback of yours comes out of the
    call that it interrupted; one in ``debug`` or ``on_yield`` lets the call run to its end first.
    """

    def __init__(self, host, local=None, *, debug=None):
        self._prepare(debug)
        handle = raw.GLOBALHANDLE(0)
        status = raw.smtp_helo(_text(host), _local(local), ctypes.byref(handle), self._debug_proc, 0)
        self._opened("smtp_helo", status, handle)

    @classmethod
    def through_proxy(
        cls, host, port=25, *, proxy, proxy_port=1080, version=None, user=None, password=None, local=None, debug=None
    ):
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
        handle = raw.GLOBALHANDLE(0)
        status = raw.smtp_fw_helo(_local(local), ctypes.byref(handle), self._debug_proc, 0, ctypes.byref(fw))
        self._opened("smtp_fw_helo", status, handle)
        return self

    @classmethod
    def start(cls, host, local=None, *, debug=None, on_status=None):
        """Begins to connect and returns at once. ``wait()`` waits for the outcome; ``on_status``, if given, is called
        with its status code, on a thread of the library's."""
        self = cls.__new__(cls)
        self._prepare(debug)
        self._done.clear()

        def status_proc(_handle, result, _param):
            self._outcome = result
            self._done.set()
            _awaited.discard(self)
            if on_status is not None:
                on_status(result)
            return 0

        self._status_proc = raw.StatusProc(status_proc)
        # The library calls back even when nobody holds this object any more.
        _awaited.add(self)
        handle = raw.GLOBALHANDLE(0)
        status = raw.smtp_xhelo(
            _text(host), _local(local), ctypes.byref(handle), self._debug_proc, self._status_proc, 0
        )
        if status != c.SMTP_SUCCESS:
            _awaited.discard(self)
            raise error("smtp_xhelo", status)
        self._handle = handle.value
        return self

    def wait(self, timeout=None):
        """Waits for the outcome of ``start``: returns when connected, raises when that failed. False when it is not
        known after ``timeout`` seconds, True otherwise."""
        if not self._done.wait(timeout):
            return False
        if self._outcome != c.SMTP_SUCCESS:
            self._fail("smtp_xhelo", self._outcome, close=True)
        return True

    def _prepare(self, debug):
        self._handle = 0
        self._caught = None
        self._outcome = c.SMTP_SUCCESS
        self._done = threading.Event()
        self._done.set()
        self._yield_proc = raw.YieldProc()
        self._debug_proc = self._debug_callback(debug)

    def _opened(self, function, status, handle):
        self._handle = handle.value
        if status != c.SMTP_SUCCESS:
            self._fail(function, status, close=True)
        self._raise_caught()

    # The commands.

    def mail(self, sender):
        """Begins a mail (MAIL)."""
        self._call("smtp_mail", _text(sender))

    def send(self, sender):
        """Begins a message to the recipients' terminals (SEND)."""
        self._call("smtp_send", _text(sender))

    def saml(self, sender):
        """Begins a message to terminals and mailboxes (SAML)."""
        self._call("smtp_saml", _text(sender))

    def soml(self, sender):
        """Begins a message to terminals, or else mailboxes (SOML)."""
        self._call("smtp_soml", _text(sender))

    def rcpt(self, recipient):
        """Adds a recipient."""
        self._call("smtp_rcpt", _text(recipient))

    def data(self, message):
        """Sends the message, headers and body: octets, a file open for reading, or an iterable of octets. Line ends
        and dots at the beginnings of lines are taken care of."""
        read = _reader(message)

        def proc(_handle, buffer, size, _param):
            try:
                part = read(size)
                if len(part) > size:
                    raise ValueError("the source of the message gave more than it was asked for")
                ctypes.memmove(buffer, bytes(part), len(part))
                return len(part)
            except BaseException as caught:  # raised again when the call is over
                self._caught = caught
                return -1

        self._call("smtp_data", raw.DataProc(proc))

    def data_buf(self, part):
        """Sends a part of the message; an empty one ends it."""
        self._call("smtp_data_buf", bytes(part), len(part))

    def rset(self):
        """Gives up the mail that was begun."""
        self._call("smtp_rset")

    @property
    def handle(self):
        """The handle as C has it, for ``helo.site``; 0 once the connection is closed."""
        return self._handle

    def noop(self):
        """Asks for a sign of life."""
        self._call("smtp_noop")

    def vrfy(self, name):
        """Asks whether the server knows a mailbox; gives its reply."""
        self._call("smtp_vrfy", _text(name))
        return self.reply()

    def expn(self, name):
        """The members of a mailing list, as the server lists them."""
        return self._listing("smtp_expn", _text(name))

    def help(self, topic=None):
        """The server's help, line by line."""
        return self._listing("smtp_help", None if topic is None else _text(topic))

    def turn(self):
        """Asks the server to change roles (TURN)."""
        self._call("smtp_turn")

    def direct(self, command):
        """Sends a command as it is and gives the server's reply. A reply from 400 on raises ``Refused``."""
        command = _text(command)
        size = ctypes.c_int(DIRECT_SIZE)
        buffer = ctypes.create_string_buffer(size.value)
        # The command is sent once: a reply that does not fit is read from the connection afterwards.
        status = raw.smtp_direct(self._handle, command, buffer, ctypes.byref(size))
        if status == c.SMTP_INSUFFICIENT_LENGTH:
            self._raise_caught()
            return self.reply().text
        self._check("smtp_direct", status)
        return _decode(buffer.value)

    def reply(self):
        """The server's last reply."""
        buffer = ctypes.create_string_buffer(REPLY_SIZE)
        code = ctypes.c_int(0)
        status = raw.smtp_rply(self._handle, buffer, len(buffer), ctypes.byref(code))
        if status != c.SMTP_SUCCESS:
            raise error("smtp_rply", status)
        return Reply(code.value, _decode(buffer.value))

    def quit(self):
        """Ends the connection in order."""
        status = raw.smtp_quit(self._handle)
        if status == c.SMTP_SUCCESS:
            self._handle = 0
        self._check("smtp_quit", status)

    def abort(self):
        """Cancels, from any thread or callback, what runs on this connection (``smtp_xquit``); the call that is
        interrupted raises ``Aborted``. ``Refused`` when nothing runs."""
        status = raw.smtp_xquit(self._handle)
        if status != c.SMTP_SUCCESS:
            raise error("smtp_xquit", status)

    def sendmail(self, sender, recipients, message):
        """Sends one mail to one or more recipients. Gives the replies to the recipients that the server refused, by
        recipient; raises ``Refused`` when it refused all of them, after RSET."""
        if isinstance(recipients, (str, bytes)):
            recipients = [recipients]
        self.mail(sender)
        refused = {}
        last = None
        accepted = 0
        for recipient in recipients:
            try:
                self.rcpt(recipient)
                accepted += 1
            except Refused as no:
                refused[recipient] = no.reply
                last = no
        if accepted == 0:
            self.rset()
            raise last if last is not None else ValueError("a mail needs a recipient")
        self.data(message)
        return refused

    # The options.

    def set_timeout(self, seconds):
        """How long to wait for the server, 1 to 999 seconds."""
        self._option(c.OPT_TIMEOUT, seconds)

    def set_debug(self, debug):
        """Changes the callback that gets what goes over the wire; None for no more."""
        proc = self._debug_callback(debug)
        self._option(c.OPT_DEBUG, raw.address_of(proc))
        self._debug_proc = proc

    def set_yield(self, on_yield=None, *, enabled=True):
        """What is called again and again while a call waits; the library's own when nothing is given."""
        if not enabled:
            self._option(c.OPT_YIELD_OFF, 0)
            return
        proc = raw.YieldProc() if on_yield is None else raw.YieldProc(self._guarded(lambda: on_yield()))
        self._option(c.OPT_YIELD_ON, raw.address_of(proc))
        self._yield_proc = proc

    def _option(self, option, value):
        status = raw.smtp_opts(self._handle, option, value)
        if status != c.SMTP_SUCCESS:
            raise error("smtp_opts", status)

    # What all calls share.

    def _call(self, function, *arguments):
        self._check(function, getattr(raw, function)(self._handle, *arguments))

    def _check(self, function, status):
        if status != c.SMTP_SUCCESS:
            self._fail(function, status)
        self._raise_caught()

    def _fail(self, function, status, close=False):
        """Raises what a status means, with the server's words where it has some."""
        reply, words = None, last_error()
        if status == c.SMTP_FAILURE and self._handle:
            try:
                last = self.reply()
                # A call can also fail for a reason of its own: then the last reply is an earlier, good one.
                reply = last if last.code >= 400 else None
            except InvalidHandle:
                pass
        if status == c.SMTP_ABORTED:
            self._handle = 0
        if close and self._handle:
            # A connection that did not come about still has a handle, for its reply.
            raw.smtp_quit(self._handle)
            self._handle = 0
        caught, self._caught = self._caught, None
        if caught is not None:
            raise caught
        raise error(function, status, reply, words)

    def _raise_caught(self):
        caught, self._caught = self._caught, None
        if caught is not None:
            raise caught

    def _guarded(self, action):
        """A callback whose exception is kept and raised when the call is over."""

        def proc(*arguments):
            try:
                action(*arguments)
            except BaseException as caught:  # raised again when the call is over
                if self._caught is None:
                    self._caught = caught
            return 0

        return proc

    def _debug_callback(self, debug):
        if debug is None:
            return raw.DebugProc()
        return raw.DebugProc(self._guarded(lambda _handle, octets, length, _param: debug(octets[:length])))

    def _listing(self, function, argument):
        lines = []
        add = self._guarded(lambda _handle, line, length, _param: lines.append(_decode(line[:length])))
        self._call(function, argument, raw.LineProc(add))
        return lines

    # The object's end.

    def close(self):
        """Ends the connection in order, without an exception if there is none any more."""
        if not self._done.is_set():
            raw.smtp_xquit(self._handle)
            self._handle = 0
        elif self._handle:
            raw.smtp_quit(self._handle)
            self._handle = 0

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


def date():
    """The current time and date as a header has it."""
    buffer = ctypes.create_string_buffer(37)
    length = raw.smtp_date(buffer)
    return buffer.raw[:length].decode("ascii")


def _local(name):
    return _text(socket.gethostname() if name is None else name)


def _address_type(host):
    for family, kind in ((socket.AF_INET, c.FW_ADDR_IP4), (socket.AF_INET6, c.FW_ADDR_IP6)):
        try:
            socket.inet_pton(family, os.fsdecode(host))
            return kind
        except OSError:
            pass
    return c.FW_ADDR_DNS
