"""Distinct SMTP-32 from Python.

>>> from helo import distinct
>>> with distinct.Connection("mail.example.com") as smtp:          # doctest: +SKIP
...     smtp.mail("alice@example.com")
...     smtp.rcpt("bob@example.net")
...     smtp.data(open("message.eml", "rb"))

``Connection`` raises exceptions and keeps callbacks alive. The functions as C has them (``smtp_helo`` and the 21
others), the callback types and the constants of the headers are here as well, for programs that are being ported.
"""

from . import _constants
from ._connection import Connection, date
from ._constants import *
from ._errors import (
    Aborted,
    BadArgument,
    Disconnected,
    InProgress,
    InvalidHandle,
    NotConnected,
    ProtocolError,
    RecipientsRefused,
    Refused,
    Reply,
    SmtpError,
    TimedOut,
)
from ._raw import *
from ._raw import FUNCTIONS

__all__ = [
    "Aborted",
    "BadArgument",
    "Connection",
    "Disconnected",
    "InProgress",
    "InvalidHandle",
    "NotConnected",
    "ProtocolError",
    "RecipientsRefused",
    "Refused",
    "Reply",
    "SmtpError",
    "TimedOut",
    "date",
    "DataProc",
    "DebugProc",
    "GLOBALHANDLE",
    "LineProc",
    "StatusProc",
    "YieldProc",
    "address_of",
    "fw_param",
    *FUNCTIONS,
    *(name for name in vars(_constants) if name.isupper()),
]
