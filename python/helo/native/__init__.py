"""The library's own API: lists of mails, a result for every recipient.

>>> from helo import native
>>> native.send_file("smtp://mail.example.com", "alice@example.com", "bob@example.net", "message.eml")  # doctest: +SKIP

``Delivery`` is for more: many mails over one or more connections, from memory, files or functions, with progress,
cancel from any thread and connections of the program's own. The functions of ``helo.h`` as C has them are here as well.
A server in the program is ``helo.Server``.
"""

from . import _raw
from ._codes import Ask, Body, Cause, Event, Face, Level, Phase, Protocol, Serve, Status, Trace
from ._delivery import Delivery, Progress, Result, send_file, xtext
from ._errors import Cancelled, HeloError
from ._raw import *
from ._raw import FUNCTIONS

__all__ = [
    "Ask",
    "Body",
    "Cancelled",
    "Cause",
    "Delivery",
    "Event",
    "Face",
    "HeloError",
    "Level",
    "Phase",
    "Progress",
    "Protocol",
    "Result",
    "Serve",
    "Status",
    "Trace",
    "send_file",
    "xtext",
    *(name for name in vars(_raw) if name.endswith("Fn")),
    "helo_facts",
    "helo_failure",
    "helo_progress",
    "helo_result",
    "helo_server_counts",
    "helo_spool",
    "helo_traffic",
    "helo_transport",
    "helo_users",
    *FUNCTIONS,
]
