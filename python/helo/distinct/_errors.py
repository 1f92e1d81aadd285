"""The status codes as exceptions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Optional

from .._library import last_error
from .._pieces import Address
from .._waiting import end_thread
from ..native._codes import Cause
from . import _constants as constants

NAMES = {value: name for name, value in vars(constants).items() if name.startswith("SMTP_")}


class Reply(NamedTuple):
    """What the server said: the code, and the text with all its lines."""

    code: int
    text: str


class SmtpError(Exception):
    """A call did not succeed. ``status`` is the code that the function returned, ``name`` its name in the header;
    ``reply`` is what the server said if that was the cause, else None; ``cause`` is the library's reason
    (``native.Cause``), ``Cause.NONE`` where it lies outside the connection."""

    def __init__(
        self, function: str, status: int, reply: Optional[Reply] = None, words: str = "", cause: Cause = Cause.NONE
    ) -> None:
        end_thread()
        self.function = function
        self.status = status
        self.name = NAMES.get(status, str(status))
        self.reply = reply
        self.cause = cause
        self.words = words
        if reply is not None and reply.text not in words:
            words = f"{words} ({reply.text})" if words else reply.text
        super().__init__(f"{function}: {self.name}" + (f": {words}" if words else ""))


class Refused(SmtpError):
    """The call failed (SMTP_FAILURE). ``reply`` has the server's words if they are the reason; the classes below say
    what else was."""


class RecipientsRefused(Refused):
    """The server refused every recipient: ``recipients`` has its replies, by recipient."""

    recipients: Mapping[Address, Reply] = {}

    @classmethod
    def of(cls, last: Refused, recipients: Mapping[Address, Reply]) -> RecipientsRefused:
        """All of them, of whom this was the last."""
        self = cls(last.function, last.status, last.reply, last.words, last.cause)
        self.recipients = recipients
        return self


class Disconnected(Refused, ConnectionError):
    """The connection was lost."""


class ProtocolError(Refused):
    """What came from the other side is no SMTP, or not what the dialogue wants."""


class BadArgument(Refused, ValueError):
    """What was given cannot be sent; the server has seen nothing of it."""


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


CLASSES: Mapping[int, type[SmtpError]] = {
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


CAUSES: Mapping[Cause, type[SmtpError]] = {
    Cause.BROKEN_OFF: Disconnected,
    Cause.PROTOCOL: ProtocolError,
    Cause.BAD_ARGUMENT: BadArgument,
}


def error(
    function: str,
    status: int,
    reply: Optional[Reply] = None,
    words: Optional[str] = None,
    cause: Cause = Cause.NONE,
) -> SmtpError:
    """The exception for a status. Without ``words`` a function must just have returned it on this thread."""
    kind = CLASSES.get(status, SmtpError)
    if kind is Refused:
        kind = CAUSES.get(cause, Refused)
    return kind(function, status, reply, last_error() if words is None else words, cause)
