"""The status codes as exceptions."""

from typing import NamedTuple

from .._library import last_error
from . import _constants as constants

NAMES = {value: name for name, value in vars(constants).items() if name.startswith("SMTP_")}


class Reply(NamedTuple):
    """What the server said: the code, and the text with all its lines."""

    code: int
    text: str


class SmtpError(Exception):
    """A call did not succeed. ``status`` is the code that the function returned, ``name`` its name in the header;
    ``reply`` is what the server said if that was the cause, else None."""

    def __init__(self, function, status, reply=None, words=""):
        self.function = function
        self.status = status
        self.name = NAMES.get(status, str(status))
        self.reply = reply
        if reply is not None and reply.text not in words:
            words = f"{words} ({reply.text})" if words else reply.text
        super().__init__(f"{function}: {self.name}" + (f": {words}" if words else ""))


class Refused(SmtpError):
    """The server said no, or the connection failed in its own way; ``reply`` holds the server's words, if any."""


class TimedOut(SmtpError, TimeoutError):
    """The server did not answer in time. After the message's end nobody knows whether it was delivered."""


class Aborted(SmtpError):
    """Cancelled by ``abort`` or by a callback; the connection is gone."""


class InProgress(SmtpError):
    """Another call runs on the same connection."""


class InvalidHandle(SmtpError):
    """There is no such connection (any more)."""


class NotConnected(SmtpError, ConnectionError):
    """No connection came about, or it can take no more data."""


CLASSES = {
    constants.SMTP_FAILURE: Refused,
    constants.SMTP_TIMED_OUT: TimedOut,
    constants.SMTP_ABORTED: Aborted,
    constants.SMTP_IN_PROGRESS: InProgress,
    constants.SMTP_INVALID_HANDLE: InvalidHandle,
    constants.SMTP_UNKNOWN_HOST: NotConnected,
    constants.SMTP_CANNOT_ALLOC_SOCKET: NotConnected,
    constants.SMTP_CANNOT_BIND_SOCKET: NotConnected,
    constants.SMTP_HOST_NOT_RESPONDING: NotConnected,
    constants.SMTP_CANNOT_SEND_COMMAND: NotConnected,
}


def error(function, status, reply=None, words=None):
    """The exception for a status. Without ``words`` a function must just have returned it on this thread."""
    return CLASSES.get(status, SmtpError)(function, status, reply, last_error() if words is None else words)
